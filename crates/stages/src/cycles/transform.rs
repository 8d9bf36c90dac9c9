//! The series that are decomposed: logarithms of price and volume.

use super::detrend::detrend;
use crate::stats::percentile;

/// Lower bound of prices, so that logarithms are finite.
const LEAST_PRICE: f64 = 1e-9;

/// Returns `ln(max(close, 1e-9))`, without its robust line if `detrended`.
///
/// ```
/// use std::f64::consts::E;
/// assert_eq!(stages::cycles::transform::price(&[1.0, E], false), [0.0, 1.0]);
/// ```
pub fn price(close: &[f64], detrended: bool) -> Vec<f64> {
    let logs: Vec<f64> = close.iter().map(|close| libm::log(close.max(LEAST_PRICE))).collect();
    if detrended { detrend(&logs) } else { logs }
}

/// Returns `ln(1 + volume)`, with volume clamped to its 1st and 99th percentile if `winsorized`.
///
/// ```
/// // A single burst of volume is brought down to the 99th percentile before the logarithm.
/// let mut traded = vec![0.0; 1000];
/// traded[500] = 1e9;
/// let logs = stages::cycles::transform::volume(&traded, true);
/// assert_eq!(logs[500], 0.0);
/// ```
pub fn volume(volume: &[f64], winsorized: bool) -> Vec<f64> {
    let (low, high) = if winsorized { limits(volume) } else { (f64::MIN, f64::MAX) };
    volume.iter().map(|volume| libm::log1p(volume.clamp(low, high))).collect()
}

/// Returns the 1st and 99th percentile.
fn limits(volume: &[f64]) -> (f64, f64) {
    let mut sorted = volume.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    if sorted.is_empty() {
        (0.0, 0.0)
    } else {
        (percentile(&sorted, 1.0), percentile(&sorted, 99.0))
    }
}

/// Returns whether all values are equal, so that there is nothing to decompose.
pub fn is_flat(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_outliers_are_clamped() {
        let raw: Vec<f64> = (0..=100).map(f64::from).collect();
        let drawn = volume(&raw, true);
        assert_eq!(
            (drawn[0], drawn[50], drawn[100]),
            (libm::log1p(1.0), libm::log1p(50.0), libm::log1p(99.0))
        );
        assert_eq!(volume(&raw, false)[100], libm::log1p(100.0));
        // A single trade among many minutes without is clamped to 0.
        let mut one = vec![0.0; 1000];
        one[500] = 7.0;
        assert!(is_flat(&volume(&one, true)) && !is_flat(&volume(&one, false)));
        assert!(volume(&[], true).is_empty() && is_flat(&[]));
    }

    #[test]
    fn prices_are_log_transformed() {
        assert_eq!(price(&[1.0, 1e-12], false), [0.0, libm::log(1e-9)]);
    }
}
