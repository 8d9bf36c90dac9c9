//! Timestamps in a format that the user states.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{self, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};

use super::stamp::Stamp;
use crate::error::{Error, Result};

/// A format of timestamps with the directives of `strptime`, such as `%d/%m/%Y %H:%M`. Timestamps
/// are UTC unless the format has an offset (`%z`).
///
/// ```
/// use bars::time::{StampFormat, StampReader};
/// let format: StampFormat = "%d/%m/%Y %H:%M".parse().unwrap();
/// let stamp = StampReader::new(Some(format)).read("02/04/2021 00:01").unwrap();
/// assert_eq!(stamp.nanos, 1_617_321_660_000_000_000);
/// assert!("%H:%M".parse::<StampFormat>().is_err(), "no date");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampFormat(String);

impl StampFormat {
    /// Parses `text`; `None` if it does not have this format.
    pub(super) fn read(&self, text: &str) -> Option<Stamp> {
        let time = BrokenDownTime::parse(&self.0, text).ok()?;
        if time.timestamp().is_some() {
            let nanos = time.to_timestamp().ok()?.as_nanosecond();
            return Some(Stamp { nanos, offset: None, is_date: false });
        }
        let offset = time.offset();
        let nanos = offset.unwrap_or(Offset::UTC).to_timestamp(time.to_datetime().ok()?).ok()?;
        Some(Stamp {
            nanos: nanos.as_nanosecond(),
            offset: Some(offset.is_some()),
            is_date: time.hour().is_none(),
        })
    }
}

/// An afternoon, so that a clock of 12 hours without AM or PM does not give it back.
const EXAMPLE: DateTime = civil::date(2024, 2, 3).at(15, 4, 0, 0);

impl FromStr for StampFormat {
    type Err = Error;

    /// # Errors
    /// [`Error::NotAStampFormat`]: a directive is unknown, or the format does not determine a date
    /// and time.
    fn from_str(text: &str) -> Result<StampFormat> {
        let error = |reason: String| Error::NotAStampFormat {
            format: text.escape_debug().to_string(),
            reason,
        };
        let example = EXAMPLE.to_zoned(TimeZone::UTC).map_err(|e| error(e.to_string()))?;
        let written = BrokenDownTime::from(&example).to_string(text);
        let written = written.map_err(|e| error(e.to_string()))?;
        let back = BrokenDownTime::parse(text, &written).map_err(|e| error(e.to_string()))?;
        if back.iana_time_zone().is_some() {
            return Err(error("names of time zones are not read, only offsets (%z)".to_owned()));
        }
        let format = StampFormat(text.to_owned());
        // Minutes and hours may be left out; they are 0 then.
        let full = EXAMPLE.to_zoned(TimeZone::UTC).map_err(|e| error(e.to_string()))?.timestamp();
        let hour = full.as_second() - 4 * 60;
        let day = hour - 15 * 3600;
        let read = format.read(&written).map(|stamp| (stamp.nanos, stamp.is_date));
        let seconds = |seconds: i64| i128::from(seconds) * 1_000_000_000;
        let expected =
            [(full.as_nanosecond(), false), (seconds(hour), false), (seconds(day), true)];
        if read.is_some_and(|read| expected.contains(&read)) {
            Ok(format)
        } else {
            Err(error("it does not determine a date and a time of day".to_owned()))
        }
    }
}

/// The format as it was given.
impl fmt::Display for StampFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::StampReader;

    #[test]
    fn formats_are_read_as_utc_unless_they_have_an_offset() {
        let nanos = 1_617_321_660_000_000_000;
        for (format, text) in [
            ("%d/%m/%Y %H:%M", "02/04/2021 00:01"),
            ("%m/%d/%Y %I:%M %p", "04/02/2021 12:01 AM"),
            ("%d.%m.%Y %H:%M:%S", "02.04.2021 00:01:00"),
            ("%d.%m.%y %H:%M %z", "02.04.21 02:01 +0200"),
            ("%Y%m%d%H%M", "202104020001"),
            ("%s", "1617321660"),
        ] {
            let mut reader = StampReader::new(Some(format.parse().unwrap()));
            assert_eq!(reader.read(text).map(|stamp| stamp.nanos), Some(nanos), "{format}");
            assert_eq!(reader.read("2021-04-02T00:01:00Z"), None, "{format}");
        }
        let mut dates = StampReader::new(Some("%d.%m.%Y".parse().unwrap()));
        assert!(dates.read("02.04.2021").unwrap().is_date);
        let mut hours = StampReader::new(Some("%d.%m.%Y %H".parse().unwrap()));
        assert!(!hours.read("02.04.2021 00").unwrap().is_date);
    }

    #[test]
    fn formats_without_a_time_are_refused() {
        for (format, reason) in [
            ("%H:%M", "date"),
            ("%Y-%m", "date"),
            ("%d/%m/%Y %I:%M", "date"),
            ("%!", "%!"),
            ("", "date"),
            ("dd/mm/yyyy", "date"),
            ("%Y-%m-%d %H:%M %Q", "time zones"),
        ] {
            let error = format.parse::<StampFormat>().unwrap_err().to_string();
            assert!(error.contains(reason), "{format}: {error}");
        }
    }
}
