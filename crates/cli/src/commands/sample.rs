//! `data-pipeline sample`

use std::path::{Path, PathBuf};

use bars::AsOf;
use bars::BarTime;
use bars::time::AsOfSpec;
use bars_io::Entry;
use bars_io::Source;
use bars_io::store::Store;
use clap::Args;

use crate::console::Console;
use crate::flags::{self, DatabaseFlags};
use crate::interrupt::temp_files;
use crate::source_select;
use crate::ui::{self, Usage};
use pipeline::artifacts::names;
use pipeline::sample::{Market, MarketSettings};

/// Flags of `sample`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Where the bars go: the folder of a store, or mysql://user@host/database?table=ohlcvt.
    #[arg(long, value_name = "WHERE")]
    pub into: String,
    /// Number of symbols.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub symbols: u32,
    /// Days of bars.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// Seed: the same seed gives the same market.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Close of the last bar: a time or a date.
    #[arg(long, value_name = "TIME", default_value = "2026-01-01", value_parser = flags::asof)]
    pub end: AsOfSpec,
    /// The database to write into.
    #[command(flatten)]
    pub database: DatabaseFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let end = flags.end.moment().ok_or_else(|| {
        Usage("--end needs a time or a date; latest means nothing here".to_owned())
    })?;
    let truth = write(&flags.into, &flags.database, settings(flags, end))?;
    ui::print(&format!(
        "Sample market in {}, what was planted in it in {}",
        flags.into,
        truth.display()
    ))
}

fn settings(flags: &Flags, end: AsOf) -> MarketSettings {
    MarketSettings {
        symbols: flags.symbols as usize,
        days: flags.days,
        seed: flags.seed,
        end: end.end(),
    }
}

/// Writes the market into `into` and its truth beside it; the truth comes last, so that it stands
/// for a whole market.
pub fn write(
    into: &str,
    database: &DatabaseFlags,
    settings: MarketSettings,
) -> anyhow::Result<PathBuf> {
    let market = Market::new(settings);
    refuse_other_bars(into, &market)?;
    let target = source_select::target(Some(into), database)?;
    let truth = market.write(&*target, &Console::default())?;
    let place = truth_path(into);
    let mut bytes = serde_json::to_vec_pretty(&truth)?;
    bytes.push(b'\n');
    temp_files().write(&place, &bytes)?;
    Ok(place)
}

/// A market mixed with other bars would be none of which the truth is known.
fn refuse_other_bars(into: &str, market: &Market) -> anyhow::Result<()> {
    let Ok(store) = Store::open(Path::new(into), BarTime::Open) else { return Ok(()) };
    let (start, end) = market.span();
    let belongs =
        |entry: &Entry| market.has(&entry.symbol) && start <= entry.first && entry.last < end;
    let others = store.catalog()?.iter().filter(|entry| !belongs(entry)).count();
    let truth = std::fs::read(truth_path(into))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let is_other = truth.is_some_and(|truth| !market.is_that_of(&truth));
    if others > 0 || is_other {
        return Err(Usage(format!(
            "{into} holds other bars than this market's; name another folder, or remove that one first"
        ))
        .into());
    }
    Ok(())
}

/// Where the truth about the market in `into` stands.
pub fn truth_path(into: &str) -> PathBuf {
    let beside = source_select::sibling_folder(into);
    if beside == Path::new("") {
        names::SAMPLE_TRUTH.into()
    } else {
        beside.join(names::SAMPLE_TRUTH)
    }
}
