//! The universe: which symbols of a source a ranking covers.
//!
//! ```
//! use bars_io::memory::MemorySource;
//! use pipeline::observer::Silent;
//! use pipeline::sample::{Market, MarketSettings};
//! use pipeline::universe::Universe;
//!
//! let market = Market::new(MarketSettings { symbols: 6, days: 2, ..Default::default() });
//! let catalog = bars_io::Source::catalog(&MemorySource::new(market.series()))?;
//! let universe = Universe { symbols: vec!["amberusd".to_owned(), "B*".to_owned()], ..Default::default() };
//! let chosen = universe.choose(&catalog, &Silent)?;
//! let names: Vec<&str> = chosen.iter().map(|entry| entry.symbol.as_str()).collect();
//! assert_eq!(names, ["AMBER/USD", "BASALT/USD"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use bars::spelling::{STABLECOINS, assets, key};
use bars::{Closes, Minute, Span, Symbol};
use bars_io::Entry;
use indicators::volume::quote_volume;
use serde::{Deserialize, Serialize};
use stages::features::output::matches;

use crate::error::{Error, Result};
use crate::observer::Observer;

/// Which symbols of a source are ranked. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Universe {
    /// Symbols to rank, under any spelling, or patterns with `*` and `?`; empty: all.
    pub symbols: Vec<String>,
    /// Symbols not to rank, in the same form.
    pub exclude: Vec<String>,
    /// Quote currencies; empty: all.
    pub quote: Vec<String>,
    /// Minimum mean volume per day over the lookback, in units of the quote currency.
    pub min_volume: f64,
    /// Whether to omit symbols with a stablecoin as base.
    pub no_stables: bool,
}

impl Universe {
    /// Whether all symbols are ranked.
    pub fn is_default(&self) -> bool {
        *self == Universe::default()
    }

    /// Returns the entries of the chosen symbols, without regard to volume, in the given order.
    ///
    /// # Errors
    /// [`Error::Stage`] if the minimum volume is not a number of at least 0, [`Error::Parameter`] if
    /// a symbol or quote is not in the catalog, or no symbol is left. An excluded symbol that is not in the catalog
    /// is a warning.
    pub fn choose(&self, catalog: &[Entry], observer: &dyn Observer) -> Result<Vec<Entry>> {
        if !(self.min_volume >= 0.0 && self.min_volume.is_finite()) {
            return Err(Error::out_of_range("min_volume", self.min_volume, "0 or more"));
        }
        let is_known = |pattern: &String| catalog.iter().any(|of| names(pattern, &of.symbol));
        if let Some(unknown) = self.symbols.iter().find(|pattern| !is_known(pattern)) {
            let problem = format!("no symbol of the source matches \"{unknown}\"");
            return Err(Error::parameter("symbols", problem));
        }
        for unknown in self.exclude.iter().filter(|pattern| !is_known(pattern)) {
            observer.warn(format!(
                "no symbol of the source matches \"{unknown}\", so none is excluded"
            ));
        }
        let quoted = |quote: &str, symbol: &Symbol| {
            assets(symbol.as_str()).is_some_and(|(_, own)| own == key(quote))
        };
        let is_quote = |quote: &String| catalog.iter().any(|of| quoted(quote, &of.symbol));
        if let Some(unknown) = self.quote.iter().find(|quote| !is_quote(quote)) {
            let problem = format!("no symbol of the source has the quote currency \"{unknown}\"");
            return Err(Error::parameter("quote", problem));
        }
        let is_stable = |symbol: &Symbol| {
            assets(symbol.as_str()).is_some_and(|(base, _)| STABLECOINS.contains(&base.as_str()))
        };
        let is_chosen = |of: &&Entry| {
            let symbol = &of.symbol;
            let is_any = |patterns: &[String]| patterns.iter().any(|own| names(own, symbol));
            (self.symbols.is_empty() || is_any(&self.symbols))
                && !is_any(&self.exclude)
                && (self.quote.is_empty() || self.quote.iter().any(|quote| quoted(quote, symbol)))
                && !(self.no_stables && is_stable(symbol))
        };
        let chosen: Vec<Entry> = catalog.iter().filter(is_chosen).cloned().collect();
        if chosen.is_empty() {
            // Each of the other choices alone was checked to leave some.
            let name = match () {
                () if !self.exclude.is_empty() => "exclude",
                () if self.no_stables => "no_stables",
                () if !self.quote.is_empty() => "quote",
                () => "symbols",
            };
            let problem = format!("none of the {} symbols of the source is left", catalog.len());
            return Err(Error::parameter(name, problem));
        }
        Ok(chosen)
    }

    /// Whether the bars of `span`, which has `days` days, have the minimum volume.
    pub(crate) fn has_volume(&self, bars: &Closes, span: Span, days: u32) -> bool {
        if self.min_volume == 0.0 {
            return true;
        }
        let index = |minute: Minute| bars.time.partition_point(|&time| time < minute);
        let range = index(span.start)..index(span.end);
        let volume = quote_volume(&bars.close[range.clone()], &bars.volume[range]);
        volume / f64::from(days) >= self.min_volume
    }
}

/// Whether `pattern` names the symbol: the same market under any spelling, or a match of `*` and
/// `?` in any case.
fn names(pattern: &str, symbol: &Symbol) -> bool {
    if pattern.contains(['*', '?']) {
        matches(&pattern.to_lowercase(), &symbol.as_str().to_lowercase())
    } else {
        pattern == symbol.as_str() || key(pattern) == key(symbol.as_str())
    }
}
