//! Bars for a moment: read, looked at, and their memory used for the next symbol.

use std::cell::Cell;

use bars::{Series, Span, Symbol};
use bars_io::Source;

thread_local! {
    /// Megabytes that would else go back to the kernel after every symbol, and come anew page by page.
    static SERIES: Cell<Series> = Cell::default();
}

/// Reads the bars of `symbol` within `span`, without numbers of trades, and hands them to `look`.
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
