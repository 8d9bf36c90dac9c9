//! Where bars go to.

use bars::{Series, Symbol};

use crate::error::Result;
use crate::source::Entry;

/// A place that takes bars.
pub trait Target: Send + Sync {
    /// Brings the bars of `series` in, all or none, and returns how many of its minutes were new.
    ///
    /// # Errors
    /// Where the place cannot be written; the symbol then is as it was.
    fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize>;

    /// What is there already: every symbol with the span of its bars, ordered by symbol.
    ///
    /// # Errors
    /// Where the place cannot be read.
    fn held(&self) -> Result<Vec<Entry>>;
}
