//! `data-pipeline demo`

use std::path::PathBuf;

use bars::Window;
use bars::time::AsOfSpec;
use clap::Args;

use super::{leaderboards, sample};
use crate::args::{DatabaseFlags, SourceFlags};
use crate::sample::Settings;
use crate::ui;

/// Flags of `demo`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The folder for the sample market and the outputs.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    pub out_dir: PathBuf,
}

/// Symbols per board.
const TOP_N: usize = 5;

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let bars = flags.out_dir.join("bars").display().to_string();
    // The truth is written last: where it stands, the market is whole.
    if sample::truth_of(&bars).is_file() {
        tracing::info!("keeping the sample market in {bars}");
    } else {
        sample::write(&bars, &DatabaseFlags::default(), Settings::default())?;
    }
    leaderboards::run(&leaderboards::Flags {
        top_n: Some(TOP_N),
        windows: format!("1h,4h,12h,{}", Window::DAY),
        enable_72h: false,
        lookback_days: 30,
        asof: AsOfSpec::Latest,
        include_partial: false,
        include_stale: false,
        out_dir: flags.out_dir.clone(),
        source: SourceFlags { source: Some(bars), ..SourceFlags::default() },
    })?;
    let dir = flags.out_dir.display();
    ui::print(&format!(
        "\nWhere to look:\n  {dir}/leaderboards_summary.json  the boards above, with their skew\n  \
         {dir}/leaderboards.parquet       every place behind them\n  \
         {dir}/habitual_overlaps.csv      the bars of the two-way movers, for the next steps (and _gainers, _losers)\n  \
         {dir}/truth.json                 what was planted in the sample market\n  \
         {dir}/bars                       the market itself: Parquet, one folder a symbol\n\
         Your own bars: data-pipeline import FILE, or any command with --source mysql://user@host/database"
    ))
}
