//! Serde for decomposition settings, as text.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    preset: String,
    sifting: String,
    noise_scale: String,
    epsilon: f64,
    trials: usize,
    seed: u32,
}

/// Serializes the settings of a decomposer.
pub fn serialize<S: Serializer>(
    decomposer: &emd::Decomposer,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let settings = decomposer.settings();
    Settings {
        preset: settings.preset.to_string(),
        sifting: settings.sifting.to_string(),
        noise_scale: settings.noise_scale.to_string(),
        epsilon: settings.epsilon,
        trials: settings.trials,
        seed: settings.seed,
    }
    .serialize(serializer)
}

/// Reads what [`serialize`] wrote.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<emd::Decomposer, D::Error> {
    let settings = Settings::deserialize(deserializer)?;
    let presets = [emd::Preset::Standard, emd::Preset::Pyemd];
    let preset = presets.into_iter().find(|preset| preset.to_string() == settings.preset);
    let preset =
        preset.ok_or_else(|| D::Error::custom(format!("unknown preset {:?}", settings.preset)))?;
    let scales = [emd::NoiseScale::Fastest, emd::NoiseScale::Residue];
    let scale = scales.into_iter().find(|scale| scale.to_string() == settings.noise_scale);
    let scale = scale
        .ok_or_else(|| D::Error::custom(format!("unknown scale {:?}", settings.noise_scale)))?;
    let sifting: emd::Sifting =
        settings.sifting.parse().map_err(|e| D::Error::custom(format!("sifting: {e}")))?;
    emd::Params::new(preset)
        .sifting(sifting)
        .noise_scale(scale)
        .epsilon(settings.epsilon)
        .trials(settings.trials)
        .seed(settings.seed)
        .check()
        .map_err(D::Error::custom)
}

/// Serializes a preset.
pub(crate) fn preset<S: Serializer>(
    preset: &emd::Preset,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(preset)
}
