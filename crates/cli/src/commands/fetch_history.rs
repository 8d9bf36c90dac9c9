//! `data-pipeline fetch-history`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bars::spelling::{Directory, Found};
use bars::time::AsOfSpec;
use bars::{Findings, Span, Symbol};
use clap::{Args, ValueEnum};

use crate::console::Console;
use crate::flags::{self, SourceFlags};
use crate::interrupt::temp_files;
use crate::source_select;
use crate::ui::{self, Usage};
use pipeline::artifacts::bar_csv::BarFile;
use pipeline::artifacts::{self, bar_csv};
use pipeline::cohort;
use pipeline::observer::{Event, Observer};
use pipeline::source::catalog;

/// Flags of `fetch-history`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// List of symbols; determines the default file names.
    #[arg(value_enum)]
    cohort: Cohort,
    /// File with a column symbol [env: LOSERS_CSV, GAINERS_CSV, OVERLAPS_CSV] [default: the file of
    /// the cohort].
    #[arg(long, value_name = "FILE")]
    input_csv: Option<PathBuf>,
    /// Output file [env: HISTORY_OUTPUT_CSV, GAINERS_HISTORY_OUTPUT_CSV,
    /// OVERLAPS_HISTORY_OUTPUT_CSV] [default: COHORT_30day_history.csv].
    #[arg(long, value_name = "FILE")]
    output_csv: Option<PathBuf>,
    /// Days of bars before the as-of.
    #[arg(long, default_value_t = 30, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=36_600))]
    days: u32,
    /// Evaluation time: timestamp, date (00:00 UTC) or `latest` (close of the newest bar).
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    asof: AsOfSpec,
    /// The source of the bars.
    #[command(flatten)]
    source: SourceFlags,
}

/// A list of symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cohort {
    /// Symbols of kraken_top_losers.csv.
    Losers,
    /// Symbols of habitual_gainers.csv.
    Gainers,
    /// Symbols of habitual_overlaps.csv.
    Overlaps,
}

impl Cohort {
    /// How to obtain the list, for an error.
    fn origin(self) -> &'static str {
        match self {
            Cohort::Losers => "run 'data-pipeline kraken-losers' first",
            Cohort::Gainers | Cohort::Overlaps => "run 'data-pipeline leaderboards' first",
        }
    }

    /// Returns environment variable and default path, of the input and of the output.
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

/// Returns the environment variables of a flag, one per cohort; `None` if it has none.
pub fn variables(id: &str) -> Option<[&'static str; 3]> {
    let file = match id {
        "input_csv" => 0,
        "output_csv" => 1,
        _ => return None,
    };
    Some([Cohort::Losers, Cohort::Gainers, Cohort::Overlaps].map(|cohort| cohort.files()[file].0))
}

fn path(flag: Option<&Path>, (variable, default): (&str, &str)) -> PathBuf {
    let environment =
        || std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    flag.map(Path::to_owned)
        .or_else(environment)
        .unwrap_or_else(|| artifacts::Cohort::existing_bars_file(Path::new(default)))
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let [input, output] = flags.cohort.files();
    let (input, output) =
        (path(flags.input_csv.as_deref(), input), path(flags.output_csv.as_deref(), output));
    let mut findings = Findings::default();
    let wanted = bars_io::reader::symbols(&input, &mut findings);
    let wanted = wanted.map_err(|error| match error {
        bars_io::Error::Missing { path, .. } => anyhow::anyhow!(
            "no list of symbols {}; {}, or give a file with --input-csv",
            path.display(),
            flags.cohort.origin()
        ),
        error => error.into(),
    })?;
    if let (Ok(a), Ok(b)) = (input.canonicalize(), output.canonicalize())
        && a == b
    {
        return Err(Usage(format!(
            "{} is both input and output; give another --output-csv",
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
    let newest = bars_io::newest_close(&catalog).context("the source has no bars")?;
    let span = Span::days_before(flags.asof.moment().unwrap_or(newest), flags.days);
    let directory: Directory = catalog.iter().map(|entry| &entry.symbol).collect();
    let LookedUp { found, missing, ambiguous } = look_up(&wanted, &directory, &console);

    let history = [BarFile { path: &output, symbols: &found }];
    let written = bar_csv::write(&history, source, span, temp_files(), &console)?;
    let (file, counts) = written.into_iter().next().context("no file was written")?;
    console.report_findings(source)?;
    let total: usize = counts.iter().sum();
    let (first, last) = (span.start, span.end);
    if total == 0 && !wanted.is_empty() {
        let oldest = catalog.iter().map(|entry| entry.first).min().unwrap_or(first);
        anyhow::bail!(
            "no bars from {first} to {last} for any of the {} in {}; the source has {} from {oldest} to {newest} \
             (list them with 'data-pipeline check')",
            ui::pluralize(wanted.len(), "symbol"),
            input.display(),
            ui::pluralize(catalog.len(), "symbol")
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
        ("not in the source", missing.join(", ")),
        ("ambiguous", ambiguous.join(", ")),
        ("no bars in that time", empty.join(", ")),
    ] {
        if !symbols.is_empty() {
            ui::print(&format!("{what}: {symbols}"))?;
        }
    }
    ui::print(&format!(
        "wrote {} ({} bars from {first} to {last})",
        output.display(),
        ui::count(total as u64)
    ))
}

/// The result of looking up a list of symbols.
#[derive(Default)]
struct LookedUp {
    /// The distinct symbols of the source.
    found: Vec<Symbol>,
    /// Symbols that the source lacks.
    missing: Vec<String>,
    /// Symbols that match several of the source.
    ambiguous: Vec<String>,
}

fn look_up(wanted: &[Symbol], directory: &Directory, console: &Console) -> LookedUp {
    let (mut result, mut seen) = (LookedUp::default(), BTreeSet::new());
    for symbol in wanted {
        match cohort::find(directory, symbol, console) {
            Some(symbol) if seen.insert(symbol.clone()) => result.found.push(symbol),
            Some(_) => {}
            None if matches!(directory.find(symbol), Found::Ambiguous(_)) => {
                result.ambiguous.push(symbol.to_string());
            }
            None => result.missing.push(symbol.to_string()),
        }
    }
    result
}
