//! Kraken's pairs and tickers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Client;
use crate::decimal;
use crate::error::Result;
use bars::spelling;

/// Maximum number of pairs per request.
const BATCH: usize = 100;

/// A Kraken pair with its three names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The REST API's key: `XXBTZUSD`.
    pub key: String,
    /// Name in the archive: `XBTUSD`. Stores use this name, for bars of archive and API.
    pub altname: String,
    /// Base and quote: `XBT/USD`. Dark pool pairs (`.d`) have none.
    pub wsname: Option<String>,
}

impl Pair {
    /// Base and quote according to `wsname`.
    pub fn assets(&self) -> Option<(&str, &str)> {
        self.wsname.as_deref()?.split_once('/')
    }

    /// Returns whether `name` is exactly one of its names.
    pub fn is_called(&self, name: &str) -> bool {
        self.key == name || self.altname == name || self.wsname.as_deref() == Some(name)
    }
}

#[derive(Deserialize)]
struct AssetPair {
    altname: String,
    wsname: Option<String>,
}

/// Fetches every pair of the exchange, ordered by REST key.
///
/// # Errors
/// The request fails.
pub fn pairs(client: &Client) -> Result<Vec<Pair>> {
    let pairs: BTreeMap<String, AssetPair> = client.get("AssetPairs", &[])?;
    let pair =
        |(key, pair): (String, AssetPair)| Pair { key, altname: pair.altname, wsname: pair.wsname };
    Ok(pairs.into_iter().map(pair).collect())
}

/// The pairs, found under any spelling.
#[derive(Debug)]
pub struct Pairs(Vec<Pair>, BTreeMap<String, usize>);

impl Pairs {
    /// Creates a directory of `pairs`.
    pub fn new(pairs: Vec<Pair>) -> Pairs {
        let mut places = BTreeMap::new();
        // wsname separates base and quote, so its key is the most reliable: it is inserted last and
        // wins.
        let altnames = pairs.iter().map(|pair| Some(&pair.altname)).enumerate();
        let wsnames = pairs.iter().map(|pair| pair.wsname.as_ref()).enumerate();
        for (place, name) in altnames.chain(wsnames) {
            places.extend(name.map(|name| (spelling::key(name), place)));
        }
        Pairs(pairs, places)
    }

    /// Finds the pair named `name`, or else the same market under another spelling.
    pub fn find(&self, name: &str) -> Option<&Pair> {
        let exact = self.0.iter().find(|pair| pair.is_called(name));
        exact.or_else(|| self.1.get(&spelling::key(name)).map(|&place| &self.0[place]))
    }
}

/// A pair's day so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ticker {
    /// Price at 00:00 UTC.
    pub open: f64,
    /// Price of the last trade.
    pub last: f64,
    /// Volume of the last 24 hours, in units of the base asset.
    pub volume: f64,
}

#[derive(Deserialize)]
struct RawTicker {
    #[serde(default)]
    o: Value,
    #[serde(default)]
    c: Value,
    #[serde(default)]
    v: Value,
}

/// Fetches the tickers of the pairs with these REST keys; `None` if a number is missing or
/// unreadable.
///
/// # Errors
/// The request fails.
pub fn tickers(client: &Client, keys: &[&str]) -> Result<BTreeMap<String, Option<Ticker>>> {
    let mut tickers = BTreeMap::new();
    for batch in keys.chunks(BATCH) {
        let raw: BTreeMap<String, RawTicker> =
            client.get("Ticker", &[("pair", &batch.join(","))])?;
        tickers.extend(raw.into_iter().map(|(key, raw)| (key, read(&raw))));
    }
    Ok(tickers)
}

fn read(raw: &RawTicker) -> Option<Ticker> {
    // Newer responses once gave today's open as a list of today's and the previous day's.
    let open = number(&raw.o).or_else(|| number(raw.o.get(0)?))?;
    Some(Ticker { open, last: number(raw.c.get(0)?)?, volume: number(raw.v.get(1)?)? })
}

/// Returns a finite number given as text or number.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => decimal::parse(text),
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unreadable_tickers_are_none() {
        let read = |value: Value| read(&serde_json::from_value(value).unwrap());
        let whole = json!({"o": "2.0", "c": ["3.0", "1"], "v": ["1", "4.5"], "a": []});
        assert_eq!(read(whole), Some(Ticker { open: 2.0, last: 3.0, volume: 4.5 }));
        assert_eq!(read(json!({"o": 2, "c": [3], "v": [1, 4]})).map(|t| t.open), Some(2.0));
        for lacking in [
            json!({}),
            json!({"o": "2", "c": ["3"], "v": ["1"]}),
            json!({"o": "x", "c": ["3"], "v": ["1", "4"]}),
            json!({"o": "2", "c": ["nan"], "v": ["1", "4"]}),
            json!({"o": null, "c": ["3"], "v": ["1", "4"]}),
            json!({"o": "2", "c": "3", "v": ["1", "4"]}),
        ] {
            assert_eq!(read(lacking.clone()), None, "{lacking}");
        }
    }

    #[test]
    fn pairs_are_found_under_any_spelling() {
        let pair = |key: &str, altname: &str, wsname: Option<&str>| Pair {
            key: key.into(),
            altname: altname.into(),
            wsname: wsname.map(str::to_owned),
        };
        let pairs = Pairs::new(vec![
            pair("XXBTZUSD", "XBTUSD", Some("XBT/USD")),
            pair("XXBTZUSD.d", "XBTUSD.d", None),
            pair("XDGUSD", "XDGUSD", Some("XDG/USD")),
        ]);
        for name in ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC-USD", "btcusd"] {
            assert_eq!(pairs.find(name).map(|pair| pair.key.as_str()), Some("XXBTZUSD"), "{name}");
        }
        assert_eq!(pairs.find("DOGE/USD").map(|pair| pair.key.as_str()), Some("XDGUSD"));
        assert_eq!(pairs.find("XBTUSD.d").map(|pair| pair.key.as_str()), Some("XXBTZUSD.d"));
        assert_eq!(pairs.find("ETHUSD"), None);
    }
}
