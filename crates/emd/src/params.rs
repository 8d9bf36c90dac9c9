//! What a decomposition is asked to be: parameters are checked once and become a type that is valid.

use crate::{Error, Kernel};

/// When a mode has been sifted enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sifting {
    /// That many sifts (Wu and Huang 2009: about 10 keep an octave per mode).
    Fixed(u32),
    /// That many sifts in a row in which the numbers of extrema and of zero crossings differ by at most 1 and neither
    /// changed (Huang et al. 2003); at most [`Sifting::S_NUMBER_CAP`] sifts.
    SNumber(u32),
    /// The rule of EMD-signal 1.10: numbers of extrema and of zero crossings differ by at most 1, and a Cauchy-like test
    /// over the whole signal; at most [`Sifting::REFERENCE_CAP`] sifts. It depends on the signal's scale and length.
    Reference,
}

impl Sifting {
    /// Most sifts of a mode by [`Sifting::SNumber`].
    pub const S_NUMBER_CAP: u32 = 100;
    /// Most sifts of a mode by [`Sifting::Reference`].
    pub const REFERENCE_CAP: u32 = 999;
    const MOST: u32 = 1_000;

    pub(crate) fn check(self) -> Result<(), Error> {
        let bad = |name, value: u32, must| Err(Error::Parameter { name, value: value.to_string(), must });
        match self {
            Self::Fixed(n) if n == 0 || n > Self::MOST => bad("sifts", n, "must be between 1 and 1,000"),
            Self::SNumber(s) if s == 0 || s > Self::S_NUMBER_CAP / 2 => {
                bad("S number", s, "must be between 1 and 50")
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

    /// `fixed:N`, `s-number:S` or `reference`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::Parameter {
            name: "sifting",
            value: format!("\"{text}\""),
            must: "must be fixed:N, s-number:S or reference",
        };
        let sifting = match text.split_once(':') {
            Some(("fixed", n)) => Self::Fixed(n.parse().map_err(|_| unknown())?),
            Some(("s-number", s)) => Self::SNumber(s.parse().map_err(|_| unknown())?),
            None if text == "reference" => Self::Reference,
            _ => return Err(unknown()),
        };
        sifting.check()?;
        Ok(sifting)
    }
}

/// What the noise's deviation is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoiseScale {
    /// The deviation of the fastest mode of the bare residue.
    Fastest,
    /// The deviation of the whole residue.
    Residue,
}

/// Which algorithm, and with it the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Improved CEEMDAN (Colominas, Schlotthauer and Torres 2014), 10 sifts, noise of the fastest mode's deviation.
    Standard,
    /// What `CEEMDAN(trials, seed=..., parallel=False)` of PyPI's EMD-signal 1.10 computes, bit for bit on x86-64. With
    /// another stop rule or epsilon it is that library's algorithm, and no longer its default.
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

/// What a decomposer was made with, to be written down beside its results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Which algorithm.
    pub preset: Preset,
    /// When a mode has been sifted enough.
    pub sifting: Sifting,
    /// What the noise's deviation is measured by.
    pub noise_scale: NoiseScale,
    /// Deviation of the noise in units of that.
    pub epsilon: f64,
    /// Noisy copies.
    pub trials: usize,
    /// Seed of the noise.
    pub seed: u32,
}

/// Parameters to be checked; see [`Params::check`].
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
    /// The preset's own: 100 trials, seed 1337.
    pub fn new(preset: Preset) -> Self {
        let (sifting, noise_scale, epsilon) = match preset {
            Preset::Standard => (Sifting::Fixed(10), NoiseScale::Fastest, 1.0),
            Preset::Pyemd => (Sifting::Reference, NoiseScale::Residue, 0.005),
        };
        Self { preset, sifting, noise_scale, epsilon, trials: 100, seed: 1337, kernel: Kernel::detect() }
    }

    /// When a mode has been sifted enough.
    pub fn sifting(self, sifting: Sifting) -> Self {
        Self { sifting, ..self }
    }

    /// What the noise's deviation is measured by.
    pub fn noise_scale(self, noise_scale: NoiseScale) -> Self {
        Self { noise_scale, ..self }
    }

    /// Deviation of the noise, in units of [`NoiseScale`].
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// How many noisy copies are averaged.
    pub fn trials(self, trials: usize) -> Self {
        Self { trials, ..self }
    }

    /// Of the noise.
    pub fn seed(self, seed: u32) -> Self {
        Self { seed, ..self }
    }

    /// Other instructions than the fastest there are: the bits stay the same.
    pub fn kernel(self, kernel: Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// The decomposer, if the parameters are valid.
    ///
    /// # Errors
    /// [`Error::Parameter`]: trials 0, an epsilon that is not a positive number, 0 sifts, noise scaled by the fastest mode
    /// in the parity preset (which would not be parity), a kernel that this processor cannot run.
    pub fn check(self) -> Result<crate::Decomposer, Error> {
        let bad = |name, value: String, must| Err(Error::Parameter { name, value, must });
        self.sifting.check()?;
        if self.trials == 0 || self.trials > 100_000 {
            return bad("trials", self.trials.to_string(), "must be between 1 and 100,000");
        }
        if !(self.epsilon > 0.0 && self.epsilon <= 1e6) {
            return bad("epsilon", self.epsilon.to_string(), "must be a positive number, at most 1,000,000");
        }
        if self.preset == Preset::Pyemd && self.noise_scale == NoiseScale::Fastest {
            return bad("noise scale", "fastest".into(), "must be residue in the pyemd preset");
        }
        if !self.kernel.is_available() {
            return bad("kernel", format!("{:?}", self.kernel), "must be one that this processor can run");
        }
        Ok(crate::Decomposer::of(self))
    }
}
