//! Volatility from open, high, low and close: per bin, not annualized, as a fraction (0.01 is 1 %).

use std::f64::consts::LN_2;

use crate::moments::{RunningSum, mean_and_variance, std, sum, sum_by};
use crate::window::{cut, rolling};

fn mean_square(x: &[f64]) -> f64 {
    sum_by(x.len(), |t| x[t] * x[t]) / x.len() as f64
}

/// Parkinson's volatility (1980) over all bins: `sqrt(mean(ln(h/l)^2) / (4 ln 2))`; NaN if empty.
///
/// `high_low` are the log ranges `ln(h/l)`, see [`crate::log::ln_ratios`].
///
/// ```
/// let volatility = indicators::volatility::parkinson(&[0.02, 0.02]);
/// assert!((volatility - 0.02 / (4.0 * 2_f64.ln()).sqrt()).abs() < 1e-15);
/// ```
pub fn parkinson(high_low: &[f64]) -> f64 {
    (mean_square(high_low) / (4.0 * LN_2)).sqrt()
}

/// [`parkinson`] of the last `period` bins, at every bin, rolling.
///
/// ```
/// use indicators::volatility::{parkinson, parkinson_series};
///
/// assert_eq!(parkinson_series(&[0.5, 0.02, 0.02], 2)[2], parkinson(&[0.02, 0.02]));
/// ```
pub fn parkinson_series(high_low: &[f64], period: usize) -> Vec<f64> {
    rolling(high_low.len(), period, |window| parkinson(&high_low[window]))
}

/// Garman and Klass' volatility (1980) over all bins:
/// `sqrt(max(0, mean(ln(h/l)^2) / 2 - (2 ln 2 - 1) mean(ln(c/o)^2)))`; NaN if empty.
///
/// `high_low` are `ln(h/l)`, `close_open` are `ln(c/o)`, see [`crate::log::ln_ratios`].
///
/// ```
/// let volatility = indicators::volatility::garman_klass(&[0.02, 0.02], &[0.0, 0.0]);
/// assert!((volatility - 0.02 / 2_f64.sqrt()).abs() < 1e-15);
/// ```
pub fn garman_klass(high_low: &[f64], close_open: &[f64]) -> f64 {
    if high_low.is_empty() {
        return f64::NAN;
    }
    let variance = mean_square(high_low) / 2.0 - (2.0 * LN_2 - 1.0) * mean_square(close_open);
    variance.max(0.0).sqrt()
}

/// [`garman_klass`] of the last `period` bins, at every bin, rolling.
///
/// ```
/// use indicators::volatility::{garman_klass, garman_klass_series};
///
/// let (high_low, close_open) = ([0.5, 0.02, 0.03], [0.1, 0.01, -0.01]);
/// let series = garman_klass_series(&high_low, &close_open, 2);
/// assert_eq!(series[2], garman_klass(&high_low[1..], &close_open[1..]));
/// ```
pub fn garman_klass_series(high_low: &[f64], close_open: &[f64], period: usize) -> Vec<f64> {
    let [high_low, close_open] = cut([high_low, close_open]);
    rolling(high_low.len(), period, |window| {
        garman_klass(&high_low[window.clone()], &close_open[window])
    })
}

/// Yang and Zhang's volatility (2000) over `m` bins:
/// `sqrt(var(overnight) + k var(open to close) + (1 - k) rs)` with
/// `k = 0.34 / (1.34 + (m + 1) / (m - 1))` and `rs = mean(ln(h/c) ln(h/o) + ln(l/c) ln(l/o))`
/// (Rogers and Satchell 1991).
///
/// Each argument has a value per bin, except for the first bin of a series, which has no close
/// before it: `overnight` are `ln(o_t / c_{t-1})`, `high_low` are `ln(h/l)`, `close_open` are
/// `ln(c/o)`, `high_close` are `ln(h/c)`. NaN with `m < 2`, or if the sum is negative.
///
/// ```
/// use indicators::{log::ln_ratios, volatility::yang_zhang};
///
/// let (open, high, low, close) = ([1.0, 1.1, 1.0], [1.2, 1.2, 1.1], [0.9, 1.0, 0.9], [1.1, 1.1, 1.0]);
/// let ratios = |a: &[f64], b: &[f64]| {
///     let mut out = Vec::new();
///     ln_ratios(a, b, &mut out);
///     out
/// };
/// let volatility = yang_zhang(
///     &ratios(&open[1..], &close),
///     &ratios(&high[1..], &low[1..]),
///     &ratios(&close[1..], &open[1..]),
///     &ratios(&high[1..], &close[1..]),
/// );
/// assert!(volatility > 0.1 && volatility < 0.2);
/// ```
pub fn yang_zhang(
    overnight: &[f64],
    high_low: &[f64],
    close_open: &[f64],
    high_close: &[f64],
) -> f64 {
    let [overnight, high_low, close_open, high_close] =
        cut([overnight, high_low, close_open, high_close]);
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
    (mean_and_variance(overnight).1
        + k * mean_and_variance(close_open).1
        + (1.0 - k) * rogers_satchell)
        .sqrt()
}

/// [`yang_zhang`] of the last `period` bins, at every bin, rolling. Entry `t` belongs to entry `t`
/// of the arguments.
///
/// ```
/// use indicators::volatility::{yang_zhang, yang_zhang_series};
///
/// let (gap, range, body, top) = ([0.01, 0.0, 0.02], [0.1, 0.2, 0.1], [0.05, -0.1, 0.0], [0.02, 0.1, 0.05]);
/// let series = yang_zhang_series(&gap, &range, &body, &top, 2);
/// assert!(series[0].is_nan());
/// assert_eq!(series[2], yang_zhang(&gap[1..], &range[1..], &body[1..], &top[1..]));
/// ```
pub fn yang_zhang_series(
    overnight: &[f64],
    high_low: &[f64],
    close_open: &[f64],
    high_close: &[f64],
    period: usize,
) -> Vec<f64> {
    let all = cut([overnight, high_low, close_open, high_close]);
    rolling(all[0].len(), period, |window| {
        let [overnight, high_low, close_open, high_close] = all.map(|slice| &slice[window.clone()]);
        yang_zhang(overnight, high_low, close_open, high_close)
    })
}

/// Volatility of volatility: the standard deviation (ddof 1) of `|r|` over all log returns `r`; NaN
/// with fewer than two. Overwrites `scratch`.
///
/// ```
/// let deviation = indicators::volatility::vol_of_vol(&[0.01, -0.02, 0.03], &mut Vec::new());
/// assert!((deviation - 0.01).abs() < 1e-15);
/// ```
pub fn vol_of_vol(returns: &[f64], scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    scratch.extend(returns.iter().map(|r| r.abs()));
    std(scratch)
}

/// [`vol_of_vol`] of the last `period` log returns, at every return, rolling.
///
/// ```
/// let series = indicators::volatility::vol_of_vol_series(&[0.5, 0.01, -0.02, 0.03], 3);
/// assert!(series[1].is_nan());
/// assert!((series[3] - 0.01).abs() < 1e-15);
/// ```
pub fn vol_of_vol_series(returns: &[f64], period: usize) -> Vec<f64> {
    let sizes: Vec<f64> = returns.iter().map(|r| r.abs()).collect();
    rolling(sizes.len(), period, |window| std(&sizes[window]))
}

/// The sum of log returns: the log return over all bins; NaN if there are none.
///
/// ```
/// assert_eq!(indicators::volatility::total(&[0.5, -0.25]), 0.25);
/// ```
pub fn total(returns: &[f64]) -> f64 {
    if returns.is_empty() { f64::NAN } else { sum(returns) }
}

/// [`total`] at every return, running: the cumulative log return.
///
/// ```
/// assert_eq!(indicators::volatility::total_series(&[0.5, -0.25]), [0.5, 0.25]);
/// ```
pub fn total_series(returns: &[f64]) -> Vec<f64> {
    let mut sum = RunningSum::default();
    returns.iter().map(|&r| sum.push(r)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::ln_ratios;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn estimators_match_their_definitions(bins in prop::collection::vec((1.0_f64..1.2, 0.0_f64..0.1, 0.0_f64..0.1, -0.05_f64..0.05), 3..50)) {
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
    fn too_few_bins_give_nan() {
        assert!(parkinson(&[]).is_nan() && garman_klass(&[], &[]).is_nan() && total(&[]).is_nan());
        assert!(yang_zhang(&[0.1], &[0.1], &[0.1], &[0.1]).is_nan());
        assert!(vol_of_vol(&[0.1], &mut Vec::new()).is_nan());
        assert_eq!(vol_of_vol(&[0.1, -0.1, 0.1], &mut Vec::new()), 0.0);
    }
}
