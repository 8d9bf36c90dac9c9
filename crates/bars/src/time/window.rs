//! Lengths of time by name, and the buckets that they make.

use std::fmt;
use std::str::FromStr;

use super::calendar::DAY;
use super::minute::Minute;
use crate::error::{Error, Result};

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

impl Minute {
    /// The start of the epoch-aligned bucket of length `window` that contains this minute.
    pub fn floor(self, window: Window) -> Minute {
        Minute(self.0.div_euclid(window.minutes()) * window.minutes())
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
    fn buckets_before_the_epoch_are_aligned() {
        let minute = Minute::new(-1).unwrap();
        assert_eq!(minute.floor(Window::HOUR).index(), -60);
        assert_eq!(minute.to_string(), "1969-12-31T23:59:00Z");
    }
}
