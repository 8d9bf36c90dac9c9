//! `data-pipeline kraken-losers`

use std::path::PathBuf;

use bars::spelling::STABLECOINS;
use bars_io::kraken::market::{self, Pair, Ticker};
use clap::Args;
use stages::table::{ColumnSource, Table};

use crate::flags::{ExchangeFlags, check_table_path};
use crate::interrupt::temp_files;
use crate::ui;
use pipeline::artifacts::table_file::{self, Compression, Format};

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
    #[arg(long, value_name = "FILE", default_value = "kraken_top_losers.csv")]
    output: PathBuf,
    /// The exchange.
    #[command(flatten)]
    exchange: ExchangeFlags,
}

/// Quote currency of the listed pairs.
const QUOTE: &str = "USD";

fn volume(text: &str) -> Result<f64, String> {
    let volume: Option<f64> = text.parse().ok();
    volume
        .filter(|volume| *volume >= 0.0 && volume.is_finite())
        .ok_or("expected a number >= 0".to_owned())
}

/// A pair and its change today.
#[derive(Debug, PartialEq)]
struct Loser {
    symbol: String,
    ticker: Ticker,
    /// Change from today's open to the last price, in percent.
    change: f64,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    check_table_path(&flags.output)?;
    let client = flags.exchange.client()?;
    let pairs = market::pairs(&client)?;
    let keys = wanted(&pairs, flags.include_stables);
    if keys.is_empty() {
        anyhow::bail!("Kraken lists no pair quoted in {QUOTE}");
    }
    tracing::info!("fetching tickers of {} quoted in {QUOTE}", ui::pluralize(keys.len(), "pair"));
    let tickers = market::tickers(&client, &keys)?;
    let all: Vec<Option<Loser>> =
        keys.iter().map(|&key| loser(key, tickers.get(key).copied().flatten())).collect();
    let unreadable = all.iter().filter(|loser| loser.is_none()).count();
    if unreadable > 0 {
        tracing::warn!(
            "skipped {}: missing or unreadable numbers, or an open of 0",
            ui::pluralize(unreadable, "pair")
        );
    }
    let losers = rank(all.into_iter().flatten(), flags.min_volume, flags.top_n as usize);
    write(flags, &losers)?;
    print(&losers)?;
    ui::print(&format!(
        "wrote {}: {} of {} quoted in {QUOTE}",
        flags.output.display(),
        ui::pluralize(losers.len(), "symbol"),
        ui::pluralize(keys.len(), "pair")
    ))
}

/// Returns the REST keys of the pairs quoted in dollars.
fn wanted(pairs: &[Pair], with_stables: bool) -> Vec<&str> {
    let is_wanted = |pair: &&Pair| {
        pair.assets().is_some_and(|(base, quote)| {
            quote == QUOTE && (with_stables || !STABLECOINS.contains(&base))
        })
    };
    pairs.iter().filter(is_wanted).map(|pair| pair.key.as_str()).collect()
}

fn loser(key: &str, ticker: Option<Ticker>) -> Option<Loser> {
    let ticker = ticker.filter(|ticker| ticker.open != 0.0)?;
    let change = 100.0 * (ticker.last - ticker.open) / ticker.open;
    Some(Loser { symbol: key.to_owned(), ticker, change })
}

/// Returns the largest losers first; ties are ordered by name.
fn rank(losers: impl Iterator<Item = Loser>, min_volume: f64, top_n: usize) -> Vec<Loser> {
    let mut losers: Vec<Loser> = losers.filter(|loser| loser.ticker.volume >= min_volume).collect();
    losers.sort_by(|a, b| a.change.total_cmp(&b.change).then_with(|| a.symbol.cmp(&b.symbol)));
    losers.truncate(top_n);
    losers
}

fn write(flags: &Flags, losers: &[Loser]) -> anyhow::Result<()> {
    let columns = [
        ColumnSource::text("symbol", "Kraken's name of the pair", |loser: &Loser| {
            Some(loser.symbol.clone())
        }),
        ColumnSource::number("open", "price at the start of the day", |loser: &Loser| {
            loser.ticker.open
        }),
        ColumnSource::number("last", "last price", |loser: &Loser| loser.ticker.last),
        ColumnSource::number("pct_change", "change since the start of the day", |loser: &Loser| {
            loser.change
        })
        .with_unit("percent"),
        ColumnSource::number("volume", "volume of the last 24 hours", |loser: &Loser| {
            loser.ticker.volume
        }),
    ];
    let (path, table) = (&flags.output, Table::from_rows(&columns, losers));
    let file = table_file::write(
        path,
        Format::from_path(path),
        Compression::default(),
        table,
        temp_files(),
    )?;
    Ok(file.commit()?)
}

fn print(losers: &[Loser]) -> anyhow::Result<()> {
    let most = losers.iter().map(|loser| loser.change.abs()).fold(0.0, f64::max);
    let row = |loser: &Loser| {
        vec![
            loser.symbol.clone(),
            loser.ticker.open.to_string(),
            loser.ticker.last.to_string(),
            format!("{:.2}", loser.change),
            ui::bar(-loser.change / most),
            ui::count(loser.ticker.volume as u64),
        ]
    };
    if losers.is_empty() {
        return ui::print("no pair has that volume; lower --min-volume");
    }
    let header = ["symbol", "open", "last", "change %", "", "volume"];
    ui::print(&ui::table(&header, &[1, 2, 3, 5], losers.iter().map(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, wsname: Option<&str>) -> Pair {
        Pair { key: key.into(), altname: key.into(), wsname: wsname.map(str::to_owned) }
    }

    #[test]
    fn dollars_by_wsname_and_stablecoins_by_base() {
        let pairs = [
            pair("XXBTZUSD", Some("XBT/USD")),
            pair("XXBTZEUR", Some("XBT/EUR")),
            pair("XBTUSDT", Some("XBT/USDT")),
            pair("USDTZUSD", Some("USDT/USD")),
            pair("XXBTZUSD.d", None),
            // Not a stablecoin, although its key ends like one.
            pair("XDAIUSD", Some("XDAI/USD")),
        ];
        assert_eq!(wanted(&pairs, false), ["XXBTZUSD", "XDAIUSD"]);
        assert_eq!(wanted(&pairs, true), ["XXBTZUSD", "USDTZUSD", "XDAIUSD"]);
    }

    #[test]
    fn largest_losers_come_first() {
        let one = |key: &str, open: f64, last: f64, volume: f64| {
            loser(key, Some(Ticker { open, last, volume }))
        };
        assert_eq!(one("A", 0.0, 1.0, 5.0), None);
        let all = [
            one("UP", 1.0, 2.0, 1000.0),
            one("B", 4.0, 3.0, 1000.0),
            one("A", 4.0, 3.0, 1000.0),
            one("THIN", 4.0, 1.0, 999.9),
            one("DOWN", 4.0, 2.0, 5000.0),
        ];
        let ranked = rank(all.into_iter().flatten(), 1000.0, 3);
        let shown: Vec<_> = ranked.iter().map(|l| (l.symbol.as_str(), l.change)).collect();
        assert_eq!(shown, [("DOWN", -50.0), ("A", -25.0), ("B", -25.0)]);
    }
}
