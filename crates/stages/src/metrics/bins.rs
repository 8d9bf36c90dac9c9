//! The width of the bins of a window.

use bars::Window;

/// Minimum number of bins of a window without a rule of its own.
const MIN_BINS: i32 = 60;

/// Returns the width of a window's bins: 1h -> 1m, 4h -> 3m, 6h -> 5m, 12h -> 10m, 24h -> 20m, 72h
/// -> 60m, 168h -> 120m. Any other window: the largest whole number of minutes that divides it into
/// at least 60 bins, or 1m.
///
/// ```
/// let width = |window: &str| stages::metrics::bin_minutes(window.parse().unwrap()).minutes();
/// assert_eq!((width("1h"), width("24h"), width("48h")), (1, 20, 48));
/// ```
pub fn bin_minutes(window: Window) -> Window {
    let minutes = window.minutes();
    let width = match minutes {
        60 => 1,
        240 => 3,
        360 => 5,
        720 => 10,
        1440 => 20,
        4320 => 60,
        10080 => 120,
        _ => (1..=minutes / MIN_BINS).rev().find(|width| minutes % width == 0).unwrap_or(1),
    };
    Window::from_minutes(width).unwrap_or(window)
}
