//! Windows over slices, which the series functions share.

use std::ops::Range;

/// The slices, cut to the length of the shortest.
#[inline(always)]
pub(crate) fn cut<const N: usize>(slices: [&[f64]; N]) -> [&[f64]; N] {
    let n = slices.iter().map(|slice| slice.len()).min().unwrap_or(0);
    slices.map(|slice| &slice[..n])
}

/// `value` of each window of `period` bins, at its last bin; NaN before the first whole window.
pub(crate) fn rolling(
    n: usize,
    period: usize,
    mut value: impl FnMut(Range<usize>) -> f64,
) -> Vec<f64> {
    let period = period.max(1);
    (1..=n).map(|end| if end < period { f64::NAN } else { value(end - period..end) }).collect()
}

/// [`rolling`] of two values at once.
pub(crate) fn rolling_pair(
    n: usize,
    period: usize,
    mut value: impl FnMut(Range<usize>) -> (f64, f64),
) -> (Vec<f64>, Vec<f64>) {
    let period = period.max(1);
    (1..=n)
        .map(|end| if end < period { (f64::NAN, f64::NAN) } else { value(end - period..end) })
        .unzip()
}
