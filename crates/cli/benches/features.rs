//! metrics, state and regime: CPU seconds, memory and how they grow, a panel against its single
//! runs, and what reading alone takes.
//!
//! Run it with `cargo xtask bench`. It prints a table and fails where a bound is broken. Times are
//! the best of some runs; what is compared is compared within one run, since machines are noisy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;
use std::time::Instant;

use bars::BarTime;
use bars::{AsOf, Series};
use bars_io::Entry;
use bars_io::Source;
use bars_io::store::Store;
use common::{Bounds, folder, market, measure};
use stages::metrics::{MetricsPlan, Params};

/// Runs of which the best counts.
const RUNS: usize = 5;

/// The market: a thousand symbols, three months; inputs name the first of them.
const SYMBOLS: usize = 1000;
const DAYS: usize = 92;

fn main() {
    let mut bounds = Bounds(Vec::new());
    let only: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|word| word == name);
    if wanted("features") {
        commands(&mut bounds);
    }
    if wanted("panel") {
        panel(&mut bounds);
    }
    if wanted("growth") {
        growth(&mut bounds);
    }
    assert!(bounds.0.is_empty(), "bounds broken: {}", bounds.0.join(", "));
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// A cohort file of the first symbols of a market, with their bars of the last days.
fn cohort(bars: &str, symbols: usize, days: usize) -> String {
    let place = folder().join(format!("cohort_{symbols}x{days}.csv"));
    if !place.is_file() {
        let list = folder().join("list.csv");
        let catalog = store(bars).catalog().expect("a catalog");
        let names: Vec<&str> =
            catalog[..symbols].iter().map(|entry| entry.symbol.as_str()).collect();
        std::fs::write(&list, format!("symbol\n{}\n", names.join("\n"))).expect("a file");
        let (list, place, days) = (text(&list), text(&place), days.to_string());
        measure(&[
            "fetch-history",
            "overlaps",
            "--input-csv",
            &list,
            "--output-csv",
            &place,
            "--source",
            bars,
            "--days",
            &days,
        ]);
    }
    text(&place)
}

fn store(bars: &str) -> Store {
    Store::open(Path::new(bars), BarTime::Open).expect("a store")
}

/// The best CPU seconds of a command over some runs, its peak MB, and the best wall seconds.
fn best(arguments: &[&str]) -> [f64; 3] {
    let mut best = [f64::INFINITY; 3];
    for _ in 0..RUNS {
        let [cpu, kilobytes, wall] = measure(arguments);
        for (best, now) in best.iter_mut().zip([cpu, kilobytes / 1024.0, wall]) {
            *best = best.min(now);
        }
    }
    best
}

fn commands(bounds: &mut Bounds) {
    println!("\n== metrics, state, regime: 20 symbols x 3 months, 2.65 million bars in the store");
    let bars = market(SYMBOLS, DAYS);
    let input = cohort(&bars, 20, 30);
    let out = text(&folder().join("features"));
    let output = format!("{out}/metrics.csv");
    let common = ["--input", &input, "--source", &bars];
    let run = |what: &str, words: &[&str]| {
        let [cpu, megabytes, wall] = best(&[words, &common].concat());
        println!("  {what}: {cpu:.2} CPU s, {wall:.2} s, {megabytes:.0} MB");
        cpu
    };
    let metrics = run(
        "metrics (with a cohort file of 864,000 rows)",
        &["metrics", "overlaps", "--output", &output],
    );
    let state = run("state", &["state", "--out", &out]);
    let bare = run("state --no-baseline", &["state", "--no-baseline", "--out", &out]);
    let regime = run("regime", &["regime", "--out", &out]);
    bounds.check("CPU seconds of metrics", metrics, 1.0);
    bounds.check("CPU seconds of state", state, 1.0);
    bounds.check("CPU seconds of state --no-baseline", bare, 0.1);
    bounds.check("CPU seconds of regime", regime, 0.5);
    kernel(&bars, bounds);
}

/// What reading takes, and what computing, of the same bars, in this process and on one thread.
fn kernel(bars: &str, bounds: &mut Bounds) {
    let source = store(bars);
    let catalog: Vec<Entry> = source.catalog().expect("a catalog").into_iter().take(20).collect();
    let asof = catalog.iter().map(|entry| AsOf::close_of(entry.last)).max().expect("bars");
    let plan = MetricsPlan::new(Params::default().check().expect("parameters"), vec![asof], true);
    let (mut rows, mut windows) = (0, 0);
    let (mut best, mut series) = ([f64::INFINITY; 3], Series::default());
    for _ in 0..RUNS {
        let (mut now, mut begun) = ([0.0; 3], Instant::now());
        let mut lap = |step: &mut f64| {
            *step += std::mem::replace(&mut begun, Instant::now()).elapsed().as_secs_f64()
        };
        (rows, windows) = (0, 0);
        for entry in &catalog {
            source.prices(&entry.symbol, plan.span(), &mut series).expect("bars");
            lap(&mut now[0]);
            let panels = plan.panels(&series);
            lap(&mut now[1]);
            std::hint::black_box(plan.rows(&entry.symbol, entry.first, &panels, Some(&panels)));
            lap(&mut now[2]);
            rows += series.len();
            windows += panels.iter().map(|panel| panel.buckets().len()).sum::<usize>();
        }
        best.iter_mut().zip(now).for_each(|(best, now)| *best = best.min(now));
    }
    let [read, computed, enriched] = best;
    let millions = rows as f64 / 1e6;
    println!("  one thread, {millions:.2} M bars, {windows} windows:");
    println!("    reading {read:.3} s, {:.1} ns a bar", 1e3 * read / millions);
    println!(
        "    bins and metrics of all windows {computed:.3} s, {:.0} ns a window, {:.1} ns a bar",
        1e9 * computed / windows as f64,
        1e3 * computed / millions
    );
    println!("    baselines and enrichment {enriched:.3} s");
    bounds.check("computing over reading", (computed + enriched) / read, 4.0);
}

fn panel(bounds: &mut Bounds) {
    println!("\n== panel: 168 hourly snapshots of 20 symbols against single runs");
    let bars = market(SYMBOLS, DAYS);
    let input = cohort(&bars, 20, 30);
    let end = store(&bars).catalog().expect("a catalog")[0].last;
    let (from, to) = (end.plus(1 - 168 * 60), end.plus(1 - 60));
    let out = text(&folder().join("panel"));
    let common = ["state", "--input", &input, "--source", &bars, "--out", &out];
    let [single, ..] = best(&[&common[..], &["--asof", &to.to_string()]].concat());
    let span = ["--from", &from.to_string(), "--to", &to.to_string(), "--every", "1h"];
    let [panel, megabytes, wall] = best(&[&common[..], &span].concat());
    println!(
        "  a single run {single:.2} CPU s; the panel {panel:.2} CPU s, {wall:.2} s, {megabytes:.0} MB"
    );
    bounds.check("CPU seconds, the panel over 168 single runs", panel / (168.0 * single), 0.1);
}

fn growth(bounds: &mut Bounds) {
    println!(
        "\n== growth: state and metrics with baselines over more and more symbols, 3 months each"
    );
    let bars = market(SYMBOLS, DAYS);
    let out = text(&folder().join("growth"));
    let mut per_symbol = Vec::new();
    for symbols in [20, 100, 300, SYMBOLS] {
        // Two days of bars are what the windows of a day can use.
        let input = cohort(&bars, symbols, 2);
        let common = ["--input", &input, "--source", &bars];
        let [cpu, kilobytes, wall] = measure(&[&["state", "--out", &out], &common[..]].concat());
        let output = format!("{out}/metrics.parquet");
        let [metrics_cpu, metrics_kilobytes, _] =
            measure(&[&["metrics", "overlaps", "--output", &output], &common[..]].concat());
        let (megabytes, metrics_megabytes) = (kilobytes / 1024.0, metrics_kilobytes / 1024.0);
        println!(
            "  {symbols}: state {cpu:.2} CPU s, {wall:.2} s, {megabytes:.0} MB; metrics {metrics_cpu:.2} CPU s, {metrics_megabytes:.0} MB"
        );
        per_symbol.push(cpu / symbols as f64);
        if symbols == SYMBOLS {
            bounds.check("MB of state at 1,000 symbols x 3 months", megabytes, 500.0);
            bounds.check("MB of metrics at 1,000 symbols x 3 months", metrics_megabytes, 500.0);
        }
    }
    let (first, last) = (per_symbol[1], per_symbol[per_symbol.len() - 1]);
    bounds.check("CPU seconds a symbol, at 1,000 over at 100", last / first, 1.3);
}
