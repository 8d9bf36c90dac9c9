//! Numbers as text. Non-finite numbers are shown as an en dash.
//!
//! Each type is a [`Display`] and can be used directly in markup, which writes into the page's
//! buffer without an intermediate string.

use std::fmt::{self, Display};

use maud::Render;

const MISSING: &str = "–";

/// A number with a fixed number of decimals: `Fixed(value, decimals)`.
#[derive(Clone, Copy, Debug)]
pub struct Fixed(pub f64, pub usize);

impl Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fixed(value, decimals) = *self;
        if value.is_finite() { write!(f, "{value:.decimals$}") } else { f.write_str(MISSING) }
    }
}

/// A number with a fixed number of decimals and always a sign: `Signed(value, decimals)`.
#[derive(Clone, Copy, Debug)]
pub struct Signed(pub f64, pub usize);

impl Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Signed(value, decimals) = *self;
        if value.is_finite() { write!(f, "{value:+.decimals$}") } else { f.write_str(MISSING) }
    }
}

/// A price with at least four significant digits and at most 12 decimals.
#[derive(Clone, Copy, Debug)]
pub struct Price(pub f64);

impl Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = (3 - self.0.abs().max(1e-12).log10().floor() as i32).clamp(0, 12) as usize;
        Fixed(self.0, decimals).fmt(f)
    }
}

/// A duration given in days, in the largest unit of days, hours and minutes that it fills.
#[derive(Clone, Copy, Debug)]
pub struct Period(pub f64);

impl Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 * 1440.0 {
            minutes if !minutes.is_finite() => f.write_str(MISSING),
            minutes if minutes >= 1440.0 => write!(f, "{:.1} d", minutes / 1440.0),
            minutes if minutes >= 60.0 => write!(f, "{:.1} h", minutes / 60.0),
            minutes => write!(f, "{minutes:.0} min"),
        }
    }
}

/// A count with thousands separators: `1,234,567`.
#[derive(Clone, Copy, Debug)]
pub struct Count(pub usize);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1000, self.0 % 1000) {
            (0, n) => write!(f, "{n}"),
            (thousands, n) => write!(f, "{},{n:03}", Count(thousands)),
        }
    }
}

macro_rules! render_as_display {
    ($($name:ty),*) => {$(
        impl Render for $name {
            fn render_to(&self, buffer: &mut String) {
                format_args!("{self}").render_to(buffer);
            }
        }
    )*};
}

render_as_display!(Fixed, Signed, Price, Period, Count);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        let texts = [0, 999, 1000, 1_002_034].map(|n| Count(n).to_string());
        assert_eq!(texts, ["0", "999", "1,000", "1,002,034"]);
    }

    #[test]
    fn periods_use_the_largest_unit_they_fill() {
        let texts = [0.5 / 24.0, 0.5, 2.25, f64::NAN].map(|days| Period(days).to_string());
        assert_eq!(texts, ["30 min", "12.0 h", "2.2 d", "–"]);
    }

    #[test]
    fn prices_keep_four_significant_digits() {
        let texts =
            [43_210.5, 12.345, 0.000_123_4, 0.0, f64::NAN].map(|price| Price(price).to_string());
        assert_eq!(texts, ["43210", "12.35", "0.0001234", "0.000000000000", "–"]);
    }

    #[test]
    fn missing_numbers_are_a_dash() {
        assert_eq!([Signed(1.234, 1).to_string(), Signed(f64::NAN, 1).to_string()], ["+1.2", "–"]);
        assert_eq!([Fixed(1.25, 1).to_string(), Fixed(f64::INFINITY, 1).to_string()], ["1.2", "–"]);
    }
}
