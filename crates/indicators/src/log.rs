//! Logarithms of ratios, and log returns.

use crate::EPS;

/// The largest `|a - b| / (a + b)` for which the series is used: prices within 4 % of each other.
const NEAR: f64 = 0.02;

/// `ln(a / b)` of two positive numbers.
///
/// Neighbouring prices are nearly equal, where `a / b` loses what tells them apart. With `s = (a - b) / (a + b)` it is
/// `2 artanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...)`, in which nothing is lost: `a - b` is exact where the two are near.
/// Six terms leave an error below 1e-17 of the result; numbers further apart go to `libm`.
pub fn ln_ratio(a: f64, b: f64) -> f64 {
    let (s, near) = series(a, b);
    if is_near(s, a + b) { near } else { libm::log(a / b) }
}

#[inline(always)]
fn series(a: f64, b: f64) -> (f64, f64) {
    let s = (a - b) / (a + b);
    let z = s * s;
    let odd = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0)))));
    (s, 2.0 * s * odd)
}

#[inline(always)]
fn is_near(s: f64, sum: f64) -> bool {
    (s.abs() < NEAR) & (sum < f64::INFINITY)
}

/// [`ln_ratio`] of `a_t` and `b_t`, in place of what `out` held; as many as the shorter of the two has.
pub fn ln_ratios(a: &[f64], b: &[f64], out: &mut Vec<f64>) {
    map(a, b, |x| x, out);
}

/// Log returns `r_t = ln(max(c_t, eps) / max(c_{t-1}, eps))`, t = 2..n, in place of what `out` held.
pub fn returns(close: &[f64], out: &mut Vec<f64>) {
    map(close.get(1..).unwrap_or_default(), close, |x| if x > EPS { x } else { EPS }, out);
}

/// All by the series first, in a loop without branches; then those again that are far apart, of which there is hardly one.
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
        fn it_is_the_logarithm(a in 1e-12_f64..1e12, move_ in -12.0_f64..3.0) {
            let b = a * (1.0 + 10f64.powf(move_));
            let expected = -((b - a) / a).ln_1p();
            // Roundings on the way, half an EPSILON each at most: near, four of the series and three of the expected
            // number (whose ln_1p may miss by a whole unit). Of numbers further apart the quotients are rounded before
            // their logarithms are taken: one, and two of the expected number, however small the logarithm.
            let near = expected.abs() < 2.0 * NEAR;
            let bound = f64::EPSILON * if near { 3.5 * expected.abs() } else { 1.5 + 2.0 * expected.abs() };
            let error = (ln_ratio(a, b) - expected).abs();
            prop_assert!(error <= bound, "{} {expected}", ln_ratio(a, b));
            let back = -ln_ratio(b, a);
            prop_assert!((ln_ratio(a, b) - back).abs() <= bound);
            prop_assert_eq!(ln_ratio(a, a), 0.0);
        }
    }

    #[test]
    fn slices_are_as_single_numbers() {
        let a = [1.0, 1.01, 3.0, 1e-12, 1.7e308];
        let b = [1.0, 1.0, 1.0, 2e-12, 1.6e308, 7.0];
        let mut out = vec![9.0];
        ln_ratios(&a, &b, &mut out);
        assert_eq!(out, a.iter().zip(&b).map(|(&a, &b)| ln_ratio(a, b)).collect::<Vec<_>>());
        returns(&[], &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn huge_and_tiny() {
        assert_eq!(ln_ratio(1.7e308, 1.6e308), libm::log(1.7 / 1.6));
        assert_eq!(ln_ratio(f64::MIN_POSITIVE, 1.0), libm::log(f64::MIN_POSITIVE));
        let mut r = vec![7.0];
        returns(&[1e-12, 1e-10, 1e-9, 1.0], &mut r);
        assert_eq!(r[..2], [0.0, 0.0]);
        assert!((r[2] - 1e9_f64.ln()).abs() < 1e-14);
    }
}
