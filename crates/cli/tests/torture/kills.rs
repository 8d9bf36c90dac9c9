//! Signals at random moments and system calls, two writers at once, few resources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bars::{Findings, ReadOptions};
use bars_io::reader::read_file;
use rand::RngExt;
use rand::seq::IndexedRandom;
use testkit::program::{TestDir, finish};

use crate::attack::{bounded, copy, count, is_unfinished, outputs, run, sound};
use crate::servers;
use crate::support::{arg, market, test_dir};
use crate::{Case, Dice};

/// A command that writes, and what it writes if nothing disturbs it.
struct Scenario {
    words: Vec<String>,
    /// The folder that it writes.
    folder: &'static str,
    is_store: bool,
    /// A store that is there before.
    before: Option<PathBuf>,
    whole: BTreeMap<PathBuf, Vec<u8>>,
    time: Duration,
}

/// What the scenarios read.
struct Ground {
    files: TestDir,
    exchange: testkit::http::Server,
}

impl Scenario {
    fn new(words: &str, ground: &Ground, before: Option<&str>) -> Scenario {
        let at = |name: &str| arg(&ground.files.file(name));
        let words = words.split_whitespace().map(|word| match word {
            "NEW" => at("new.csv"),
            "BARS" => at("bars"),
            "LIST" => at("list.csv"),
            "API" => ground.exchange.address().to_owned(),
            word => word.to_owned(),
        });
        let words: Vec<String> = words.collect();
        let is_store = words.iter().any(|word| word == "--into");
        let folder = if is_store { "store" } else { "out" };
        let before = before.map(|name| ground.files.file(name));
        let mut scenario = Scenario {
            words,
            folder,
            is_store,
            before,
            whole: BTreeMap::new(),
            time: Duration::ZERO,
        };
        let test_dir = scenario.start();
        let begun = Instant::now();
        finish(scenario.command(&test_dir)).ok();
        scenario.time = begun.elapsed();
        scenario.whole = outputs(&test_dir, folder);
        assert!(!scenario.whole.is_empty(), "{:?}", scenario.words);
        scenario
    }

    /// A folder as it is before the command.
    fn start(&self) -> TestDir {
        let test_dir = test_dir();
        test_dir.write("data-pipeline.toml", "[imf-stage]\ntrials = 2\n");
        if let Some(before) = &self.before {
            copy(before, &test_dir.file(self.folder));
        }
        test_dir
    }

    fn command(&self, test_dir: &TestDir) -> Command {
        test_dir.command(&self.words)
    }

    fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// Asserts what must hold after any end of the command. `is_clean`: the program could remove its
    /// temporary files.
    fn inspect(&self, test_dir: &TestDir, is_clean: bool, how: &str) {
        let found = outputs(test_dir, self.folder);
        let mut has_parts = false;
        for (path, content) in &found {
            let name = path.display();
            if is_unfinished(path) {
                assert!(!is_clean, "{how} left {name}");
            } else if self.is_store {
                has_parts |= path.extension().is_some_and(|end| end == "parquet");
            } else {
                assert!(self.whole.get(path) == Some(content), "{how}: {name} is not whole");
            }
        }
        if has_parts {
            let check = run(test_dir, &["check", "--source", self.folder, "--no-log-file"]);
            assert_eq!(check.status, Some(0), "{how}: {}{}", check.out, check.err);
            assert_single_minutes(&test_dir.file(self.folder), how);
        }
        // The next run completes it.
        let mut next = run(test_dir, &self.words());
        // In a process namespace the killed program ends a moment after its parent.
        for _ in 0..20 {
            if !next.err.contains("another process") && !next.err.contains("another run") {
                break;
            }
            sleep(Duration::from_millis(500));
            next = run(test_dir, &self.words());
        }
        assert_eq!(next.status, Some(0), "after {how}: {}", next.err);
        let found = outputs(test_dir, self.folder);
        let names = |tree: &BTreeMap<PathBuf, Vec<u8>>| tree.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&self.whole), "after {how}");
        assert!(found == self.whole, "after {how} the next run writes other bytes");
    }
}

/// Asserts that other programs, which read all Parquet files of a symbol, see no minute twice.
fn assert_single_minutes(store: &Path, how: &str) {
    let files = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    for symbol in files(store).iter().filter(|path| path.is_dir()) {
        let mut seen = BTreeSet::new();
        let is_visible = |path: &&PathBuf| {
            !is_unfinished(path) && path.extension().is_some_and(|end| end == "parquet")
        };
        for part in files(symbol).iter().filter(is_visible) {
            let options = ReadOptions { symbol: Some("A".parse().unwrap()), ..Default::default() };
            let read = read_file(part, &options, &mut Findings::default(), &mut |_, bar| {
                let is_new = bar.is_none_or(|bar| seen.insert(bar.time));
                assert!(is_new, "{how}: {} has a minute of another part", part.display());
                Ok(())
            });
            read.unwrap();
        }
    }
}

/// Makes the scenarios and returns the campaign.
pub fn campaign() -> Case {
    let files = test_dir();
    files.write("new.csv", market(&["A", "B", "C"], 60));
    files.write("list.csv", "symbol\nAMBER/USD\nBASALT/USD\n");
    // Two of three minutes of each symbol, with other prices.
    let old: String = market(&["A", "B", "C"], 60)
        .lines()
        .enumerate()
        .filter(|(i, _)| i % 3 != 1)
        .map(|(_, line)| format!("{}\n", line.replacen(",10", ",90", 4)))
        .collect();
    // Later bars first, which makes two parts of each symbol.
    let (header, rows) = old.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_by_key(|row| row.split(',').nth(1));
    let (early, late) = rows.split_at(rows.len() / 2);
    for (name, rows) in [("late.csv", late), ("early.csv", early)] {
        files.write(name, format!("{header}\n{}\n", rows.join("\n")));
        files.run(&["import", name, "--into", "old"]).ok();
    }
    assert!(files.file("old/symbol=A/part-000002.parquet").exists());
    files.run(&["sample", "--into", "bars", "--symbols", "5", "--days", "35"]).ok();
    let ground = Ground { files, exchange: servers::exchange() };
    let scenarios = [
        Scenario::new("import NEW --into store", &ground, None),
        Scenario::new("import NEW --into store", &ground, Some("old")),
        Scenario::new("sample --into store --symbols 4 --days 10", &ground, None),
        Scenario::new("leaderboards --source BARS --out-dir out --top-n 3", &ground, None),
        Scenario::new("state --source BARS --input LIST --months 1 --out out", &ground, None),
        Scenario::new("regime --source BARS --input LIST --windows 7d --out out", &ground, None),
        Scenario::new(
            "imf-stage --source BARS --leaders AMBER/USD --lookback-months 1 --persist-imfs --out out",
            &ground,
            None,
        ),
        Scenario::new(
            "run --source BARS --out-dir out --cohorts overlaps --top-n 2 --months 1 --lookback-months 1",
            &ground,
            None,
        ),
        Scenario::new("sync --pairs XBT/USD --into store --base-url API", &ground, None),
    ];
    Box::new(move |dice| {
        // The scenarios read from it.
        let _ground = &ground;
        // The last ones take seconds.
        let scenario = match dice.random_range(0..20) {
            0 => &scenarios[7],
            1 => &scenarios[8],
            _ => &scenarios[dice.random_range(0..7)],
        };
        attack(scenario, dice);
    })
}

fn attack(scenario: &Scenario, dice: &mut Dice) {
    let test_dir = scenario.start();
    match dice.random_range(0..12) {
        0..=3 => signal(scenario, &test_dir, &[], "KILL", dice),
        4 => signal(scenario, &test_dir, &[], ["TERM", "INT", "HUP"].choose(dice).unwrap(), dice),
        5 => stop(scenario, &test_dir, dice),
        6 | 7 => at_system_call(scenario, &test_dir, dice),
        8 => {
            // The program has the process number 1 each time, as in a container.
            let prefix = ["unshare", "--pid", "--fork", "--kill-child"];
            signal(scenario, &test_dir, &prefix, "KILL", dice);
        }
        9 => two_writers(scenario, &test_dir),
        _ => few_resources(scenario, &test_dir, dice),
    }
}

/// Starts the scenario's command behind `prefix`.
fn spawn(scenario: &Scenario, test_dir: &TestDir, prefix: &[&str]) -> Child {
    let command = scenario.command(test_dir);
    let program = command.get_program().to_owned();
    let words: Vec<_> = prefix.iter().map(Into::into).chain([program]).collect();
    let mut prefixed = Command::new(&words[0]);
    prefixed.args(&words[1..]).args(command.get_args()).current_dir(test_dir.path());
    for (name, _) in command.get_envs() {
        prefixed.env_remove(name);
    }
    prefixed.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).output();
    assert!(sent.is_ok());
}

fn wait(mut child: Child, how: &str) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if begun.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
            panic!("{how}: the program does not end");
        }
        sleep(Duration::from_millis(2));
    }
}

fn signal(scenario: &Scenario, test_dir: &TestDir, prefix: &[&str], signal: &str, dice: &mut Dice) {
    let moment = scenario.time.mul_f64(dice.random_range(0.0..1.2));
    let how = format!("{:?}, {signal} after {moment:?}", scenario.words);
    let child = spawn(scenario, test_dir, prefix);
    sleep(moment);
    send(&child, signal);
    let status = wait(child, &how);
    let expected = match signal {
        "TERM" => Some(143),
        "INT" => Some(130),
        "HUP" => Some(129),
        _ => None,
    };
    // Before its handler is installed a signal ends the program at once.
    assert!(matches!(status, Some(0) | None) || status == expected, "{how}: {status:?}");
    let is_clean = status.is_some() && expected.is_some();
    count(if expected.is_some() { "requests to end" } else { "kills" });
    scenario.inspect(test_dir, is_clean, &how);
}

fn stop(scenario: &Scenario, test_dir: &TestDir, dice: &mut Dice) {
    let moment = scenario.time.mul_f64(dice.random_range(0.0..1.0));
    let how = format!("{:?}, stopped after {moment:?}", scenario.words);
    let child = spawn(scenario, test_dir, &[]);
    sleep(moment);
    send(&child, "STOP");
    sleep(Duration::from_millis(dice.random_range(0..200)));
    send(&child, "CONT");
    assert_eq!(wait(child, &how), Some(0), "{how}");
    count("pauses");
    scenario.inspect(test_dir, true, &how);
}

/// Kills the program as it enters a system call that changes files.
fn at_system_call(scenario: &Scenario, test_dir: &TestDir, dice: &mut Dice) {
    let calls = ["rename", "fsync", "unlink", "write", "mkdir", "openat", "flock", "close"];
    let call = calls.choose(dice).unwrap();
    let number =
        dice.random_range(1..if matches!(*call, "write" | "openat" | "close") { 300 } else { 12 });
    let how = format!("{:?}, killed at {call} {number}", scenario.words);
    let (trace, inject) =
        (format!("trace={call}"), format!("inject={call}:signal=KILL:when={number}"));
    let prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    wait(spawn(scenario, test_dir, &prefix), &how);
    count("kills");
    scenario.inspect(test_dir, false, &how);
}

/// Runs the command twice at once.
fn two_writers(scenario: &Scenario, test_dir: &TestDir) {
    let how = format!("{:?} twice at once", scenario.words);
    let both = std::thread::scope(|scope| {
        let other = scope.spawn(|| finish(bounded(&scenario.command(test_dir), "")));
        [finish(bounded(&scenario.command(test_dir), "")), other.join().unwrap()]
    });
    for one in &both {
        sound(one, &scenario.words());
        let is_refused = one.err.contains("another process") || one.err.contains("another run");
        assert!(one.status == Some(0) || is_refused, "{how}: {}", one.err);
    }
    assert!(both.iter().any(|one| one.status == Some(0)), "{how}: both refused");
    count("pairs of writers");
    scenario.inspect(test_dir, true, &how);
}

fn few_resources(scenario: &Scenario, test_dir: &TestDir, dice: &mut Dice) {
    let kind = dice.random_range(0..3);
    let limits = match kind {
        // Blocks of 512 bytes: as a full disk.
        0 => format!("ulimit -f {};", dice.random_range(0..400)),
        1 => format!("ulimit -n {};", dice.random_range(6..40)),
        _ => format!("ulimit -v {};", dice.random_range(60_000..900_000)),
    };
    let how = format!("{:?} under {limits}", scenario.words);
    let one = finish(bounded(&scenario.command(test_dir), &limits));
    // An allocation that fails ends any Rust program, and the loader needs memory, too.
    let is_killed = kind == 2 && !matches!(one.status, Some(0..=2));
    if !is_killed && one.status != Some(127) {
        sound(&one, &scenario.words());
    }
    count("starved runs");
    scenario.inspect(test_dir, !is_killed && one.status != Some(127), &how);
}
