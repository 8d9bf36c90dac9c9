//! `data-pipeline fetch-history`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bars::source::newest_close;
use bars::spelling::{Directory, Found};
use bars::time::AsOfSpec;
use bars::{Span, Symbol};
use clap::{Args, ValueEnum};

use crate::args::{self, SourceFlags};
use crate::choose;
use crate::output::bar_csv;
use crate::ui::{self, Usage};

/// Flags of `fetch-history`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Whose history.
    #[arg(value_enum)]
    cohort: Cohort,
    /// File with a column symbol; the cohort's own where it is missing [env: LOSERS_CSV, GAINERS_CSV, OVERLAPS_CSV].
    #[arg(long, value_name = "FILE")]
    input_csv: Option<PathBuf>,
    /// Where the history goes [env: HISTORY_OUTPUT_CSV, GAINERS_HISTORY_OUTPUT_CSV, OVERLAPS_HISTORY_OUTPUT_CSV].
    #[arg(long, value_name = "FILE")]
    output_csv: Option<PathBuf>,
    /// Days before the as-of.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_600))]
    days: u32,
    /// As of when: a time, a date (00:00 UTC of it), or latest, the close of the newest bar.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = args::asof)]
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
    /// Environment variable and default of the input, and the same of the output.
    fn files(self) -> [(&'static str, &'static str); 2] {
        match self {
            Cohort::Losers => {
                [("LOSERS_CSV", "kraken_top_losers.csv"), ("HISTORY_OUTPUT_CSV", "losers_30day_history.csv")]
            }
            Cohort::Gainers => [
                ("GAINERS_CSV", "habitual_gainers.csv"),
                ("GAINERS_HISTORY_OUTPUT_CSV", "gainers_30day_history.csv"),
            ],
            Cohort::Overlaps => [
                ("OVERLAPS_CSV", "habitual_overlaps.csv"),
                ("OVERLAPS_HISTORY_OUTPUT_CSV", "overlaps_30day_history.csv"),
            ],
        }
    }
}

fn path(flag: Option<&Path>, (variable, default): (&str, &str)) -> PathBuf {
    let environment = || std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    flag.map(Path::to_owned).or_else(environment).unwrap_or_else(|| default.into())
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let [input, output] = flags.cohort.files();
    let (input, output) =
        (path(flags.input_csv.as_deref(), input), path(flags.output_csv.as_deref(), output));
    let wanted = bars::source::rows::symbols(&input)?;
    if wanted.is_empty() {
        return Err(Usage(format!("{} names no symbol; nothing to fetch", input.display())).into());
    }
    let opened = choose::source(&flags.source)?;
    let source = opened.source();
    let catalogue = source.catalogue()?;
    let Some(newest) = newest_close(&catalogue) else {
        anyhow::bail!(
            "the source holds no bar; fill it with 'data-pipeline import', or name another with --source"
        );
    };
    let span = Span::days_before(flags.asof.moment().unwrap_or(newest), flags.days);
    let directory: Directory = catalogue.iter().map(|entry| &entry.symbol).collect();
    let (found, mut lacking) = look_up(&wanted, &directory);

    let counts = bar_csv::write(&output, source, &found, span)?;
    choose::report_findings(source, flags.source.reading.strict)?;
    let rows =
        found.iter().zip(&counts).map(|(symbol, &count)| vec![symbol.to_string(), ui::count(count as u64)]);
    ui::print(&ui::table(&["symbol", "bars"], &[1], rows).to_string())?;
    let empty =
        found.iter().zip(&counts).filter(|(_, count)| **count == 0).map(|(symbol, _)| symbol.to_string());
    lacking.extend(empty);
    let (first, last) = (span.start, span.end);
    if !lacking.is_empty() {
        ui::print(&format!("No bars from {first} to {last}: {}", lacking.join(", ")))?;
    }
    let total = ui::count(counts.iter().sum::<usize>() as u64);
    ui::print(&format!("Written: {} ({total} bars from {first} to {last})", output.display()))
}

/// The symbols of the source that are meant, each once, and those it lacks.
fn look_up(wanted: &[Symbol], directory: &Directory) -> (Vec<Symbol>, Vec<String>) {
    let (mut found, mut lacking, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for symbol in wanted {
        let symbol = match directory.find(symbol) {
            Found::Exact(symbol) => symbol,
            Found::Spelled(other) => {
                tracing::info!("{symbol} is {other} in the source");
                other
            }
            Found::Ambiguous(several) => {
                let names: Vec<&str> = several.iter().map(Symbol::as_str).collect();
                tracing::warn!("{symbol} may be any of {}; name the one that is meant", names.join(", "));
                lacking.push(symbol.to_string());
                continue;
            }
            Found::Nothing => {
                lacking.push(symbol.to_string());
                continue;
            }
        };
        if seen.insert(symbol.clone()) {
            found.push(symbol);
        }
    }
    (found, lacking)
}
