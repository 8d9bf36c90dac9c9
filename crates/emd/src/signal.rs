use crate::Error;

/// The largest absolute value of a sample: sums of squares stay finite.
const MAX_ABS_SAMPLE: f64 = 1e150;

/// The fewest samples of a signal.
pub(crate) const MIN_SAMPLES: usize = 4;

/// Checks that a signal can be decomposed.
pub(crate) fn check(signal: &[f64]) -> Result<(), Error> {
    if let Some(i) = signal.iter().position(|x| !x.is_finite()) {
        return Err(Error::NotFinite(i));
    }
    if let Some(i) = signal.iter().position(|x| x.abs() > MAX_ABS_SAMPLE) {
        return Err(Error::TooLarge(i));
    }
    if signal.len() < MIN_SAMPLES {
        return Err(Error::TooShort(signal.len()));
    }
    Ok(())
}
