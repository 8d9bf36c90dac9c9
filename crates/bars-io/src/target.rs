//! The trait of targets.

use bars::{Series, Symbol};

use crate::error::Result;
use crate::source::Entry;

/// A target of bars.
pub trait Target: Send + Sync {
    /// Stores the bars of `series`, all or none, and returns the number of new minutes.
    ///
    /// # Errors
    /// The target cannot be written; the symbol is then unchanged.
    fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize>;

    /// The stored symbols with the spans of their bars, ordered by symbol.
    ///
    /// # Errors
    /// The target cannot be read.
    fn held(&self) -> Result<Vec<Entry>>;
}
