//! Trend: true range, ATR, ADX (Wilder 1978).

use crate::WILDER;
use crate::average::Ewm;

/// True range of bin `t`: the largest of `h - l`, `|h - c'|` and `|l - c'|` with `c'` the close before; `h - l` for the first.
#[inline]
fn true_range_at(high: &[f64], low: &[f64], close: &[f64], t: usize) -> f64 {
    let own = high[t] - low[t];
    if t == 0 {
        return own;
    }
    let before = close[t - 1];
    own.max((high[t] - before).abs()).max((low[t] - before).abs())
}

/// True ranges, in place of what `out` held. Units of price.
pub fn true_range(high: &[f64], low: &[f64], close: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.extend((0..close.len()).map(|t| true_range_at(high, low, close, t)));
}

/// Average true range, Wilder 14, and average directional index, Wilder 14 of DX, at the last bin.
///
/// `+DM_t = h_t - h_{t-1}` where that is above 0 and above `l_{t-1} - l_t`, else 0; `-DM` mirrored; `DM_1 = 0`.
/// `DI = 100 wilder(DM) / ATR`, `DX = 100 |+DI - -DI| / (+DI + -DI)`, absent at 0/0. ATR (units of price) is NaN with fewer than 14 bins,
/// ADX (0 to 100) with fewer than 14 present DX, so with fewer than 27 bins.
pub fn atr_and_adx(high: &[f64], low: &[f64], close: &[f64]) -> (f64, f64) {
    let mut atr = Ewm::of_wilder(WILDER);
    let (mut plus, mut minus) = (Ewm::of_wilder(WILDER), Ewm::of_wilder(WILDER));
    let mut adx = Ewm::of_wilder(WILDER);
    for t in 0..close.len() {
        let range = atr.push(true_range_at(high, low, close, t));
        let (up, down) = if t == 0 { (0.0, 0.0) } else { (high[t] - high[t - 1], low[t - 1] - low[t]) };
        let plus = plus.push(if up > 0.0 && up > down { up } else { 0.0 });
        let minus = minus.push(if down > 0.0 && down > up { down } else { 0.0 });
        if t + 1 >= WILDER {
            // The division by ATR cancels; where ATR is 0 there is no DI.
            let dx = 100.0 * ((plus - minus).abs() / (plus + minus));
            adx.push(if range > 0.0 { dx } else { f64::NAN });
        }
    }
    (atr.after(WILDER), adx.after(WILDER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::average::wilder;
    use proptest::prelude::*;

    /// ADX as the books have it: each series on its own.
    fn naive(high: &[f64], low: &[f64], close: &[f64]) -> (f64, f64) {
        let n = close.len();
        let series = |x: &[f64]| -> Vec<f64> { (1..=n).map(|end| wilder(&x[..end], 14)).collect() };
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
        fn atr_and_adx_by_their_definitions(bins in prop::collection::vec((0_i32..6, 0_i32..4, 0_i32..4), 1..60)) {
            let (mut high, mut low, mut close) = (Vec::new(), Vec::new(), Vec::new());
            for &(c, up, down) in &bins {
                let c = 100.0 + f64::from(c);
                close.push(c);
                high.push(c + f64::from(up));
                low.push(c - f64::from(down));
            }
            let (got, expected) = (atr_and_adx(&high, &low, &close), naive(&high, &low, &close));
            for (a, b) in [(got.0, expected.0), (got.1, expected.1)] {
                prop_assert!((a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan()), "{got:?} {expected:?}");
            }
        }
    }

    #[test]
    fn flat_has_no_direction() {
        let flat = [5.0; 40];
        let (atr, adx) = atr_and_adx(&flat, &flat, &flat);
        assert!(atr == 0.0 && adx.is_nan());
        assert!(atr_and_adx(&[], &[], &[]).0.is_nan());
    }
}
