//! The evaluation time.

use std::fmt;
use std::str::FromStr;

use jiff::civil;

use super::calendar::{civil_from_days, days_to};
use super::minute::Minute;
use super::parse::StampReader;
use crate::error::{Error, Result};

/// The evaluation time, in whole seconds: only bars closed by then are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf(i64);

impl AsOf {
    /// The as-of at which the bar that opens at `minute` closes.
    pub fn close_of(minute: Minute) -> AsOf {
        AsOf(minute.epoch_seconds() + 60)
    }

    /// Seconds since the epoch.
    pub fn epoch_seconds(self) -> i64 {
        self.0
    }

    /// The start of its UTC day.
    pub fn midnight(self) -> AsOf {
        AsOf(self.0.div_euclid(86_400) * 86_400)
    }

    /// The time `months` calendar months earlier, clamped to the last day of a shorter month: three
    /// months before 31 May is 28 (or 29) February.
    pub fn months_before(self, months: u32) -> AsOf {
        let (year, month, day) = civil_from_days(self.days());
        let date = i16::try_from(year).ok().and_then(|year| {
            let date =
                civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
            date.checked_sub(jiff::Span::new().try_months(months).ok()?).ok()
        });
        // Before the first year of the calendar, so earlier than any bar.
        let days = date.map_or(Self::start_of(Minute::MIN).days(), days_to);
        AsOf(i64::from(days) * 86_400 + self.0.rem_euclid(86_400))
    }

    /// Days from the epoch to its date.
    fn days(self) -> i32 {
        // As-ofs are in the years 1900 to 2999, or the close of a bar.
        self.0.div_euclid(86_400) as i32
    }

    /// This time moved by `minutes`.
    pub fn plus(self, minutes: i64) -> AsOf {
        self.plus_seconds(minutes.saturating_mul(60))
    }

    /// This time moved by `seconds`.
    pub fn plus_seconds(self, seconds: i64) -> AsOf {
        AsOf(self.0.saturating_add(seconds))
    }

    /// Its date, `YYYY-MM-DD`.
    pub fn date(self) -> String {
        let mut text = self.to_string();
        text.truncate(10);
        text
    }

    /// The first whole minute at or after it.
    pub fn ceil(self) -> Minute {
        Minute::new(-(-self.0).div_euclid(60)).unwrap_or(Minute::MIN)
    }

    /// The time at which `minute` begins.
    pub fn start_of(minute: Minute) -> AsOf {
        AsOf(minute.epoch_seconds())
    }

    /// The time `micros` microseconds after the epoch, truncated to seconds; `None` outside the
    /// years of bars.
    pub fn from_epoch_micros(micros: i64) -> Option<AsOf> {
        let seconds = micros.div_euclid(1_000_000);
        Minute::new(seconds.div_euclid(60)).map(|_| AsOf(seconds))
    }

    /// Microseconds since the epoch, as Parquet stores them.
    pub fn epoch_micros(self) -> i64 {
        self.0 * 1_000_000
    }

    /// The first open time that does not count: bars in `[.., end)` have closed by the as-of.
    pub fn end(self) -> Minute {
        Minute::new(self.0.div_euclid(60)).unwrap_or(Minute::MAX)
    }
}

/// RFC 3339 with `Z`, in whole seconds.
impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = Minute::new(self.0.div_euclid(60)).unwrap_or(Minute::MAX);
        let mut out = Vec::with_capacity(20);
        minute.write(b'T', &mut out);
        out.truncate(17);
        let text = String::from_utf8(out).unwrap_or_default();
        f.pad(&format!("{text}{:02}Z", self.0.rem_euclid(60)))
    }
}

/// The years of an as-of. Every lookback from them is within the range of [`Minute`].
const ASOF_YEARS: std::ops::RangeInclusive<i16> = 1900..=2999;

/// An as-of on the command line, before the bars are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOfSpec {
    /// The close of the newest bar.
    Latest,
    /// A date: 00:00 UTC, unless a command defines it otherwise.
    Date(civil::Date),
    /// A point in time.
    At(AsOf),
}

impl AsOfSpec {
    /// Returns the time, a date meaning 00:00 UTC; `None` for the close of the newest bar.
    pub fn moment(self) -> Option<AsOf> {
        match self {
            AsOfSpec::Latest => None,
            AsOfSpec::Date(date) => Some(AsOf(i64::from(days_to(date)) * 86_400)),
            AsOfSpec::At(asof) => Some(asof),
        }
    }
}

impl fmt::Display for AsOfSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AsOfSpec::Latest => f.pad("latest"),
            AsOfSpec::Date(date) => f.pad(&date.to_string()),
            AsOfSpec::At(asof) => asof.fmt(f),
        }
    }
}

impl FromStr for AsOfSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<AsOfSpec> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("latest") {
            return Ok(AsOfSpec::Latest);
        }
        let reason = || Error::NotAnAsOf(text.to_owned());
        let sensible = |years: &std::ops::RangeInclusive<i16>, year: i16| {
            let out = || Error::AsOfOutOfRange {
                text: text.to_owned(),
                first: *years.start(),
                last: *years.end(),
            };
            years.contains(&year).then_some(()).ok_or_else(out)
        };
        if trimmed.len() == 10 && trimmed.as_bytes()[4] == b'-' {
            let date: civil::Date = trimmed.parse().map_err(|_| reason())?;
            sensible(&ASOF_YEARS, date.year())?;
            return Ok(AsOfSpec::Date(date));
        }
        let stamp = StampReader::default().read(trimmed).ok_or_else(reason)?;
        // A fraction of a second cannot contain another close, so it is truncated.
        let asof =
            AsOf(i64::try_from(stamp.nanos.div_euclid(1_000_000_000)).map_err(|_| reason())?);
        let days = i32::try_from(asof.0.div_euclid(86_400)).map_err(|_| reason())?;
        sensible(&ASOF_YEARS, i16::try_from(civil_from_days(days).0).map_err(|_| reason())?)?;
        Ok(AsOfSpec::At(asof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_before_are_calendar_months() {
        let at = |text: &str| text.parse::<AsOfSpec>().unwrap().moment().unwrap();
        let golden = [
            ("2021-05-31T10:00:00Z", 3, "2021-02-28T10:00:00Z"),
            ("2024-03-30", 1, "2024-02-29T00:00:00Z"),
            ("2021-05-13T12:34:56Z", 1, "2021-04-13T12:34:56Z"),
            ("2024-02-29", 12, "2023-02-28T00:00:00Z"),
            ("2024-01-15", 13, "2022-12-15T00:00:00Z"),
        ];
        for (asof, months, expected) in golden {
            assert_eq!(at(asof).months_before(months).to_string(), expected);
        }
        assert_eq!(at("2021-05-13T12:34:56Z").ceil().to_string(), "2021-05-13T12:35:00Z");
        assert_eq!(at("2021-05-13T12:34:56Z").midnight(), at("2021-05-13"));
    }

    #[test]
    fn asofs_are_parsed_and_printed() {
        let at = |text: &str| text.parse::<AsOfSpec>().unwrap().moment().unwrap().to_string();
        assert_eq!(at("2024-05-18"), "2024-05-18T00:00:00Z");
        assert_eq!(at("2024-05-18T12:00:00.999Z"), "2024-05-18T12:00:00Z");
        assert_eq!(at("2024-05-18 14:00:07+02:00"), "2024-05-18T12:00:07Z");
        assert_eq!("latest".parse::<AsOfSpec>().unwrap().moment(), None);
        for bad in [
            "2024-02-30",
            "yesterday",
            "",
            "2024-05-18T25:00",
            "9999-12-31",
            "0000-06-01",
            "1e9",
            "-99999999999",
        ] {
            assert!(bad.parse::<AsOfSpec>().is_err(), "{bad}");
        }
    }
}
