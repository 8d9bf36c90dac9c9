//! Flags of a decomposition.

use clap::{Args, ValueEnum};
use emd::{NoiseScale, Params, Preset, Sifting};

use crate::ui::Usage;

/// How a series is decomposed; what is missing is the preset's own.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Decomposition")]
pub struct DecompositionFlags {
    /// standard: improved CEEMDAN, 10 sifts. pyemd: what EMD-signal 1.10 computes, bit for bit.
    #[arg(long, value_enum, default_value_t = PresetFlag::Standard)]
    preset: PresetFlag,
    /// When a mode is sifted enough: fixed:N (so often), s-number:S (S times in a row without a
    /// change in the numbers of extrema and zero crossings; 4 to 8 are usual) or reference
    /// (EMD-signal's) [default: fixed:10; pyemd: reference].
    #[arg(long, value_name = "RULE")]
    sifting: Option<Sifting>,
    /// What the noise is measured by [default: fastest; pyemd: residue].
    #[arg(long, value_enum)]
    noise_scale: Option<ScaleFlag>,
    /// Deviation of the noise, in units of what --noise-scale measures it by [default: 1; pyemd:
    /// 0.005].
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    epsilon: Option<f64>,
    /// Noisy copies that are averaged [default: 100]. Time grows with them, and memory by a series'
    /// length each.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    trials: Option<usize>,
    /// Seed of the noise [default: 1337].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u32>,
}

/// By whose rules a series is decomposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PresetFlag {
    /// Ours.
    Standard,
    /// Those of EMD-signal.
    Pyemd,
}

impl PresetFlag {
    /// The preset.
    pub fn preset(self) -> Preset {
        match self {
            PresetFlag::Standard => Preset::Standard,
            PresetFlag::Pyemd => Preset::Pyemd,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScaleFlag {
    /// The fastest mode of what is left.
    Fastest,
    /// All that is left.
    Residue,
}

impl DecompositionFlags {
    /// The decomposer that the flags ask for.
    ///
    /// # Errors
    /// Where a value is out of its range.
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

    /// The flags given that are about noise.
    pub fn about_noise(&self) -> Vec<&'static str> {
        let given = [
            ("--noise-scale", self.noise_scale.is_some()),
            ("--epsilon", self.epsilon.is_some()),
            ("--trials", self.trials.is_some()),
            ("--seed", self.seed.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }
}
