//! Bollinger bands and what is read off them.

use crate::EPS;
use crate::moments::mean_and_variance;

/// Bollinger bands: mean -+ 2 standard deviations (ddof 1). Units of price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// Upper band.
    pub upper: f64,
    /// Lower band.
    pub lower: f64,
}

impl Bands {
    /// Upper minus lower.
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }
}

/// Bands of the last 20 closes, or of all where there are fewer; NaN with fewer than two.
pub fn bollinger(close: &[f64]) -> Bands {
    let (mean, variance) = mean_and_variance(&close[close.len().saturating_sub(20)..]);
    let reach = 2.0 * variance.sqrt();
    Bands { upper: mean + reach, lower: mean - reach }
}

/// Width of the bands over that of a Keltner channel of 2 ATR: `width / (4 atr + eps)`. Below 1 the market is squeezed.
pub fn squeeze_index(bands: Bands, atr: f64) -> f64 {
    bands.width() / (4.0 * atr + EPS)
}

/// Where the last close stands between the bands, 0 to 1: `(c - lower) / (width + eps)`, clamped.
pub fn position(bands: Bands, last: f64) -> f64 {
    ((last - bands.lower) / (bands.width() + EPS)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_and_few() {
        let flat = bollinger(&[0.3; 25]);
        assert_eq!(
            (flat.upper, flat.lower, position(flat, 0.3), squeeze_index(flat, 0.0)),
            (0.3, 0.3, 0.0, 0.0)
        );
        assert!(bollinger(&[0.3]).upper.is_nan() && bollinger(&[]).width().is_nan());
        let last20: Vec<f64> = (0..20).map(f64::from).collect();
        let more: Vec<f64> = [900.0, -900.0].into_iter().chain(last20.clone()).collect();
        assert_eq!(bollinger(&more), bollinger(&last20));
        assert_eq!(position(bollinger(&last20), 1e9), 1.0);
    }
}
