//! Snapshots of the texts that the program prints: help, errors and tables. A change of words shows
//! in the review as a change of `snapshots/`.
//!
//! `INSTA_UPDATE=always cargo test --package data-pipeline --test texts` rewrites the snapshots.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::process::Command;

use support::{HEADER, market, test_dir};
use testkit::program::{Run, TestDir, finish};

/// Compares `text` with the snapshot `name`.
fn check(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Runs a line of the shell in the folder; the program is `data-pipeline`.
fn shell(test_dir: &TestDir, line: &str) -> Run {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_data-pipeline"));
    let path = std::env::var("PATH").unwrap_or_default();
    let folder = program.parent().expect("a folder").display();
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(test_dir.path()).stdin(std::process::Stdio::null());
    for (name, value) in test_dir.command(&["check"]).get_envs() {
        assert!(value.is_none(), "only removed variables");
        command.env_remove(name);
    }
    // Without a terminal, help is as wide as COLUMNS.
    command.env("PATH", format!("{folder}:{path}")).env("COLUMNS", "100");
    finish(command)
}

#[test]
fn help_of_the_program_and_of_every_command() {
    let test_dir = test_dir();
    let help = |command: &str| {
        let text = |flag: &str| {
            let line = format!("data-pipeline {command} {flag}").replace("  ", " ");
            format!("$ {line}\n{}", shell(&test_dir, &line).ok().out)
        };
        [text("-h"), text("--help")].join("\n")
    };
    let program = help("");
    let listed = program.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<&str> = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 15, "{names:?}");
    check("help", &program);
    for command in names.into_iter().chain(["config init", "config show"]) {
        check(&format!("help_{}", command.replace(' ', "_")), &help(command));
    }
}

/// Files of the cases of [`ERRORS`], besides those that [`write_files`] generates.
const FILES: &[(&str, &str)] = &[
    ("bad-key.toml", "[leaderboards]\ntopn = 3\n"),
    ("bad-months.toml", "[state]\nmonths = 500\n"),
    ("bad-number.toml", "[leaderboards]\ntop-n = \"many\"\n"),
    ("bad-syntax.toml", "source = \n"),
    ("bad-table.toml", "[leaderboards]\ntop-n = { a = 1 }\n"),
    ("bad-threads.toml", "threads = 0\n"),
    ("bad-windows.toml", "[leaderboards]\nwindows = \"1h,4x\"\n"),
    ("bad.csv", "symbol,timestamp,open\nA,1,2\n"),
    ("blank.csv", "close\n1\n2\n\n3\n2\n"),
    ("cards-array.json", "[{}]"),
    ("cards-object.json", "{}"),
    ("config-empty.json", "{}"),
    ("config-other.json", "{\"window_days\": 9, \"asof\": \"2025-12-31\"}"),
    ("config-text.json", "nope"),
    ("config-zero.json", "{\"window_days\": 0}"),
    ("damaged/leaderboards_summary.json", "{ not json"),
    (
        "either.csv",
        "symbol;timestamp;open;high;low;close;volume\nA;2024-01-01 00:00;1,234;2;1;1;1\n",
    ),
    ("empty", ""),
    ("few.csv", "symbol,timestamp,close\nA,2024-01-01 00:00:00,5\n"),
    ("gap.csv", "close\n1\n2\n3\nNaN\n2\n"),
    ("header.csv", HEADER),
    ("huge.csv", "close\n1\n2e200\n3\n1\n"),
    ("infinite.csv", "close\n1\ninf\n3\n2\n1\n"),
    ("klines/x.csv", HEADER),
    ("list.csv", "symbol\nA/B\n"),
    ("names.csv", "Ticker,When,O,High,Low,Close,Volume\nA,2021-04-02 00:00,1,1,1,1,1\n"),
    ("nan.csv", "symbol,timestamp,close,volume\nA,1704067200,NaN,1\nA,1704067260,-1,1\n"),
    ("no-rows.csv", "close\n"),
    ("no-symbol.csv", "name,price\nA,5\n"),
    ("not-parquet.parquet", "PAR1 and no more"),
    ("open.csv", "open\n1\n"),
    ("plain.csv", "1704067200,1,2,1,2,0.5,3\n"),
    ("short.csv", "close\n1\n2\n3\n"),
    ("text.csv", "close\n1\nhigh\n"),
    ("tie.csv", "symbol,x;close\nA,1;2\n"),
    ("unknown.csv", "symbol\nX\n"),
    ("wide.csv", "close\n1,5\n"),
    ("XBTUSD_5.csv", "1704067200,1,2,1,2,0.5,3\n"),
    ("zero.csv", "close\n1\n0\n3\n2\n1\n"),
];

/// Commands that succeed and write what the cases of [`ERRORS`] need.
const SETUP: &[&str] = &[
    "mkdir folder void folder.npz && mkfifo pipe",
    "data-pipeline sample --into store --symbols 3 --days 40",
    "data-pipeline leaderboards --source store --top-n 2 --out-dir boards",
    "data-pipeline imf-stage --leaders AMBER/USD --source store --lookback-months 1 \
     --trials 2 --out imf",
    "cp imf/dt=*/imf_summary.parquet lone.parquet",
    "data-pipeline state --input bars.csv --source bars.csv --shard 1/3 --out parts",
    "data-pipeline config init exists.toml",
];

/// Arguments with which the program fails, by subject. Lines that set variables name the program.
const ERRORS: &[(&str, &[&str])] = &[
    (
        "data-pipeline",
        &[
            "leaderboard",
            "check --threads 0 --source bars.csv",
            "check --quiet --verbose",
            "check --log-file x.log --no-log-file",
            "check --config exist.toml",
            "check --format csv",
        ],
    ),
    (
        "source",
        &[
            "check",
            "check --source ''",
            "check --source bars.cvs",
            "check --source folder",
            "check --source klines",
            "check --source pipe",
            "check --source header.csv",
            "check --source closes.csv",
            "check --source dirty.csv",
            "check --source twice.csv",
            "check --source hourly.csv",
            "check --source not-parquet.parquet",
            "check --source escape.csv",
            "check --source https://h/bars.csv",
            "check --source mysql:/x",
            "check --source mysql://h/d",
            "check --source 'mysql://me:Se#cret@host/market'",
            "check --source mariadb://me:Secret@host/market",
            "check --source postgres://me:Secret@host/market",
            "check --source bars.csv --host x",
            "check --host h:33 --port 3",
            "check --port 70000",
            "check --ssl-mode maybe",
            "DB_PORT=many data-pipeline check",
            "OHLCVT_TABLE=bars data-pipeline check",
        ],
    ),
    (
        "configuration",
        &[
            "leaderboards --source bars.csv --config bad-key.toml",
            "leaderboards --source bars.csv --config bad-number.toml",
            "leaderboards --source bars.csv --config bad-syntax.toml",
            "leaderboards --source bars.csv --config bad-table.toml",
            "leaderboards --source bars.csv --config bad-threads.toml",
            "leaderboards --source bars.csv --config bad-windows.toml",
            "state --source bars.csv --input bars.csv --config bad-months.toml",
            "config init exists.toml",
            "config show stat",
            "config show state --monhts 3",
            "config show leaderboards --config bad-number.toml",
            "completions cmd",
        ],
    ),
    (
        "leaderboards",
        &[
            "leaderboards --source bars.csv --top-n 0",
            "leaderboards --source bars.csv --top-n 1e3",
            "leaderboards --source bars.csv --top-n -5",
            "leaderboards --source bars.csv --top 3",
            "leaderboards --source bars.csv --windows 1h,5x",
            "leaderboards --source bars.csv --windows 24h,1d",
            "leaderboards --source bars.csv --windows 1M",
            "leaderboards --source bars.csv --lookback-days 0",
            "leaderboards --source bars.csv --lookback-days 2 --enable-72h",
            "leaderboards --source bars.csv --asof tomorrow",
            "leaderboards --source bars.csv --asof 9999-12-31",
            "leaderboards --source bars.csv --asof 2023-12-31",
            "leaderboards --source bars.csv --asof 2024-02-01",
            "leaderboards --source dirty.csv --asof 2024-02-01 --strict",
            "leaderboards --source bars.csv --symbols NONE",
            "leaderboards --source bars.csv --quote EUR",
            "leaderboards --source bars.csv --exclude '*'",
            "leaderboards --source bars.csv --min-volume -1",
            "leaderboards --source bars.csv --min-volume 1e15",
            "leaderboards --source bars.csv --shard 4/3",
            "leaderboards --source bars.csv --out-dir empty",
            "leaderboards --source header.csv",
            "leaderboards --source bars.csv --every 1d",
            "leaderboards --source bars.csv --format csv",
            "leaderboards --source bars.csv --from 2024-01-01",
            "leaderboards --source bars.csv --from latest --to latest",
            "leaderboards --source bars.csv --from 2024-01-02 --to 2024-01-01",
            "leaderboards --source bars.csv --from 2023-01-01 --to 2023-01-02",
            "leaderboards --source bars.csv --from 1950-01-01 --to 2024-01-01 --every 1m",
            "leaderboards --source bars.csv --from 2024-01-01 --to latest --asof latest",
            "leaderboards --source bars.csv --from 2024-01-01 --to latest --shard 1/2",
            "leaderboards --source bars.csv --from 2024-01-01 --to latest --cohort-format csv",
            "leaderboards --source bars.csv --from 2024-01-01 --to latest --format csv \
             --compression zstd",
        ],
    ),
    (
        "metrics",
        &[
            "metrics",
            "metrics movers",
            "metrics overlaps",
            "metrics overlaps --input few.csv",
            "metrics overlaps --input header.csv",
            "metrics losers --input bars.csv --asof 2020-01-01",
            "metrics losers --input bars.csv --months 0",
            "metrics losers --input bars.csv --min-baseline-n 0",
            "metrics losers --input bars.csv --coverage-threshold 1.5",
            "metrics losers --input bars.csv --coverage-threshold x",
            "metrics losers --input bars.csv --windows 90s",
            "metrics losers --input bars.csv --select nope",
            "metrics losers --input bars.csv --output bars.csv",
            "metrics losers --input bars.csv --output m.csv.gz",
            "metrics losers --input bars.csv --output empty/m.csv",
            "metrics losers --input bars.csv --series-output losers_metrics.csv",
            "metrics losers --input bars.csv --series-output s.csv --no-baseline",
            "metrics losers --input bars.csv --source bars.csv --output ./bars.csv",
            "metrics losers --input dirty.csv --source dirty.csv --strict",
            "metrics losers --input bars.csv --source bars.csv --shard 1/2 --long",
        ],
    ),
    (
        "state",
        &[
            "state",
            "state --input no-symbol.csv",
            "state --input header.csv",
            "state --input list.csv",
            "state --input unknown.csv --source bars.csv",
            "state --input bars.csv --asof soon",
            "state --input bars.csv --asof 2020-01-01",
            "state --input bars.csv --drop nope",
            "state --input bars.csv --coverage-threshold nan",
            "state --input bars.csv --out empty",
            "state --input bars.csv --from 2024-01-01",
            "state --input bars.csv --from latest --to latest",
            "state --input bars.csv --from 2024-01-02 --to 2024-01-01",
            "state --input bars.csv --from 1900-01-01 --to 2024-01-01 --every 1m",
            "state --input bars.csv --shard 1/2 --dry-run",
            "state --input bars.csv --source bars.csv --shard 1/2 --select 'rsi*'",
        ],
    ),
    (
        "regime",
        &[
            "regime",
            "regime --input bars.csv --windows 36h",
            "regime --input bars.csv --breakout-lookback-days 0",
            "regime --input bars.csv --from 2024-01-01 --to 2024-01-02 --every 12h",
            "regime --input bars.csv --series-output bars.csv",
            "regime --input bars.csv --series-output s.csv.gz",
            "regime --input bars.csv --series-output s.csv --shard 1/2",
            "regime --input bars.csv --format csv --compression zstd",
        ],
    ),
    (
        "merge",
        &[
            "merge",
            "merge void",
            "merge nowhere",
            "merge parts",
            "merge parts --format csv --compression zstd",
        ],
    ),
    (
        "emd",
        &[
            "emd",
            "emd --input nowhere.csv",
            "emd --input bars.csv",
            "emd --input bars.csv --symbol NONE",
            "emd --input zero.csv --symbol A",
            "emd --input bars.csv --column nope",
            "emd --input open.csv",
            "emd --input empty",
            "emd --input no-rows.csv",
            "emd --input gap.csv",
            "emd --input blank.csv",
            "emd --input infinite.csv",
            "emd --input zero.csv --log",
            "emd --input text.csv",
            "emd --input wide.csv",
            "emd --input short.csv",
            "emd --input huge.csv",
            "emd --input zero.csv --trials 0",
            "emd --input zero.csv --epsilon -1",
            "emd --input zero.csv --sifting fixed:0",
            "emd --input zero.csv --sifting often",
            "emd --input zero.csv --preset pyemd --noise-scale fastest",
            "emd --input zero.csv --method emd --seed 3",
            "emd --input zero.csv --out modes.csv",
            "emd --input zero.csv --out folder.npz",
        ],
    ),
    (
        "imf-stage",
        &[
            "imf-stage --source store",
            "imf-stage --source store --leaders ''",
            "imf-stage --source store --leaders-csv leader.csv",
            "imf-stage --source store --leaders AMBER/USD --lookback-months 0",
            "imf-stage --source store --leaders AMBER/USD --min-cycle-depth-pct -1",
            "imf-stage --source store --leaders AMBER/USD --max-seconds-per-asset 0",
            "imf-stage --source store --leaders AMBER/USD --n-jobs 0",
            "imf-stage --source store --leaders AMBER/USD --trials 0",
            "imf-stage --source store --leaders AMBER/USD --out empty",
            "imf-stage --source nowhere.csv --leaders A --from 2025-12-30 --to 2025-12-31 \
             --every 12h",
            "imf-stage --source store --leaders AMBER/USD --from 2025-12-31 --to 2025-12-30",
            "imf-stage --source store --leaders-csv void --from 2025-12-30 --to 2025-12-31",
        ],
    ),
    (
        "imf-postprocess",
        &[
            "imf-postprocess",
            "imf-postprocess --summary nothing.parquet",
            "imf-postprocess --summary void",
            "imf-postprocess --summary not-parquet.parquet --window-days 9",
            "imf-postprocess --summary lone.parquet",
            "imf-postprocess --summary lone.parquet --window-days -1",
            "imf-postprocess --summary lone.parquet --window-days 9 --amp-bands 12 5",
            "imf-postprocess --summary lone.parquet --window-days 9 --min-energy-share 2",
            "imf-postprocess --summary lone.parquet --run-config config-empty.json",
            "imf-postprocess --summary lone.parquet --run-config config-other.json",
            "imf-postprocess --summary lone.parquet --run-config config-text.json",
            "imf-postprocess --summary lone.parquet --run-config config-zero.json",
            "imf-postprocess --summary lone.parquet --window-days 9 --cards-price cards-array.json",
            "imf-postprocess --summary lone.parquet --window-days 9 \
             --cards-price cards-object.json",
            "imf-postprocess --summary lone.parquet --window-days 9 --cards-mixed none.json",
        ],
    ),
    (
        "imf-cluster",
        &[
            "imf-cluster gainers",
            "imf-cluster movers",
            "imf-cluster gainers --input header.csv",
            "imf-cluster gainers --input bad.csv",
            "imf-cluster gainers --input nan.csv",
            "imf-cluster gainers --input bars.csv --windows 1h,1h",
            "imf-cluster gainers --input bars.csv --min-points 3",
            "imf-cluster gainers --input bars.csv --min-amplitude-pct -2",
        ],
    ),
    (
        "fetch-history",
        &[
            "fetch-history gainers --source bars.csv",
            "fetch-history gainers --source bars.csv --input-csv list.csv --days 0",
            "fetch-history gainers --source bars.csv --input-csv list.csv --asof 2001-01-01",
            "fetch-history gainers --source bars.csv --input-csv list.csv --output-csv list.csv",
            "fetch-history gainers --source bars.csv --input-csv list.csv --output-csv pipe",
        ],
    ),
    (
        "import",
        &[
            "import",
            "import overlpas.csv",
            "import pipe",
            "import bars.csv --into empty",
            "import void",
            "import ALL_1.csv",
            "import bars.csv --symbol X",
            "import plain.csv",
            "import XBTUSD_5.csv --symbol X",
            "import hourly.csv",
            "import quote.csv",
            "import never.csv",
            "import dirty.csv --strict",
            "import either.csv",
            "import either.csv --decimal .",
            "import either.csv --decimal x",
            "import either.csv --delimiter tab",
            "import either.csv --delimiter x",
            "import tie.csv",
            "import uk.csv",
            "import uk.csv --timestamp-format %H:%M",
            "import excel.csv",
            "import names.csv",
            "import names.csv --columns timestamp=Then,open=O",
            "import names.csv --columns opne=O",
            "import bars.duckdb",
            "import https://h/bars.csv",
        ],
    ),
    (
        "sample",
        &[
            "sample --into store --seed 2",
            "sample --into s --symbols 0",
            "sample --into s --days 5000",
        ],
    ),
    (
        "sync, kraken-losers",
        &[
            "sync",
            "sync --since latest",
            "kraken-losers --base-url ftp://127.0.0.1",
            "kraken-losers --base-url nonsense",
            "kraken-losers --top-n 0",
            "kraken-losers --min-volume nan",
            "kraken-losers --output losers.xlsx",
        ],
    ),
    (
        "run, report, columns",
        &[
            "run",
            "run --source header.csv --out-dir out",
            "run --source bars.csv --out-dir out --top-n 0",
            "run --source bars.csv --out-dir out --windows bananas",
            "run --source bars.csv --out-dir out --asof soon",
            "run --source bars.csv --out-dir out --asof 2020-01-01",
            "run --source bars.csv --out-dir out --cohorts winners",
            "run --source bars.csv --out-dir out --skip-leaderboards",
            "report --dir nowhere",
            "report --dir void",
            "report --dir damaged",
            "columns nope",
        ],
    ),
];

/// Writes the files of the cases.
fn write_files(test_dir: &TestDir) {
    for (name, content) in FILES {
        test_dir.write(name, content);
    }
    let rows = |rows: &str| format!("{HEADER}{rows}");
    let hour = |i: i64| format!("A,{},1,1,1,1,1\n", 1_704_067_200 + i * 3600);
    let close = |i: i64| format!("A,2024-01-01 00:0{i}:59.999,1,1,1,1,1\n");
    for (name, content) in [
        ("ALL_1.csv", market(&["A", "B"], 1)),
        ("bars.csv", market(&["A/B", "C/D"], 30)),
        ("closes.csv", rows(&(0..9).map(close).collect::<String>())),
        ("dirty.csv", market(&["A"], 30) + "A,2024-01-01 00:00:00,5,5,5,-5,1\n"),
        ("escape.csv", "\x1b[31msymbol,\0x\n".to_owned()),
        ("excel.csv", rows("A,44288,1,1,1,1,1\nA,44280.0,1,1,1,1,1\n")),
        ("hourly.csv", rows(&(0..40).map(hour).collect::<String>())),
        ("never.csv", rows("A,never,1,1,1,1,1\n")),
        ("overlaps.csv", market(&["A"], 1)),
        ("quote.csv", rows("A,2024-01-01 00:00,1,1,1,1,1\nA,\"2024-01-01 00:01,1,1,1,1,1\n")),
        ("twice.csv", market(&["XBT/USD", "BTCUSD"], 2)),
        ("uk.csv", rows("A,02/04/2021 00:00,1,1,1,1,1\nA,02/04/2021 00:01,1,1,1,1,1\n")),
    ] {
        test_dir.write(name, content);
    }
    test_dir.write("bars.duckdb", b"\x01\x02\x03\x04\x05\x06\x07\x08DUCK\0\0");
}

#[test]
fn errors_with_their_remedies() {
    let test_dir = test_dir();
    write_files(&test_dir);
    for line in SETUP {
        shell(&test_dir, line).ok();
    }
    let files = || shell(&test_dir, "find . -type f ! -name pipeline.log | sort").ok().out;
    let before = files();
    let folder = test_dir.path().display().to_string();
    let mut text = String::new();
    for (command, lines) in ERRORS {
        text += &format!("## {command}\n\n");
        for line in *lines {
            let is_whole = line.contains("data-pipeline");
            let line = if is_whole { line.to_string() } else { format!("data-pipeline {line}") };
            let run = shell(&test_dir, &line);
            let status = run.status.unwrap_or_default();
            assert!(matches!(status, 1 | 2), "{line}: {status}\n{}{}", run.out, run.err);
            // Warnings before the error may depend on the time.
            let error = run.err.lines().skip_while(|line| !line.starts_with("error: "));
            let error: Vec<&str> = error.map(str::trim_end).collect();
            assert!(!error.is_empty(), "{line}:\n{}", run.err);
            let error = error.join("\n").replace(&folder, "DIR");
            text += &format!("$ {line}\n{}\n[{status}]\n\n", error.trim_end());
        }
    }
    check("errors", &text);
    assert_eq!(files(), before, "a command that fails leaves no file");
}

/// Widths of terminals.
const WIDTHS: [u16; 2] = [80, 120];

/// Commands that print tables, in the order in which they need each other's outputs.
const TABLES: &[(&str, &str)] = &[
    ("check", "check --source bars"),
    ("leaderboards", "leaderboards --source bars --top-n 4 --windows 1h,4h,24h"),
    ("metrics", "metrics overlaps --source bars --months 1"),
    ("state", "state --source bars --months 1"),
    ("regime", "regime --source bars --windows 3d,7d --months 1"),
    (
        "imf-stage",
        "imf-stage --source bars --leaders-csv habitual_overlaps.csv --lookback-months 1 \
         --trials 4",
    ),
    (
        "imf-postprocess",
        "imf-postprocess --summary data/imf/dt=2026-01-01/imf_summary.parquet --series both",
    ),
    ("imf-cluster", "imf-cluster overlaps --windows 6h,3d"),
    ("emd", "emd --input habitual_losers.csv --symbol AMBER/USD --trials 4 --log"),
    ("columns", "columns adx_4h"),
    ("run", "run --source bars --top-n 4 --lookback-months 1 --out-dir out --force"),
];

#[test]
fn tables_on_terminals() {
    let test_dir = test_dir();
    test_dir.write("data-pipeline.toml", "[imf-stage]\ntrials = 4\n");
    test_dir.run(&["sample", "--into", "bars", "--symbols", "8", "--days", "40"]).ok();
    for (name, line) in TABLES {
        let mut text = String::new();
        for width in WIDTHS {
            // Progress and warnings go to standard error.
            let run = test_dir.run_on_terminal(&format!("{line} 2>/dev/null"), width, &[]).ok();
            let shown = without_times(&without_styles(&run.out));
            let ruler = "-".repeat(width.into());
            text += &format!("{width} columns: data-pipeline {line}\n{ruler}\n{shown}\n");
            let table = shown.lines().filter(|line| line.starts_with(' '));
            let widest = table.map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(widest <= width.into(), "{name}: {widest} columns\n{shown}");
        }
        check(&format!("table_{}", name.replace('-', "_")), &text);
    }
}

/// Removes escape sequences for styles.
fn without_styles(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    let plain =
        |part: &str| part.split_once('m').map_or(String::new(), |(_, rest)| rest.to_owned());
    parts.fold(first, |text, part| text + &plain(part))
}

/// Replaces durations by `TIME`, with the bars that show them, and sizes of files by `SIZE`: some
/// files contain times.
fn without_times(text: &str) -> String {
    let mut section = "";
    let line = |line| {
        let words: Vec<&str> = str::split_whitespace(line).collect();
        let is_number = |word: &&str| word.parse::<f64>().is_ok();
        let seconds = words.windows(2).position(|pair| is_number(&pair[0]) && pair[1] == "s");
        match words[..] {
            [] => section = "",
            ["Stages"] => section = "stages",
            ["Files"] => section = "files",
            _ => {}
        }
        match (section, seconds, &words[..]) {
            ("stages", Some(at), _) => format!(" {}  TIME", words[..at].join(" ")),
            ("stages", None, ["stage", ..]) => " stage  time".to_owned(),
            ("files", _, ["file", "size"]) => " file  size".to_owned(),
            ("files", _, [file, _, ..]) => format!(" {file}  SIZE"),
            (_, Some(at), _) => line.replace(&format!("{} s", words[at]), "TIME"),
            _ => line.trim_end().to_owned(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}
