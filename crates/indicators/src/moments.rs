//! Sums, means, standard deviations, higher moments, medians.

use crate::order::{key, number};
use crate::window::{rolling, rolling_pair};

/// Accumulators of a sum: processors add four numbers at once, and the order is fixed.
const LANES: usize = 4;

/// The sum of `f(t)` for `t` in `0..n`, in [`LANES`] accumulators.
pub(crate) fn sum_by(n: usize, f: impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let whole = n - n % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    let tail: f64 = (whole..n).map(f).sum();
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + tail
}

/// A sum to which numbers are added one by one; after each its bits are those of [`sum_by`] over
/// the numbers so far.
#[derive(Default)]
pub(crate) struct RunningSum {
    lanes: [f64; LANES],
    tail: [f64; LANES],
    tail_len: usize,
}

impl RunningSum {
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        self.tail[self.tail_len] = x;
        self.tail_len += 1;
        if self.tail_len == LANES {
            self.lanes.iter_mut().zip(self.tail).for_each(|(sum, x)| *sum += x);
            self.tail_len = 0;
        }
        let (lanes, tail) = (&self.lanes, self.tail[..self.tail_len].iter().sum::<f64>());
        (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + tail
    }
}

/// The sum; 0 if empty. Unit of `x`.
///
/// ```
/// assert_eq!(indicators::moments::sum(&[1.0, 2.0, 3.5]), 6.5);
/// ```
pub fn sum(x: &[f64]) -> f64 {
    sum_by(x.len(), |t| x[t])
}

/// [`sum`] of the last `period` entries, at every entry, rolling.
///
/// ```
/// assert_eq!(indicators::moments::sum_series(&[1.0, 2.0, 3.5], 2)[1..], [3.0, 5.5]);
/// ```
pub fn sum_series(x: &[f64], period: usize) -> Vec<f64> {
    rolling(x.len(), period, |window| sum(&x[window]))
}

/// The smallest and the largest entry; NaN if empty. Unit of `x`.
///
/// ```
/// assert_eq!(indicators::moments::range(&[3.0, 1.0, 2.0]), (1.0, 3.0));
/// ```
pub fn range(x: &[f64]) -> (f64, f64) {
    let Some(&first) = x.first() else {
        return (f64::NAN, f64::NAN);
    };
    let (mut low, mut high) = ([first; LANES], [first; LANES]);
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            low[lane] = if chunk[lane] < low[lane] { chunk[lane] } else { low[lane] };
            high[lane] = if chunk[lane] > high[lane] { chunk[lane] } else { high[lane] };
        }
    }
    let all = low.iter().chain(rest).copied().fold(first, f64::min);
    (all, high.iter().chain(rest).copied().fold(first, f64::max))
}

/// [`range`] of the last `period` entries, at every entry, rolling: lows and highs (the Donchian
/// channel, of lows and highs).
///
/// ```
/// let (low, high) = indicators::moments::range_series(&[3.0, 1.0, 2.0], 2);
/// assert_eq!((&low[1..], &high[1..]), (&[1.0, 1.0][..], &[3.0, 2.0][..]));
/// ```
pub fn range_series(x: &[f64], period: usize) -> (Vec<f64>, Vec<f64>) {
    rolling_pair(x.len(), period, |window| range(&x[window]))
}

/// Mean and sample variance (ddof 1). The mean is NaN if `x` is empty, the variance with fewer than
/// two entries. The mean of a constant is exactly that constant, its variance exactly 0.
///
/// ```
/// assert_eq!(indicators::moments::mean_and_variance(&[1.0, 2.0, 3.0]), (2.0, 1.0));
/// ```
pub fn mean_and_variance(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let (low, high) = range(x);
    if x.len() < 2 {
        return (low, f64::NAN);
    }
    if low == high {
        return (low, 0.0);
    }
    let mean = sum(x) / n;
    let squares = sum_by(x.len(), |t| (x[t] - mean) * (x[t] - mean));
    (mean, squares / (n - 1.0))
}

/// Mean; NaN if empty. For a series see [`crate::average::sma_series`].
///
/// ```
/// assert_eq!(indicators::moments::mean(&[1.0, 2.0, 6.0]), 3.0);
/// ```
pub fn mean(x: &[f64]) -> f64 {
    mean_and_variance(x).0
}

/// Sample standard deviation (ddof 1); NaN with fewer than two entries. Of log returns it is the
/// realized volatility per bin.
///
/// ```
/// assert_eq!(indicators::moments::std(&[1.0, 2.0, 3.0]), 1.0);
/// ```
pub fn std(x: &[f64]) -> f64 {
    mean_and_variance(x).1.sqrt()
}

/// [`std()`] of the last `period` entries, at every entry, rolling.
///
/// ```
/// assert_eq!(indicators::moments::std_series(&[1.0, 2.0, 3.0, 3.0, 3.0], 3)[2..], [1.0, 1.0 / 3_f64.sqrt(), 0.0]);
/// ```
pub fn std_series(x: &[f64], period: usize) -> Vec<f64> {
    rolling(x.len(), period, |window| std(&x[window]))
}

/// Skewness `m3 / m2^1.5` and excess kurtosis `m4 / m2^2 - 3` of population moments; NaN with fewer
/// than three entries or if all are equal. No unit.
///
/// ```
/// let (skewness, kurtosis) = indicators::moments::skew_and_kurtosis(&[1.0, 2.0, 3.0]);
/// assert_eq!(skewness, 0.0);
/// assert!((kurtosis + 1.5).abs() < 1e-12);
/// ```
pub fn skew_and_kurtosis(x: &[f64]) -> (f64, f64) {
    let (mean, variance) = mean_and_variance(x);
    if x.len() < 3 || variance == 0.0 {
        return (f64::NAN, f64::NAN);
    }
    let n = x.len() as f64;
    let moment = |power: i32| sum_by(x.len(), |t| (x[t] - mean).powi(power)) / n;
    let (m2, m3, m4) = (moment(2), moment(3), moment(4));
    if m2 == 0.0 { (f64::NAN, f64::NAN) } else { (m3 / (m2 * m2.sqrt()), m4 / (m2 * m2) - 3.0) }
}

/// [`skew_and_kurtosis`] of the last `period` entries, at every entry, rolling.
///
/// ```
/// let (skewness, _) = indicators::moments::skew_and_kurtosis_series(&[9.0, 1.0, 2.0, 3.0], 3);
/// assert!(skewness[1].is_nan());
/// assert_eq!(skewness[3], 0.0);
/// ```
pub fn skew_and_kurtosis_series(x: &[f64], period: usize) -> (Vec<f64>, Vec<f64>) {
    rolling_pair(x.len(), period, |window| skew_and_kurtosis(&x[window]))
}

/// Median, the mean of the two middle entries for an even number of them; NaN if empty. Overwrites
/// `scratch`. Unit of `x`.
///
/// ```
/// assert_eq!(indicators::moments::median(&[4.0, 1.0, 2.0, 9.0], &mut Vec::new()), 3.0);
/// ```
pub fn median(x: &[f64], scratch: &mut Vec<i64>) -> f64 {
    scratch.clear();
    scratch.extend(x.iter().map(|&x| key(x)));
    select_middle(scratch)
}

/// [`median`] of the last `period` entries, at every entry, rolling.
///
/// ```
/// assert_eq!(indicators::moments::median_series(&[4.0, 1.0, 2.0, 9.0], 3)[2..], [2.0, 2.0]);
/// ```
pub fn median_series(x: &[f64], period: usize) -> Vec<f64> {
    let mut scratch = Vec::new();
    rolling(x.len(), period, |window| median(&x[window], &mut scratch))
}

/// Median absolute deviation from `center`, without a scale factor; NaN if empty. Overwrites
/// `scratch`. Unit of `x`.
///
/// ```
/// assert_eq!(indicators::moments::mad(&[1.0, 2.0, 9.0], 2.0, &mut Vec::new()), 1.0);
/// ```
pub fn mad(x: &[f64], center: f64, scratch: &mut Vec<i64>) -> f64 {
    scratch.clear();
    scratch.extend(x.iter().map(|&x| key((x - center).abs())));
    select_middle(scratch)
}

/// [`mad`] of the last `period` entries from their median, at every entry, rolling.
///
/// ```
/// assert_eq!(indicators::moments::mad_series(&[1.0, 2.0, 9.0], 3)[2..], [1.0]);
/// ```
pub fn mad_series(x: &[f64], period: usize) -> Vec<f64> {
    let mut scratch = Vec::new();
    rolling(x.len(), period, |window| {
        let center = median(&x[window.clone()], &mut scratch);
        mad(&x[window], center, &mut scratch)
    })
}

/// The median of the numbers that `keys` stand for.
fn select_middle(keys: &mut [i64]) -> f64 {
    let n = keys.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, &mut middle, _) = keys.select_nth_unstable(n / 2);
    match below.iter().max() {
        Some(&next) if n.is_multiple_of(2) => 0.5 * (number(next) + number(middle)),
        _ => number(middle),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive_median(x: &[f64]) -> f64 {
        let mut sorted = x.to_vec();
        sorted.sort_by(f64::total_cmp);
        0.5 * (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2])
    }

    proptest! {
        #[test]
        fn moments_match_their_definitions(x in prop::collection::vec(-9.0_f64..9.0, 3..70)) {
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            let moment = |p: i32| x.iter().map(|v| (v - mean).powi(p)).sum::<f64>() / n;
            let (got_mean, got_variance) = mean_and_variance(&x);
            prop_assert!((got_mean - mean).abs() < 1e-12);
            prop_assert!((got_variance - moment(2) * n / (n - 1.0)).abs() < 1e-11);
            let (skew, kurtosis) = skew_and_kurtosis(&x);
            prop_assert!((skew - moment(3) / moment(2).powf(1.5)).abs() < 1e-8);
            prop_assert!((kurtosis - (moment(4) / moment(2).powi(2) - 3.0)).abs() < 1e-8);
            let ends = x.iter().fold((9.0_f64, -9.0_f64), |(a, b), &v| (a.min(v), b.max(v)));
            prop_assert_eq!(range(&x), ends);
        }

        #[test]
        fn median_and_mad_match_sorting(x in prop::collection::vec((-6_i32..12).prop_map(f64::from), 1..40)) {
            let scratch = &mut vec![7];
            let center = median(&x, scratch);
            prop_assert_eq!(center, naive_median(&x));
            let deviations: Vec<f64> = x.iter().map(|v| (v - center).abs()).collect();
            prop_assert_eq!(mad(&x, center, scratch), naive_median(&deviations));
        }
    }

    #[test]
    fn few_or_constant_entries_give_nan_or_zero() {
        let missing = |(a, b): (f64, f64)| a.is_nan() && b.is_nan();
        assert!(
            missing(mean_and_variance(&[]))
                && missing(range(&[]))
                && missing(skew_and_kurtosis(&[1.0, 2.0]))
        );
        assert!(
            std(&[1.0]).is_nan() && mean(&[1.0]) == 1.0 && mad(&[], 0.0, &mut Vec::new()).is_nan()
        );
        assert_eq!(mean_and_variance(&[0.1; 60]), (0.1, 0.0));
        assert!(missing(skew_and_kurtosis(&[0.1; 60])));
    }
}
