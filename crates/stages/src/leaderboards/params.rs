//! What is asked for, checked once.

use bars::Window;

use crate::error::{Error, Result, check_windows};

/// What may be asked for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Places per bucket and kind, and symbols per board.
    pub top_n: usize,
    /// The windows, each once.
    pub windows: Vec<Window>,
    /// Days before the as-of that are looked at.
    pub lookback_days: u32,
    /// Whether the first and last, cut, buckets of the lookback are used too.
    pub include_partial: bool,
    /// Whether symbols without a bar in the day before the as-of are ranked too.
    pub include_stale: bool,
}

impl Default for Params {
    /// 20 places; 1h, 4h, 12h and 24h; 30 days.
    fn default() -> Params {
        let hours = [60, 240, 720].into_iter().filter_map(Window::from_minutes);
        Params {
            top_n: 20,
            windows: hours.chain([Window::DAY]).collect(),
            lookback_days: 30,
            include_partial: false,
            include_stale: false,
        }
    }
}

impl Params {
    /// Checks what is asked for.
    ///
    /// # Errors
    /// Names what cannot be.
    pub fn check(mut self) -> Result<ValidParams> {
        self.windows.sort();
        self.windows.dedup();
        if self.top_n == 0 {
            return Err(Error::invalid("top_n", "0 leaves no place to take; must be at least 1"));
        }
        let days = self.lookback_days;
        if !(1..=3660).contains(&days) {
            let problem = format!("{days} is out of range; must be 1 to 3660");
            return Err(Error::invalid("lookback_days", problem));
        }
        check_windows(&self.windows, "1h,24h")?;
        Ok(ValidParams(self))
    }
}

/// [`Params`] that make sense: windows ascending, each once.
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
    /// Places per bucket and kind, and symbols per board.
    pub fn top_n(&self) -> usize {
        self.0.top_n
    }

    /// The windows, ascending.
    pub fn windows(&self) -> &[Window] {
        &self.0.windows
    }

    /// Days before the as-of that are looked at.
    pub fn lookback_days(&self) -> u32 {
        self.0.lookback_days
    }

    /// Whether cut buckets are used.
    pub fn include_partial(&self) -> bool {
        self.0.include_partial
    }

    /// Whether stale symbols are ranked.
    pub fn include_stale(&self) -> bool {
        self.0.include_stale
    }

    /// The window whose newest change is shown.
    pub fn changes_of(&self) -> Window {
        changes_of(&self.0.windows).unwrap_or(Window::DAY)
    }

    /// The longest window of which all windows are multiples: bars are summed into it once for all
    /// of them.
    pub(super) fn base_window(&self) -> Window {
        let minutes = self.0.windows.iter().map(|window| window.minutes()).fold(0, gcd);
        Window::from_minutes(minutes).unwrap_or(Window::HOUR)
    }
}

fn gcd(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Of some windows the one whose newest change is shown: a day, or else the longest.
pub fn changes_of(windows: &[Window]) -> Option<Window> {
    let day = windows.iter().find(|window| **window == Window::DAY);
    day.or(windows.iter().max()).copied()
}
