//! `imf-stage`, `imf-postprocess` and `imf-cluster` as a user runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use support::tables::{Record, json, number, rows};
use support::{arg, test_dir};
use testkit::Need::Python;
use testkit::program::{TestDir, finish};
use testkit::{npz, python, trial};

fn main() {
    let tests: Vec<Trial> = vec![
        trial("planted_cycles_are_found", &[], planted_cycles_are_found),
        trial("no_bar_after_the_asof_counts", &[], no_bar_after_the_asof_counts),
        trial(
            "threads_jobs_and_sources_do_not_change_a_byte",
            &[],
            threads_jobs_and_sources_do_not_change_a_byte,
        ),
        trial("stubs_tell_why", &[], stubs_tell_why),
        trial("a_budget_that_runs_out", &[], a_budget_that_runs_out),
        trial("a_partition_is_replaced_as_a_whole", &[], a_partition_is_replaced_as_a_whole),
        trial("leaders_come_from_a_file_and_a_list", &[], leaders_come_from_a_file_and_a_list),
        trial("imf_stage_used_wrongly", &[], imf_stage_used_wrongly),
        trial("cards_must_belong_to_the_summary", &[], cards_must_belong_to_the_summary),
        trial("windows_and_asofs_of_sums", &[], windows_and_asofs_of_sums),
        trial("what_is_no_summary", &[], what_is_no_summary),
        trial("short_windows_and_few_columns", &[], short_windows_and_few_columns),
        trial("imf_cluster_used_wrongly", &[], imf_cluster_used_wrongly),
        trial("numpy_and_pandas_read_it", &[Python], numpy_and_pandas_read_it),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

/// Every planted cycle of the sample market that exceeds the noise is a kept mode with a period
/// within 10 %.
fn planted_cycles_are_found() {
    let test_dir = test_dir();
    test_dir
        .run(&["sample", "--into", "bars", "--symbols", "12", "--days", "36", "--seed", "1"])
        .ok();
    let truth = json(&test_dir.read("truth.json"));
    let cycles = truth["cycles"].as_array().unwrap();
    // Those that befell something in the window are left to themselves.
    let eventful: Vec<&Value> =
        truth["events"].as_array().unwrap().iter().map(|event| &event["symbol"]).collect();
    let symbols: std::collections::BTreeSet<&str> = cycles
        .iter()
        .filter(|cycle| !eventful.contains(&&cycle["symbol"]))
        .map(|cycle| cycle["symbol"].as_str().unwrap())
        .collect();
    let leaders = symbols.iter().copied().collect::<Vec<_>>().join(",");
    let words =
        ["imf-stage", "--leaders", &leaders, "--asof", "2025-12-31", "--lookback-months", "1"];
    test_dir.run(&[&words[..], &["--source", "bars", "--out", "imf"]].concat()).ok();
    let found = rows(&test_dir.file("imf/dt=2025-12-31/imf_summary.parquet"));
    let config = json(&test_dir.read("imf/dt=2025-12-31/run_config.json"));
    let minutes = config["window_minutes"].as_f64().unwrap();
    let (mut sought, mut below) = (0, 0);
    for cycle in cycles.iter().filter(|cycle| symbols.contains(cycle["symbol"].as_str().unwrap())) {
        let period = cycle["period_minutes"].as_f64().unwrap();
        if minutes / period < 6.0 || cycle["power_over_octave_background"].as_f64().unwrap() < 4.0 {
            below += 1;
            continue;
        }
        sought += 1;
        let own = found.iter().filter(|row| {
            row["symbol"] == cycle["symbol"].as_str().unwrap()
                && row["series"] == cycle["series"].as_str().unwrap()
        });
        let periods: Vec<f64> = own.map(|row| 1440.0 * number(&row["period_days"])).collect();
        assert!(periods.iter().any(|p| (p / period - 1.0).abs() <= 0.1), "{cycle}: {periods:?}");
    }
    assert!(sought >= 6 && below >= 3, "{sought} stand out, {below} do not");
}

/// A market of two symbols, 36 days to the end of 2025, and flags for a quick run over a month of
/// it.
fn market(test_dir: &TestDir) {
    test_dir.run(&["sample", "--into", "bars", "--symbols", "2", "--days", "36"]).ok();
}

const QUICK: [&str; 8] = [
    "imf-stage",
    "--leaders",
    "AMBER/USD,BASALT/USD",
    "--lookback-months",
    "1",
    "--trials",
    "3",
    "--source",
];

/// All files of a folder; of run_config.json all but what tells of the run itself.
fn outputs(test_dir: &TestDir, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut tree = test_dir.tree(folder);
    for (name, content) in &mut tree {
        if name.ends_with("run_config.json") {
            let mut config = json(content);
            let run = config.as_object_mut().unwrap().remove("run").unwrap();
            assert!(run["seconds_per_symbol"]["AMBER/USD"].as_f64().unwrap() > 0.0);
            *content = serde_json::to_vec(&config).unwrap();
        }
    }
    tree
}

fn no_bar_after_the_asof_counts() {
    let test_dir = test_dir();
    market(&test_dir);
    test_dir.write("list.csv", "symbol\nAMBER/USD\nBASALT/USD\n");
    for (asof, last) in
        [("2025-12-30T10:17:30Z", "2025-12-30T10:17:00Z"), ("2025-12-30", "2025-12-31")]
    {
        // What had closed by then, and no more.
        let cut = [
            "fetch-history",
            "overlaps",
            "--input-csv",
            "list.csv",
            "--output-csv",
            "cut.csv",
            "--days",
            "40",
        ];
        test_dir.run(&[&cut[..], &["--source", "bars", "--asof", last]].concat()).ok();
        for (source, out) in [("bars", "all"), ("cut.csv", "cut")] {
            test_dir
                .run(
                    &[&QUICK[..], &[source, "--asof", asof, "--out", out, "--persist-imfs"]]
                        .concat(),
                )
                .ok();
        }
        assert_eq!(outputs(&test_dir, "all"), outputs(&test_dir, "cut"), "{asof}");
        let config = json(&test_dir.read("all/dt=2025-12-30/run_config.json"));
        let end = config["window_end"].as_str().unwrap();
        assert!(end.starts_with(last), "{end}");
    }
}

fn threads_jobs_and_sources_do_not_change_a_byte() {
    let test_dir = test_dir();
    market(&test_dir);
    let run = |out: &str, more: &[&str]| {
        test_dir.run(&[&QUICK[..], &["bars", "--persist-imfs", "--out", out], more].concat()).ok();
        outputs(&test_dir, out)
    };
    let one = run("one", &["--threads", "1"]);
    assert_eq!(one.len(), 9);
    assert_eq!(one, run("two", &["--threads", "2"]));
    assert_eq!(one, run("jobs", &["--threads", "2", "--n-jobs", "1"]));
    assert_eq!(one, run("more", &["--threads", "2", "--n-jobs", "5"]));
    let cluster = |out: &str, threads: &str| {
        let words = [
            "imf-cluster",
            "gainers",
            "--input",
            "cohort.csv",
            "--windows",
            "6h,3d",
            "--out-dir",
            out,
        ];
        test_dir.run(&[&words[..], &["--threads", threads, "--no-log-file"]].concat()).ok();
        test_dir.tree(out)
    };
    test_dir.write("list.csv", "symbol\nAMBER/USD\nBASALT/USD\n");
    let cohort = [
        "fetch-history",
        "gainers",
        "--input-csv",
        "list.csv",
        "--output-csv",
        "cohort.csv",
        "--days",
        "4",
    ];
    test_dir.run(&[&cohort[..], &["--source", "bars"]].concat()).ok();
    assert_eq!(cluster("c1", "1"), cluster("c2", "2"));
}

/// A month of minutes of symbols with little in them.
fn odd_market(test_dir: &TestDir) {
    let mut text = support::HEADER.to_owned();
    for i in 0..40 * 1440_i64 {
        let time = 1_700_006_400 + 60 * i;
        text += &format!("FLAT,{time},5,5,5,5,1\n");
        let wave = 100.0 + 5.0 * (i as f64 / 77.0).sin() + 3.0 * (i as f64 / 900.0).sin();
        let volume = 10.0 + 5.0 * (i as f64 / 60.0).sin();
        text += &format!("../UP/A B,{time},{wave},{wave},{wave},{wave},{volume}\n");
    }
    text += "ONE,1702512000,7,7,7,7,3\n";
    test_dir.write("odd.csv", text);
}

fn stubs_tell_why() {
    let test_dir = test_dir();
    odd_market(&test_dir);
    let words = [
        "imf-stage",
        "--asof",
        "2023-12-23",
        "--lookback-months",
        "1",
        "--trials",
        "2",
        "--source",
        "odd.csv",
    ];
    // A row alone, a pool of stubs alone.
    let run = test_dir.run(&[&words[..], &["--leaders", "FLAT,ONE,NOPE"]].concat()).ok();
    let run = run.prints(&["symbols not in the source: NOPE (written as rows without cycles)"]);
    assert!(run.out.contains("price: no cycles"), "{}", run.out);
    let folder = "data/imf/dt=2023-12-23";
    let status: Vec<_> = rows(&test_dir.file(&format!("{folder}/imf_summary.parquet")))
        .iter()
        .map(|row| {
            [&row["symbol"], &row["series"], &row["imf_id"], &row["status"], &row["period_days"]]
                .map(String::clone)
        })
        .collect();
    let expected = [
        ["FLAT", "price", "-1", "flat", ""],
        ["NOPE", "price", "-1", "no_data", ""],
        ["ONE", "price", "-1", "flat", ""],
        ["FLAT", "volume", "-1", "flat", ""],
        ["NOPE", "volume", "-1", "no_data", ""],
        ["ONE", "volume", "-1", "flat", ""],
    ];
    assert_eq!(status, expected);
    assert_eq!(
        json(&test_dir.read(&format!("{folder}/cluster_cards_global_price.json"))),
        Value::Array(Vec::new())
    );
    let coverage = &json(&test_dir.read(&format!("{folder}/run_config.json")))["bars_per_symbol"];
    assert_eq!([&coverage["ONE"]["bars_before"], &coverage["NOPE"]["bars_before"]], [1, 0]);
    let summary = format!("{folder}/imf_summary.parquet");
    let run = test_dir.run(&["imf-postprocess", "--summary", &summary, "--series", "both"]).ok();
    run.prints(&["no cycles of", "to summarize", "flat", "no_data"]);
    assert!(rows(&test_dir.file(&format!("{folder}/imf_post_summary.parquet"))).is_empty());

    // Without winsorizing the one trade is a volume like any other; a gate that nothing passes
    // keeps nothing; a symbol with slashes and blanks stays in the folder.
    let more = ["--leaders", "ONE,../UP/A B", "--no-winsorize", "--persist-imfs"];
    test_dir.run(&[&words[..], &more[..]].concat()).ok();
    assert!(test_dir.file(&format!("{folder}/imfs/%2E.%2FUP%2FA%20B_price.npz")).is_file());
    assert!(test_dir.file(&format!("{folder}/imfs/ONE_volume.npz")).is_file());
    test_dir
        .run(&[&words[..], &["--leaders", "../UP/A B", "--min-cycle-depth-pct", "150"]].concat())
        .ok();
    let kept = rows(&test_dir.file(&summary));
    assert!(
        kept.iter().any(|row| row["status"] == "no_kept_imfs" && row["series"] == "price"),
        "{kept:?}"
    );
    // ONE has a bar in a month, which is reported.
    test_dir
        .run(&[&words[..], &["--leaders", "ONE,FLAT"]].concat())
        .ok()
        .prints(&["long gaps can cause spurious fast cycles: ONE (100 % missing"]);
    // One date after all bars: nothing but stubs, and said.
    let late = [
        "imf-stage",
        "--asof",
        "2024-06-01",
        "--lookback-months",
        "1",
        "--source",
        "odd.csv",
        "--leaders",
        "FLAT",
    ];
    test_dir
        .run(&[&late[..], &["--trials", "2"]].concat())
        .ok()
        .prints(&["no bars of the leaders in the lookback"]);
    let early = [
        "--asof",
        "2020-06-01",
        "--lookback-months",
        "1",
        "--source",
        "odd.csv",
        "--leaders",
        "FLAT",
    ];
    test_dir
        .run(&[&["imf-stage"][..], &early[..]].concat())
        .ok()
        .prints(&["no bars of the leaders in the lookback"]);
    test_dir.run(&[&words[..], &["--leaders", "NOPE"]].concat()).ok();
    assert!(rows(&test_dir.file(&summary)).iter().all(|row| row["status"] == "no_data"));
    let latest = ["imf-stage", "--leaders", "NOPE", "--source", "odd.csv"];
    test_dir.run(&latest).fails(1, &["of the input is not in file odd.csv"]);
}

fn a_budget_that_runs_out() {
    let test_dir = test_dir();
    market(&test_dir);
    let words =
        ["imf-stage", "--leaders", "AMBER/USD", "--lookback-months", "1", "--source", "bars"];
    // No machine takes 60 trials of a month apart in a millisecond; the 20 that follow have all the
    // time they need.
    let budget = ["--trials", "60", "--max-seconds-per-asset", "0.001", "--out", "short"];
    let run = test_dir.run(&[&words[..], &budget[..]].concat()).ok();
    run.prints(&["exceeded, 20 trials used instead: 2 series, AMBER/USD price, AMBER/USD volume"]);
    let short = rows(&test_dir.file("short/dt=2026-01-01/imf_summary.parquet"));
    assert!(
        short.len() > 10 && short.iter().all(|row| row["status"] == "time_budget_reduced"),
        "{short:?}"
    );
    // They take part in clustering, and are what 20 trials give.
    assert!(short.iter().all(|row| !row["cluster_id_global"].is_empty()));
    test_dir.run(&[&words[..], &["--trials", "20", "--out", "twenty"]].concat()).ok();
    let twenty = rows(&test_dir.file("twenty/dt=2026-01-01/imf_summary.parquet"));
    let periods =
        |rows: &[Record]| rows.iter().map(|row| row["period_days"].clone()).collect::<Vec<_>>();
    assert_eq!(periods(&short), periods(&twenty));
    // For 20 trials or fewer there is no budget.
    test_dir
        .run(
            &[&words[..], &["--trials", "20", "--max-seconds-per-asset", "0.001", "--out", "none"]]
                .concat(),
        )
        .ok();
    let none = rows(&test_dir.file("none/dt=2026-01-01/imf_summary.parquet"));
    assert_eq!(none, twenty);
}

fn a_partition_is_replaced_as_a_whole() {
    let test_dir = test_dir();
    market(&test_dir);
    let names = || -> Vec<String> {
        let names = test_dir.tree("imf/dt=2026-01-01").into_keys();
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    };
    test_dir.run(&[&QUICK[..], &["bars", "--out", "imf", "--persist-imfs"]].concat()).ok();
    assert_eq!(names().iter().filter(|name| name.ends_with(".npz")).count(), 4);
    assert!(names().contains(&"cluster_cards_global_price.json".to_owned()));
    test_dir.write("imf/dt=2026-01-01/imfs/notes.txt", "user file");
    test_dir.write("imf/dt=2026-01-01/imf_post_summary.csv", "old");
    test_dir.run(&[&QUICK[..], &["bars", "--out", "imf", "--cluster-mixed"]].concat()).ok().prints(
        &["cluster_cards_global_price.json", "imf_post_summary.csv", "are from an earlier run"],
    );
    let expected = [
        "cluster_cards_asset.json",
        "cluster_cards_global_mixed.json",
        "imf_summary.parquet",
        "run_config.json",
    ];
    // Modes took long to make, and stay.
    let (modes, others): (Vec<_>, Vec<_>) =
        names().into_iter().partition(|name| name.starts_with("imfs/"));
    assert_eq!((modes.len(), others), (5, expected.map(str::to_owned).to_vec()));
    let mixed = rows(&test_dir.file("imf/dt=2026-01-01/imf_summary.parquet"));
    assert!(mixed.iter().all(|row| row["cluster_id_global"].starts_with("GM")));
    test_dir.run(&["imf-postprocess", "--summary", "imf/dt=2026-01-01/imf_summary.parquet"]).ok();
    assert_eq!(rows(&test_dir.file("imf/dt=2026-01-01/imf_post_summary.parquet")).len(), 2);
}

fn leaders_come_from_a_file_and_a_list() {
    let test_dir = test_dir();
    market(&test_dir);
    let words = ["imf-stage", "--lookback-months", "1", "--trials", "2", "--source", "bars"];
    test_dir.run(&words).fails(2, &["no leaders", "--leaders-csv", "--leaders"]);
    test_dir.write("leaders.csv", "Ticker,x\nbasaltusd,1\nbasaltusd,2\n");
    test_dir.run(&words).ok().prints(&["basaltusd is BASALT/USD in the source"]);
    let leaders = |n: &str| {
        json(&test_dir.read(&format!("data/imf/dt={n}/run_config.json")))["leaders"].clone()
    };
    assert_eq!(leaders("2026-01-01"), Value::from(vec!["basaltusd"]));
    let both = [
        "--leaders-csv",
        "leaders.csv",
        "--leaders",
        "AMBER/USD,BASALT/USD",
        "--asof",
        "2025-12-20",
    ];
    test_dir
        .run(&[&words[..], &both[..]].concat())
        .ok()
        .prints(&["again under another spelling: BASALT/USD"]);
    assert_eq!(leaders("2025-12-20"), Value::from(vec!["basaltusd", "AMBER/USD"]));
    test_dir
        .run(&[&words[..], &["--leaders-csv", "leader.csv"]].concat())
        .fails(1, &["did you mean", "leaders.csv"]);
}

fn imf_stage_used_wrongly() {
    let test_dir = test_dir();
    market(&test_dir);
    let words = ["imf-stage", "--leaders", "AMBER/USD", "--source", "bars"];
    for (flags, said) in [
        (["--lookback-months", "0"], "--lookback-months 0 is out of range"),
        (["--min-cycle-depth-pct", "-1"], "--min-cycle-depth-pct -1 is out of range"),
        (["--max-seconds-per-asset", "0"], "is out of range"),
        (["--max-seconds-per-asset", "nan"], "is out of range"),
        (["--trials", "0"], "--trials 0 is out of range: expected 1 to"),
        (["--epsilon", "-1"], "epsilon"),
        (["--sifting", "fixed:0"], "sifts"),
        (["--n-jobs", "0"], "--n-jobs"),
        (["--asof", "soon"], "'soon' for '--asof <TIME>': expected latest"),
        (["--leaders", ""], "expected 1 to 64 bytes"),
    ] {
        test_dir.run(&[&words[..], &flags[..]].concat()).fails(2, &[said]);
    }
    test_dir.write("file", "");
    test_dir.run(&[&words[..], &["--out", "file"]].concat()).fails(1, &["file"]);
    assert!(!test_dir.file("data").exists());
}

/// A run of both series, and one that is kept apart.
fn summed(test_dir: &TestDir) -> String {
    market(test_dir);
    test_dir.run(&[&QUICK[..], &["bars", "--out", "imf"]].concat()).ok();
    "imf/dt=2026-01-01/imf_summary.parquet".to_owned()
}

fn cards_must_belong_to_the_summary() {
    let test_dir = test_dir();
    let summary = summed(&test_dir);
    let words = ["imf-postprocess", "--summary", &summary, "--series", "both"];
    test_dir.run(&words).ok();
    let price = "imf/dt=2026-01-01/cluster_cards_global_price.json";
    let good = test_dir.text(price);
    // One file that was found next to the summary, one that was given.
    test_dir.write(price, good.replacen("GP0001", "GP0007", 1));
    test_dir.run(&words).fails(
        1,
        &[price, "do not belong to the summary: GP0001 has no such cluster in the cards"],
    );
    test_dir.write("mine.json", good);
    test_dir.run(&[&words[..], &["--cards-price", "mine.json"]].concat()).ok();
    let asset = "imf/dt=2026-01-01/cluster_cards_asset.json";
    let good = test_dir.text(asset);
    test_dir.write(asset, good.replacen("\"n_imfs\": 1", "\"n_imfs\": 8", 1));
    let flags = ["--cards-price", "mine.json", "--cards-asset", asset];
    test_dir.run(&[&words[..], &flags[..]].concat()).fails(1, &[asset, "8 cycles in the cards"]);
    for (content, said) in [
        ("{}", "expected a sequence"),
        ("[{}]", "missing field `cluster_id`"),
        ("x", "unexpected format"),
    ] {
        test_dir.write("bad.json", content);
        test_dir
            .run(
                &[&words[..], &["--cards-volume", "bad.json", "--cards-price", "mine.json"]]
                    .concat(),
            )
            .fails(1, &["bad.json", said]);
    }
    test_dir
        .run(&[&words[..], &["--cards-mixed", "none.json", "--cards-price", "mine.json"]].concat())
        .fails(1, &["cannot read none.json: no such file or folder"]);
}

fn windows_and_asofs_of_sums() {
    let test_dir = test_dir();
    let summary = summed(&test_dir);
    std::fs::create_dir(test_dir.file("lone")).unwrap();
    std::fs::copy(test_dir.file(&summary), test_dir.file("lone/imf_summary.parquet")).unwrap();
    let words = ["imf-postprocess", "--summary", "lone/imf_summary.parquet"];
    test_dir.run(&words).fails(2, &["unknown window length", "--window-days", "--run-config"]);
    let days = [&words[..], &["--window-days", "31"]].concat();
    test_dir.run(&days).ok();
    let asof = || rows(&test_dir.file("lone/imf_post_summary.parquet"))[0]["asof"].clone();
    assert_eq!(asof(), "2026-01-01T00:00:00Z");
    test_dir
        .run(&[&days[..], &["--asof", "2025-12-24"]].concat())
        .ok()
        .prints(&["later than the as-of of the results"]);
    assert_eq!(asof(), "2025-12-24T23:59:59Z");
    let missing = |row: &Record| row["missing_share"].clone();
    assert_eq!(missing(&rows(&test_dir.file("lone/imf_post_summary.parquet"))[0]), "");
    test_dir
        .run(&[&words[..], &["--run-config", "imf/dt=2026-01-01/run_config.json"]].concat())
        .ok();
    assert!(number(&missing(&rows(&test_dir.file("lone/imf_post_summary.parquet"))[0])) > 0.0);
    for (content, said) in [
        ("{\"window_days\": 0}", "its key \"window_days\" is 0, not a valid length"),
        ("{\"window_days\": 9, \"asof\": []}", "its key \"asof\" is invalid"),
        (
            "{\"window_days\": 9, \"asof\": \"2025-12-31\"}",
            "config.json: belongs to another run: its as-of is 2025-12-31T23:59:59Z",
        ),
        ("nope", "unexpected format"),
    ] {
        test_dir.write("config.json", content);
        test_dir.run(&[&words[..], &["--run-config", "config.json"]].concat()).fails(1, &[said]);
    }
    // The given length wins over the run's, valid or not; a contradiction is a warning.
    test_dir.write("config.json", "{\"window_days\": 9}");
    let with_config = [&days[..], &["--run-config", "config.json"]].concat();
    test_dir
        .run(&with_config)
        .ok()
        .prints(&["window of 31 days contradicts config.json, which records 9 days"]);
    test_dir.write("config.json", "{\"window_days\": 31.0}");
    assert!(!test_dir.run(&with_config).ok().err.contains("contradicts"));
    test_dir.write("config.json", "{\"window_days\": 0}");
    test_dir.run(&with_config).ok();
    test_dir.write("config.json", "{}");
    test_dir
        .run(&[&words[..], &["--run-config", "config.json"]].concat())
        .fails(2, &["config.json does not have it"]);
    // The other form takes the place of the first.
    test_dir.run(&[&days[..], &["--format", "csv"]].concat()).ok();
    let text = test_dir.text("lone/imf_post_summary.csv");
    assert!(
        text.starts_with("symbol,asof,series,agg_period_days,") && text.contains(",\"Cycle ~"),
        "{text}"
    );
    assert!(!test_dir.file("lone/imf_post_summary.parquet").exists());
    for flags in [
        ["--amp-bands", "12", "5"],
        ["--min-energy-share", "2", "-q"],
        ["--window-days", "-1", "-q"],
    ] {
        test_dir
            .run(
                &[&days[..2], &["lone/imf_summary.parquet"], &["--window-days", "9"], &flags[..]]
                    .concat()[..],
            )
            .fails(2, &["error"]);
    }
}

fn what_is_no_summary() {
    let test_dir = test_dir();
    market(&test_dir);
    let bars = std::fs::read_dir(test_dir.file("bars/symbol=AMBER%2FUSD"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let post = |file: &str, words: &[&str]| {
        test_dir.run(&["imf-postprocess", "--summary", file, "--window-days", "9"]).fails(1, words);
    };
    post(&arg(&bars), &["no column \"symbol\" (found: timestamp, open"]);
    test_dir.write("text.parquet", "symbol\nA\n");
    post("text.parquet", &["text.parquet", "unexpected format", "Parquet"]);
    post("bars", &["bars", "folder"]);
    post("nothing.parquet", &["cannot read nothing.parquet: no such file or folder"]);
}

fn short_windows_and_few_columns() {
    let test_dir = test_dir();
    let mut text = "Pair,Time,close,vol\n".to_owned();
    for i in 0..600 {
        let price =
            100.0 * (1.0 + 0.05 * (f64::from(i) / 9.0).sin()) * (0.0006 * f64::from(i)).exp();
        text += &format!("LONG,{},{price},{}\n", 1_704_067_200 + 60 * i, 3 + i * i % 101);
    }
    text += "SHORT,1704067200,1,1\nSHORT,1704068200,1,1\nSHORT,1704067260,1,1\n";
    test_dir.write("cohort.csv", text);
    let words = [
        "imf-cluster",
        "losers",
        "--input",
        "cohort.csv",
        "--windows",
        "1h,6h,3d",
        "--out-dir",
        "out",
    ];
    let run = test_dir.run(&words).ok();
    run.prints(&[
        "skipped for fewer than 100 minutes",
        "LONG 1h (60 minutes)",
        "SHORT 1h (2 minutes), 6h (2 minutes)",
    ]);
    let found = json(&test_dir.read("out/imf_clusters_losers.json"));
    assert_eq!(found["LONG"].as_object().unwrap().keys().collect::<Vec<_>>(), ["1h", "6h", "3d"]);
    assert_eq!(found["SHORT"]["3d"], serde_json::json!({"gmm": [], "dbscan": []}));
    assert!(!found["LONG"]["3d"]["dbscan"][0].is_null(), "{found}");
    assert!(test_dir.text("out/imf_clusters_losers.txt").contains("\nSHORT, NA, NA\n"));
    // A steep gate leaves no rise.
    test_dir.run(&[&words[..], &["--min-amplitude-pct", "5000"]].concat()).ok();
    assert!(test_dir.text("out/imf_clusters_losers.txt").starts_with("LONG, NA, NA\n"));
}

fn imf_cluster_used_wrongly() {
    let test_dir = test_dir();
    test_dir.run(&["imf-cluster", "gainers"]).fails(1, &["no cohort file", "leaderboards"]);
    test_dir.run(&["imf-cluster", "movers"]).fails(2, &["invalid value 'movers'"]);
    test_dir.write("empty.csv", "symbol,timestamp,close,volume\n");
    test_dir
        .run(&["imf-cluster", "gainers", "--input", "empty.csv"])
        .fails(1, &["empty.csv has no bars"]);
    test_dir.write("bad.csv", "symbol,timestamp,open\nA,1,2\n");
    // A stray time long before all others costs nothing, and a number beyond all bounds is its
    // symbol's alone.
    let stray = "symbol,timestamp,close,volume\nA,1900-01-01,1,1\nB,2024-01-01T04:00,1e200,1\n";
    let minutes = (0..200).map(|i| {
        format!("A,{},{},{}\nB,{0},{1},1\n", 1_704_067_200 + 60 * i, 5 + i % 7, 1 + i % 3)
    });
    test_dir.write("stray.csv", stray.to_owned() + &minutes.collect::<String>());
    let run =
        test_dir.run(&["imf-cluster", "gainers", "--input", "stray.csv", "--windows", "6h"]).ok();
    run.prints(&["B over 6h: cannot be decomposed"]);
    test_dir
        .run(&["imf-cluster", "gainers", "--input", "bad.csv"])
        .fails(1, &["no column", "\"close\", \"volume\""]);
    test_dir
        .write("nan.csv", "symbol,timestamp,close,volume\nA,1704067200,NaN,1\nA,1704067260,-1,1\n");
    test_dir
        .run(&["imf-cluster", "gainers", "--input", "nan.csv"])
        .fails(1, &["has no bars"])
        .prints(&["skipped"]);
    for (flags, said) in [
        (["--windows", "1h,1h"], "duplicate window"),
        (["--windows", "1M"], "ambiguous window"),
        (["--min-points", "3"], "--min-points 3 is out of range: expected 4 or more"),
        (
            ["--min-amplitude-pct", "-2"],
            "--min-amplitude-pct -2 is out of range: expected 0 or more",
        ),
    ] {
        test_dir
            .run(&[&["imf-cluster", "gainers", "--input", "empty.csv"][..], &flags[..]].concat())
            .fails(2, &[said]);
    }
}

const READ_BACK: &str = r#"
import sys, numpy, pandas
folder = sys.argv[1]
summary = pandas.read_parquet(folder + "/imf_summary.parquet")
assert str(summary["asof"].dtype) == "datetime64[us, UTC]", summary["asof"].dtype
for name in ["imf_id", "cycles_count", "cluster_size_global", "cluster_size_asset"]:
    assert "int" in str(summary[name].dtype).lower() or summary[name].isna().any(), name
for series in ["price", "volume"]:
    with numpy.load(folder + f"/imfs/AMBER%2FUSD_{series}.npz") as modes:
        imfs, residue, variances = modes["imfs"], modes["residue"], modes["imf_variances"]
    assert imfs.shape[1] == residue.shape[0] == 31 * 1440, imfs.shape
    assert numpy.allclose(imfs.var(axis=1), variances, rtol=1e-12)
    own = summary[(summary["symbol"] == "AMBER/USD") & (summary["series"] == series)]
    share = variances / variances.sum()
    assert numpy.allclose(own["energy_share"], share[own["imf_id"]], rtol=1e-12)
post = pandas.read_parquet(folder + "/imf_post_summary.parquet")
assert (post["text_summary"].str.len() <= 120).all() and len(post) == 4
print("read")
"#;

fn numpy_and_pandas_read_it() {
    let test_dir = test_dir();
    market(&test_dir);
    test_dir
        .run(&[&QUICK[..], &["bars", "--out", "imf", "--persist-imfs", "--detrend"]].concat())
        .ok();
    let folder = test_dir.file("imf/dt=2026-01-01");
    let summary = arg(&folder.join("imf_summary.parquet"));
    test_dir.run(&["imf-postprocess", "--summary", &summary, "--series", "both"]).ok();
    let mut command = Command::new(python().expect("a Python"));
    command.args(["-c", READ_BACK]).arg(&folder);
    assert_eq!(finish(command).ok().out.trim(), "read");
    // The straight line went out before: what is left over has none to speak of.
    let residue = npz::load(&folder.join("imfs/AMBER%2FUSD_price.npz"), "residue").values;
    assert!(residue.iter().sum::<f64>().abs() / (residue.len() as f64) < 1.0);
}
