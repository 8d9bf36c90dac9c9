//! Parameters of cohort cycles.

use bars::Window;

/// Parameters of the clusters of upswings; [`Params::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The windows, all ending with a symbol's last bar, each once.
    pub windows: Vec<Window>,
    /// The smallest amplitude of a cycle of price, in percent of its price; at least 0.
    pub min_amplitude_pct: f64,
    /// The fewest minutes in a window; a symbol with fewer has no clusters there. At least 4.
    pub min_points: usize,
}

/// An invalid parameter.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// No amplitude.
    #[error("min_amplitude_pct {0} is not a rise; must be at least 0")]
    Amplitude(f64),
    /// Too few for a decomposition.
    #[error("min_points {0} are too few to find a cycle in; must be at least 4")]
    Points(usize),
}

/// The fewest samples that EMD takes.
const MIN_SAMPLES: usize = 4;

impl ParamsError {
    /// The parameter; messages begin with it.
    pub fn parameter(&self) -> &'static str {
        match self {
            ParamsError::Amplitude(_) => "min_amplitude_pct",
            ParamsError::Points(_) => "min_points",
        }
    }
}

impl Default for Params {
    /// The defaults of `imf-cluster`: windows from 6 hours to 30 days, amplitudes from 2 %, 100 minutes.
    fn default() -> Params {
        let hours = [6, 12, 24].into_iter().filter_map(Window::from_hours);
        let days = [3, 7, 30].into_iter().filter_map(|days| Window::from_hours(24 * days)?.in_days());
        Params { windows: hours.chain(days).collect(), min_amplitude_pct: 2.0, min_points: 100 }
    }
}

impl Params {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] that names the parameter.
    pub fn check(self) -> Result<ValidParams, ParamsError> {
        if !(self.min_amplitude_pct >= 0.0 && self.min_amplitude_pct.is_finite()) {
            return Err(ParamsError::Amplitude(self.min_amplitude_pct));
        }
        if self.min_points < MIN_SAMPLES {
            return Err(ParamsError::Points(self.min_points));
        }
        Ok(ValidParams(self))
    }
}

/// [`Params`] that were checked.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
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
    /// What they are.
    pub fn get(&self) -> &Params {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let names: Vec<String> = Params::default().windows.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["6h", "12h", "24h", "3d", "7d", "30d"]);
    }

    #[test]
    fn out_of_range() {
        let of = |min_amplitude_pct, min_points| {
            Params { windows: vec![Window::DAY], min_amplitude_pct, min_points }.check()
        };
        assert!(of(0.0, 4).is_ok());
        assert_eq!(of(-1.0, 4), Err(ParamsError::Amplitude(-1.0)));
        assert!(of(f64::NAN, 4).is_err() && of(f64::INFINITY, 4).is_err());
        assert_eq!(of(2.0, 3), Err(ParamsError::Points(3)));
    }
}
