//! Extrema and zero crossings of a sampled signal.

/// The extrema of a signal: ascending indices of samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extrema {
    /// Indices of the maxima.
    pub maxima: Vec<usize>,
    /// Indices of the minima.
    pub minima: Vec<usize>,
}

/// The extrema of `signal` as sifting uses them, by the rules of EMD-signal's detection named
/// "simple", including its special cases, which both presets share:
///
/// - an extremum is a sample at which successive differences change sign;
/// - a run of equal samples (a plateau) between opposite slopes is one extremum, at its middle,
///   halves rounded to even;
/// - for a plateau that begins with the first sample the last difference of the signal counts as
///   the slope before it;
/// - a plateau that begins with the second sample, and one that touches the end, is ignored.
///
/// Maxima and minima always alternate.
///
/// ```
/// let found = emd::extrema(&[0.0, 2.0, 1.0, 1.0, 3.0, 0.0]);
/// assert_eq!((found.maxima, found.minima), (vec![1, 4], vec![2]));
/// ```
pub fn extrema(signal: &[f64]) -> Extrema {
    let mut found = Extrema::default();
    for_each_extremum(signal, SignTest::Compared, |at, kind| match kind {
        ExtremumKind::Maximum => found.maxima.push(at),
        ExtremumKind::Minimum => found.minima.push(at),
    });
    found
}

/// The number of zero crossings of `signal`: neighbors of opposite sign, plus runs of zeros.
///
/// ```
/// assert_eq!(emd::zero_crossings(&[1.0, -1.0, 0.0, 0.0, 2.0]), 2);
/// ```
pub fn zero_crossings(signal: &[f64]) -> usize {
    crossings(signal, SignTest::Compared)
}

/// The test for opposite signs of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignTest {
    /// One is negative and one positive.
    Compared,
    /// Their product is negative, as in EMD-signal. It is not if it underflows, as for the
    /// differences of smooth pulses far from their peaks.
    Multiplied,
}

impl SignTest {
    fn differ(self, a: f64, b: f64) -> bool {
        match self {
            Self::Compared => (a < 0.0 && b > 0.0) || (a > 0.0 && b < 0.0),
            Self::Multiplied => a * b < 0.0,
        }
    }

    /// The two tests agree on numbers with an absolute value above this.
    pub fn safe_above(self) -> f64 {
        match self {
            Self::Compared => 0.0,
            // The product of two of these is the smallest positive number.
            Self::Multiplied => f64::from_bits((1023 - 537) << 52),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExtremumKind {
    Maximum,
    Minimum,
}

/// Calls `found` for each extremum, in order.
pub(crate) fn for_each_extremum(
    signal: &[f64],
    signs: SignTest,
    mut found: impl FnMut(usize, ExtremumKind),
) {
    let Some(last) = signal.len().checked_sub(2) else { return };
    let difference = |i: usize| signal[i + 1] - signal[i];
    let mut first_plateau = true;
    let mut i = 0;
    while i <= last {
        let current = difference(i);
        if current != 0.0 {
            if i < last && signs.differ(current, difference(i + 1)) {
                found(
                    i + 1,
                    if current > 0.0 { ExtremumKind::Maximum } else { ExtremumKind::Minimum },
                );
            }
            i += 1;
            continue;
        }
        let mut end = i + 1;
        while end <= last && difference(end) == 0.0 {
            end += 1;
        }
        let is_ignored = end > last || (first_plateau && i == 1);
        if !is_ignored {
            let before = difference(if i == 0 { last } else { i - 1 });
            if SignTest::Compared.differ(before, difference(end)) {
                found(
                    half_to_even(i + end),
                    if before > 0.0 { ExtremumKind::Maximum } else { ExtremumKind::Minimum },
                );
            }
        }
        first_plateau = false;
        i = end;
    }
}

/// `sum / 2`, halves rounded to even.
fn half_to_even(sum: usize) -> usize {
    let down = sum / 2;
    if sum % 2 == 1 && down % 2 == 1 { down + 1 } else { down }
}

/// The number of zero crossings, see [`zero_crossings`].
pub(crate) fn crossings(signal: &[f64], signs: SignTest) -> usize {
    let opposite = signal.windows(2).filter(|w| signs.differ(w[0], w[1])).count();
    let zeros = signal
        .iter()
        .enumerate()
        .filter(|&(i, &x)| x == 0.0 && (i == 0 || signal[i - 1] != 0.0))
        .count();
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
    fn plateaus_follow_the_rules_of_emd_signal() {
        check(&[0.0, 1.0, 2.0, 2.0, 1.0], &[2], &[]);
        check(&[0.0, 1.0, 1.5, 2.0, 2.0, 1.0], &[4], &[]);
        check(&[0.0, 1.0, 2.0, 2.0, 2.0, 3.0], &[], &[]);
        // Plateaus that begin with the second sample, and that touch the end.
        check(&[0.0, 2.0, 2.0, 1.0, 3.0, 0.0, 0.0], &[4], &[3]);
        // Plateaus that begin with the first sample: the last difference counts as the slope
        // before.
        check(&[2.0, 2.0, 1.0, 3.0], &[0], &[2]);
        check(&[2.0, 2.0, 2.0, 1.0, 3.0, 2.5], &[4], &[3]);
    }

    #[test]
    fn monotonic_and_short_signals_have_no_extrema() {
        for signal in [&[][..], &[1.0], &[1.0, 2.0], &[1.0; 9], &[1.0, 2.0, 3.0]] {
            check(signal, &[], &[]);
        }
    }

    #[test]
    fn underflowing_products_hide_extrema() {
        let pulse = [0.0, 1e-200, 0.5e-200, 1.0, 0.0];
        let count = |signs| {
            let mut count = 0;
            for_each_extremum(&pulse, signs, |_, _| count += 1);
            count
        };
        assert_eq!((count(SignTest::Compared), count(SignTest::Multiplied)), (3, 2));
        let smallest = SignTest::Multiplied.safe_above();
        assert!(smallest * -smallest < 0.0 && smallest * (-smallest / 4.0) == 0.0);
    }

    #[test]
    fn runs_of_zeros_count_as_one_crossing() {
        assert_eq!(zero_crossings(&[1.0, -1.0, 0.0, 0.0, 2.0, -1.0, 0.0]), 4);
        assert_eq!(zero_crossings(&[0.0; 5]), 1);
        assert_eq!(zero_crossings(&[]), 0);
    }
}
