//! Statistics shared by several stages.

/// Returns the `percent`-th percentile of `sorted` (ascending, not empty): linear interpolation
/// between order statistics at `(n - 1) percent / 100`, as numpy's default.
///
/// ```
/// assert_eq!(stages::stats::percentile(&[1.0, 2.0, 4.0, 8.0], 75.0), 5.0);
/// ```
pub fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = last as f64 * percent / 100.0;
    let below = (position.floor() as usize).min(last);
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    a + (b - a) * (position - below as f64)
}

/// Returns mean and standard deviation (ddof 0) of `values`, which must not be empty.
///
/// ```
/// assert_eq!(stages::stats::mean_and_std(&[1.0, 3.0]), (2.0, 1.0));
/// ```
pub fn mean_and_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Returns the value if it is finite, else NaN.
pub(crate) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_equal_numpy() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (percent, expected) in [(0.0, 1.0), (50.0, 3.0), (75.0, 5.0), (95.0, 7.4), (100.0, 8.0)]
        {
            assert!((percentile(&sorted, percent) - expected).abs() < 1e-12, "{percent}");
        }
        assert_eq!(percentile(&[3.0], 95.0), 3.0);
        assert_eq!(mean_and_std(&[1.0, 3.0]), (2.0, 1.0));
    }
}
