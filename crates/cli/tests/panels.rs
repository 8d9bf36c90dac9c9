//! Panels of `leaderboards` and `imf-stage`: files, formats, threads and refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use support::tables::{json, rows};
use support::{market, test_dir};
use testkit::program::{Run, TestDir};

/// A folder with bars of three symbols from 2023-12-24 to 2024-01-03.
fn with_bars() -> TestDir {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A/B", "C/B", "E/B"], 24 * 10));
    test_dir
}

fn boards(test_dir: &TestDir, flags: &[&str]) -> Run {
    let fixed = ["leaderboards", "--source", "bars.csv", "--top-n", "2", "--lookback-days", "5"];
    test_dir.run(&[&fixed, flags].concat())
}

const RANGE: [&str; 6] =
    ["--from", "2023-12-30T12:00", "--to", "2024-01-01T06:00", "--every", "6h"];

#[test]
fn a_panel_far_after_the_newest_bar_is_refused() {
    let test_dir = with_bars();
    let flags = ["--source", "bars.csv", "--from", "2024-01-01", "--to", "2999-12-31"];
    let lists = ["--input", "bars.csv", "--windows", "3d", "--no-baseline", "--out", "panel"];
    let words = ["of 356", "as-ofs are later than the newest bar", "--allow-future"];
    test_dir.run(&[&["leaderboards"], &flags[..]].concat()).fails(2, &words);
    test_dir.run(&[&["regime"], &flags[..], &lists].concat()).fails(2, &words);
    let cycles = ["imf-stage", "--leaders", "A/B", "--lookback-months", "1"];
    test_dir.run(&[&cycles[..], &flags].concat()).fails(2, &words);
    assert!(!test_dir.file("panel").exists() && !test_dir.file("data").exists());
    let near = ["--source", "bars.csv", "--from", "2024-01-02", "--to", "2024-01-06"];
    test_dir.run(&[&["regime", "--allow-future"], &near[..], &lists].concat()).ok();
    assert!(test_dir.file("panel/dt=2024-01-06").is_dir());
}

#[test]
fn a_panel_of_boards_has_the_coins_of_single_runs() {
    let test_dir = with_bars();
    let run = boards(&test_dir, &[&RANGE[..], &["--out-dir", "panel"]].concat()).ok();
    let written = "wrote 3 partitions, the first panel/dt=2023-12-30/leaderboards_snapshot.parquet";
    assert!(run.out.contains(written), "{}", run.out);
    assert!(run.out.contains("8 as-ofs from 2023-12-30T12:00:00Z to 2024-01-01T06:00:00Z"));
    assert!(run.out.contains("3 of 3 symbols ranked over the 5 days before 2024-01-01T06:00:00Z"));
    let mut names: Vec<String> =
        test_dir.tree("panel").keys().map(|path| path.display().to_string()).collect();
    names.sort();
    let of_date = |date: &str| {
        ["_leaderboards_snapshot.schema.json", "leaderboards_snapshot.parquet"]
            .map(|name| format!("dt={date}/{name}"))
    };
    let dates = ["2023-12-30", "2023-12-31", "2024-01-01"];
    assert_eq!(names, dates.map(of_date).concat());
    // Readers of a folder take every file for data; cohort files belong to single runs.
    assert!(!test_dir.file("panel/pipeline.log").exists());
    assert!(!test_dir.file("habitual_gainers.csv").exists());

    let mut asofs = 0;
    for date in dates {
        let table = rows(&test_dir.file(&format!("panel/dt={date}/leaderboards_snapshot.parquet")));
        let mut by_asof: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for row in table {
            assert!(row["timestamp_asof_utc"].starts_with(date));
            by_asof.entry(row["timestamp_asof_utc"].clone()).or_default().push(row);
        }
        for (asof, rows) in by_asof {
            asofs += 1;
            boards(&test_dir, &["--asof", &asof, "--out-dir", "single"]).ok();
            let summary = json(&test_dir.read("single/leaderboards_summary.json"));
            for (board, key) in
                [("gainers", "Top Gainers"), ("losers", "Top Losers"), ("overlaps", "Top Overlap")]
            {
                let of_board: Vec<_> = rows.iter().filter(|row| row["board"] == board).collect();
                let coins = summary[key]["coins"].as_array().unwrap();
                assert!(!coins.is_empty() && coins.len() == of_board.len(), "{asof} {board}");
                for ((row, coin), rank) in of_board.into_iter().zip(coins).zip(1..) {
                    assert_eq!(row["rank"], rank.to_string());
                    assert_eq!(row["symbol"], coin["symbol"].as_str().unwrap());
                    for name in ["price_change", "pct_vol_change"] {
                        assert_eq!(row[name].parse::<f64>().ok(), coin[name].as_f64(), "{name}");
                    }
                    let tags: Vec<&str> =
                        row["skew"].split(',').filter(|tag| !tag.is_empty()).collect();
                    assert_eq!(serde_json::json!(tags), coin["skew"]);
                }
            }
        }
    }
    assert_eq!(asofs, 8);
}

#[test]
fn threads_do_not_change_a_panel_and_formats_replace_each_other() {
    let test_dir = with_bars();
    let flags = [&RANGE[..], &["--out-dir", "panel", "--include-partial"]].concat();
    let tree = |more: &[&str]| {
        boards(&test_dir, &[&flags, more].concat()).ok();
        test_dir.tree("panel")
    };
    let one = tree(&["--threads", "1"]);
    assert_eq!(one, tree(&["--threads", "3"]));
    assert_eq!(one, tree(&[]));
    let csv = tree(&["--format", "csv", "--schema-version", "v2"]);
    assert_eq!(csv.len(), 6, "Parquet tables of an earlier run are removed");
    let text = test_dir.text("panel/dt=2024-01-01/leaderboards_snapshot.csv");
    let header = "symbol,timestamp_asof_utc,board,rank,score,gains,losses,price_change,pct_vol_change,skew\n";
    assert!(text.starts_with(header), "{text}");
    let row = text.lines().nth(1).unwrap();
    assert!(row.contains(",2024-01-01T00:00:00Z,gainers,1,"), "{row}");
    let schema = json(&test_dir.read("panel/dt=2024-01-01/_leaderboards_snapshot.schema.json"));
    assert_eq!(schema["schema_version"], "v2");
    assert_eq!(schema["columns"]["timestamp_asof_utc"]["dtype"], "Timestamp(us, UTC)");
    let zstd = tree(&["--compression", "zstd"]);
    assert!(zstd.len() == 6 && zstd != one);
}

#[test]
fn flags_that_do_not_fit_a_panel_are_refused() {
    let test_dir = with_bars();
    let refused = |flags: &[&str], words: &[&str]| {
        boards(&test_dir, &[&RANGE[..], flags].concat()).fails(2, words);
    };
    refused(&["--asof", "2024-01-01"], &["cannot be used with '--asof", "drop --asof"]);
    refused(&["--shard", "1/2"], &["cannot be used with '--shard", "divide a panel by dates"]);
    refused(&["--cohort-format", "csv"], &["a panel has no cohort files; drop --cohort-format"]);
    refused(&["--format", "csv", "--compression", "zstd"], &["--compression only applies"]);
    boards(&test_dir, &["--every", "1d"]).fails(2, &["--from <TIME>"]);
    boards(&test_dir, &["--format", "csv"]).fails(2, &["--from <TIME>"]);
    boards(&test_dir, &["--from", "2024-01-02", "--to", "2024-01-01"]).fails(
        2,
        &["--from: 2024-01-02T00:00:00Z is later than 2024-01-01T00:00:00Z", "swap them"],
    );
    boards(&test_dir, &["--from", "2023-01-01", "--to", "2023-01-02"])
        .fails(1, &["no bar closes by 2023-01-02T00:00:00Z"]);
    assert!(!test_dir.file("data/leaderboards").exists());
    // They are refused before the source is opened, which does not exist here.
    let before = |words: &[&str], range: &[&str], problem: &str| {
        let source = ["--source", "nowhere.csv", "--from"];
        test_dir.run(&[words, &source, range].concat()).fails(2, &[problem]);
    };
    let backwards = ["2024-01-02", "--to", "2024-01-01"];
    for command in ["leaderboards", "state", "regime", "imf-stage"] {
        let words: &[&str] = match command {
            "imf-stage" => &["imf-stage", "--leaders", "A/B"],
            "leaderboards" => &["leaderboards", "--top-n", "2"],
            _ => &[command, "--input", "bars.csv"],
        };
        before(words, &backwards, "swap them");
        before(words, &["latest", "--to", "2024-01-01"], "\"latest\" gives an empty panel");
        if ["leaderboards", "state"].contains(&command) {
            let long = ["1950-01-01", "--to", "2950-01-01", "--every", "1m"];
            before(words, &long, "exceed the limit");
        }
    }
    let half_days = ["2024-01-01", "--to", "2024-01-02", "--every", "12h"];
    before(&["imf-stage", "--leaders", "A/B"], &half_days, "not a whole number of days");
    before(&["regime", "--input", "bars.csv"], &half_days, "not a whole number of days");
    // A date of imf-stage ends at midnight, so a time of that day is before it.
    let within = ["2024-01-01", "--to", "2024-01-01T12:00"];
    before(&["imf-stage", "--leaders", "A/B"], &within, "swap them");
    let columns = ["2024-01-01", "--to", "2024-01-02", "--select", "nope"];
    before(&["state", "--input", "bars.csv"], &columns, "matches no column");
    // The file's value is a default for single runs, and does not contradict the flags.
    test_dir.write("data-pipeline.toml", "[leaderboards]\ncohort-format = \"parquet\"\n");
    boards(&test_dir, &RANGE).ok();
    assert!(
        test_dir.file("data/leaderboards/dt=2024-01-01/leaderboards_snapshot.parquet").exists()
    );
}

#[test]
fn a_panel_of_cycles_has_the_files_of_single_runs() {
    let test_dir = test_dir();
    test_dir.run(&["sample", "--into", "data/bars", "--symbols", "3", "--days", "40"]).ok();
    let cycles = |flags: &[&str]| {
        let fixed = ["imf-stage", "--lookback-months", "1", "--trials", "2"];
        test_dir.run(&[&fixed, flags].concat())
    };
    let leaders = ["--leaders", "AMBER/USD,BASALT/USD"];
    let range = ["--from", "2025-12-27", "--to", "latest", "--every", "2d"];
    let panel = |more: &[&str]| cycles(&[&leaders[..], &range, more].concat());
    let run = panel(&["--out", "panel"]).ok();
    // The month before the last day of December has 31 days, before the other dates 30.
    let plan = "panel of 3 dates: up to 12 decompositions, 2 window lengths";
    assert!(run.err.contains(plan), "{}", run.err);
    assert_eq!(run.err.matches("decomposing noise").count(), 2, "{}", run.err);
    panel(&["--out", "one-thread", "--threads", "1"]).ok();
    let written = "wrote 3 partitions, the first panel/dt=2025-12-27/imf_summary.parquet: ";
    assert!(run.out.contains(written), "{}", run.out);
    assert!(run.out.contains("cycles as of 2025-12-31T23:59:59Z:"), "{}", run.out);
    for date in ["2025-12-27", "2025-12-29", "2025-12-31"] {
        cycles(&[&leaders[..], &["--asof", date, "--out", "single"]].concat()).ok();
        let [panel, single, one_thread] = ["panel", "single", "one-thread"].map(|folder| {
            let mut files = test_dir.tree(&format!("{folder}/dt={date}"));
            // Its key `run` has durations.
            files.remove(std::path::Path::new("run_config.json")).unwrap();
            files
        });
        assert!(panel.len() == 4 && panel == single, "{:?}", panel.keys());
        assert!(panel == one_thread);
    }

    let boards = ["--top-n", "1", "--from", "2025-12-30", "--to", "2025-12-31"];
    test_dir.run(&[&["leaderboards", "--lookback-days", "10"], &boards[..]].concat()).ok();
    let of_boards = ["--leaders-csv", "data/leaderboards", "--out", "of-boards"];
    let run =
        cycles(&[&of_boards[..], &["--from", "2025-12-30", "--to", "2025-12-31"]].concat()).ok();
    assert!(run.out.contains("wrote 2 partitions"), "{}", run.out);
    cycles(&[&of_boards[..], &["--from", "2025-12-29", "--to", "2025-12-31"]].concat()).fails(
        1,
        &["dt=2025-12-29/leaderboards_snapshot.parquet: no boards at the date of 2025-12-29T23:59:59Z"],
    );

    panel(&["--asof", "2025-12-31"]).fails(2, &["drop --asof"]);
    panel(&["--shard", "1/2"]).fails(2, &["divide a panel by dates"]);
    cycles(&[&leaders[..], &["--every", "1d"]].concat()).fails(2, &["--from <TIME>"]);
    cycles(
        &[&leaders[..], &["--from", "2025-12-30", "--to", "2025-12-31", "--every", "6h"]].concat(),
    )
    .fails(2, &["--every: 6h is not a whole number of days", "such as 1d or 7d"]);
}
