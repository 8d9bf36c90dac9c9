//! Upswings of one mode: cycles from peak to peak.

/// A cycle from one peak of a mode to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Upswing {
    /// Index of the mode, from 0.
    pub imf: usize,
    /// Sample of the first peak.
    pub start: usize,
    /// Sample of the second peak.
    pub end: usize,
    /// Change of the original series from the first peak to the second, in percent of the first;
    /// not finite if that is 0.
    pub amplitude_pct: f64,
}

impl Upswing {
    /// Length in samples.
    pub fn duration(&self) -> usize {
        self.end - self.start
    }
}

/// Returns the upswings of a mode, with amplitudes measured on `original`.
///
/// ```
/// use stages::cohort_cycles::cycle::upswings_of_mode;
///
/// let mode = [0.0, 1.0, 0.0, 1.0, 0.0, 2.0, 0.0];
/// let price = [9.0, 10.0, 9.0, 12.0, 9.0, 6.0, 9.0];
/// let found = upswings_of_mode(0, &mode, &price);
/// assert_eq!((found[0].start, found[0].end, found[0].amplitude_pct), (1, 3, 20.0));
/// assert_eq!((found[1].start, found[1].end, found[1].amplitude_pct), (3, 5, -50.0));
/// ```
pub fn upswings_of_mode(imf: usize, mode: &[f64], original: &[f64]) -> Vec<Upswing> {
    let peaks: Vec<usize> = emd::turning_points(mode)
        .iter()
        .filter(|point| point.is_peak)
        .map(|point| point.index)
        .collect();
    let cycle = |pair: &[usize]| {
        let (start, end) = (pair[0], pair[1]);
        let amplitude_pct = (original[end] - original[start]) / original[start] * 100.0;
        Upswing { imf, start, end, amplitude_pct }
    };
    peaks.windows(2).map(cycle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upswings_go_from_peak_to_peak() {
        let mode = [0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 2.0, 0.0];
        let original = [1.0, 10.0, 1.0, 1.0, 12.0, 1.0, 1.0, 6.0, 1.0];
        let found = upswings_of_mode(3, &mode, &original);
        let cycle = |start, end, amplitude_pct| Upswing { imf: 3, start, end, amplitude_pct };
        assert_eq!(found, [cycle(1, 4, 20.0), cycle(4, 7, -50.0)]);
        assert_eq!(found[0].duration(), 3);
        assert!(upswings_of_mode(0, &[0.0; 9], &original).is_empty());
    }
}
