//! Bollinger bands and measures derived from them.

use crate::EPS;
use crate::moments::mean_and_variance;

/// Bollinger bands at one bin. Unit of price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// Mean plus the given number of standard deviations.
    pub upper: f64,
    /// Mean of the closes.
    pub middle: f64,
    /// Mean minus the given number of standard deviations.
    pub lower: f64,
}

impl Bands {
    /// Upper minus lower band.
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }
}

/// [`Bands`] at every bin, as columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BandsSeries {
    /// Upper bands.
    pub upper: Vec<f64>,
    /// Middle bands.
    pub middle: Vec<f64>,
    /// Lower bands.
    pub lower: Vec<f64>,
}

impl BandsSeries {
    /// The bands at bin `t`; `None` past the last bin.
    pub fn get(&self, t: usize) -> Option<Bands> {
        Some(Bands {
            upper: *self.upper.get(t)?,
            middle: *self.middle.get(t)?,
            lower: *self.lower.get(t)?,
        })
    }

    fn iter(&self) -> impl Iterator<Item = Bands> + '_ {
        (0..self.upper.len()).map_while(|t| self.get(t))
    }
}

/// Bollinger bands of the last `period` closes (Bollinger 1983): mean -+ `deviations` standard
/// deviations (ddof 1). Usual are 20 closes and 2 deviations.
///
/// With fewer closes than `period` the bands are those of all closes; with fewer than two the outer
/// bands are NaN.
///
/// ```
/// let bands = indicators::bands::bollinger(&[1.0, 9.0, 10.0, 11.0], 3, 2.0);
/// assert_eq!((bands.lower, bands.middle, bands.upper), (8.0, 10.0, 12.0));
/// assert_eq!(bands.width(), 4.0);
/// ```
pub fn bollinger(close: &[f64], period: usize, deviations: f64) -> Bands {
    let (middle, variance) = mean_and_variance(&close[close.len().saturating_sub(period.max(1))..]);
    let reach = deviations * variance.sqrt();
    Bands { upper: middle + reach, middle, lower: middle - reach }
}

/// [`bollinger`] at every bin, running: during the first `period - 1` bins the bands are those of
/// the closes so far.
///
/// ```
/// let bands = indicators::bands::bollinger_series(&[1.0, 9.0, 10.0, 11.0], 3, 2.0);
/// assert!(bands.upper[0].is_nan());
/// assert_eq!((bands.lower[3], bands.upper[3]), (8.0, 12.0));
/// ```
pub fn bollinger_series(close: &[f64], period: usize, deviations: f64) -> BandsSeries {
    let mut series = BandsSeries::default();
    for end in 1..=close.len() {
        let Bands { upper, middle, lower } = bollinger(&close[..end], period, deviations);
        series.upper.push(upper);
        series.middle.push(middle);
        series.lower.push(lower);
    }
    series
}

/// The squeeze index: the width of Bollinger bands over that of a Keltner channel of 2 ATR,
/// `width / (4 atr + eps)`. Below 1 the bands are inside of the channel, the market is squeezed. No
/// unit; 0 or more.
///
/// ```
/// use indicators::bands::{bollinger, squeeze_index};
///
/// let bands = bollinger(&[9.0, 10.0, 11.0], 20, 2.0);
/// assert!((squeeze_index(bands, 2.0) - 0.5).abs() < 1e-9);
/// ```
pub fn squeeze_index(bands: Bands, atr: f64) -> f64 {
    bands.width() / (4.0 * atr + EPS)
}

/// [`squeeze_index`] at every bin, from the bands and the ATR of each bin; NaN where either is NaN.
///
/// ```
/// use indicators::{bands, trend};
///
/// let (high, low, close) = ([11.0; 30], [9.0; 30], [10.0; 30]);
/// let bands = bands::bollinger_series(&close, 20, 2.0);
/// let (atr, _) = trend::atr_and_adx_series(&high, &low, &close, 14);
/// assert_eq!(bands::squeeze_index_series(&bands, &atr)[29], 0.0);
/// ```
pub fn squeeze_index_series(bands: &BandsSeries, atr: &[f64]) -> Vec<f64> {
    bands.iter().zip(atr).map(|(bands, &atr)| squeeze_index(bands, atr)).collect()
}

/// The position of the last close between the bands (%B), clamped to 0..=1:
/// `(close - lower) / (width + eps)`. No unit.
///
/// ```
/// use indicators::bands::{bollinger, position};
///
/// let bands = bollinger(&[9.0, 10.0, 11.0], 20, 2.0);
/// assert!((position(bands, 11.0) - 0.75).abs() < 1e-9);
/// ```
pub fn position(bands: Bands, last_close: f64) -> f64 {
    ((last_close - bands.lower) / (bands.width() + EPS)).clamp(0.0, 1.0)
}

/// [`position`] at every bin, from the bands and the close of each bin; NaN where the bands are
/// NaN.
///
/// ```
/// use indicators::bands::{bollinger_series, position_series};
///
/// let close = [9.0, 10.0, 11.0];
/// assert!((position_series(&bollinger_series(&close, 20, 2.0), &close)[2] - 0.75).abs() < 1e-9);
/// ```
pub fn position_series(bands: &BandsSeries, close: &[f64]) -> Vec<f64> {
    bands.iter().zip(close).map(|(bands, &close)| position(bands, close)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_closes_have_bands_of_no_width() {
        let flat = bollinger(&[0.3; 25], 20, 2.0);
        assert_eq!(
            (flat.upper, flat.lower, position(flat, 0.3), squeeze_index(flat, 0.0)),
            (0.3, 0.3, 0.0, 0.0)
        );
    }

    #[test]
    fn bands_use_the_last_period_only() {
        assert!(
            bollinger(&[0.3], 20, 2.0).upper.is_nan() && bollinger(&[], 20, 2.0).width().is_nan()
        );
        let last20: Vec<f64> = (0..20).map(f64::from).collect();
        let more: Vec<f64> = [900.0, -900.0].into_iter().chain(last20.clone()).collect();
        assert_eq!(bollinger(&more, 20, 2.0), bollinger(&last20, 20, 2.0));
        assert_eq!(position(bollinger(&last20, 20, 2.0), 1e9), 1.0);
    }
}
