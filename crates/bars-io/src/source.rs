//! The trait of sources. Each kind of source is a module of this crate.

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

/// A source of bars. Its bars are clean: sorted, unique, and checked by [`bars::clean`].
///
/// Symbols are independent, so callers may read several in parallel; memory use is that of the
/// symbols being read, never of the market.
pub trait Source: Send + Sync {
    /// A short description for messages, without passwords.
    fn describe(&self) -> String;

    /// Every symbol with the span of its bars, ordered by symbol.
    ///
    /// # Errors
    /// The source cannot be read.
    fn catalog(&self) -> Result<Vec<Entry>>;

    /// The symbols, ordered; symbols without a bar may be included.
    ///
    /// # Errors
    /// The source cannot be read.
    fn symbols(&self) -> Result<Vec<Symbol>> {
        Ok(self.catalog()?.into_iter().map(|entry| entry.symbol).collect())
    }

    /// Those of `symbols` that have bars, with their spans, ordered by symbol: for commands that
    /// read a few symbols of a large market.
    ///
    /// # Errors
    /// The source cannot be read.
    fn entries(&self, symbols: &[Symbol]) -> Result<Vec<Entry>> {
        let wanted: BTreeSet<&Symbol> = symbols.iter().collect();
        Ok(self.catalog()?.into_iter().filter(|entry| wanted.contains(&entry.symbol)).collect())
    }

    /// The bars of `symbol` that open within `span`; empty if there are none.
    ///
    /// # Errors
    /// The source cannot be read.
    fn bars(&self, symbol: &Symbol, span: Span) -> Result<Series>;

    /// Replaces `into` with the bars of `symbol` that open within `span`, without their numbers of
    /// trades. Reading into the same series again reuses its memory.
    ///
    /// # Errors
    /// The source cannot be read.
    fn prices(&self, symbol: &Symbol, span: Span, into: &mut Series) -> Result<()> {
        *into = self.bars(symbol, span)?.without_trades();
        Ok(())
    }

    /// Replaces `into` with close and volume of the bars of `symbol` that open within `span`.
    ///
    /// # Errors
    /// The source cannot be read.
    fn closes(&self, symbol: &Symbol, span: Span, into: &mut Closes) -> Result<()> {
        into.copy_from(&self.bars(symbol, span)?);
        Ok(())
    }

    /// Returns whether any bar of `symbol` within `span` has a number of trades.
    ///
    /// # Errors
    /// The source cannot be read.
    fn has_trades(&self, symbol: &Symbol, span: Span) -> Result<bool> {
        Ok(self.bars(symbol, span)?.trades().is_some())
    }

    /// Findings in the rows read so far.
    fn findings(&self) -> Findings;
}

/// The close of the newest bar in a catalog.
pub fn newest_close(catalog: &[Entry]) -> Option<AsOf> {
    catalog.iter().map(|entry| AsOf::close_of(entry.last)).max()
}
