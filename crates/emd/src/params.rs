//! Parameters of a decomposition.

use crate::{Error, Kernel};

const MAX_TRIALS: usize = 100_000;
const MAX_EPSILON: f64 = 1e6;

/// The stop rule: when a mode has been sifted enough.
///
/// ```
/// use emd::Sifting;
///
/// assert_eq!("s-number:4".parse(), Ok(Sifting::SNumber(4)));
/// assert_eq!(Sifting::Fixed(10).to_string(), "fixed:10");
/// assert!("fixed:0".parse::<Sifting>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sifting {
    /// A fixed number of sifts, 1 to 1,000 (Wu and Huang 2009: with about 10 the modes are an
    /// octave apart).
    Fixed(u32),
    /// The S number (Huang et al. 2003), 1 to 50: the number of consecutive sifts in which the
    /// numbers of extrema and of zero crossings differ by at most 1 and neither changes; at most
    /// [`Sifting::S_NUMBER_CAP`] sifts. 4 to 8 are usual.
    SNumber(u32),
    /// The rule of EMD-signal 1.10: the numbers of extrema and of zero crossings differ by at most
    /// 1, and a Cauchy-like test over the whole signal passes; at most [`Sifting::REFERENCE_CAP`]
    /// sifts. It depends on the scale and the length of the signal.
    Reference,
}

impl Sifting {
    /// Limit of sifts per mode with [`Sifting::SNumber`].
    pub const S_NUMBER_CAP: u32 = 100;
    /// Limit of sifts per mode with [`Sifting::Reference`].
    pub const REFERENCE_CAP: u32 = 999;
    const MAX_FIXED_SIFTS: u32 = 1_000;

    pub(crate) fn check(self) -> Result<(), Error> {
        let out_of_range = |name, value: u32, expected| {
            Err(Error::OutOfRange { name, value: value.to_string(), expected })
        };
        match self {
            Self::Fixed(n) if n == 0 || n > Self::MAX_FIXED_SIFTS => {
                out_of_range("sifts", n, "1 to 1000")
            }
            Self::SNumber(s) if s == 0 || s > Self::S_NUMBER_CAP / 2 => {
                out_of_range("s_number", s, "1 to 50")
            }
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Sifting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(n) => write!(f, "fixed:{n}"),
            Self::SNumber(s) => write!(f, "s-number:{s}"),
            Self::Reference => f.write_str("reference"),
        }
    }
}

impl std::str::FromStr for Sifting {
    type Err = Error;

    /// Parses `fixed:N`, `s-number:S` or `reference`.
    ///
    /// # Errors
    /// [`Error::InvalidSifting`], or [`Error::OutOfRange`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |source| Error::InvalidSifting { text: text.to_owned(), source };
        let number = |digits: &str| digits.parse().map_err(|error| invalid(Some(error)));
        let sifting = match text.split_once(':') {
            Some(("fixed", n)) => Self::Fixed(number(n)?),
            Some(("s-number", s)) => Self::SNumber(number(s)?),
            None if text == "reference" => Self::Reference,
            _ => return Err(invalid(None)),
        };
        sifting.check()?;
        Ok(sifting)
    }
}

/// The unit of epsilon: the noise has a deviation of epsilon times this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoiseScale {
    /// The deviation of the fastest mode of the residue.
    Fastest,
    /// The deviation of the residue.
    Residue,
}

/// The algorithm, and with it the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Improved CEEMDAN (Colominas, Schlotthauer and Torres 2014); 10 sifts, noise with the
    /// deviation of the fastest mode.
    Standard,
    /// The results of `CEEMDAN(trials, seed=..., parallel=False)` of PyPI's EMD-signal 1.10, bit
    /// for bit on x86-64. With another stop rule or epsilon it is the algorithm of that library,
    /// with parameters that it does not offer.
    Pyemd,
}

impl std::fmt::Display for Preset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Pyemd => "pyemd",
        })
    }
}

impl std::fmt::Display for NoiseScale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fastest => "fastest",
            Self::Residue => "residue",
        })
    }
}

/// The parameters of a decomposer, to be stored with its results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The algorithm.
    pub preset: Preset,
    /// The stop rule.
    pub sifting: Sifting,
    /// The unit of epsilon.
    pub noise_scale: NoiseScale,
    /// Deviation of the noise, in units of the noise scale.
    pub epsilon: f64,
    /// Number of noisy copies.
    pub trials: usize,
    /// Seed of the noise.
    pub seed: u32,
}

/// Parameters of a decomposition; [`Params::check`] turns valid ones into a [`crate::Decomposer`].
///
/// ```
/// use emd::{Params, Preset, Sifting};
///
/// let decomposer = Params::new(Preset::Standard).sifting(Sifting::SNumber(4)).trials(50).check()?;
/// assert_eq!(decomposer.settings().trials, 50);
/// assert!(Params::default().trials(0).check().is_err());
/// # Ok::<(), emd::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    pub(crate) preset: Preset,
    pub(crate) sifting: Sifting,
    pub(crate) noise_scale: NoiseScale,
    pub(crate) epsilon: f64,
    pub(crate) trials: usize,
    pub(crate) seed: u32,
    pub(crate) kernel: Kernel,
}

impl Default for Params {
    fn default() -> Self {
        Self::new(Preset::Standard)
    }
}

impl Params {
    /// The defaults of a preset, with 100 trials and seed 1337.
    pub fn new(preset: Preset) -> Self {
        let (sifting, noise_scale, epsilon) = match preset {
            Preset::Standard => (Sifting::Fixed(10), NoiseScale::Fastest, 1.0),
            Preset::Pyemd => (Sifting::Reference, NoiseScale::Residue, 0.005),
        };
        Self {
            preset,
            sifting,
            noise_scale,
            epsilon,
            trials: 100,
            seed: 1337,
            kernel: Kernel::detect(),
        }
    }

    /// Sets the stop rule.
    pub fn sifting(self, sifting: Sifting) -> Self {
        Self { sifting, ..self }
    }

    /// Sets the unit of epsilon.
    pub fn noise_scale(self, noise_scale: NoiseScale) -> Self {
        Self { noise_scale, ..self }
    }

    /// Sets the deviation of the noise, in units of [`NoiseScale`]; above 0, at most 1,000,000.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Sets the number of noisy copies that are averaged, 1 to 100,000.
    pub fn trials(self, trials: usize) -> Self {
        Self { trials, ..self }
    }

    /// Sets the seed of the noise.
    pub fn seed(self, seed: u32) -> Self {
        Self { seed, ..self }
    }

    /// Sets the instruction set, by default the fastest available one. It does not change a bit of
    /// the result.
    pub fn kernel(self, kernel: Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// Checks all parameters.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let invalid =
            |name, value: String, expected| Err(Error::InvalidParameter { name, value, expected });
        let out_of_range =
            |name, value: String, expected| Err(Error::OutOfRange { name, value, expected });
        self.sifting.check()?;
        if self.trials == 0 || self.trials > MAX_TRIALS {
            return out_of_range("trials", self.trials.to_string(), "1 to 100000");
        }
        if !(self.epsilon > 0.0 && self.epsilon <= MAX_EPSILON) {
            return out_of_range("epsilon", self.epsilon.to_string(), "above 0, at most 1000000");
        }
        if self.preset == Preset::Pyemd && self.noise_scale == NoiseScale::Fastest {
            return invalid("noise_scale", "fastest".into(), "residue in the pyemd preset");
        }
        if !self.kernel.is_available() {
            return invalid(
                "kernel",
                format!("{:?}", self.kernel),
                "one that this processor can run",
            );
        }
        Ok(())
    }
}
