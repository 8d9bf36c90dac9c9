//! Parameters and their checks.

use bars::Window;

use crate::error::{Error, Result, check_min_baseline_n, check_months, check_windows};
use crate::features::baseline::MIN_BASELINE_N;

/// Parameters of regime features; [`Params::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The windows, 1 to 64, in whole days; no length twice.
    pub windows: Vec<Window>,
    /// Calendar days of the highs and lows that a breakout exceeds, 1 to 3660.
    pub breakout_days: u32,
    /// Calendar months of history in each baseline, 1 to 120; `None` for no baselines.
    pub months: Option<u32>,
    /// Minimum number of values in a baseline, at least 1. Smaller baselines give no percentile,
    /// quintile and z-score. 1 also gives a z-score if the interquartile range is 0.
    pub min_baseline_n: usize,
}

impl Default for Params {
    /// 3d, 7d, 14d, 30d and 90d; 20 days; 12 months; 10 values.
    fn default() -> Params {
        let windows = [3, 7, 14, 30, 90]
            .into_iter()
            .filter_map(|days| Window::from_hours(24 * days))
            .collect();
        Params { windows, breakout_days: 20, months: Some(12), min_baseline_n: MIN_BASELINE_N }
    }
}

impl Params {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(mut self) -> Result<ValidParams> {
        let not_days = |window| {
            format!("\"{window}\" is not a whole number of days; use windows such as 3d,7d,30d")
        };
        let in_days = |window: Window| {
            window.in_days().ok_or_else(|| Error::invalid("windows", not_days(window)))
        };
        self.windows = self.windows.into_iter().map(in_days).collect::<Result<_, _>>()?;
        self.windows.sort();
        self.windows.dedup();
        let days = self.breakout_days;
        if !(1..=3660).contains(&days) {
            return Err(Error::out_of_range("breakout_lookback_days", days, "1 to 3660"));
        }
        check_windows(&self.windows, "7d,30d")?;
        check_months(self.months)?;
        check_min_baseline_n(self.min_baseline_n)?;
        Ok(ValidParams(self))
    }
}

/// [`Params`] that were checked: windows of whole days, ascending and distinct.
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
    /// Returns the same parameters without baselines.
    pub fn without_baseline(self) -> ValidParams {
        ValidParams(Params { months: None, ..self.0 })
    }

    /// The windows, ascending.
    pub fn windows(&self) -> &[Window] {
        &self.0.windows
    }

    /// Calendar days of the highs and lows that a breakout exceeds.
    pub fn breakout_days(&self) -> u32 {
        self.0.breakout_days
    }

    /// Calendar months of history in each baseline.
    pub fn months(&self) -> Option<u32> {
        self.0.months
    }

    /// Minimum number of values in a baseline.
    pub fn min_baseline_n(&self) -> usize {
        self.0.min_baseline_n
    }
}
