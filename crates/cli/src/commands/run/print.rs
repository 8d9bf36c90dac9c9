//! What a run says at its end: what is interesting, and every file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bars::AsOf;
use report::Report;
use report::model::Coin;

use super::course::{Course, Outcome};
use crate::commands::metrics::Cohort;
use crate::gather::{Depth, Outputs, gather};
use crate::ui;

/// Symbols that are shown of a board, and of the cycles.
const MOST: usize = 10;
/// Characters of a line of prices, and where there is little room.
const SPARK: usize = 24;
const SHORT_SPARK: usize = 10;
/// From so many characters on there is room.
const WIDE: usize = 100;
/// From so many files of one kind on in a folder they are told together.
const MANY: usize = 5;

/// Tells what came out.
pub fn summary(dir: &Path, asof: AsOf, course: &Course, cohorts: &[Cohort]) -> anyhow::Result<()> {
    if course.has_outputs() {
        let outputs = course.outputs();
        match gather(&Outputs::new(dir, Some(&outputs)), Some(asof), Depth::Tables) {
            Ok(report) => tell(&report, asof, cohorts)?,
            // What was written stands, and shall be told of.
            Err(error) => tracing::warn!("no summary: {error:#}"),
        }
    }
    stages(course)?;
    files(dir, &course.files())
}

fn tell(report: &Report, asof: AsOf, cohorts: &[Cohort]) -> anyhow::Result<()> {
    if let Some(market) = &report.market {
        ui::print(&format!(
            "{} of {} symbols ranked over the {} days before {asof}",
            market.ranked, market.seen, market.days
        ))?;
    }
    for board in &report.boards {
        if cohorts.iter().any(|cohort| board.title.eq_ignore_ascii_case(cohort.name())) {
            title(&board.title)?;
            let of = report.market.as_ref().map_or("", |market| &market.changes_of);
            let (price, volume) = (format!("{of} price %"), format!("{of} volume %"));
            let header = ["symbol", "price", &price, &volume, "gains", "losses", "tags"];
            print(&header, &[2, 3, 4, 5], board.coins.iter().map(coin).collect())?;
        }
    }
    if !report.unusual.is_empty() {
        title("Most unusual for them (percentile of their own past)")?;
        let rows = of_each(report).into_iter().map(|(symbol, named)| vec![symbol, named]).collect();
        print(&["symbol", "within the day"], &[], rows)?;
    }
    if !report.dominant.is_empty() {
        title("Dominant cycles of price")?;
        let deepest = report.dominant.iter().map(|cycle| cycle.amp_pct).fold(0.0, f64::max);
        let row = |cycle: &report::model::Dominant| {
            vec![
                cycle.symbol.clone(),
                ui::minutes(cycle.period_days * 1440.0),
                format!("{:.1}", cycle.amp_pct),
                ui::bar(cycle.amp_pct / deepest),
                format!("{:.2}", cycle.reliability),
                cycle.doubt().unwrap_or_default().to_owned(),
            ]
        };
        let header = ["symbol", "period", "depth %", "", "reliability", ""];
        print(&header, &[1, 2, 4], report.dominant.iter().map(row).collect())?;
    }
    let noted: Vec<Vec<String>> = report
        .quality
        .iter()
        .filter(|quality| !quality.notes.is_empty())
        .map(|quality| vec![quality.symbol.clone(), quality.notes.join(", ")])
        .collect();
    if !noted.is_empty() {
        title("To be minded in the bars")?;
        print(&["symbol", "what"], &[], noted)?;
    }
    Ok(())
}

fn title(text: &str) -> anyhow::Result<()> {
    ui::print(&format!("\n{}", ui::heading(text)))
}

fn print(header: &[&str], numbers: &[usize], rows: Vec<Vec<String>>) -> anyhow::Result<()> {
    if rows.is_empty() {
        return ui::print("nobody");
    }
    let more = rows.len().saturating_sub(MOST);
    ui::print(&ui::table(header, numbers, rows.into_iter().take(MOST)))?;
    if more > 0 {
        ui::print(&format!("and {more} more"))?;
    }
    Ok(())
}

fn coin(coin: &Coin) -> Vec<String> {
    let spark = if ui::width().is_some_and(|width| width < WIDE) { SHORT_SPARK } else { SPARK };
    let change = |value: f64| if value.is_nan() { "-".to_owned() } else { format!("{value:+.2}") };
    vec![
        coin.symbol.clone(),
        ui::spark(&coin.price.high, spark),
        change(coin.price_change),
        change(coin.volume_change),
        ui::count(coin.gains as u64),
        ui::count(coin.losses as u64),
        coin.tags.join(", "),
    ]
}

/// Each symbol with the two metrics that stand furthest out, those first that have the most unusual one.
fn of_each(report: &Report) -> Vec<(String, String)> {
    let mut named: Vec<(String, Vec<String>)> = Vec::new();
    for unusual in &report.unusual {
        let text = format!("{} ({:.0})", unusual.metric, unusual.percentile);
        match named.iter_mut().find(|(symbol, _)| *symbol == unusual.symbol) {
            Some((_, metrics)) if metrics.len() < 2 => metrics.push(text),
            Some(_) => {}
            None => named.push((unusual.symbol.clone(), vec![text])),
        }
    }
    named.into_iter().map(|(symbol, metrics)| (symbol, metrics.join(", "))).collect()
}

/// Each stage, and how long it took.
fn stages(course: &Course) -> anyhow::Result<()> {
    let seconds = |outcome: &Outcome| match outcome {
        Outcome::Done(time) => time.as_secs_f64(),
        Outcome::Current | Outcome::Failed => 0.0,
    };
    let longest = course.done().map(|(_, outcome)| seconds(outcome)).fold(0.0, f64::max);
    let row = |(name, outcome): (&str, &Outcome)| {
        let told = match outcome {
            Outcome::Done(time) => format!("{:.1} s", time.as_secs_f64()),
            Outcome::Current => "current".to_owned(),
            Outcome::Failed => "FAILED".to_owned(),
        };
        vec![name.to_owned(), told, ui::bar(seconds(outcome) / longest)]
    };
    title("Stages")?;
    ui::print(&ui::table(&["stage", "time", ""], &[1], course.done().map(row)))
}

/// Every file; many of one kind in one folder in a line.
fn files(dir: &Path, outputs: &[PathBuf]) -> anyhow::Result<()> {
    if outputs.is_empty() {
        return Ok(());
    }
    let mut kinds: BTreeMap<(PathBuf, String), Vec<(PathBuf, u64)>> = BTreeMap::new();
    for path in outputs {
        let folder = path.parent().unwrap_or(dir).to_owned();
        let end = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let size = path.metadata().map_or(0, |meta| meta.len());
        kinds.entry((folder, end)).or_default().push((path.clone(), size));
    }
    let mut rows = Vec::new();
    for ((folder, end), files) in kinds {
        if files.len() > MANY && folder.ends_with("imfs") {
            let size = files.iter().map(|(_, size)| size).sum();
            rows.push((folder.join(format!("*.{end}")), format!("{}, {}", files.len(), ui::bytes(size))));
        } else {
            rows.extend(files.into_iter().map(|(path, size)| (path, ui::bytes(size))));
        }
    }
    rows.sort();
    let rows = rows.into_iter().map(|(path, size)| vec![path.display().to_string(), size]);
    ui::print(&format!("\n{}\n{}", ui::heading("Files"), ui::table(&["file", "size"], &[1], rows)))
}
