//! `data-pipeline regime`

use std::path::PathBuf;

use bars::Window;
use clap::Args;
use pipeline::artifacts::names;
use pipeline::jobs::SnapshotFilesJob;
use pipeline::snapshots::Regime;
use pipeline::summaries::DAILY;
use pipeline::task::TaskRequest;
use stages::regime::Params;

use super::snapshots;
use crate::flags::{self, SnapshotFlags, check_table_path};
use crate::ui::Usage;

/// Flags of `regime`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Windows in whole days, such as 3d,7d,30d.
    #[arg(
        long,
        value_name = "LIST",
        default_value = "3d,7d,14d,30d,90d",
        allow_hyphen_values = true
    )]
    pub windows: String,
    /// Calendar days of the highs and lows that a breakout exceeds.
    #[arg(long, value_name = "DAYS", default_value_t = 20, allow_negative_numbers = true)]
    pub breakout_lookback_days: u32,
    /// Calendar months of history in each baseline.
    #[arg(long, value_name = "N", default_value_t = 12, allow_negative_numbers = true)]
    pub months: u32,
    /// Output folder, with one partition dt=YYYY-MM-DD per date.
    #[arg(long, value_name = "DIR", default_value = names::REGIME_FOLDER)]
    pub out: PathBuf,
    /// Time between the snapshots of a panel, in whole days.
    #[arg(long, value_name = "WINDOW", default_value = "1d", requires = "from")]
    pub every: Window,
    /// Also write the past values that baselines are computed from, one row per symbol, window and
    /// bucket (.parquet or
    /// .csv).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_baseline", "from", "dry_run"])]
    pub series_output: Option<PathBuf>,
    /// Flags shared with state.
    #[command(flatten)]
    pub snapshots: SnapshotFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    if flags.series_output.is_some() && flags.snapshots.shard.is_some() {
        return Err(Usage("--series-output cannot be used with --shard".to_owned()).into());
    }
    snapshots::run(
        &flags.job()?,
        &flags.snapshots,
        DAILY,
        Window::MONTH,
        |params, symbols, moments| TaskRequest::Regime { params, symbols, moments },
    )
}

impl Flags {
    /// Returns the job for these flags.
    pub fn job(&self) -> anyhow::Result<SnapshotFilesJob<Regime>> {
        let params = Params {
            windows: flags::window_list(&self.windows)?,
            breakout_days: self.breakout_lookback_days,
            months: (!self.snapshots.no_baseline).then_some(self.months),
            min_baseline_n: self.snapshots.min_baseline_n,
        };
        let stage = Regime(params.check().map_err(pipeline::Error::from)?);
        if self.every.in_days().is_none() {
            let every = self.every;
            return Err(Usage(format!(
                "--every {every} is not a whole number of days; regime features are daily"
            ))
            .into());
        }
        self.series_output.iter().try_for_each(|path| check_table_path(path))?;
        self.snapshots.job(stage, &self.out, self.every, self.series_output.clone())
    }
}
