//! `data-pipeline demo`

use std::path::{Path, PathBuf};

use clap::{Args, Parser};

use super::metrics::Cohort;
use super::sample;
use crate::args::{Cli, DatabaseFlags};
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
const TOP_N: &str = "5";

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let place = |name: &str| flags.out_dir.join(name).display().to_string();
    let bars = place("bars");
    // The truth is written last: where it stands, the market is whole.
    if sample::truth_of(&bars).is_file() {
        tracing::info!("keeping the sample market in {bars}");
    } else {
        sample::write(&bars, &DatabaseFlags::default(), Settings::default())?;
    }
    let dir = flags.out_dir.display().to_string();
    let source = ["--source", &bars];
    step(&[&["leaderboards", "--top-n", TOP_N, "--out-dir", &dir], &source[..]].concat())?;
    let [overlaps, output] = Cohort::Overlaps.files().map(place);
    title("Where the overlaps stand within the day")?;
    step(&[&["metrics", "overlaps", "--input", &overlaps, "--output", &output], &source[..]].concat())?;
    title("What kinds of rises the overlaps have, from peak to peak")?;
    step(&["imf-cluster", "overlaps", "--input", &overlaps, "--out-dir", &dir])?;
    title("Where they stand as a snapshot without gaps, to join")?;
    step(&[&["state", "--input", &overlaps, "--out", &place("state")], &source[..]].concat())?;
    title("Where the overlaps stand over weeks and months")?;
    step(&[&["regime", "--input", &overlaps, "--out", &place("regime")], &source[..]].concat())?;
    title("The cycles of the last month, and which are alike")?;
    let imf = place("imf");
    let cycles =
        ["imf-stage", "--leaders-csv", &overlaps, "--lookback-months", "1", "--persist-imfs", "--out", &imf];
    step(&[&cycles[..], &source[..]].concat())?;
    title("The cycles in a sentence each")?;
    let summary = newest_summary(&flags.out_dir.join("imf"))?;
    step(&["imf-postprocess", "--summary", &summary.display().to_string(), "--series", "both"])?;
    ui::print(&format!(
        "\nWhere to look:\n  {dir}/leaderboards_summary.json  the boards above, with their skew\n  \
         {dir}/leaderboards.parquet       every place behind them\n  \
         {dir}/habitual_overlaps.csv      the bars of the two-way movers, for the next steps (and _gainers, _losers)\n  \
         {dir}/overlap_metrics.csv        where each of them stands against its own past\n  \
         {dir}/state, {dir}/regime         snapshots to join on symbol and time, with their schema\n  \
         {dir}/imf_clusters_overlaps.json kinds of rises, window by window\n  \
         {dir}/imf                        cycles, their clusters, modes, and what dominates\n  \
         {dir}/truth.json                 what was planted in the sample market\n  \
         {dir}/bars                       the market itself: Parquet, one folder a symbol\n\
         Your own bars: data-pipeline import FILE, or any command with --source mysql://user@host/database"
    ))
}

/// The summary of the newest partition in `folder`.
fn newest_summary(folder: &Path) -> anyhow::Result<PathBuf> {
    let partitions = std::fs::read_dir(folder).map_err(|e| bars::Error::io("read", folder, e))?;
    let newest = partitions.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).max();
    Ok(newest.unwrap_or_default().join("imf_summary.parquet"))
}

fn title(text: &str) -> anyhow::Result<()> {
    ui::print(&format!("\n{}", ui::heading(text)))
}

/// Runs another command as if it had been typed: with its own defaults.
fn step(words: &[&str]) -> anyhow::Result<()> {
    let cli = Cli::try_parse_from(["data-pipeline"].iter().chain(words))?;
    crate::dispatch(&cli.command)
}
