/// What cannot be decomposed, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Extrema need neighbours.
    #[error("a signal of {0} samples is too short to be decomposed: it needs 4")]
    TooShort(usize),
    /// NaN or an infinity.
    #[error("sample {0} is not a finite number: fill the gaps, or decompose the parts between them")]
    NotFinite(usize),
    /// Squares of its samples, or sums of them, would overflow.
    #[error("sample {0} is larger than 1e150: scale the signal down")]
    TooLarge(usize),
    /// Numbers grew beyond all bounds, in noise or in sifting.
    #[error(
        "mode {0} has grown beyond all numbers: use a smaller epsilon or fewer sifts, or scale the signal down"
    )]
    Diverged(usize),
    /// The noise was made for another length, or the signals differ in theirs.
    #[error(
        "{expected} samples are expected here, the signal has {signal}: noise and signals must be equally long"
    )]
    Length {
        /// Samples of the noise, or of the first signal.
        expected: usize,
        /// Samples of the signal.
        signal: usize,
    },
    /// The noise was decomposed for another preset or stop rule, or has too few trials.
    #[error("the noise was made with other parameters: {0}")]
    OtherNoise(&'static str),
    /// A parameter out of its range.
    #[error("{name} {value}: {must}")]
    Parameter {
        /// Which.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it must be.
        must: &'static str,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The time given is over.
    #[error("the deadline has passed")]
    DeadlinePassed,
}
