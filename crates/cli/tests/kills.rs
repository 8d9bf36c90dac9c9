//! The program killed and interrupted at work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bars::BarTime;
use bars::Span;
use bars_io::Source;
use bars_io::store::Store;
use support::{market, test_dir};

/// Runs the program and kills it as soon as `is_there` holds; tells whether it did before the end.
fn kill_when(mut command: Command, is_there: impl Fn() -> bool) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut seen = false;
    while !seen && child.try_wait().unwrap().is_none() {
        seen = is_there();
    }
    let _ = child.kill();
    let _ = child.wait();
    seen
}

/// Whether any file below `folder` has a name that ends so.
fn has_file(folder: &std::path::Path, end: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        if path.is_dir() { has_file(&path, end) } else { path.to_string_lossy().ends_with(end) }
    })
}

#[test]
fn an_import_that_is_killed_leaves_whole_symbols_and_the_next_completes_it() {
    let test_dir = test_dir();
    let symbols = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"];
    let new = market(&symbols, 100);
    // The store holds older numbers of some of the same minutes.
    let old: String = market(&symbols, 110)
        .lines()
        .take(1 + 110 * 60 * symbols.len())
        .enumerate()
        .filter(|(i, _)| i % 3 == 0)
        .map(|(_, line)| format!("{}\n", line.replacen(",10", ",90", 4)))
        .collect();
    test_dir.write("old.csv", old);
    test_dir.write("new.csv", new);
    // Every third line is every third minute of each symbol.
    for store in ["old", "whole"] {
        test_dir.run(&["import", "old.csv", "--into", store, "--allow-coarse"]).ok();
    }
    test_dir.run(&["import", "new.csv", "--into", "whole"]).ok();
    let bars = |store: &str, symbol: &str| {
        let store = Store::open(&test_dir.file(store), BarTime::Open).unwrap();
        store.bars(&symbol.parse().unwrap(), Span::ALL).unwrap()
    };
    let (mut killed, mut between) = (0, 0);
    // Killed while a part of this symbol is being written.
    for symbol in ["symbol=A", "symbol=F"].repeat(4) {
        let _ = std::fs::remove_dir_all(test_dir.file("store"));
        test_dir.run(&["import", "old.csv", "--into", "store", "--allow-coarse"]).ok();
        let command = test_dir.command(&["import", "new.csv", "--into", "store", "--threads", "1"]);
        killed += usize::from(kill_when(command, || {
            has_file(&test_dir.file("store").join(symbol), ".tmp")
        }));
        let states = symbols.map(|symbol| {
            let now = bars("store", symbol);
            let (before, after) = (now == bars("old", symbol), now == bars("whole", symbol));
            assert!(before || after, "{symbol} is between");
            after
        });
        between += usize::from(states.contains(&true) && states.contains(&false));
        test_dir.run(&["import", "new.csv", "--into", "store"]).ok();
        assert!(symbols.iter().all(|symbol| bars("store", symbol) == bars("whole", symbol)));
        assert!(
            !has_file(&test_dir.file("store"), ".tmp"),
            "what the killed one left is swept away"
        );
    }
    assert!(
        killed >= 4 && between >= 1,
        "{killed} were killed at work, {between} among the symbols"
    );
}

#[test]
fn outputs_of_a_killed_run_are_whole_or_absent() {
    let test_dir = test_dir();
    test_dir.run(&["sample", "--into", "bars", "--symbols", "10", "--days", "12"]).ok();
    let flags = ["--lookback-days", "11", "--top-n", "10", "--source", "bars"];
    test_dir.run(&[&["leaderboards", "--out-dir", "whole"], &flags[..]].concat()).ok();
    let whole = test_dir.tree("whole");
    let mut killed = 0;
    for end in [".tmp", "habitual_gainers.csv", ".tmp", "leaderboards.parquet"] {
        let _ = std::fs::remove_dir_all(test_dir.file("out"));
        let command =
            test_dir.command(&[&["leaderboards", "--out-dir", "out"], &flags[..]].concat());
        killed += usize::from(kill_when(command, || has_file(&test_dir.file("out"), end)));
        if test_dir.file("out").exists() {
            for (name, content) in test_dir.tree("out") {
                let file = name.file_name().unwrap().to_string_lossy();
                let unfinished =
                    file.ends_with(".tmp") || file.starts_with(".data-pipeline-commit.");
                assert!(unfinished || whole.get(&name) == Some(&content), "{}", name.display());
            }
        }
    }
    assert!(killed >= 2, "{killed} were killed at work");
    test_dir.run(&[&["leaderboards", "--out-dir", "out"], &flags[..]].concat()).ok();
    assert_eq!(test_dir.tree("out"), whole);
}

#[test]
fn an_interrupt_ends_the_work_and_leaves_nothing_half_written() {
    let test_dir = test_dir();
    // Early: the store is locked and nothing written. Late: a part is being written, and others
    // stand.
    for (name, sign) in [("early", ".lock"), ("late", "part-000001.parquet")] {
        let mut child =
            test_dir.command(&["sample", "--into", name, "--symbols", "200", "--days", "200"]);
        let child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        while !has_file(&test_dir.file(name), sign) {
            sleep(Duration::from_millis(1));
        }
        let begun = Instant::now();
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()));
        let output = child.wait_with_output().unwrap();
        // It takes moments; the bound is wide because the machine may be busy. The whole work takes
        // far longer.
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(output.status.code(), Some(130));
        assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
        assert!(!has_file(&test_dir.file(name), ".tmp"));
        assert!(!test_dir.file("truth.json").exists());
    }
}

/// Sends SIGHUP to a command at work, and returns its exit status.
fn hang_up(prefix: &[&str]) -> Option<i32> {
    let test_dir = test_dir();
    let program = test_dir.command(&["sample", "--into", "bars", "--symbols", "50"]);
    let mut command = Command::new(prefix[0]);
    command.args(&prefix[1..]).arg(program.get_program()).args(program.get_args());
    command.current_dir(test_dir.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while !has_file(&test_dir.file("bars"), ".tmp") {
        sleep(Duration::from_millis(1));
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
    }
    let sent = Command::new("kill").args(["-HUP", &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let status = child.wait().unwrap().code();
    assert!(!has_file(&test_dir.file("bars"), ".tmp"));
    status
}

#[test]
fn a_closed_terminal_ends_the_work_unless_hangups_are_ignored() {
    assert_eq!(hang_up(&["env"]), Some(129));
    assert_eq!(hang_up(&["nohup"]), Some(0));
}

#[test]
fn locks_that_are_links_are_refused_and_their_targets_kept() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 30));
    test_dir.write("precious.txt", "precious");
    for (folder, lock, words) in [
        ("store", ".lock", &["import", "bars.csv", "--into", "store"][..]),
        ("out", ".run.lock", &["run", "--source", "bars.csv", "--out-dir", "out"]),
    ] {
        std::fs::create_dir(test_dir.file(folder)).unwrap();
        let link = test_dir.file(folder).join(lock);
        std::os::unix::fs::symlink(test_dir.file("precious.txt"), link).unwrap();
        test_dir.run(words).fails(1, &["not a regular file (a link"]);
        assert_eq!(test_dir.text("precious.txt"), "precious");
    }
    // The same for an output.
    let link = test_dir.file("habitual_gainers.csv");
    std::fs::create_dir(test_dir.file("elsewhere")).unwrap();
    test_dir.write("elsewhere/x.csv", "precious");
    std::os::unix::fs::symlink(test_dir.file("elsewhere/x.csv"), link).unwrap();
    test_dir
        .run(&["leaderboards", "--source", "bars.csv", "--lookback-days", "1"])
        .fails(1, &["habitual_gainers.csv: a symbolic link out of its folder"]);
    assert_eq!(test_dir.text("elsewhere/x.csv"), "precious");
}

#[test]
fn stores_and_logs_with_links_to_other_places_are_refused() {
    use std::os::unix::fs::symlink;
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A"], 30));
    test_dir.run(&["import", "bars.csv", "--into", "real"]).ok();
    let before = test_dir.tree("real");
    // A folder of a symbol, and a part.
    std::fs::create_dir_all(test_dir.file("folder")).unwrap();
    symlink(test_dir.file("real/symbol=A"), test_dir.file("folder/symbol=A")).unwrap();
    std::fs::create_dir_all(test_dir.file("part/symbol=A")).unwrap();
    let part = "symbol=A/part-000001.parquet";
    symlink(test_dir.file("real").join(part), test_dir.file("part").join(part)).unwrap();
    test_dir.write("more.csv", market(&["A"], 20).replace(",10", ",90"));
    for store in ["folder", "part"] {
        let words = ["symbol=A", "a symbolic link out of its folder", "replace it"];
        test_dir.run(&["import", "more.csv", "--into", store]).fails(1, &words);
        test_dir.run(&["check", "--source", store]).fails(1, &words);
    }
    assert_eq!(test_dir.tree("real"), before);
    // The store itself may be a link.
    symlink(test_dir.file("real"), test_dir.file("link")).unwrap();
    test_dir.run(&["import", "more.csv", "--into", "link"]).ok();

    let elsewhere = support::test_dir();
    elsewhere.write("precious.txt", "precious");
    std::fs::remove_file(test_dir.file("pipeline.log")).unwrap();
    symlink(elsewhere.file("precious.txt"), test_dir.file("pipeline.log")).unwrap();
    let words = ["cannot write the log", "a symbolic link out of its folder", "--log-file"];
    test_dir.run(&["check", "--source", "real"]).ok().prints(&words);
    assert_eq!(elsewhere.text("precious.txt"), "precious");
}

#[test]
fn runs_that_create_the_same_folder_do_not_disturb_each_other() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["A", "B"], 30));
    for round in 0..10 {
        let out = format!("deep/{round}/out");
        // One fails after it created the folder, the other succeeds.
        let failing = ["metrics", "losers", "--input", "none.csv", "--output"];
        let good = ["leaderboards", "--source", "bars.csv", "--out-dir", &out];
        let output = format!("{out}/m.csv");
        let commands = [
            test_dir.command(&[&failing[..], &[&output]].concat()),
            test_dir.command(&[&good[..], &["--lookback-days", "1"]].concat()),
            test_dir.command(&[&good[..], &["--lookback-days", "1"]].concat()),
        ];
        let children = commands.map(|mut command| {
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        });
        let outputs = children.map(|child| child.wait_with_output().unwrap());
        for output in &outputs[1..] {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn cycles_that_are_interrupted_or_killed_leave_the_partition_as_it_was() {
    let test_dir = test_dir();
    test_dir.run(&["sample", "--into", "bars", "--symbols", "3", "--days", "36"]).ok();
    let words =
        ["imf-stage", "--leaders", "AMBER/USD,BASALT/USD,CEDAR/USD", "--lookback-months", "1"];
    let words = [&words[..], &["--persist-imfs", "--source", "bars", "--out", "imf"]].concat();
    test_dir.run(&[&words[..], &["--trials", "2"]].concat()).ok();
    let before = test_dir.tree("imf");
    assert_eq!(before.len(), 11);
    let longer = [&words[..], &["--trials", "60"]].concat();
    // Modes of the first symbols are in temporary files: the work is under way, and the third
    // symbol is to come.
    let is_at_work = || has_file(&test_dir.file("imf/dt=2026-01-01/imfs"), ".tmp");
    let mut child =
        test_dir.command(&longer).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !is_at_work() {
        sleep(Duration::from_millis(1));
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
    }
    assert!(
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success()
    );
    let begun = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(test_dir.tree("imf"), before);

    assert!(kill_when(test_dir.command(&longer), is_at_work));
    let mut killed = test_dir.tree("imf");
    killed.retain(|name, _| !name.to_string_lossy().ends_with(".tmp"));
    assert_eq!(killed, before);
    test_dir.run(&[&words[..], &["--trials", "2"]].concat()).ok();
    assert!(!has_file(&test_dir.file("imf"), ".tmp"), "what the killed one left is swept away");
}
