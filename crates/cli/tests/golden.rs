//! The program against independent numbers, on real data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use bars::{Bar, Span, Window, resample::resample};
use bars::{BarTime, ReadOptions};
use bars_io::Source;
use bars_io::file::FileSource;
use bars_io::store::Store;
use libtest_mimic::Arguments;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use stages::leaderboards::RankKind;
use support::{arg, test_dir};
use testkit::Need::Shared;
use testkit::program::TestDir;
use testkit::trial;

const SPOT: &str = "binance_spot_34sym_2021-04-02_42d_1m.parquet";
const OUTAGES: &str = "small/binance_12sym_7d_2021-04-19_outages_1m.csv.gz";
const LISTING: &str = "small/binance_4sym_7d_2023-03-21_listing+outage_1m_ohlcvt.csv.gz";
const AT_1234: &[&str] = &["--asof", "2021-05-13T12:34:00Z"];
const LONG: &[&str] = &["--asof", "2021-05-13T12:34:00Z", "--windows", "6h,24h,72h,168h"];

fn main() {
    let mut tests = Vec::new();
    // Golden file, data, flags.
    let boards: [(&str, &str, Vec<&str>); 9] = [
        ("lb_short_top5", SPOT, [AT_1234, &["--top-n", "5"]].concat()),
        ("lb_short_top20", SPOT, AT_1234.to_vec()),
        ("lb_long_top5", SPOT, [LONG, &["--top-n", "5"]].concat()),
        ("lb_long_top20", SPOT, [LONG, &["--top-n", "20"]].concat()),
        ("lb_midnight_top5", SPOT, vec!["--asof", "2021-05-13", "--top-n", "5"]),
        ("lb_odd_windows_top20", SPOT, [AT_1234, &["--windows", "1h,4h,24h"]].concat()),
        (
            "lb_partial_top5",
            SPOT,
            [AT_1234, &["--windows", "4h,24h", "--include-partial", "--top-n", "5"]].concat(),
        ),
        (
            "lb_outages_top3",
            OUTAGES,
            vec!["--asof", "2021-04-25T13:20:00Z", "--top-n", "3", "--lookback-days", "6"],
        ),
        (
            "lb_listing_top2",
            LISTING,
            vec!["--windows", "1h,4h", "--top-n", "2", "--lookback-days", "6"],
        ),
    ];
    for (name, data, flags) in boards {
        tests.push(trial(&format!("leaderboards_{name}"), &[Shared], move || {
            leaderboards(name, data, &flags)
        }));
    }
    tests.push(trial("every_used_bucket", &[Shared], every_used_bucket));
    tests.push(trial("enable_72h_adds_the_window", &[Shared], enable_72h_adds_the_window));
    tests.push(trial(
        "krakens_minutes_make_krakens_five_minutes",
        &[Shared],
        krakens_minutes_make_krakens_five_minutes,
    ));
    tests.push(trial(
        "a_file_and_its_import_hold_the_same_bars",
        &[Shared],
        a_file_and_its_import_hold_the_same_bars,
    ));
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn shared(name: &str) -> PathBuf {
    testkit::shared().expect("the shared folder is required").join(name)
}

fn run(data: &str, flags: &[&str]) -> TestDir {
    let test_dir = test_dir();
    let data = arg(&shared("data").join(data));
    test_dir.run(&[&["leaderboards", "--source", &data], flags].concat()).ok();
    test_dir
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// Relative 1e-9 of the larger, with the floor that compare.py gives to percent changes.
#[track_caller]
fn assert_close(got: Option<f64>, golden: Option<f64>, floor: f64, what: &dyn Fn() -> String) {
    let close = match (got, golden) {
        (Some(a), Some(b)) => (a - b).abs() <= (1e-9 * a.abs().max(b.abs())).max(floor),
        (a, b) => a.is_none() && b.is_none(),
    };
    assert!(close, "{}: got {got:?}, golden {golden:?}", what());
}

fn leaderboards(name: &str, data: &str, flags: &[&str]) {
    let test_dir = run(data, flags);
    let golden =
        json(&std::fs::read(shared(&format!("golden/market/{name}.json"))).expect("a golden file"));
    let got = json(&test_dir.read("leaderboards_summary.json"));
    for board in ["Top Gainers", "Top Losers", "Top Overlap"] {
        compare_board(board, &golden["boards"][board], &got[board]);
    }
    for key in ["asof", "windows", "lookback_days", "top_n", "symbols_seen", "include_partial"] {
        assert_eq!(got["run"][key], golden["run"][key], "{key}");
    }
    assert_eq!(got["run"]["symbols_ranked"], golden["run"]["ranked"]);
    assert_eq!(
        got["run"]["symbols_stale"],
        golden["run"]["stale"].as_array().expect("a list").len()
    );
    compare_tallies(&golden, &places(&test_dir));
    let places = shared(&format!("golden/market/{name}.places.csv"));
    if places.is_file() {
        compare_places(&places, &test_dir);
    }
}

fn compare_board(name: &str, golden: &Value, got: &Value) {
    let list = |board: &Value, key: &str| board[key].as_array().expect("a list").clone();
    let names = |board: &Value| {
        list(board, "coins").iter().map(|c| c["symbol"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(got), names(golden), "{name}");
    for (a, b) in list(got, "coins").iter().zip(&list(golden, "coins")) {
        let what = || format!("{name} {}", a["symbol"]);
        for key in ["price_change", "pct_vol_change"] {
            assert_close(a[key].as_f64(), b[key].as_f64(), 1e-10, &what);
        }
        assert_eq!(a["skew"], b["skew"], "{}", what());
    }
    // Also those that the golden file calls fragile: our rules do not let the last bit decide.
    let (a, b) = (list(got, "skew_details"), list(golden, "skew_details"));
    assert_eq!(a.len(), b.len(), "{name}");
    for (a, b) in a.iter().zip(&b) {
        let what = || format!("{name} {a} {b}");
        assert_eq!(
            (&a["symbol"], &a["bucket"], &a["level"]),
            (&b["symbol"], &b["bucket"], &b["level"])
        );
        assert_close(a["deviation_pct"].as_f64(), b["deviation_pct"].as_f64(), 1e-9, &what);
    }
}

/// Places counted by symbol and bucket: those of every symbol where the golden file has them, and
/// of the boards'.
fn compare_tallies(golden: &Value, places: &[PlaceRow]) {
    let mut tallies: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for ((window, _, symbol), _, ranks) in places {
        for (kind, _) in RankKind::ALL.iter().zip(ranks).filter(|(_, rank)| rank.is_some()) {
            let bucket =
                format!("{}_{window}_{kind}", if kind.is_price() { "price" } else { "vol" });
            *tallies.entry((symbol, bucket)).or_default() += 1;
        }
    }
    let compare = |symbol: &str, golden: &Value| {
        let golden = golden.as_object().expect("tallies");
        for (bucket, count) in golden {
            assert_eq!(
                tallies.get(&(symbol, bucket.clone())).copied(),
                count.as_u64(),
                "{symbol} {bucket}"
            );
        }
        assert_eq!(
            tallies.keys().filter(|(name, _)| *name == symbol).count(),
            golden.len(),
            "{symbol}"
        );
    };
    let mut compared = 0;
    for board in ["Top Gainers", "Top Losers", "Top Overlap"] {
        for coin in golden["boards"][board]["coins"].as_array().expect("coins") {
            compare(coin["symbol"].as_str().expect("a symbol"), &coin["tallies"]);
            compared += 1;
        }
    }
    for (symbol, golden) in golden["tallies"].as_object().into_iter().flatten() {
        compare(symbol, golden);
    }
    assert!(compared > 0);
}

/// A row of leaderboards.parquet: window, start and symbol; the three numbers; the four ranks.
type PlaceRow = ((String, i64, String), [Option<f64>; 3], [Option<i64>; 4]);

fn places(test_dir: &TestDir) -> Vec<PlaceRow> {
    let file = std::fs::File::open(test_dir.file("leaderboards.parquet")).expect("a file");
    let batches =
        ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("Parquet");
    let mut rows = Vec::new();
    for batch in batches {
        let batch: RecordBatch = batch.expect("a batch");
        for i in 0..batch.num_rows() {
            let text = |c: usize| batch.column(c).as_string::<i32>().value(i).to_owned();
            let start = batch.column(1).as_primitive::<TimestampMicrosecondType>().value(i);
            let number = |c: usize| {
                let column = batch.column(c).as_primitive::<Float64Type>();
                column.is_valid(i).then(|| column.value(i))
            };
            let rank = |c: usize| {
                let column = batch.column(c).as_primitive::<Int64Type>();
                column.is_valid(i).then(|| column.value(i))
            };
            rows.push(((text(0), start, text(2)), [3, 4, 5].map(number), [6, 7, 8, 9].map(rank)));
        }
    }
    rows
}

fn micros(text: &str) -> i64 {
    let stamp = bars::time::StampReader::default().read(text).expect("a time");
    (stamp.nanos / 1000) as i64
}

/// The rows of a golden CSV as text.
fn csv_rows(path: &std::path::Path) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(path)
        .expect("a golden file")
        .records()
        .map(|row| row.expect("a row"))
        .collect()
}

fn compare_places(golden: &std::path::Path, test_dir: &TestDir) {
    let mut expected: Vec<PlaceRow> = csv_rows(golden)
        .iter()
        .map(|row| {
            let key = (row[0].to_owned(), micros(&row[1]), row[2].to_owned());
            (key, [3, 4, 5].map(|c| row[c].parse().ok()), [6, 7, 8, 9].map(|c| row[c].parse().ok()))
        })
        .collect();
    let windows: Vec<String> = expected.iter().map(|row| row.0.0.clone()).collect();
    let mut got: Vec<PlaceRow> =
        places(test_dir).into_iter().filter(|row| windows.contains(&row.0.0)).collect();
    let order = |row: &PlaceRow| row.0.clone();
    got.sort_by_key(order);
    expected.sort_by_key(order);
    assert_eq!(got.len(), expected.len());
    for (a, b) in got.iter().zip(&expected) {
        assert_eq!((&a.0, &a.2), (&b.0, &b.2));
        for (x, y) in a.1.iter().zip(&b.1) {
            assert_close(*x, *y, 1e-10, &|| format!("{a:?}"));
        }
    }
}

/// With as many places as symbols every bucket with a change takes one: so every used bucket can be
/// compared.
fn every_used_bucket() {
    for (name, data, flags) in [
        ("lb_short_top5", SPOT, AT_1234),
        ("lb_long_top5", SPOT, LONG),
        (
            "lb_partial_top5",
            SPOT,
            &[AT_1234, &["--windows", "4h,24h", "--include-partial"]].concat(),
        ),
        ("lb_outages_top3", OUTAGES, &["--asof", "2021-04-25T13:20:00Z", "--lookback-days", "6"]),
        ("lb_listing_top2", LISTING, &["--windows", "1h,4h", "--lookback-days", "6"]),
    ] {
        let test_dir = run(data, &[flags, &["--top-n", "40"]].concat());
        let rows = places(&test_dir);
        let golden = csv_rows(&shared(&format!("golden/market/{name}.stats.csv")));
        let mut compared = 0;
        for row in &golden {
            let [volume, price_change, vol_change] = [4, 5, 6].map(|c| row[c].parse::<f64>().ok());
            let key = (row[0].to_owned(), micros(&row[1]), row[2].to_owned());
            let found = rows.iter().find(|row| row.0 == key);
            let moves =
                [price_change, vol_change].iter().any(|change| change.is_some_and(|c| c != 0.0));
            assert_eq!(found.is_some(), moves, "{name} {key:?}");
            if let Some(found) = found {
                for (got, golden) in found.1.iter().zip([price_change, vol_change, volume]) {
                    assert_close(*got, golden, 1e-10, &|| format!("{name} {key:?}"));
                }
                compared += 1;
            }
        }
        assert!(compared * 100 > golden.len() * 95, "{name}: {compared} of {}", golden.len());
    }
}

fn enable_72h_adds_the_window() {
    let flag = run(SPOT, &[AT_1234, &["--enable-72h"]].concat());
    let list = run(SPOT, &[AT_1234, &["--windows", "72h,24h,12h,4h,1h"]].concat());
    assert_eq!(flag.tree("."), list.tree("."));
}

fn krakens_minutes_make_krakens_five_minutes() {
    let test_dir = test_dir();
    let minutes = arg(&shared("data/kraken_csv/XBTUSDC_1.csv"));
    test_dir.run(&["import", &minutes, "--into", "store"]).ok();
    let store = Store::open(&test_dir.file("store"), BarTime::Open).expect("a store");
    let series = store.bars(&"XBTUSDC".parse().expect("a symbol"), Span::ALL).expect("bars");
    let bins = resample(&series, Window::from_minutes(5).expect("a window"));

    let options = ReadOptions {
        symbol: Some("XBTUSDC".parse().expect("a symbol")),
        ..ReadOptions::default()
    };
    let file =
        FileSource::open(&shared("data/kraken_csv/XBTUSDC_5.csv"), &options).expect("a file");
    let krakens = file.bars(&"XBTUSDC".parse().expect("a symbol"), Span::ALL).expect("bars");
    assert_eq!((bins.len(), krakens.len()), (22_893, 22_893));
    for (ours, krakens) in bins.iter().zip(krakens.iter()) {
        // Sums of decimals: the archive's are rounded to eight places.
        assert_eq!((ours.volume * 1e8).round(), (krakens.volume * 1e8).round(), "{ours:?}");
        assert_eq!(ours, Bar { volume: ours.volume, ..krakens });
    }
}

fn a_file_and_its_import_hold_the_same_bars() {
    for data in [SPOT, LISTING, OUTAGES, "small/kraken_4sym_sparse_1m_ohlcvt.csv.gz"] {
        let test_dir = test_dir();
        let path = shared("data").join(data);
        test_dir.run(&["import", &arg(&path), "--into", "store"]).ok();
        let file = FileSource::open(&path, &ReadOptions::default()).expect("a file");
        let store = Store::open(&test_dir.file("store"), BarTime::Open).expect("a store");
        let catalog = file.catalog().expect("a catalog");
        assert_eq!(store.catalog().expect("a catalog"), catalog);
        for entry in catalog {
            let bars = |source: &dyn Source| source.bars(&entry.symbol, Span::ALL).expect("bars");
            assert_eq!(bars(&file), bars(&store), "{}", entry.symbol);
        }
    }
}
