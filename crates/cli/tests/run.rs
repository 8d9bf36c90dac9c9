//! `run`: every stage once, those that are current left out, and a kill at any moment made good.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use bars::BarTime;
use bars::Span;
use bars_io::Source;
use bars_io::atomic::TempFiles;
use bars_io::store::{Store, StoreWriter};
use support::{HEADER, market, test_dir};
use testkit::program::TestDir;

/// Small enough to be run again and again.
const CONFIG: &str = "[imf-stage]\ntrials = 4\n";
const RUN: [&str; 7] = ["run", "--source", "bars", "--top-n", "2", "--lookback-months", "1"];

fn desk_with_bars() -> TestDir {
    let test_dir = test_dir();
    test_dir.write("data-pipeline.toml", CONFIG);
    test_dir.run(&["sample", "--into", "bars", "--symbols", "6", "--days", "40"]).ok();
    test_dir
}

fn run(test_dir: &TestDir, further: &[&str]) -> testkit::program::Run {
    test_dir.run(&[&RUN, further].concat())
}

/// The outputs, without what differs from run to run in `run_config.json`, and without the record:
/// its questions hold the source's times of change.
fn outputs(test_dir: &TestDir, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut tree = test_dir.tree(folder);
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
    let test_dir = desk_with_bars();
    let first = run(&test_dir, &["--out-dir", "out"]).ok();
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
        assert!(test_dir.file("out").join(file).is_file(), "{file}");
        assert!(first.out.contains(file), "{file} is not listed:\n{}", first.out);
    }
    // Two files for each of three leaders: listed in one row.
    assert!(first.out.contains("imfs/*.npz"), "{}", first.out);
    let modes = "out/data/imf/dt=2026-01-01/imfs/DELTA%2FUSD_price.npz";
    assert!(test_dir.file(modes).is_file());
    // The announced size is an upper limit, and not a multiple.
    let announced = first.err.split("outputs: at most ").nth(1).unwrap();
    let announced: f64 = announced.split(" MB").next().unwrap().parse().unwrap();
    let large = test_dir.tree("out").into_iter().filter(|(name, _)| {
        let name = name.to_str().unwrap();
        name.starts_with("habitual_") || name.ends_with(".npz")
    });
    let large = large.map(|(_, content)| content.len()).sum::<usize>() as f64 / 1e6;
    assert!(large < announced && announced < 2.5 * large, "{large} MB of {announced} MB");
    let (before, record) = (outputs(&test_dir, "out"), test_dir.read("out/run.json"));

    let again = run(&test_dir, &["--out-dir", "out"]).ok();
    assert!(
        !again.err.lines().any(|line| line.starts_with('[') && !line.ends_with("up to date")),
        "{}",
        again.err
    );
    assert_eq!(
        (outputs(&test_dir, "out"), test_dir.read("out/run.json")),
        (before.clone(), record)
    );

    // What was changed or removed is made again, and what builds on it only if it came out
    // otherwise.
    test_dir.write("out/overlap_metrics.csv", "spoiled");
    std::fs::remove_file(test_dir.file("out/data/imf/dt=2026-01-01/imf_post_summary.parquet"))
        .unwrap();
    let repaired = run(&test_dir, &["--out-dir", "out"]).ok();
    let done: Vec<&str> = repaired
        .err
        .lines()
        .filter(|line| line.starts_with('[') && !line.ends_with("up to date"))
        .collect();
    assert_eq!(done, ["[2/12] metrics overlaps", "[11/12] imf-postprocess"], "{}", repaired.err);
    assert_eq!(outputs(&test_dir, "out"), before);

    let forced = run(&test_dir, &["--out-dir", "out", "--force", "--threads", "1"]).ok();
    assert!(!forced.err.contains("up to date"), "{}", forced.err);
    assert_eq!(outputs(&test_dir, "out"), before, "for one thread as for two");

    // Without modes, the other numbers stay.
    let small = run(&test_dir, &["--out-dir", "small", "--no-persist-imfs"]).ok();
    assert!(small.err.contains("decomposed series 0 B)\n"), "{}", small.err);
    assert!(!test_dir.file("small/data/imf/dt=2026-01-01/imfs").exists());
    let summary = "data/imf/dt=2026-01-01/imf_summary.parquet";
    assert_eq!(
        test_dir.read(&format!("small/{summary}")),
        test_dir.read(&format!("out/{summary}"))
    );

    // Another flag is another question.
    let other = run(&test_dir, &["--out-dir", "out", "--months", "1"]).ok();
    assert!(
        other.err.contains("leaderboards: up to date") && !other.err.contains("state: up to date"),
        "{}",
        other.err
    );
    // And so is another default.
    test_dir.write("data-pipeline.toml", CONFIG.replace('4', "3"));
    let other = run(&test_dir, &["--out-dir", "out", "--months", "1"]).ok();
    assert!(
        other.err.contains("state: up to date") && !other.err.contains("imf-stage: up to date"),
        "{}",
        other.err
    );
}

#[test]
fn a_run_that_is_killed_ten_times_ends_with_the_same_bytes() {
    let test_dir = desk_with_bars();
    run(&test_dir, &["--out-dir", "whole"]).ok();
    let whole = outputs(&test_dir, "whole");
    let mut killed = 0;
    for attempt in 0..10_u32 {
        // Each from nothing, and each within another stage.
        let out = format!("killed-{attempt}");
        let command = &mut test_dir.command(&[&RUN[..], &["--out-dir", &out]].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let stage = format!("[{}/", attempt + 1);
        assert!(lines.any(|line| line.starts_with(&stage)), "no stage {stage}");
        sleep(Duration::from_millis(u64::from(attempt % 4) * 20));
        killed += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        let rest = run(&test_dir, &["--out-dir", &out]).ok();
        let ended = outputs(&test_dir, &out);
        assert_eq!(
            ended.keys().collect::<Vec<_>>(),
            whole.keys().collect::<Vec<_>>(),
            "{}",
            rest.err
        );
        for (name, content) in &whole {
            assert!(ended[name] == *content, "{} after a kill: {}", name.display(), rest.err);
        }
        std::fs::remove_dir_all(test_dir.file(&out)).unwrap();
    }
    assert!(killed >= 7, "{killed} of 10 were killed at work");
}

#[test]
fn a_stage_that_fails_leaves_the_others_in_place() {
    let test_dir = desk_with_bars();
    // A folder where a file belongs.
    std::fs::create_dir_all(test_dir.file("out/overlap_metrics.csv")).unwrap();
    let failed = run(&test_dir, &["--out-dir", "out", "--cohorts", "overlaps"]);
    let failed = failed.fails(
        1,
        &[
            "metrics overlaps failed",
            "1 stage failed: metrics overlaps",
            "run the same command again",
        ],
    );
    assert!(
        failed.out.contains("FAILED") && test_dir.file("out/report.html").is_file(),
        "{}",
        failed.out
    );
    std::fs::remove_dir(test_dir.file("out/overlap_metrics.csv")).unwrap();
    let again = run(&test_dir, &["--out-dir", "out", "--cohorts", "overlaps"]).ok();
    let done = again
        .err
        .lines()
        .filter(|line| line.starts_with('[') && !line.ends_with("up to date"))
        .count();
    assert_eq!(done, 2, "the stage and the report: {}", again.err);

    // Without boards there is nothing to go on from, and what an earlier run left is not taken for
    // theirs.
    std::fs::remove_file(test_dir.file("out/leaderboards.parquet")).unwrap();
    std::fs::create_dir(test_dir.file("out/leaderboards.parquet")).unwrap();
    let failed = run(&test_dir, &["--out-dir", "out", "--cohorts", "overlaps"])
        .fails(1, &["leaderboards failed"]);
    assert!(!failed.err.contains("metrics overlaps"), "{}", failed.err);
}

#[test]
fn no_stage_sees_a_bar_after_the_as_of() {
    let test_dir = desk_with_bars();
    let asof = "2025-12-20T06:00:00Z";
    let end = bars::Minute::from_epoch_seconds(1_766_210_400).unwrap();
    let store = Store::open(&test_dir.file("bars"), BarTime::Open).unwrap();
    let cut = StoreWriter::open(&test_dir.file("cut"), &TempFiles::default()).unwrap();
    for symbol in store.symbols().unwrap() {
        let series = store.bars(&symbol, Span { start: bars::Minute::MIN, end }).unwrap();
        cut.upsert(&symbol, &series).unwrap();
    }
    drop(cut);
    run(&test_dir, &["--out-dir", "whole", "--asof", asof]).ok();
    let mut words = RUN;
    words[2] = "cut";
    test_dir
        .run(&[&words[..], &["--out-dir", "latest"]].concat())
        .ok()
        .prints(&["as of 2025-12-20T06:00:00Z"]);
    let (whole, latest) = (outputs(&test_dir, "whole"), outputs(&test_dir, "latest"));
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
    let test_dir = test_dir();
    test_dir.run(&["run"]).fails(2, &["no source of bars"]);
    test_dir.write("empty.csv", HEADER);
    test_dir.run(&["run", "--source", "empty.csv", "--out-dir", "out"]).fails(1, &["has no bars"]);
    assert!(!test_dir.file("out/run.json").exists());
    test_dir.write("flat.csv", {
        let line = |i: usize| format!("A/B,{},1,1,1,1,1\n", 1_704_067_200 + 60 * i);
        format!("{HEADER}{}", (0..3000).map(line).collect::<String>())
    });
    let flat = test_dir.run(&["run", "--source", "flat.csv", "--out-dir", "flat"]).ok();
    assert!(flat.err.contains("no symbols in cohort \"overlaps\""), "{}", flat.err);
    assert!(test_dir.file("flat/report.html").is_file());
    test_dir.write("one.csv", market(&["X/Y"], 100));
    let one =
        test_dir.run(&["run", "--source", "one.csv", "--out-dir", "one", "--lookback-months", "1"]);
    assert!(one.status == Some(0) || one.status == Some(1), "{}", one.err);
    assert!(!one.err.contains("panicked") && !one.err.contains("bug"), "{}", one.err);
    test_dir
        .run(&["run", "--source", "one.csv", "--skip-leaderboards", "--out-dir", "none"])
        .fails(2, &["--skip-leaderboards", "habitual_overlaps.csv"]);
    for words in [
        ["--months", "0"],
        ["--lookback-months", "0"],
        ["--top-n", "0"],
        ["--windows", "bananas"],
        ["--asof", "soon"],
    ] {
        test_dir
            .run(&[&["run", "--source", "one.csv", "--out-dir", "wrong"], &words[..]].concat())
            .fails(2, &words);
    }
    let early = ["run", "--source", "one.csv", "--out-dir", "wrong", "--asof", "2020-01-01"];
    test_dir.run(&early).fails(1, &["no bar closes by 2020-01-01", "use a later --asof"]);
    assert!(!test_dir.file("wrong/run.json").exists());
    test_dir
        .run(&["run", "--source", "one.csv", "--cohorts", "winners"])
        .fails(2, &["winners", "overlaps"]);
    test_dir.run(&["report", "--dir", "nowhere"]).fails(2, &["nowhere", "--dir"]);
    std::fs::create_dir(test_dir.file("void")).unwrap();
    test_dir
        .run(&["report", "--dir", "void"])
        .fails(1, &["nothing to report", "data-pipeline run"]);
    test_dir.write("void/leaderboards_summary.json", "{ not json");
    test_dir.run(&["report", "--dir", "void"]).fails(1, &["void/leaderboards_summary.json"]);
}

/// What an earlier run left in the folder is not of this one.
#[test]
fn the_report_shows_this_run_alone() {
    let test_dir = desk_with_bars();
    run(&test_dir, &["--out-dir", "out", "--cohorts", "gainers,losers"]).ok();
    let asof = ["--asof", "2025-12-20T06:00:00Z"];
    run(&test_dir, &[&["--out-dir", "out", "--cohorts", "overlaps"], &asof[..]].concat()).ok();
    run(&test_dir, &[&["--out-dir", "fresh", "--cohorts", "overlaps"], &asof[..]].concat()).ok();
    assert!(test_dir.text("out/report.html") == test_dir.text("fresh/report.html"));
    // Boards that are of a later moment than the run are not shown either.
    std::fs::create_dir(test_dir.file("later")).unwrap();
    for name in ["leaderboards_summary.json", "leaderboards.parquet", "habitual_overlaps.csv"] {
        std::fs::copy(test_dir.file("out").join(name), test_dir.file("later").join(name)).unwrap();
    }
    let earlier = ["--asof", "2025-12-18T00:00:00Z", "--skip-leaderboards"];
    run(&test_dir, &[&["--out-dir", "later", "--cohorts", "overlaps"], &earlier[..]].concat()).ok();
    let page = test_dir.text("later/report.html");
    assert!(
        !page.contains("id=\"boards\"")
            && page.contains("id=\"rises\"")
            && !page.contains("2025-12-20")
    );
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let test_dir = desk_with_bars();
    let mut first = test_dir.command(&[&RUN[..], &["--out-dir", "out"]].concat());
    let mut child = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !test_dir.file("out/.run.lock").exists() {
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(100));
    run(&test_dir, &["--out-dir", "out"])
        .fails(1, &["another run is using this folder", "--out-dir"]);
    child.kill().unwrap();
    child.wait().unwrap();
    run(&test_dir, &["--out-dir", "out", "--cohorts", "gainers"]).ok();
}
