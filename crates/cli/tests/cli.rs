//! The program as a person runs it, mostly with something wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::process::{Command, Stdio};

use support::tables::{json, number, rows};
use support::{HEADER, market, test_dir};
use testkit::program::{Run, TestDir, finish};

/// Flags that fit two days of bars.
const SHORT: [&str; 6] = ["--windows", "1h,4h", "--lookback-days", "1", "--top-n", "2"];

fn leaderboards(test_dir: &TestDir, source: &str, flags: &[&str]) -> testkit::program::Run {
    test_dir.run(&[&["leaderboards", "--source", source], &SHORT[..], flags].concat())
}

#[test]
fn boards_from_a_file_and_from_the_default_store() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A/B", "C", "D"], 30));
    let run = leaderboards(&test_dir, "bars.csv", &["--out-dir", "file"]).ok();
    for word in ["Top Gainers", "Top Losers", "Top Overlap", "appearances", "3 of 3 symbols ranked"]
    {
        assert!(run.out.contains(word), "{}", run.out);
    }
    assert!(
        run.err.contains("reading bars from file bars.csv") && run.err.contains("days ago"),
        "{}",
        run.err
    );
    assert!(!run.out.contains('\x1b'), "no color in a pipe");
    test_dir.run(&["import", "bars.csv"]).ok();
    let default =
        test_dir.run(&[&["leaderboards", "--out-dir", "store"], &SHORT[..]].concat()).ok();
    assert!(default.err.contains("store data/bars"), "{}", default.err);
    assert_eq!(test_dir.tree("file"), test_dir.tree("store"));
    let csv = test_dir.text("file/habitual_gainers.csv");
    assert!(csv.starts_with("symbol,timestamp,open,high,low,close,volume\n"));
    assert!(test_dir.text("file/pipeline.log").contains("leaderboards done"));
}

/// The stacks of the threads do not fit into the memory that the process may use.
#[test]
#[cfg(target_os = "linux")]
fn too_many_threads_are_an_error() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 1));
    let program = env!("CARGO_BIN_EXE_data-pipeline");
    let line = format!("ulimit -v 3500000; exec {program} check --source bars.csv --threads 1024");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(test_dir.path());
    // With stacks of a gigabyte the fourth fails, while there is memory for everything else.
    shell.env("RUST_MIN_STACK", (1 << 30).to_string());
    let run = finish(shell).fails(1, &["cannot start the threads (1024)", "fewer with --threads"]);
    assert_eq!(run.err.matches("temporarily unavailable").count(), 1, "{}", run.err);
}

/// Returns the shell's words that run the program with room for `threads` threads. With stacks of a
/// gigabyte the next one fails, while there is memory for everything else.
fn with_room_for(threads: u64, words: &str) -> String {
    let (program, kilobytes) = (env!("CARGO_BIN_EXE_data-pipeline"), (threads << 20) + 700_000);
    format!("ulimit -v {kilobytes}; RUST_MIN_STACK={} exec {program} {words}", 1 << 30)
}

/// Two threads of the program run always: one waits for signals, one is the pool's.
#[test]
#[cfg(target_os = "linux")]
fn threads_that_cannot_start_are_an_error() {
    let test_dir = test_dir();
    test_dir.run(&["sample", "--into", "bars", "--symbols", "3", "--days", "35"]).ok();
    let boards = "leaderboards --source bars --lookback-days 1 --top-n 1 --out-dir out";
    let cycles = "imf-stage --source bars --leaders AMBER/USD --lookback-months 1 --trials 2";
    for (threads, words) in [
        (0, boards),
        // The files of bars have a thread that writes, and one that syncs.
        (2, boards),
        (3, boards),
        // A thread asks whether to cancel.
        (2, cycles),
        // The lookup of a host, and a connection.
        (2, "kraken-losers --base-url http://127.0.0.1:1"),
        (2, "check --source mysql://me@127.0.0.1:1/market"),
    ] {
        let mut shell = Command::new("sh");
        let line = with_room_for(threads, &format!("{words} --threads 1 --no-log-file"));
        shell.args(["-c", &line]).current_dir(test_dir.path()).env("DB_PASSWORD", "x");
        let run = finish(shell);
        assert!(!run.err.contains("bug in"), "{threads} {words}: {}", run.err);
        run.fails(1, &["cannot start a thread: ", "help: use fewer with --threads, or raise"]);
        let files = test_dir.tree(".").into_keys().map(|path| path.display().to_string());
        assert_eq!(files.filter(|path| path.ends_with(".tmp")).count(), 0, "{words}");
    }
    // Without its thread a progress bar stands still during long steps, and all results are there.
    let line = with_room_for(2, "check --source bars --threads 1 --no-log-file");
    test_dir.write("check.sh", line);
    let mut terminal = Command::new("script");
    terminal.args(["-qec", "sh check.sh", "/dev/null"]).current_dir(test_dir.path());
    let run = finish(terminal).ok();
    assert!(run.out.contains("3 symbols"), "{}", run.out);
}

#[test]
fn one_and_two_threads_give_the_same_bytes() {
    let test_dir = test_dir();
    test_dir.run(&["sample", "--into", "bars", "--symbols", "12", "--days", "6"]).ok();
    for threads in ["1", "2"] {
        let flags =
            ["--threads", threads, "--out-dir", threads, "--lookback-days", "5", "--top-n", "4"];
        test_dir.run(&[&["leaderboards", "--source", "bars"], &flags[..]].concat()).ok();
        test_dir
            .run(&[
                "sample",
                "--into",
                &format!("{threads}/bars"),
                "--symbols",
                "12",
                "--days",
                "6",
                "--threads",
                threads,
            ])
            .ok();
    }
    assert_eq!(test_dir.tree("1"), test_dir.tree("2"));
}

#[test]
fn deleting_the_future_changes_no_byte() {
    let test_dir = test_dir();
    let text = market(&["A", "B", "LATE"], 40);
    // LATE begins after the as-of: with the future deleted it does not exist.
    let asof = 1_704_240_000 - 3600 * 5;
    let time = |line: &str| line.split(',').nth(1).and_then(|t| t.parse::<i64>().ok());
    let keep = |line: &&str| !line.starts_with("LATE") || time(line).is_some_and(|t| t >= asof);
    let all: String = text.lines().filter(keep).map(|line| format!("{line}\n")).collect();
    let past: String = all
        .lines()
        .filter(|l| time(l).is_none_or(|t| t < asof))
        .map(|l| format!("{l}\n"))
        .collect();
    test_dir.write("all.csv", &all);
    test_dir.write("past.csv", &past);
    test_dir.run(&["import", "all.csv", "--into", "all"]).ok();
    for (source, out) in [("all.csv", "1"), ("past.csv", "2"), ("all", "3")] {
        leaderboards(&test_dir, source, &["--asof", &asof.to_string(), "--out-dir", out]).ok();
    }
    assert_eq!(test_dir.tree("1"), test_dir.tree("2"));
    assert_eq!(test_dir.tree("1"), test_dir.tree("3"));
}

#[test]
fn usage_errors() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "B"], 30));
    let run =
        |flags: &[&str]| test_dir.run(&[&["leaderboards", "--source", "bars.csv"], flags].concat());
    run(&["--top-n", "0"]).fails(2, &["--top-n 0 is out of range: expected 1 or more"]);
    run(&["--windows", "1h,5x"]).fails(2, &["invalid window \"5x\"", "90m, 4h or 3d"]);
    run(&["--windows", "24h,1d"]).fails(2, &["duplicate window \"1d\""]);
    run(&["--lookback-days", "0"]).fails(2, &["--lookback-days 0"]);
    run(&["--asof", "tomorrow"]).fails(2, &["'tomorrow' for '--asof <TIME>': expected latest"]);
    run(&["--top", "3"]).fails(2, &["--top"]);
    run(&["--host", "x"]).fails(2, &["both the path bars.csv and database flags"]);
    test_dir.run(&["leaderboards", "--source", "mysql:/x"]).fails(2, &["mysql://"]);
    test_dir
        .run(&["leaderboards", "--source", "mysql://h/d"])
        .fails(2, &["missing MySQL user", "DB_USER"]);
    let mut port = test_dir.command(&["check"]);
    port.env("DB_PORT", "many");
    finish(port).fails(2, &["invalid DB_PORT: expected a number of 1 to 65535"]);
}

#[test]
fn missing_source_error_lists_the_alternatives() {
    let words = ["help: give --source", "mysql://", "data/bars", "data-pipeline import"];
    test_dir().run(&["leaderboards"]).fails(2, &words);
    let test_dir = test_dir();
    std::fs::create_dir(test_dir.file("empty")).unwrap();
    test_dir
        .run(&["check", "--source", "empty"])
        .fails(1, &["no bars in this folder", "data-pipeline import"]);
}

#[test]
fn mistyped_path_is_an_error_with_a_suggestion() {
    let test_dir = test_dir();
    test_dir.write("overlaps.csv", market(&["A"], 1));
    let missing = leaderboards(&test_dir, "overlap.csv", &[]);
    missing.fails(
        1,
        &["cannot read overlap.csv: no such file or folder", "help: did you mean ./overlaps.csv?"],
    );
    test_dir
        .run(&["import", "overlpas.csv"])
        .fails(1, &["cannot read overlpas.csv: no such file or folder", "overlaps.csv"]);
}

#[test]
fn too_little_data() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 30));
    let boards = leaderboards(&test_dir, "bars.csv", &["--top-n", "9"]);
    assert_eq!(boards.status, Some(2), "a flag given twice");
    test_dir
        .run(&[
            "leaderboards",
            "--source",
            "bars.csv",
            "--windows",
            "1h",
            "--lookback-days",
            "1",
            "--top-n",
            "9",
        ])
        .ok();
    leaderboards(&test_dir, "bars.csv", &["--asof", "2023-12-31"])
        .fails(1, &["no bar closes by 2023-12-31T00:00:00Z", "--asof"]);
    leaderboards(&test_dir, "bars.csv", &["--asof", "2024-02-01"])
        .fails(1, &["none of the 1 symbols has a bar in the 24 hours before"]);
    test_dir
        .run(&["leaderboards", "--source", "bars.csv", "--enable-72h", "--lookback-days", "2"])
        .fails(1, &["window 72h has no complete bucket", "--lookback-days"]);
    test_dir.write("header.csv", HEADER);
    leaderboards(&test_dir, "header.csv", &[]).fails(1, &["the source has no bars"]);
    // One symbol that only rises: the boards of losers and overlaps are empty.
    let mut rising = HEADER.to_owned();
    for i in 0..1500 {
        rising += &format!("A,{},{p},{p},{p},{p},1\n", 1_704_067_200 + i * 60, p = 100 + i);
    }
    test_dir.write("rising.csv", rising);
    leaderboards(&test_dir, "rising.csv", &["--out-dir", "rising"]).ok();
    assert_eq!(test_dir.text("rising/habitual_losers.csv"), HEADER);
    assert_eq!(test_dir.text("rising/habitual_overlaps.csv"), HEADER);
}

#[test]
fn invalid_rows_are_one_warning_and_an_error_with_strict() {
    let test_dir = test_dir();
    let mut text = market(&["A", "B"], 30);
    text += "A,2024-01-02 12:00,0,1,1,1,1\nA,,1,1,1,1,1\nB,2024-01-02 12:01,1,1,1,1,-1\nB,2024-01-02 23:59:00Z,1,1,1,1,1\n";
    test_dir.write("bars.csv", text);
    let run = leaderboards(&test_dir, "bars.csv", &[]).ok();
    assert_eq!(run.err.matches("warning: skipped 3 rows").count(), 1, "{}", run.err);
    let run = run.prints(&[
        "replaced by a later row of the same symbol and minute (B ",
        "unreadable timestamp (bars.csv, line 3603: timestamp \"\")",
        "offset",
    ]);
    assert!(!run.out.contains("warning"));
    leaderboards(&test_dir, "bars.csv", &["--strict", "--out-dir", "strict"])
        .fails(1, &["--strict: 4 invalid or duplicate rows", "; correct the input"]);
    assert!(!test_dir.file("strict/leaderboards_summary.json").exists());
    test_dir.run(&["import", "bars.csv", "--strict"]).fails(1, &["3 invalid or duplicate rows"]);
    assert!(!test_dir.file("data/bars/symbol=A").exists());
    test_dir
        .run(&["check", "--source", "bars.csv"])
        .fails(1, &["problems that affect results", "skipped 3 rows"]);
    test_dir.run(&["import", "bars.csv"]).ok().prints(&["skipped 3 rows"]);
    let check = test_dir.run(&["check"]).ok();
    assert!(
        check.out.contains("no problems found") && check.out.contains("default of 30 days"),
        "{}",
        check.out
    );
}

#[test]
fn rejected_rows_are_the_cause_if_no_symbol_can_be_ranked() {
    let test_dir = test_dir();
    let rows = "A,2024-01-01 00:00,1,1,1,1,1\nB,2024-01-03 12:00,0,1,1,1,1\n";
    test_dir.write("bars.csv", format!("{HEADER}{rows}"));
    let at = ["--asof", "2024-01-04"];
    leaderboards(&test_dir, "bars.csv", &at).fails(1, &["error: none of the 1 symbols"]);
    let strict = ["--strict: 1 invalid or duplicate row", "price is not a number > 0"];
    leaderboards(&test_dir, "bars.csv", &[&at[..], &["--strict"]].concat()).fails(1, &strict);
    let panel = ["--from", "2024-01-04", "--to", "2024-01-05", "--allow-future", "--strict"];
    leaderboards(&test_dir, "bars.csv", &panel).fails(1, &strict);
    // Before the first good bar.
    let early = ["--asof", "2023-12-30", "--strict"];
    leaderboards(&test_dir, "bars.csv", &early).fails(1, &strict);
    // An error of another kind comes first, as without --strict.
    leaderboards(&test_dir, "bars.csv", &["--symbols", "C", "--strict"])
        .fails(2, &["no symbol of the source matches \"C\""]);
}

#[test]
fn bars_that_begin_within_the_lookback_are_reported_once() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "B"], 60));
    let text =
        "the first bar is at 2023-12-31T12:00:00Z, later than the start of the lookback of 5 days";
    let flags = ["leaderboards", "--source", "bars.csv", "--top-n", "2", "--windows", "1h"];
    let days = |days: &str, more: &[&str]| {
        let run = test_dir.run(&[&flags[..], &["--lookback-days", days], more].concat()).ok();
        run.err.matches(text).count()
    };
    assert_eq!(days("5", &[]), 1);
    assert_eq!(days("2", &[]), 0);
    let panel = ["--from", "2024-01-01", "--to", "2024-01-03", "--every", "6h"];
    assert_eq!(days("5", &panel), 1);
    assert_eq!(days("5", &["--quiet"]), 0);
}

#[test]
fn check_reports_problems() {
    let test_dir = test_dir();
    let mut hourly = HEADER.to_owned();
    for i in 0..40 {
        hourly += &format!("A,{},1,1,1,1,1\n", 1_704_067_200 + i * 3600);
    }
    test_dir.write("hourly.csv", hourly);
    test_dir
        .run(&["check", "--source", "hourly.csv"])
        .fails(1, &["the bars of A (60 minutes) are longer than a minute"]);
    test_dir.write("twice.csv", market(&["XBT/USD", "BTCUSD"], 2));
    test_dir
        .run(&["check", "--source", "twice.csv"])
        .fails(1, &["counted more than once: BTCUSD, XBT/USD"]);
}

#[test]
fn odd_symbols_stay_in_their_folder() {
    let test_dir = test_dir();
    let odd = ["../../x", "a b", "É/%", "con", "."];
    test_dir.write("bars.csv", market(&odd, 26));
    test_dir.run(&["import", "bars.csv", "--into", "in/store"]).ok();
    leaderboards(&test_dir, "in/store", &["--out-dir", "a"]).ok();
    leaderboards(&test_dir, "bars.csv", &["--out-dir", "b"]).ok();
    assert_eq!(test_dir.tree("a"), test_dir.tree("b"));
    let folders = std::fs::read_dir(test_dir.file("in/store")).unwrap().count();
    assert_eq!(folders, odd.len() + 1, "a folder each, and the lock");
}

#[test]
fn outputs_that_cannot_be_written_replace_nothing() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "B"], 30));
    test_dir.write("in_the_way", "x");
    leaderboards(&test_dir, "bars.csv", &["--out-dir", "in_the_way/out"])
        .fails(1, &["in_the_way: this is a file, not a folder"]);
    leaderboards(&test_dir, "bars.csv", &["--out-dir", "/proc/nowhere"])
        .fails(1, &["/proc/nowhere"]);
    test_dir.run(&["import", "bars.csv", "--into", "in_the_way"]).fails(1, &["this is a file"]);

    leaderboards(&test_dir, "bars.csv", &["--out-dir", "out"]).ok();
    let before = test_dir.tree("out");
    // The system lets no file grow past 8 blocks of 512 bytes.
    let program = env!("CARGO_BIN_EXE_data-pipeline");
    let limited = |arguments: &str| {
        let mut shell = Command::new("sh");
        shell
            .current_dir(test_dir.path())
            .args(["-c", &format!("ulimit -f 8; exec {program} {arguments}")]);
        finish(shell)
    };
    let flags = SHORT.join(" ");
    let run = limited(
        &format!(
            "leaderboards --source bars.csv {flags} --out-dir out --top-n 1 --asof 2024-01-02T23:00:00Z"
        )
        .replace("--top-n 2 ", ""),
    );
    run.fails(1, &["cannot write out/", "ulimit -f", "nothing was replaced"]);
    assert_eq!(test_dir.tree("out"), before, "nothing is replaced and no unfinished file is left");
    limited("import bars.csv --into store").fails(1, &["cannot write store/symbol=", "ulimit -f"]);
    assert!(!test_dir.file("store").exists(), "no empty store");
}

#[test]
fn closed_pipe_is_no_error_and_full_disk_is_one() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "B"], 30));
    let mut child = test_dir.command(&["check", "--source", "bars.csv"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !err.contains("panicked") && !err.contains("error"),
        "{err}"
    );
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let mut command = test_dir.command(&["check", "--source", "bars.csv"]);
        let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains("No space left") && !err.contains("panicked"), "{err}");
    }
}

#[test]
fn history_under_other_spellings() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["BTC/USD", "ETHUSD", "SOL-USD", "SOLUSD"], 3));
    test_dir.run(&["import", "bars.csv"]).ok();
    test_dir.write(
        "kraken_top_losers.csv",
        "symbol,open\nXXBTZUSD,1\nXETHZUSD,1\nXBT/USD,1\nSOL/USD,2\nNONE,3\n",
    );
    let run = test_dir
        .run(&["fetch-history", "losers", "--days", "1", "--asof", "2024-01-02T22:00:00Z"])
        .ok();
    let run =
        run.prints(&["XXBTZUSD is BTC/USD in the source", "SOL/USD is ambiguous: SOL-USD, SOLUSD"]);
    let lacking = "not in the source: NONE\nambiguous: SOL/USD\n";
    assert!(run.out.contains(lacking), "{}", run.out);
    let text = test_dir.text("losers_30day_history.csv");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 60 * 2);
    assert!(
        lines[1].starts_with("BTC/USD,2024-01-02 21:00:00,")
            && lines[120].starts_with("ETHUSD,2024-01-02 21:59:00,")
    );

    test_dir.write("mine.csv", "Ticker\nETHUSD\n");
    let mut command = test_dir.command(&["fetch-history", "overlaps"]);
    command.envs([("OVERLAPS_CSV", "mine.csv"), ("OVERLAPS_HISTORY_OUTPUT_CSV", "theirs.csv")]);
    finish(command).ok();
    assert_eq!(test_dir.text("theirs.csv").lines().count(), 181);
    let hint = "run 'data-pipeline leaderboards' first";
    test_dir
        .run(&["fetch-history", "gainers"])
        .fails(1, &["no list of symbols habitual_gainers.csv", hint]);
    let of = |list: &str, more: &[&str]| {
        test_dir.run(
            &[&["fetch-history", "gainers", "--input-csv", list, "--output-csv", "g.csv"], more]
                .concat(),
        )
    };
    // The file of an empty board is a list without symbols.
    test_dir.write("none.csv", HEADER);
    of("none.csv", &[]).ok();
    assert_eq!(test_dir.text("g.csv"), HEADER);
    let early = of("mine.csv", &["--asof", "2001-01-01"]);
    early.fails(1, &["no bars from", "for any of the 1 symbol in mine.csv"]);
    of("mine.csv", &["--output-csv", "mine.csv"]).fails(2, &["--output-csv"]);
    test_dir
        .run(&["fetch-history", "gainers", "--input-csv", "mine.csv", "--output-csv", "./mine.csv"])
        .fails(2, &["both input and output"]);
    assert_eq!(test_dir.text("mine.csv"), "Ticker\nETHUSD\n");
}

#[test]
fn quiet_prints_nothing_and_the_log_can_be_moved_or_disabled() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "B"], 30));
    let run = leaderboards(
        &test_dir,
        "bars.csv",
        &["-q", "--out-dir", "out", "--log-file", "logs/run.log"],
    )
    .ok();
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    let log = test_dir.text("logs/run.log");
    assert!(
        log.contains("started: leaderboards --") && log.contains(" --source bars.csv"),
        "{log}"
    );
    assert!(!test_dir.file("out/pipeline.log").exists());
    leaderboards(&test_dir, "bars.csv", &["--no-log-file", "--out-dir", "bare"]).ok();
    assert!(!test_dir.file("bare/pipeline.log").exists());
}

#[test]
fn missing_settings_are_prompted_on_a_terminal() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "B", "C"], 30));
    let flags = "--windows 1h --lookback-days 1";
    let prompt = "Top symbols per bucket and board [20]: ";
    let run = test_dir.run_on_terminal(
        &format!("leaderboards --source bars.csv {flags}"),
        80,
        &[(prompt, "many"), (prompt, "0"), (prompt, "1")],
    );
    assert_eq!(run.status, Some(0), "{}", run.out);
    assert!(run.out.contains("error: invalid number \"many\""), "{}", run.out);
    assert!(test_dir.text("leaderboards_summary.json").contains("\"top_n\": 1"), "{}", run.out);
}

#[test]
fn an_unreachable_server_is_asked_again_before_the_user() {
    let test_dir = test_dir();
    let host = "MySQL host [localhost]: ";
    let answers =
        [(host, "127.0.0.1:x"), (host, "127.0.0.1"), ("Port [3306]: ", "1"), (host, "127.0.0.1:1")];
    let run = test_dir.run_on_terminal("check", 80, &answers);
    assert_eq!(run.status, Some(1), "{}", run.out);
    for words in [
        "connecting to MySQL",
        "invalid port: expected a number of 1 to 65535",
        "mysql://127.0.0.1:1: no",
    ] {
        assert!(run.out.contains(words), "{words}: {}", run.out);
    }
    assert!(!run.out.contains("MySQL user"), "{}", run.out);
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let test_dir = test_dir();
    let script = test_dir.run(&["completions", "bash"]).ok().out;
    test_dir.run(&["man"]).ok();
    let pages = test_dir.tree("man");
    let help = test_dir.run(&["--help"]).ok().out;
    let listed = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> = names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() >= 15 && names.contains(&"imf-stage"), "{names:?}");
    for name in &names {
        assert!(script.contains(&format!("data__pipeline,{name})")), "{name}");
        let page = test_dir.text(&format!("man/data-pipeline-{name}.1"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains("\\-\\-threads"), "{name}: {page}");
    }
    // The program, its commands, and those of config.
    assert_eq!(pages.len(), 1 + names.len() + 2);
    // The scripts themselves are what their shells take.
    let check = test_dir.write("script.bash", script);
    let taken = std::process::Command::new("bash").arg("-n").arg(check).status().unwrap();
    assert!(taken.success());
    assert!(!test_dir.file("pipeline.log").exists());
    test_dir.run(&["completions", "cmd"]).fails(2, &["invalid value 'cmd'"]);
}

#[test]
fn second_demo_keeps_the_market() {
    let test_dir = test_dir();
    let run = test_dir.run(&["demo"]).ok();
    assert!(run.out.contains("Next:") && run.out.contains("demo/truth.json"), "{}", run.out);
    // Times of the run are in run_config.json alone.
    let outputs = || {
        let mut tree = test_dir.tree("demo");
        tree.retain(|name, _| !name.ends_with("run_config.json"));
        tree
    };
    let before = outputs();
    assert!(before.keys().any(|name| name.ends_with("imf_post_summary.parquet")));
    let again = test_dir.run(&["demo"]).ok().prints(&["keeping the sample market"]);
    assert!(again.out.contains("Overlaps") && again.out.contains("Dominant price cycles"));
    assert_eq!(outputs(), before);
    assert!(test_dir.run(&["check", "--source", "demo/bars"]).ok().out.contains("40 symbols"));
}

#[test]
fn demo_prints_the_readme_finds_planted_cycles_and_does_not_warn_about_its_age() {
    let readme = include_str!("../../../README.md");
    let shown = readme.split("```text\n").nth(1).and_then(|text| text.split("```").next()).unwrap();
    let test_dir = test_dir();
    let run = test_dir.run(&["demo"]).ok();
    for line in shown.lines() {
        assert!(
            run.out.lines().any(|printed| printed.trim_end() == line),
            "not printed: '{line}'\n{}",
            run.out
        );
    }
    let warnings: Vec<&str> = run.err.lines().filter(|line| line.starts_with("warning")).collect();
    assert!(
        matches!(warnings[..], [one] if one.contains("excluded 1 symbol") && one.contains("MICA/USD")),
        "only the symbol that the market makes stale: {warnings:?}"
    );
    let truth = json(&test_dir.read("demo/truth.json"));
    let cycles = truth["cycles"].as_array().unwrap();
    let found = rows(&test_dir.file("demo/data/imf/dt=2026-01-01/imf_post_summary.parquet"));
    let is_planted = |row: &support::tables::Record| {
        let period = 1440.0 * number(&row["dom_period_days"]);
        cycles.iter().any(|cycle| {
            let planted = cycle["period_minutes"].as_f64().unwrap();
            cycle["symbol"] == row["symbol"]
                && cycle["series"] == row["series"]
                && (period / planted - 1.0).abs() <= 0.25
        })
    };
    let prices: Vec<_> = found.iter().filter(|row| row["series"] == "price").collect();
    assert_eq!(prices.len(), 5);
    let planted = prices.iter().filter(|row| is_planted(row)).count();
    assert!(planted >= 4, "dominant cycles of price that are planted: {planted}: {prices:?}");
}

#[test]
fn unsupported_addresses_are_refused_without_their_passwords() {
    let test_dir = test_dir();
    for source in [
        "mariadb://me:s3cret@h/m",
        "postgres://me:s3cret@h/m",
        "MYSQL://me:s3cret@/m?x=1",
        "mysql:/me:s3cret@h/m",
    ] {
        let run = test_dir.run(&["check", "--source", source]).fails(2, &["mysql://"]);
        assert!(!run.err.contains("s3cret"), "{}", run.err);
    }
    test_dir.run(&["check", "--source", ""]).fails(2, &["--source is empty"]);
    test_dir
        .run(&["check", "--host", "h:33", "--port", "3", "--password", "s3cret"])
        .fails(2, &["two ports: 3, and 33 with the host"]);
    // The port belongs to the host that overrides the address's.
    let flags = ["--host", "127.0.0.1:2", "--user", "u", "--password", "s3cret"];
    test_dir
        .run(&[&["check", "--source", "mysql://127.0.0.1:1/d"][..], &flags[..]].concat())
        .fails(1, &["mysql://u@127.0.0.1:2/d"]);
    let mut command = test_dir.command(&["check"]);
    command.env("OHLCVT_TABLE", "bars");
    finish(command).fails(2, &["missing MySQL user", "because of OHLCVT_TABLE"]);
    assert!(!test_dir.text("pipeline.log").contains("s3cret"), "{}", test_dir.text("pipeline.log"));
}

#[test]
fn pipes_and_devices_are_refused() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 30));
    let made = Command::new("mkfifo").arg(test_dir.file("pipe")).status();
    assert!(made.is_ok_and(|status| status.success()));
    test_dir.run(&["import", "pipe"]).fails(1, &["a pipe or device"]);
    test_dir.run(&["check", "--source", "pipe"]).fails(1, &["a pipe or device"]);
    let out = [
        "fetch-history",
        "losers",
        "--input-csv",
        "bars.csv",
        "--source",
        "bars.csv",
        "--output-csv",
    ];
    test_dir.run(&[&out[..], &["pipe"]].concat()).fails(1, &["not a regular file"]);
    test_dir
        .run(&[&out[..], &["/dev/null"]].concat())
        .fails(1, &["/dev/null", "not a regular file"]);
}

#[test]
fn csv_for_spreadsheets_has_no_formulas() {
    let test_dir = test_dir();
    let bars = market(&["=1+1", "-B", "+C", "@D", "E-F", "=G,H"], 30);
    test_dir.write("bars.csv", bars.replace("=G,H,", "\"=G,H\","));
    let symbols = |file: &str| -> Vec<String> {
        let text = test_dir.text(file);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut symbols: Vec<String> =
            reader.records().map(|row| row.unwrap()[0].to_owned()).collect();
        symbols.dedup();
        symbols.sort();
        symbols
    };
    let exact = ["+C", "-B", "=1+1", "=G,H", "@D", "E-F"];
    let safe = ["'+C", "'-B", "'=1+1", "'=G,H", "'@D", "E-F"];
    let input = ["--source", "bars.csv", "--input-csv", "bars.csv", "--output-csv"];
    let fetch = [&["fetch-history", "losers"], &input[..]].concat();
    test_dir.run(&[&fetch[..], &["exact.csv"]].concat()).ok();
    test_dir.run(&[&fetch[..], &["safe.csv", "--csv-safe"]].concat()).ok();
    assert_eq!(symbols("exact.csv"), exact);
    assert_eq!(symbols("safe.csv"), safe);
    assert_eq!(test_dir.text("safe.csv").replace('\'', ""), test_dir.text("exact.csv"));
    let metrics = ["metrics", "overlaps", "--input", "bars.csv", "--no-baseline", "--output"];
    test_dir.run(&[&metrics[..], &["m.csv"]].concat()).ok();
    test_dir.run(&[&metrics[..], &["safe-m.csv", "--csv-safe"]].concat()).ok();
    assert_eq!(symbols("m.csv"), exact);
    assert_eq!(symbols("safe-m.csv"), safe);
    test_dir
        .run(&[&metrics[..], &["parts", "--csv-safe", "--shard", "1/2"]].concat())
        .fails(2, &["--csv-safe", "--shard"]);
    // Snapshots, shards of them, and panels of boards.
    let table = |folder: &str, stage: &str| {
        let dates = std::fs::read_dir(test_dir.file(folder)).unwrap();
        let date = dates
            .flatten()
            .find(|entry| entry.file_name().as_encoded_bytes().starts_with(b"dt="))
            .unwrap();
        symbols(&format!("{folder}/{}/{stage}_snapshot.csv", date.file_name().display()))
    };
    let state = "state --source bars.csv --input bars.csv --windows 10m --no-baseline";
    let run = |line: &str| test_dir.run(&line.split(' ').collect::<Vec<_>>()).ok();
    run(&format!("{state} --format csv --out exact-s"));
    run(&format!("{state} --format csv --csv-safe --out safe-s"));
    run(&format!("{state} --shard 1/1 --out parts-s"));
    run("merge parts-s --format csv --csv-safe --out merged-s");
    run(
        "leaderboards --source bars.csv --windows 10m --lookback-days 1 --from 2024-01-03 --to 2024-01-03 --every 1h --format csv --csv-safe --out-dir safe-l",
    );
    assert_eq!(table("exact-s", "state"), exact);
    assert_eq!(table("safe-s", "state"), safe);
    assert_eq!(table("merged-s", "state"), safe);
    assert!(table("safe-l", "leaderboards").iter().all(|symbol| safe.contains(&&**symbol)));
}

/// A decoder that panics on a damaged file is not a bug of the program: the error names the file.
#[test]
fn panics_of_decoders_are_errors_that_name_the_file() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 1));
    test_dir.run(&["import", "bars.csv"]).ok();
    let part = "data/bars/symbol=A/part-000001.parquet";
    let mut bytes = test_dir.read(part);
    // Without its checksums, which would detect the damage before it reaches a decoder.
    let key = b"data_pipeline.crc32";
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap();
    bytes[at] = b'e';
    let mut panics = 0;
    for at in 4..100 {
        let mut changed = bytes.clone();
        changed[at] ^= 0x80;
        test_dir.write(part, changed);
        let run = test_dir.run(&["check", "--no-log-file"]);
        assert!(!run.err.contains("bug in data-pipeline"), "byte {at}: {}", run.err);
        assert!(run.status == Some(0) || run.err.contains("symbol=A/part-000001"), "{}", run.err);
        panics += usize::from(run.err.contains("damaged (Parquet error: the decoder failed"));
    }
    assert!(panics > 0, "the test needs a file on which a decoder panics");
}

/// Runs the program; it must end within 20 seconds.
#[track_caller]
fn ends(test_dir: &TestDir, args: &[&str]) -> Run {
    let mut command = Command::new("timeout");
    let program = test_dir.command(args);
    command.args(["20"]).arg(program.get_program()).args(args).current_dir(test_dir.path());
    for (name, _) in program.get_envs() {
        command.env_remove(name);
    }
    let run = finish(command);
    assert_ne!(run.status, Some(124), "{args:?} did not end");
    run
}

#[test]
fn pipes_in_place_of_files_do_not_hang() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 30));
    let pipe = |name: &str| {
        let path = test_dir.file(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    };
    let refused = "this is a pipe or device, not a file";
    for name in ["pipe.csv", "pipe.parquet", "pipe.toml", "pipe.log"] {
        pipe(name);
    }
    ends(&test_dir, &["check", "--source", "bars.csv", "--config", "pipe.toml"])
        .fails(2, &["pipe.toml", refused, "help: give a file"]);
    for name in ["pipe.csv", "pipe.parquet"] {
        ends(&test_dir, &["imf-postprocess", "--summary", name]).fails(1, &[name, refused]);
    }
    pipe("boards/leaderboards_summary.json");
    ends(&test_dir, &["report", "--dir", "boards", "--out", "page.html"]);
    // The log is not worth a failure.
    for name in ["pipe.log", "/dev/full"] {
        ends(&test_dir, &["check", "--source", "bars.csv", "--log-file", name])
            .ok()
            .prints(&[&format!("cannot write the log {name}: {refused}"), "--log-file"]);
    }
    // In a store, next to the bars of a symbol, and in their place.
    test_dir.run(&["import", "bars.csv"]).ok();
    pipe("data/bars/symbol=A/more.parquet");
    for command in ["check", "leaderboards"] {
        ends(&test_dir, &[command]).fails(1, &["symbol=A/more.parquet", refused]);
    }
    std::fs::remove_file(test_dir.file("data/bars/symbol=A/more.parquet")).unwrap();
    // The record of a run.
    pipe("run.json");
    ends(&test_dir, &["run", "--cohorts", "overlaps"]).prints(&["cannot read ./run.json", refused]);
}

#[test]
fn sample_does_not_mix_with_other_bars() {
    let test_dir = test_dir();
    let sample = |more: &[&str]| {
        test_dir
            .run(&[&["sample", "--into", "m/bars", "--symbols", "3", "--days", "1"], more].concat())
    };
    sample(&[]).ok();
    let before = test_dir.tree("m");
    sample(&[]).ok();
    assert_eq!(test_dir.tree("m"), before);
    sample(&["--seed", "2"]).fails(2, &["already has bars"]);
    test_dir.write("bars.csv", market(&["MINE"], 1));
    test_dir.run(&["import", "bars.csv"]).ok();
    test_dir.run(&["sample", "--into", "data/bars"]).fails(2, &["already has bars"]);
}

#[test]
fn stores_renamed_or_damaged_by_others() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A B", "C"], 30));
    test_dir.run(&["import", "bars.csv", "--into", "store"]).ok();
    // Spark and others leave more characters as they are.
    std::fs::rename(test_dir.file("store/symbol=A%20B"), test_dir.file("store/symbol=A B"))
        .unwrap();
    leaderboards(&test_dir, "store", &["--out-dir", "a"]).ok();
    leaderboards(&test_dir, "bars.csv", &["--out-dir", "b"]).ok();
    assert_eq!(test_dir.tree("a"), test_dir.tree("b"));
    let again = test_dir.run(&["import", "bars.csv", "--into", "store"]).ok();
    assert!(again.out.contains(" 0 new"), "{}", again.out);
    std::fs::create_dir(test_dir.file("store/symbol=A%20B")).unwrap();
    leaderboards(&test_dir, "store", &[]).fails(1, &["both belong to symbol A B"]);
    std::fs::remove_dir(test_dir.file("store/symbol=A%20B")).unwrap();
    // Bytes changed on disk are an error.
    let part = "store/symbol=C/part-000001.parquet";
    let mut bytes = test_dir.read(part);
    let middle = bytes.len() / 2;
    bytes[100..middle].fill(0x5a);
    test_dir.write(part, bytes);
    leaderboards(&test_dir, "store", &[]).fails(1, &["part-000001.parquet", "damaged"]);
}
