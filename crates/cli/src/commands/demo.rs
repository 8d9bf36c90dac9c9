//! `data-pipeline demo`

use std::path::PathBuf;

use bars::time::AsOfSpec;
use clap::Args;

use super::{run, sample};
use crate::flags::{CohortFlag, DatabaseFlags, SourceFlags};
use crate::ui;
use pipeline::artifacts::names;
use pipeline::sample::MarketSettings;

/// Flags of `demo`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The folder for the sample market and the outputs.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    pub out_dir: PathBuf,
}

/// Runs the command: `sample`, and `run` on it.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let bars = flags.out_dir.join("bars").display().to_string();
    // The truth is written last: where it stands, the market is whole.
    if sample::truth_path(&bars).is_file() {
        tracing::info!("keeping the sample market in {bars}");
    } else {
        sample::write(&bars, &DatabaseFlags::default(), MarketSettings::default())?;
    }
    run::run(&run::Flags {
        cohorts: vec![CohortFlag::Overlaps],
        skip_leaderboards: false,
        out_dir: flags.out_dir.clone(),
        asof: AsOfSpec::Latest,
        top_n: 5,
        windows: "1h,4h,12h,24h".to_owned(),
        months: None,
        lookback_months: Some(1),
        force: false,
        source: SourceFlags { source: Some(bars), ..SourceFlags::default() },
    })?;
    let (dir, report, truth) = (flags.out_dir.display(), names::REPORT, names::SAMPLE_TRUTH);
    ui::print(&format!(
        "\nWhere to look:\n  {dir}/{report}    all of this as a page, for a browser\n  {dir}/{truth}     what was planted in the sample market\n\
         Your own bars: data-pipeline import FILE, then data-pipeline run"
    ))
}
