//! Momentum: rate of change, MACD, RSI, stochastic oscillator, CCI, runs of rises and falls.

use crate::EPS;
use crate::average::Ewm;
use crate::moments::{mean_and_variance, range, sum_by};
use crate::window::{cut, rolling};

/// Relative change in percent: `100 (to - from) / from`.
///
/// ```
/// assert_eq!(indicators::momentum::change_pct(80.0, 100.0), 25.0);
/// ```
pub fn change_pct(from: f64, to: f64) -> f64 {
    100.0 * (to - from) / from
}

/// Rate of change from the first to the last close, in percent: `100 (c_n - c_1) / c_1`; NaN if
/// empty. It omits the move within the first bin; [`open_to_close_pct`] includes it.
///
/// ```
/// assert_eq!(indicators::momentum::roc(&[100.0, 90.0, 110.0]), 10.0);
/// ```
pub fn roc(close: &[f64]) -> f64 {
    match (close.first(), close.last()) {
        (Some(&first), Some(&last)) => change_pct(first, last),
        _ => f64::NAN,
    }
}

/// Change from the first open to the last close, in percent: `100 (c_n - o_1) / o_1`, as exchanges
/// show it; NaN if empty.
///
/// ```
/// use indicators::momentum::{open_to_close_pct, roc};
/// // The price rises from 80 to 110 in all, of which 80 to 100 in the first bin.
/// let (open, close) = ([80.0, 100.0, 90.0], [100.0, 90.0, 110.0]);
/// assert_eq!(open_to_close_pct(&open, &close), 37.5);
/// assert_eq!(roc(&close), 10.0);
/// ```
pub fn open_to_close_pct(open: &[f64], close: &[f64]) -> f64 {
    match (open.first(), close.last()) {
        (Some(&first), Some(&last)) => change_pct(first, last),
        _ => f64::NAN,
    }
}

/// Rate of change over `period` bins, at every bin, in percent: entry `t` is
/// `100 (c_t - c_{t-period}) / c_{t-period}`, the [`roc`] of these `period + 1` closes; NaN for the
/// first `period` bins.
///
/// ```
/// let series = indicators::momentum::roc_series(&[100.0, 90.0, 110.0], 2);
/// assert!(series[1].is_nan());
/// assert_eq!(series[2], 10.0);
/// ```
pub fn roc_series(close: &[f64], period: usize) -> Vec<f64> {
    rolling(close.len(), period.max(1).saturating_add(1), |window| roc(&close[window]))
}

/// Moving average convergence/divergence (Appel) at one bin. Unit of price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Macd {
    /// EMA of the fast span.
    pub fast: f64,
    /// EMA of the slow span.
    pub slow: f64,
    /// Fast minus slow.
    pub macd: f64,
    /// EMA of `macd` over the signal span. The histogram is `macd - signal`.
    pub signal: f64,
}

/// [`Macd`] at every bin, as columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MacdSeries {
    /// EMA of the fast span.
    pub fast: Vec<f64>,
    /// EMA of the slow span.
    pub slow: Vec<f64>,
    /// Fast minus slow.
    pub macd: Vec<f64>,
    /// EMA of `macd` over the signal span.
    pub signal: Vec<f64>,
}

/// The running state of MACD.
struct MacdState {
    fast: Ewm,
    slow: Ewm,
    signal: Ewm,
}

impl MacdState {
    fn new(spans: [usize; 3]) -> MacdState {
        let [fast, slow, signal] = spans.map(Ewm::from_span);
        MacdState { fast, slow, signal }
    }

    #[inline]
    fn push(&mut self, close: f64) -> Macd {
        let (fast, slow) = (self.fast.push(close), self.slow.push(close));
        Macd { fast, slow, macd: fast - slow, signal: self.signal.push(fast - slow) }
    }
}

/// MACD at the last close: EMAs of spans `fast` and `slow`, their difference, and the EMA of span
/// `signal` of the difference. Usual spans are 12, 26 and 9.
///
/// All NaN if empty; there is no other warm-up, as the EMAs start at the first close. NaN closes
/// are missing.
///
/// ```
/// let macd = indicators::momentum::macd(&[1.0, 2.0, 3.0], 12, 26, 9);
/// assert!(macd.macd > 0.0 && macd.fast > macd.slow);
/// ```
pub fn macd(close: &[f64], fast: usize, slow: usize, signal: usize) -> Macd {
    let mut state = MacdState::new([fast, slow, signal]);
    let mut out = Macd { fast: f64::NAN, slow: f64::NAN, macd: f64::NAN, signal: f64::NAN };
    for &c in close {
        out = state.push(c);
    }
    out
}

/// [`macd`] at every bin, running.
///
/// ```
/// use indicators::momentum::{macd, macd_series};
///
/// let close = [1.0, 2.0, 3.0];
/// assert_eq!(macd_series(&close, 12, 26, 9).signal[2], macd(&close, 12, 26, 9).signal);
/// ```
pub fn macd_series(close: &[f64], fast: usize, slow: usize, signal: usize) -> MacdSeries {
    let mut state = MacdState::new([fast, slow, signal]);
    let mut series = MacdSeries::default();
    for &c in close {
        let Macd { fast, slow, macd, signal } = state.push(c);
        series.fast.push(fast);
        series.slow.push(slow);
        series.macd.push(macd);
        series.signal.push(signal);
    }
    series
}

/// The running state of RSI: Wilder's averages of rises and falls.
struct RsiState {
    up: Ewm,
    down: Ewm,
    period: usize,
}

impl RsiState {
    fn new(period: usize) -> RsiState {
        RsiState { up: Ewm::from_wilder(period), down: Ewm::from_wilder(period), period }
    }

    #[inline]
    fn push(&mut self, change: f64) {
        self.up.push(change.max(0.0));
        self.down.push((-change).max(0.0));
    }

    fn value(&self) -> f64 {
        let (up, down) = (self.up.value_after(self.period), self.down.value_after(self.period));
        match (up > 0.0, down > 0.0) {
            (true, false) => 100.0,
            (false, false) => f64::NAN,
            (_, true) => 100.0 - 100.0 / (1.0 + up / down),
        }
    }
}

/// Relative strength index (Wilder 1978) at the last close, from 0 to 100:
/// `100 - 100 / (1 + up / down)` with Wilder's averages of the rises and of the falls between
/// closes. The usual period is 14.
///
/// NaN with fewer than `period + 1` closes, or if no close differs from the one before; 100 if
/// closes rose but never fell. A change to or from a NaN close counts as 0.
///
/// ```
/// use indicators::momentum::rsi;
///
/// let close: Vec<f64> = (0..20).map(f64::from).collect();
/// assert_eq!(rsi(&close, 14), 100.0);
/// assert!(rsi(&close[..14], 14).is_nan());
/// ```
pub fn rsi(close: &[f64], period: usize) -> f64 {
    let mut state = RsiState::new(period);
    for pair in close.windows(2) {
        state.push(pair[1] - pair[0]);
    }
    state.value()
}

/// [`rsi`] at every bin, running; NaN for the first `period` bins.
///
/// ```
/// use indicators::momentum::{rsi, rsi_series};
///
/// let close: Vec<f64> = (0..40).map(|t| 10.0 + (f64::from(t) / 3.0).sin()).collect();
/// let series = rsi_series(&close, 14);
/// assert!(series[13].is_nan());
/// assert_eq!(series[14], rsi(&close[..15], 14));
/// ```
pub fn rsi_series(close: &[f64], period: usize) -> Vec<f64> {
    let mut state = RsiState::new(period);
    let next = |t: usize| {
        if t > 0 {
            state.push(close[t] - close[t - 1]);
        }
        state.value()
    };
    (0..close.len()).map(next).collect()
}

/// %K of the `period` bins before `end`; NaN if there are fewer or they are flat.
fn percent_k(high: &[f64], low: &[f64], close: &[f64], period: usize, end: usize) -> f64 {
    if end < period {
        return f64::NAN;
    }
    let (lowest, _) = range(&low[end - period..end]);
    let (_, highest) = range(&high[end - period..end]);
    if highest == lowest {
        f64::NAN
    } else {
        100.0 * (close[end - 1] - lowest) / (highest - lowest)
    }
}

/// The mean of the entries that are not NaN, oldest first; NaN if there are none.
fn mean_of_present(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, present) =
        values.filter(|k| !k.is_nan()).fold((0.0, 0), |(sum, present), k| (sum + k, present + 1));
    if present == 0 { f64::NAN } else { sum / f64::from(present) }
}

/// Stochastic oscillator (Lane) at the last bin, from 0 to 100: %K and %D, the mean of the %K of
/// the last `smoothing` bins that are not NaN. Usual are a period of 14 and a smoothing of 3.
///
/// `%K_t = 100 (c_t - min l) / (max h - min l)` over the `period` bins that end at `t`; NaN if
/// there are fewer or they are flat.
///
/// ```
/// let (high, low, close) = ([3.0, 4.0, 5.0], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]);
/// let (k, d) = indicators::momentum::stochastic(&high, &low, &close, 3, 3);
/// assert_eq!((k, d), (75.0, 75.0));
/// ```
pub fn stochastic(
    high: &[f64],
    low: &[f64],
    close: &[f64],
    period: usize,
    smoothing: usize,
) -> (f64, f64) {
    let ([high, low, close], period, smoothing) =
        (cut([high, low, close]), period.max(1), smoothing.max(1));
    let n = close.len();
    let k = |end: usize| percent_k(high, low, close, period, end);
    (k(n), mean_of_present((n.saturating_sub(smoothing - 1)..=n).map(k)))
}

/// [`stochastic`] at every bin: %K and %D.
///
/// ```
/// let (high, low, close) = ([3.0, 4.0, 5.0], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]);
/// let (k, d) = indicators::momentum::stochastic_series(&high, &low, &close, 3, 3);
/// assert!(k[1].is_nan() && d[1].is_nan());
/// assert_eq!((k[2], d[2]), (75.0, 75.0));
/// ```
pub fn stochastic_series(
    high: &[f64],
    low: &[f64],
    close: &[f64],
    period: usize,
    smoothing: usize,
) -> (Vec<f64>, Vec<f64>) {
    let ([high, low, close], period, smoothing) =
        (cut([high, low, close]), period.max(1), smoothing.max(1));
    let k: Vec<f64> =
        (1..=close.len()).map(|end| percent_k(high, low, close, period, end)).collect();
    let d = (1..=k.len())
        .map(|end| mean_of_present(k[end.saturating_sub(smoothing)..end].iter().copied()));
    let d = d.collect();
    (k, d)
}

/// Typical prices `(h + l + c) / 3`. Replaces the contents of `out`. Unit of price.
///
/// Computed as `c + ((h - c) + (l - c)) / 3`, which is exactly `c` if the three are equal.
///
/// ```
/// let mut typical = Vec::new();
/// indicators::momentum::typical_price(&[12.0], &[9.0], &[9.0], &mut typical);
/// assert_eq!(typical, [10.0]);
/// ```
pub fn typical_price(high: &[f64], low: &[f64], close: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.extend(high.iter().zip(low).zip(close).map(|((h, l), c)| c + ((h - c) + (l - c)) / 3.0));
}

/// Commodity channel index (Lambert 1980) at the last bin:
/// `(tp_n - mean) / (0.015 mean |tp - mean|)` over all typical prices given (see
/// [`typical_price`]). No unit, mostly from -200 to 200. NaN if they are empty or flat.
///
/// ```
/// let cci = indicators::momentum::cci(&[1.0, 2.0, 3.0]);
/// assert!((cci - 100.0).abs() < 1e-9);
/// ```
pub fn cci(typical: &[f64]) -> f64 {
    let (mean, _) = mean_and_variance(typical);
    let deviation = sum_by(typical.len(), |t| (typical[t] - mean).abs()) / typical.len() as f64;
    match typical.last() {
        Some(last) if deviation > 0.0 => (last - mean) / (0.015 * deviation),
        _ => f64::NAN,
    }
}

/// [`cci`] of the last `period` typical prices, at every bin, rolling. The usual period is 20.
///
/// ```
/// let series = indicators::momentum::cci_series(&[9.0, 1.0, 2.0, 3.0], 3);
/// assert!(series[1].is_nan());
/// assert!((series[3] - 100.0).abs() < 1e-9);
/// ```
pub fn cci_series(typical: &[f64], period: usize) -> Vec<f64> {
    rolling(typical.len(), period, |window| cci(&typical[window]))
}

/// Runs of rises and of falls, in bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Runs {
    /// Length of the longest run of rises.
    pub up: usize,
    /// Length of the longest run of falls.
    pub down: usize,
    /// Number of rises.
    pub rises: usize,
}

/// The runs so far, and the lengths of the current ones.
#[derive(Default)]
struct RunsState {
    longest: Runs,
    up: usize,
    down: usize,
}

impl RunsState {
    #[inline]
    fn push(&mut self, before: f64, now: f64) {
        let (before, now) = (before.max(EPS), now.max(EPS));
        let (rise, fall) = (usize::from(now > before), usize::from(now < before));
        (self.up, self.down) = ((self.up + 1) * rise, (self.down + 1) * fall);
        let Runs { up, down, rises } = self.longest;
        self.longest = Runs { up: up.max(self.up), down: down.max(self.down), rises: rises + rise };
    }
}

/// The longest runs of rising and of falling closes, and the number of rises. Closes below [`EPS`]
/// and NaN count as [`EPS`], as in [`crate::log::returns`].
///
/// ```
/// use indicators::momentum::{Runs, runs};
///
/// assert_eq!(runs(&[1.0, 2.0, 3.0, 3.0, 2.0, 5.0]), Runs { up: 2, down: 1, rises: 3 });
/// ```
pub fn runs(close: &[f64]) -> Runs {
    let mut state = RunsState::default();
    for pair in close.windows(2) {
        state.push(pair[0], pair[1]);
    }
    state.longest
}

/// [`runs`] at every bin, running.
///
/// ```
/// let series = indicators::momentum::runs_series(&[1.0, 2.0, 3.0]);
/// assert_eq!(series.iter().map(|runs| runs.up).collect::<Vec<_>>(), [0, 1, 2]);
/// ```
pub fn runs_series(close: &[f64]) -> Vec<Runs> {
    let mut state = RunsState::default();
    let next = |t: usize| {
        if t > 0 {
            state.push(close[t - 1], close[t]);
        }
        state.longest
    };
    (0..close.len()).map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_match_counting(moves in prop::collection::vec(-1_i32..2, 0..40)) {
            let mut close = vec![100.0];
            close.extend(moves.iter().scan(100.0, |c, &m| { *c += f64::from(m); Some(*c) }));
            let longest = |sign: i32| {
                moves.split(|&m| m != sign).map(<[i32]>::len).max().unwrap_or(0)
            };
            let rises = moves.iter().filter(|&&m| m == 1).count();
            prop_assert_eq!(runs(&close), Runs { up: longest(1), down: longest(-1), rises });
        }

        #[test]
        fn rsi_matches_its_definition(close in prop::collection::vec(1.0_f64..9.0, 15..60)) {
            let smooth = |sign: f64| {
                close.windows(2).map(|p| (sign * (p[1] - p[0])).max(0.0)).reduce(|y, x| y * 13.0 / 14.0 + x / 14.0).unwrap()
            };
            let (up, down) = (smooth(1.0), smooth(-1.0));
            let expected = if down == 0.0 { 100.0 } else { 100.0 - 100.0 / (1.0 + up / down) };
            prop_assert!((rsi(&close, 14) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn empty_and_flat_closes_have_no_momentum() {
        assert!(
            roc(&[]).is_nan()
                && macd(&[], 12, 26, 9).macd.is_nan()
                && cci(&[]).is_nan()
                && cci(&[3.0; 9]).is_nan()
        );
        assert!(rsi(&[5.0; 30], 14).is_nan() && rsi(&[], 14).is_nan());
        let (k, d) = stochastic(&[5.0; 30], &[5.0; 30], &[5.0; 30], 14, 3);
        assert!(k.is_nan() && d.is_nan());
        assert_eq!(runs(&[1e-12, 1e-11]), Runs::default());
        let mut typical = Vec::new();
        typical_price(&[0.1; 5], &[0.1; 5], &[0.1; 5], &mut typical);
        assert_eq!(typical, [0.1; 5]);
    }
}
