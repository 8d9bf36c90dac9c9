//! `data-pipeline kraken-losers`

use std::path::PathBuf;

use clap::Args;
use pipeline::artifacts::names;
use pipeline::jobs::{KrakenLosersJob, LOSERS_QUOTE, Loser};

use crate::console::Console;
use crate::flags::{ExchangeFlags, check_table_path};
use crate::ui;

/// Flags of `kraken-losers`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Number of pairs to list.
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    top_n: u32,
    /// Minimum 24-hour volume, in units of the base asset.
    #[arg(long, value_name = "VOLUME", default_value_t = 1000.0, value_parser = volume)]
    min_volume: f64,
    /// Include stablecoins.
    #[arg(long)]
    include_stables: bool,
    /// Output file, .csv or .parquet.
    #[arg(long, value_name = "FILE", default_value = names::KRAKEN_LOSERS)]
    output: PathBuf,
    /// Put an apostrophe before texts in CSV that spreadsheets would evaluate: those that begin with
    /// = + - @, a tab or a line end.
    #[arg(long)]
    csv_safe: bool,
    /// The exchange.
    #[command(flatten)]
    exchange: ExchangeFlags,
}

fn volume(text: &str) -> Result<f64, String> {
    let volume: Option<f64> = text.parse().ok();
    volume
        .filter(|volume| *volume >= 0.0 && volume.is_finite())
        .ok_or("expected a number >= 0".to_owned())
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    check_table_path(&flags.output)?;
    let job = KrakenLosersJob {
        top_n: flags.top_n as usize,
        min_volume: flags.min_volume,
        include_stables: flags.include_stables,
        output: flags.output.clone(),
        csv_safe: flags.csv_safe,
    };
    let output = job.run(&flags.exchange.client()?, &Console::default().context(None))?;
    print(&output.losers)?;
    ui::print(&format!(
        "wrote {}: {} of {} quoted in {LOSERS_QUOTE}",
        flags.output.display(),
        ui::pluralize(output.losers.len(), "symbol"),
        ui::pluralize(output.pairs, "pair")
    ))
}

fn print(losers: &[Loser]) -> anyhow::Result<()> {
    let most = losers.iter().map(|loser| loser.change_pct.abs()).fold(0.0, f64::max);
    let row = |loser: &Loser| {
        vec![
            loser.symbol.clone(),
            loser.ticker.open.to_string(),
            loser.ticker.last.to_string(),
            format!("{:.2}", loser.change_pct),
            ui::bar(-loser.change_pct / most),
            ui::count(loser.ticker.volume as u64),
        ]
    };
    if losers.is_empty() {
        return ui::print("no pair has that volume; lower --min-volume");
    }
    let header = ["symbol", "open", "last", "change %", "", "volume"];
    ui::print(&ui::table(&header, &[1, 2, 3, 5], losers.iter().map(row)))
}
