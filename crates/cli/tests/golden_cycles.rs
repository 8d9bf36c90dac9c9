//! imf-stage, imf-postprocess and imf-cluster against independent numbers, on real data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::PathBuf;

use libtest_mimic::Arguments;
use serde_json::Value;
use support::tables::{Record, json, number, rows};
use support::{arg, test_dir};
use testkit::Need::Shared;
use testkit::trial;

fn main() {
    let tests = vec![
        trial("golden_end_to_end", &[Shared], golden_end_to_end),
        trial("golden_kinds_of_rises", &[Shared], golden_kinds_of_rises),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

fn shared(name: &str) -> PathBuf {
    testkit::shared().expect("the shared folder is required").join(name)
}

#[track_caller]
fn close(got: f64, expected: f64, tolerance: f64, what: &str) {
    let within = (got - expected).abs() <= tolerance * expected.abs() || got == expected;
    assert!(within || (got.is_nan() && expected.is_nan()), "{what}: {got}, expected {expected}");
}

/// The month of real bars that the golden run is of.
fn golden_end_to_end() {
    let test_dir = test_dir();
    let data = arg(&shared("data/binance_spot_34sym_2021-04-02_42d_1m.parquet"));
    let golden = json(&std::fs::read(shared("golden/imf/e2e.json")).unwrap());
    let mut words: Vec<&str> = golden["command"].as_str().unwrap().split_whitespace().collect();
    words.extend(["--source", &data, "--out", "imf"]);
    test_dir.run(&words).ok();
    let folder = test_dir.file("imf/dt=2021-05-13");
    let got = rows(&folder.join("imf_summary.parquet"));
    let mut reader = csv::Reader::from_path(shared("golden/imf/e2e_imf_summary.csv")).unwrap();
    let expected: Vec<Record> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(&expected) {
        let what = format!("{} {} {}", expected["symbol"], expected["series"], expected["imf_id"]);
        assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (column, expected) in expected {
            let is_text = ["symbol", "series", "status", "asof"].contains(&column.as_str())
                || column.contains("_id_");
            if is_text {
                assert_eq!(&got[column], expected, "{what} {column}");
            } else if column == "phase_var" {
                // One minus the length of a mean that is nearly one.
                let (got, expected) = (number(&got[column]), number(expected));
                assert!(
                    (got - expected).abs() <= 1e-6 * expected + 1e-13,
                    "{what}: {got} {expected}"
                );
            } else if column == "vol_amp_corr" {
                let (got, expected) = (number(&got[column]), number(expected));
                assert!(
                    (got - expected).abs() < 1e-6 || (got.is_nan() && expected.is_nan()),
                    "{what}: {got} {expected}"
                );
            } else {
                close(number(&got[column]), number(expected), 1e-6, &format!("{what} {column}"));
            }
        }
    }
    let config = json(&test_dir.read("imf/dt=2021-05-13/run_config.json"));
    assert_eq!(
        (&config["asof"], &config["window_start"]),
        (&"2021-05-13T23:59:59Z".into(), &"2021-04-14T00:00:00Z".into())
    );
    assert_eq!((&config["window_days"], &config["window_minutes"]), (&30.0.into(), &43_200.into()));
    for (symbol, expected) in golden["bars_per_symbol"].as_object().unwrap() {
        let got = &config["bars_per_symbol"][symbol];
        assert_eq!(
            (&got["bars_before"], &got["bars_after"]),
            (&expected["bars_before"], &expected["bars_after"])
        );
        close(
            got["missing_share"].as_f64().unwrap(),
            expected["missing_share"].as_f64().unwrap(),
            1e-12,
            symbol,
        );
    }
    for (pool, expected) in golden["pools"].as_object().unwrap() {
        let scaler = &config["pools"][pool]["scaler"];
        assert_eq!(scaler["features"], expected["features"]);
        for (got, expected) in
            scaler["scale"].as_array().unwrap().iter().zip(expected["scale"].as_array().unwrap())
        {
            close(got.as_f64().unwrap(), expected.as_f64().unwrap(), 1e-6, pool);
        }
    }

    let summary = arg(&folder.join("imf_summary.parquet"));
    test_dir.run(&["imf-postprocess", "--summary", &summary, "--series", "both"]).ok();
    for name in ["imf_post_summary", "imf_post_top_imfs"] {
        let got = rows(&folder.join(format!("{name}.parquet")));
        let expected = golden[name].as_array().unwrap();
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            same_sums(got, expected.as_object().unwrap());
        }
    }
}

fn same_sums(got: &Record, expected: &serde_json::Map<String, Value>) {
    assert_eq!(got.keys().collect::<Vec<_>>(), {
        let mut columns: Vec<_> = expected.keys().collect();
        columns.sort();
        columns
    });
    for (column, expected) in expected {
        let what = format!("{} {} {column}", got["symbol"], got["series"]);
        match expected {
            // Periods under a day are written in hours and minutes here.
            _ if column == "text_summary" => assert!(got[column].len() <= 120),
            Value::String(text) => assert_eq!(&got[column], text, "{what}"),
            Value::Bool(flag) => assert_eq!(got[column], flag.to_string(), "{what}"),
            Value::Null => assert_eq!(got[column], "", "{what}"),
            number_ if column == "dom_vol_amp_corr" => {
                assert!((number(&got[column]) - number_.as_f64().unwrap()).abs() < 1e-6, "{what}");
            }
            other => close(number(&got[column]), other.as_f64().unwrap(), 1e-6, &what),
        }
    }
}

fn golden_kinds_of_rises() {
    let test_dir = test_dir();
    let input = arg(&shared("golden/imf_cluster/habitual_overlaps.csv.gz"));
    for (preset, variant) in [("standard", "fixed10"), ("pyemd", "pyemd")] {
        let words = [
            "imf-cluster",
            "overlaps",
            "--input",
            &input,
            "--windows",
            "6h,3d",
            "--preset",
            preset,
        ];
        test_dir.run(&[&words[..], &["--out-dir", preset]].concat()).ok();
        let got = json(&test_dir.read(&format!("{preset}/imf_clusters_overlaps.json")));
        let golden = format!("golden/imf_cluster/imf_clusters_overlaps_{variant}.json");
        let expected = json(&std::fs::read(shared(&golden)).unwrap());
        for (symbol, windows) in expected.as_object().unwrap() {
            for (window, expected) in windows.as_object().unwrap() {
                let got = &got[symbol][window];
                same_kinds(&got["dbscan"], &expected["dbscan"], &format!("{symbol} {window}"));
                // A mixture depends on its seed: only whether there is one does not.
                assert_eq!(got["gmm"][0].is_null(), expected["gmm"][0].is_null());
            }
        }
        // A line is that of the strongest kind of any window, the mixture's where there is one.
        for line in test_dir.text(&format!("{preset}/imf_clusters_overlaps.txt")).lines() {
            let [symbol, duration, amplitude] = line.split(", ").collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let strongest = got[symbol].as_object().unwrap().values().flat_map(|kinds| {
                let kinds =
                    if kinds["gmm"][0].is_null() { &kinds["dbscan"] } else { &kinds["gmm"] };
                kinds.as_array().unwrap()
            });
            let strongest = strongest.max_by(|a, b| {
                let amplitude = |kind: &Value| kind["median_amplitude_pct"].as_f64().unwrap();
                amplitude(a).total_cmp(&amplitude(b))
            });
            let field = |name: &str| strongest.unwrap()[name].to_string();
            assert_eq!(
                [duration, amplitude],
                [field("median_duration_min"), field("median_amplitude_pct")]
            );
        }
    }
}

#[track_caller]
fn same_kinds(got: &Value, expected: &Value, what: &str) {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            assert_eq!(
                got.keys().collect::<Vec<_>>(),
                expected.keys().collect::<Vec<_>>(),
                "{what}"
            );
            got.iter()
                .for_each(|(key, got)| same_kinds(got, &expected[key], &format!("{what} {key}")));
        }
        (Value::Array(got), Value::Array(expected)) => {
            assert_eq!(got.len(), expected.len(), "{what}");
            got.iter().zip(expected).for_each(|(got, expected)| same_kinds(got, expected, what));
        }
        (Value::Number(got), Value::Number(expected)) => {
            close(got.as_f64().unwrap(), expected.as_f64().unwrap(), 1e-10, what);
        }
        (got, expected) => assert_eq!(got, expected, "{what}"),
    }
}
