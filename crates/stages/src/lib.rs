//! The stages: bars and parameters in, tables out.
//!
//! Stages do not print, prompt, read the environment, open files or read the clock.

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
