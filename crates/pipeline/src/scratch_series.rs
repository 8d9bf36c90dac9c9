//! A series per thread whose memory is reused from symbol to symbol.

use std::cell::Cell;

use bars::{Series, Span, Symbol};
use bars_io::Source;

thread_local! {
    /// Freed after every symbol, these megabytes would go back to the kernel and be mapped again page by page.
    static SERIES: Cell<Series> = Cell::default();
}

/// Reads the bars of `symbol` within `span`, without numbers of trades, and calls `look` with them.
pub fn with_prices<T>(
    source: &dyn Source,
    symbol: &Symbol,
    span: Span,
    look: impl FnOnce(&Series) -> T,
) -> bars_io::Result<T> {
    let mut series = SERIES.take();
    source.prices(symbol, span, &mut series)?;
    let seen = look(&series);
    SERIES.set(series);
    Ok(seen)
}
