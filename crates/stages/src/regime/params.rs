//! What is asked for, checked once.

use bars::Window;

use crate::features::baseline::{MonthsError, check_months};

/// What may be asked for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The windows, whole days, each once.
    pub windows: Vec<Window>,
    /// Calendar days over which a close is the highest or lowest.
    pub breakout_days: u32,
    /// Calendar months of the baselines; `None` for no baselines.
    pub months: Option<u32>,
}

impl Default for Params {
    /// 3d, 7d, 14d, 30d and 90d; 20 days; 12 months.
    fn default() -> Params {
        let windows =
            [3, 7, 14, 30, 90].into_iter().filter_map(|days| Window::from_hours(24 * days)).collect();
        Params { windows, breakout_days: 20, months: Some(12) }
    }
}

/// What cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// No window.
    #[error("windows is empty; name at least one, such as 7d,30d")]
    NoWindows,
    /// Not whole days.
    #[error("windows: \"{0}\" is not a whole number of days; use windows such as 3d,7d,30d")]
    NotDays(Window),
    /// No day, or more than ten years.
    #[error("breakout_lookback_days {0} is out of range; must be 1 to 3660")]
    Breakout(u32),
    /// No such baseline.
    #[error(transparent)]
    Months(#[from] MonthsError),
}

impl ParamsError {
    /// The parameter; messages begin with it.
    pub fn parameter(&self) -> &'static str {
        match self {
            ParamsError::NoWindows | ParamsError::NotDays(_) => "windows",
            ParamsError::Breakout(_) => "breakout_lookback_days",
            ParamsError::Months(_) => "months",
        }
    }
}

impl Params {
    /// Checks what is asked for.
    ///
    /// # Errors
    /// Names what cannot be.
    pub fn check(mut self) -> Result<ValidParams, ParamsError> {
        let in_days = |window: Window| window.in_days().ok_or(ParamsError::NotDays(window));
        self.windows = self.windows.into_iter().map(in_days).collect::<Result<_, _>>()?;
        self.windows.sort();
        self.windows.dedup();
        match self {
            Params { breakout_days: days @ (0 | 3661..), .. } => Err(ParamsError::Breakout(days)),
            params if params.windows.is_empty() => Err(ParamsError::NoWindows),
            params => {
                check_months(params.months)?;
                Ok(ValidParams(params))
            }
        }
    }
}

/// [`Params`] that make sense: windows of whole days, named in days, ascending, each once.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Params", into = "Params")]
pub struct ValidParams(Params);

impl TryFrom<Params> for ValidParams {
    type Error = ParamsError;

    fn try_from(params: Params) -> Result<ValidParams, ParamsError> {
        params.check()
    }
}

impl From<ValidParams> for Params {
    fn from(valid: ValidParams) -> Params {
        valid.0
    }
}

impl ValidParams {
    /// The same without baselines.
    pub fn without_baseline(self) -> ValidParams {
        ValidParams(Params { months: None, ..self.0 })
    }

    /// The windows, ascending.
    pub fn windows(&self) -> &[Window] {
        &self.0.windows
    }

    /// Calendar days over which a close is the highest or lowest.
    pub fn breakout_days(&self) -> u32 {
        self.0.breakout_days
    }

    /// Calendar months of the baselines.
    pub fn months(&self) -> Option<u32> {
        self.0.months
    }
}
