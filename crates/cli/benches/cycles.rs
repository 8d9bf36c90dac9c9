//! imf-stage and imf-cluster: CPU seconds and memory, and which of the cycles that a sample market
//! hides are found.
//!
//! Run it with `cargo xtask bench imf planted`. It prints tables and fails where a bound is broken.
//! Bounds are in CPU seconds, and wide: machines are noisy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "../tests/support/tables.rs"]
mod tables;

use std::path::Path;

use common::{Bounds, folder, measure};
use serde_json::Value;
use tables::{json, number, rows};

fn main() {
    let mut bounds = Bounds(Vec::new());
    let only: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|word| word == name);
    if wanted("imf") {
        real(&mut bounds);
        long(&mut bounds);
    }
    if wanted("planted") {
        planted(&mut bounds);
    }
    assert!(bounds.0.is_empty(), "bounds broken: {}", bounds.0.join(", "));
}

/// A fresh folder for one of the runs.
fn fresh(name: &str) -> String {
    let place = folder().join(name);
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).expect("a folder");
    text(&place)
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// The first symbols of a store as a file of leaders.
fn leaders(bars: &str, most: usize, place: &str) -> String {
    let mut symbols: Vec<String> = std::fs::read_dir(bars)
        .expect("a store")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter_map(|name| name.strip_prefix("symbol=").map(|name| name.replace("%2F", "/")))
        .collect();
    symbols.sort();
    symbols.truncate(most);
    let file = format!("{place}/leaders.csv");
    std::fs::write(&file, format!("symbol\n{}\n", symbols.join("\n"))).expect("a file");
    file
}

fn line(what: &str, [cpu, kilobytes, wall]: [f64; 3]) {
    println!("| {what} | {cpu:.1} | {wall:.1} | {:.0} |", kilobytes / 1024.0);
}

/// 20 symbols of the real month, and the kinds of their rises.
fn real(bounds: &mut Bounds) {
    let Some(shared) = testkit::shared() else {
        println!("not run: the shared folder is not there");
        return;
    };
    let place = fresh("imf");
    let (bars, out) = (format!("{place}/bars"), format!("{place}/out"));
    let data = text(&shared.join("data/binance_spot_34sym_2021-04-02_42d_1m.parquet"));
    measure(&["import", &data, "--into", &bars]);
    let leaders = leaders(&bars, 20, &place);
    println!("| 20 real symbols | CPU s | wall s | peak MB |\n| --- | --- | --- | --- |");
    let month =
        ["imf-stage", "--leaders-csv", &leaders, "--asof", "2021-05-13", "--lookback-months", "1"];
    let run =
        |more: &[&str]| measure(&[&month[..], &["--source", &bars, "--out", &out], more].concat());
    let plain = run(&[]);
    line("imf-stage, a month", plain);
    bounds.check("imf-stage, a month: CPU s", plain[0], 120.0);
    line("the same, modes kept as NPZ", run(&["--persist-imfs"]));
    line("the same, detrended", run(&["--detrend"]));
    line("the same, by --preset pyemd, 10 trials", run(&["--preset", "pyemd", "--trials", "10"]));
    let summary = format!("{out}/dt=2021-05-13/imf_summary.parquet");
    line(
        "imf-postprocess",
        measure(&["imf-postprocess", "--summary", &summary, "--series", "both"]),
    );
    let cohort = format!("{place}/cohort.csv");
    let history = ["fetch-history", "overlaps", "--input-csv", &leaders, "--output-csv", &cohort];
    measure(&[&history[..], &["--source", &bars, "--days", "30"]].concat());
    let cluster = measure(&["imf-cluster", "overlaps", "--input", &cohort, "--out-dir", &place]);
    line("imf-cluster, six windows", cluster);
    bounds.check("imf-cluster, six windows: CPU s", cluster[0], 20.0);
}

/// 20 symbols of a sample market over three months.
fn long(bounds: &mut Bounds) {
    let place = fresh("imf-long");
    let (bars, out) = (format!("{place}/bars"), format!("{place}/out"));
    measure(&["sample", "--into", &bars]);
    let leaders = leaders(&bars, 20, &place);
    let run = measure(&[
        "imf-stage",
        "--leaders-csv",
        &leaders,
        "--asof",
        "2025-12-31",
        "--source",
        &bars,
        "--out",
        &out,
    ]);
    println!("\n| 20 sample symbols | CPU s | wall s | peak MB |\n| --- | --- | --- | --- |");
    line("imf-stage, three months", run);
    bounds.check("imf-stage, three months: CPU s", run[0], 600.0);
    bounds.check("imf-stage, three months: peak GB", run[1] / 1024.0 / 1024.0, 4.0);
}

/// Whether each cycle planted in the sample market is found: the table of docs/decomposition-measurements.md.
fn planted(bounds: &mut Bounds) {
    let place = fresh("planted");
    let (bars, out) = (format!("{place}/bars"), format!("{place}/out"));
    measure(&["sample", "--into", &bars]);
    let leaders = leaders(&bars, usize::MAX, &place);
    let truth: Value = json(&std::fs::read(format!("{place}/truth.json")).unwrap());
    let words = [
        "imf-stage",
        "--leaders-csv",
        &leaders,
        "--asof",
        "2025-12-31",
        "--source",
        &bars,
        "--out",
        &out,
    ];
    measure(&words);
    let partition = Path::new(&out).join("dt=2025-12-31");
    let found = rows(&partition.join("imf_summary.parquet"));
    let config: Value = json(&std::fs::read(partition.join("run_config.json")).unwrap());
    let minutes = config["window_minutes"].as_f64().expect("a number");
    let mut cycles: Vec<&Value> = truth["cycles"].as_array().expect("a list").iter().collect();
    let number_of = |cycle: &Value, field: &str| cycle[field].as_f64().expect("a number");
    cycles.sort_by(|a, b| {
        let series = |cycle: &Value| cycle["series"].as_str().expect("text").to_owned();
        let power = |cycle: &Value| number_of(cycle, "power_over_octave_background");
        series(a).cmp(&series(b)).then(power(b).total_cmp(&power(a)))
    });
    println!(
        "\n| series | symbol | period, minutes | depth % | power | times | nearest kept mode | off by % | |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let (mut sought, mut missed) = (0, 0);
    for cycle in cycles {
        let [symbol, series] =
            ["symbol", "series"].map(|field| cycle[field].as_str().expect("text"));
        let [period, depth, power] =
            ["period_minutes", "depth_pct", "power_over_octave_background"]
                .map(|field| number_of(cycle, field));
        let own = found.iter().filter(|row| row["symbol"] == symbol && row["series"] == series);
        let periods =
            own.map(|row| 1440.0 * number(&row["period_days"])).filter(|period| period.is_finite());
        let off = |found: &f64| (found / period - 1.0).abs();
        let nearest = periods.min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(f64::NAN);
        let (is_sought, is_found) = (minutes / period >= 6.0 && power >= 4.0, off(&nearest) <= 0.1);
        sought += usize::from(is_sought);
        missed += usize::from(is_sought && !is_found);
        let verdict = match (is_sought, is_found) {
            (true, true) => "found",
            (true, false) => "**missed**",
            (false, true) => "weak, found",
            (false, false) => "weak, missed",
        };
        let (times, error) = (minutes / period, 100.0 * (nearest / period - 1.0));
        println!(
            "| {series} | {symbol} | {period:.0} | {depth:.1} | {power:.2} | {times:.0} | {nearest:.1} | {error:+.1} | {verdict} |"
        );
    }
    println!(
        "\n{sought} cycles stand out (power of 4 or more, 6 times or more), {missed} of them missed"
    );
    bounds.check("planted cycles that stand out and are missed", missed as f64, 0.0);
}
