//! Errors of this crate.

use bars::{AsOf, Window};

/// The result of fallible functions in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a stage cannot run. Messages name parameters; front ends add flags and remedies.
///
/// ```
/// use stages::{Error, metrics::Params};
///
/// let error = Params { months: Some(0), ..Params::default() }.check().unwrap_err();
/// assert_eq!(error.parameter(), Some("months"));
/// let problem = "months 0 is out of range: expected 1 to 120, or none for no baseline";
/// assert_eq!(error.to_string(), problem);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter has an invalid value.
    #[error("{name} {problem}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// The value, the problem, and the valid values.
        problem: String,
    },
    /// A parameter is out of its range.
    #[error("{name} {value} is out of range: expected {expected}")]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// The valid values.
        expected: String,
    },
    /// A window of the leaderboards has no complete bucket in the lookback.
    #[error(
        "window {window} has no complete bucket in the {days} days before {asof}; use more lookback_days, a \
         shorter window, or include_partial"
    )]
    NoCompleteBucket {
        /// The window.
        window: Window,
        /// The lookback.
        days: u32,
        /// The as-of.
        asof: AsOf,
    },
    /// No symbol has a bar in the 24 hours before the as-of of the leaderboards.
    #[error(
        "none of the {seen} symbols has a bar in the 24 hours before {asof}; evaluate at an earlier time, or use \
         include_stale"
    )]
    AllStale {
        /// Symbols with a bar that closes by the as-of.
        seen: usize,
        /// The as-of.
        asof: AsOf,
    },
    /// No symbol has a bar in a complete bucket of the leaderboards.
    #[error(
        "none of the {symbols} symbols has a bar in a complete bucket of the {days} days before {asof}; \
         leaderboards need bars in at least two buckets of a window (30 days are better)"
    )]
    NoBars {
        /// Symbols that were examined.
        symbols: usize,
        /// The lookback.
        days: u32,
        /// The as-of.
        asof: AsOf,
    },
}

impl Error {
    /// Returns the invalid parameter, if that is the error; the message begins with its name.
    pub fn parameter(&self) -> Option<&'static str> {
        match self {
            Error::Parameter { name, .. } | Error::OutOfRange { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Creates an [`Error::OutOfRange`]; `expected` are the valid values, such as `1 to 120`.
    pub fn out_of_range(
        name: &'static str,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Error {
        Error::OutOfRange { name, value: value.to_string(), expected: expected.into() }
    }

    pub(crate) fn invalid(name: &'static str, problem: impl Into<String>) -> Error {
        Error::Parameter { name, problem: problem.into() }
    }
}

/// Maximum number of windows: every window adds columns, and memory for each of them.
const MAX_WINDOWS: usize = 64;

/// Checks that a list of windows has 1 to [`MAX_WINDOWS`] windows.
pub(crate) fn check_windows(windows: &[Window], example: &str) -> Result<()> {
    if windows.is_empty() {
        return Err(Error::invalid(
            "windows",
            format!("is empty; give at least one, such as {example}"),
        ));
    }
    if windows.len() > MAX_WINDOWS {
        let count = windows.len();
        return Err(Error::invalid(
            "windows",
            format!("has {count} lengths; give at most {MAX_WINDOWS}"),
        ));
    }
    Ok(())
}

/// Checks the minimum number of values in a baseline.
pub(crate) fn check_min_baseline_n(n: usize) -> Result<()> {
    if n == 0 {
        return Err(Error::out_of_range("min_baseline_n", n, "1 or more"));
    }
    Ok(())
}

/// Checks the months of a baseline; `None` is no baseline.
pub(crate) fn check_months(months: Option<u32>) -> Result<()> {
    match months {
        Some(months @ (0 | 121..)) => {
            Err(Error::out_of_range("months", months, "1 to 120, or none for no baseline"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_windows_is_limited() {
        let windows =
            |count: i32| -> Vec<Window> { (1..=count).filter_map(Window::from_hours).collect() };
        let checked = |count| {
            crate::metrics::Params { windows: windows(count), ..Default::default() }.check()
        };
        assert!(checked(64).is_ok());
        let error = checked(65).unwrap_err();
        assert_eq!(error.to_string(), "windows has 65 lengths; give at most 64");
        assert!(check_windows(&windows(3000), "1h").is_err());
    }
}
