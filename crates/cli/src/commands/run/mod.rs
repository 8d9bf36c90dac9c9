//! `data-pipeline run`

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use clap::Args;
use pipeline::run::{
    RunRequest, StageCall, StageOutput, StageParams, file_digest, run as run_stages,
};
use pipeline::summaries::{DAILY, INTRADAY};

use super::{
    imf_cluster, imf_postprocess, imf_stage, leaderboards, metrics, regime, report, snapshots,
    state,
};
use crate::config;
use crate::console::Console;
use crate::flags::{self, CohortFlag, FormatFlag, SourceFlags, UniverseFlags};
use crate::source_select;
use crate::ui::{self, Usage};

mod print;

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Cohorts to run metrics and imf-cluster for.
    #[arg(
        long,
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        default_value = "overlaps,gainers,losers"
    )]
    pub cohorts: Vec<CohortFlag>,
    /// Use the existing cohort files instead of running leaderboards.
    #[arg(long)]
    pub skip_leaderboards: bool,
    /// Output folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out_dir: PathBuf,
    /// Evaluation time: timestamp, date (00:00 UTC) or `latest` (close of the newest bar). State and
    /// regime use the last 00:00 UTC at or before it.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    pub asof: AsOfSpec,
    /// Number of symbols that rank per bucket and kind (gain, loss, volume drop, volume spike); also the
    /// size of each board.
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub top_n: u32,
    /// Windows of leaderboards, metrics and state.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h")]
    pub windows: String,
    /// Calendar months of history in each baseline [default: 3; regime: 12].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1200))]
    pub months: Option<u32>,
    /// Calendar months of bars to decompose into cycles [default: 3, or fewer if the source has less history].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub lookback_months: Option<u32>,
    /// Format of the cohort files [default: csv].
    #[arg(long, value_enum)]
    pub cohort_format: Option<FormatFlag>,
    /// Do not write the decomposed series (imfs/*.npz), the largest outputs; the report then has no
    /// charts of cycles.
    #[arg(long)]
    pub no_persist_imfs: bool,
    /// Run every stage, even if it is up to date.
    #[arg(long)]
    pub force: bool,
    /// The choice of symbols.
    #[command(flatten)]
    pub universe: UniverseFlags,
    /// The source of the bars.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    // Report invalid parameters before anything is read or written.
    let stages = flags.stage_params()?;
    let opened = source_select::source(&flags.source)?;
    let console = Console::new(flags.source.reading.strict);
    if flags.asof == AsOfSpec::Latest
        && let Some(newest) = bars_io::newest_close(&opened.source().catalog()?)
    {
        leaderboards::warn_if_stale(newest);
    }
    let request = RunRequest {
        out_dir: flags.out_dir.clone(),
        cohorts: distinct(&flags.cohorts),
        skip_leaderboards: flags.skip_leaderboards,
        asof: flags.asof,
        lookback_months: flags.lookback_months,
        persist_modes: !flags.no_persist_imfs,
        force: flags.force,
        stages,
        program: program_digest(),
        source_path: opened.path().map(Path::to_owned),
    };
    let mut shown = Ok(());
    let mut on_output = |call: &StageCall, output: &StageOutput| {
        // The summary at the end shows the highlights; -v prints the result of every stage.
        if ui::verbosity() >= 1 && shown.is_ok() {
            shown = print_stage(call, output);
        }
    };
    let summary = run_stages(&request, console.context(Some(&opened)), &mut on_output)?;
    shown?;
    if matches!(opened, source_select::OpenSource::MySql(_)) && summary.has_skipped() {
        tracing::info!(
            "for a database only the first and last bar of each symbol are compared; use --force if older bars changed"
        );
    }
    print::summary(&flags.out_dir, &summary, &request.cohorts)?;
    let failed = summary.failed();
    if failed.is_empty() {
        return Ok(());
    }
    anyhow::bail!(
        "{} failed: {}; the outputs of the other stages are complete, run the same command again for the rest",
        ui::pluralize(failed.len(), "stage"),
        failed.join(", ")
    )
}

impl Flags {
    /// Returns the parameters of all stages: defaults, overridden by the sections of the
    /// configuration file, overridden by these flags.
    fn stage_params(&self) -> anyhow::Result<StageParams> {
        let config = config::get();
        let months = self.months.unwrap_or(DEFAULT_MONTHS);

        let mut boards: leaderboards::Flags = config.stage_flags("leaderboards", &[])?;
        boards.windows.clone_from(&self.windows);
        boards.cohort_format = self.cohort_format.unwrap_or(boards.cohort_format);
        if !self.universe.universe().is_default() {
            if self.skip_leaderboards {
                return Err(Usage(
                    "--skip-leaderboards uses the existing cohort files; drop the flags that choose symbols"
                        .to_owned(),
                )
                .into());
            }
            boards.universe = self.universe.clone();
        }
        let leaderboards = boards.job(self.top_n as usize)?;

        let mut metrics: metrics::Flags = config.stage_flags("metrics", &["overlaps"])?;
        metrics.windows.clone_from(&self.windows);
        metrics.months = months;
        metrics.source.clone_from(&self.source);
        let metrics = metrics.job()?;

        let cohort_cycles: imf_cluster::Flags = config.stage_flags("imf-cluster", &["overlaps"])?;
        let cohort_cycles = cohort_cycles.job()?;

        let mut state: state::Flags = config.stage_flags("state", &[])?;
        state.windows.clone_from(&self.windows);
        state.months = months;
        state.snapshots.source.clone_from(&self.source);
        let state = state.job()?;

        let mut regime: regime::Flags = config.stage_flags("regime", &[])?;
        // The default of regime is longer, because its windows are weeks and months.
        regime.months = self.months.unwrap_or(regime.months);
        regime.snapshots.source.clone_from(&self.source);
        let regime = regime.job()?;

        let mut cycles: imf_stage::Flags = config.stage_flags("imf-stage", &[])?;
        cycles.lookback_months = self.lookback_months.unwrap_or(cycles.lookback_months);
        cycles.leaders = Vec::new();
        cycles.source.clone_from(&self.source);
        let cycles = cycles.job(None)?;

        let post: imf_postprocess::Flags =
            config.stage_flags("imf-postprocess", &["--summary", "imf_summary.parquet"])?;
        let cycles_summary = post.job(Path::new("imf_summary.parquet"));

        let report: report::Flags = config.stage_flags("report", &[])?;
        Ok(StageParams {
            leaderboards,
            metrics,
            cohort_cycles,
            state,
            regime,
            cycles,
            cycles_summary,
            report: report.job(),
        })
    }
}

/// Months of history in the baselines of metrics and state.
const DEFAULT_MONTHS: u32 = 3;

/// Returns an identifier of this build, because another build may compute other results.
fn program_digest() -> String {
    let digest = std::env::current_exe().ok().and_then(|path| file_digest(&path).ok());
    digest.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned())
}

fn distinct(cohorts: &[CohortFlag]) -> Vec<pipeline::artifacts::Cohort> {
    let mut distinct = Vec::new();
    for cohort in cohorts.iter().map(|cohort| cohort.cohort()) {
        if !distinct.contains(&cohort) {
            distinct.push(cohort);
        }
    }
    distinct
}

/// Prints the result of a stage as its own command does.
fn print_stage(call: &StageCall, output: &StageOutput) -> anyhow::Result<()> {
    match (call, output) {
        (_, StageOutput::Leaderboards(output)) => leaderboards::print(output),
        (StageCall::Metrics(_, job), StageOutput::Metrics(output)) => metrics::print(job, output),
        (_, StageOutput::CohortCycles(output)) => imf_cluster::print(output),
        (_, StageOutput::State(output)) => snapshots::print(output, INTRADAY, bars::Window::DAY),
        (_, StageOutput::Regime(output)) => snapshots::print(output, DAILY, bars::Window::MONTH),
        (_, StageOutput::Cycles(output)) => imf_stage::print(output),
        (_, StageOutput::CyclesSummary(output)) => imf_postprocess::print(output),
        (StageCall::Report(job), StageOutput::Report(output)) => report::print(job, output),
        _ => Ok(()),
    }
}
