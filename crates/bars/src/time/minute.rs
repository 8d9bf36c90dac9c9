//! The open time of a bar.

use std::fmt;

use jiff::civil;

use super::calendar::{DAY, civil_from_days, days_to};

/// The open time of a one-minute bar: whole minutes since 1970-01-01T00:00Z.
///
/// ```
/// use bars::Minute;
/// assert_eq!(Minute::from_epoch_seconds(1_672_531_200).unwrap().to_string(), "2023-01-01T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(pub(super) i32);

impl Minute {
    /// The first minute of the year 1. Bars lie between this and [`Minute::MAX`].
    pub const MIN: Minute = Minute(-1_035_593_280);
    /// The last minute of the year 6000.
    pub const MAX: Minute = Minute(2_120_132_160);

    /// The minute that starts `minutes` after the epoch, if within
    /// [`Minute::MIN`]..=[`Minute::MAX`].
    pub fn new(minutes: i64) -> Option<Minute> {
        let minute = Minute(i32::try_from(minutes).ok()?);
        (Self::MIN..=Self::MAX).contains(&minute).then_some(minute)
    }

    /// The minute that starts exactly `seconds` after the epoch; `None` if it is not a whole
    /// minute.
    pub fn from_epoch_seconds(seconds: i64) -> Option<Minute> {
        (seconds.rem_euclid(60) == 0).then(|| Self::new(seconds.div_euclid(60)))?
    }

    /// Days from 1970-01-01 to a calendar date; `None` for an invalid date.
    pub fn days_to_date(year: i16, month: i8, day: i8) -> Option<i32> {
        civil::Date::new(year, month, day).ok().map(days_to)
    }

    /// Minutes since the epoch.
    pub fn index(self) -> i32 {
        self.0
    }

    /// Seconds since the epoch.
    pub fn epoch_seconds(self) -> i64 {
        i64::from(self.0) * 60
    }

    /// Microseconds since the epoch, as Parquet stores them.
    pub fn epoch_micros(self) -> i64 {
        i64::from(self.0) * 60_000_000
    }

    /// This minute moved by `minutes`, clamped to the range of [`Minute`].
    pub fn plus(self, minutes: i32) -> Minute {
        Minute(self.0.saturating_add(minutes)).clamp(Self::MIN, Self::MAX)
    }

    /// Appends `YYYY-MM-DD<separator>HH:MM:SS` to `out`.
    pub fn write(self, separator: u8, out: &mut Vec<u8>) {
        let (days, minute) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        let two = |n: i32| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        out.extend(two(year / 100));
        out.extend(two(year % 100));
        out.push(b'-');
        out.extend(two(month));
        out.push(b'-');
        out.extend(two(day));
        out.push(separator);
        out.extend(two(minute / 60));
        out.push(b':');
        out.extend(two(minute % 60));
        out.extend(b":00");
    }

    /// Formats as `YYYY-MM-DD HH:MM:SS`, as in the cohort and history files.
    pub fn plain(self) -> String {
        let mut out = Vec::with_capacity(19);
        self.write(b' ', &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

/// RFC 3339 with `Z`.
impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(20);
        self.write(b'T', &mut out);
        out.push(b'Z');
        f.pad(&String::from_utf8(out).unwrap_or_default())
    }
}
