//! Robust scaling: what is far is told by quartiles, which outliers do not move.

/// Takes the median from each coordinate and divides by its range from the 25th to the 75th percentile (linear
/// interpolation); a range of 0 counts as 1.
///
/// ```
/// let scaler = clustering::scale::RobustScaler::fit(&[[1.0], [2.0], [3.0], [4.0], [100.0]]);
/// assert_eq!((scaler.center, scaler.scale), ([3.0], [2.0]));
/// assert_eq!(scaler.apply(&[5.0]), [1.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RobustScaler<const D: usize> {
    /// The medians; 0 where there was no point.
    pub center: [f64; D],
    /// What is divided by.
    pub scale: [f64; D],
}

impl<const D: usize> RobustScaler<D> {
    /// Measures `points`.
    pub fn fit(points: &[[f64; D]]) -> Self {
        let mut scaler = Self { center: [0.0; D], scale: [1.0; D] };
        if points.is_empty() {
            return scaler;
        }
        for d in 0..D {
            let mut column: Vec<f64> = points.iter().map(|point| point[d]).collect();
            column.sort_by(f64::total_cmp);
            scaler.center[d] = percentile(&column, 50.0);
            let range = percentile(&column, 75.0) - percentile(&column, 25.0);
            // scikit-learn takes ranges of a few roundings for none; so are those that overflow.
            let is_one = range < 10.0 * f64::EPSILON || !range.is_finite();
            scaler.scale[d] = if is_one { 1.0 } else { range };
        }
        scaler
    }

    /// Scales a point.
    pub fn apply(&self, point: &[f64; D]) -> [f64; D] {
        let mut scaled = *point;
        for d in 0..D {
            scaled[d] = (point[d] - self.center[d]) / self.scale[d];
        }
        scaled
    }
}

/// The `percent`-th percentile of sorted numbers: linear interpolation, as numpy's default. They must not be none.
pub(crate) fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = last as f64 * percent / 100.0;
    let below = (position.floor() as usize).min(last);
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    let t = position - below as f64;
    // numpy's way of rounding.
    if t >= 0.5 { b - (b - a) * (1.0 - t) } else { a + (b - a) * t }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_points() {
        assert_eq!(RobustScaler::<2>::fit(&[]).scale, [1.0, 1.0]);
        let one = RobustScaler::fit(&[[7.0]]);
        assert_eq!((one.center, one.scale, one.apply(&[8.0])), ([7.0], [1.0], [1.0]));
        assert_eq!(RobustScaler::fit(&[[f64::MIN], [f64::MAX], [0.0]]).scale, [f64::MAX]);
    }
}
