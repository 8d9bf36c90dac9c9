//! Empirical mode decomposition.

mod brackets;
mod ceemdan;
mod control;
mod course;
mod decomposition;
mod envelopes;
mod error;
mod extrema;
mod gaussian;
mod hilbert;
mod kernel;
mod knots;
mod noise;
mod params;
mod plain;
mod sift;
mod spline;
mod sum;

pub use brackets::brackets;
pub use ceemdan::{Ceemdan, Workspace};
pub use control::Control;
pub use decomposition::{Decomposition, ModeStats};
pub use envelopes::{Envelopes, envelopes};
pub use error::Error;
pub use extrema::{Extrema, extrema, zero_crossings};
pub use hilbert::Analytic;
pub use kernel::Kernel;
pub use noise::{NoiseEnsemble, white_noise};
pub use params::{NoiseScale, Params, Preset, Sifting};
