//! Flags of a decomposition.

use clap::{Args, ValueEnum};
use emd::{NoiseScale, Params, Preset, Sifting};

use crate::ui::Usage;

/// How a series is decomposed. Omitted flags take the value of the preset.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Decomposition")]
pub struct DecompositionFlags {
    /// standard: improved CEEMDAN, 10 sifts per mode. pyemd: bit-identical to EMD-signal 1.10.
    #[arg(long, value_enum, default_value_t = PresetFlag::Standard)]
    preset: PresetFlag,
    /// Sifting stop rule: fixed:N (N sifts), s-number:S (until the numbers of extrema and zero
    /// crossings stay the same for S sifts; usually 4 to 8) or reference (the rule of EMD-signal)
    /// [default: fixed:10; pyemd: reference].
    #[arg(long, value_name = "RULE")]
    sifting: Option<Sifting>,
    /// Reference for the scale of the added noise [default: fastest; pyemd: residue].
    #[arg(long, value_enum)]
    noise_scale: Option<ScaleFlag>,
    /// Standard deviation of the noise, as a multiple of the --noise-scale reference [default: 1;
    /// pyemd: 0.005].
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    epsilon: Option<f64>,
    /// Number of noisy copies to average [default: 100]. Time and memory grow in proportion.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    trials: Option<usize>,
    /// Seed of the noise [default: 1337].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u32>,
}

/// A set of defaults for the decomposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PresetFlag {
    /// Improved CEEMDAN (Colominas et al. 2014).
    Standard,
    /// The algorithm of PyPI's EMD-signal 1.10.
    Pyemd,
}

impl PresetFlag {
    /// Returns the preset.
    pub fn preset(self) -> Preset {
        match self {
            PresetFlag::Standard => Preset::Standard,
            PresetFlag::Pyemd => Preset::Pyemd,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScaleFlag {
    /// Standard deviation of the fastest mode of the remaining signal.
    Fastest,
    /// Standard deviation of the remaining signal.
    Residue,
}

impl DecompositionFlags {
    /// Returns the decomposer for these flags.
    ///
    /// # Errors
    /// A value is out of range.
    pub fn decomposer(&self) -> anyhow::Result<emd::Decomposer> {
        let mut params = Params::new(self.preset.preset());
        if let Some(sifting) = self.sifting {
            params = params.sifting(sifting);
        }
        if let Some(scale) = self.noise_scale {
            params = params.noise_scale(match scale {
                ScaleFlag::Fastest => NoiseScale::Fastest,
                ScaleFlag::Residue => NoiseScale::Residue,
            });
        }
        if let Some(epsilon) = self.epsilon {
            params = params.epsilon(epsilon);
        }
        if let Some(trials) = self.trials {
            params = params.trials(trials);
        }
        if let Some(seed) = self.seed {
            params = params.seed(seed);
        }
        Ok(params.check().map_err(|error| Usage(error.to_string()))?)
    }

    /// Returns the given flags that only apply to methods with added noise.
    pub fn noise_flags(&self) -> Vec<&'static str> {
        let given = [
            ("--noise-scale", self.noise_scale.is_some()),
            ("--epsilon", self.epsilon.is_some()),
            ("--trials", self.trials.is_some()),
            ("--seed", self.seed.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }
}
