//! `data-pipeline state`

use std::path::PathBuf;

use bars::Window;
use clap::Args;
use pipeline::artifacts::names;
use pipeline::jobs::SnapshotFilesJob;
use pipeline::snapshots::State;
use pipeline::task::TaskRequest;
use stages::metrics::Params;

use super::snapshots;
use crate::feature_table::INTRADAY;
use crate::flags::{self, SnapshotFlags};

/// Flags of `state`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The windows.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h", allow_hyphen_values = true)]
    pub windows: String,
    /// Add the window 72h.
    #[arg(long)]
    pub enable_72h: bool,
    /// The share of a window's minutes that must be there for it to have metrics, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, allow_negative_numbers = true)]
    pub coverage_threshold: f64,
    /// Calendar months of the baselines.
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub months: u32,
    /// The folder of the snapshots: a partition dt=YYYY-MM-DD for each date.
    #[arg(long, value_name = "DIR", default_value = names::STATE_FOLDER)]
    pub out: PathBuf,
    /// Time from one snapshot of a panel to the next.
    #[arg(long, value_name = "WINDOW", default_value = "1h", requires = "from")]
    pub every: Window,
    /// What is shared with regime.
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
    /// The job of these flags.
    pub fn job(&self) -> anyhow::Result<SnapshotFilesJob<State>> {
        let params = Params {
            windows: flags::windows(&self.windows, self.enable_72h)?,
            coverage_threshold: self.coverage_threshold,
            months: (!self.snapshots.no_baseline).then_some(self.months),
        };
        let stage = State(params.check().map_err(pipeline::Error::from)?);
        self.snapshots.job(stage, &self.out, self.every, None)
    }
}
