//! `data-pipeline fetch-history`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bars::spelling::Directory;
use bars::time::AsOfSpec;
use bars::{Findings, Span, Symbol};
use clap::{Args, ValueEnum};

use crate::console::Console;
use crate::flags::{self, SourceFlags};
use crate::interrupt::temp_files;
use crate::source_select;
use crate::ui::{self, Usage};
use pipeline::artifacts::{self, bar_csv};
use pipeline::cohort;
use pipeline::observer::{Event, Observer};
use pipeline::source::catalog;

/// Flags of `fetch-history`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Whose history.
    #[arg(value_enum)]
    cohort: Cohort,
    /// File with a column symbol; the cohort's own where it is missing [env: LOSERS_CSV,
    /// GAINERS_CSV, OVERLAPS_CSV].
    #[arg(long, value_name = "FILE")]
    input_csv: Option<PathBuf>,
    /// Where the history goes [env: HISTORY_OUTPUT_CSV, GAINERS_HISTORY_OUTPUT_CSV,
    /// OVERLAPS_HISTORY_OUTPUT_CSV].
    #[arg(long, value_name = "FILE")]
    output_csv: Option<PathBuf>,
    /// Days before the as-of.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_600))]
    days: u32,
    /// As of when: a time, a date (00:00 UTC of it), or latest, the close of the newest bar.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    asof: AsOfSpec,
    /// Where the bars are.
    #[command(flatten)]
    source: SourceFlags,
}

/// Whose history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cohort {
    /// Those of kraken_top_losers.csv.
    Losers,
    /// Those of habitual_gainers.csv.
    Gainers,
    /// Those of habitual_overlaps.csv.
    Overlaps,
}

impl Cohort {
    /// What writes the list.
    fn origin(self) -> &'static str {
        match self {
            Cohort::Losers => "write one symbol a line under the header 'symbol'",
            Cohort::Gainers | Cohort::Overlaps => "run 'data-pipeline leaderboards' first",
        }
    }

    /// Environment variable and default of the input, and the same of the output.
    fn files(self) -> [(&'static str, &'static str); 2] {
        match self {
            Cohort::Losers => [
                ("LOSERS_CSV", "kraken_top_losers.csv"),
                ("HISTORY_OUTPUT_CSV", "losers_30day_history.csv"),
            ],
            Cohort::Gainers => [
                ("GAINERS_CSV", artifacts::Cohort::Gainers.bars_file()),
                ("GAINERS_HISTORY_OUTPUT_CSV", "gainers_30day_history.csv"),
            ],
            Cohort::Overlaps => [
                ("OVERLAPS_CSV", artifacts::Cohort::Overlaps.bars_file()),
                ("OVERLAPS_HISTORY_OUTPUT_CSV", "overlaps_30day_history.csv"),
            ],
        }
    }
}

fn path(flag: Option<&Path>, (variable, default): (&str, &str)) -> PathBuf {
    let environment =
        || std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    flag.map(Path::to_owned).or_else(environment).unwrap_or_else(|| default.into())
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let [input, output] = flags.cohort.files();
    let (input, output) =
        (path(flags.input_csv.as_deref(), input), path(flags.output_csv.as_deref(), output));
    let mut findings = Findings::default();
    let wanted = bars_io::reader::symbols(&input, &mut findings).with_context(|| {
        format!("no list of symbols; {}, or name one with --input-csv", flags.cohort.origin())
    })?;
    if let (Ok(a), Ok(b)) = (input.canonicalize(), output.canonicalize())
        && a == b
    {
        return Err(Usage(format!(
            "{} is both the list and the output; name another --output-csv",
            input.display()
        ))
        .into());
    }
    let opened = source_select::source(&flags.source)?;
    let source = opened.source();
    let console = Console::new(flags.source.reading.strict);
    if !findings.is_empty() {
        console.event(Event::Findings(&findings));
    }
    let catalog = catalog(source)?;
    let newest = bars_io::newest_close(&catalog).context("the source holds no bar")?;
    let span = Span::days_before(flags.asof.moment().unwrap_or(newest), flags.days);
    let directory: Directory = catalog.iter().map(|entry| &entry.symbol).collect();
    let (found, unknown) = look_up(&wanted, &directory, &console);

    let (file, counts) = bar_csv::write(&output, source, &found, span, temp_files())?;
    console.report_findings(source)?;
    let total: usize = counts.iter().sum();
    let (first, last) = (span.start, span.end);
    if total == 0 && !wanted.is_empty() {
        let oldest = catalog.iter().map(|entry| entry.first).min().unwrap_or(first);
        anyhow::bail!(
            "none of the {} symbols of {} has a bar from {first} to {last}, and nothing was written; the source holds {} \
             symbols from {oldest} to {newest}: see 'data-pipeline check'",
            wanted.len(),
            input.display(),
            catalog.len()
        );
    }
    file.commit()?;
    let rows = found
        .iter()
        .zip(&counts)
        .map(|(symbol, &count)| vec![symbol.to_string(), ui::count(count as u64)]);
    ui::print(&ui::table(&["symbol", "bars"], &[1], rows))?;
    let empty: Vec<&str> = found
        .iter()
        .zip(&counts)
        .filter(|(_, count)| **count == 0)
        .map(|(symbol, _)| symbol.as_str())
        .collect();
    for (what, symbols) in [
        ("Not in the source, or several could be meant", unknown.join(", ")),
        ("No bars in that time", empty.join(", ")),
    ] {
        if !symbols.is_empty() {
            ui::print(&format!("{what}: {symbols}"))?;
        }
    }
    ui::print(&format!(
        "Written: {} ({} bars from {first} to {last})",
        output.display(),
        ui::count(total as u64)
    ))
}

/// The symbols of the source that are meant, each once, and those it lacks.
fn look_up(
    wanted: &[Symbol],
    directory: &Directory,
    console: &Console,
) -> (Vec<Symbol>, Vec<String>) {
    let (mut found, mut lacking, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for symbol in wanted {
        match cohort::find(directory, symbol, console) {
            Some(symbol) if seen.insert(symbol.clone()) => found.push(symbol),
            Some(_) => {}
            None => lacking.push(symbol.to_string()),
        }
    }
    (found, lacking)
}
