//! Logarithms of ratios, and log returns.

use crate::EPS;

/// The largest `|a - b| / (a + b)` for which the series is used: prices within 4 % of each other.
const NEAR: f64 = 0.02;

/// `ln(a / b)` of two positive numbers.
///
/// Neighbouring prices are nearly equal, where `a / b` loses what tells them apart. With `s = (a - b) / (a + b)` it is
/// `2 artanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...)`, in which nothing is lost: `a - b` is exact where the two are near.
/// Five terms leave an error below 1e-17 of the result; numbers further apart go to `libm`.
pub fn ln_ratio(a: f64, b: f64) -> f64 {
    let sum = a + b;
    let s = (a - b) / sum;
    if s.abs() < NEAR && sum < f64::INFINITY {
        let z = s * s;
        let odd =
            1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0)))));
        2.0 * s * odd
    } else {
        libm::log(a / b)
    }
}

/// Log returns `r_t = ln(max(c_t, eps) / max(c_{t-1}, eps))`, t = 2..n, in place of what `out` held.
pub fn returns(close: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.extend(close.windows(2).map(|pair| ln_ratio(pair[1].max(EPS), pair[0].max(EPS))));
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
            // Of numbers further apart the quotient is rounded before its logarithm is taken.
            let rounding = if expected.abs() < 2.0 * NEAR { 0.0 } else { f64::EPSILON };
            let error = (ln_ratio(a, b) - expected).abs();
            prop_assert!(error <= 4e-16 * expected.abs() + rounding, "{} {expected}", ln_ratio(a, b));
            let back = -ln_ratio(b, a);
            prop_assert!((ln_ratio(a, b) - back).abs() <= 4e-16 * back.abs() + rounding);
            prop_assert_eq!(ln_ratio(a, a), 0.0);
        }
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
