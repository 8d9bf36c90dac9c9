//! File-level jobs: a stage with its input and output files.
//!
//! Each command and each stage of [`run`](crate::run) is one of these. A job serializes to JSON,
//! which is the fingerprint of its parameters.

mod cohort;
mod context;
mod cycles;
mod decompose;
mod history;
mod leaderboards;
#[cfg(feature = "kraken")]
mod losers;
mod report;
mod snapshots;
#[cfg(feature = "kraken")]
mod sync;

pub use cohort::{CohortCyclesJob, CohortCyclesOutput, MetricsJob, MetricsOutput};
pub use context::{JobContext, check_outputs};
pub use cycles::{
    CyclesJob, CyclesOutput, CyclesPanelOutput, CyclesSummaryJob, CyclesSummaryOutput,
};
pub use decompose::{EmdJob, EmdMethod, EmdOutput, ModeSummary};
pub use history::{HistoryJob, HistoryOutput, SymbolList};
pub use leaderboards::{
    LeaderboardsJob, LeaderboardsOutput, LeaderboardsPanelJob, LeaderboardsPanelOutput,
};
#[cfg(feature = "kraken")]
pub use losers::{KrakenLosersJob, KrakenLosersOutput, LOSERS_QUOTE, Loser};
pub use report::{ReportJob, ReportOutput};
pub use snapshots::{SnapshotFilesJob, SnapshotsOutput};
#[cfg(feature = "kraken")]
pub use sync::{SyncJob, SyncOutput};
