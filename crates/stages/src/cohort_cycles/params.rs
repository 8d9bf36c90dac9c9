//! Parameters of cohort cycles.

use bars::Window;

use crate::error::{Error, Result};

/// Parameters of the clusters of upswings; [`Params::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The windows; each ends with a symbol's last bar. No length twice.
    pub windows: Vec<Window>,
    /// Minimum amplitude of an upswing of price, in percent; at least 0.
    pub min_amplitude_pct: f64,
    /// Minimum number of minutes in a window, at least 4; shorter windows are skipped.
    pub min_points: usize,
}

/// Minimum number of samples for EMD.
const MIN_SAMPLES: usize = 4;

impl Default for Params {
    /// The defaults of `imf-cluster`: windows from 6 hours to 30 days, amplitudes from 2 %, 100
    /// minutes.
    fn default() -> Params {
        let hours = [6, 12, 24].into_iter().filter_map(Window::from_hours);
        let days =
            [3, 7, 30].into_iter().filter_map(|days| Window::from_hours(24 * days)?.in_days());
        Params { windows: hours.chain(days).collect(), min_amplitude_pct: 2.0, min_points: 100 }
    }
}

impl Params {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(self) -> Result<ValidParams> {
        if !(self.min_amplitude_pct >= 0.0 && self.min_amplitude_pct.is_finite()) {
            let amplitude = self.min_amplitude_pct;
            return Err(Error::out_of_range("min_amplitude_pct", amplitude, "0 or more"));
        }
        if self.min_points < MIN_SAMPLES {
            return Err(Error::out_of_range("min_points", self.min_points, "4 or more"));
        }
        Ok(ValidParams(self))
    }
}

/// [`Params`] that were checked.
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
    /// Returns the parameters.
    pub fn get(&self) -> &Params {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let names: Vec<String> =
            Params::default().windows.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["6h", "12h", "24h", "3d", "7d", "30d"]);
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let of = |min_amplitude_pct, min_points| {
            Params { windows: vec![Window::DAY], min_amplitude_pct, min_points }.check()
        };
        assert!(of(0.0, 4).is_ok());
        let parameter =
            |checked: Result<ValidParams>| checked.err().and_then(|error| error.parameter());
        assert_eq!(parameter(of(-1.0, 4)), Some("min_amplitude_pct"));
        assert!(of(f64::NAN, 4).is_err() && of(f64::INFINITY, 4).is_err());
        assert_eq!(parameter(of(2.0, 3)), Some("min_points"));
    }
}
