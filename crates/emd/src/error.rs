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
    /// The parity preset divides by the standard deviation.
    #[error(
        "the signal varies so little that its standard deviation is 0: scale it up, or use the standard preset"
    )]
    NoDeviation,
    /// Sifting with this stop rule grew without bound.
    #[error("sifting diverged in mode {0}: use fewer sifts")]
    Diverged(usize),
    /// The noise was made for another length.
    #[error("the noise has {noise} samples, the signal {signal}: they must be equally long")]
    Length {
        /// Samples of the noise.
        noise: usize,
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
