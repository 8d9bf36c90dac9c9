//! Robust scaling: centers and scales by quartiles, which outliers do not move.

use crate::{Error, Points};

/// Subtracts the median of each coordinate and divides by its interquartile range.
///
/// Quartiles are interpolated linearly (numpy's default). A range of 0, of a few rounding errors,
/// or one that overflows counts as
/// 1. Checked against scikit-learn's `RobustScaler`.
///
/// ```
/// use clustering::{Points, scale::RobustScaler};
///
/// let points = Points::new(&[1.0, 2.0, 3.0, 4.0, 100.0], 1)?;
/// let scaler = RobustScaler::fit(points);
/// assert_eq!((&scaler.center[..], &scaler.scale[..]), (&[3.0][..], &[2.0][..]));
/// assert_eq!(scaler.transform(points)?, [-1.0, -0.5, 0.0, 0.5, 48.5]);
/// # Ok::<(), clustering::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RobustScaler {
    /// The median of each coordinate; 0 if there were no points.
    pub center: Vec<f64>,
    /// The divisor of each coordinate; 1 if there were no points.
    pub scale: Vec<f64>,
}

impl RobustScaler {
    /// Measures `points`.
    pub fn fit(points: Points<'_>) -> Self {
        let dim = points.dim();
        let mut scaler = Self { center: vec![0.0; dim], scale: vec![1.0; dim] };
        if points.is_empty() {
            return scaler;
        }
        for d in 0..dim {
            let mut column: Vec<f64> =
                points.values().iter().skip(d).step_by(dim).copied().collect();
            column.sort_by(f64::total_cmp);
            scaler.center[d] = percentile(&column, 50.0);
            let range = percentile(&column, 75.0) - percentile(&column, 25.0);
            // The first limit is scikit-learn's.
            let is_degenerate = range < 10.0 * f64::EPSILON || !range.is_finite();
            scaler.scale[d] = if is_degenerate { 1.0 } else { range };
        }
        scaler
    }

    /// The scaled coordinates of `points`, point after point.
    ///
    /// # Errors
    /// [`Error::Dimension`] if `points` do not have the dimension that was fitted.
    pub fn transform(&self, points: Points<'_>) -> Result<Vec<f64>, Error> {
        let (expected, found) = (self.center.len(), points.dim());
        if expected != found {
            return Err(Error::Dimension { expected, found });
        }
        let mut scaled = points.values().to_vec();
        for point in scaled.chunks_exact_mut(expected) {
            for ((x, center), scale) in point.iter_mut().zip(&self.center).zip(&self.scale) {
                *x = (*x - center) / scale;
            }
        }
        Ok(scaled)
    }
}

/// The `percent`-th percentile of sorted values, at least one, by linear interpolation (numpy's
/// default).
pub(crate) fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = last as f64 * percent / 100.0;
    let below = (position.floor() as usize).min(last);
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    let t = position - below as f64;
    // numpy rounds this way.
    if t >= 0.5 { b - (b - a) * (1.0 - t) } else { a + (b - a) * t }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degenerate_ranges_count_as_one() {
        assert_eq!(RobustScaler::fit(Points::new(&[], 2).unwrap()).scale, [1.0, 1.0]);
        let one = RobustScaler::fit(Points::new(&[7.0], 1).unwrap());
        assert_eq!((&one.center[..], &one.scale[..]), (&[7.0][..], &[1.0][..]));
        assert_eq!(one.transform(Points::new(&[8.0], 1).unwrap()).unwrap(), [1.0]);
        let wide = Points::new(&[f64::MIN, f64::MAX, 0.0], 1).unwrap();
        assert_eq!(RobustScaler::fit(wide).scale, [f64::MAX]);
    }

    #[test]
    fn another_dimension_is_an_error() {
        let scaler = RobustScaler::fit(Points::new(&[1.0, 2.0], 2).unwrap());
        let found = scaler.transform(Points::new(&[1.0, 2.0, 3.0], 3).unwrap());
        assert_eq!(found, Err(Error::Dimension { expected: 2, found: 3 }));
    }
}
