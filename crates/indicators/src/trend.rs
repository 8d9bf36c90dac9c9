//! Trend: true range, average true range, average directional index (Wilder 1978).

use crate::WILDER_PERIOD;
use crate::average::Ewm;
use crate::window::cut;

/// The true range of bin `t`.
#[inline(always)]
fn true_range_at(high: &[f64], low: &[f64], close: &[f64], t: usize) -> f64 {
    let own = high[t] - low[t];
    if t == 0 {
        return own;
    }
    let before = close[t - 1];
    own.max((high[t] - before).abs()).max((low[t] - before).abs())
}

/// True ranges: the largest of `h - l`, `|h - c'|` and `|l - c'|` with `c'` the close before;
/// `h - l` for the first bin. Replaces the contents of `out`. Unit of price.
///
/// ```
/// let mut ranges = Vec::new();
/// indicators::trend::true_range(&[3.0, 9.0], &[2.0, 8.0], &[2.5, 8.5], &mut ranges);
/// assert_eq!(ranges, [1.0, 6.5]);
/// ```
pub fn true_range(high: &[f64], low: &[f64], close: &[f64], out: &mut Vec<f64>) {
    let [high, low, close] = cut([high, low, close]);
    out.clear();
    out.extend((0..close.len()).map(|t| true_range_at(high, low, close, t)));
}

/// The running state of ATR and ADX.
struct DirectionalState {
    atr: Ewm,
    plus: Ewm,
    minus: Ewm,
    adx: Ewm,
    period: usize,
}

impl DirectionalState {
    fn new(period: usize) -> DirectionalState {
        let average = Ewm::from_wilder(period);
        DirectionalState {
            atr: average,
            plus: average,
            minus: average,
            adx: average,
            period: period.max(1),
        }
    }

    /// Adds bin `t`; bins come in order.
    #[inline(always)]
    fn push(&mut self, high: &[f64], low: &[f64], close: &[f64], t: usize) {
        let range = self.atr.push(true_range_at(high, low, close, t));
        let (up, down) =
            if t == 0 { (0.0, 0.0) } else { (high[t] - high[t - 1], low[t - 1] - low[t]) };
        let plus = self.plus.push(if up > 0.0 && up > down { up } else { 0.0 });
        let minus = self.minus.push(if down > 0.0 && down > up { down } else { 0.0 });
        if t + 1 >= self.period {
            // The division by ATR cancels; where ATR is 0 the directional indicators are undefined.
            let dx = 100.0 * ((plus - minus).abs() / (plus + minus));
            self.adx.push(if range > 0.0 { dx } else { f64::NAN });
        }
    }

    fn values(&self) -> (f64, f64) {
        (self.atr.value_after(self.period), self.adx.value_after(self.period))
    }
}

/// Average true range and average directional index (Wilder 1978) at the last bin. The usual period
/// is 14.
///
/// With Wilder's average `W` of the period: `ATR = W(true range)`, `DI = 100 W(DM) / ATR`,
/// `DX = 100 |+DI - -DI| / (+DI + -DI)`, `ADX = W(DX)`. `+DM_t = h_t - h_{t-1}` if that exceeds 0
/// and `l_{t-1} - l_t`, else 0; `-DM` is mirrored; both are 0 for the first bin. DX is missing at
/// 0/0.
///
/// ATR has the unit of price and is NaN with fewer than `period` bins. ADX is from 0 to 100 and NaN
/// with fewer than `period` DX that are present, so with fewer than `2 period - 1` bins.
///
/// ```
/// let high: Vec<f64> = (0..40).map(|t| 11.0 + f64::from(t)).collect();
/// let low: Vec<f64> = high.iter().map(|h| h - 2.0).collect();
/// let close: Vec<f64> = high.iter().map(|h| h - 1.0).collect();
/// let (atr, adx) = indicators::trend::atr_and_adx(&high, &low, &close, 14);
/// assert_eq!((atr, adx), (2.0, 100.0));
/// ```
pub fn atr_and_adx(high: &[f64], low: &[f64], close: &[f64], period: usize) -> (f64, f64) {
    let columns = cut([high, low, close]);
    // With the usual period as a constant the loop is a tenth faster.
    if period == WILDER_PERIOD { last(columns, WILDER_PERIOD) } else { last(columns, period) }
}

#[inline(always)]
fn last([high, low, close]: [&[f64]; 3], period: usize) -> (f64, f64) {
    let mut state = DirectionalState::new(period);
    for t in 0..close.len() {
        state.push(high, low, close, t);
    }
    state.values()
}

/// [`atr_and_adx`] at every bin, running: ATR and ADX.
///
/// ```
/// let (high, low, close) = ([11.0; 40], [9.0; 40], [10.0; 40]);
/// let (atr, adx) = indicators::trend::atr_and_adx_series(&high, &low, &close, 14);
/// assert!(atr[12].is_nan());
/// assert_eq!(atr[13], 2.0);
/// assert!(adx[39].is_nan()); // no direction
/// ```
pub fn atr_and_adx_series(
    high: &[f64],
    low: &[f64],
    close: &[f64],
    period: usize,
) -> (Vec<f64>, Vec<f64>) {
    let [high, low, close] = cut([high, low, close]);
    let mut state = DirectionalState::new(period);
    let next = |t: usize| {
        state.push(high, low, close, t);
        state.values()
    };
    (0..close.len()).map(next).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::average::{wilder, wilder_series};
    use proptest::prelude::*;

    /// ADX by its definition, series by series.
    fn naive(high: &[f64], low: &[f64], close: &[f64]) -> (f64, f64) {
        let n = close.len();
        let series = |x: &[f64]| wilder_series(x, 14);
        let mut tr = Vec::new();
        true_range(high, low, close, &mut tr);
        let atr = series(&tr);
        let moves: Vec<(f64, f64)> = (0..n)
            .map(|t| if t == 0 { (0.0, 0.0) } else { (high[t] - high[t - 1], low[t - 1] - low[t]) })
            .collect();
        let above = |own: f64, other: f64| if own > 0.0 && own > other { own } else { 0.0 };
        let plus = series(&moves.iter().map(|&(up, down)| above(up, down)).collect::<Vec<_>>());
        let minus = series(&moves.iter().map(|&(up, down)| above(down, up)).collect::<Vec<_>>());
        let dx: Vec<f64> = (0..n)
            .map(|t| {
                let (p, m) = (100.0 * plus[t] / atr[t], 100.0 * minus[t] / atr[t]);
                100.0 * (p - m).abs() / (p + m)
            })
            .collect();
        (atr[n - 1], wilder(&dx, 14))
    }

    proptest! {
        #[test]
        fn atr_and_adx_match_their_definitions(bins in prop::collection::vec((0_i32..6, 0_i32..4, 0_i32..4), 1..60)) {
            let (mut high, mut low, mut close) = (Vec::new(), Vec::new(), Vec::new());
            for &(c, up, down) in &bins {
                let c = 100.0 + f64::from(c);
                close.push(c);
                high.push(c + f64::from(up));
                low.push(c - f64::from(down));
            }
            let (got, expected) = (atr_and_adx(&high, &low, &close, 14), naive(&high, &low, &close));
            for (a, b) in [(got.0, expected.0), (got.1, expected.1)] {
                prop_assert!((a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan()), "{got:?} {expected:?}");
            }
        }
    }

    #[test]
    fn flat_prices_have_no_direction() {
        let flat = [5.0; 40];
        let (atr, adx) = atr_and_adx(&flat, &flat, &flat, 14);
        assert!(atr == 0.0 && adx.is_nan());
        assert!(atr_and_adx(&[], &[], &[], 14).0.is_nan());
    }
}
