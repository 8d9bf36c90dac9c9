//! Moving averages: exponential (EMA), Wilder's, simple (SMA).

use crate::moments::mean;
use crate::window::rolling;

/// A running exponentially weighted average with smoothing factor `alpha`: it starts at the first
/// present value, then `y_t = (1 - alpha) y_{t-1} + alpha x_t`.
///
/// A missing value (NaN) keeps `y` and lets its weight decay: after `g` missing values the old
/// weight is `(1 - alpha)^(g + 1)`, the new weight `alpha`, and `y` is the weighted mean (pandas:
/// `ewm(adjust=False, ignore_na=False)`).
///
/// ```
/// let mut average = indicators::average::Ewm::new(0.5);
/// assert_eq!([4.0, 8.0, f64::NAN].map(|x| average.push(x)), [4.0, 6.0, 6.0]);
/// // Weights 0.25 and 0.5.
/// assert_eq!(average.push(9.0), 8.0);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Ewm {
    alpha: f64,
    y: f64,
    weight: f64,
    present: usize,
}

impl Ewm {
    /// An average with smoothing factor `alpha` in (0, 1].
    pub fn new(alpha: f64) -> Ewm {
        Ewm { alpha, y: f64::NAN, weight: 1.0, present: 0 }
    }

    /// The EMA of a span, at least 1 bin: `alpha = 2 / (span + 1)`.
    pub fn from_span(span: usize) -> Ewm {
        Ewm::new(2.0 / (span.max(1) as f64 + 1.0))
    }

    /// Wilder's average of a period, at least 1 bin: `alpha = 1 / period`.
    pub fn from_wilder(period: usize) -> Ewm {
        Ewm::new(1.0 / period.max(1) as f64)
    }

    /// Adds a value (NaN: missing) and returns the average; NaN before the first present value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.weight *= 1.0 - self.alpha;
        if x.is_nan() {
            return self.y;
        }
        self.y = if self.present == 0 {
            x
        } else if self.weight == 1.0 - self.alpha {
            // In this form the average of a constant is that constant, to the last bit.
            self.y + self.alpha * (x - self.y)
        } else {
            (self.weight * self.y + self.alpha * x) / (self.weight + self.alpha)
        };
        self.weight = 1.0;
        self.present += 1;
        self.y
    }

    /// The average if at least `min_present` values were present, else NaN.
    pub fn value_after(&self, min_present: usize) -> f64 {
        if self.present < min_present { f64::NAN } else { self.y }
    }
}

/// The exponential moving average of `x` at its last entry: `alpha = 2 / (span + 1)`.
///
/// NaN entries are missing, see [`Ewm`]. NaN if no entry is present; there is no other warm-up.
/// Unit of `x`.
///
/// ```
/// assert_eq!(indicators::average::ema(&[1.0, 3.0, 5.0], 3), 3.5);
/// ```
pub fn ema(x: &[f64], span: usize) -> f64 {
    last(x, Ewm::from_span(span), 1)
}

/// [`ema`] at every entry, running.
///
/// ```
/// assert_eq!(indicators::average::ema_series(&[1.0, 3.0, 5.0], 3), [1.0, 2.0, 3.5]);
/// ```
pub fn ema_series(x: &[f64], span: usize) -> Vec<f64> {
    series(x, Ewm::from_span(span), 1)
}

/// Wilder's moving average of `x` at its last entry (Wilder 1978): `alpha = 1 / period`.
///
/// NaN entries are missing, see [`Ewm`]. NaN until `period` entries are present. Unit of `x`.
///
/// ```
/// assert_eq!(indicators::average::wilder(&[1.0, 3.0], 2), 2.0);
/// assert!(indicators::average::wilder(&[1.0], 2).is_nan());
/// ```
pub fn wilder(x: &[f64], period: usize) -> f64 {
    last(x, Ewm::from_wilder(period), period)
}

/// [`wilder`] at every entry, running.
///
/// ```
/// let series = indicators::average::wilder_series(&[1.0, 3.0, 4.0], 2);
/// assert!(series[0].is_nan());
/// assert_eq!(series[1..], [2.0, 3.0]);
/// ```
pub fn wilder_series(x: &[f64], period: usize) -> Vec<f64> {
    series(x, Ewm::from_wilder(period), period)
}

fn last(x: &[f64], mut ewm: Ewm, min_present: usize) -> f64 {
    x.iter().for_each(|&x| {
        ewm.push(x);
    });
    ewm.value_after(min_present)
}

fn series(x: &[f64], mut ewm: Ewm, min_present: usize) -> Vec<f64> {
    let next = |&x: &f64| {
        ewm.push(x);
        ewm.value_after(min_present)
    };
    x.iter().map(next).collect()
}

/// The simple moving average: the mean of the last `period` entries of `x`; NaN if there are fewer.
/// Unit of `x`.
///
/// ```
/// assert_eq!(indicators::average::sma(&[1.0, 2.0, 6.0, 4.0], 3), 4.0);
/// ```
pub fn sma(x: &[f64], period: usize) -> f64 {
    x.len().checked_sub(period.max(1)).map_or(f64::NAN, |start| mean(&x[start..]))
}

/// [`sma`] at every entry. Each mean is summed from its entries, so that no error accumulates; time
/// is `O(n period)`.
///
/// ```
/// let series = indicators::average::sma_series(&[1.0, 2.0, 6.0, 4.0], 3);
/// assert!(series[..2].iter().all(|x| x.is_nan()));
/// assert_eq!(series[2..], [3.0, 4.0]);
/// ```
pub fn sma_series(x: &[f64], period: usize) -> Vec<f64> {
    rolling(x.len(), period, |window| mean(&x[window]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Compares with explicit weights.
        #[test]
        fn gaps_let_the_old_weight_decay(
            x in prop::collection::vec(prop::option::weighted(0.7, -5.0_f64..5.0), 1..40), alpha in 0.05_f64..1.0,
        ) {
            let mut expected: Option<(f64, i32)> = None;
            let mut ewm = Ewm::new(alpha);
            for &x in &x {
                expected = match (expected, x) {
                    (None, None) => None,
                    (None, Some(x)) => Some((x, 0)),
                    (Some((y, gap)), None) => Some((y, gap + 1)),
                    (Some((y, gap)), Some(x)) => {
                        let old = (1.0 - alpha).powi(gap + 1);
                        Some(((old * y + alpha * x) / (old + alpha), 0))
                    }
                };
                let got = ewm.push(x.unwrap_or(f64::NAN));
                match expected {
                    Some((y, _)) => prop_assert!((got - y).abs() < 1e-12),
                    None => prop_assert!(got.is_nan()),
                }
            }
        }
    }
}
