//! Volume: VWAP, on-balance volume, shares of volume, spikes.

use crate::EPS;
use crate::moments::{mad, median, range, sum, sum_by};

/// How many scaled MAD above the median a volume is a spike: `3 x 1.4826`.
const SPIKE: f64 = 3.0 * 1.4826;

/// How far above the VWAP a close must be to count as above it, relative: a flat market is not above itself.
const ABOVE: f64 = 1.0 + 1e-12;

/// Volume weighted average price of typical prices, `sum(tp v) / sum v`; NaN without volume. A constant price has exactly
/// itself as VWAP.
pub fn vwap(typical: &[f64], volume: &[f64]) -> f64 {
    let total = sum(volume);
    let (low, high) = range(typical);
    match total > 0.0 {
        false => f64::NAN,
        true if low == high => low,
        true => sum_by(volume.len(), |t| typical[t] * volume[t]) / total,
    }
}

/// Share of bins that close above the VWAP, 0 to 1; NaN where there is no VWAP.
pub fn share_above(close: &[f64], vwap: f64) -> f64 {
    if vwap.is_nan() {
        return f64::NAN;
    }
    let limit = vwap * ABOVE;
    close.iter().filter(|&&c| c > limit).count() as f64 / close.len() as f64
}

/// On-balance volume (Granville 1963): `sum sign(c_t - c_{t-1}) v_t`, t >= 2; NaN with fewer than two bins.
pub fn obv(close: &[f64], volume: &[f64]) -> f64 {
    if close.len() < 2 {
        return f64::NAN;
    }
    let sign = |t: usize| f64::from(i8::from(close[t + 1] > close[t]) - i8::from(close[t + 1] < close[t]));
    sum_by(close.len() - 1, |t| sign(t) * volume[t + 1])
}

/// Volume in units of the quote currency, `sum c v`.
pub fn quote_volume(close: &[f64], volume: &[f64]) -> f64 {
    sum_by(close.len(), |t| close[t] * volume[t])
}

/// Shares of the volume that came with a rising and with a falling `max(c, eps)`, 0 to 1; NaN without volume.
pub fn up_and_down_share(close: &[f64], volume: &[f64]) -> (f64, f64) {
    let total = sum(volume);
    if total <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    let moved = |wanted: fn(f64, f64) -> bool| {
        sum_by(close.len().saturating_sub(1), |t| {
            if wanted(close[t].max(EPS), close[t + 1].max(EPS)) { volume[t + 1] } else { 0.0 }
        })
    };
    (moved(|before, now| now > before) / total, moved(|before, now| now < before) / total)
}

/// Share of bins whose volume is above `median + 3 x 1.4826 x MAD`, 0 to 1; `scratch` is overwritten. NaN where empty.
pub fn spike_share(volume: &[f64], scratch: &mut Vec<i64>) -> f64 {
    let center = median(volume, scratch);
    let limit = center + SPIKE * mad(volume, center, scratch);
    volume.iter().filter(|&&v| v > limit).count() as f64 / volume.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn by_their_definitions(bins in prop::collection::vec((1_i32..9, 0_i32..30), 2..50)) {
            let close: Vec<f64> = bins.iter().map(|b| f64::from(b.0)).collect();
            let volume: Vec<f64> = bins.iter().map(|b| f64::from(b.1)).collect();
            let total: f64 = volume.iter().sum();
            let with = |wanted: fn(f64) -> bool| -> f64 {
                (1..close.len()).filter(|&t| wanted(close[t] - close[t - 1])).map(|t| volume[t]).sum()
            };
            let (rising, falling) = (with(|d| d > 0.0), with(|d| d < 0.0));
            prop_assert_eq!(obv(&close, &volume), rising - falling);
            if total > 0.0 {
                prop_assert_eq!(up_and_down_share(&close, &volume), (rising / total, falling / total));
                let expected = close.iter().zip(&volume).map(|(c, v)| c * v).sum::<f64>() / total;
                prop_assert!((vwap(&close, &volume) - expected).abs() < 1e-12);
                let above = close.iter().filter(|&&c| c > expected * (1.0 + 1e-12)).count();
                prop_assert_eq!(share_above(&close, expected), above as f64 / close.len() as f64);
            }
            let middle = |mut x: Vec<f64>| { x.sort_by(f64::total_cmp); 0.5 * (x[(x.len() - 1) / 2] + x[x.len() / 2]) };
            let m = middle(volume.clone());
            let mad = middle(volume.iter().map(|v| (v - m).abs()).collect());
            let spikes = volume.iter().filter(|&&v| v > m + 3.0 * 1.4826 * mad).count();
            prop_assert_eq!(spike_share(&volume, &mut Vec::new()), spikes as f64 / volume.len() as f64);
        }
    }

    #[test]
    fn without_volume() {
        assert!(vwap(&[3.0, 4.0], &[0.0, 0.0]).is_nan() && share_above(&[3.0], f64::NAN).is_nan());
        assert!(up_and_down_share(&[3.0, 4.0], &[0.0, 0.0]).0.is_nan() && obv(&[3.0], &[1.0]).is_nan());
        assert_eq!(spike_share(&[0.0; 4], &mut Vec::new()), 0.0);
        assert_eq!(vwap(&[0.1; 7], &[0.3; 7]), 0.1);
    }
}
