//! The cycles of a mode as they lie in time.

/// Every three successive turning points of `mode` that alternate: peak, trough, peak or trough, peak, trough.
///
/// A turning point is a strict local maximum or minimum; of a run of equal samples it is the middle (rounded down), and a
/// run that touches an end is none. These are the extrema as one sees them; those that sifting goes by
/// ([`crate::extrema`]) follow another library's rules at the ends.
///
/// ```
/// assert_eq!(emd::brackets(&[0.0, 2.0, 2.0, 1.0, 3.0, 0.0]), [[1, 3, 4]]);
/// ```
pub fn brackets(mode: &[f64]) -> Vec<[usize; 3]> {
    // (sample, whether it is a peak)
    let mut turns: Vec<(usize, bool)> = Vec::new();
    let mut run = 0;
    for i in 1..mode.len() {
        if mode[i] == mode[i - 1] {
            continue;
        }
        // The run of equal samples is `run..i`.
        if run > 0 {
            let (rose, falls) = (mode[run] > mode[run - 1], mode[i] < mode[i - 1]);
            if rose == falls {
                turns.push(((run + i - 1) / 2, rose));
            }
        }
        run = i;
    }
    let alternate = |w: &&[(usize, bool)]| w[0].1 != w[1].1 && w[1].1 != w[2].1;
    turns.windows(3).filter(alternate).map(|w| [w[0].0, w[1].0, w[2].0]).collect()
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
