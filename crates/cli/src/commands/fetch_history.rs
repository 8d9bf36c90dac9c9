//! `data-pipeline fetch-history`

use std::path::{Path, PathBuf};

use bars::Symbol;
use bars::time::AsOfSpec;
use clap::{Args, ValueEnum};
use pipeline::jobs::{HistoryJob, HistoryOutput};
use pipeline::{Error, artifacts};

use crate::console::Console;
use crate::flags::{self, SourceFlags};
use crate::source_select;
use crate::ui;

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
    /// Put an apostrophe before texts in CSV that spreadsheets would evaluate: those that begin with
    /// = + - @, a tab or a line end.
    #[arg(long)]
    csv_safe: bool,
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
        let (cohort, variables) = match self {
            Cohort::Losers => (artifacts::Cohort::Losers, ["LOSERS_CSV", "HISTORY_OUTPUT_CSV"]),
            Cohort::Gainers => {
                (artifacts::Cohort::Gainers, ["GAINERS_CSV", "GAINERS_HISTORY_OUTPUT_CSV"])
            }
            Cohort::Overlaps => {
                (artifacts::Cohort::Overlaps, ["OVERLAPS_CSV", "OVERLAPS_HISTORY_OUTPUT_CSV"])
            }
        };
        let list = match self {
            Cohort::Losers => artifacts::names::KRAKEN_LOSERS,
            Cohort::Gainers | Cohort::Overlaps => cohort.bars_file(),
        };
        [(variables[0], list), (variables[1], cohort.history_file())]
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
    let job = HistoryJob {
        input: path(flags.input_csv.as_deref(), input),
        output: path(flags.output_csv.as_deref(), output),
        days: flags.days,
        asof: flags.asof,
        csv_safe: flags.csv_safe,
    };
    let list = job.read_list().map_err(|error| match error {
        Error::Io(bars_io::Error::Missing { path, .. }) => anyhow::anyhow!(
            "no list of symbols {}; {}, or give a file with --input-csv",
            path.display(),
            flags.cohort.origin()
        ),
        error => error.into(),
    })?;
    let opened = source_select::source(&flags.source)?;
    let console = Console::new(flags.source.reading.strict);
    let written = job.run(&list, &console.context(Some(&opened)))?;
    print(&written, &job.output)
}

fn print(written: &HistoryOutput, output: &Path) -> anyhow::Result<()> {
    let HistoryOutput { span, symbols, missing, ambiguous } = written;
    let rows =
        symbols.iter().map(|(symbol, bars)| vec![symbol.to_string(), ui::count(*bars as u64)]);
    ui::print(&ui::table(&["symbol", "bars"], &[1], rows))?;
    let empty = symbols.iter().filter(|(_, bars)| *bars == 0).map(|(symbol, _)| symbol);
    for (what, symbols) in [
        ("not in the source", missing.iter().collect()),
        ("ambiguous", ambiguous.iter().collect()),
        ("no bars in that time", empty.collect::<Vec<_>>()),
    ] {
        if !symbols.is_empty() {
            let names: Vec<&str> = symbols.into_iter().map(Symbol::as_str).collect();
            ui::print(&format!("{what}: {}", names.join(", ")))?;
        }
    }
    let total: usize = symbols.iter().map(|(_, bars)| bars).sum();
    ui::print(&format!(
        "wrote {} ({} bars from {} to {})",
        output.display(),
        ui::count(total as u64),
        span.start,
        span.end
    ))
}
