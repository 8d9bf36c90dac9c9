//! `data-pipeline state`

use std::path::PathBuf;

use bars::Window;
use clap::Args;
use pipeline::artifacts::names;
use pipeline::jobs::SnapshotFilesJob;
use pipeline::snapshots::State;
use pipeline::summaries::INTRADAY;
use pipeline::task::TaskRequest;
use stages::metrics::Params;

use super::snapshots;
use crate::flags::{self, SnapshotFlags};

/// Flags of `state`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Windows, such as 1h,4h,90m.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h", allow_hyphen_values = true)]
    pub windows: String,
    /// Add 72h to --windows.
    #[arg(long)]
    pub enable_72h: bool,
    /// Minimum share of a window's minutes with a bar, 0 to 1; below it the metrics are missing.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, allow_negative_numbers = true)]
    pub coverage_threshold: f64,
    /// Calendar months of history in each baseline.
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub months: u32,
    /// Output folder, with one partition dt=YYYY-MM-DD per date.
    #[arg(long, value_name = "DIR", default_value = names::STATE_FOLDER)]
    pub out: PathBuf,
    /// Time between the snapshots of a panel.
    #[arg(long, value_name = "WINDOW", default_value = "1h", requires = "from")]
    pub every: Window,
    /// Flags shared with regime.
    #[command(flatten)]
    pub snapshots: SnapshotFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    snapshots::run(
        &flags.job()?,
        &flags.snapshots,
        INTRADAY,
        Window::DAY,
        |params, symbols, moments| TaskRequest::State { params, symbols, moments },
    )
}

impl Flags {
    /// Returns the job for these flags.
    pub fn job(&self) -> anyhow::Result<SnapshotFilesJob<State>> {
        let params = Params {
            windows: flags::windows(&self.windows, self.enable_72h)?,
            coverage_threshold: self.coverage_threshold,
            months: (!self.snapshots.no_baseline).then_some(self.months),
            min_baseline_n: self.snapshots.min_baseline_n,
        };
        let stage = State(params.check().map_err(pipeline::Error::from)?);
        self.snapshots.job(stage, &self.out, self.every, None)
    }
}
