//! Resamples minutes into longer, epoch-aligned bins.

use std::ops::Range;

use crate::series::Series;
use crate::time::Window;

/// Resamples a series into bins of `width`: first open, highest high, lowest low, last close,
/// summed volume and trades. Bins without a bar are omitted. A bin's time is its start; its number
/// of trades is known if that of any of its bars is.
///
/// ```
/// use bars::{Bar, Minute, Series, Window, resample::resample};
/// let bar = |minute, close| Bar {
///     time: Minute::new(minute).unwrap(), open: close, high: close, low: close, close, volume: 1.0, trades: None,
/// };
/// let minutes: Series = [bar(0, 1.0), bar(4, 3.0), bar(5, 2.0)].into_iter().collect();
/// let bins = resample(&minutes, Window::from_minutes(5).unwrap());
/// assert_eq!(bins.close(), [3.0, 2.0]);
/// assert_eq!(bins.volume(), [2.0, 1.0]);
/// ```
pub fn resample(series: &Series, width: Window) -> Series {
    let mut bins = Series::default();
    bin(series, 0..series.len(), width, &mut bins);
    bins
}

/// [`resample`]s the bars at `range` into `bins`. Replaces the previous content and reuses the
/// memory.
pub fn bin(series: &Series, range: Range<usize>, width: Window, bins: &mut Series) {
    bins.clear();
    let mut at = range.start;
    while at < range.end {
        let start = series.time()[at].floor(width);
        let end = start.plus(width.minutes());
        let most = range.end.min(at + width.minutes() as usize);
        let next = at + series.time()[at..most].iter().take_while(|&&time| time < end).count();
        bins.push_merged(start, series, at..next);
        at = next;
    }
    bins.drop_empty_trades();
}
