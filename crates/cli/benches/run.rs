//! `run` on the 34 real symbols: as a whole, again when all is current, and each stage as a process
//! of its own.
//!
//! Run it with `cargo xtask bench run`. It prints a table and fails where a bound is broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Bounds, folder, measure};

fn main() {
    let only: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if !only.is_empty() && !only.iter().any(|word| word == "run") {
        return;
    }
    let Some(shared) = testkit::shared() else {
        println!("not run: the shared folder is not there");
        return;
    };
    let place = folder().join("run");
    let _ = std::fs::remove_dir_all(&place);
    let at = |name: &str| place.join(name).to_str().expect("UTF-8").to_owned();
    let (bars, out) = (at("bars"), at("out"));
    let data = shared.join("data/binance_spot_34sym_2021-04-02_42d_1m.parquet");
    measure(&["import", data.to_str().expect("UTF-8"), "--into", &bars]);

    let mut bounds = Bounds(Vec::new());
    println!("| 34 real symbols, 42 days | wall s | CPU s | peak MB |\n| --- | --- | --- | --- |");
    let run = ["run", "--source", &bars, "--out-dir", &out];
    let whole = line("`run`, all three cohorts of 20", measure(&run));
    let again = line("the same again: all is current", measure(&run));
    bounds.check("run, the whole: CPU s", whole[0], 240.0);
    bounds.check("run, all current: share of the whole's CPU", again[0] / whole[0], 0.1);
    bounds.check("run: peak MB", whole[1] / 1024.0, 2048.0);

    let (asof, date) = ("2021-05-14T00:00:00Z", "2021-05-14");
    let (leaders, imf) = (at("out/run_leaders.csv"), at("out/data/imf"));
    let summary = format!("{imf}/dt={date}/imf_summary.parquet");
    let source = ["--source", &bars];
    let of_source = |words: &[&str]| measure(&[words, &source[..]].concat());
    line(
        "`leaderboards`",
        of_source(&["leaderboards", "--top-n", "20", "--asof", asof, "--out-dir", &out]),
    );
    let (overlaps, metrics) = (at("out/habitual_overlaps.csv"), at("out/overlap_metrics.csv"));
    line(
        "`metrics overlaps`",
        of_source(&[
            "metrics", "overlaps", "--input", &overlaps, "--output", &metrics, "--asof", asof,
        ]),
    );
    line(
        "`imf-cluster overlaps`",
        measure(&["imf-cluster", "overlaps", "--input", &overlaps, "--out-dir", &out]),
    );
    let (state, regime) = (at("out/data/state"), at("out/data/regime"));
    line("`state`", of_source(&["state", "--input", &leaders, "--out", &state, "--asof", date]));
    line("`regime`", of_source(&["regime", "--input", &leaders, "--out", &regime, "--asof", date]));
    let cycles = [
        "imf-stage",
        "--leaders-csv",
        &leaders,
        "--out",
        &imf,
        "--lookback-months",
        "1",
        "--asof",
        asof,
    ];
    line(
        "`imf-stage --persist-imfs`, a month",
        of_source(&[&cycles[..], &["--persist-imfs"]].concat()),
    );
    line(
        "`imf-postprocess`",
        measure(&["imf-postprocess", "--summary", &summary, "--series", "both"]),
    );
    let page = at("out/report.html");
    line("`report`", measure(&["report", "--dir", &out, "--out", &page]));
    let size = std::fs::metadata(&page).expect("the page").len() as f64 / 1e6;
    println!("\nreport.html: {size:.2} MB");
    bounds.check("report.html: MB", size, 3.0);
    assert!(bounds.0.is_empty(), "bounds broken: {}", bounds.0.join(", "));
}

fn line(what: &str, figures: [f64; 3]) -> [f64; 3] {
    let [cpu, kilobytes, wall] = figures;
    println!("| {what} | {wall:.2} | {cpu:.2} | {:.0} |", kilobytes / 1024.0);
    figures
}
