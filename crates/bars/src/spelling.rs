//! Symbol normalization: one market has many spellings, such as Kraken's REST keys (`XXBTZUSD`),
//! its `wsname` (`XBT/USD`), its bulk files (`XBTUSD`), and what users store (`BTCUSD`, `BTC-USD`,
//! `btc_usd`).
//!
//! Two symbols are spellings of one market if they have the same [`key`]. A suffix of another
//! market (`:PERP`, `.d`) stays part of the key.

use std::collections::BTreeMap;

use crate::symbol::Symbol;

/// Assets that Kraken's REST keys spell with a leading X or Z.
const KRAKEN_ASSETS: [&str; 18] = [
    "XETC", "XETH", "XLTC", "XMLN", "XREP", "XXBT", "XXDG", "XXLM", "XXMR", "XXRP", "XZEC", "ZAUD",
    "ZCAD", "ZEUR", "ZGBP", "ZJPY", "ZUSD", "XICN",
];

/// Kraken's names of assets, and the common ones.
const ALIASES: [(&str, &str); 2] = [("XBT", "BTC"), ("XDG", "DOGE")];

/// Returns the normalized symbol: base and quote in capitals without a separator or legacy
/// prefixes, with `XBT` and `XDG` replaced by their common names.
///
/// ```
/// use bars::spelling::key;
/// for spelling in ["XXBTZUSD", "XBT/USD", "XBTUSD", "BTCUSD", "BTC-USD", "btc_usd"] {
///     assert_eq!(key(spelling), "BTCUSD");
/// }
/// assert_ne!(key("BTC/USDT:PERP"), key("BTC/USDT"));
/// ```
pub fn key(symbol: &str) -> String {
    let upper = symbol.trim().to_uppercase();
    let (market, suffix) = upper.split_at(upper.find([':', '.']).unwrap_or(upper.len()));
    let separators: Vec<usize> = market.match_indices(['/', '-', '_']).map(|(at, _)| at).collect();
    let pair = match separators[..] {
        [at] => Some((&market[..at], &market[at + 1..])),
        [] => kraken_pair(market),
        // Not a pair: only equal to itself.
        _ => return upper,
    };
    match pair {
        Some((base, quote)) => format!("{}{}{suffix}", common(asset(base)), common(asset(quote))),
        None => format!("{}{suffix}", common_ends(market)),
    }
}

/// Base assets that are pegged to the dollar; their changes are noise.
pub const STABLECOINS: [&str; 16] = [
    "USDT", "USDC", "DAI", "PYUSD", "TUSD", "USDS", "USDG", "RLUSD", "FDUSD", "USDD", "USDP",
    "GUSD", "BUSD", "USDE", "USD1", "FRAX",
];

/// Quote currencies by which pairs without a separator are split, longer ones first.
const QUOTES: [&str; 22] = [
    "FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDP", "DAI", "USD", "EUR", "GBP", "JPY", "AUD",
    "CAD", "CHF", "TRY", "BRL", "KRW", "BTC", "ETH", "BNB", "SOL", "XRP",
];

/// Splits a symbol into the common names of base and quote, in capitals; a suffix of another market
/// (`:PERP`) is ignored. `None` if it has no separator and ends with no known quote, or if nothing is
/// before or after the separator.
///
/// ```
/// use bars::spelling::assets;
/// let pair = |base: &str, quote: &str| Some((base.to_owned(), quote.to_owned()));
/// assert_eq!(assets("btc-usdt"), pair("BTC", "USDT"));
/// assert_eq!(assets("XXBTZUSD"), pair("BTC", "USD"));
/// assert_eq!(assets("1000PEPEUSDT"), pair("1000PEPE", "USDT"));
/// assert_eq!(assets("SOL/USDT:PERP"), pair("SOL", "USDT"));
/// assert_eq!(assets("AAPL"), None);
/// assert_eq!(assets("USDT/"), None);
/// ```
pub fn assets(symbol: &str) -> Option<(String, String)> {
    let upper = symbol.trim().to_uppercase();
    let market = &upper[..upper.find([':', '.']).unwrap_or(upper.len())];
    let pair = match market.split_once(['/', '-', '_']) {
        Some(pair) => Some(pair),
        None => kraken_pair(market),
    };
    if let Some((base, quote)) = pair {
        let both = (common(asset(base)).to_owned(), common(asset(quote)).to_owned());
        return Some(both).filter(|(base, quote)| !base.is_empty() && !quote.is_empty());
    }
    let market = common_ends(market);
    let split = |quote: &&str| market.strip_suffix(*quote).filter(|base| !base.is_empty());
    let quote = QUOTES.iter().find(|quote| split(quote).is_some())?;
    Some((split(quote)?.to_owned(), (*quote).to_owned()))
}

/// Splits one of Kraken's REST keys into base and quote: two legacy assets, or `USDT` and one.
fn kraken_pair(market: &str) -> Option<(&str, &str)> {
    if market.len() != 8 || !market.is_ascii() {
        return None;
    }
    let (base, quote) = market.split_at(4);
    let known = |asset: &str| KRAKEN_ASSETS.contains(&asset);
    ((known(base) || base == "USDT") && known(quote)).then_some((base, quote))
}

/// Returns an asset without Kraken's legacy prefix.
fn asset(name: &str) -> &str {
    if KRAKEN_ASSETS.contains(&name) { &name[1..] } else { name }
}

fn common(asset: &str) -> &str {
    ALIASES.iter().find(|(kraken, _)| *kraken == asset).map_or(asset, |(_, common)| common)
}

/// Replaces Kraken's names at either end of a pair without separator.
fn common_ends(market: &str) -> String {
    let mut pair = market.to_owned();
    for (kraken, name) in ALIASES {
        if pair.strip_prefix(kraken).is_some_and(|quote| quote.len() >= 3) {
            pair.replace_range(..kraken.len(), name);
        }
        if pair.strip_suffix(kraken).is_some_and(|base| base.len() >= 2) {
            pair.replace_range(pair.len() - kraken.len().., name);
        }
    }
    pair
}

/// The result of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The symbol itself.
    Exact(Symbol),
    /// One symbol with another spelling.
    Spelled(Symbol),
    /// Several symbols with other spellings.
    Ambiguous(Vec<Symbol>),
    /// No symbol.
    Nothing,
}

/// The symbols of a source, found under any spelling.
#[derive(Clone, Debug, Default)]
pub struct Directory(BTreeMap<String, Vec<Symbol>>);

impl Directory {
    /// Finds `symbol` under its own spelling, else under another.
    pub fn find(&self, symbol: &Symbol) -> Found {
        let alike = self.0.get(&key(symbol.as_str())).map_or(&[][..], Vec::as_slice);
        match alike {
            _ if alike.contains(symbol) => Found::Exact(symbol.clone()),
            [] => Found::Nothing,
            [one] => Found::Spelled(one.clone()),
            several => Found::Ambiguous(several.to_vec()),
        }
    }
}

impl Directory {
    /// The markets with several symbols in the source, which would be counted several times.
    pub fn several_names(&self) -> impl Iterator<Item = &[Symbol]> {
        self.0.values().map(Vec::as_slice).filter(|names| names.len() > 1)
    }
}

impl<'a> FromIterator<&'a Symbol> for Directory {
    fn from_iter<I: IntoIterator<Item = &'a Symbol>>(symbols: I) -> Directory {
        let mut directory: BTreeMap<String, Vec<Symbol>> = BTreeMap::new();
        for symbol in symbols {
            directory.entry(key(symbol.as_str())).or_default().push(symbol.clone());
        }
        Directory(directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_market_have_one_key() {
        for (market, spellings) in [
            ("ETHBTC", &["XETHXXBT", "ETH/XBT", "ETHXBT", "ETH-BTC"][..]),
            ("DOGEBTC", &["XXDGXXBT", "XDG/XBT", "XDGXBT", "DOGE/BTC"]),
            ("DOGEUSDT", &["XDGUSDT", "DOGE_USDT", "dogeusdt"]),
            ("USDTUSD", &["USDTZUSD", "USDT/USD"]),
            ("XTZUSD", &["XTZUSD", "XTZ/USD"]),
            ("XMRUSD", &["XXMRZUSD", "XMR/USD", "XMRUSD"]),
            ("XBTUSD.D", &["XBTUSD.d"]),
        ] {
            for spelling in spellings {
                let expected = market.replace("XBTUSD.D", "BTCUSD.D");
                assert_eq!(key(spelling), expected, "{spelling}");
            }
        }
    }

    #[test]
    fn lookups_prefer_the_exact_symbol_and_report_ambiguity() {
        let symbols: Vec<Symbol> =
            ["BTC/USD", "ETH-USD", "ETHUSD", "A/B/C"].map(|s| s.parse().unwrap()).into();
        let directory: Directory = symbols.iter().collect();
        let find = |text: &str| directory.find(&text.parse().unwrap());
        assert_eq!(find("BTC/USD"), Found::Exact(symbols[0].clone()));
        assert_eq!(find("XXBTZUSD"), Found::Spelled(symbols[0].clone()));
        assert_eq!(find("ETHUSD"), Found::Exact(symbols[2].clone()));
        assert_eq!(find("ETH/USD"), Found::Ambiguous(symbols[1..3].to_vec()));
        assert_eq!(directory.several_names().collect::<Vec<_>>(), [&symbols[1..3]]);
        assert_eq!(find("SOL/USD"), Found::Nothing);
        assert_eq!(find("A/B/C"), Found::Exact(symbols[3].clone()));
    }
}
