//! The trait of targets, and a target that counts.

use std::sync::atomic::{AtomicUsize, Ordering};

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

/// A target that counts the symbols it stored, for a report if a later one fails. A symbol that is
/// stored in several parts counts several times.
pub struct CountingTarget {
    target: Box<dyn Target>,
    stored: AtomicUsize,
}

impl CountingTarget {
    /// Creates a target that stores bars in `target`.
    pub fn new(target: Box<dyn Target>) -> CountingTarget {
        CountingTarget { target, stored: AtomicUsize::new(0) }
    }

    /// Number of symbols stored so far.
    pub fn stored(&self) -> usize {
        self.stored.load(Ordering::Relaxed)
    }
}

impl Target for CountingTarget {
    fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize> {
        let new = self.target.upsert(symbol, series)?;
        self.stored.fetch_add(1, Ordering::Relaxed);
        Ok(new)
    }

    fn held(&self) -> Result<Vec<Entry>> {
        self.target.held()
    }
}
