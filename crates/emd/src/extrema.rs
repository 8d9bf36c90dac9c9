//! Extrema and zero crossings of a sampled signal, by their definition.

/// Where a signal has its extrema, in samples, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extrema {
    /// Samples of the maxima.
    pub maxima: Vec<usize>,
    /// Samples of the minima.
    pub minima: Vec<usize>,
}

/// The extrema of `signal`, as the sifting sees them. The rules are those of EMD-signal's detection named "simple", its
/// quirks included, which both presets share:
/// - an extremum is a sample where successive differences change sign;
/// - a run of equal samples (a plateau) between opposite slopes is one extremum, at its middle, halves rounded to even;
/// - a plateau that begins with the first sample takes the last difference of the signal as the slope before it;
/// - a plateau that begins with the second sample is passed over, as is one that touches the end.
///
/// Maxima and minima alternate always.
///
/// ```
/// let found = emd::extrema(&[0.0, 2.0, 1.0, 1.0, 3.0, 0.0]);
/// assert_eq!((found.maxima, found.minima), (vec![1, 4], vec![2]));
/// ```
pub fn extrema(signal: &[f64]) -> Extrema {
    let mut found = Extrema::default();
    each(signal, Signs::Compared, |at, kind| match kind {
        Kind::Maximum => found.maxima.push(at),
        Kind::Minimum => found.minima.push(at),
    });
    found
}

/// How often `signal` crosses zero: neighbours of opposite sign, and runs of zeros.
pub fn zero_crossings(signal: &[f64]) -> usize {
    crossings(signal, Signs::Compared)
}

/// How it is told that two numbers have opposite signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signs {
    /// One is below zero and one above.
    Compared,
    /// Their product is negative, as EMD-signal has it: it is not where it underflows. Smooth pulses on a ground of
    /// all but nothing have such differences.
    Multiplied,
}

impl Signs {
    fn differ(self, a: f64, b: f64) -> bool {
        match self {
            Self::Compared => (a < 0.0 && b > 0.0) || (a > 0.0 && b < 0.0),
            Self::Multiplied => a * b < 0.0,
        }
    }

    /// Numbers larger than this have opposite signs by either rule, or by neither.
    pub fn safe_above(self) -> f64 {
        match self {
            Self::Compared => 0.0,
            // The product of two such is the least number above zero.
            Self::Multiplied => f64::from_bits((1023 - 537) << 52),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Maximum,
    Minimum,
}

/// Hands each extremum to `found`, in order.
pub(crate) fn each(signal: &[f64], signs: Signs, mut found: impl FnMut(usize, Kind)) {
    let Some(last) = signal.len().checked_sub(2) else { return };
    let difference = |i: usize| signal[i + 1] - signal[i];
    let mut first_plateau = true;
    let mut i = 0;
    while i <= last {
        let here = difference(i);
        if here != 0.0 {
            if i < last && signs.differ(here, difference(i + 1)) {
                found(i + 1, if here > 0.0 { Kind::Maximum } else { Kind::Minimum });
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
            if Signs::Compared.differ(before, difference(end)) {
                found(half_to_even(i + end), if before > 0.0 { Kind::Maximum } else { Kind::Minimum });
            }
        }
        first_plateau = false;
        i = end;
    }
}

/// `sum / 2`, a half rounded to the even neighbour.
fn half_to_even(sum: usize) -> usize {
    let down = sum / 2;
    if sum % 2 == 1 && down % 2 == 1 { down + 1 } else { down }
}

pub(crate) fn crossings(signal: &[f64], signs: Signs) -> usize {
    let opposite = signal.windows(2).filter(|w| signs.differ(w[0], w[1])).count();
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
    fn products_underflow() {
        let pulse = [0.0, 1e-200, 0.5e-200, 1.0, 0.0];
        let count = |signs| {
            let mut count = 0;
            each(&pulse, signs, |_, _| count += 1);
            count
        };
        assert_eq!((count(Signs::Compared), count(Signs::Multiplied)), (3, 2));
        let least = Signs::Multiplied.safe_above();
        assert!(least * -least < 0.0 && least * (-least / 4.0) == 0.0);
    }

    #[test]
    fn zeros_and_signs() {
        assert_eq!(zero_crossings(&[1.0, -1.0, 0.0, 0.0, 2.0, -1.0, 0.0]), 4);
        assert_eq!(zero_crossings(&[0.0; 5]), 1);
        assert_eq!(zero_crossings(&[]), 0);
    }
}
