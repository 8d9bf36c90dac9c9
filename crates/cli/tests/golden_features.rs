//! metrics, state and regime against independent numbers, on real data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libtest_mimic::Arguments;
use serde_json::Value;
use support::{arg, test_dir};
use testkit::Need::Shared;
use testkit::program::TestDir;
use testkit::trial;

const SPOT: &str = "data/binance_spot_34sym_2021-04-02_42d_1m.parquet";
const PERP: &str = "data/binance_8sym_2024-02_1m_ohlcvt.parquet";
const LISTING: &str = "data/small/binance_4sym_7d_2023-03-21_listing+outage_1m_ohlcvt.csv.gz";
const KRAKEN: &str = "data/small/kraken_4sym_sparse_1m_ohlcvt.csv.gz";
const EDGE: &str = "golden/market/edge_minutes.csv.gz";
const DAILY: &str = "golden/market/synthetic_400d_daily.csv";

/// Golden file, data, flags; the command is the name's first word.
const TABLES: [(&str, &str, &str); 23] = [
    ("metrics_main", SPOT, "--months 1 --asof 2021-05-13T12:34:00Z --enable-72h"),
    ("metrics_outage", SPOT, "--months 1 --asof 2021-04-25T06:34:00Z"),
    ("metrics_after_outage", SPOT, "--months 1 --asof 2021-04-26T00:10:00Z --enable-72h"),
    (
        "metrics_other_windows",
        SPOT,
        "--no-baseline --asof 2021-04-26T00:10:00Z --windows 2h,6h,8h,48h,168h",
    ),
    ("metrics_series", SPOT, "--months 1 --asof 2021-05-13T12:34:00Z --windows 12h,24h,72h"),
    ("metrics_kraken_btcusdc", KRAKEN, "--months 1 --asof 2023-03-12T00:07:00Z"),
    ("metrics_kraken_below", KRAKEN, "--months 1 --asof 2023-11-20T17:43:00Z"),
    (
        "metrics_kraken_thr10_a",
        KRAKEN,
        "--no-baseline --asof 2021-04-18T04:05:00Z --coverage-threshold 0.1",
    ),
    (
        "metrics_kraken_thr10_b",
        KRAKEN,
        "--no-baseline --asof 2021-04-12T14:00:00Z --coverage-threshold 0.1",
    ),
    ("metrics_listing", LISTING, "--months 1 --asof 2023-03-23T21:30:00Z"),
    ("metrics_perp_default_asof", PERP, "--months 1"),
    ("metrics_edge", EDGE, "--months 1 --windows 1h,4h"),
    ("state_edge", EDGE, "--months 1 --windows 1h,4h"),
    ("state_main", SPOT, "--months 1 --asof 2021-05-13T12:34:00Z"),
    ("state_outage", SPOT, "--months 1 --asof 2021-04-25T06:34:00Z"),
    ("state_nobase", SPOT, "--no-baseline --asof 2021-04-25T06:34:00Z --enable-72h"),
    ("state_listing_default_asof", LISTING, "--windows 1h,4h"),
    ("regime_main", SPOT, "--windows 3d,7d,14d,30d --months 1 --asof 2021-05-13"),
    ("regime_12m_default_asof", SPOT, ""),
    ("regime_nobase", SPOT, "--windows 3d,7d,14d,30d --no-baseline --asof 2021-05-13T23:00"),
    ("regime_400d", DAILY, ""),
    (
        "regime_400d_L10",
        DAILY,
        "--windows 7d,30d,90d --months 6 --asof 2023-12-20 --breakout-lookback-days 10",
    ),
    ("regime_day205", DAILY, "--windows 7d,14d,30d,90d --no-baseline --asof 2023-07-25"),
];

fn main() {
    let table = |(name, data, flags): (&'static str, &'static str, &'static str)| {
        trial(name, &[Shared], move || table(name, data, flags))
    };
    let mut tests: Vec<_> = TABLES.into_iter().map(table).collect();
    tests.push(trial(
        "newer_metrics_are_told_by_their_stems",
        &[],
        newer_metrics_are_told_by_their_stems,
    ));
    tests.push(trial(
        "the_series_behind_the_baselines",
        &[Shared],
        the_series_behind_the_baselines,
    ));
    for (name, data, flags) in [
        ("metrics_main", SPOT, "--months 1 --asof 2021-05-13T12:34:00Z --enable-72h"),
        ("metrics_kraken_below", KRAKEN, "--months 1 --asof 2023-11-20T17:43:00Z"),
        ("regime_main", SPOT, "--windows 3d,7d,14d,30d --months 1 --asof 2021-05-13"),
        ("regime_12m_default_asof", SPOT, ""),
        ("regime_400d", DAILY, ""),
    ] {
        tests.push(trial(&format!("{name}_knots"), &[Shared], move || knots(name, data, flags)));
    }
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn shared(name: &str) -> PathBuf {
    testkit::shared().expect("the shared folder is required").join(name)
}

fn golden(name: &str) -> PathBuf {
    shared("golden/market").join(name)
}

/// A CSV file: its header, and its rows by column.
struct Table {
    columns: Vec<String>,
    rows: Vec<BTreeMap<String, String>>,
}

impl Table {
    fn read(path: &Path) -> Table {
        let mut reader =
            csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let columns: Vec<String> =
            reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let row = |record: Result<csv::StringRecord, csv::Error>| {
            let record = record.expect("a row");
            columns.iter().cloned().zip(record.iter().map(str::to_owned)).collect()
        };
        let rows = reader.records().map(row).collect();
        Table { columns, rows }
    }
}

/// Runs the command that the golden file's name begins with; where its table is.
fn run(test_dir: &TestDir, name: &str, data: &str, flags: &[&str]) -> PathBuf {
    // The golden numbers have no minimum size of baselines (see docs/differences.md).
    let flags = &[flags, &["--min-baseline-n", "1"]].concat();
    let data = arg(&shared(data));
    let source = ["--input", &data, "--source", &data];
    match name.split('_').next().expect("a command") {
        "metrics" => {
            test_dir
                .run(
                    &[&["metrics", "overlaps", "--output", "out.csv"], &source[..], flags].concat(),
                )
                .ok();
            test_dir.file("out.csv")
        }
        command => {
            test_dir
                .run(&[&[command, "--out", "out", "--format", "csv"], &source[..], flags].concat())
                .ok();
            let dates: Vec<_> =
                std::fs::read_dir(test_dir.file("out")).expect("a folder").collect();
            let [date] = &dates[..] else { panic!("partitions: {dates:?}") };
            date.as_ref().expect("an entry").path().join(format!("{command}_snapshot.csv"))
        }
    }
}

fn table(name: &str, data: &str, flags: &str) {
    let test_dir = test_dir();
    let flags: Vec<&str> = flags.split_whitespace().collect();
    // The golden as-of of state_edge is that of the newest bar, which state itself would not
    // choose.
    let latest: &[&str] = if name == "state_edge" { &["--asof", "latest"] } else { &[] };
    let out = run(&test_dir, name, data, &[&flags[..], latest].concat());
    let mut expected = Table::read(&golden(&format!("{name}.csv")));
    if name == "metrics_series" {
        // This golden file has some of the windows' columns only.
        let got = Table::read(&out);
        assert!(expected.columns.iter().all(|column| got.columns.contains(column)));
        expected.columns.retain(|column| got.columns.contains(column));
    }
    compare(&expected, &Table::read(&out), name != "metrics_series");
    let schema = golden(&format!("{name}.columns.csv"));
    if schema.is_file() {
        compare_schema(
            &Table::read(&schema),
            &out.with_file_name(format!(
                "_{}_snapshot.schema.json",
                name.split('_').next().expect("a command")
            )),
        );
    }
}

fn the_series_behind_the_baselines() {
    let test_dir = test_dir();
    let flags =
        "--months 1 --asof 2021-05-13T12:34:00Z --windows 24h,72h --series-output series.csv";
    run(&test_dir, "metrics_series", SPOT, &flags.split_whitespace().collect::<Vec<_>>());
    let expected = Table::read(&golden("metrics_series.series.csv"));
    compare(&expected, &Table::read(&test_dir.file("series.csv")), true);
}

/// Quantiles of the series behind the baselines against the golden knots, and p25, p50, p75 and n
/// of the table too.
fn knots(name: &str, data: &str, flags: &str) {
    let test_dir = test_dir();
    let flags: Vec<&str> =
        flags.split_whitespace().chain(["--series-output", "series.csv"]).collect();
    let table = Table::read(&run(&test_dir, name, data, &flags));
    let series = Table::read(&test_dir.file("series.csv"));
    let expected = Table::read(&golden(&format!("{name}.knots.csv")));
    let mut compared = 0;
    for row in &expected.rows {
        let (stem, window, _, _) = split(&row["metric"]);
        let own = series
            .rows
            .iter()
            .filter(|other| other["symbol"] == row["symbol"] && other["window"] == window);
        let mut values: Vec<f64> = own.filter_map(|other| other[&stem].parse().ok()).collect();
        values.sort_by(f64::total_cmp);
        assert_eq!(values.len().to_string(), row["n"], "{} {}", row["symbol"], row["metric"]);
        let Some(knots) = stages::features::baseline::Quantiles::of_sorted(&values) else {
            continue;
        };
        let scale = values[0].abs().max(values[values.len() - 1].abs());
        for (percent, got) in stages::features::baseline::QUANTILE_LEVELS.iter().zip(knots.at) {
            let golden: f64 = row[&format!("p{percent:02}")].parse().expect("a number");
            assert!(
                close(got, golden, 1e-11 * scale + 1e-12),
                "{} {} p{percent}",
                row["symbol"],
                row["metric"]
            );
            compared += 1;
        }
        let of_table =
            table.rows.iter().find(|other| other["symbol"] == row["symbol"]).expect("a row");
        assert_eq!(of_table[&format!("{}_n", row["metric"])], row["n"]);
        for quartile in ["p25", "p50", "p75"] {
            let got: f64 =
                of_table[&format!("{}_{quartile}", row["metric"])].parse().expect("a number");
            let golden: f64 = row[quartile].parse().expect("a number");
            assert!(
                close(got, golden, 1e-11 * scale + 1e-12),
                "{} {} {quartile}",
                row["symbol"],
                row["metric"]
            );
        }
    }
    assert!(compared > 1000, "{compared}");
}

const PRICES: [&str; 12] = [
    "close_stddev",
    "macd",
    "macd_signal",
    "macd_histogram",
    "bollinger_width",
    "bollinger_upper",
    "bollinger_lower",
    "atr",
    "vwap",
    "ema_fast",
    "ema_slow",
    "sma",
];
const ENRICHMENT: [&str; 9] =
    ["pctile", "quintile", "p25", "p50", "p75", "n", "direction", "abs_rz", "rz"];

/// A column's metric, window, enrichment, and its name without the last.
fn split(column: &str) -> (String, String, &str, &str) {
    let ends = |which: &&&str| column.strip_suffix(**which).is_some_and(|rest| rest.ends_with('_'));
    let enrichment = ENRICHMENT.iter().find(ends).copied().unwrap_or("");
    let base =
        if enrichment.is_empty() { column } else { &column[..column.len() - enrichment.len() - 1] };
    let words: Vec<&str> = base.split('_').collect();
    let is_window = |word: &&str| {
        word.strip_suffix(['h', 'd'])
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    match words.iter().skip(1).position(is_window) {
        Some(at) => (words[..=at].join("_"), words[at + 1].to_owned(), enrichment, base),
        None => (base.to_owned(), String::new(), enrichment, base),
    }
}

/// The absolute floor of a column's tolerance, as the golden MANIFEST has it.
fn floor(column: &str, row: &BTreeMap<String, String>) -> f64 {
    let (stem, window, enrichment, base) = split(column);
    let number = |names: &[String]| {
        names
            .iter()
            .find_map(|name| row.get(name)?.parse::<f64>().ok().filter(|value| *value != 0.0))
            .unwrap_or(0.0)
            .abs()
    };
    let named = |stem: &str, knot: &str| {
        [format!("{stem}_{window}"), stem.to_owned(), format!("{stem}_{window}_{knot}")]
    };
    let own = match &stem[..] {
        stem if PRICES.contains(&stem) => 1e-12 * number(&named("close_mean", "p50")),
        "obv" => 1e-12 * number(&named("volume_sum", "p75")),
        "cci" => 1e-8,
        "bb_position" => 1e-9,
        _ => 1e-11,
    };
    match enrichment {
        "pctile" => 1e-6,
        "rz" | "abs_rz" => {
            let value = |name: String| {
                row.get(&name).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0)
            };
            let spread = (value(format!("{base}_p75")) - value(format!("{base}_p25"))).abs() + 1e-9;
            1e-9 + (1e-11 * value(base.to_owned()).abs() + own) / spread
        }
        _ => own,
    }
}

fn close(a: f64, b: f64, floor: f64) -> bool {
    a == b || (a - b).abs() <= (1e-9 * a.abs().max(b.abs())).max(floor)
}

/// A table of metrics.
#[derive(Clone, Copy, PartialEq)]
#[allow(dead_code, reason = "a list that may be empty names them")]
enum Catalog {
    /// `metrics` and `state`: windows of hours.
    Intraday,
    /// `regime`: windows of days.
    Daily,
}

/// Metrics and flags that are newer than the golden numbers, by the stems of their columns: the
/// text before the window, such as `close_range` of `close_range_1h_mag`. A roll-up has its whole
/// name here.
const NEWER: &[(Catalog, &str)] =
    &[(Catalog::Intraday, "change_pct"), (Catalog::Daily, "change_pct")];

fn is_newer(column: &str) -> bool {
    is_among(NEWER, column)
}

fn is_among(newer: &[(Catalog, &str)], column: &str) -> bool {
    let column = column.strip_suffix("_imputed").unwrap_or(column);
    let (stem, window, _, base) = split(column);
    let catalog = if window.ends_with('d') { Catalog::Daily } else { Catalog::Intraday };
    newer.iter().any(|&(of, name)| name == base || (name == stem && of == catalog))
}

fn newer_metrics_are_told_by_their_stems() {
    let newer = [
        (Catalog::Intraday, "close_range"),
        (Catalog::Daily, "roc"),
        (Catalog::Intraday, "a_1h_over_4h_mag"),
    ];
    let columns = [
        "close_range_1h_mag",
        "close_range_1h_mag_pctile",
        "close_range_24h_mag_imputed",
        "roc_30d",
        "roc_30d_rz",
        "a_1h_over_4h_mag",
        "a_1h_over_4h_mag_imputed",
    ];
    assert!(columns.into_iter().all(|column| is_among(&newer, column)));
    assert!(
        !["close_range_3d_mag", "roc_1h", "close_1h", "a_4h_over_24h_mag", "symbol"]
            .into_iter()
            .any(|column| is_among(&newer, column))
    );
}

/// Fails with the columns that one side lacks, which a comparison of two lists would bury.
#[track_caller]
fn compare_columns<'a>(
    golden: impl Iterator<Item = &'a String>,
    got: impl Iterator<Item = &'a String>,
) {
    let (golden, got): (Vec<_>, Vec<_>) =
        (golden.collect(), got.filter(|column| !is_newer(column)).collect());
    let lacks = |have: &[&String], list: &[&String]| -> Vec<String> {
        list.iter()
            .filter(|column| !have.contains(column))
            .map(|column| column.to_string())
            .collect()
    };
    let (missing, extra) = (lacks(&got, &golden), lacks(&golden, &got));
    assert!(missing.is_empty(), "columns that the golden numbers have are missing: {missing:?}");
    assert!(
        extra.is_empty(),
        "columns that the golden numbers lack and NEWER does not name: {extra:?}"
    );
    assert!(golden == got, "the columns are in another order");
}

/// Every cell, also those that the golden files call fragile; columns in the golden order if
/// `ordered`. Rows of further symbols are allowed: the golden files have some. Columns of newer
/// metrics are left out.
#[track_caller]
fn compare(golden: &Table, got: &Table, ordered: bool) {
    if ordered {
        compare_columns(golden.columns.iter(), got.columns.iter());
    }
    let keys = ["symbol", "window", "window_start", "timestamp_asof_utc"].map(str::to_owned);
    let key = |row: &BTreeMap<String, String>| {
        keys.clone().map(|name| row.get(&name).cloned().unwrap_or_default())
    };
    let rows: BTreeMap<_, _> = got.rows.iter().map(|row| (key(row), row)).collect();
    assert_eq!(rows.len(), got.rows.len(), "a row comes twice");
    let mut wrong = Vec::new();
    for expected in &golden.rows {
        let row = rows.get(&key(expected)).unwrap_or_else(|| panic!("no row {:?}", key(expected)));
        for column in &golden.columns {
            let (a, b) = (&row[column], &expected[column]);
            let same = match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(x), Ok(y)) => close(x, y, floor(column, expected)),
                _ => a == b,
            };
            if !same {
                wrong.push(format!("{} {column}: got {a}, golden {b}", expected["symbol"]));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cells, the first: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(10)]
    );
}

fn compare_schema(golden: &Table, path: &Path) {
    let schema: Value =
        serde_json::from_slice(&std::fs::read(path).expect("a schema")).expect("JSON");
    assert_eq!(schema["schema_version"], "v1");
    let columns = schema["columns"].as_object().expect("columns");
    compare_columns(golden.rows.iter().map(|row| &row["name"]), columns.keys());
    for row in &golden.rows {
        let column = &columns[&row["name"]];
        for key in ["dtype", "family", "window"] {
            assert_eq!(column[key], row[key], "{} {key}", row["name"]);
        }
        assert!(!column["description"].as_str().expect("text").is_empty());
    }
}
