//! The cycles of a mode as they lie in time.

/// A peak or a trough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its sample.
    pub at: usize,
    /// Whether it is a peak.
    pub is_peak: bool,
}

/// The strict local maxima and minima of `mode`, in time order; of a run of equal samples it is the middle (rounded down), and
/// a run that touches an end is none. These are the extrema as one sees them; those that sifting goes by
/// ([`crate::extrema`]) follow another library's rules at the ends.
pub fn turns(mode: &[f64]) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut run = 0;
    for i in 1..mode.len() {
        if mode[i] == mode[i - 1] {
            continue;
        }
        // The run of equal samples is `run..i`.
        if run > 0 {
            let (rose, falls) = (mode[run] > mode[run - 1], mode[i] < mode[i - 1]);
            if rose == falls {
                turns.push(Turn { at: (run + i - 1) / 2, is_peak: rose });
            }
        }
        run = i;
    }
    turns
}

/// Every three successive [`turns`] of `mode` that alternate: peak, trough, peak or trough, peak, trough.
///
/// ```
/// assert_eq!(emd::brackets(&[0.0, 2.0, 2.0, 1.0, 3.0, 0.0]), [[1, 3, 4]]);
/// ```
pub fn brackets(mode: &[f64]) -> Vec<[usize; 3]> {
    let alternate = |w: &&[Turn]| w[0].is_peak != w[1].is_peak && w[1].is_peak != w[2].is_peak;
    turns(mode).windows(3).filter(alternate).map(|w| [w[0].at, w[1].at, w[2].at]).collect()
}

#[cfg(test)]
mod tests {
    use super::brackets;

    #[test]
    fn ends_and_plateaus() {
        assert!(brackets(&[]).is_empty());
        assert!(brackets(&[1.0; 8]).is_empty());
        assert!(brackets(&[1.0, 1.0, 0.0, 2.0, 2.0]).is_empty());
        assert_eq!(brackets(&[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.5]), [[1, 3, 5]]);
    }
}
