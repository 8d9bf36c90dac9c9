//! Exponentially weighted averages: EMA, Wilder's.

/// A running exponentially weighted average with smoothing factor `a`: `y` starts at the first present value, then
/// `y_t = (1 - a) y_{t-1} + a x_t`.
///
/// An absent value (NaN) keeps `y` and lets its weight decay: after `g` absent values the old weight is
/// `(1 - a)^(g + 1)`, the new one `a`, and `y` is their weighted mean (pandas: `ewm(adjust=False, ignore_na=False)`).
#[derive(Debug, Clone, Copy)]
pub struct Ewm {
    a: f64,
    y: f64,
    weight: f64,
    present: usize,
}

impl Ewm {
    /// Smoothing factor `a` in (0, 1].
    pub fn new(a: f64) -> Ewm {
        Ewm { a, y: f64::NAN, weight: 1.0, present: 0 }
    }

    /// EMA of a span: `a = 2 / (span + 1)`.
    pub fn of_span(span: usize) -> Ewm {
        Ewm::new(2.0 / (span as f64 + 1.0))
    }

    /// Wilder's smoothing of a period: `a = 1 / period`.
    pub fn of_wilder(period: usize) -> Ewm {
        Ewm::new(1.0 / period as f64)
    }

    /// Takes a value and returns the average; NaN before the first present value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.weight *= 1.0 - self.a;
        if x.is_nan() {
            return self.y;
        }
        self.y = if self.present == 0 {
            x
        } else if self.weight == 1.0 - self.a {
            // In this form a constant stays what it is, to the last bit.
            self.y + self.a * (x - self.y)
        } else {
            (self.weight * self.y + self.a * x) / (self.weight + self.a)
        };
        self.weight = 1.0;
        self.present += 1;
        self.y
    }

    /// The average, where at least `period` values were present; else NaN.
    pub fn after(&self, period: usize) -> f64 {
        if self.present < period { f64::NAN } else { self.y }
    }
}

/// The last of `EMA(x, span)`; NaN where nothing is present.
pub fn ema(x: &[f64], span: usize) -> f64 {
    last(x, Ewm::of_span(span), 1)
}

/// The last of Wilder's average; NaN until `period` values are present.
pub fn wilder(x: &[f64], period: usize) -> f64 {
    last(x, Ewm::of_wilder(period), period)
}

fn last(x: &[f64], mut ewm: Ewm, period: usize) -> f64 {
    x.iter().for_each(|&x| {
        ewm.push(x);
    });
    ewm.after(period)
}

/// The simple moving average over the last `period` values at each of `x`, in place of what `out` held; NaN until
/// `period` values exist. Each mean is summed anew, so that no error builds up.
pub fn moving(x: &[f64], period: usize, out: &mut Vec<f64>) {
    out.clear();
    let period = period.max(1);
    out.extend(
        (1..=x.len()).map(
            |end| {
                if end < period { f64::NAN } else { crate::moments::mean(&x[end - period..end]) }
            },
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The definition with gaps, by explicit weights.
        #[test]
        fn gaps_let_the_old_weight_decay(
            x in prop::collection::vec(prop::option::weighted(0.7, -5.0_f64..5.0), 1..40), a in 0.05_f64..1.0,
        ) {
            let mut expected: Option<(f64, i32)> = None;
            let mut ewm = Ewm::new(a);
            for &x in &x {
                expected = match (expected, x) {
                    (None, None) => None,
                    (None, Some(x)) => Some((x, 0)),
                    (Some((y, gap)), None) => Some((y, gap + 1)),
                    (Some((y, gap)), Some(x)) => {
                        let old = (1.0 - a).powi(gap + 1);
                        Some(((old * y + a * x) / (old + a), 0))
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

    #[test]
    fn moving_averages() {
        let mut out = Vec::new();
        moving(&[1.0, 2.0, 6.0, 4.0], 3, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [3.0, 4.0]);
    }
}
