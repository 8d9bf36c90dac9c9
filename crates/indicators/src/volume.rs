//! Volume: VWAP, on-balance volume, shares of volume, volume spikes.

use crate::EPS;
use crate::moments::{RunningSum, mad, median, range, sum, sum_by};
use crate::window::{cut, rolling, rolling_pair};

/// A volume is a spike above the median plus this many MAD: 3 times the MAD scaled to a standard
/// deviation.
const SPIKE_MADS: f64 = 3.0 * 1.4826;

/// A close counts as above the VWAP from this multiple of it on, so that rounding does not put a
/// flat market above itself.
const ABOVE_VWAP_FACTOR: f64 = 1.0 + 1e-12;

/// Volume weighted average price over all bins: `sum(tp v) / sum v` with typical prices `tp`
/// ([`crate::momentum::typical_price`]). NaN without volume. The VWAP of a constant price is
/// exactly that price. Unit of price.
///
/// ```
/// assert_eq!(indicators::volume::vwap(&[10.0, 20.0], &[3.0, 1.0]), 12.5);
/// ```
pub fn vwap(typical: &[f64], volume: &[f64]) -> f64 {
    let [typical, volume] = cut([typical, volume]);
    let total = sum(volume);
    let (low, high) = range(typical);
    match total > 0.0 {
        false => f64::NAN,
        true if low == high => low,
        true => sum_by(volume.len(), |t| typical[t] * volume[t]) / total,
    }
}

/// [`vwap`] at every bin, running: anchored at the first bin. Pass the bins of one session for the
/// VWAP of that session.
///
/// ```
/// let series = indicators::volume::vwap_series(&[9.0, 10.0, 20.0], &[0.0, 3.0, 1.0]);
/// assert!(series[0].is_nan());
/// assert_eq!(series[1..], [10.0, 12.5]);
/// ```
pub fn vwap_series(typical: &[f64], volume: &[f64]) -> Vec<f64> {
    let (mut total, mut weighted) = (RunningSum::default(), RunningSum::default());
    let (mut low, mut high) = (f64::NAN, f64::NAN);
    let next = |(&price, &volume): (&f64, &f64)| {
        (low, high) = (low.min(price), high.max(price));
        let (total, weighted) = (total.push(volume), weighted.push(price * volume));
        match total > 0.0 {
            false => f64::NAN,
            true if low == high => low,
            true => weighted / total,
        }
    };
    typical.iter().zip(volume).map(next).collect()
}

/// Share of closes above `vwap`, from 0 to 1; NaN if `vwap` is NaN or there are no closes.
///
/// ```
/// assert_eq!(indicators::volume::share_above(&[9.0, 10.0, 11.0, 12.0], 10.0), 0.5);
/// ```
pub fn share_above(close: &[f64], vwap: f64) -> f64 {
    if vwap.is_nan() {
        return f64::NAN;
    }
    let limit = vwap * ABOVE_VWAP_FACTOR;
    close.iter().filter(|&&c| c > limit).count() as f64 / close.len() as f64
}

/// [`share_above`] of the last `period` closes and the VWAP of the same bin, at every bin, rolling.
///
/// ```
/// let series = indicators::volume::share_above_series(&[9.0, 10.0, 11.0], &[9.0, 9.5, 10.0], 2);
/// assert!(series[0].is_nan());
/// assert_eq!(series[1..], [0.5, 0.5]);
/// ```
pub fn share_above_series(close: &[f64], vwap: &[f64], period: usize) -> Vec<f64> {
    let [close, vwap] = cut([close, vwap]);
    rolling(close.len(), period, |window| share_above(&close[window.clone()], vwap[window.end - 1]))
}

/// The sign of the change to the close of bin `t`, which is not the first.
#[inline(always)]
fn sign_of_change(close: &[f64], t: usize) -> f64 {
    f64::from(i8::from(close[t] > close[t - 1]) - i8::from(close[t] < close[t - 1]))
}

/// On-balance volume (Granville 1963) at the last bin: the sum of `sign(c_t - c_{t-1}) v_t` from
/// the second bin on; NaN with fewer than two bins. Unit of volume.
///
/// ```
/// assert_eq!(indicators::volume::obv(&[1.0, 2.0, 1.5, 1.5], &[9.0, 4.0, 1.0, 5.0]), 3.0);
/// ```
pub fn obv(close: &[f64], volume: &[f64]) -> f64 {
    let [close, volume] = cut([close, volume]);
    if close.len() < 2 {
        return f64::NAN;
    }
    sum_by(close.len() - 1, |t| sign_of_change(close, t + 1) * volume[t + 1])
}

/// [`obv`] at every bin, running; NaN for the first bin.
///
/// ```
/// let series = indicators::volume::obv_series(&[1.0, 2.0, 1.5, 1.5], &[9.0, 4.0, 1.0, 5.0]);
/// assert!(series[0].is_nan());
/// assert_eq!(series[1..], [4.0, 3.0, 3.0]);
/// ```
pub fn obv_series(close: &[f64], volume: &[f64]) -> Vec<f64> {
    let [close, volume] = cut([close, volume]);
    let mut sum = RunningSum::default();
    let next =
        |t: usize| if t == 0 { f64::NAN } else { sum.push(sign_of_change(close, t) * volume[t]) };
    (0..close.len()).map(next).collect()
}

/// Volume in units of the quote currency over all bins: `sum(c v)`; 0 if empty.
///
/// ```
/// assert_eq!(indicators::volume::quote_volume(&[2.0, 3.0], &[10.0, 1.0]), 23.0);
/// ```
pub fn quote_volume(close: &[f64], volume: &[f64]) -> f64 {
    let [close, volume] = cut([close, volume]);
    sum_by(close.len(), |t| close[t] * volume[t])
}

/// [`quote_volume`] at every bin, running: the cumulative quote volume.
///
/// ```
/// assert_eq!(indicators::volume::quote_volume_series(&[2.0, 3.0], &[10.0, 1.0]), [20.0, 23.0]);
/// ```
pub fn quote_volume_series(close: &[f64], volume: &[f64]) -> Vec<f64> {
    let mut sum = RunningSum::default();
    close.iter().zip(volume).map(|(c, v)| sum.push(c * v)).collect()
}

/// Shares of the volume in bins with a rising and with a falling close, from 0 to 1; NaN
/// without volume. Closes below [`EPS`] count as [`EPS`].
///
/// ```
/// let (up, down) = indicators::volume::up_and_down_share(&[1.0, 2.0, 1.0], &[2.0, 1.0, 1.0]);
/// assert_eq!((up, down), (0.25, 0.25));
/// ```
pub fn up_and_down_share(close: &[f64], volume: &[f64]) -> (f64, f64) {
    let [close, volume] = cut([close, volume]);
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

/// [`up_and_down_share`] of the last `period` bins, at every bin, rolling. The first bin of a
/// window has no change.
///
/// ```
/// let (up, down) = indicators::volume::up_and_down_share_series(&[9.0, 1.0, 2.0, 1.0], &[9.0, 2.0, 1.0, 1.0], 3);
/// assert!(up[1].is_nan());
/// assert_eq!((up[3], down[3]), (0.25, 0.25));
/// ```
pub fn up_and_down_share_series(
    close: &[f64],
    volume: &[f64],
    period: usize,
) -> (Vec<f64>, Vec<f64>) {
    let [close, volume] = cut([close, volume]);
    rolling_pair(close.len(), period, |window| {
        up_and_down_share(&close[window.clone()], &volume[window])
    })
}

/// Share of bins with a volume above `median + 3 x 1.4826 x MAD`, from 0 to 1; NaN if empty.
/// Overwrites `scratch`.
///
/// ```
/// let share = indicators::volume::spike_share(&[1.0, 2.0, 3.0, 90.0], &mut Vec::new());
/// assert_eq!(share, 0.25);
/// ```
pub fn spike_share(volume: &[f64], scratch: &mut Vec<i64>) -> f64 {
    let center = median(volume, scratch);
    let limit = center + SPIKE_MADS * mad(volume, center, scratch);
    volume.iter().filter(|&&v| v > limit).count() as f64 / volume.len() as f64
}

/// [`spike_share`] of the last `period` bins, at every bin, rolling.
///
/// ```
/// let series = indicators::volume::spike_share_series(&[9.0, 1.0, 2.0, 3.0, 90.0], 4);
/// assert!(series[2].is_nan());
/// assert_eq!(series[4], 0.25);
/// ```
pub fn spike_share_series(volume: &[f64], period: usize) -> Vec<f64> {
    let mut scratch = Vec::new();
    rolling(volume.len(), period, |window| spike_share(&volume[window], &mut scratch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn measures_match_their_definitions(bins in prop::collection::vec((1_i32..9, 0_i32..30), 2..50)) {
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
    fn bins_without_volume_give_nan() {
        assert!(vwap(&[3.0, 4.0], &[0.0, 0.0]).is_nan() && share_above(&[3.0], f64::NAN).is_nan());
        assert!(
            up_and_down_share(&[3.0, 4.0], &[0.0, 0.0]).0.is_nan() && obv(&[3.0], &[1.0]).is_nan()
        );
        assert_eq!(spike_share(&[0.0; 4], &mut Vec::new()), 0.0);
        assert_eq!(vwap(&[0.1; 7], &[0.3; 7]), 0.1);
    }
}
