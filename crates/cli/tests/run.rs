//! `run`: every stage once, those that are current left out, and a kill at any moment made good.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use bars::BarTime;
use bars::Span;
use bars_io::Source;
use bars_io::atomic::TempFiles;
use bars_io::store::{Store, StoreWriter};
use support::{HEADER, desk, market};
use testkit::program::Desk;

/// Small enough to be run again and again.
const CONFIG: &str = "[imf-stage]\ntrials = 4\n";
const RUN: [&str; 7] = ["run", "--source", "bars", "--top-n", "2", "--lookback-months", "1"];

fn desk_with_bars() -> Desk {
    let desk = desk();
    desk.write("data-pipeline.toml", CONFIG);
    desk.run(&["sample", "--into", "bars", "--symbols", "6", "--days", "40"]).ok();
    desk
}

fn run(desk: &Desk, further: &[&str]) -> testkit::program::Run {
    desk.run(&[&RUN, further].concat())
}

/// The outputs, without what differs from run to run in `run_config.json`, and without the record: its questions hold the source's
/// times of change.
fn outputs(desk: &Desk, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut tree = desk.tree(folder);
    tree.retain(|name, _| name != Path::new("run.json"));
    for (name, content) in &mut tree {
        if name.ends_with("run_config.json") {
            let mut config: serde_json::Value = serde_json::from_slice(content).unwrap();
            config.as_object_mut().unwrap().remove("run").unwrap();
            *content = config.to_string().into_bytes();
        }
    }
    tree
}

#[test]
fn all_stages_once_and_then_only_what_is_not_current() {
    let desk = desk_with_bars();
    let first = run(&desk, &["--out-dir", "out"]).ok();
    for file in [
        "leaderboards_summary.json",
        "leaderboards.parquet",
        "habitual_overlaps.csv",
        "overlap_metrics.csv",
        "gainers_metrics.csv",
        "losers_metrics.csv",
        "imf_clusters_overlaps.json",
        "imf_clusters_gainers.txt",
        "run_leaders.csv",
        "data/state/dt=2026-01-01/state_snapshot.parquet",
        "data/regime/dt=2026-01-01/_regime_snapshot.schema.json",
        "data/imf/dt=2026-01-01/imf_summary.parquet",
        "data/imf/dt=2026-01-01/imf_post_summary.parquet",
        "report.html",
        "run.json",
    ] {
        assert!(desk.file("out").join(file).is_file(), "{file}");
        assert!(first.out.contains(file), "{file} is not listed:\n{}", first.out);
    }
    assert!(first.out.contains("imfs/DELTA%2FUSD_price.npz"), "{}", first.out);
    let (before, record) = (outputs(&desk, "out"), desk.read("out/run.json"));

    let again = run(&desk, &["--out-dir", "out"]).ok();
    assert!(
        !again.err.lines().any(|line| line.starts_with('[') && !line.ends_with("current")),
        "{}",
        again.err
    );
    assert_eq!((outputs(&desk, "out"), desk.read("out/run.json")), (before.clone(), record));

    // What was changed or removed is made again, and what builds on it only if it came out otherwise.
    desk.write("out/overlap_metrics.csv", "spoiled");
    std::fs::remove_file(desk.file("out/data/imf/dt=2026-01-01/imf_post_summary.parquet")).unwrap();
    let mended = run(&desk, &["--out-dir", "out"]).ok();
    let done: Vec<&str> =
        mended.err.lines().filter(|line| line.starts_with('[') && !line.ends_with("current")).collect();
    assert_eq!(done, ["[2/12] metrics overlaps", "[11/12] imf-postprocess"], "{}", mended.err);
    assert_eq!(outputs(&desk, "out"), before);

    let forced = run(&desk, &["--out-dir", "out", "--force", "--threads", "1"]).ok();
    assert!(!forced.err.contains("current"), "{}", forced.err);
    assert_eq!(outputs(&desk, "out"), before, "for one thread as for two");

    // Another flag is another question.
    let other = run(&desk, &["--out-dir", "out", "--months", "1"]).ok();
    assert!(
        other.err.contains("leaderboards: current") && !other.err.contains("state: current"),
        "{}",
        other.err
    );
    // And so is another default.
    desk.write("data-pipeline.toml", CONFIG.replace('4', "3"));
    let other = run(&desk, &["--out-dir", "out", "--months", "1"]).ok();
    assert!(
        other.err.contains("state: current") && !other.err.contains("imf-stage: current"),
        "{}",
        other.err
    );
}

#[test]
fn a_run_that_is_killed_ten_times_ends_with_the_same_bytes() {
    let desk = desk_with_bars();
    let begun = Instant::now();
    run(&desk, &["--out-dir", "whole"]).ok();
    let (length, whole) = (begun.elapsed(), outputs(&desk, "whole"));
    let mut killed = 0;
    for attempt in 0..10_u32 {
        // Each from nothing, so that every stage has its turn to be killed at.
        let out = format!("killed-{attempt}");
        let command = &mut desk.command(&[&RUN[..], &["--out-dir", &out]].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // By the golden ratio, so that they fall everywhere.
        sleep(length.mul_f64((f64::from(attempt) * 0.618_034 + 0.07).fract()));
        killed += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        let rest = run(&desk, &["--out-dir", &out]).ok();
        let ended = outputs(&desk, &out);
        assert_eq!(ended.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>(), "{}", rest.err);
        for (name, content) in &whole {
            assert!(ended[name] == *content, "{} after a kill: {}", name.display(), rest.err);
        }
        std::fs::remove_dir_all(desk.file(&out)).unwrap();
    }
    assert!(killed >= 7, "{killed} of 10 were killed at work");
}

#[test]
fn a_stage_that_fails_leaves_the_others_in_place() {
    let desk = desk_with_bars();
    // A folder where a file belongs.
    std::fs::create_dir_all(desk.file("out/overlap_metrics.csv")).unwrap();
    let told = run(&desk, &["--out-dir", "out", "--cohorts", "overlaps"]);
    let told = told.fails(
        1,
        &["metrics overlaps failed", "1 stage of the run failed: metrics overlaps", "same run again"],
    );
    assert!(told.out.contains("FAILED") && desk.file("out/report.html").is_file(), "{}", told.out);
    std::fs::remove_dir(desk.file("out/overlap_metrics.csv")).unwrap();
    let again = run(&desk, &["--out-dir", "out", "--cohorts", "overlaps"]).ok();
    let done = again.err.lines().filter(|line| line.starts_with('[') && !line.ends_with("current")).count();
    assert_eq!(done, 2, "the stage and the report: {}", again.err);

    // Without boards there is nothing to go on from, and what an earlier run left is not taken for theirs.
    std::fs::remove_file(desk.file("out/leaderboards.parquet")).unwrap();
    std::fs::create_dir(desk.file("out/leaderboards.parquet")).unwrap();
    let told = run(&desk, &["--out-dir", "out", "--cohorts", "overlaps"]).fails(1, &["leaderboards failed"]);
    assert!(!told.err.contains("metrics overlaps"), "{}", told.err);
}

#[test]
fn no_stage_sees_a_bar_after_the_as_of() {
    let desk = desk_with_bars();
    let asof = "2025-12-20T06:00:00Z";
    let end = bars::Minute::from_epoch_seconds(1_766_210_400).unwrap();
    let store = Store::open(&desk.file("bars"), BarTime::Open).unwrap();
    let cut = StoreWriter::open(&desk.file("cut"), &TempFiles::default()).unwrap();
    for symbol in store.symbols().unwrap() {
        let series = store.bars(&symbol, Span { start: bars::Minute::MIN, end }).unwrap();
        cut.upsert(&symbol, &series).unwrap();
    }
    drop(cut);
    run(&desk, &["--out-dir", "whole", "--asof", asof]).ok();
    let mut words = RUN;
    words[2] = "cut";
    desk.run(&[&words[..], &["--out-dir", "latest"]].concat()).ok().says(&["as of 2025-12-20T06:00:00Z"]);
    let (whole, latest) = (outputs(&desk, "whole"), outputs(&desk, "latest"));
    assert_eq!(whole.keys().collect::<Vec<_>>(), latest.keys().collect::<Vec<_>>());
    for (name, content) in &whole {
        assert!(latest[name] == *content, "{}", name.display());
    }
    // State and regime join: both are of the date.
    for name in ["state", "regime"] {
        let path = format!("data/{name}/dt=2025-12-20/{name}_snapshot.parquet");
        assert!(whole.contains_key(Path::new(&path)), "{path}");
    }
}

#[test]
fn small_markets_and_wrong_words() {
    let desk = desk();
    desk.run(&["run"]).fails(2, &["no source of bars"]);
    desk.write("empty.csv", HEADER);
    desk.run(&["run", "--source", "empty.csv", "--out-dir", "out"]).fails(1, &["holds no bar"]);
    assert!(!desk.file("out/run.json").exists());
    desk.write("flat.csv", {
        let line = |i: usize| format!("A/B,{},1,1,1,1,1\n", 1_704_067_200 + 60 * i);
        format!("{HEADER}{}", (0..3000).map(line).collect::<String>())
    });
    let flat = desk.run(&["run", "--source", "flat.csv", "--out-dir", "flat"]).ok();
    assert!(flat.err.contains("no symbols in cohort \"overlaps\""), "{}", flat.err);
    assert!(desk.file("flat/report.html").is_file());
    desk.write("one.csv", market(&["X/Y"], 100));
    let one = desk.run(&["run", "--source", "one.csv", "--out-dir", "one", "--lookback-months", "1"]);
    assert!(one.status == Some(0) || one.status == Some(1), "{}", one.err);
    assert!(!one.err.contains("panicked") && !one.err.contains("bug"), "{}", one.err);
    desk.run(&["run", "--source", "one.csv", "--skip-leaderboards", "--out-dir", "none"])
        .fails(2, &["--skip-leaderboards", "habitual_overlaps.csv"]);
    for words in [
        ["--months", "0"],
        ["--lookback-months", "0"],
        ["--top-n", "0"],
        ["--windows", "bananas"],
        ["--asof", "soon"],
    ] {
        desk.run(&[&["run", "--source", "one.csv", "--out-dir", "wrong"], &words[..]].concat())
            .fails(2, &words);
    }
    let early = ["run", "--source", "one.csv", "--out-dir", "wrong", "--asof", "2020-01-01"];
    desk.run(&early).fails(1, &["no bar closes by 2020-01-01", "choose an --asof"]);
    assert!(!desk.file("wrong/run.json").exists());
    desk.run(&["run", "--source", "one.csv", "--cohorts", "winners"]).fails(2, &["winners", "overlaps"]);
    desk.run(&["report", "--dir", "nowhere"]).fails(2, &["nowhere", "--dir"]);
    std::fs::create_dir(desk.file("void")).unwrap();
    desk.run(&["report", "--dir", "void"]).fails(1, &["nothing to report", "data-pipeline run"]);
    desk.write("void/leaderboards_summary.json", "{ not json");
    desk.run(&["report", "--dir", "void"]).fails(1, &["void/leaderboards_summary.json"]);
}

/// What an earlier run left in the folder is not of this one.
#[test]
fn the_report_shows_this_run_alone() {
    let desk = desk_with_bars();
    run(&desk, &["--out-dir", "out", "--cohorts", "gainers,losers"]).ok();
    let asof = ["--asof", "2025-12-20T06:00:00Z"];
    run(&desk, &[&["--out-dir", "out", "--cohorts", "overlaps"], &asof[..]].concat()).ok();
    run(&desk, &[&["--out-dir", "fresh", "--cohorts", "overlaps"], &asof[..]].concat()).ok();
    assert!(desk.text("out/report.html") == desk.text("fresh/report.html"));
    // Boards that are of a later moment than the run are not shown either.
    std::fs::create_dir(desk.file("later")).unwrap();
    for name in ["leaderboards_summary.json", "leaderboards.parquet", "habitual_overlaps.csv"] {
        std::fs::copy(desk.file("out").join(name), desk.file("later").join(name)).unwrap();
    }
    let earlier = ["--asof", "2025-12-18T00:00:00Z", "--skip-leaderboards"];
    run(&desk, &[&["--out-dir", "later", "--cohorts", "overlaps"], &earlier[..]].concat()).ok();
    let page = desk.text("later/report.html");
    assert!(!page.contains("id=\"boards\"") && page.contains("id=\"rises\"") && !page.contains("2025-12-20"));
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let desk = desk_with_bars();
    let mut first = desk.command(&[&RUN[..], &["--out-dir", "out"]].concat());
    let mut child = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !desk.file("out/.run.lock").exists() {
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(100));
    run(&desk, &["--out-dir", "out"]).fails(1, &["another run is at work", "--out-dir"]);
    child.kill().unwrap();
    child.wait().unwrap();
    run(&desk, &["--out-dir", "out", "--cohorts", "gainers"]).ok();
}
