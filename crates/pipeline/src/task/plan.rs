//! Divides a stage into tasks.

use std::cmp::Reverse;
use std::path::PathBuf;

use bars::time::AsOfSpec;
use bars::{AsOf, BarTime, ReadOptions, Span, Symbol, Window};
use bars_io::file::FileSource;
use bars_io::{Entry, Source, newest_close};
use serde::Serialize;
use stages::{leaderboards, metrics};

use super::{AsOfRange, MAX_PARTS, TASK_VERSION, Task, TaskMember, TaskStage};
use crate::cohort::Member;
use crate::cycles::CyclesParams;
use crate::digest::{file_digest, text_digest};
use crate::error::{Error, Result};
use crate::metrics::{History, MetricsJob};
use crate::observer::Observer;
use crate::snapshots::{Moments, Regime, SnapshotJob, SnapshotStage, State};
use crate::source::{catalog, resolve_asof};
use crate::universe::Universe;

/// A stage to divide into tasks, with symbols and as-of as given by a user.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TaskRequest {
    /// `leaderboards` over symbols of the source.
    Leaderboards {
        /// Windows, lookback and number of ranks.
        params: leaderboards::ValidParams,
        /// The choice of symbols.
        universe: Universe,
        /// The as-of; `Latest`: the close of the newest bar.
        asof: AsOfSpec,
    },
    /// `metrics` of a cohort file; baselines come from the source, if there is one.
    Metrics {
        /// Windows, coverage threshold and months of the baselines.
        params: metrics::ValidParams,
        /// The as-of; `Latest`: the close of the newest bar.
        asof: AsOfSpec,
        /// The bars of the cohort; every worker reads it.
        input: PathBuf,
        /// How timestamps of the input are read.
        bar_time: BarTime,
        /// Name of the cohort.
        cohort: String,
    },
    /// `state` of symbols.
    State {
        /// Windows, coverage threshold and months of the baselines.
        params: State,
        /// The symbols, in the order of the rows of the result.
        symbols: Vec<Symbol>,
        /// One as-of, or the first, the last and the step of a panel.
        moments: Moments,
    },
    /// `regime` of symbols.
    Regime {
        /// Windows, lookback of breakouts and months of the baselines.
        params: Regime,
        /// The symbols, in the order of the rows of the result.
        symbols: Vec<Symbol>,
        /// One as-of, or the first, the last and the step of a panel.
        moments: Moments,
    },
    /// `imf-stage` of symbols.
    Cycles {
        /// Lookback, decomposition, depth gate and clustering.
        params: CyclesParams,
        /// The symbols, in the order of the rows of the result.
        symbols: Vec<Symbol>,
        /// The as-of; `Latest`: the close of the newest bar.
        asof: AsOfSpec,
        /// Whether results have the modes.
        persist_modes: bool,
    },
}

/// Cuts a stage into `parts` tasks with about the same number of bars each: largest symbols first,
/// each to the part with the fewest bars. The same request and source give the same tasks, so that
/// every worker can plan for itself. There may be fewer symbols than parts; the other tasks are
/// empty.
///
/// # Errors
/// If `parts` is 0 or above [`MAX_PARTS`], and as the stage itself: the source cannot be read, has
/// none of the symbols, or no bar closes by the as-of.
pub fn plan(
    request: &TaskRequest,
    source: Option<&dyn Source>,
    parts: usize,
    observer: &dyn Observer,
) -> Result<Vec<Task>> {
    if !(1..=MAX_PARTS).contains(&parts) {
        return Err(Error::out_of_range("parts", parts, format!("1 to {MAX_PARTS}")));
    }
    let needed = || source.ok_or_else(|| Error::parameter("source", "is required"));
    match request {
        TaskRequest::Leaderboards { params, universe, asof } => {
            let source = needed()?;
            let catalog = universe.choose(&catalog(source)?, observer)?;
            let asof = resolve_asof(*asof, &catalog)?;
            let plan = leaderboards::LeaderboardsPlan::new(params.clone(), asof)?;
            let newest = newest_close(&catalog).unwrap_or(asof);
            let seen = catalog.into_iter().filter(|entry| entry.first < plan.span().end);
            let members: Vec<Member> = seen
                .map(|entry| Member { symbol: entry.symbol.clone(), entry: Some(entry) })
                .collect();
            let (params, universe) = (params.clone(), universe.clone());
            let stage = TaskStage::Leaderboards { params, universe, asof, newest };
            cut(stage, &members, plan.span(), source.describe(), parts, None)
        }
        TaskRequest::Metrics { params, asof, input, bar_time, cohort } => {
            let options = ReadOptions { bar_time: *bar_time, ..ReadOptions::default() };
            let file = FileSource::open(input, &options)?;
            let job =
                MetricsJob::new(&file.symbols(), &file, History::None, params, *asof, observer)?;
            let stage = TaskStage::Metrics {
                params: params.clone(),
                asof: job.asof,
                input: input.clone(),
                bar_time: *bar_time,
                cohort: cohort.clone(),
            };
            let place = source.map_or_else(|| file.describe(), Source::describe);
            // Every worker reads the file and the history for itself: both must be the same.
            let content = file_digest(input)?;
            let names: Vec<Symbol> =
                job.members.iter().map(|member| member.symbol.clone()).collect();
            let history =
                source.map(|source| source.entries(&names)).transpose()?.unwrap_or_default();
            let inputs =
                MetricsInputs { content, history: history.iter().map(PlanEntry::new).collect() };
            cut(stage, &job.members, job.plan.span(), place, parts, Some(&inputs))
        }
        TaskRequest::State { params, symbols, moments } => {
            let stage = |asofs| TaskStage::State { params: params.clone(), asofs };
            snapshots(params.clone(), symbols, *moments, needed()?, parts, observer, stage)
        }
        TaskRequest::Regime { params, symbols, moments } => {
            let stage = |asofs| TaskStage::Regime { params: params.clone(), asofs };
            snapshots(params.clone(), symbols, *moments, needed()?, parts, observer, stage)
        }
        TaskRequest::Cycles { params, symbols, asof, persist_modes } => {
            let source = needed()?;
            let (members, lookback) =
                crate::cycles::plan(symbols, source, params, *asof, observer)?;
            let stage = TaskStage::Cycles {
                params: params.clone(),
                asof: lookback.asof,
                span: lookback.span,
                persist_modes: *persist_modes,
            };
            cut(stage, &members, lookback.span, source.describe(), parts, None)
        }
    }
}

fn snapshots<S: SnapshotStage>(
    params: S,
    symbols: &[Symbol],
    moments: Moments,
    source: &dyn Source,
    parts: usize,
    observer: &dyn Observer,
    stage: impl FnOnce(AsOfRange) -> TaskStage,
) -> Result<Vec<Task>> {
    let job = SnapshotJob::new(params, symbols, source, moments, observer)?;
    let every = match moments {
        Moments::Panel(range) => range.every,
        _ => Window::DAY,
    };
    let range = AsOfRange { first: job.asofs[0], every, count: job.asofs.len() };
    let span = Span { start: bars::Minute::MIN, end: job.last_asof().end() };
    // Symbols without bars have no rows.
    let present: Vec<Member> =
        job.members.into_iter().filter(|member| member.entry.is_some()).collect();
    cut(stage(range), &present, span, source.describe(), parts, None)
}

/// Distributes symbols over tasks.
fn cut(
    stage: TaskStage,
    members: &[Member],
    span: Span,
    source: String,
    parts: usize,
    inputs: Option<&MetricsInputs>,
) -> Result<Vec<Task>> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&index| (Reverse(weight(members[index].entry.as_ref(), span)), index));
    let mut loads: Vec<(u64, Vec<usize>)> = vec![(0, Vec::new()); parts];
    for index in order {
        let lightest =
            (0..parts).min_by_key(|&part| (loads[part].0, loads[part].1.len(), part)).unwrap_or(0);
        loads[lightest].0 += weight(members[index].entry.as_ref(), span);
        loads[lightest].1.push(index);
    }
    let plan = fingerprint(&stage, members, &source, parts, inputs)?;
    let task = |(part, (_, mut indices)): (usize, (u64, Vec<usize>))| {
        indices.sort_unstable();
        let member = |position: usize| TaskMember {
            position,
            symbol: members[position].symbol.clone(),
            source: members[position].entry.as_ref().map(|entry| entry.symbol.clone()),
        };
        Task {
            version: TASK_VERSION,
            plan: plan.clone(),
            part: part + 1,
            parts,
            symbols: members.len(),
            source: source.clone(),
            stage: stage.clone(),
            members: indices.into_iter().map(member).collect(),
        }
    };
    Ok(loads.into_iter().enumerate().map(task).collect())
}

/// About the number of bars of a symbol within `span`: its minutes there.
fn weight(entry: Option<&Entry>, span: Span) -> u64 {
    let Some(entry) = entry else { return 0 };
    let (start, end) = (entry.first.max(span.start), entry.last.plus(1).min(span.end));
    u64::try_from(end.index() - start.index()).unwrap_or(0)
}

/// What the tasks of `metrics` read besides the bars of their members' entries.
#[derive(Serialize)]
struct MetricsInputs {
    /// The digest of the cohort file.
    content: String,
    /// The members in the source of the baselines.
    history: Vec<PlanEntry>,
}

#[derive(Serialize)]
struct PlanEntry {
    symbol: Symbol,
    ends: (AsOf, AsOf),
}

impl PlanEntry {
    fn new(entry: &Entry) -> PlanEntry {
        let ends = (AsOf::start_of(entry.first), AsOf::close_of(entry.last));
        PlanEntry { symbol: entry.symbol.clone(), ends }
    }
}

fn fingerprint(
    stage: &TaskStage,
    members: &[Member],
    source: &str,
    parts: usize,
    inputs: Option<&MetricsInputs>,
) -> Result<String> {
    #[derive(Serialize)]
    struct Plan<'a> {
        version: u32,
        program: &'static str,
        stage: &'a TaskStage,
        source: &'a str,
        parts: usize,
        members: Vec<(&'a Symbol, Option<PlanEntry>)>,
        inputs: Option<&'a MetricsInputs>,
    }
    let members =
        members.iter().map(|member| (&member.symbol, member.entry.as_ref().map(PlanEntry::new)));
    let plan = Plan {
        version: TASK_VERSION,
        program: env!("CARGO_PKG_VERSION"),
        stage,
        source,
        parts,
        members: members.collect(),
        inputs,
    };
    let text = serde_json::to_string(&plan).map_err(|e| Error::encode("a plan", e))?;
    Ok(text_digest(&text))
}
