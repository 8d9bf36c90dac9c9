//! The summary at the end of a run: highlights, stages, files.

use std::path::{Path, PathBuf};

use bars::AsOf;
use pipeline::artifacts::Cohort;
use pipeline::report_model::{Depth, OutputFiles, read};
use pipeline::run::{RunSummary, StageReport, StageStatus};
use pipeline::summaries;
use pipeline::text_table::TextTable;
use report::Report;
use report::model::{BoardRow, MetricOutlier};

use crate::ui;

/// Maximum number of rows printed per table.
const MAX_ROWS: usize = 10;
/// Width of a sparkline in characters, on terminals of at least and below `WIDE_TERMINAL`.
const SPARK_WIDTH: usize = 24;
const SHORT_SPARK_WIDTH: usize = 10;
/// Terminals of at least this many characters are wide.
const WIDE_TERMINAL: usize = 100;
/// Maximum number of unusual metrics printed per symbol.
const MAX_UNUSUAL: usize = 2;

/// Prints the highlights, the stages and the files.
pub fn summary(dir: &Path, run: &RunSummary, cohorts: &[Cohort]) -> anyhow::Result<()> {
    if run.stages.iter().any(|stage| stage.status != StageStatus::Failed) {
        match read(&OutputFiles::new(dir, Some(&run.outputs)), Some(run.asof), Depth::Tables) {
            Ok(report) => print_highlights(&report, run.asof, cohorts)?,
            // The outputs are complete; only the summary is missing.
            Err(error) => tracing::warn!("cannot print the summary: {error}"),
        }
    }
    print_stages(&run.stages)?;
    print_files(&run.files)
}

fn print_highlights(report: &Report, asof: AsOf, cohorts: &[Cohort]) -> anyhow::Result<()> {
    if let Some(market) = &report.market {
        ui::print(&format!(
            "{} of {} ranked over the {} before {asof}",
            market.symbols_ranked,
            ui::pluralize(market.symbols_seen, "symbol"),
            ui::pluralize(market.lookback_days, "day")
        ))?;
    }
    for board in &report.boards {
        if cohorts.iter().any(|cohort| board.title.eq_ignore_ascii_case(cohort.name())) {
            title(&board.title)?;
            let of = report.market.as_ref().map_or("", |market| &market.change_window);
            let (price, volume) = (format!("last {of} %"), format!("last {of} volume %"));
            let header = ["symbol", "price", "gains", "losses", &price, &volume, "tags"];
            print(&header, &[2, 3, 4, 5], board.rows.iter().map(coin).collect())?;
        }
    }
    if !report.outliers.is_empty() {
        title(
            "Most unusual metrics (percentile in the symbol's own history), the furthest from the median first",
        )?;
        let named =
            |unusual: &MetricOutlier| format!("{} ({:.0})", unusual.column, unusual.percentile);
        let row = |(symbol, metrics): (&str, Vec<&MetricOutlier>)| {
            let metrics: Vec<String> = metrics.into_iter().map(named).collect();
            vec![symbol.to_owned(), metrics.join(", ")]
        };
        let outliers = report.outliers_by_symbol(MAX_UNUSUAL).into_iter();
        print(&["symbol", "intraday metrics"], &[], outliers.map(row).collect())?;
    }
    if !report.dominant_cycles.is_empty() {
        title("Dominant price cycles")?;
        let deepest = report.dominant_cycles.iter().map(|cycle| cycle.amp_pct).fold(0.0, f64::max);
        let row = |cycle: &report::model::DominantCycle| {
            vec![
                cycle.symbol.clone(),
                ui::minutes(cycle.period_days * 1440.0),
                format!("{:.1}", cycle.amp_pct),
                ui::bar(cycle.amp_pct / deepest),
                if cycle.reliability.is_nan() {
                    "n/a".to_owned()
                } else {
                    format!("{:.2}", cycle.reliability)
                },
                cycle.caveat().unwrap_or_default().to_owned(),
            ]
        };
        let header = ["symbol", "period", "depth %", "depth", "reliability", ""];
        print(&header, &[1, 2, 4], report.dominant_cycles.iter().map(row).collect())?;
    }
    let noted: Vec<Vec<String>> = report
        .bar_quality
        .iter()
        .filter(|quality| !quality.warnings.is_empty())
        .map(|quality| vec![quality.symbol.clone(), quality.warnings.join(", ")])
        .collect();
    if !noted.is_empty() {
        title("Data quality warnings")?;
        print(&["symbol", "warnings"], &[], noted)?;
    }
    Ok(())
}

fn title(text: &str) -> anyhow::Result<()> {
    ui::print(&format!("\n{}", ui::heading(text)))
}

fn print(header: &[&str], numbers: &[usize], rows: Vec<Vec<String>>) -> anyhow::Result<()> {
    if rows.is_empty() {
        return ui::print("no symbols");
    }
    ui::print_first(MAX_ROWS, TextTable::new(header, numbers, rows))
}

fn coin(coin: &BoardRow) -> Vec<String> {
    let is_narrow = ui::width().is_some_and(|width| width < WIDE_TERMINAL);
    let spark = if is_narrow { SHORT_SPARK_WIDTH } else { SPARK_WIDTH };
    let change = |value: f64| if value.is_nan() { "-".to_owned() } else { format!("{value:+.2}") };
    vec![
        coin.symbol.clone(),
        ui::spark(coin.price.high(), spark),
        ui::count(coin.gain_count as u64),
        ui::count(coin.loss_count as u64),
        change(coin.price_change_pct),
        change(coin.volume_change_pct),
        coin.tags.join(", "),
    ]
}

/// Prints the stages and their durations.
fn print_stages(stages: &[StageReport]) -> anyhow::Result<()> {
    title("Stages")?;
    ui::print_table(summaries::stages(stages))
}

/// Prints every file; many files of modes share a line.
fn print_files(files: &[PathBuf]) -> anyhow::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    title("Files")?;
    ui::print_table(summaries::files(files))
}
