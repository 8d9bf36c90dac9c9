//! What is asked for, checked once.

use bars::Window;

/// What may be asked for.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The windows, each once.
    pub windows: Vec<Window>,
    /// A cycle of price counts from so many percent on.
    pub min_amplitude_pct: f64,
    /// The fewest minutes that are looked at.
    pub min_points: usize,
}

/// What cannot be asked for.
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

impl Params {
    /// Checks what is asked for.
    ///
    /// # Errors
    /// Names what cannot be.
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
