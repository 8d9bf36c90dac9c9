use std::num::ParseIntError;

/// Why a signal cannot be decomposed.
///
/// ```
/// use emd::{Control, Error, Params};
///
/// let decomposer = Params::default().check()?;
/// let error = decomposer.emd(&[1.0, f64::NAN, 2.0, 1.0], Control::default()).unwrap_err();
/// assert_eq!(error, Error::NotFinite(1));
/// assert_eq!(error.to_string(), "sample 1 (counted from 0) is not finite");
/// # Ok::<(), emd::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The signal has fewer than 4 samples: the number of samples.
    #[error("signal of {0} samples is too short: expected at least 4")]
    TooShort(usize),
    /// A sample is NaN or infinite: its index. Fill gaps beforehand, or decompose the parts between
    /// them.
    #[error("sample {0} (counted from 0) is not finite")]
    NotFinite(usize),
    /// A sample exceeds 1e150 in absolute value, so that squares and their sums would overflow: its
    /// index. Scale the signal down.
    #[error("sample {0} (counted from 0) exceeds 1e150 in absolute value")]
    TooLarge(usize),
    /// A mode overflowed, in the noise or in sifting: its number from 1. Use a smaller epsilon,
    /// fewer sifts, or scale the signal down.
    #[error("mode {0} overflowed: epsilon, the number of sifts or the signal is too large")]
    Diverged(usize),
    /// The signal is not as long as the noise or the other signals.
    #[error(
        "signal of {signal} samples, expected {expected}: noise and signals must have the same length"
    )]
    LengthMismatch {
        /// Samples of the noise, or of the first signal.
        expected: usize,
        /// Samples of the signal.
        signal: usize,
    },
    /// The noise was made with another preset, stop rule or seed, or has too few trials.
    #[error("noise was made with other parameters: {0}")]
    NoiseMismatch(&'static str),
    /// A number is out of its range.
    #[error("{name} {value} is out of range: expected {expected}")]
    OutOfRange {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// The valid values.
        expected: &'static str,
    },
    /// A parameter is not possible here.
    #[error("invalid {name} \"{value}\": expected {expected}")]
    InvalidParameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// The valid values.
        expected: &'static str,
    },
    /// A stop rule cannot be parsed.
    #[error("invalid sifting \"{text}\": expected fixed:N, s-number:S or reference")]
    InvalidSifting {
        /// The text.
        text: String,
        /// Why its number cannot be parsed, if it names a rule with a number.
        #[source]
        source: Option<ParseIntError>,
    },
    /// The cancel flag was set.
    #[error("cancelled")]
    Cancelled,
    /// The deadline passed.
    #[error("deadline exceeded")]
    DeadlinePassed,
}
