//! Parameters and their checks.

use bars::Window;

use crate::error::{Error, Result, check_min_baseline_n, check_months, check_windows};
use crate::features::baseline::MIN_BASELINE_N;

/// Parameters of intraday metrics; [`Params::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The windows, 1 to 64; no length twice.
    pub windows: Vec<Window>,
    /// Minimum share of a window's minutes with a bar, 0 to 1.
    pub coverage_threshold: f64,
    /// Calendar months of history in each baseline, 1 to 120; `None` for no baselines.
    pub months: Option<u32>,
    /// Minimum number of values in a baseline, at least 1. Smaller baselines give no percentile,
    /// quintile and z-score. 1 also gives a z-score if the interquartile range is 0.
    pub min_baseline_n: usize,
}

impl Default for Params {
    /// 1h, 4h, 12h and 24h; 0.8; 3 months; 10 values.
    fn default() -> Params {
        let windows = [1, 4, 12, 24].into_iter().filter_map(Window::from_hours).collect();
        Params { windows, coverage_threshold: 0.8, months: Some(3), min_baseline_n: MIN_BASELINE_N }
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
        check_windows(&self.windows, "1h,24h")?;
        if !(0.0..=1.0).contains(&self.coverage_threshold) {
            let share = self.coverage_threshold;
            return Err(Error::out_of_range("coverage_threshold", share, "0 to 1"));
        }
        check_months(self.months)?;
        check_min_baseline_n(self.min_baseline_n)?;
        Ok(ValidParams(self))
    }
}

/// [`Params`] that were checked: windows are ascending and distinct.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
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

    /// Minimum share of a window's minutes with a bar.
    pub fn coverage_threshold(&self) -> f64 {
        self.0.coverage_threshold
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
