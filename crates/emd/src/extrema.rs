//! Extrema and zero crossings of a sampled signal, by their definition.
//!
//! The rules are those of EMD-signal's detection named "simple", its quirks included, because both presets share them:
//! - an extremum is a sample where successive differences change sign;
//! - a run of equal samples (a plateau) between opposite slopes is one extremum, at its middle, halves rounded to even;
//! - a plateau that begins with the first sample takes the last difference of the signal as the slope before it;
//! - a plateau that begins with the second sample is passed over, as is one that touches the end.
//!
//! Maxima and minima alternate always, which the boundary rule relies on.

/// Where a signal has its extrema, in samples, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extrema {
    /// Samples of the maxima.
    pub maxima: Vec<usize>,
    /// Samples of the minima.
    pub minima: Vec<usize>,
}

/// The extrema of `signal`, as the sifting sees them (see the module's rules).
///
/// ```
/// let found = emd::extrema(&[0.0, 2.0, 1.0, 1.0, 3.0, 0.0]);
/// assert_eq!((found.maxima, found.minima), (vec![1, 4], vec![2]));
/// ```
pub fn extrema(signal: &[f64]) -> Extrema {
    let mut found = Extrema::default();
    let Some(last) = signal.len().checked_sub(2) else { return found };
    let difference = |i: usize| signal[i + 1] - signal[i];
    let mut first_plateau = true;
    let mut i = 0;
    while i <= last {
        let here = difference(i);
        if here != 0.0 {
            if i < last {
                note(&mut found, here, difference(i + 1), i + 1);
            }
            i += 1;
            continue;
        }
        let mut end = i + 1;
        while end <= last && difference(end) == 0.0 {
            end += 1;
        }
        let passed_over = end > last || (first_plateau && i == 1);
        if !passed_over {
            let before = difference(if i == 0 { last } else { i - 1 });
            note(&mut found, before, difference(end), half_to_even(i + end));
        }
        first_plateau = false;
        i = end;
    }
    found
}

fn note(found: &mut Extrema, before: f64, after: f64, at: usize) {
    if before > 0.0 && after < 0.0 {
        found.maxima.push(at);
    } else if before < 0.0 && after > 0.0 {
        found.minima.push(at);
    }
}

/// `sum / 2`, a half rounded to the even neighbour.
fn half_to_even(sum: usize) -> usize {
    let down = sum / 2;
    if sum % 2 == 1 && down % 2 == 1 { down + 1 } else { down }
}

/// How often `signal` crosses zero: neighbours of opposite sign, and runs of zeros.
pub fn zero_crossings(signal: &[f64]) -> usize {
    let opposite =
        signal.windows(2).filter(|w| (w[0] < 0.0 && w[1] > 0.0) || (w[0] > 0.0 && w[1] < 0.0)).count();
    let zeros =
        signal.iter().enumerate().filter(|&(i, &x)| x == 0.0 && (i == 0 || signal[i - 1] != 0.0)).count();
    opposite + zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(signal: &[f64], maxima: &[usize], minima: &[usize]) {
        assert_eq!(extrema(signal), Extrema { maxima: maxima.to_vec(), minima: minima.to_vec() });
    }

    #[test]
    fn plateaus() {
        check(&[0.0, 1.0, 2.0, 2.0, 1.0], &[2], &[]);
        check(&[0.0, 1.0, 1.5, 2.0, 2.0, 1.0], &[4], &[]);
        check(&[0.0, 1.0, 2.0, 2.0, 2.0, 3.0], &[], &[]);
        // It begins with the second sample; it touches the end.
        check(&[0.0, 2.0, 2.0, 1.0, 3.0, 0.0, 0.0], &[4], &[3]);
        // It begins with the first sample: the last difference counts as the slope before.
        check(&[2.0, 2.0, 1.0, 3.0], &[0], &[2]);
        check(&[2.0, 2.0, 2.0, 1.0, 3.0, 2.5], &[4], &[3]);
    }

    #[test]
    fn nothing() {
        for signal in [&[][..], &[1.0], &[1.0, 2.0], &[1.0; 9], &[1.0, 2.0, 3.0]] {
            check(signal, &[], &[]);
        }
    }

    #[test]
    fn crossings() {
        assert_eq!(zero_crossings(&[1.0, -1.0, 0.0, 0.0, 2.0, -1.0, 0.0]), 4);
        assert_eq!(zero_crossings(&[0.0; 5]), 1);
        assert_eq!(zero_crossings(&[]), 0);
    }
}
