//! Where bars come from. Each place is a module of this crate behind one trait, [`Source`].

use std::collections::BTreeSet;

use crate::error::Result;
use bars::clean::Findings;
use bars::series::{Closes, Series};
use bars::symbol::Symbol;
use bars::time::{AsOf, Minute, Span};

/// A symbol of a source, and the open times of its first and last bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The symbol.
    pub symbol: Symbol,
    /// Open time of its oldest bar.
    pub first: Minute,
    /// Open time of its newest bar.
    pub last: Minute,
}

/// A place that holds bars. What it hands out is clean: sorted, unique, and judged by
/// [`bars::clean`].
///
/// Symbols are independent of each other, so a caller may ask for several at once; the memory in
/// use is that of the symbols in flight, never of the market.
pub trait Source: Send + Sync {
    /// The place in a few words for a person, without any password.
    fn describe(&self) -> String;

    /// Every symbol with the span of its bars, ordered by symbol.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn catalog(&self) -> Result<Vec<Entry>>;

    /// The names of the symbols, ordered; one that turns out to have no bar may be among them.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn symbols(&self) -> Result<Vec<Symbol>> {
        Ok(self.catalog()?.into_iter().map(|entry| entry.symbol).collect())
    }

    /// Those of `symbols` that have bars, with the span of these, ordered by symbol: what a command
    /// needs that is about a few symbols of a large market.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn entries(&self, symbols: &[Symbol]) -> Result<Vec<Entry>> {
        let wanted: BTreeSet<&Symbol> = symbols.iter().collect();
        Ok(self.catalog()?.into_iter().filter(|entry| wanted.contains(&entry.symbol)).collect())
    }

    /// The bars of `symbol` that open within `span`; empty where there are none.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn bars(&self, symbol: &Symbol, span: Span) -> Result<Series>;

    /// The bars of `symbol` that open within `span`, without their numbers of trades, in place of
    /// what `into` held: a series that is read into again and again keeps its memory.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn prices(&self, symbol: &Symbol, span: Span, into: &mut Series) -> Result<()> {
        *into = self.bars(symbol, span)?.without_trades();
        Ok(())
    }

    /// Close and volume of the bars of `symbol` that open within `span`, in place of what `into`
    /// held.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn closes(&self, symbol: &Symbol, span: Span, into: &mut Closes) -> Result<()> {
        into.copy_from(&self.bars(symbol, span)?);
        Ok(())
    }

    /// Whether any bar of `symbol` within `span` has a number of trades.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn has_trades(&self, symbol: &Symbol, span: Span) -> Result<bool> {
        Ok(self.bars(symbol, span)?.trades().is_some())
    }

    /// What was found in the rows read so far.
    fn findings(&self) -> Findings;
}

/// The close of the newest bar of a catalog.
pub fn newest_close(catalog: &[Entry]) -> Option<AsOf> {
    catalog.iter().map(|entry| AsOf::close_of(entry.last)).max()
}
