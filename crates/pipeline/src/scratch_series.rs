//! Series that reuse their memory from symbol to symbol.

use std::sync::{Mutex, PoisonError};

use bars::{Series, Span, Symbol};
use bars_io::Source;

/// Unused series of a job, at most one per thread.
///
/// If they were freed after every symbol, these megabytes would be returned to the kernel and
/// mapped again page by page.
#[derive(Debug, Default)]
pub struct SpareSeries(Mutex<Vec<Series>>);

impl SpareSeries {
    /// Reads the bars of `symbol` within `span`, without numbers of trades, and calls `look` with
    /// them.
    pub fn with_prices<T>(
        &self,
        source: &dyn Source,
        symbol: &Symbol,
        span: Span,
        look: impl FnOnce(&Series) -> T,
    ) -> bars_io::Result<T> {
        let spare = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut series = spare().pop().unwrap_or_default();
        source.prices(symbol, span, &mut series)?;
        let seen = look(&series);
        spare().push(series);
        Ok(seen)
    }
}
