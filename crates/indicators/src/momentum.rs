//! Momentum: rate of change, MACD, RSI, stochastic, CCI, runs.

use crate::average::Ewm;
use crate::moments::{mean_and_variance, range, sum_by};
use crate::{EPS, WILDER};

/// Rate of change in percent, `100 (c_n - c_1) / c_1`; NaN where empty.
pub fn roc(close: &[f64]) -> f64 {
    match (close.first(), close.last()) {
        (Some(first), Some(last)) => 100.0 * (last - first) / first,
        _ => f64::NAN,
    }
}

/// Moving average convergence/divergence (Appel): its parts are in units of price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Macd {
    /// EMA of span 12.
    pub fast: f64,
    /// EMA of span 26.
    pub slow: f64,
    /// Fast minus slow.
    pub macd: f64,
    /// EMA of span 9 of the series of fast minus slow.
    pub signal: f64,
}

/// MACD (12, 26, 9) at the last close; all NaN where empty.
pub fn macd(close: &[f64]) -> Macd {
    let (mut fast, mut slow, mut signal) = (Ewm::of_span(12), Ewm::of_span(26), Ewm::of_span(9));
    let mut out = Macd { fast: f64::NAN, slow: f64::NAN, macd: f64::NAN, signal: f64::NAN };
    for &c in close {
        let (fast, slow) = (fast.push(c), slow.push(c));
        out = Macd { fast, slow, macd: fast - slow, signal: signal.push(fast - slow) };
    }
    out
}

/// Relative strength index (Wilder 1978), 0 to 100, period 14 over the n - 1 differences: `100 - 100 / (1 + up / down)`; 100
/// where nothing fell but something rose; NaN with fewer than 15 closes, or where nothing moved.
pub fn rsi(close: &[f64]) -> f64 {
    let (mut up, mut down) = (Ewm::of_wilder(WILDER), Ewm::of_wilder(WILDER));
    for pair in close.windows(2) {
        let change = pair[1] - pair[0];
        up.push(change.max(0.0));
        down.push((-change).max(0.0));
    }
    let (up, down) = (up.after(WILDER), down.after(WILDER));
    match (up > 0.0, down > 0.0) {
        (true, false) => 100.0,
        (false, false) => f64::NAN,
        (_, true) => 100.0 - 100.0 / (1.0 + up / down),
    }
}

/// Stochastic oscillator (Lane), 0 to 100: %K of the last bin and %D, the mean of the present %K of the last three.
/// `k_t = 100 (c_t - min l) / (max h - min l)` over the 14 bins that end at `t`; absent where these are flat or there are fewer.
pub fn stochastic(high: &[f64], low: &[f64], close: &[f64]) -> (f64, f64) {
    let at = |end: usize| {
        if end < WILDER {
            return f64::NAN;
        }
        let (lowest, _) = range(&low[end - WILDER..end]);
        let (_, highest) = range(&high[end - WILDER..end]);
        if highest == lowest { f64::NAN } else { 100.0 * (close[end - 1] - lowest) / (highest - lowest) }
    };
    let n = close.len();
    let last = [2, 1, 0].map(|back| n.checked_sub(back).map_or(f64::NAN, at));
    let (sum, present) =
        last.iter().filter(|k| !k.is_nan()).fold((0.0, 0), |(sum, present), k| (sum + k, present + 1));
    (last[2], if present == 0 { f64::NAN } else { sum / f64::from(present) })
}

/// Typical prices `(h + l + c) / 3`, in place of what `out` held. Written as `c + ((h - c) + (l - c)) / 3`, which is
/// exactly `c` where the three are equal.
pub fn typical_price(high: &[f64], low: &[f64], close: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.extend(high.iter().zip(low).zip(close).map(|((h, l), c)| c + ((h - c) + (l - c)) / 3.0));
}

/// Commodity channel index (Lambert 1980) of typical prices: `(tp_n - mean) / (0.015 mean |tp - mean|)` over all of them; NaN
/// where they are flat or none.
pub fn cci(typical: &[f64]) -> f64 {
    let (mean, _) = mean_and_variance(typical);
    let deviation = sum_by(typical.len(), |t| (typical[t] - mean).abs()) / typical.len() as f64;
    match typical.last() {
        Some(last) if deviation > 0.0 => (last - mean) / (0.015 * deviation),
        _ => f64::NAN,
    }
}

/// The longest runs of rises and of falls, in bins, and the number of rises, by `max(c, eps)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Runs {
    /// Longest run of rises.
    pub up: usize,
    /// Longest run of falls.
    pub down: usize,
    /// Number of rises.
    pub rises: usize,
}

/// Runs of positive and of negative log returns.
pub fn runs(close: &[f64]) -> Runs {
    let mut longest = Runs::default();
    let (mut up, mut down) = (0, 0);
    for pair in close.windows(2) {
        let (before, now) = (pair[0].max(EPS), pair[1].max(EPS));
        let (rise, fall) = (usize::from(now > before), usize::from(now < before));
        (up, down) = ((up + 1) * rise, (down + 1) * fall);
        longest = Runs { up: longest.up.max(up), down: longest.down.max(down), rises: longest.rises + rise };
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_are_counted(moves in prop::collection::vec(-1_i32..2, 0..40)) {
            let mut close = vec![100.0];
            close.extend(moves.iter().scan(100.0, |c, &m| { *c += f64::from(m); Some(*c) }));
            let longest = |sign: i32| {
                moves.split(|&m| m != sign).map(<[i32]>::len).max().unwrap_or(0)
            };
            let rises = moves.iter().filter(|&&m| m == 1).count();
            prop_assert_eq!(runs(&close), Runs { up: longest(1), down: longest(-1), rises });
        }

        #[test]
        fn rsi_by_its_definition(close in prop::collection::vec(1.0_f64..9.0, 15..60)) {
            let smooth = |sign: f64| {
                close.windows(2).map(|p| (sign * (p[1] - p[0])).max(0.0)).reduce(|y, x| y * 13.0 / 14.0 + x / 14.0).unwrap()
            };
            let (up, down) = (smooth(1.0), smooth(-1.0));
            let expected = if down == 0.0 { 100.0 } else { 100.0 - 100.0 / (1.0 + up / down) };
            prop_assert!((rsi(&close) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_and_flat() {
        assert!(roc(&[]).is_nan() && macd(&[]).macd.is_nan() && cci(&[]).is_nan() && cci(&[3.0; 9]).is_nan());
        assert!(rsi(&[5.0; 30]).is_nan() && rsi(&[]).is_nan());
        let (k, d) = stochastic(&[5.0; 30], &[5.0; 30], &[5.0; 30]);
        assert!(k.is_nan() && d.is_nan());
        assert_eq!(runs(&[1e-12, 1e-11]), Runs::default());
        let mut typical = Vec::new();
        typical_price(&[0.1; 5], &[0.1; 5], &[0.1; 5], &mut typical);
        assert_eq!(typical, [0.1; 5]);
    }
}
