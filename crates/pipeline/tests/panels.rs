//! Panels of boards against single runs, and against a source without the bars after the last as-of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};

use bars::time::AsOfSpec;
use bars::{AsOf, Closes, Findings, Minute, Series, Span, Symbol};
use bars_io::memory::MemorySource;
use bars_io::{Entry, Source};
use pipeline::leaderboards::leaderboards;
use pipeline::leaderboards_panel::{columns, leaderboards_panel};
use pipeline::observer::{Collector, Silent};
use pipeline::panel::PanelRange;
use pipeline::sample::{Market, MarketSettings};
use pipeline::universe::Universe;
use stages::leaderboards::{Params, ValidParams};
use stages::table::{Table, Values};

const DAYS: u32 = 12;

/// Ten symbols. The first has no bars on 2025-12-30 and 2025-12-31, the second none before
/// 2025-12-28.
fn market() -> Vec<(Symbol, Series)> {
    let market = Market::new(MarketSettings { symbols: 10, days: DAYS, ..Default::default() });
    let mut all: Vec<(Symbol, Series)> = market.series().into_iter().collect();
    let cut = |series: &Series, keeps: &dyn Fn(Minute) -> bool| {
        series.iter().filter(|bar| keeps(bar.time)).collect::<Series>()
    };
    let outage = Span { start: at("2025-12-30").end(), end: at("2026-01-01").end() };
    all[0].1 = cut(&all[0].1, &|time| !outage.contains(time));
    all[1].1 = cut(&all[1].1, &|time| time >= at("2025-12-28").end());
    all
}

fn at(text: &str) -> AsOf {
    text.parse::<AsOfSpec>().unwrap().moment().unwrap()
}

fn range(from: &str, to: &str, every: &str) -> PanelRange {
    let every = every.parse().unwrap();
    PanelRange { from: from.parse().unwrap(), to: to.parse().unwrap(), every, allow_future: false }
}

fn params(params: Params) -> ValidParams {
    Params { top_n: 3, ..params }.check().unwrap()
}

/// The rows at each as-of, as text that contains every number to the bit.
fn by_asof(panel: &Table) -> Vec<(AsOf, String)> {
    let Some(Values::Time(times)) = panel.column("timestamp_asof_utc") else {
        panic!("no as-ofs: {panel:?}");
    };
    let indices: Vec<usize> = (0..times.len()).collect();
    let group = |rows: &[usize]| {
        let columns = panel.columns.iter().zip(&panel.values);
        let without_asof = columns.filter(|(column, _)| column.name != "timestamp_asof_utc");
        let cells: Vec<_> =
            without_asof.map(|(column, values)| (&column.name, values.gather(rows))).collect();
        (times[rows[0]], sorted(&cells))
    };
    indices.chunk_by(|&a, &b| times[a] == times[b]).map(group).collect()
}

/// The rows of a single run in the same form.
fn single(boards: &Table) -> String {
    let cells: Vec<_> = boards
        .columns
        .iter()
        .zip(&boards.values)
        .map(|(column, values)| (&column.name, values.clone()))
        .collect();
    sorted(&cells)
}

/// The columns ordered by name, since a panel begins with the keys.
fn sorted(cells: &[(&String, Values)]) -> String {
    let mut cells: Vec<String> = cells.iter().map(|cell| format!("{cell:?}")).collect();
    cells.sort();
    cells.join("\n")
}

#[test]
fn rows_at_an_asof_are_those_of_a_single_run() {
    let source = MemorySource::new(market());
    let four_days = Params { lookback_days: 4, ..Params::default() };
    let odd = vec!["45m".parse().unwrap(), "90m".parse().unwrap(), "24h".parse().unwrap()];
    let cases = [
        (four_days.clone(), range("2025-12-27", "2026-01-01", "1d"), Universe::default()),
        // Lookbacks that begin and end within buckets.
        (
            Params { include_partial: true, windows: odd.clone(), ..four_days.clone() },
            range("2025-12-29T07:31:00Z", "2025-12-31T20:00:00Z", "413m"),
            Universe::default(),
        ),
        (
            Params { include_stale: true, windows: odd, ..four_days.clone() },
            range("2025-12-29T07:31:13Z", "2025-12-31T20:00:00Z", "7h"),
            Universe { min_volume: 2e6, exclude: vec!["B*".to_owned()], ..Universe::default() },
        ),
        // Days without any bar between the lookbacks.
        (
            Params { lookback_days: 1, ..Params::default() },
            range("2025-12-25", "2026-01-01", "3d"),
            Universe::default(),
        ),
    ];
    for (given, range, universe) in cases {
        let params = params(given);
        let panel = leaderboards_panel(&source, &params, &universe, range, &Silent).unwrap();
        assert_eq!(panel.columns, columns());
        let found = by_asof(&panel);
        let asofs =
            range.asofs(|spec| spec.moment().unwrap_or(range.to.moment().unwrap())).unwrap();
        assert!(asofs.len() > 2, "{range:?}");
        assert_eq!(found.iter().map(|(asof, _)| *asof).collect::<Vec<_>>(), asofs, "{range:?}");
        for (asof, rows) in found {
            let asof = AsOfSpec::At(asof);
            let run = leaderboards(&source, &params, &universe, asof, &Silent).unwrap();
            assert_eq!(rows, single(&run.table()), "{asof} of {range:?}");
        }
    }
}

#[test]
fn bars_after_the_last_asof_change_nothing() {
    let params = params(Params { lookback_days: 4, include_partial: true, ..Params::default() });
    let universe = Universe { min_volume: 1e5, ..Universe::default() };
    let range = range("2025-12-28T12:00:00Z", "2025-12-30T18:30:00Z", "9h");
    let rows = |market: Vec<(Symbol, Series)>| {
        let source = MemorySource::new(market);
        let panel = leaderboards_panel(&source, &params, &universe, range, &Silent).unwrap();
        assert!(panel.len() > 20);
        format!("{panel:?}")
    };
    let end = at("2025-12-30T18:30:00Z").end();
    let cut = |(symbol, series): (Symbol, Series)| {
        (symbol, series.slice(Span { start: Minute::MIN, end }))
    };
    assert_eq!(rows(market()), rows(market().into_iter().map(cut).collect()));
}

#[test]
fn asofs_without_boards_are_reported_once() {
    let market = market();
    let source = MemorySource::new(market);
    let params = params(Params { lookback_days: 2, ..Params::default() });
    let universe = Universe::default();
    let observer = Collector::default();
    // The market is from 2025-12-20 to 2026-01-01.
    let wide = PanelRange { allow_future: true, ..range("2025-12-15", "2026-01-10", "1d") };
    let panel = leaderboards_panel(&source, &params, &universe, wide, &observer).unwrap();
    let asofs: Vec<String> = by_asof(&panel).iter().map(|(asof, _)| asof.date()).collect();
    assert_eq!((asofs[0].as_str(), asofs[asofs.len() - 1].as_str()), ("2025-12-21", "2026-01-01"));
    let warnings = observer.warnings().join("\n");
    for text in [
        "skipped 6 as-ofs before 2025-12-20T00:01:00Z: no bar has closed by then",
        "no boards at 9 of 21 as-ofs, the first 2026-01-02T00:00:00Z: none of the 10 symbols",
        "excluded symbols without a bar in the 24 hours before the as-of",
    ] {
        assert!(warnings.contains(text), "{text} is not in {warnings}");
    }
    let late = PanelRange { allow_future: true, ..range("2026-01-05", "2026-01-10", "1d") };
    let error = leaderboards_panel(&source, &params, &universe, late, &Silent).unwrap_err();
    assert!(error.to_string().contains("the 24 hours before 2026-01-10"), "{error}");
    let early = range("2025-12-05", "2025-12-10", "1d");
    let error = leaderboards_panel(&source, &params, &universe, early, &Silent).unwrap_err();
    assert!(error.to_string().contains("no bar closes by 2025-12-10"), "{error}");
}

/// Counts how often bars are read.
struct Counted(MemorySource, AtomicUsize);

impl Source for Counted {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn catalog(&self) -> bars_io::Result<Vec<Entry>> {
        self.0.catalog()
    }

    fn bars(&self, symbol: &Symbol, span: Span) -> bars_io::Result<Series> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.bars(symbol, span)
    }

    fn closes(&self, symbol: &Symbol, span: Span, into: &mut Closes) -> bars_io::Result<()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.closes(symbol, span, into)
    }

    fn findings(&self) -> Findings {
        self.0.findings()
    }
}

#[test]
fn every_symbol_is_read_once() {
    let source = Counted(MemorySource::new(market()), AtomicUsize::new(0));
    let params = params(Params { lookback_days: 4, ..Params::default() });
    let range = range("2025-12-25", "2026-01-01", "1h");
    leaderboards_panel(&source, &params, &Universe::default(), range, &Silent).unwrap();
    assert_eq!(source.1.load(Ordering::Relaxed), 10);
}

mod cycles {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};
    use std::sync::Mutex;

    use bars_io::atomic::TempFiles;
    use pipeline::cycles::CyclesParams;
    use pipeline::jobs::{CyclesJob, JobContext};
    use pipeline::observer::{Event, Observer};

    use super::*;

    /// Two symbols over 75 days to 2026-01-01, the second with bars from 2025-12-20 on.
    fn market() -> Vec<(Symbol, Series)> {
        let market = Market::new(MarketSettings { symbols: 2, days: 75, ..Default::default() });
        let mut all: Vec<(Symbol, Series)> = market.series().into_iter().collect();
        all[1].1 = all[1].1.slice(Span { start: at("2025-12-20").end(), end: Minute::MAX });
        all
    }

    fn job(asof: AsOfSpec, out: &Path, market: &[(Symbol, Series)]) -> CyclesJob {
        let params = CyclesParams {
            stage: stages::cycles::Params { lookback_months: 1, ..Default::default() }
                .check()
                .unwrap(),
            decomposer: emd::Params::default().trials(2).check().unwrap(),
            budget: None,
            jobs: None,
            bar_time: bars::BarTime::Open,
        };
        CyclesJob {
            leaders_file: None,
            leaders: market.iter().map(|(symbol, _)| symbol.clone()).collect(),
            params,
            asof,
            out: out.to_owned(),
            persist_modes: true,
        }
    }

    /// Collects messages at normal verbosity.
    #[derive(Default)]
    struct Messages(Mutex<Vec<String>>);

    impl Observer for Messages {
        fn event(&self, event: Event<'_>) {
            if let Event::Info(text) | Event::Warning(text) = event {
                self.0.lock().unwrap().push(text.to_owned());
            }
        }
    }

    impl Messages {
        fn count(&self, begin: &str) -> usize {
            self.0.lock().unwrap().iter().filter(|text| text.starts_with(begin)).count()
        }
    }

    fn context<'a>(
        source: &'a MemorySource,
        temp: &'a TempFiles,
        observer: &'a dyn Observer,
    ) -> JobContext<'a> {
        JobContext { source: Some(source), is_strict: false, temp, observer }
    }

    /// The files below `folder` by relative path, without what differs between identical runs.
    fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let mut bytes = std::fs::read(&path).unwrap();
                if path.ends_with("run_config.json") {
                    let mut config: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                    config.as_object_mut().unwrap().remove("run").unwrap();
                    bytes = config.to_string().into_bytes();
                }
                files.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
        files
    }

    #[test]
    fn partitions_of_a_panel_are_those_of_single_runs() {
        let market = market();
        let source = MemorySource::new(market.clone());
        let temp = TempFiles::default();
        // The month before a date in November has 31 days, in December 30.
        let cases = [
            ("2025-11-24", "2025-12-31", "12d", 4, 2),
            ("2025-12-20T12:00:00Z", "latest", "5d", 3, 1),
        ];
        for (from, to, every, dates, lengths) in cases {
            let folder = tempfile::tempdir().unwrap();
            let (panel, single) = (folder.path().join("panel"), folder.path().join("single"));
            let messages = Messages::default();
            let range = range(from, to, every);
            let output = job(AsOfSpec::Latest, &panel, &market)
                .run_panel(range, &context(&source, &temp, &messages))
                .unwrap();
            assert_eq!(output.asofs.len(), dates, "{:?}", output.asofs);
            assert_eq!(messages.count("decomposing noise: 2 trials"), lengths);
            assert_eq!(
                messages.count(&format!("panel of {dates} dates: up to {} decomp", 4 * dates)),
                1
            );
            let mut rows = 0;
            for asof in &output.asofs {
                let spec = match range.from {
                    AsOfSpec::Date(_) => asof.date().parse().unwrap(),
                    _ => AsOfSpec::At(*asof),
                };
                let run = job(spec, &single, &market);
                let found = run.run(&context(&source, &temp, &Silent)).unwrap();
                assert_eq!(found.cycles.lookback.asof, *asof);
                rows += found.cycles.rows.len();
            }
            assert_eq!(output.rows, rows);
            assert_eq!(output.last.unwrap().cycles.lookback.asof, output.asofs[dates - 1]);
            let files = tree(&panel);
            assert!(files.len() > 5 * dates, "{:?}", files.keys());
            assert!(files == tree(&single), "{:?}", files.keys());
        }
    }

    #[test]
    fn leaders_can_come_from_the_boards_of_each_date() {
        let folder = tempfile::tempdir().unwrap();
        let boards = |date: &str, rows: &str| {
            let partition = folder.path().join(format!("boards/dt={date}"));
            std::fs::create_dir_all(&partition).unwrap();
            let text = format!("symbol,timestamp_asof_utc,board,rank\n{rows}");
            std::fs::write(partition.join("leaderboards_snapshot.csv"), text).unwrap();
        };
        let market = market();
        let [first, second] = [&market[0].0, &market[1].0];
        boards(
            "2025-12-29",
            &format!(
                "{second},2025-12-29T06:00:00Z,gainers,1\n{first},2025-12-29T12:00:00Z,losers,1\n\
                 {first},2025-12-29T12:00:00Z,overlaps,1\n{second},2025-12-29T18:00:00Z,gainers,1\n"
            ),
        );
        boards("2025-12-30", &format!("{second},2025-12-30T00:00:00Z,gainers,1\n"));
        let (source, temp) = (MemorySource::new(market.clone()), TempFiles::default());
        let leaders = |from: &str| {
            let mut run = job(AsOfSpec::Latest, &folder.path().join("imf"), &market);
            run.leaders = Vec::new();
            run.leaders_file = Some(folder.path().join("boards"));
            let range = range(from, "2025-12-30T23:59:59Z", "1d");
            run.run_panel(range, &context(&source, &temp, &Silent)).map(|_| {
                ["2025-12-29", "2025-12-30"].map(|date| {
                    let path = folder.path().join(format!("imf/dt={date}/run_config.json"));
                    let config: serde_json::Value =
                        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
                    config["leaders"].clone()
                })
            })
        };
        let [early, late] = leaders("2025-12-29T13:00:00Z").unwrap();
        assert_eq!(early, serde_json::json!([first.as_str()]), "the last boards by 13:00");
        assert_eq!(late, serde_json::json!([second.as_str()]));
        let [early, _] = leaders("2025-12-29").unwrap();
        assert_eq!(early, serde_json::json!([second.as_str()]), "the last boards of the day");
        let error = leaders("2025-12-28").unwrap_err().to_string();
        assert!(error.contains("no boards at the date of 2025-12-28T23:59:59Z"), "{error}");
        let error = leaders("2025-12-29T05:00:00Z").unwrap_err().to_string();
        assert!(error.contains("no boards by 2025-12-29T05:00:00Z"), "{error}");
    }

    #[test]
    fn bars_after_the_last_date_change_nothing() {
        let temp = TempFiles::default();
        let range = range("2025-12-18", "2025-12-22", "2d");
        let files = |market: &[(Symbol, Series)]| {
            let folder = tempfile::tempdir().unwrap();
            let source = MemorySource::new(market.to_vec());
            let run = job(AsOfSpec::Latest, folder.path(), market);
            run.run_panel(range, &context(&source, &temp, &Silent)).unwrap();
            tree(folder.path())
        };
        let all = market();
        let end = at("2025-12-23").end();
        let cut: Vec<(Symbol, Series)> = all
            .iter()
            .map(|(symbol, bars)| (symbol.clone(), bars.slice(Span { start: Minute::MIN, end })))
            .collect();
        assert!(files(&all) == files(&cut));
    }

    #[test]
    fn ranges_that_give_no_panel_are_refused() {
        let market = market();
        let source = MemorySource::new(market.clone());
        let temp = TempFiles::default();
        let folder = tempfile::tempdir().unwrap();
        let refused = |from, to, every, text: &str| {
            let run = job(AsOfSpec::Latest, folder.path(), &market);
            let found = run.run_panel(range(from, to, every), &context(&source, &temp, &Silent));
            let error = found.unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        refused("2025-12-01", "2025-12-31", "36h", "36h is not a whole number of days");
        refused("2025-12-31", "2025-12-01", "1d", "swap them");
        refused("latest", "2025-12-01", "1d", "gives an empty panel");
        refused("2025-01-01", "2025-02-01", "1d", "no bar closes by 2025-02-01T23:59:59Z");
    }
}
