//! A job ends with an error and leaves no file if its observer cancels.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use bars::time::AsOfSpec;
use bars::{BarTime, Minute, Span};
use bars_io::Source;
use bars_io::atomic::TempFiles;
use bars_io::memory::MemorySource;
use pipeline::Error;
use pipeline::artifacts::bar_csv::{self, BarFile};
use pipeline::artifacts::table_file::{Compression, Format};
use pipeline::cycles::CyclesParams;
use pipeline::jobs::{CyclesJob, JobContext, LeaderboardsJob, MetricsJob, SnapshotFilesJob};
use pipeline::observer::{Observer, Silent};
use pipeline::sample::{Market, MarketSettings};
use pipeline::snapshots::{Moments, Regime, SnapshotFiles, SnapshotStage, State};
use pipeline::task::{MergeTarget, TaskRequest, merge, plan};
use pipeline::universe::Universe;

/// Cancels from a question on.
struct CancelFrom {
    question: usize,
    asked: AtomicUsize,
}

impl CancelFrom {
    fn new(question: usize) -> CancelFrom {
        CancelFrom { question, asked: AtomicUsize::new(0) }
    }
}

impl Observer for CancelFrom {
    fn is_cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) >= self.question
    }
}

fn market() -> MemorySource {
    let settings = MarketSettings { symbols: 6, days: 35, ..MarketSettings::default() };
    MemorySource::new(Market::new(settings).series())
}

/// Runs a job that is cancelled at its first question and at a later one, into an empty folder each
/// time.
fn ends_without_files(
    source: &dyn Source,
    job: impl Fn(&Path, &JobContext<'_>) -> pipeline::Result<()>,
) {
    for question in [0, 2] {
        let (folder, temp) = (tempfile::tempdir().unwrap(), TempFiles::default());
        let observer = CancelFrom::new(question);
        let context =
            JobContext { source: Some(source), is_strict: false, temp: &temp, observer: &observer };
        let result = job(folder.path(), &context);
        assert!(matches!(result, Err(Error::Cancelled)), "from question {question}: {result:?}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

fn cohort(folder: &Path, source: &dyn Source) -> PathBuf {
    let path = folder.join("cohort.csv");
    let span = Span { start: Minute::MIN, end: Minute::MAX };
    let symbols = source.symbols().unwrap();
    let file = [BarFile { path: &path, symbols: &symbols }];
    let written = bar_csv::write(&file, source, span, &TempFiles::default(), &Silent).unwrap();
    written.into_iter().for_each(|(file, _)| file.commit().unwrap());
    path
}

#[test]
fn leaderboards() {
    let params = stages::leaderboards::Params::default().check().unwrap();
    ends_without_files(&market(), |out, context| {
        let (params, out_dir) = (params.clone(), out.to_owned());
        LeaderboardsJob {
            params,
            universe: Universe::default(),
            asof: AsOfSpec::Latest,
            out_dir,
            cohort_format: Format::Csv,
        }
        .run(context)
        .map(|_| ())
    });
}

#[test]
fn metrics() {
    let source = market();
    let inputs = tempfile::tempdir().unwrap();
    let input = cohort(inputs.path(), &source);
    let params = stages::metrics::Params { months: Some(1), ..Default::default() }.check().unwrap();
    ends_without_files(&source, |out, context| {
        let job = MetricsJob {
            params: params.clone(),
            asof: AsOfSpec::Latest,
            input: input.clone(),
            output: out.join("m.csv"),
            columns: Default::default(),
            series_output: Some(out.join("s.csv")),
            bar_time: BarTime::Open,
            source_path: None,
            csv_safe: false,
        };
        job.run(context).map(|_| ())
    });
}

fn snapshots<S: SnapshotStage + Clone + serde::Serialize>(stage: &S) {
    let source = market();
    let inputs = tempfile::tempdir().unwrap();
    let input = cohort(inputs.path(), &source);
    ends_without_files(&source, |out, context| {
        let files = SnapshotFiles {
            out: out.to_owned(),
            format: Format::Parquet,
            compression: Compression::default(),
            schema_version: "v1".to_owned(),
            csv_safe: false,
            columns: Default::default(),
        };
        let job = SnapshotFilesJob {
            stage: stage.clone(),
            moments: Moments::Newest,
            input: input.clone(),
            files,
            series_output: None,
            bar_time: BarTime::Open,
            source_path: None,
        };
        job.run(context).map(|_| ())
    });
}

#[test]
fn state() {
    snapshots(&State(stages::metrics::Params::default().check().unwrap()));
}

#[test]
fn regime() {
    snapshots(&Regime(stages::regime::Params::default().check().unwrap()));
}

fn cycles_params() -> CyclesParams {
    CyclesParams {
        stage: stages::cycles::Params { lookback_months: 1, ..Default::default() }.check().unwrap(),
        // This number of trials takes minutes: a job that ignores cancellation ends late, as does the test.
        decomposer: emd::Params::default().trials(500).check().unwrap(),
        budget: None,
        jobs: Some(0),
        bar_time: BarTime::Open,
    }
}

#[test]
fn cycles() {
    let source = market();
    ends_without_files(&source, |out, context| {
        let job = CyclesJob {
            leaders_file: None,
            leaders: source.symbols().unwrap(),
            params: cycles_params(),
            asof: AsOfSpec::Latest,
            out: out.to_owned(),
            persist_modes: true,
        };
        job.run(context).map(|_| ())
    });
}

#[test]
fn tasks() {
    let source = market();
    let symbols = source.symbols().unwrap();
    let state = State(stages::metrics::Params::default().check().unwrap());
    let asof = AsOfSpec::Latest;
    for request in [
        TaskRequest::Leaderboards {
            universe: Universe::default(),
            params: stages::leaderboards::Params::default().check().unwrap(),
            asof,
        },
        TaskRequest::State { params: state, symbols: symbols.clone(), moments: Moments::Newest },
        TaskRequest::Cycles { params: cycles_params(), symbols, asof, persist_modes: true },
    ] {
        let task = plan(&request, Some(&source), 1, &Silent).unwrap().remove(0);
        let result = task.run(Some(&source), &CancelFrom::new(1));
        assert!(matches!(result, Err(Error::Cancelled)), "{}: {result:?}", task.stage_name());
    }
}

#[test]
fn merging() {
    let source = market();
    let symbols = source.symbols().unwrap();
    let state = State(stages::metrics::Params::default().check().unwrap());
    let cycles = CyclesParams {
        decomposer: emd::Params::default().trials(1).check().unwrap(),
        ..cycles_params()
    };
    let asof = AsOfSpec::Latest;
    for request in [
        TaskRequest::Leaderboards {
            universe: Universe::default(),
            params: stages::leaderboards::Params::default().check().unwrap(),
            asof,
        },
        TaskRequest::State { params: state, symbols: symbols.clone(), moments: Moments::Newest },
        TaskRequest::Cycles {
            params: cycles,
            symbols: symbols[..1].to_vec(),
            asof,
            persist_modes: true,
        },
    ] {
        let task = plan(&request, Some(&source), 1, &Silent).unwrap().remove(0);
        let result = task.run(Some(&source), &Silent).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let target = MergeTarget {
            out: Some(folder.path().to_owned()),
            format: Format::Parquet,
            cohort_format: Format::Csv,
            compression: Compression::default(),
            schema_version: "v1".to_owned(),
            csv_safe: false,
            columns: Default::default(),
            source: Some(&source),
            temp: &TempFiles::default(),
            observer: &CancelFrom::new(0),
        };
        let merged = merge(vec![result], &target);
        assert!(matches!(merged, Err(Error::Cancelled)), "{}: {merged:?}", task.stage_name());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{}", task.stage_name());
    }
}
