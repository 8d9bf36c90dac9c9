//! The commands, one file each: flags, conversion to a job, and the printed result.

pub mod check;
pub mod columns;
pub mod completions;
pub mod config;
pub mod demo;
pub mod emd;
pub mod fetch_history;
pub mod imf_cluster;
pub mod imf_postprocess;
pub mod imf_stage;
pub mod import;
pub mod kraken_losers;
pub mod leaderboards;
pub mod man;
pub mod merge;
pub mod metrics;
pub mod regime;
pub mod report;
pub mod run;
pub mod sample;
mod snapshots;
pub mod state;
pub mod sync;
