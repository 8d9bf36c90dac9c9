//! Jobs over one-minute bars: a source and parameters in, tables and artifacts out.
//!
//! Every front end (command line, Python, cluster workers) calls these functions. A job takes a
//! [`Source`](bars_io::Source), checked parameters and an [`Observer`], and returns tables and
//! typed summaries; writing them is a second call. Nothing here prints, reads the environment or
//! keeps global state.
//!
//! | job | result |
//! | --- | --- |
//! | [`leaderboards::leaderboards`] | boards and ranks |
//! | [`leaderboards_panel::leaderboards_panel`] | boards at several as-ofs |
//! | [`metrics::metrics`] | window metrics of a cohort |
//! | [`snapshots::state`], [`snapshots::regime`] and their panels | point-in-time features |
//! | [`cycles::cycles`], [`cycles_summary::cycles_summary`] | cycles and clusters, summary per symbol |
//! | [`cohort_cycles::cohort_cycles`] | clusters of upswings |
//! | [`run::run`] | all of these in order, skipping stages that are up to date |
//! | [`jobs::EmdJob`], [`jobs::HistoryJob`] | modes of any column of numbers, bars as CSV |
//! | `jobs::SyncJob`, `jobs::KrakenLosersJob` | new bars, losers of the day (feature `kraken`) |
//! | [`check::check`] | what a source contains |
//! | [`sample`] | the synthetic market |
//! | [`dictionary`] | the definition of every column |
//!
//! [`task`] divides stages into parts that run on other machines. [`artifacts`] has name, schema,
//! writer and reader of every file.

pub mod artifacts;
pub mod check;
pub mod cohort;
pub mod cohort_cycles;
pub mod cycles;
pub mod cycles_summary;
pub mod dictionary;
mod digest;
mod error;
pub mod jobs;
pub mod leaderboards;
pub mod leaderboards_panel;
pub mod memory;
pub mod meter;
pub mod metrics;
pub mod observer;
pub mod panel;
pub mod printable;
pub mod report_model;
pub mod run;
pub mod sample;
mod scratch_series;
pub mod snapshots;
pub mod source;
pub mod summaries;
pub mod task;
pub mod text;
pub mod text_table;
pub mod universe;

pub use error::{Error, Result};
pub use observer::Observer;
