//! metrics, state and regime as a person runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use support::{HEADER, market, test_dir};
use testkit::program::{Run, TestDir};

/// When [`market`] ends.
const END: i64 = 1_704_240_000;

/// The three commands, each writing into the folder `out`.
fn all(test_dir: &TestDir, input: &str, out: &str, flags: &[&str]) -> Vec<Run> {
    let (csv, state, regime) =
        (format!("{out}/metrics.csv"), format!("{out}/state"), format!("{out}/regime"));
    let run = |words: &[&str]| test_dir.run(&[words, &["--input", input], flags].concat());
    vec![
        run(&["metrics", "overlaps", "--output", &csv]),
        run(&["state", "--out", &state]),
        run(&["regime", "--windows", "3d,7d", "--out", &regime]),
    ]
}

fn all_ok(test_dir: &TestDir, input: &str, out: &str, flags: &[&str]) {
    all(test_dir, input, out, flags).into_iter().for_each(|run| drop(run.ok()));
}

/// Symbols and as-ofs of a snapshot, and its columns.
fn snapshot(test_dir: &TestDir, file: &str) -> (Vec<(String, i64)>, Vec<String>) {
    let file = std::fs::File::open(test_dir.file(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let columns = reader
        .schema()
        .fields()
        .iter()
        .map(|f| format!("{} {:?}", f.name(), f.data_type()))
        .collect();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let asofs = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        for i in 0..batch.num_rows() {
            rows.push((
                batch.column(0).as_string::<i32>().value(i).to_owned(),
                asofs.value(i) / 1_000_000,
            ));
        }
    }
    (rows, columns)
}

#[test]
fn every_source_and_any_number_of_threads_give_the_same_bytes() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A/B", "C", "D"], 24 * 9));
    test_dir.run(&["import", "bars.csv", "--into", "store"]).ok();
    for (out, source, threads) in [("1", "bars.csv", "1"), ("2", "store", "1"), ("3", "store", "2")]
    {
        all_ok(&test_dir, "bars.csv", out, &["--source", source, "--threads", threads]);
    }
    let first = test_dir.tree("1");
    assert_eq!(first.len(), 5, "{:?}", first.keys());
    assert_eq!(first, test_dir.tree("2"));
    assert_eq!(first, test_dir.tree("3"));
}

#[test]
fn the_input_is_the_source_where_there_is_no_other() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "C"], 24 * 9));
    for (run, words) in all(&test_dir, "bars.csv", "own", &[]).into_iter().zip([
        "the input's own bars, 0.3 of 3 months",
        "using the bars of the input",
        "using the bars of the input",
    ]) {
        let run = run.ok();
        assert!(run.err.contains(words), "{}", run.err);
    }
    all_ok(&test_dir, "bars.csv", "named", &["--source", "bars.csv"]);
    assert_eq!(test_dir.tree("own"), test_dir.tree("named"));
    // The default store is found before the input.
    test_dir.run(&["import", "bars.csv"]).ok();
    for run in all(&test_dir, "bars.csv", "store", &[]) {
        assert!(run.ok().err.contains("store data/bars"));
    }
    assert_eq!(test_dir.tree("own"), test_dir.tree("store"));
}

#[test]
fn deleting_the_future_changes_no_byte() {
    let test_dir = test_dir();
    let text = market(&["A", "B", "LATE"], 24 * 9);
    let asof = END - 3600 * 50;
    let time = |line: &str| line.split(',').nth(1).and_then(|time| time.parse::<i64>().ok());
    let begun = |line: &&str| !line.starts_with("LATE") || time(line).is_some_and(|t| t >= asof);
    let all_text: String = text.lines().filter(begun).map(|line| format!("{line}\n")).collect();
    let past = all_text.lines().filter(|line| time(line).is_none_or(|t| t < asof));
    test_dir.write("past.csv", past.map(|line| format!("{line}\n")).collect::<String>());
    test_dir.write("all.csv", &all_text);
    let flags = ["--asof", &asof.to_string()];
    all_ok(&test_dir, "all.csv", "1", &flags);
    all_ok(&test_dir, "past.csv", "2", &flags);
    assert_eq!(test_dir.tree("1"), test_dir.tree("2"));
    let asofs = ["--from", &(asof - 86_400).to_string(), "--to", &asof.to_string()];
    for (input, out) in [("all.csv", "3"), ("past.csv", "4")] {
        test_dir
            .run(
                &[&["state", "--input", input, "--out", out, "--every", "5h"], &asofs[..]].concat(),
            )
            .ok();
    }
    assert_eq!(test_dir.tree("3"), test_dir.tree("4"));
}

#[test]
fn state_and_regime_join_on_symbol_and_time() {
    let test_dir = test_dir();
    // One symbol begins in the as-of's last hours, another ended long before.
    let hours = 24 * 9;
    let text = market(&["A/B", "NEW", "OLD", "D"], hours);
    let keep = |line: &&str| {
        let time = line.split(',').nth(1).and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
        !(line.starts_with("NEW") && time < END - 86_400 - 3600
            || line.starts_with("OLD") && time > END - 8 * 86_400)
    };
    test_dir.write(
        "bars.csv",
        text.lines().filter(keep).map(|line| format!("{line}\n")).collect::<String>(),
    );
    let date = "2024-01-02";
    for command in ["state", "regime"] {
        test_dir.run(&[command, "--input", "bars.csv", "--asof", date, "--out", command]).ok();
    }
    let (state, _) = snapshot(&test_dir, "state/dt=2024-01-02/state_snapshot.parquet");
    let (regime, _) = snapshot(&test_dir, "regime/dt=2024-01-02/regime_snapshot.parquet");
    assert_eq!(state, regime);
    assert_eq!(state.iter().map(|row| &row.0[..]).collect::<Vec<_>>(), ["A/B", "NEW", "OLD", "D"]);
    assert_eq!(state[0].1, 1_704_153_600);
}

#[test]
fn a_panel_has_a_partition_a_date_and_the_rows_of_single_runs() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "C"], 24 * 9));
    let state = |flags: &[&str], out: &str| {
        test_dir
            .run(
                &[&["state", "--input", "bars.csv", "--format", "csv", "--out", out], flags]
                    .concat(),
            )
            .ok();
    };
    state(&["--from", "2023-12-30T12:00", "--to", "2024-01-01T06:00", "--every", "6h"], "panel");
    let mut got = BTreeSet::new();
    for (path, bytes) in
        test_dir.tree("panel").into_iter().filter(|(path, _)| path.ends_with("state_snapshot.csv"))
    {
        let date = path.to_str().unwrap()[3..13].to_owned();
        for line in String::from_utf8(bytes).unwrap().lines().skip(1) {
            assert!(line.split(',').nth(1).unwrap().starts_with(&date), "{line}");
            got.insert(line.to_owned());
        }
    }
    let mut expected = BTreeSet::new();
    for (date, hours) in [
        ("2023-12-30", &["12", "18"][..]),
        ("2023-12-31", &["00", "06", "12", "18"]),
        ("2024-01-01", &["00", "06"]),
    ] {
        for hour in hours {
            state(&["--asof", &format!("{date}T{hour}:00")], "single");
            let text = test_dir.text(&format!("single/dt={date}/state_snapshot.csv"));
            expected.extend(text.lines().skip(1).map(str::to_owned));
        }
    }
    assert_eq!(expected.len(), 16);
    assert_eq!(got, expected);

    let regime = |flags: &[&str], out: &str| {
        let fixed = [
            "regime",
            "--input",
            "bars.csv",
            "--windows",
            "3d,7d",
            "--format",
            "csv",
            "--out",
            out,
        ];
        test_dir.run(&[&fixed[..], flags].concat()).ok();
    };
    regime(&["--from", "2023-12-30", "--to", "2024-01-02"], "regimes");
    for day in ["2023-12-30", "2023-12-31", "2024-01-01", "2024-01-02"] {
        regime(&["--asof", day], "single_regimes");
    }
    assert_eq!(test_dir.tree("regimes"), test_dir.tree("single_regimes"));
}

#[test]
fn the_dictionary_defines_every_column_of_the_files() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "C"], 24 * 9));
    all_ok(&test_dir, "bars.csv", "out", &["--asof", "2024-01-03"]);
    let text = test_dir.run(&["columns", "--format", "json"]).ok().out;
    let dictionary: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let windows = ["1h", "4h", "12h", "24h", "3d", "7d"];
    let expected = |table: &str| -> BTreeSet<String> {
        let of_table = dictionary
            .iter()
            .filter(|entry| entry["tables"].as_array().unwrap().contains(&table.into()));
        let names = of_table.map(|entry| entry["column"].as_str().unwrap());
        names.flat_map(|name| windows.map(|window| name.replace("{w}", window))).collect()
    };
    let check = |table: &str, found: Vec<String>| {
        let known = expected(table);
        let unknown: Vec<_> = found.iter().filter(|name| !known.contains(*name)).collect();
        assert!(unknown.is_empty() && !found.is_empty(), "{table}: {unknown:?}");
        // The other way round, for one window.
        let named = |name: &&String| windows.iter().any(|w| name.contains(&format!("_{w}")));
        let missing: Vec<_> =
            known.iter().filter(|name| !found.contains(name) && !named(name)).collect();
        assert!(missing.is_empty(), "{table}: {missing:?}");
    };
    let metrics = test_dir.text("out/metrics.csv");
    check("metrics", metrics.lines().next().unwrap().split(',').map(str::to_owned).collect());
    for stage in ["state", "regime"] {
        let file = format!("out/{stage}/dt=2024-01-03/{stage}_snapshot.parquet");
        let columns = snapshot(&test_dir, &file).1;
        let name = |column: String| column.split(' ').next().unwrap().to_owned();
        check(stage, columns.into_iter().map(name).collect());
    }
}

#[test]
fn outputs_have_the_chosen_columns_and_merges_too() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "C"], 24 * 9));
    test_dir.run(&["import", "bars.csv", "--into", "store"]).ok();
    let chosen = ["--select", "rsi_*,adx_{w}, roc_*", "--drop", "*_abs_rz", "--no-masks", "--long"];
    let input = ["--source", "store", "--input", "bars.csv"];
    for stage in ["metrics", "state", "regime"] {
        let (single, merged) = (format!("{stage}-single"), format!("{stage}-merged"));
        let (parts, mut words) = (format!("{stage}-parts"), vec![stage]);
        let mut chosen = chosen.to_vec();
        let mut files = [single.clone(), merged.clone()];
        let out = if stage == "metrics" {
            words.push("overlaps");
            files = files.map(|file| format!("{file}.csv"));
            "--output"
        } else {
            "--out"
        };
        if stage == "regime" {
            words.extend(["--windows", "3d,7d"]);
            chosen[1] = "roc_*,adx_*";
        }
        words.extend(input);
        test_dir.run(&[&words[..], &chosen, &[out, &files[0]]].concat()).ok();
        for shard in ["1/2", "2/2"] {
            test_dir.run(&[&words[..], &["--shard", shard, out, &parts]].concat()).ok();
        }
        test_dir.run(&[&["merge", &parts, "--out", &files[1]][..], &chosen].concat()).ok();
        if stage == "metrics" {
            let text = test_dir.text(&files[0]);
            assert_eq!(text, test_dir.text(&files[1]));
            let header = text.lines().next().unwrap();
            let expected = "symbol,timestamp_asof_utc,window,metric,value,pctile,quintile,p25,p50,p75,n,direction,rz";
            assert_eq!(header, expected);
        } else {
            assert_eq!(test_dir.tree(&files[0]), test_dir.tree(&files[1]), "{stage}");
        }
        let lone = [&words[..], &["--shard", "1/2", "--long", out, &parts]].concat();
        test_dir.run(&lone).fails(2, &["cannot be used with --shard", "merge"]);
        let unknown = [&words[..], &["--select", "nope", out, "x.csv"]].concat();
        test_dir
            .run(&unknown)
            .fails(2, &["--select 'nope' matches no column", "'data-pipeline columns'"]);
    }
}

/// Runs the program in a folder below that of the test.
fn in_folder(test_dir: &TestDir, folder: &str, words: &[&str]) -> Run {
    let mut command = test_dir.command(words);
    command.current_dir(test_dir.file(folder));
    testkit::program::finish(command)
}

#[test]
fn cohort_files_as_parquet_give_the_results_of_csv() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "C", "D"], 24 * 9));
    test_dir.run(&["import", "bars.csv", "--into", "store"]).ok();
    let boards = ["leaderboards", "--source", "../store", "--top-n", "2", "--lookback-days", "8"];
    let results = |folder: &str, format: &str| {
        std::fs::create_dir_all(test_dir.file(folder)).unwrap();
        let here = |words: &[&str]| in_folder(&test_dir, folder, words).ok();
        here(&[&boards[..], &["--cohort-format", format]].concat());
        here(&["metrics", "overlaps", "--no-baseline"]);
        here(&["state", "--source", "../store"]);
        here(&["imf-cluster", "gainers", "--windows", "6h"]);
        here(&["fetch-history", "gainers", "--source", "../store", "--days", "2"]);
        let mut files = test_dir.tree(folder);
        files.retain(|name, _| !name.to_string_lossy().contains("habitual_"));
        files
    };
    let (csv, parquet) = (results("csv", "csv"), results("parquet", "parquet"));
    assert_eq!(csv.keys().collect::<Vec<_>>(), parquet.keys().collect::<Vec<_>>());
    assert!(csv.len() > 6 && csv == parquet, "{:?}", csv.keys());
    assert!(test_dir.file("parquet/habitual_gainers.parquet").is_file());
    // One format at a time.
    let csv_again = in_folder(&test_dir, "parquet", &boards).ok();
    csv_again.prints(&["removed", "habitual_gainers.parquet"]);
    assert!(!test_dir.file("parquet/habitual_gainers.parquet").exists());
    assert_eq!(
        test_dir.text("parquet/habitual_losers.csv"),
        test_dir.text("csv/habitual_losers.csv")
    );
}

#[test]
fn columns_are_found_by_parts_of_names_and_by_window() {
    let test_dir = test_dir();
    let found = test_dir.run(&["columns", "adx_30d_mag"]).ok().out;
    assert!(found.contains("adx_{w}_mag") && found.contains("regime"), "{found}");
    assert!(found.contains("TA-Lib"), "the note is missing: {found}");
    let page = test_dir.run(&["columns", "rsi_*", "--format", "markdown"]).ok().out;
    assert!(page.contains("| `rsi_{w}` | metrics, state | Float64 |"), "{page}");
    test_dir.run(&["columns", "nope"]).fails(1, &["no column matches 'nope'", "lists all"]);
    assert!(test_dir.tree(".").is_empty(), "the command writes no file");
}

#[test]
fn columns_and_types_are_the_same_whatever_the_data() {
    let test_dir = test_dir();
    test_dir.write("long.csv", market(&["A", "C"], 24 * 9));
    // An hour of one flat symbol without volume: no window of a day, no baseline.
    let flat: String = (1..=60).rev().map(|i| format!("F,{},5,5,5,5,0\n", END - i * 60)).collect();
    test_dir.write("flat.csv", format!("{HEADER}{flat}"));
    for input in ["long.csv", "flat.csv"] {
        all_ok(&test_dir, input, &input[..4], &["--asof", "2024-01-03"]);
    }
    for stage in ["state", "regime"] {
        let folder = format!("{stage}/dt=2024-01-03");
        let read = |input: &str| {
            let folder = format!("{}/{folder}", &input[..4]);
            let (_, columns) = snapshot(&test_dir, &format!("{folder}/{stage}_snapshot.parquet"));
            (columns, test_dir.text(&format!("{folder}/_{stage}_snapshot.schema.json")))
        };
        assert_eq!(read("long.csv"), read("flat.csv"));
    }
    let header = |input: &str| {
        test_dir.text(&format!("{}/metrics.csv", &input[..4])).lines().next().unwrap().to_owned()
    };
    assert_eq!(header("long.csv"), header("flat.csv"));
    let row: BTreeMap<String, String> = {
        let text = test_dir.text("flat/metrics.csv");
        let fields = |line: usize| {
            text.lines().nth(line).unwrap().split(',').map(str::to_owned).collect::<Vec<_>>()
        };
        fields(0).into_iter().zip(fields(1)).collect()
    };
    // Flat prices and no volume: figures that exist are exact, the others are missing.
    for (column, value) in [
        ("window_ok_1h", "true"),
        ("close_mean_1h", "5.0"),
        ("close_stddev_1h", "0.0"),
        ("rsi_1h", ""),
        ("vwap_1h", ""),
        ("atr_1h", "0.0"),
        ("adx_1h", ""),
        ("up_volume_share_1h_pos", ""),
        ("volume_sum_1h", "0.0"),
        ("squeeze_index_1h_mag", "0.0"),
        ("rsi_1h_n", "0"),
        ("close_mean_1h_n", "1"),
        ("window_ok_24h", "false"),
        ("metrics_valid_vwap_1h", "false"),
        ("roc_sign_agree_rollup", ""),
        ("roc_sign_agree_rollup_valid", "false"),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "C"], 24 * 9));
    let before = test_dir.tree(".");
    for (command, windows) in [("state", "1h,24h"), ("regime", "3d,7d")] {
        let run =
            test_dir.run(&[command, "--input", "bars.csv", "--dry-run", "--windows", windows]).ok();
        for word in
            ["2 of 2 symbols: A, C", "coverage min", "1.000", "nothing written", "dt=2024-01-03"]
        {
            assert!(run.out.contains(word), "{word}: {}", run.out);
        }
    }
    assert!(!test_dir.file("pipeline.log").exists() && !test_dir.file("data").exists());
    assert_eq!(test_dir.tree("."), before);
}

#[test]
fn compression_schema_version_and_forms() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "C"], 24 * 9));
    let run = |flags: &[&str]| {
        test_dir
            .run(
                &[
                    &["state", "--input", "bars.csv", "--asof", "2024-01-03", "--windows", "1h"],
                    flags,
                ]
                .concat(),
            )
            .ok();
    };
    run(&["--out", "snappy"]);
    run(&["--out", "zstd", "--compression", "zstd", "--schema-version", "mine"]);
    let of = |out: &str| test_dir.read(&format!("{out}/dt=2024-01-03/state_snapshot.parquet"));
    assert_ne!(of("snappy"), of("zstd"));
    let file = "dt=2024-01-03/state_snapshot.parquet";
    assert_eq!(
        snapshot(&test_dir, &format!("snappy/{file}")),
        snapshot(&test_dir, &format!("zstd/{file}"))
    );
    assert!(
        test_dir
            .text("zstd/dt=2024-01-03/_state_snapshot.schema.json")
            .contains("\"schema_version\": \"mine\"")
    );

    let metrics = |output: &str| {
        let series = output.replace("m.", "series.");
        test_dir
            .run(&[
                "metrics",
                "gainers",
                "--input",
                "bars.csv",
                "--output",
                output,
                "--series-output",
                &series,
            ])
            .ok();
    };
    metrics("m.csv");
    metrics("m.parquet");
    let (rows, columns) = snapshot(&test_dir, "m.parquet");
    assert_eq!(rows.len(), 2);
    assert_eq!(columns.len(), test_dir.text("m.csv").lines().next().unwrap().split(',').count());
    // Nine days of hours, of quarter and half days, and of days; two symbols.
    assert_eq!(test_dir.text("series.csv").lines().count() - 1, 2 * 9 * (24 + 6 + 2 + 1));
    assert!(test_dir.file("series.parquet").is_file());
    test_dir.run(&["metrics", "gainers", "--input", "bars.csv"]).ok();
    assert!(test_dir.file("gainers_metrics.csv").is_file());
}

#[test]
fn bad_input_is_told_with_its_remedy() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "C"], 30));
    let each = |flags: &[&str], status: i32, words: &[&str]| {
        for run in all(&test_dir, "bars.csv", "out", flags) {
            run.fails(status, words);
        }
    };
    each(
        &["--asof", "2020-01-01"],
        1,
        &[
            "no bar closes by 2020-01-01T00:00:00Z",
            "close from 2024-01-01T18:01:00Z to 2024-01-03T00:00:00Z",
        ],
    );
    each(&["--asof", "soon"], 2, &["invalid value 'soon' for '--asof <TIME>': expected latest"]);
    each(&["--months", "0"], 2, &["--months 0 is out of range", "--no-baseline"]);
    each(
        &["--source", "bars.cvs"],
        1,
        &["cannot read bars.cvs: no such file or folder", "bars.csv"],
    );
    let state = |flags: &[&str]| test_dir.run(&[&["state", "--input", "bars.csv"], flags].concat());
    let regime =
        |flags: &[&str]| test_dir.run(&[&["regime", "--input", "bars.csv"], flags].concat());
    let metrics = |flags: &[&str]| {
        test_dir.run(&[&["metrics", "losers", "--input", "bars.csv"], flags].concat())
    };
    for share in ["1.5", "-0.1", "nan"] {
        let flag = format!("--coverage-threshold={share}");
        metrics(&[&flag]).fails(2, &["--coverage-threshold", "is out of range: expected 0 to 1"]);
        state(&[&flag]).fails(2, &["--coverage-threshold", "is out of range: expected 0 to 1"]);
    }
    for run in all(&test_dir, "bars.csv", "out", &["--min-baseline-n", "0"]) {
        run.fails(2, &["--min-baseline-n 0 is out of range: expected 1 or more"]);
    }
    for windows in ["90s", "1.5h", "day", "0h"] {
        metrics(&["--windows", windows])
            .fails(2, &["--windows", "invalid window", "90m, 4h or 3d"]);
        regime(&["--windows", windows]).fails(2, &["--windows", "invalid window"]);
    }
    regime(&["--windows", "36h"]).fails(2, &["\"36h\" is not a whole number of days"]);
    regime(&["--breakout-lookback-days", "0"]).fails(2, &["--breakout-lookback-days 0"]);
    regime(&["--from", "2024-01-01", "--to", "2024-01-02", "--every", "6h"])
        .fails(2, &["--every 6h"]);
    state(&["--from", "2024-01-02", "--to", "2024-01-01"])
        .fails(2, &["--from: 2024-01-02T00:00:00Z is later than"]);
    state(&["--from", "latest", "--to", "latest"])
        .fails(2, &["--from: \"latest\" gives an empty panel"]);
    state(&["--from", "1900-01-01", "--to", "2024-01-01", "--every", "1m"])
        .fails(2, &["exceed the limit of 1000000"]);
    state(&["--from", "2024-01-01"]).fails(2, &["--to"]);
    metrics(&["--series-output", "s.csv", "--no-baseline"]).fails(2, &["cannot be used with"]);
    metrics(&["--output", "bars.csv"]).fails(2, &["bars.csv is both the input and an output"]);
    metrics(&["--series-output", "losers_metrics.csv"]).fails(2, &["is the path of two outputs"]);
    test_dir.write("file", "");
    metrics(&["--output", "file/m.csv"]).fails(1, &["file: this is a file, not a folder"]);
    state(&["--out", "file"]).fails(1, &["file: this is a file, not a folder"]);

    test_dir.write("few.csv", "symbol,timestamp,close\nA,2024-01-01 00:00:00,5\n");
    test_dir
        .run(&["metrics", "overlaps", "--input", "few.csv"])
        .fails(1, &["few.csv: no column \"open\", \"high\", \"low\", \"volume\""]);
    test_dir.write("none.csv", "name,price\nA,5\n");
    test_dir
        .run(&["state", "--input", "none.csv"])
        .fails(1, &["none.csv: no column \"symbol\" (found: name, price)"]);
    test_dir.write("empty.csv", HEADER);
    test_dir
        .run(&["state", "--input", "empty.csv"])
        .fails(1, &["empty.csv has no symbols", "data-pipeline leaderboards"]);
    test_dir
        .run(&["metrics", "overlaps", "--input", "empty.csv"])
        .fails(1, &["empty.csv has no bars", "--input"]);
    test_dir
        .run(&["regime"])
        .fails(1, &["no cohort file habitual_overlaps.csv", "data-pipeline leaderboards"]);
    test_dir.write("dirty.csv", market(&["A"], 30) + "A,2024-01-01 00:00:00,5,5,5,-5,1\n");
    for run in all(&test_dir, "dirty.csv", "out", &["--strict"]) {
        run.fails(1, &["price is not a number > 0"]);
    }
    assert!(
        test_dir.tree(".").keys().all(|path| !path.starts_with("out")),
        "{:?}",
        test_dir.tree(".").keys()
    );
}

#[test]
fn the_as_of_of_state_is_the_smallest_window_end() {
    let test_dir = test_dir();
    let text = market(&["A"], 24 * 3);
    // The newest bar closes at 12:34.
    let end = END - 86_400 + 12 * 3600 + 34 * 60;
    let keep = |line: &&str| {
        line.split(',').nth(1).and_then(|t| t.parse::<i64>().ok()).is_none_or(|t| t < end)
    };
    test_dir.write(
        "bars.csv",
        text.lines().filter(keep).map(|line| format!("{line}\n")).collect::<String>(),
    );
    for (windows, expected) in
        [("1h,4h", "T12:00:00Z"), ("1h,4h,24h", "T00:00:00Z"), ("1h,7m", "T12:00:00Z")]
    {
        let run = test_dir.run(&["state", "--input", "bars.csv", "--windows", windows]).ok();
        assert!(run.out.contains(&format!("as of 2024-01-02{expected}")), "{windows}: {}", run.out);
    }
    let latest = test_dir
        .run(&["state", "--input", "bars.csv", "--windows", "1h,4h", "--asof", "latest"])
        .ok();
    assert!(latest.out.contains("as of 2024-01-02T12:34:00Z"), "{}", latest.out);
    let regime = test_dir.run(&["regime", "--input", "bars.csv"]).ok();
    assert!(regime.out.contains("as of 2024-01-02T00:00:00Z"), "{}", regime.out);
}

#[test]
fn outputs_never_take_the_place_of_inputs() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 30));
    test_dir.write("history.csv", market(&["A"], 30));
    std::fs::create_dir(test_dir.file("sub")).unwrap();
    let before = test_dir.tree(".");
    let metrics = |flags: &[&str]| {
        test_dir.run(
            &[&["metrics", "losers", "--input", "bars.csv", "--source", "history.csv"], flags]
                .concat(),
        )
    };
    metrics(&["--output", "sub/../bars.csv"]).fails(2, &["is both the input and an output"]);
    metrics(&["--output", "./history.csv"]).fails(2, &["is both the source and an output"]);
    metrics(&["--output", "m.csv", "--series-output", "sub/../m.csv"])
        .fails(2, &["is the path of two outputs"]);
    metrics(&["--output", "m.csv.gz"])
        .fails(2, &["m.csv.gz: unsupported output format", ".csv or .parquet"]);
    let regime =
        |flags: &[&str]| test_dir.run(&[&["regime", "--input", "bars.csv"], flags].concat());
    regime(&["--series-output", "bars.csv"]).fails(2, &["is both the input and an output"]);
    regime(&["--out", "o", "--series-output", "o/dt=2024-01-03/regime_snapshot.parquet"])
        .fails(2, &["is the path of two outputs"]);
    regime(&["--format", "csv", "--compression", "zstd"])
        .fails(2, &["--compression only applies to Parquet"]);
    assert_eq!(test_dir.tree("."), before);
    assert!(!test_dir.file("o").exists(), "empty folders are removed");
}

#[test]
fn a_partition_has_one_table_and_its_schema() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 30));
    let state = |flags: &[&str]| {
        test_dir
            .run(
                &[&["state", "--input", "bars.csv", "--out", "o", "--no-baseline"], flags].concat(),
            )
            .ok();
        test_dir
            .tree("o")
            .into_keys()
            .map(|path| path.to_str().unwrap()[14..].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(state(&[]), ["_state_snapshot.schema.json", "state_snapshot.parquet"]);
    assert_eq!(
        state(&["--format", "csv", "--windows", "1h"]),
        ["_state_snapshot.schema.json", "state_snapshot.csv"]
    );
    assert_eq!(state(&[]), ["_state_snapshot.schema.json", "state_snapshot.parquet"]);
}

#[test]
fn labels_of_the_source_are_not_those_of_the_cohort() {
    let test_dir = test_dir();
    let open = market(&["A", "C"], 30);
    let close: String = open
        .lines()
        .map(|line| match line.split(',').nth(1).and_then(|time| time.parse::<i64>().ok()) {
            Some(time) => line.replacen(&time.to_string(), &(time + 60).to_string(), 1) + "\n",
            None => format!("{line}\n"),
        })
        .collect();
    test_dir.write("open.csv", open);
    test_dir.write("close.csv", close);
    let metrics = |flags: &[&str]| {
        test_dir.run(&[&["metrics", "losers"], flags].concat()).ok();
        test_dir.text("losers_metrics.csv")
    };
    let expected = metrics(&["--input", "open.csv", "--source", "open.csv"]);
    assert_eq!(
        metrics(&["--input", "open.csv", "--source", "close.csv", "--bar-time", "close"]),
        expected
    );
    assert_eq!(metrics(&["--input", "close.csv", "--bar-time", "close"]), expected);
}

#[test]
fn a_panel_of_many_dates_is_its_single_runs() {
    let test_dir = test_dir();
    // A bar at noon of each of 150 days: more dates than are gone through at once.
    let bar = |day: i64| {
        format!("A,{},{p},{p},{p},{p},1\n", END - day * 86_400 + 43_200, p = 100 + day * day % 37)
    };
    let bars: String = (1..=150).rev().map(bar).collect();
    test_dir.write("bars.csv", format!("{HEADER}{bars}"));
    let regime = |flags: &[&str], out: &str| {
        let fixed =
            ["regime", "--input", "bars.csv", "--windows", "3d,7d", "--months", "1", "--out", out];
        test_dir.run(&[&fixed[..], flags].concat()).ok()
    };
    let run = regime(&["--from", "2023-07-01", "--to", "2024-01-03"], "panel");
    // The first bar is of 2023-08-06 12:00.
    for words in [
        "before 2023-08-07T00:00:00Z: no bar has closed by then",
        "150 partitions",
        "last snapshot, as of 2024-01-03",
    ] {
        assert!(
            run.out.contains(words) || run.err.contains(words),
            "{words}: {} {}",
            run.out,
            run.err
        );
    }
    for date in ["2023-08-07", "2023-10-09", "2023-10-10", "2024-01-03"] {
        regime(&["--asof", date], "single");
        let folder = |out: &str| test_dir.tree(&format!("{out}/dt={date}"));
        assert_eq!(folder("panel"), folder("single"), "{date}");
    }
    let dry = regime(&["--from", "2023-12-01", "--to", "2024-01-03", "--dry-run"], "dry");
    for words in
        ["34 snapshots from 2023-12-01T00:00:00Z to 2024-01-03T00:00:00Z", "and 33 partitions more"]
    {
        assert!(dry.out.contains(words), "{}", dry.out);
    }
    let early = test_dir.run(&["regime", "--input", "bars.csv", "--asof", "2023-08-06T13:00"]);
    early.fails(1, &["first possible as-of: 2023-08-07T00:00:00Z"]);
    test_dir.write("list.csv", "symbol\nA\n");
    test_dir
        .run(&["state", "--input", "list.csv"])
        .fails(1, &["no source given", "name others with --source"]);
}

#[test]
fn symbols_that_a_source_lacks() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A/B", "C"], 24 * 9));
    test_dir.write("other.csv", market(&["AB", "Z"], 24 * 9));
    test_dir.write("list.csv", "symbol\nA/B\nC\n");
    let run =
        test_dir.run(&["state", "--input", "list.csv", "--source", "other.csv", "--out", "s"]).ok();
    for words in ["A/B is AB in the source", "not in the source: C (they get no row)"] {
        assert!(run.err.contains(words), "{}", run.err);
    }
    // The name is that of the input, so that results of one input join.
    let (rows, _) = snapshot(&test_dir, "s/dt=2024-01-03/state_snapshot.parquet");
    assert_eq!(rows.iter().map(|row| &row.0[..]).collect::<Vec<_>>(), ["A/B"]);
    let run = test_dir
        .run(&[
            "metrics",
            "overlaps",
            "--input",
            "bars.csv",
            "--source",
            "other.csv",
            "--output",
            "m.parquet",
        ])
        .ok();
    assert!(run.err.contains("not in the source: C (they get no baseline)"), "{}", run.err);
    assert_eq!(snapshot(&test_dir, "m.parquet").0.len(), 2);
    test_dir.write("unknown.csv", "symbol\nX\n");
    let unknown = test_dir.run(&["regime", "--input", "unknown.csv", "--source", "other.csv"]);
    unknown.fails(1, &["of the input is not in file other.csv", "data-pipeline check"]);
}

#[test]
fn one_bar_and_an_asof_to_come() {
    let test_dir = test_dir();
    test_dir.write("one.csv", format!("{HEADER}A,2024-01-01 00:00:00,5,5,5,5,1\n"));
    let run =
        test_dir.run(&["metrics", "overlaps", "--input", "one.csv", "--asof", "2024-01-09"]).ok();
    for words in ["is after the close of the newest bar (2024-01-01T00:01:00Z)", "0.0 of 3 months"]
    {
        assert!(run.err.contains(words), "{}", run.err);
    }
    let text = test_dir.text("overlap_metrics.csv");
    assert!(
        text.lines().nth(1).unwrap().starts_with("A,2024-01-09T00:00:00Z,0.0,false,"),
        "{text}"
    );
    // Without an as-of the last windows end before the only bar closes.
    test_dir
        .run(&["state", "--input", "one.csv"])
        .fails(1, &["no bar closes by 2024-01-01T00:00:00Z"]);
    test_dir.run(&["state", "--input", "one.csv", "--asof", "latest", "--out", "s"]).ok();
    assert_eq!(
        snapshot(&test_dir, "s/dt=2024-01-01/state_snapshot.parquet").0,
        [("A".to_owned(), 1_704_067_260)]
    );
}
