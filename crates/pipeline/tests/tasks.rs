//! Tasks: any number of parts gives the bytes of a single run, and results that do not belong
//! together are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use bars::time::AsOfSpec;
use bars::{BarTime, Symbol, Window};
use bars_io::Source;
use bars_io::atomic::TempFiles;
use bars_io::memory::MemorySource;
use pipeline::artifacts::bar_csv::{self, BarFile};
use pipeline::artifacts::table_file::{Compression, Format};
use pipeline::cycles::CyclesParams;
use pipeline::jobs::{CyclesJob, JobContext, LeaderboardsJob, MetricsJob, SnapshotFilesJob};
use pipeline::observer::Silent;
use pipeline::panel::PanelRange;
use pipeline::sample::{Market, MarketSettings};
use pipeline::snapshots::{Moments, Regime, SnapshotFiles, State};
use pipeline::task::{MergeTarget, Merged, Task, TaskRequest, TaskResult, merge, plan};
use pipeline::universe::Universe;

fn market() -> MemorySource {
    MemorySource::new(
        Market::new(MarketSettings { symbols: 9, days: 35, ..MarketSettings::default() }).series(),
    )
}

fn symbols(source: &dyn Source) -> Vec<Symbol> {
    let mut symbols = source.symbols().unwrap();
    // The order of results is that of the input, not of names; the last is not in the source.
    symbols.reverse();
    symbols.push("ABSENT/USD".parse().unwrap());
    symbols
}

/// Files below `folder` by relative path. `run_config.json` without its key `run`, which has times.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let name = entry.strip_prefix(folder).unwrap().display().to_string();
            let mut bytes = std::fs::read(&entry).unwrap();
            if name.ends_with("run_config.json") {
                let mut config: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_slice(&bytes).unwrap();
                config.remove("run");
                bytes = serde_json::to_vec(&config).unwrap();
            }
            files.insert(name, bytes);
        }
    }
    files
}

fn write_bars(path: &Path, source: &dyn Source, symbols: &[Symbol], span: bars::Span) {
    let file = [BarFile { path, symbols }];
    let written = bar_csv::write(&file, source, span, &TempFiles::default(), &Silent).unwrap();
    written.into_iter().for_each(|(file, _)| file.commit().unwrap());
}

fn run_parts(request: &TaskRequest, source: Option<&dyn Source>, parts: usize) -> Vec<TaskResult> {
    let tasks = plan(request, source, parts, &Silent).unwrap();
    assert_eq!(tasks.len(), parts);
    // Through JSON and bytes, as a worker would; in reverse, as results come in any order.
    let run = |task: &Task| {
        let task = Task::from_json(&task.to_json().unwrap()).unwrap();
        let result = task.run(source, &Silent).unwrap();
        TaskResult::from_bytes(task.file_name(), result.bytes().unwrap().to_vec()).unwrap()
    };
    tasks.iter().rev().map(run).collect()
}

fn merge_into(
    results: Vec<TaskResult>,
    out: &Path,
    source: &dyn Source,
) -> pipeline::Result<Merged> {
    let temp = TempFiles::default();
    merge(
        results,
        &MergeTarget {
            out: Some(out.to_owned()),
            format: Format::Parquet,
            cohort_format: Format::Csv,
            compression: Compression::default(),
            schema_version: "v1".to_owned(),
            csv_safe: false,
            columns: Default::default(),
            source: Some(source),
            temp: &temp,
            observer: &Silent,
        },
    )
}

/// Merges 1, 2 and 7 parts and compares each with the files of a single run in `single`.
fn equals_single(request: &TaskRequest, source: &dyn Source, single: &Path) {
    let expected = files(single);
    assert!(!expected.is_empty());
    for parts in [1, 2, 7, 13] {
        let folder = tempfile::tempdir().unwrap();
        merge_into(run_parts(request, Some(source), parts), folder.path(), source).unwrap();
        let merged = files(folder.path());
        assert_eq!(
            merged.keys().collect::<Vec<_>>(),
            expected.keys().collect::<Vec<_>>(),
            "{parts} parts"
        );
        for (name, bytes) in &expected {
            assert!(merged[name] == *bytes, "{name} differs with {parts} parts");
        }
    }
}

fn context<'a>(source: &'a dyn Source, temp: &'a TempFiles) -> JobContext<'a> {
    JobContext { source: Some(source), is_strict: false, temp, observer: &Silent }
}

#[test]
fn shards_of_leaderboards_equal_a_single_run() {
    let (source, temp) = (market(), TempFiles::default());
    let params = stages::leaderboards::Params { top_n: 3, ..Default::default() }.check().unwrap();
    let asof = AsOfSpec::Latest;
    // All symbols; then without one, and with a minimum volume that some lack.
    let volume = |symbol: &Symbol| {
        let bars = source.bars(symbol, bars::Span::ALL).unwrap();
        bars.iter().map(|bar| bar.close * bar.volume).sum::<f64>() / 35.0
    };
    let mut volumes: Vec<f64> = source.symbols().unwrap().iter().map(volume).collect();
    volumes.sort_by(f64::total_cmp);
    let (exclude, min_volume) = (vec!["B*".to_owned()], volumes[volumes.len() / 2]);
    let few = Universe { exclude, min_volume, ..Default::default() };
    for universe in [Universe::default(), few] {
        let folder = tempfile::tempdir().unwrap();
        let (out_dir, chosen) = (folder.path().to_owned(), universe.clone());
        let job = LeaderboardsJob {
            params: params.clone(),
            universe: chosen,
            asof,
            out_dir,
            cohort_format: Format::Csv,
        };
        let run = job.run(&context(&source, &temp)).unwrap().leaderboards.boards.run;
        let is_whole = run.symbols_ranked + run.stale.len() == run.symbols_seen;
        assert_eq!(is_whole, universe.is_default(), "{run:?}");
        let params = params.clone();
        let request = TaskRequest::Leaderboards { params, universe, asof };
        equals_single(&request, &source, folder.path());
    }
}

fn snapshot_files(out: &Path) -> SnapshotFiles {
    SnapshotFiles {
        out: out.to_owned(),
        format: Format::Parquet,
        compression: Compression::default(),
        schema_version: "v1".to_owned(),
        csv_safe: false,
        columns: Default::default(),
    }
}

fn symbol_list(folder: &Path, source: &dyn Source) -> std::path::PathBuf {
    let path = folder.join("symbols.csv");
    let names: Vec<String> = symbols(source).iter().map(ToString::to_string).collect();
    std::fs::write(&path, format!("symbol\n{}\n", names.join("\n"))).unwrap();
    path
}

fn moments() -> [Moments; 2] {
    let at = |text: &str| text.parse().unwrap();
    let (from, to) = (at("2025-12-20"), at("2025-12-23"));
    [
        Moments::Newest,
        Moments::Panel(PanelRange { from, to, every: Window::DAY, allow_future: false }),
    ]
}

#[test]
fn shards_of_snapshots_equal_a_single_run() {
    let (source, temp) = (market(), TempFiles::default());
    let inputs = tempfile::tempdir().unwrap();
    let input = symbol_list(inputs.path(), &source);
    let state =
        State(stages::metrics::Params { months: Some(1), ..Default::default() }.check().unwrap());
    let windows = vec!["3d".parse().unwrap(), "7d".parse().unwrap()];
    let regime = stages::regime::Params { windows, months: Some(1), ..Default::default() };
    let regime = Regime(regime.check().unwrap());
    for moments in moments() {
        let every_hour = match moments {
            Moments::Panel(range) => Moments::Panel(PanelRange { every: Window::HOUR, ..range }),
            other => other,
        };
        let folder = tempfile::tempdir().unwrap();
        let job = SnapshotFilesJob {
            stage: state.clone(),
            moments: every_hour,
            input: input.clone(),
            files: snapshot_files(folder.path()),
            series_output: None,
            bar_time: BarTime::Open,
            source_path: None,
        };
        job.run(&context(&source, &temp)).unwrap();
        let (params, symbols) = (state.clone(), symbols(&source));
        let request = TaskRequest::State { params, symbols: symbols.clone(), moments: every_hour };
        equals_single(&request, &source, folder.path());

        let folder = tempfile::tempdir().unwrap();
        let job = SnapshotFilesJob {
            stage: regime.clone(),
            moments,
            input: input.clone(),
            files: snapshot_files(folder.path()),
            series_output: None,
            bar_time: BarTime::Open,
            source_path: None,
        };
        job.run(&context(&source, &temp)).unwrap();
        equals_single(
            &TaskRequest::Regime { params: regime.clone(), symbols, moments },
            &source,
            folder.path(),
        );
    }
}

#[test]
fn shards_of_metrics_equal_a_single_run() {
    let (source, temp) = (market(), TempFiles::default());
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("cohort.csv");
    let span = bars::Span { start: bars::Minute::MIN, end: bars::Minute::MAX };
    let cohort = &symbols(&source)[..5];
    write_bars(&input, &source, cohort, span);
    let params = stages::metrics::Params { months: Some(1), ..Default::default() }.check().unwrap();
    let single = folder.path().join("single.csv");
    let job = MetricsJob {
        params: params.clone(),
        asof: AsOfSpec::Latest,
        input: input.clone(),
        output: single.clone(),
        series_output: None,
        columns: Default::default(),
        bar_time: BarTime::Open,
        source_path: None,
        csv_safe: false,
    };
    job.run(&context(&source, &temp)).unwrap();
    let request = TaskRequest::Metrics {
        params,
        asof: AsOfSpec::Latest,
        input,
        bar_time: BarTime::Open,
        cohort: "overlaps".to_owned(),
    };
    for parts in [1, 3, 8] {
        let merged = folder.path().join(format!("merged-{parts}.csv"));
        merge_into(run_parts(&request, Some(&source), parts), &merged, &source).unwrap();
        assert!(
            std::fs::read(&merged).unwrap() == std::fs::read(&single).unwrap(),
            "{parts} parts"
        );
    }

    // A cohort file that changed between two shards makes two plans, even if its symbols and times
    // are the same.
    let mut results = run_parts(&request, Some(&source), 2);
    let TaskRequest::Metrics { input, .. } = &request else { unreachable!("made above") };
    let text = std::fs::read_to_string(input).unwrap();
    std::fs::write(input, text.replacen(".", ".1", 1)).unwrap();
    results[1] = run_parts(&request, Some(&source), 2).swap_remove(1);
    let mixed = merge_into(results, &folder.path().join("mixed.csv"), &source);
    assert!(matches!(mixed, Err(pipeline::Error::ForeignResult { .. })), "{mixed:?}");
}

#[test]
fn a_shard_of_symbols_that_come_after_the_asof_is_empty() {
    let (source, temp) = (market(), TempFiles::default());
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("cohort.csv");
    let span = bars::Span { start: bars::Minute::MIN, end: bars::Minute::MAX };
    let first = &symbols(&source)[..2];
    write_bars(&input, &source, first, span);
    let late = "LATE/USD,2025-12-31T23:59:00Z,1,1,1,1,1,1\nLATE/USD,no time,1,1,1,1,1,1\n";
    std::fs::write(&input, std::fs::read_to_string(&input).unwrap() + late).unwrap();
    let params = stages::metrics::Params { months: Some(1), ..Default::default() }.check().unwrap();
    let asof: AsOfSpec = "2025-12-30".parse().unwrap();
    let output = folder.path().join("single.csv");
    let job = MetricsJob {
        params: params.clone(),
        asof,
        input: input.clone(),
        output: output.clone(),
        series_output: None,
        columns: Default::default(),
        bar_time: BarTime::Open,
        source_path: None,
        csv_safe: false,
    };
    job.run(&context(&source, &temp)).unwrap();
    let cohort = "overlaps".to_owned();
    let request = TaskRequest::Metrics { params, asof, input, bar_time: BarTime::Open, cohort };
    let results = run_parts(&request, Some(&source), 3);
    assert!(results.iter().any(|result| result.task.members[..] == [late_member(&result.task)]));
    // Every shard read the one unreadable row.
    assert_eq!(pipeline::task::findings(&results).rejected(), 1);
    let merged = folder.path().join("merged.csv");
    merge_into(results, &merged, &source).unwrap();
    assert!(std::fs::read(&merged).unwrap() == std::fs::read(&output).unwrap());
}

/// The member LATE/USD at its position.
fn late_member(task: &Task) -> pipeline::task::TaskMember {
    let symbol: Symbol = "LATE/USD".parse().unwrap();
    pipeline::task::TaskMember {
        position: task.symbols - 1,
        symbol: symbol.clone(),
        source: Some(symbol),
    }
}

#[test]
fn a_task_that_no_plan_makes_is_refused() {
    let source = market();
    let params = State(stages::metrics::Params::default().check().unwrap());
    let request =
        TaskRequest::State { params, symbols: symbols(&source), moments: Moments::Newest };
    let task = plan(&request, Some(&source), 3, &Silent).unwrap().remove(0).to_json().unwrap();
    let refused = |from: &str, to: &str| {
        assert!(task.contains(from), "{task}");
        Task::from_json(&task.replace(from, to)).unwrap_err().to_string()
    };
    assert!(refused("\"version\":1", "\"version\":2").contains("version 2, expected 1"));
    assert!(refused("\"part\":1", "\"part\":4").contains("part 4 of 3"));
    assert!(refused("\"parts\":3", "\"parts\":99999999").contains("of 99999999"));
    assert!(refused("\"symbols\":9", "\"symbols\":1").contains("at position"));
    let many = refused("\"symbols\":9", "\"symbols\":10000000000000");
    assert!(many.contains("10000000000000 symbols, expected up to 4194304"), "{many}");
    assert!(refused("\"count\":1", "\"count\":9999999").contains("9999999 snapshots"));
}

fn cycles_params() -> CyclesParams {
    CyclesParams {
        stage: stages::cycles::Params { lookback_months: 1, ..Default::default() }.check().unwrap(),
        decomposer: emd::Params::default().trials(5).check().unwrap(),
        budget: None,
        jobs: None,
        bar_time: BarTime::Open,
    }
}

#[test]
fn shards_of_cycles_equal_a_single_run() {
    let (source, temp) = (market(), TempFiles::default());
    let folder = tempfile::tempdir().unwrap();
    let job = CyclesJob {
        leaders_file: None,
        leaders: symbols(&source),
        params: cycles_params(),
        asof: AsOfSpec::Latest,
        out: folder.path().to_owned(),
        persist_modes: true,
    };
    job.run(&context(&source, &temp)).unwrap();
    let request = TaskRequest::Cycles {
        params: cycles_params(),
        symbols: symbols(&source),
        asof: AsOfSpec::Latest,
        persist_modes: true,
    };
    equals_single(&request, &source, folder.path());
}

#[test]
fn missing_duplicate_foreign_and_damaged_results_are_refused_by_name() {
    let source = market();
    let params = stages::leaderboards::Params { top_n: 3, ..Default::default() }.check().unwrap();
    let request = |top_n: usize| TaskRequest::Leaderboards {
        universe: Universe::default(),
        params: stages::leaderboards::Params {
            top_n,
            ..stages::leaderboards::Params::from(params.clone())
        }
        .check()
        .unwrap(),
        asof: AsOfSpec::Latest,
    };
    let folder = tempfile::tempdir().unwrap();
    let refused = |results: Vec<TaskResult>| {
        let error = merge_into(results, folder.path(), &source).unwrap_err().to_string();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{error}");
        error
    };
    assert!(refused(Vec::new()).contains("no results"));
    let mut results = run_parts(&request(3), Some(&source), 3);
    results.remove(1);
    assert_eq!(refused(results), "missing results of part 2 of 3");
    let mut results = run_parts(&request(3), Some(&source), 30);
    results.truncate(1);
    assert_eq!(
        refused(results),
        "missing results of parts 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 9 more of 30"
    );
    // More symbols than the parts have would be looked for without end.
    let mut results = run_parts(&request(3), Some(&source), 2);
    results[0].task.symbols = 4_000_000;
    let forged = refused(results);
    assert!(forged.starts_with("leaderboards-00002-of-00002.arrow: "), "{forged}");
    let mut results = run_parts(&request(3), Some(&source), 3);
    results.extend(run_parts(&request(3), Some(&source), 3).drain(..1));
    let duplicate = refused(results);
    assert!(duplicate.contains("are both part 3 of 3"), "{duplicate}");
    let mut results = run_parts(&request(3), Some(&source), 2);
    results.push(run_parts(&request(4), Some(&source), 2).remove(0));
    let foreign = refused(results);
    assert!(
        foreign.contains("leaderboards-00002-of-00002.arrow belongs to another run"),
        "{foreign}"
    );

    let bytes = run_parts(&request(3), Some(&source), 1)[0].bytes().unwrap().to_vec();
    for cut in [0, 10, bytes.len() / 2, bytes.len() - 1] {
        let error =
            TaskResult::from_bytes("part.arrow".to_owned(), bytes[..cut].to_vec()).unwrap_err();
        assert!(error.to_string().starts_with("part.arrow: not a complete result"), "{error}");
    }
    assert!(Task::from_json("{}").is_err());
}

#[test]
fn plans_are_balanced_and_reproducible() {
    let source = market();
    let params = stages::leaderboards::Params::default().check().unwrap();
    let request =
        TaskRequest::Leaderboards { params, universe: Universe::default(), asof: AsOfSpec::Latest };
    let json = || -> Vec<String> {
        let tasks = plan(&request, Some(&source), 4, &Silent).unwrap();
        tasks.iter().map(|task| task.to_json().unwrap()).collect()
    };
    assert_eq!(json(), json());
    let tasks = plan(&request, Some(&source), 4, &Silent).unwrap();
    let counts: Vec<usize> = tasks.iter().map(|task| task.members.len()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 9);
    assert!(counts.iter().all(|count| (2..=3).contains(count)), "{counts:?}");
    assert!(plan(&request, Some(&source), 0, &Silent).is_err());
}
