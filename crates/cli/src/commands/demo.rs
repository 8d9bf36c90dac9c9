//! `data-pipeline demo`

use std::path::PathBuf;

use bars::AsOf;
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
    /// Folder for the sample market and the outputs.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    pub out_dir: PathBuf,
}

/// Runs `sample`, then `run` on the sample market.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let bars = flags.out_dir.join("bars").display().to_string();
    let market = MarketSettings::default();
    // The truth file is written last: if it exists, the market is complete.
    if sample::truth_path(&bars).is_file() {
        tracing::info!("keeping the sample market in {bars}");
    } else {
        sample::write(&bars, &DatabaseFlags::default(), market)?;
    }
    run::run(&run::Flags {
        cohorts: vec![CohortFlag::Overlaps],
        skip_leaderboards: false,
        out_dir: flags.out_dir.clone(),
        // Not `Latest`, which would warn that the market is old.
        asof: AsOfSpec::At(AsOf::start_of(market.end)),
        top_n: 5,
        windows: "1h,4h,12h,24h".to_owned(),
        months: None,
        lookback_months: Some(1),
        no_persist_imfs: false,
        force: false,
        universe: Default::default(),
        cohort_format: None,
        source: SourceFlags { source: Some(bars), ..SourceFlags::default() },
    })?;
    let (dir, report, truth) = (flags.out_dir.display(), names::REPORT, names::SAMPLE_TRUTH);
    ui::print(&format!(
        "\nNext:\n  {dir}/{report}    open the report in a browser\n  {dir}/{truth}     the cycles planted in the sample market\n\
         Your own bars: data-pipeline import FILE, then data-pipeline run"
    ))
}
