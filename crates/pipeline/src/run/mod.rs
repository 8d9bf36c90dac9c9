//! Runs all stages in order at one as-of, skipping those that are up to date.
//!
//! A stage is up to date if its fingerprint in `run.json` (program, parameters, source, inputs) is
//! the same and its outputs are unchanged. A failed stage does not stop the others; the same run
//! again continues with what is missing.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bars::time::AsOfSpec;
use bars::{AsOf, Symbol};
use bars_io::{Entry, Source, regular};

use crate::artifacts::csv_text::quoted;
use crate::artifacts::table_file::Format;
use crate::artifacts::{Cohort, names, partition};
use crate::cohort::symbols_if_any;
use crate::error::{Error, Result};
use crate::jobs::{
    CohortCyclesJob, CyclesJob, CyclesSummaryJob, JobContext, LeaderboardsJob, MetricsJob,
    ReportJob, SnapshotFilesJob,
};
use crate::observer::Observer;
use crate::snapshots::{Moments, Regime, State};
use crate::source::{catalog, resolve_asof};
use crate::text::{self, pluralize};
use stages::cycles::Lookback;

mod digest;
mod executor;
mod files;
mod record;
mod stage_call;

pub use crate::digest::file_digest;
pub use executor::StageStatus;
pub use files::{FileGroup, group_files};
pub use stage_call::{StageCall, StageOutput};

use executor::RunExecutor;
use record::files_of;

/// Bytes per bar in cohort files, from real and sample markets.
const CSV_BYTES: u64 = 75;
const PARQUET_BYTES: u64 = 25;

/// Default lookback in months.
const DEFAULT_LOOKBACK_MONTHS: u32 = 3;

/// Parameters of the stages of a run. The run itself sets as-ofs, inputs and outputs.
#[derive(Debug, Clone)]
pub struct StageParams {
    /// Parameters of `leaderboards`.
    pub leaderboards: LeaderboardsJob,
    /// Parameters of `metrics`, for every cohort.
    pub metrics: MetricsJob,
    /// Parameters of `imf-cluster`, for every cohort.
    pub cohort_cycles: CohortCyclesJob,
    /// Parameters of `state`.
    pub state: SnapshotFilesJob<State>,
    /// Parameters of `regime`.
    pub regime: SnapshotFilesJob<Regime>,
    /// Parameters of `imf-stage`.
    pub cycles: CyclesJob,
    /// Parameters of `imf-postprocess`.
    pub cycles_summary: CyclesSummaryJob,
    /// Parameters of `report`.
    pub report: ReportJob,
}

/// The parameters of a run.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The folder of the outputs.
    pub out_dir: PathBuf,
    /// The distinct cohorts.
    pub cohorts: Vec<Cohort>,
    /// Whether to use the existing cohort files.
    pub skip_leaderboards: bool,
    /// The as-of; `Latest`: the close of the newest bar.
    pub asof: AsOfSpec,
    /// Months that are decomposed into cycles; `None`: three, or as many whole months as the bars
    /// go back.
    pub lookback_months: Option<u32>,
    /// Whether to write the decomposed series. They take most of the space; the report draws them.
    pub persist_modes: bool,
    /// Whether to run stages that are up to date.
    pub force: bool,
    /// Parameters of the stages.
    pub stages: StageParams,
    /// Identifier of the program, such as its version or digest.
    pub program: String,
    /// The source's path, if it is a file or folder: stages run again if files there changed. For
    /// other sources the symbols and the spans of their bars are compared.
    pub source_path: Option<PathBuf>,
}

/// A stage of a run that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageReport {
    /// The stage's name.
    pub name: String,
    /// Its outcome.
    pub status: StageStatus,
}

/// The result of [`run`].
#[derive(Debug, Clone)]
pub struct RunSummary {
    /// The as-of: only bars that close by then count.
    pub asof: AsOf,
    /// The stages, in order.
    pub stages: Vec<StageReport>,
    /// The outputs of stages that did not fail.
    pub outputs: Vec<PathBuf>,
    /// All files of the run: outputs, list of leaders, record.
    pub files: Vec<PathBuf>,
}

impl RunSummary {
    /// The stages that failed.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.stages.iter().filter(|stage| stage.status == StageStatus::Failed);
        failed.map(|stage| stage.name.as_str()).collect()
    }

    /// Whether a stage was skipped because it is up to date.
    pub fn has_skipped(&self) -> bool {
        self.stages.iter().any(|stage| stage.status == StageStatus::UpToDate)
    }
}

/// Runs all stages. `on_output` receives the result of each stage that ran.
///
/// # Errors
/// If the source is empty, no bar closes by the as-of, the folder cannot be written or is in use by
/// another run, or the observer cancels. A stage that fails is reported to the observer and in the
/// summary.
pub fn run(
    request: &RunRequest,
    context: JobContext<'_>,
    on_output: &mut dyn FnMut(&StageCall, &StageOutput),
) -> Result<RunSummary> {
    let observer = context.observer;
    let source = context.source()?;
    let catalog = catalog(source)?;
    let asof = resolve_asof(request.asof, &catalog)?;
    observer.info(format!("as of {asof}"));
    let months = request
        .lookback_months
        .unwrap_or_else(|| default_lookback_months(asof, &catalog, observer));
    let request = &request.with_lookback(months)?;
    observer.info(request.size_of_outputs(asof, catalog.len()));
    let source_state = source_state(source, &catalog, request.source_path.as_deref())?;
    let path = |name: &str| request.out_dir.join(name);
    let total = usize::from(!request.skip_leaderboards) + 2 * request.cohorts.len() + 5;
    if request.skip_leaderboards {
        request.cohorts.iter().try_for_each(|cohort| must_exist(&request.bars_file(*cohort)))?;
    }
    let mut executor = RunExecutor::new(request, context, (asof, source_state), total, on_output)?;
    let boards = request.leaderboards_call(asof);
    if !request.skip_leaderboards {
        executor.stage(&boards, &[])?;
    }
    let mut leaders: Vec<Symbol> = Vec::new();
    for &cohort in &request.cohorts {
        let is_usable = executor.is_usable("leaderboards");
        let symbols = if is_usable {
            symbols_if_any(&request.bars_file(cohort), observer)?
        } else {
            Vec::new()
        };
        if is_usable && symbols.is_empty() {
            observer.warn(format!("no symbols in cohort \"{}\": skipped", cohort.name()));
        }
        if symbols.is_empty() {
            executor.skip(2);
            continue;
        }
        executor.stage(&request.metrics_call(cohort, asof), &[])?;
        executor.stage(&request.cohort_cycles_call(cohort, asof), &[])?;
        leaders.extend(
            symbols.into_iter().filter(|symbol| !leaders.contains(symbol)).collect::<Vec<_>>(),
        );
    }
    if leaders.is_empty() {
        executor.skip(4);
    } else {
        write_leaders(&path(names::RUN_LEADERS), &leaders, &context)?;
        executor.stage(&request.state_call(asof), &leaders)?;
        executor.stage(&request.regime_call(asof), &leaders)?;
        if executor.stage(&request.cycles_call(asof), &leaders)? {
            executor.stage(&request.cycles_summary_call(asof), &leaders)?;
        } else {
            executor.skip(1);
        }
    }
    if executor.has_outputs() {
        // Only files of this run: others in the folder may belong to an earlier one.
        let mut inputs = executor.outputs();
        if request.skip_leaderboards {
            inputs.extend(boards.outputs(asof, &leaders));
        }
        executor.stage(&request.report_call(asof, inputs), &leaders)?;
    }
    let (stages, outputs, files) = executor.finish();
    Ok(RunSummary { asof, stages, outputs, files })
}

impl RunRequest {
    /// Returns the same run with a lookback of cycles.
    fn with_lookback(&self, lookback_months: u32) -> Result<RunRequest> {
        let mut request = self.clone();
        let stage = &mut request.stages.cycles.params.stage;
        *stage = stages::cycles::Params { lookback_months, ..*stage.get() }.check()?;
        Ok(request)
    }

    /// Returns a sentence on the size of the large outputs, at most, for a source of `symbols`
    /// symbols.
    fn size_of_outputs(&self, asof: AsOf, symbols: usize) -> String {
        let boards = &self.stages.leaderboards;
        let params = &boards.params;
        let on_boards = |boards: usize| (boards * params.top_n().min(symbols)) as u64;
        let minutes = 1440 * u64::from(params.lookback_days());
        let cohorts = match (self.skip_leaderboards, boards.cohort_format) {
            (true, _) => 0,
            (false, Format::Csv) => on_boards(3) * minutes * CSV_BYTES,
            (false, Format::Parquet) => on_boards(3) * minutes * PARQUET_BYTES,
        };
        let n = Lookback::new(
            AsOfSpec::At(asof),
            asof,
            self.stages.cycles.params.stage.get().lookback_months,
        )
        .minutes() as u64;
        let leaders = on_boards(self.cohorts.len()).min(symbols as u64);
        // A mode per octave and the residue, of price and volume.
        let modes = match self.persist_modes {
            true => 2 * leaders * (u64::from(n.max(2).ilog2()) + 1) * n * 8,
            false => 0,
        };
        let [all, cohorts, of_modes] = [cohorts + modes, cohorts, modes].map(text::bytes);
        let remedy = if modes > 0 { "; omit the series to write less" } else { "" };
        format!(
            "outputs: at most {all} (cohort files {cohorts}, decomposed series {of_modes}){remedy}"
        )
    }

    /// The bars of a cohort: in the format of the leaderboards, or of the existing file.
    fn bars_file(&self, cohort: Cohort) -> PathBuf {
        let format = self.stages.leaderboards.cohort_format;
        let path = self.out_dir.join(cohort.bars_file_as(format));
        if self.skip_leaderboards { Cohort::existing_bars_file(&path) } else { path }
    }

    fn leaderboards_call(&self, asof: AsOf) -> StageCall {
        let (asof, out_dir) = (AsOfSpec::At(asof), self.out_dir.clone());
        StageCall::Leaderboards(LeaderboardsJob {
            asof,
            out_dir,
            ..self.stages.leaderboards.clone()
        })
    }

    fn metrics_call(&self, cohort: Cohort, asof: AsOf) -> StageCall {
        let (input, output) = (self.bars_file(cohort), self.out_dir.join(cohort.metrics_file()));
        let job = self.stages.metrics.clone();
        StageCall::Metrics(cohort, MetricsJob { asof: AsOfSpec::At(asof), input, output, ..job })
    }

    fn cohort_cycles_call(&self, cohort: Cohort, asof: AsOf) -> StageCall {
        let (input, out_dir) = (self.bars_file(cohort), self.out_dir.clone());
        let asof = AsOfSpec::At(asof);
        StageCall::CohortCycles(CohortCyclesJob {
            cohort,
            asof,
            input,
            out_dir,
            ..self.stages.cohort_cycles.clone()
        })
    }

    /// Uses midnight of the date, so that the rows of `state` and `regime` join.
    fn state_call(&self, asof: AsOf) -> StageCall {
        let mut job = self.stages.state.clone();
        job.moments = Moments::At(AsOfSpec::At(asof.midnight()));
        job.input = self.out_dir.join(names::RUN_LEADERS);
        job.files.out = self.out_dir.join(names::STATE_FOLDER);
        StageCall::State(job)
    }

    fn regime_call(&self, asof: AsOf) -> StageCall {
        let mut job = self.stages.regime.clone();
        job.moments = Moments::At(AsOfSpec::At(asof.midnight()));
        job.input = self.out_dir.join(names::RUN_LEADERS);
        job.files.out = self.out_dir.join(names::REGIME_FOLDER);
        StageCall::Regime(job)
    }

    fn cycles_out(&self) -> PathBuf {
        self.out_dir.join(names::CYCLES_FOLDER)
    }

    fn cycles_call(&self, asof: AsOf) -> StageCall {
        let mut job = self.stages.cycles.clone();
        job.leaders_file = Some(self.out_dir.join(names::RUN_LEADERS));
        job.asof = AsOfSpec::At(asof);
        job.out = self.cycles_out();
        job.persist_modes = self.persist_modes;
        StageCall::Cycles(job)
    }

    fn cycles_summary_call(&self, asof: AsOf) -> StageCall {
        let folder = partition(&self.cycles_out(), asof);
        let mut job = self.stages.cycles_summary.clone();
        job.request.summary = folder.join(names::CYCLES_SUMMARY);
        job.request.series = stages::cycles::SignalKind::BOTH.to_vec();
        job.out = folder;
        StageCall::CyclesSummary(job)
    }

    fn report_call(&self, asof: AsOf, inputs: Vec<PathBuf>) -> StageCall {
        let mut job = self.stages.report.clone();
        job.dir = self.out_dir.clone();
        job.out = self.out_dir.join(names::REPORT);
        job.asof = AsOfSpec::At(asof);
        job.only = Some(inputs);
        StageCall::Report(job)
    }
}

/// The default lookback of cycles: three months, or as many whole months as the bars go back, at
/// least one. A longer lookback would include minutes before the first bar, which produce spurious
/// cycles.
fn default_lookback_months(asof: AsOf, catalog: &[Entry], observer: &dyn Observer) -> u32 {
    let first = catalog.iter().map(|entry| AsOf::start_of(entry.first)).min();
    let is_held = |months: &u32| first.is_some_and(|first| first <= asof.months_before(*months));
    let months = (1..=DEFAULT_LOOKBACK_MONTHS).rev().find(is_held).unwrap_or(1);
    if months < DEFAULT_LOOKBACK_MONTHS {
        observer.info(format!(
            "less than {DEFAULT_LOOKBACK_MONTHS} months of bars: decomposing {}",
            pluralize(months as usize, "month")
        ));
    }
    months
}

/// Returns the state of a source as text, for fingerprints: sizes and modification times of files;
/// symbols and spans of a database. `path` is that of the source, if it is a file or folder.
///
/// # Errors
/// If a file cannot be read.
fn source_state(source: &dyn Source, catalog: &[Entry], path: Option<&Path>) -> Result<String> {
    let mut lines = vec![source.describe()];
    lines.extend(
        catalog.iter().map(|entry| format!("{} {} {}", entry.symbol, entry.first, entry.last)),
    );
    for file in path.filter(|path| path.exists()).map(source_files).transpose()?.unwrap_or_default()
    {
        let meta = file.metadata().map_err(|e| bars_io::Error::io("read", &file, e))?;
        let changed = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let nanos = changed.unwrap_or_default().as_nanos();
        lines.push(format!("{} {} {nanos}", file.display(), meta.len()));
    }
    Ok(lines.join("\n"))
}

/// The file itself, or the files in the symbol folders of a store.
fn source_files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|e| bars_io::Error::io("read", path, e))?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders.iter().flat_map(|folder| files_of(folder)).collect())
}

fn must_exist(path: &Path) -> Result<()> {
    if path.is_file() {
        return Ok(());
    }
    Err(Error::parameter(
        "skip_leaderboards",
        format!("no file {}; run once with leaderboards", path.display()),
    ))
}

/// Writes the list of leaders if it differs, so that an unchanged file keeps its modification time.
fn write_leaders(path: &Path, leaders: &[Symbol], context: &JobContext<'_>) -> Result<()> {
    let lines: Vec<String> = std::iter::once("symbol".to_owned())
        .chain(leaders.iter().map(|symbol| quoted(symbol.as_str())))
        .collect();
    let text = lines.join("\n") + "\n";
    if regular::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    Ok(context.temp.write(path, text.as_bytes())?)
}
