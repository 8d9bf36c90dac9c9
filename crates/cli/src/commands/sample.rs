//! `data-pipeline sample`

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
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
    let settings = MarketSettings {
        symbols: flags.symbols as usize,
        days: flags.days,
        seed: flags.seed,
        end: end.end(),
    };
    let truth = write(&flags.into, &flags.database, settings)?;
    ui::print(&format!(
        "wrote the sample market to {}, its planted cycles to {}",
        flags.into,
        truth.display()
    ))
}

/// Writes the market to `into`, then its truth file next to it. The truth file is written last, so
/// its existence means that the market is complete.
pub fn write(
    into: &str,
    database: &DatabaseFlags,
    settings: MarketSettings,
) -> anyhow::Result<PathBuf> {
    let (market, truth) = (Market::new(settings), truth_path(into));
    market.check_store(Path::new(into), &truth)?;
    let target = source_select::target(Some(into), database)?;
    market.write_with_truth(&*target, &truth, temp_files(), &Console::default())?;
    Ok(truth)
}

/// Returns the path of the truth file for a market in `into`.
pub fn truth_path(into: &str) -> PathBuf {
    source_select::sibling_folder(into).join(names::SAMPLE_TRUTH)
}
