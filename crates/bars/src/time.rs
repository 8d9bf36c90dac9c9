//! Minutes, windows and as-ofs: the point-in-time rule.
//!
//! A bar is named by its **open time**. The bar that opens at `t` closes at `t + 1 min` and
//! counts for an as-of `A` when `t + 1 min <= A`. A window of length `w` that ends at `E` holds
//! the bars that open in `[E - w, E)`. All times are UTC, and buckets are aligned to the epoch.

use std::fmt;
use std::str::FromStr;

use jiff::civil;

use crate::error::{Error, Result};

pub use self::format::StampFormat;
pub use self::parse::{Stamp, StampReader};

mod format;
mod parse;

/// Minutes in a day.
pub const DAY: i32 = 1440;

/// The open time of a one-minute bar: whole minutes since 1970-01-01T00:00Z.
///
/// ```
/// use bars::Minute;
/// assert_eq!(Minute::from_epoch_seconds(1_672_531_200).unwrap().to_string(), "2023-01-01T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(i32);

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

    /// The start of the epoch-aligned bucket of length `window` that contains this minute.
    pub fn floor(self, window: Window) -> Minute {
        Minute(self.0.div_euclid(window.minutes()) * window.minutes())
    }

    /// Appends `YYYY-MM-DD<separator>HH:MM:SS` to `out`.
    pub fn write(self, separator: u8, out: &mut Vec<u8>) {
        let (days, minute) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = parse::civil_from_days(days);
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

/// A half-open span of open times, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First open time in the span.
    pub start: Minute,
    /// First open time after the span.
    pub end: Minute,
}

impl Span {
    /// All minutes.
    pub const ALL: Span = Span { start: Minute::MIN, end: Minute::MAX };

    /// The `days` days of bars that end at `asof`. The start is rounded up to a whole minute.
    pub fn days_before(asof: AsOf, days: u32) -> Span {
        Span { start: asof.plus(-i64::from(days) * i64::from(DAY)).ceil(), end: asof.end() }
    }

    /// Returns whether the span contains the bar that opens at `minute`.
    pub fn contains(self, minute: Minute) -> bool {
        self.start <= minute && minute < self.end
    }

    /// Returns whether the span overlaps the bars from `first` to `last` (inclusive).
    pub fn touches(self, first: Minute, last: Minute) -> bool {
        first < self.end && self.start <= last
    }
}

/// Days from 1970-01-01 to `date`.
fn days_to(date: civil::Date) -> i32 {
    parse::days_from_civil(date.year().into(), date.month().into(), date.day().into())
}

/// The unit in a window's name. Windows of equal length are equal, whatever the unit.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Minutes,
    Hours,
    Days,
}

/// A window's length: a positive whole number of minutes, named `90m`, `4h` or `3d`.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    minutes: i32,
    unit: Unit,
}

impl Window {
    /// One hour.
    pub const HOUR: Window = Window { minutes: 60, unit: Unit::Hours };
    /// One day, named `24h`.
    pub const DAY: Window = Window { minutes: DAY, unit: Unit::Hours };
    /// Three days, named `72h`.
    pub const THREE_DAYS: Window = Window { minutes: 3 * DAY, unit: Unit::Hours };
    /// A week, named `7d`.
    pub const WEEK: Window = Window { minutes: 7 * DAY, unit: Unit::Days };
    /// Thirty days, named `30d`.
    pub const MONTH: Window = Window { minutes: 30 * DAY, unit: Unit::Days };

    /// A window of `hours` hours, named in hours; `None` unless 1 to 3,660 days.
    pub fn from_hours(hours: i32) -> Option<Window> {
        let window = Window::from_minutes(hours.checked_mul(60)?)?;
        Some(Window { unit: Unit::Hours, ..window })
    }

    /// This window named in days, if it is a whole number of them.
    pub fn in_days(self) -> Option<Window> {
        (self.minutes % DAY == 0).then_some(Window { unit: Unit::Days, ..self })
    }

    /// A window of `minutes` minutes, named in minutes; `None` unless 1 to 3,660 days.
    pub fn from_minutes(minutes: i32) -> Option<Window> {
        (1..=3660 * DAY).contains(&minutes).then_some(Window { minutes, unit: Unit::Minutes })
    }

    /// Its length in minutes.
    pub fn minutes(self) -> i32 {
        self.minutes
    }

    /// Parses a list such as `1h,4h,24h`. The result is sorted by length.
    ///
    /// # Errors
    /// An entry is not a window or a length occurs twice, or the list is empty.
    pub fn parse_list(text: &str) -> Result<Vec<Window>> {
        let mut windows = Vec::new();
        for item in text.split(',') {
            let window: Window = item.trim().parse()?;
            if windows.contains(&window) {
                return Err(Error::RepeatedWindow(item.trim().to_owned()));
            }
            windows.push(window);
        }
        windows.sort();
        Ok(windows)
    }
}

impl PartialEq for Window {
    fn eq(&self, other: &Window) -> bool {
        self.minutes == other.minutes
    }
}

impl Eq for Window {}

impl PartialOrd for Window {
    fn partial_cmp(&self, other: &Window) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Window {
    fn cmp(&self, other: &Window) -> std::cmp::Ordering {
        self.minutes.cmp(&other.minutes)
    }
}

impl std::hash::Hash for Window {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.minutes.hash(state);
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self.unit {
            Unit::Minutes => format!("{}m", self.minutes),
            Unit::Hours => format!("{}h", self.minutes / 60),
            Unit::Days => format!("{}d", self.minutes / DAY),
        })
    }
}

impl FromStr for Window {
    type Err = Error;

    fn from_str(text: &str) -> Result<Window> {
        let form = || Error::NotAWindow(text.to_owned());
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let (unit, length) = match text[digits.len()..].to_ascii_lowercase().as_str() {
            // A capital M could also mean months.
            _ if text.ends_with('M') => return Err(Error::MonthsOrMinutes(text.to_owned())),
            "m" | "min" | "mins" => (Unit::Minutes, 1),
            "h" | "hr" | "hrs" | "hour" | "hours" => (Unit::Hours, 60),
            "d" | "day" | "days" => (Unit::Days, DAY),
            "w" | "week" | "weeks" => (Unit::Days, 7 * DAY),
            _ => return Err(form()),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(form());
        }
        let minutes =
            digits.parse::<i32>().ok().and_then(|n| n.checked_mul(length)).ok_or_else(form)?;
        let window = Window::from_minutes(minutes).ok_or_else(form)?;
        Ok(Window { unit, ..window })
    }
}

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
        let (year, month, day) = parse::civil_from_days(self.days());
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
        sensible(
            &ASOF_YEARS,
            i16::try_from(parse::civil_from_days(days).0).map_err(|_| reason())?,
        )?;
        Ok(AsOfSpec::At(asof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_parsed_and_printed() {
        let names: Vec<String> =
            Window::parse_list("24h, 1h,3d,90m").unwrap().iter().map(Window::to_string).collect();
        assert_eq!(names, ["1h", "90m", "24h", "3d"]);
        let names = |list: &str| {
            let windows = Window::parse_list(list).unwrap();
            windows.iter().map(Window::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names("1H,90min,2hr,1D,1w,3Hours"), ["1h", "90m", "2h", "3h", "1d", "7d"]);
        let months = "1M".parse::<Window>().unwrap_err();
        assert!(months.to_string().contains("1m for minutes or 30d for a month"), "{months}");
        for bad in ["", "h", "1", "1x", "0h", "-1h", "+1h", "1.5h", "1h,,4h", "99999999999m", "é"]
        {
            assert!(matches!(Window::parse_list(bad), Err(Error::NotAWindow(_))), "{bad}");
        }
        assert_eq!(Window::parse_list("1d,24h"), Err(Error::RepeatedWindow("24h".into())));
    }

    #[test]
    fn a_bar_counts_from_its_close() {
        let minute = Minute::from_epoch_seconds(1_000_000_020).unwrap();
        let span = |seconds| Span { start: Minute::MIN, end: AsOf(seconds).end() };
        assert!(!span(1_000_000_079).contains(minute));
        assert!(span(1_000_000_080).contains(minute));
        assert_eq!(AsOf::close_of(minute).end(), minute.plus(1));
    }

    #[test]
    fn lookback_from_within_a_minute_starts_at_the_next_minute() {
        let span = Span::days_before(AsOf(86_400 * 3 + 30), 1);
        assert_eq!((span.start.index(), span.end.index()), (2 * DAY + 1, 3 * DAY));
    }

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

    #[test]
    fn buckets_before_the_epoch_are_aligned() {
        let minute = Minute::new(-1).unwrap();
        assert_eq!(minute.floor(Window::HOUR).index(), -60);
        assert_eq!(minute.to_string(), "1969-12-31T23:59:00Z");
    }
}
