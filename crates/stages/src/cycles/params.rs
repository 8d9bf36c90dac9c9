//! Parameters of cycles.

use crate::error::{Error, Result};

/// Parameters of cycles; [`Params::check`] makes them usable.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Calendar months to decompose, 1 to 120.
    pub lookback_months: u32,
    /// Minimum depth of a bracket in percent, 0 to 200.
    pub min_cycle_depth_pct: f64,
    /// Whether to remove a robust linear trend from log price.
    pub detrend: bool,
    /// Whether to clamp volume to its 1st and 99th percentile.
    pub winsorize: bool,
    /// Whether to cluster cycles of price and volume together.
    pub mixed: bool,
}

impl Default for Params {
    /// Three months, 2 %, winsorized, two pools.
    fn default() -> Params {
        Params {
            lookback_months: 3,
            min_cycle_depth_pct: 2.0,
            detrend: false,
            winsorize: true,
            mixed: false,
        }
    }
}

impl Params {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(self) -> Result<ValidParams> {
        if !(1..=120).contains(&self.lookback_months) {
            return Err(Error::out_of_range("lookback_months", self.lookback_months, "1 to 120"));
        }
        // A leg of positive numbers is at most 200 percent of its midline.
        if !(0.0..=200.0).contains(&self.min_cycle_depth_pct) {
            let depth = self.min_cycle_depth_pct;
            return Err(Error::out_of_range("min_cycle_depth_pct", depth, "0 to 200"));
        }
        Ok(ValidParams(self))
    }
}

/// [`Params`] that were checked.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Params", into = "Params")]
pub struct ValidParams(pub(super) Params);

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
    /// Returns the parameters.
    pub fn get(&self) -> &Params {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_out_of_range_are_refused() {
        assert!(Params::default().check().is_ok());
        let of = |lookback_months, min_cycle_depth_pct| Params {
            lookback_months,
            min_cycle_depth_pct,
            ..Params::default()
        };
        let parameter = |params: Params| params.check().err().and_then(|error| error.parameter());
        assert_eq!(parameter(of(0, 2.0)), Some("lookback_months"));
        assert_eq!(parameter(of(121, 2.0)), Some("lookback_months"));
        assert_eq!(parameter(of(1, -0.5)), Some("min_cycle_depth_pct"));
        assert!(
            of(1, f64::NAN).check().is_err()
                && of(1, 201.0).check().is_err()
                && of(1, 0.0).check().is_ok()
        );
    }
}
