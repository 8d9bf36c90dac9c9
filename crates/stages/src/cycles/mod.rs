//! Cycles: the modes of price and volume that come round, what describes them, and which are alike.
//!
//! A [`Lookback`] tells the minutes; [`ValidParams::prepare`] lays a symbol's bars on them; `emd`
//! takes the two series apart; [`ValidParams::study`] keeps the modes that are cycles;
//! [`cluster::cluster`] tells which are alike over all symbols and within each; [`postprocess`]
//! sums up.

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

/// One of a symbol's two series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalKind {
    /// Its price.
    Price,
    /// Its volume.
    Volume,
}

impl SignalKind {
    /// Both, in the order of the rows.
    pub const BOTH: [SignalKind; 2] = [SignalKind::Price, SignalKind::Volume];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            SignalKind::Price => "price",
            SignalKind::Volume => "volume",
        }
    }

    /// The series of that name.
    pub fn named(name: &str) -> Option<SignalKind> {
        SignalKind::BOTH.into_iter().find(|series| series.name() == name)
    }
}

impl fmt::Display for SignalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
