//! The stages: bars and parameters in, a table out.
//!
//! A stage never prints, prompts, reads the environment, opens a file or asks the clock.

pub mod cohort_cycles;
pub mod cycles;
mod error;
pub mod features;
pub mod grid;
pub mod leaderboards;
pub mod metrics;
pub mod regime;
pub mod stats;
pub mod table;

pub use error::{Error, Result};
