use std::path::PathBuf;

use bars::spelling::STABLECOINS;
use bars_io::kraken::Client;
use bars_io::kraken::market::{self, Pair, Ticker};
use serde::Serialize;
use stages::table::{ColumnSource, Table};

use super::context::JobContext;
use crate::artifacts::table_file::{self, Compression, Format};
use crate::error::{Error, Result};
use crate::text::pluralize;

/// Quote currency of the listed pairs.
pub const LOSERS_QUOTE: &str = "USD";

/// Ranks the pairs that fell most on Kraken today and writes them.
#[derive(Debug, Clone, Serialize)]
pub struct KrakenLosersJob {
    /// Maximum number of pairs.
    pub top_n: usize,
    /// Minimum volume of the last 24 hours, in units of the base asset.
    pub min_volume: f64,
    /// Whether to include pairs with a stablecoin as base.
    pub include_stables: bool,
    /// Output file; Parquet if its extension is `parquet`, else CSV.
    pub output: PathBuf,
    /// Whether texts in CSV are written so that a spreadsheet does not evaluate them, see
    /// [`spreadsheet_safe`](crate::artifacts::csv_text::spreadsheet_safe).
    pub csv_safe: bool,
}

/// A pair and its change today.
#[derive(Debug, Clone, PartialEq)]
pub struct Loser {
    /// The pair's REST key, such as `XXBTZUSD`.
    pub symbol: String,
    /// The day so far.
    pub ticker: Ticker,
    /// Change from today's open to the last price, in percent.
    pub change_pct: f64,
}

/// The result of a [`KrakenLosersJob`].
#[derive(Debug, Clone, PartialEq)]
pub struct KrakenLosersOutput {
    /// The pairs, the largest loser first; ties are ordered by name.
    pub losers: Vec<Loser>,
    /// Number of pairs from which they were chosen.
    pub pairs: usize,
}

impl KrakenLosersJob {
    /// Runs the job. Its source is not used. Pairs with missing or unreadable numbers, or an open or
    /// last price that is not above 0, are skipped with a warning.
    ///
    /// # Errors
    /// [`Error::NoPairs`] if the exchange lists no pair quoted in dollars; a request fails; the
    /// file cannot be written.
    pub fn run(&self, client: &Client, context: &JobContext<'_>) -> Result<KrakenLosersOutput> {
        let JobContext { temp, observer, .. } = *context;
        let pairs = market::pairs(client)?;
        let keys = wanted(&pairs, self.include_stables);
        if keys.is_empty() {
            return Err(Error::NoPairs { what: format!("no pair quoted in {LOSERS_QUOTE}") });
        }
        let count = pluralize(keys.len(), "pair");
        observer.info(format!("fetching tickers of {count} quoted in {LOSERS_QUOTE}"));
        let tickers = market::tickers(client, &keys)?;
        let all: Vec<Option<Loser>> =
            keys.iter().map(|&key| loser(key, tickers.get(key).copied().flatten())).collect();
        let unreadable = all.iter().filter(|loser| loser.is_none()).count();
        if unreadable > 0 {
            observer.warn(format!(
                "skipped {}: missing or unreadable numbers, or a price that is not above 0",
                pluralize(unreadable, "pair")
            ));
        }
        let losers = rank(all.into_iter().flatten(), self.min_volume, self.top_n);
        let (path, format) = (&self.output, Format::from_path(&self.output));
        let (compression, table) = (Compression::default(), table(&losers));
        table_file::write(path, format, compression, self.csv_safe, table, temp)?.commit()?;
        Ok(KrakenLosersOutput { losers, pairs: keys.len() })
    }
}

/// Returns the REST keys of the pairs quoted in dollars.
fn wanted(pairs: &[Pair], with_stables: bool) -> Vec<&str> {
    let is_wanted = |pair: &&Pair| {
        pair.assets().is_some_and(|(base, quote)| {
            quote == LOSERS_QUOTE && (with_stables || !STABLECOINS.contains(&base))
        })
    };
    pairs.iter().filter(is_wanted).map(|pair| pair.key.as_str()).collect()
}

fn loser(key: &str, ticker: Option<Ticker>) -> Option<Loser> {
    let ticker = ticker.filter(|ticker| ticker.open > 0.0 && ticker.last > 0.0)?;
    let change_pct = 100.0 * (ticker.last - ticker.open) / ticker.open;
    Some(Loser { symbol: key.to_owned(), ticker, change_pct })
}

/// Returns the largest losers first; ties are ordered by name.
fn rank(losers: impl Iterator<Item = Loser>, min_volume: f64, top_n: usize) -> Vec<Loser> {
    let mut losers: Vec<Loser> = losers.filter(|loser| loser.ticker.volume >= min_volume).collect();
    losers.sort_by(|a, b| {
        a.change_pct.total_cmp(&b.change_pct).then_with(|| a.symbol.cmp(&b.symbol))
    });
    losers.truncate(top_n);
    losers
}

/// Returns a table with a row per pair.
fn table(losers: &[Loser]) -> Table {
    let columns = [
        ColumnSource::text("symbol", "Kraken's name of the pair", |loser: &Loser| {
            Some(loser.symbol.clone())
        }),
        ColumnSource::number("open", "price at the start of the day", |loser: &Loser| {
            loser.ticker.open
        }),
        ColumnSource::number("last", "last price", |loser: &Loser| loser.ticker.last),
        ColumnSource::number("pct_change", "change since the start of the day", |loser: &Loser| {
            loser.change_pct
        })
        .with_unit("percent"),
        ColumnSource::number("volume", "volume of the last 24 hours", |loser: &Loser| {
            loser.ticker.volume
        }),
    ];
    Table::from_rows(&columns, losers)
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
        for (open, last) in [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (1.0, -1.0), (-2.0, -1.0)] {
            assert_eq!(one("A", open, last, 5.0), None, "{open} {last}");
        }
        let all = [
            one("UP", 1.0, 2.0, 1000.0),
            one("B", 4.0, 3.0, 1000.0),
            one("A", 4.0, 3.0, 1000.0),
            one("THIN", 4.0, 1.0, 999.9),
            one("DOWN", 4.0, 2.0, 5000.0),
        ];
        let ranked = rank(all.into_iter().flatten(), 1000.0, 3);
        let shown: Vec<_> = ranked.iter().map(|l| (l.symbol.as_str(), l.change_pct)).collect();
        assert_eq!(shown, [("DOWN", -50.0), ("A", -25.0), ("B", -25.0)]);
    }
}
