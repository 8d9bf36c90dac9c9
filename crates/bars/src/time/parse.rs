//! Timestamp parsing.

use super::calendar::{days_from_civil, month_length};
use super::format::StampFormat;
use super::stamp::Stamp;

/// Parses RFC 3339, `YYYY-MM-DD[ T]HH:MM[:SS[.f]]` (UTC without an offset), a date, and epoch
/// seconds, milliseconds, microseconds or nanoseconds, distinguished by magnitude.
///
/// A reader with a format reads that format only.
///
/// Caches the last date, because neighboring rows mostly share it.
#[derive(Clone, Debug, Default)]
pub struct StampReader {
    date: [u8; 10],
    days: i32,
    format: Option<StampFormat>,
}

const NANOS: i128 = 1_000_000_000;

impl StampReader {
    /// A reader of timestamps in `format`, or in the forms above.
    pub fn new(format: Option<StampFormat>) -> StampReader {
        StampReader { format, ..StampReader::default() }
    }

    /// Parses `text`; `None` if it is not a timestamp.
    pub fn read(&mut self, text: &str) -> Option<Stamp> {
        if let Some(format) = &self.format {
            return format.read(text.trim_ascii());
        }
        let bytes = text.trim_ascii().as_bytes();
        if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' {
            self.calendar(bytes)
        } else {
            epoch(bytes)
        }
    }

    fn calendar(&mut self, bytes: &[u8]) -> Option<Stamp> {
        let days = self.days(bytes[..10].try_into().ok()?)?;
        let (seconds, rest) = match bytes.get(10) {
            None => (0, &bytes[10..]),
            Some(b' ' | b'T' | b't') => clock(&bytes[11..])?,
            Some(_) => return None,
        };
        let (fraction, rest) = fraction(rest)?;
        let offset = offset(rest.trim_ascii_start())?;
        let seconds = i64::from(days) * 86_400 + seconds - offset.unwrap_or(0);
        Some(Stamp {
            nanos: i128::from(seconds) * NANOS + fraction,
            offset: Some(offset.is_some()),
            is_date: bytes.len() == 10,
        })
    }

    fn days(&mut self, date: [u8; 10]) -> Option<i32> {
        if date != self.date {
            let year = digits(&date[..4])?;
            let (month, day) = (digits(&date[5..7])?, digits(&date[8..])?);
            if !(1..=12).contains(&month) || day < 1 || day > month_length(year, month) {
                return None;
            }
            self.days = days_from_civil(year, month, day);
            self.date = date;
        }
        Some(self.days)
    }
}

/// Parses `HH:MM[:SS]` into seconds (a leap second counts as the one before) and the rest.
fn clock(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (hour, minute) = (digits(bytes.get(..2)?)?, digits(bytes.get(3..5)?)?);
    if bytes[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let (second, rest) = match bytes.get(5) {
        Some(b':') => (digits(bytes.get(6..8)?)?, &bytes[8..]),
        _ => (0, &bytes[5..]),
    };
    (second <= 60).then(|| (i64::from(hour * 3600 + minute * 60 + second.min(59)), rest))
}

/// Parses `.f` into nanoseconds (further digits are truncated) and the rest.
fn fraction(bytes: &[u8]) -> Option<(i128, &[u8])> {
    let Some(b'.' | b',') = bytes.first() else {
        return Some((0, bytes));
    };
    let length = bytes[1..].iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let nanos = (0..9)
        .fold(0, |n, i| n * 10 + if i < length { i128::from(bytes[1 + i] - b'0') } else { 0 });
    Some((nanos, &bytes[1 + length..]))
}

/// Parses `Z`, `UTC`, `+HH`, `+HHMM` or `+HH:MM` into seconds; `Some(None)` for an empty text.
fn offset(bytes: &[u8]) -> Option<Option<i64>> {
    let sign = match bytes {
        [] => return Some(None),
        b"Z" | b"z" | b"UTC" => return Some(Some(0)),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = match &bytes[1..] {
        [a, b] => (digits(&[*a, *b])?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (digits(&[*a, *b])?, digits(&[*c, *d])?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then(|| Some(sign * i64::from(hours * 3600 + minutes * 60)))
}

/// Parses an epoch number: seconds below 1e11, milliseconds below 1e14, microseconds below 1e17,
/// else nanoseconds.
fn epoch(bytes: &[u8]) -> Option<Stamp> {
    let (negative, bytes) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    let length = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 || length > 19 {
        return None;
    }
    let number = bytes[..length].iter().fold(0_i128, |n, b| n * 10 + i128::from(b - b'0'));
    let units = [
        (100_000_000_000, NANOS),
        (100_000_000_000_000, 1_000_000),
        (100_000_000_000_000_000, 1_000),
    ];
    let unit = units.iter().find(|(limit, _)| number < *limit).map_or(1, |(_, unit)| *unit);
    let (fraction, rest) = fraction(&bytes[length..])?;
    let nanos = number * unit + fraction * unit / NANOS;
    let nanos = if negative { -nanos } else { nanos };
    rest.is_empty().then_some(Stamp { nanos, offset: None, is_date: false })
}

fn digits(bytes: &[u8]) -> Option<i32> {
    bytes.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i32::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_forms_are_parsed() {
        let mut reader = StampReader::default();
        for text in [
            "2021-04-19T00:01:00Z",
            "2021-04-19t00:01:00.000z",
            "2021-04-19 00:01",
            "2021-04-19 00:01:00",
            " 2021-04-19 00:01:00.000000 ",
            "2021-04-19 02:01:00+02:00",
            "2021-04-18 19:01:00-0500",
            "2021-04-19 00:01:00+00",
            "2021-04-19 00:01:00 UTC",
            "1618790460",
            "1618790460.0",
            "1618790460000",
            "1618790460000000",
            "1618790460000000000",
        ] {
            assert_eq!(reader.read(text).map(|s| s.nanos), Some(1_618_790_460 * NANOS), "{text}");
        }
        for text in [
            "",
            "x",
            "2021-13-01 00:00",
            "2021-02-29 00:00",
            "2021-04-19 24:00",
            "2021-04-19 00:60",
            "2021-04-19 0:01",
            "2021-04-19 00:01:00 CET",
            "2021-04-19 00:01:00.",
            "2021-04-19x00:01",
            "16187904x",
            "-",
            "nan",
            "2021-04-19 00:01:00+2",
            "99999999999999999999",
        ] {
            assert_eq!(reader.read(text), None, "{text}");
        }
    }

    #[test]
    fn offsets_are_detected() {
        let mut reader = StampReader::default();
        let mut offset = |text| reader.read(text).unwrap().offset;
        assert_eq!(offset("2021-04-19 00:01"), Some(false));
        assert_eq!(offset("2021-04-19 00:01Z"), Some(true));
        assert_eq!(offset("1618790460"), None);
    }
}
