//! Turning points and cycles of a mode.

/// A peak or a trough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurningPoint {
    /// Index of the sample.
    pub index: usize,
    /// Whether it is a peak; else it is a trough.
    pub is_peak: bool,
}

/// The strict local maxima and minima of `mode`, in time order.
///
/// A run of equal samples counts as one sample, its middle (rounded down); a run that touches an
/// end is not a turning point. Unlike [`crate::extrema`], which follows EMD-signal's rules at the
/// ends and sees the extrema as sifting does, this is the plain definition.
///
/// ```
/// let turning_points = emd::turning_points(&[0.0, 2.0, 2.0, 1.0, 3.0]);
/// assert_eq!(turning_points.iter().map(|point| (point.index, point.is_peak)).collect::<Vec<_>>(), [(1, true), (3, false)]);
/// ```
pub fn turning_points(mode: &[f64]) -> Vec<TurningPoint> {
    let mut points = Vec::new();
    // Start of the current run of equal samples.
    let mut run = 0;
    for i in 1..mode.len() {
        if mode[i] == mode[i - 1] {
            continue;
        }
        if run > 0 {
            let (rose, falls) = (mode[run] > mode[run - 1], mode[i] < mode[i - 1]);
            if rose == falls {
                points.push(TurningPoint { index: (run + i - 1) / 2, is_peak: rose });
            }
        }
        run = i;
    }
    points
}

/// The half-overlapping cycles of `mode`: every three successive [`turning_points`] that alternate,
/// peak, trough, peak or trough, peak, trough, as indices of samples.
///
/// ```
/// assert_eq!(emd::brackets(&[0.0, 2.0, 2.0, 1.0, 3.0, 0.0]), [[1, 3, 4]]);
/// ```
pub fn brackets(mode: &[f64]) -> Vec<[usize; 3]> {
    let alternate =
        |w: &&[TurningPoint]| w[0].is_peak != w[1].is_peak && w[1].is_peak != w[2].is_peak;
    turning_points(mode)
        .windows(3)
        .filter(alternate)
        .map(|w| [w[0].index, w[1].index, w[2].index])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::brackets;

    #[test]
    fn plateaus_count_once_and_not_at_the_ends() {
        assert!(brackets(&[]).is_empty());
        assert!(brackets(&[1.0; 8]).is_empty());
        assert!(brackets(&[1.0, 1.0, 0.0, 2.0, 2.0]).is_empty());
        assert_eq!(brackets(&[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.5]), [[1, 3, 5]]);
    }
}
