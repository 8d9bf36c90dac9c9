//! Parameters and their checks.

use bars::Window;

use crate::error::{Error, Result, check_windows};

/// Parameters of the leaderboards; [`Params::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Number of ranks per bucket and kind, and of symbols per board; at least 1.
    pub top_n: usize,
    /// The windows, 1 to 64; no length twice.
    pub windows: Vec<Window>,
    /// Days before the as-of, 1 to 3660.
    pub lookback_days: u32,
    /// Whether partial buckets at the edges of the lookback are used.
    pub include_partial: bool,
    /// Whether symbols without a bar in the 24 hours before the as-of are ranked.
    pub include_stale: bool,
}

impl Default for Params {
    /// 20 ranks; 1h, 4h, 12h and 24h; 30 days.
    fn default() -> Params {
        Params {
            top_n: 20,
            windows: [1, 4, 12, 24].into_iter().filter_map(Window::from_hours).collect(),
            lookback_days: 30,
            include_partial: false,
            include_stale: false,
        }
    }
}

impl Params {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(mut self) -> Result<ValidParams> {
        self.windows.sort();
        self.windows.dedup();
        if self.top_n == 0 {
            return Err(Error::out_of_range("top_n", self.top_n, "1 or more"));
        }
        let days = self.lookback_days;
        if !(1..=3660).contains(&days) {
            return Err(Error::out_of_range("lookback_days", days, "1 to 3660"));
        }
        check_windows(&self.windows, "1h,24h")?;
        Ok(ValidParams(self))
    }
}

/// [`Params`] that were checked: windows are ascending and distinct.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Params", into = "Params")]
pub struct ValidParams(Params);

impl TryFrom<Params> for ValidParams {
    type Error = Error;

    fn try_from(params: Params) -> Result<ValidParams> {
        params.check()
    }
}

impl From<ValidParams> for Params {
    fn from(valid: ValidParams) -> Params {
        valid.0
    }
}

impl ValidParams {
    /// Number of ranks per bucket and kind, and of symbols per board.
    pub fn top_n(&self) -> usize {
        self.0.top_n
    }

    /// The windows, ascending.
    pub fn windows(&self) -> &[Window] {
        &self.0.windows
    }

    /// Days before the as-of.
    pub fn lookback_days(&self) -> u32 {
        self.0.lookback_days
    }

    /// Whether partial buckets are used.
    pub fn include_partial(&self) -> bool {
        self.0.include_partial
    }

    /// Whether stale symbols are ranked.
    pub fn include_stale(&self) -> bool {
        self.0.include_stale
    }

    /// The window of the reported changes.
    pub fn changes_of(&self) -> Window {
        changes_of(&self.0.windows).unwrap_or(Window::DAY)
    }

    /// The longest window of which all windows are multiples. Bars are summed into it once for all
    /// windows.
    pub(super) fn base_window(&self) -> Window {
        let minutes = self.0.windows.iter().map(|window| window.minutes()).fold(0, gcd);
        Window::from_minutes(minutes).unwrap_or(Window::HOUR)
    }
}

fn gcd(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The window of the reported changes among `windows`: 24h, or else the longest.
pub fn changes_of(windows: &[Window]) -> Option<Window> {
    let day = windows.iter().find(|window| **window == Window::DAY);
    day.or(windows.iter().max()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_windows_are_named_in_hours() {
        let windows: Vec<String> =
            Params::default().windows.iter().map(ToString::to_string).collect();
        assert_eq!(windows, ["1h", "4h", "12h", "24h"]);
    }
}
