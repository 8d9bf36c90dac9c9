//! Logarithms of price ratios, and log returns.

use crate::EPS;

/// The series is used below this `|a - b| / (a + b)`: for prices within 4 % of each other.
const MAX_SERIES_ARGUMENT: f64 = 0.02;

/// `ln(a / b)` of two positive numbers. No unit.
///
/// Neighboring prices are nearly equal, and rounding `a / b` would lose most digits of the
/// logarithm. With `s = (a - b) / (a + b)` the logarithm is
/// `2 artanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...)`, which loses none, as `a - b` is exact for such
/// numbers. Six terms leave a relative error below 1e-17; numbers further apart go to `libm`.
///
/// ```
/// use indicators::log::ln_ratio;
///
/// assert_eq!(ln_ratio(100.0, 100.0), 0.0);
/// assert!((ln_ratio(101.0, 100.0) - 1.01_f64.ln()).abs() < 1e-15);
/// ```
pub fn ln_ratio(a: f64, b: f64) -> f64 {
    let (s, near) = series(a, b);
    if is_near(s, a + b) { near } else { libm::log(a / b) }
}

#[inline(always)]
fn series(a: f64, b: f64) -> (f64, f64) {
    let s = (a - b) / (a + b);
    let z = s * s;
    let odd = 1.0
        + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0)))));
    (s, 2.0 * s * odd)
}

#[inline(always)]
fn is_near(s: f64, sum: f64) -> bool {
    (s.abs() < MAX_SERIES_ARGUMENT) & (sum < f64::INFINITY)
}

/// [`ln_ratio`] of `a_t` and `b_t` for each entry of the shorter slice. Replaces the contents of
/// `out`.
///
/// ```
/// let mut out = Vec::new();
/// indicators::log::ln_ratios(&[11.0, 12.0], &[11.0, 6.0], &mut out);
/// assert_eq!(out, [0.0, std::f64::consts::LN_2]);
/// ```
pub fn ln_ratios(a: &[f64], b: &[f64], out: &mut Vec<f64>) {
    map(a, b, |x| x, out);
}

/// Log returns `ln(max(c_t, eps) / max(c_{t-1}, eps))` with `eps` = [`EPS`], one fewer than there
/// are closes; NaN closes count as `eps`. Replaces the contents of `out`.
///
/// ```
/// let mut out = Vec::new();
/// indicators::log::returns(&[1.0, 2.0, 2.0], &mut out);
/// assert_eq!(out, [std::f64::consts::LN_2, 0.0]);
/// ```
pub fn returns(close: &[f64], out: &mut Vec<f64>) {
    map(close.get(1..).unwrap_or_default(), close, |x| if x > EPS { x } else { EPS }, out);
}

/// All ratios by the series first, in a loop without branches; if one is outside of its range, all
/// again by [`ln_ratio`].
fn map(a: &[f64], b: &[f64], prepare: impl Fn(f64) -> f64, out: &mut Vec<f64>) {
    out.clear();
    let mut all_near = true;
    out.extend(a.iter().zip(b).map(|(&a, &b)| {
        let (a, b) = (prepare(a), prepare(b));
        let (s, near) = series(a, b);
        all_near &= is_near(s, a + b);
        near
    }));
    if !all_near {
        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
            *out = ln_ratio(prepare(a), prepare(b));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ln_ratio_is_accurate(a in 1e-12_f64..1e12, move_ in -12.0_f64..3.0) {
            let b = a * (1.0 + 10f64.powf(move_));
            let expected = -((b - a) / a).ln_1p();
            // Each rounding adds half an EPSILON at most. Near: four roundings of the series and
            // three of the expected number (ln_1p may miss by a whole unit). Further apart the
            // quotients are rounded before their logarithms are taken: one here, and two in the
            // expected number, however small the logarithm is.
            let near = expected.abs() < 2.0 * MAX_SERIES_ARGUMENT;
            let bound = f64::EPSILON * if near { 3.5 * expected.abs() } else { 1.5 + 2.0 * expected.abs() };
            let error = (ln_ratio(a, b) - expected).abs();
            prop_assert!(error <= bound, "{} {expected}", ln_ratio(a, b));
            let back = -ln_ratio(b, a);
            prop_assert!((ln_ratio(a, b) - back).abs() <= bound);
            prop_assert_eq!(ln_ratio(a, a), 0.0);
        }
    }

    #[test]
    fn slices_match_single_ratios() {
        let a = [1.0, 1.01, 3.0, 1e-12, 1.7e308];
        let b = [1.0, 1.0, 1.0, 2e-12, 1.6e308, 7.0];
        let mut out = vec![9.0];
        ln_ratios(&a, &b, &mut out);
        assert_eq!(out, a.iter().zip(&b).map(|(&a, &b)| ln_ratio(a, b)).collect::<Vec<_>>());
        returns(&[], &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn extreme_numbers_fall_back_to_libm() {
        assert_eq!(ln_ratio(1.7e308, 1.6e308), libm::log(1.7 / 1.6));
        assert_eq!(ln_ratio(f64::MIN_POSITIVE, 1.0), libm::log(f64::MIN_POSITIVE));
        let mut r = vec![7.0];
        returns(&[1e-12, 1e-10, 1e-9, 1.0], &mut r);
        assert_eq!(r[..2], [0.0, 0.0]);
        assert!((r[2] - 1e9_f64.ln()).abs() < 1e-14);
    }
}
