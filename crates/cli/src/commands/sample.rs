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
    /// Target of the bars: a store folder or mysql://user@host/database?table=ohlcvt.
    #[arg(long, value_name = "TARGET")]
    pub into: String,
    /// Number of symbols.
    #[arg(long, default_value_t = 40, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub symbols: u32,
    /// Days of bars.
    #[arg(long, default_value_t = 100, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// Seed; the same seed gives the same market.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Close of the last bar: timestamp or date (00:00 UTC).
    #[arg(long, value_name = "TIME", default_value = "2026-01-01", value_parser = flags::asof)]
    pub end: AsOfSpec,
    /// Connection to the target database.
    #[command(flatten)]
    pub database: DatabaseFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let end = flags.end.moment().ok_or_else(|| {
        Usage("--end needs a timestamp or a date; \"latest\" does not apply here".to_owned())
    })?;
    let truth = write(&flags.into, &flags.database, settings(flags, end))?;
    ui::print(&format!(
        "wrote the sample market to {}, its planted cycles to {}",
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

/// Writes the market to `into`, then its truth file next to it. The truth file is written last, so
/// its existence means that the market is complete.
pub fn write(
    into: &str,
    database: &DatabaseFlags,
    settings: MarketSettings,
) -> anyhow::Result<PathBuf> {
    let market = Market::new(settings);
    refuse_other_bars(into, &market)?;
    let target = source_select::target(Some(into), database)?;
    let truth = market.write(&*target, &Console::default())?;
    let path = truth_path(into);
    let mut bytes = serde_json::to_vec_pretty(&truth)?;
    bytes.push(b'\n');
    temp_files().write(&path, &bytes)?;
    Ok(path)
}

/// Refuses a store with other bars: the truth file would not describe the mixture.
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
            "{into} already has bars that are not of this market; give another folder, or remove that one first"
        ))
        .into());
    }
    Ok(())
}

/// Returns the path of the truth file for a market in `into`.
pub fn truth_path(into: &str) -> PathBuf {
    let folder = source_select::sibling_folder(into);
    if folder == Path::new("") {
        names::SAMPLE_TRUTH.into()
    } else {
        folder.join(names::SAMPLE_TRUTH)
    }
}
