//! Text into markup.

use std::fmt::Write;

/// `text` so that it stands for itself in an element or an attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Appends formatted markup. Writing into a string cannot fail.
pub fn append(out: &mut String, markup: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(markup);
}

/// Appends formatted markup: `put!(out, "<p>{}</p>", escape(text))`.
macro_rules! put {
    ($out:expr, $($markup:tt)*) => { $crate::html::append($out, format_args!($($markup)*)) };
}
pub(crate) use put;

/// A number with `digits` after the point; a dash where it is missing.
pub fn number(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:.digits$}") } else { "–".to_owned() }
}

/// The same with a sign.
pub fn signed(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:+.digits$}") } else { "–".to_owned() }
}

/// A price with as many digits as it takes to tell it from its neighbours.
pub fn price(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let digits = (3 - value.abs().max(1e-12).log10().floor() as i32).clamp(0, 12) as usize;
    format!("{value:.digits$}")
}

/// A length of days in the largest of days, hours and minutes that it fills.
pub fn period(days: f64) -> String {
    match days * 1440.0 {
        m if !m.is_finite() => "–".to_owned(),
        m if m >= 1440.0 => format!("{:.1} d", m / 1440.0),
        m if m >= 60.0 => format!("{:.1} h", m / 60.0),
        m => format!("{m:.0} min"),
    }
}

/// `1,234,567`.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_text() {
        assert_eq!(escape("<b a='1'>&\"x\""), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;x&quot;");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.5 / 24.0, 0.5, 2.25].map(period), ["30 min", "12.0 h", "2.2 d"]);
        assert_eq!([43_210.5, 12.345, 0.000_123_4].map(price), ["43210", "12.35", "0.0001234"]);
        assert_eq!([signed(1.234, 1), number(f64::NAN, 1)], ["+1.2", "–"]);
    }
}
