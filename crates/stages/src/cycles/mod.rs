//! Cycles: the periodic modes of price and volume, their features and clusters.
//!
//! [`Lookback`] determines the minutes; [`ValidParams::prepare`] fills them from a symbol's bars;
//! `emd` decomposes price and volume; [`ValidParams::study`] keeps the modes that are cycles;
//! [`cluster::cluster`] clusters cycles across symbols and within each; [`postprocess`] summarizes.

pub mod cards;
pub mod cluster;
pub mod detrend;
pub mod fusion;
pub mod imf;
mod lookback;
mod params;
pub mod postprocess;
mod study;
pub mod table;
pub mod transform;

use std::fmt;

pub use lookback::Lookback;
pub use params::{Params, ValidParams};
pub use study::{Coverage, CycleRow, Inputs, Prepared, Status};

/// The series of a symbol: price or volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalKind {
    /// Its price.
    Price,
    /// Its volume.
    Volume,
}

impl SignalKind {
    /// Both, in row order.
    pub const BOTH: [SignalKind; 2] = [SignalKind::Price, SignalKind::Volume];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            SignalKind::Price => "price",
            SignalKind::Volume => "volume",
        }
    }

    /// Returns the series with this name.
    pub fn named(name: &str) -> Option<SignalKind> {
        SignalKind::BOTH.into_iter().find(|series| series.name() == name)
    }
}

impl fmt::Display for SignalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
