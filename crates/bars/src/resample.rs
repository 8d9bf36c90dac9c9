//! Minutes into longer, epoch-aligned bins.

use crate::series::{Bar, Series};
use crate::time::Window;

/// Resamples a series into bins of `width`: first open, highest high, lowest low, last close, summed volume and
/// trades. A minute without a bar adds nothing; a bin without a bar does not exist. A bin's time is its start;
/// its trades are known where those of any of its bars are.
///
/// ```
/// use bars::{Bar, Minute, Series, Window, resample::resample};
/// let bar = |minute, close| Bar {
///     time: Minute::new(minute).unwrap(), open: close, high: close, low: close, close, volume: 1.0, trades: None,
/// };
/// let minutes: Series = [bar(0, 1.0), bar(4, 3.0), bar(5, 2.0)].into_iter().collect();
/// let bins = resample(&minutes, Window::of_minutes(5).unwrap());
/// assert_eq!(bins.close(), [3.0, 2.0]);
/// assert_eq!(bins.volume(), [2.0, 1.0]);
/// ```
pub fn resample(series: &Series, width: Window) -> Series {
    let mut bins: Vec<Bar> = Vec::new();
    for bar in series.iter() {
        let start = bar.time.floor(width);
        match bins.last_mut() {
            Some(bin) if bin.time == start => {
                bin.high = bin.high.max(bar.high);
                bin.low = bin.low.min(bar.low);
                bin.close = bar.close;
                bin.volume += bar.volume;
                bin.trades = match (bin.trades, bar.trades) {
                    (Some(a), Some(b)) => Some(a.saturating_add(b)),
                    (a, b) => a.or(b),
                };
            }
            _ => bins.push(Bar { time: start, ..bar }),
        }
    }
    bins.into_iter().collect()
}
