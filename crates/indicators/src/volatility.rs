//! Volatility from open, high, low and close, per bin (not annualised).

use std::f64::consts::LN_2;

use crate::moments::{mean_and_variance, sum, sum_by};

fn mean_square(x: &[f64]) -> f64 {
    sum_by(x.len(), |t| x[t] * x[t]) / x.len() as f64
}

/// Parkinson 1980: `sqrt(mean(ln(h/l)^2) / (4 ln 2))`, of the log ranges `ln(h/l)`; NaN where empty.
pub fn parkinson(high_low: &[f64]) -> f64 {
    (mean_square(high_low) / (4.0 * LN_2)).sqrt()
}

/// Garman and Klass 1980: `sqrt(max(0, mean(ln(h/l)^2) / 2 - (2 ln 2 - 1) mean(ln(c/o)^2)))`; NaN where empty.
pub fn garman_klass(high_low: &[f64], close_open: &[f64]) -> f64 {
    if high_low.is_empty() {
        return f64::NAN;
    }
    let variance = mean_square(high_low) / 2.0 - (2.0 * LN_2 - 1.0) * mean_square(close_open);
    variance.max(0.0).sqrt()
}

/// Yang and Zhang 2000, over bins 2..n (m of them): `sqrt(var(overnight) + k var(open to close) + (1 - k) rs)` with
/// `k = 0.34 / (1.34 + (m + 1) / (m - 1))` and `rs = mean(ln(h/c) ln(h/o) + ln(l/c) ln(l/o))` (Rogers and Satchell).
///
/// Arguments, a value for each of the bins 2..n: `overnight` = `ln(o_t / c_{t-1})`, `high_low` = `ln(h/l)`, `close_open` = `ln(c/o)`,
/// `high_close` = `ln(h/c)`. NaN with m < 2, or where the sum is negative.
pub fn yang_zhang(overnight: &[f64], high_low: &[f64], close_open: &[f64], high_close: &[f64]) -> f64 {
    let m = overnight.len() as f64;
    if overnight.len() < 2 {
        return f64::NAN;
    }
    let k = 0.34 / (1.34 + (m + 1.0) / (m - 1.0));
    // ln(h/o) = ln(h/c) + ln(c/o), ln(l/c) = ln(h/c) - ln(h/l).
    let rogers_satchell = sum_by(overnight.len(), |t| {
        let low_close = high_close[t] - high_low[t];
        high_close[t] * (high_close[t] + close_open[t]) + low_close * (low_close + close_open[t])
    }) / m;
    (mean_and_variance(overnight).1 + k * mean_and_variance(close_open).1 + (1.0 - k) * rogers_satchell)
        .sqrt()
}

/// Volatility of volatility: standard deviation (ddof 1) of `|r|`; `scratch` is overwritten. NaN with fewer than two.
pub fn vol_of_vol(returns: &[f64], scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    scratch.extend(returns.iter().map(|r| r.abs()));
    crate::moments::std(scratch)
}

/// The sum of log returns; NaN where there is none.
pub fn total(returns: &[f64]) -> f64 {
    if returns.is_empty() { f64::NAN } else { sum(returns) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::ln_ratios;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn by_their_definitions(bins in prop::collection::vec((1.0_f64..1.2, 0.0_f64..0.1, 0.0_f64..0.1, -0.05_f64..0.05), 3..50)) {
            let close: Vec<f64> = bins.iter().map(|b| b.0).collect();
            let open: Vec<f64> = bins.iter().map(|b| b.0 + b.3).collect();
            let high: Vec<f64> = bins.iter().map(|b| b.0.max(b.0 + b.3) + b.1).collect();
            let low: Vec<f64> = bins.iter().map(|b| b.0.min(b.0 + b.3) - b.2).collect();
            let n = close.len();
            let (mut hl, mut co, mut hc, mut oc) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            ln_ratios(&high, &low, &mut hl);
            ln_ratios(&close, &open, &mut co);
            ln_ratios(&high, &close, &mut hc);
            ln_ratios(&open[1..], &close, &mut oc);
            let ln = |a: f64, b: f64| (a / b).ln();
            let mean = |f: &dyn Fn(usize) -> f64, from: usize| (from..n).map(f).sum::<f64>() / (n - from) as f64;
            let var = |f: &dyn Fn(usize) -> f64| {
                let m = mean(f, 1);
                (1..n).map(|t| (f(t) - m).powi(2)).sum::<f64>() / (n as f64 - 2.0)
            };
            let ranges = mean(&|t| ln(high[t], low[t]).powi(2), 0);
            prop_assert!((parkinson(&hl) - (ranges / (4.0 * 2f64.ln())).sqrt()).abs() < 1e-12);
            let gk = ranges / 2.0 - (2.0 * 2f64.ln() - 1.0) * mean(&|t| ln(close[t], open[t]).powi(2), 0);
            prop_assert!((garman_klass(&hl, &co) - gk.max(0.0).sqrt()).abs() < 1e-10);
            let rs = mean(&|t| ln(high[t], close[t]) * ln(high[t], open[t]) + ln(low[t], close[t]) * ln(low[t], open[t]), 1);
            let m = n as f64 - 1.0;
            let k = 0.34 / (1.34 + (m + 1.0) / (m - 1.0));
            let yz = var(&|t| ln(open[t], close[t - 1])) + k * var(&|t| ln(close[t], open[t])) + (1.0 - k) * rs;
            prop_assert!((yang_zhang(&oc, &hl[1..], &co[1..], &hc[1..]) - yz.sqrt()).abs() < 1e-10);
        }
    }

    #[test]
    fn few() {
        assert!(parkinson(&[]).is_nan() && garman_klass(&[], &[]).is_nan() && total(&[]).is_nan());
        assert!(yang_zhang(&[0.1], &[0.1], &[0.1], &[0.1]).is_nan());
        assert!(vol_of_vol(&[0.1], &mut Vec::new()).is_nan());
        assert_eq!(vol_of_vol(&[0.1, -0.1, 0.1], &mut Vec::new()), 0.0);
    }
}
