//! The configuration file: precedence of flags, environment, file and defaults, and passwords.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use support::{market, test_dir};
use testkit::program::{TestDir, finish};

fn with_bars() -> TestDir {
    let test_dir = test_dir();
    test_dir.write("one.csv", market(&["A/B"], 30));
    test_dir.write("two.csv", market(&["A/B", "C/D"], 30));
    test_dir
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let test_dir = with_bars();
    test_dir.run(&["check"]).fails(2, &["no source of bars", "--source"]);
    test_dir.write("data-pipeline.toml", "source = \"one.csv\"\n");
    assert!(test_dir.run(&["check"]).ok().out.contains("1 symbol"));
    assert!(test_dir.run(&["check", "--source", "two.csv"]).ok().out.contains("2 symbols"));
    // The environment selects a database, but its user is missing.
    let mut command = test_dir.command(&["check"]);
    command.env("DB_HOST", "db.example");
    finish(command).fails(2, &["missing MySQL user", "because of DB_HOST"]);
    // The file fills what the environment leaves out, and a flag overrides both.
    test_dir.write(
        "data-pipeline.toml",
        "[mysql]\nhost = \"of.file\"\nuser = \"me\"\ndatabase = \"market\"\ntable = \"a`b\"\n",
    );
    let mut command = test_dir.command(&["check", "--table", "bars"]);
    command.env("DB_HOST", "127.0.0.1").env("DB_PORT", "9").env("DB_PASSWORD", "x");
    finish(command).fails(1, &["mysql://me@127.0.0.1:9/market", "bars"]);
    let mut command = test_dir.command(&["check"]);
    command.env("DB_HOST", "127.0.0.1").env("DB_PASSWORD", "x");
    finish(command).fails(2, &["a`b"]);
    // The file completes an address.
    test_dir.write(
        "data-pipeline.toml",
        "source = \"mysql://me@127.0.0.1:9/market\"\n[mysql]\ntable = \"bars\"\n",
    );
    let mut command = test_dir.command(&["check"]);
    command.env("DB_PASSWORD", "x");
    finish(command).fails(1, &["mysql://me@127.0.0.1:9/market", "bars"]);
}

#[test]
fn file_sets_defaults_and_can_be_given_by_flag() {
    let test_dir = with_bars();
    test_dir.write(
        "data-pipeline.toml",
        "source = \"two.csv\"\n[leaderboards]\ntop-n = 1\nout-dir = \"boards\"\n",
    );
    test_dir.run(&["leaderboards"]).ok();
    let boards = test_dir.text("boards/leaderboards_summary.json");
    assert!(boards.contains("\"top_n\": 1"), "{boards}");
    test_dir.run(&["leaderboards", "--top-n", "2", "--out-dir", "other"]).ok();
    assert!(test_dir.text("other/leaderboards_summary.json").contains("\"top_n\": 2"));
    let help = test_dir.run(&["leaderboards", "--help"]).ok().out;
    assert!(help.contains("[default: boards]"), "{help}");
    // Another file by name, and one that is missing.
    test_dir.write("elsewhere/settings.toml", "source = \"one.csv\"\n");
    for words in [
        ["--config", "elsewhere/settings.toml", "check"],
        ["check", "--config", "elsewhere/settings.toml"],
    ] {
        assert!(test_dir.run(&words).ok().out.contains("1 symbol"));
    }
    test_dir.run(&["check", "--config", "elsewhere/setting.toml"]).fails(2, &["settings.toml"]);
    test_dir.run(&["check", "--config"]).fails(2, &["--config"]);
}

#[test]
fn invalid_settings_are_reported_with_the_file() {
    let test_dir = with_bars();
    for (text, words) in [
        (
            "[leaderboards]\ntop-n = \"many\"\n",
            &[
                "data-pipeline.toml",
                "many",
                "--top-n",
                "invalid configuration in data-pipeline.toml",
            ][..],
        ),
        ("[leaderboards]\ntopn = 3\n", &["data-pipeline.toml", "did you mean \"top-n\"?"]),
        ("source = \n", &["data-pipeline.toml", "line 1"]),
    ] {
        test_dir.write("data-pipeline.toml", text);
        test_dir.run(&["leaderboards", "--source", "one.csv"]).fails(2, words);
    }
    test_dir.write("data-pipeline.toml", "[run]\ncohorts = [\"gainer\"]\n");
    test_dir
        .run(&["run"])
        .fails(2, &["data-pipeline.toml", "gainer", "possible values", "overlaps"]);
    // A missing password file is an error only when it is needed.
    test_dir.write(
        "data-pipeline.toml",
        "[mysql]\nuser = \"me\"\ndatabase = \"m\"\npassword-file = \"none\"\n",
    );
    test_dir.run(&["check", "--source", "one.csv"]).ok();
    test_dir.run(&["check"]).fails(1, &["password-file in data-pipeline.toml", "no such file"]);
    test_dir.write("data-pipeline.toml", [0xff, 0xfe]);
    test_dir.run(&["check", "--source", "one.csv"]).fails(2, &["data-pipeline.toml"]);
    test_dir.write("data-pipeline.toml", "");
    test_dir.run(&["check", "--source", "one.csv"]).ok();
}

#[cfg(unix)]
#[test]
fn passwords_are_only_read_from_private_files() {
    use std::os::unix::fs::PermissionsExt;
    let test_dir = test_dir();
    let database = "host = \"127.0.0.1\"\nport = 9\nuser = \"me\"\ndatabase = \"market\"\n";
    for text in [
        format!("[mysql]\n{database}password = \"s3cret\"\n"),
        "source = \"mysql://me:s3cret@127.0.0.1:9/market\"\n".to_owned(),
    ] {
        let file = test_dir.write("data-pipeline.toml", text);
        let rights =
            |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        rights(0o644);
        // Commands that do not need the password work.
        test_dir.run(&["check", "--help"]).ok();
        let open =
            test_dir.run(&["check"]).fails(2, &["chmod 600 data-pipeline.toml", "password-file"]);
        rights(0o600);
        let private = test_dir
            .run(&["check"])
            .fails(1, &["using the password in data-pipeline.toml", "127.0.0.1:9"]);
        // The same for an address that is the default of a flag.
        let into = test_dir
            .write("into.toml", "[sync]\ninto = \"mysql://me:s3cret@127.0.0.1:9/market\"\n");
        std::fs::set_permissions(&into, std::fs::Permissions::from_mode(0o644)).unwrap();
        // Nothing answers at this address: the file is refused before any connection.
        let exchange = ["--pairs", "A/B", "--base-url", "http://127.0.0.1:9"];
        test_dir
            .run(&[&["sync", "--config", "into.toml"], &exchange[..]].concat())
            .fails(2, &["chmod 600 into.toml"]);
        let help = test_dir.run(&["sync", "--help", "--config", "into.toml"]).ok();
        assert!(!help.out.contains("s3cret"), "{}", help.out);
        for text in [open.err, private.err, test_dir.text("pipeline.log")] {
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_password_file_that_others_can_read_is_used_with_one_warning() {
    use std::os::unix::fs::PermissionsExt;
    let test_dir = test_dir();
    let file = test_dir.write("db.txt", "s3cret\n");
    let of_file = "[mysql]\nuser = \"me\"\ndatabase = \"m\"\nhost = \"127.0.0.1:9\"\n";
    test_dir.write("file.toml", format!("{of_file}password-file = \"db.txt\"\n"));
    let flags = ["--user", "me", "--database", "m", "--host", "127.0.0.1:9"];
    let typed = [&["check", "--password-file", "db.txt"], &flags[..]].concat();
    for words in [&typed[..], &["check", "--config", "file.toml"]] {
        for (mode, count) in [(0o600, 0), (0o400, 0), (0o644, 1), (0o440, 1)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let run = test_dir.run(words).fails(1, &["127.0.0.1:9"]);
            let warning =
                "warning: other users can read the password file db.txt; run 'chmod 600 db.txt'";
            assert_eq!(run.err.matches(warning).count(), count, "{mode:o}: {}", run.err);
            assert!(!run.err.contains("s3cret"), "{}", run.err);
        }
    }
}

#[test]
fn syntax_errors_name_the_place_and_not_the_text() {
    let test_dir = with_bars();
    for (text, place) in [
        ("[mysql]\npassword = s3cret\n", "line 2, column 12"),
        ("[mysql]\npassword = \"s3cret\n", "line 2, column"),
        ("[mysql]\npassword: \"s3cret\"\n", "line 2, column"),
        ("[mysql]\npassword = 's3cret' # s3cret\npassword = 's3cret'\n", "line 3, column 1"),
        ("[mysql]\nport = \"s3cret\"\n", "[mysql] invalid port"),
        ("source = \"mysql://me:s3cret@h:s3cret/d\"\n", "invalid mysql:// address"),
    ] {
        test_dir.write("data-pipeline.toml", text);
        let run = test_dir.run(&["check"]).fails(2, &["data-pipeline.toml", place]);
        assert!(!run.err.contains("s3cret"), "{text}: {}", run.err);
    }
}

#[test]
fn passwords_in_mistyped_command_lines_are_not_logged() {
    let test_dir = with_bars();
    let source = |address: &'static str| vec!["check", "--source", address];
    let import = |address: &'static str| vec!["import", address];
    let user = ["--user", "u", "--database", "d", "--password-file", "none"];
    let mut lines = vec![
        vec!["kraken-losers", "--base-url", "http://me:s3cret@127.0.0.1:9/"],
        vec!["kraken-losers", "--base-url", "ftp://me:s3cret@127.0.0.1:9/"],
        vec!["sync", "--pairs", "A/B", "--base-url", "http://s3cret@127.0.0.1:9/"],
        vec!["sync", "--into", "mysql//me:s3cret@h/d", "--base-url", "http://127.0.0.1:9"],
        [&["check", "--host", "me:s3cret@127.0.0.1:9"], &user[..]].concat(),
        [&["check", "--host", "me:s3cret"], &user[..]].concat(),
        [&["check", "--host", ":s3cret"], &user[..]].concat(),
        vec!["check", "--host", "127.0.0.1", "--port", "9", "--user", "u", "--password", "s3cret"],
    ];
    for address in [
        "mysql://me:s3cret@127.0.0.1:9/d",
        "mysql:me:s3cret@h",
        "mysql//me:s3cret@h/d",
        "mysql:/me:s3cret@h/d",
        "MYSQL:/me:s3cret@h/d",
        "mysqll://me:s3cret@h/d",
        "mariadb://me:s3cret@h/d",
        "jdbc:mysql://h/d?user=me&password=s3cret",
        "mysql://h/d?pass=s3cret",
        "mysql://h/d?pwd=s3cret",
        "mysql://h/d?password=s3cret",
        "mysql://me:p@s3cret/w@h/d",
        "mysql://me:p/s3cret@h/d",
        "mysql://me:p#s3cret@h/d",
        "mysql://me:p?s3cret@h/d",
        "mysql://me:s3cret",
        "mysql://me@h:s3cret/d",
        "me:s3cret@h/d",
        "http://me:s3cret@h/bars.csv",
        "host=h;user=me;password=s3cret",
    ] {
        lines.push(source(address));
        lines.push(import(address));
    }
    for line in lines {
        let run = test_dir.run(&line);
        assert!(matches!(run.status, Some(1 | 2)), "{line:?}: {}", run.err);
        assert!(!(run.out + &run.err).contains("s3cret"), "{line:?}: {}", run.err);
    }
    let mut port = test_dir.command(&["check"]);
    port.env("DB_PORT", "s3cret");
    let port = finish(port).fails(2, &["DB_PORT"]);
    assert!(!port.err.contains("s3cret"), "{}", port.err);
    let log = test_dir.text("pipeline.log");
    assert!(log.lines().count() > 40, "{log}");
    let leaks: Vec<&str> = log.lines().filter(|line| line.contains("s3cret")).collect();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn passwords_in_mistyped_words_do_not_reach_the_terminal() {
    let test_dir = with_bars();
    let login = "--database d --host 127.0.0.1 --port 9 --password x";
    let mut lines: Vec<Vec<String>> = [
        &format!("check --user me:s3cret {login}"),
        &format!("check --user=me:s3cret {login}"),
        "check --host me:s3cret:x --user u --database d --password x",
        "check --host mysql://me:s3cret@h:3306 --user u --database d --password x",
        "check --host s3cret@h --user u --database d --password x",
        "check --table mysql://me:s3cret@h/d --user u --database d --password x",
        "check --database me:s3cret --user u --host 127.0.0.1 --port 9 --password x",
        "check --port s3cret",
        "check --ssl-mode s3cret",
        "check --read-timeout s3cret",
        "check --connect-timeout=s3cret",
        "check --pasword s3cret",
        "check --pasword=s3cret",
        "check -ps3cret",
        "check --passwords3cret",
        "check -p s3cret",
        "check --password-file s3cret --user u --database d",
        "check --password-file me:s3cret --user u --database d",
        "check --password-file aB3/s3cret+Qz== --user u --database d",
        "check --password-file=aB3/s3cret+Qz== --user u --database d",
        "check --sourcemysql://me:s3cret@h/d",
        "check --sorce=mysql://me:s3cret@h/d",
        "check mysql://me:s3cret@h/d",
        "mysql://me:s3cret@h/d",
        "me:s3cret@h/d",
        "me:s3cret",
        "check --source bars.csv --strict me:s3cret",
        "check --source bars.csv --log-file mysql://me:s3cret@h/d/x",
        "check --config mysql://me:s3cret@h/d",
        "check --source bars.csv --bar-time mysql://me:s3cret@h/d",
        "check --source mysql://me%3As3cret@127.0.0.1:9/d --password x",
        "check --source mysql://h/d?s3cret",
        "check --source mysql://h/d?read-timeout=s3cret",
        "leaderboards --top-n mysql://me:s3cret@h/d",
        "leaderboards --source bars.csv --windows mysql://me:s3cret@h/d",
        "leaderboards --source bars.csv --asof mysql://me:s3cret@h/d",
        "sync --pairs mysql://me:p,s3cret@h/d --since x",
        "sync --into me:s3cret --base-url http://127.0.0.1:9",
        "kraken-losers --base-url me:s3cret@127.0.0.1",
        "kraken-losers --base-url https:me:s3cret@127.0.0.1",
        "config show sync --base-url https://me:s3cret@h/",
        "config show check --user me:s3cret",
        "config show check --port s3cret",
        "config show check --source me:s3cret",
        "config show check --source mysql://me:s3cret@h/d",
        "config show import mysql://me:s3cret@h/d",
        "config show import 'mysql://me:s3cret@h/d",
        "config show mysql://me:s3cret@h/d",
        "config init mysql://me:s3cret@h/d",
        "columns mysql://me:s3cret@h/d",
    ]
    .iter()
    .map(|line| line.split(' ').map(str::to_owned).collect())
    .collect();
    for address in [
        "me:s3cret",
        " mysql://me:s3cret@h/d",
        "mysql://me:s3cret@h/d ",
        "\tmysql://me:s3cret@h/d",
        "'mysql://me:s3cret@h/d'",
        "\"mysql://me:s3cret@h/d\"",
        "`mysql://me:s3cret@h/d`",
        "mysql://me:p s3cret@h/d",
        "mysql://me:p'\"s3cret@h/d",
        "mysql :// me:s3cret@h/d",
        "<mysql://me:s3cret@h/d>",
        "mysql://me:s3cret\u{a0}@h/d",
    ] {
        for command in [&["check", "--source"][..], &["import"], &["emd", "--input"]] {
            let words = command.iter().chain([&address]).map(|word| (*word).to_owned());
            lines.push(words.collect());
        }
    }
    for line in lines {
        let run = test_dir.run(&line);
        let (is_shown, text) = (line[0] == "config", run.out + &run.err);
        assert!(is_shown || line[0] == "columns" || run.status != Some(0), "{line:?}: {text}");
        assert!(!text.contains("s3cret"), "{line:?}: {text}");
        assert!(!text.contains("bug in"), "{line:?}: {text}");
    }
    // The same in the environment and in the file.
    for (variable, value) in [
        ("DB_USER", "me:s3cret"),
        ("DB_HOST", "me:s3cret@h"),
        ("DB_HOST", "mysql://me:s3cret@h:3306"),
        ("DB_NAME", "mysql://me:s3cret@h/d"),
        ("OHLCVT_TABLE", "me:s3cret"),
    ] {
        let mut command =
            test_dir.command(&["check", "--user", "u", "--password", "x", "--port", "9"]);
        command.env("DB_HOST", "127.0.0.1").env("DB_NAME", "d").env(variable, value);
        if variable == "DB_USER" {
            command = test_dir.command(&["check", "--password", "x"]);
            command.env("DB_NAME", "d").env(variable, value);
        }
        let run = finish(command);
        assert!(matches!(run.status, Some(1 | 2)), "{variable}={value}: {}", run.err);
        assert!(!run.err.contains("s3cret"), "{variable}={value}: {}", run.err);
    }
    for text in [
        "source = \"me:s3cret\"\n",
        "source = \" mysql://me:s3cret@h/d\"\n",
        "[mysql]\nhost = \"me:s3cret@h\"\n",
        "[mysql]\nuser = \"me:s3cret\"\n",
        "[mysql]\ntable = \"mysql://me:s3cret@h/d\"\nuser=\"u\"\ndatabase=\"d\"\npassword-file=\"bars.csv\"\n",
        "\"mysql://me:s3cret@h/d\" = 1\n",
        "[\"mysql://me:s3cret@h/d\"]\n",
        "[check]\n\"mysql://me:s3cret@h/d\" = 1\n",
        "[state]\nmonths = \"mysql://me:s3cret@h/d\"\n",
        "[leaderboards]\nwindows = [\"mysql://me:p,s3cret@h/d\"]\n",
        "[sync]\nbase-url = \"https://me:s3cret@h/\"\n",
    ] {
        test_dir.write("data-pipeline.toml", text);
        for words in [&["check"][..], &["config", "show"], &["sync", "--help"], &["run"]] {
            let run = test_dir.run(words);
            let text = run.out + &run.err;
            assert!(!text.contains("s3cret"), "{words:?}: {text}");
        }
    }
    let log = test_dir.text("pipeline.log");
    let leaks: Vec<&str> = log.lines().filter(|line| line.contains("s3cret")).collect();
    assert!(leaks.is_empty() && log.lines().count() > 40, "{}", leaks.join("\n"));
}

#[test]
fn innocent_words_are_not_replaced() {
    let test_dir = test_dir();
    test_dir.write("bars.csv", market(&["BTC:USD", "WBTC:USD", "ETH:USD"], 30));
    let boards = ["leaderboards", "--source", "bars.csv", "--out-dir", "lb_10:30am"];
    for words in [&["--symbols=BTC:USD,ETH:USD"][..], &["--exclude", "BTC:USD"], &["--quote=X:USD"]]
    {
        let run = test_dir.run(&[&boards[..], words].concat());
        assert!(!(run.out + &run.err).contains("***"), "{words:?}");
    }
    assert!(test_dir.run(&boards).ok().out.contains("lb_10:30am"));
    test_dir
        .run(&["emd", "--input", "bars.csv", "--column", "close:last", "--out", "modes.npz"])
        .fails(1, &["close:last"]);
    let end = "2024-01-01T00:00:00Z";
    let sample = ["sample", "--into", "sample", "--symbols", "2", "--days", "2", "--end", end];
    test_dir.run(&sample).ok();
    let log = test_dir.text("pipeline.log");
    assert!(log.contains(&format!("--end {end}")) && !log.contains("***"), "{log}");
}

#[test]
fn an_error_in_a_value_of_the_file_names_file_section_and_key() {
    let test_dir = with_bars();
    let fails = |file: &str, words: &[&str], said: &str| {
        test_dir.write("data-pipeline.toml", file);
        test_dir.run(words).fails(2, &[said]);
    };
    let windows = "[leaderboards]\nwindows = \"1h,4x\"\n";
    let boards = ["leaderboards", "--source", "one.csv"];
    fails(windows, &boards, "data-pipeline.toml: [leaderboards] windows: invalid window \"4x\"");
    // A typed flag is the command line's.
    fails(windows, &[&boards[..], &["--windows", "4y"]].concat(), "error: --windows: invalid");
    let months = "[state]\nmonths = 500\n";
    let state = ["state", "--source", "one.csv", "--input", "one.csv"];
    fails(months, &state, "data-pipeline.toml: [state] months 500 is out of range");
    // `run` reads the sections of its stages.
    let regime = "[regime]\nwindows = \"3x\"\n";
    fails(regime, &["run", "--source", "one.csv"], "data-pipeline.toml: [regime] windows: invalid");
}

#[test]
fn reasons_of_bad_numbers_are_plain() {
    let test_dir = with_bars();
    for (words, said) in [
        (["leaderboards", "--top-n", "1e3"], "expected a whole number, such as 20"),
        (["leaderboards", "--top-n", "-5"], "expected a whole number"),
        (["state", "--coverage-threshold", "x"], "expected a number, such as 0.8"),
        (["leaderboards", "--windows", "1M"], "30d for a month"),
    ] {
        test_dir.run(&words).fails(2, &[said]);
    }
    let run = test_dir.run(&["check", "--format", "csv"]).fails(2, &["'--format'"]);
    assert!(!run.err.contains("--port'"), "{}", run.err);
}

/// Runs `config show --format json` and returns value and origin of each setting, by command.
fn shown(command: std::process::Command) -> BTreeMap<String, BTreeMap<String, (String, String)>> {
    let run = finish(command).ok();
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("null").to_owned();
    let commands = shown["commands"].as_array().unwrap().iter();
    let settings = |command: &serde_json::Value| {
        let settings = command["settings"].as_array().unwrap().iter();
        settings.map(|s| (text(&s["setting"]), (text(&s["value"]), text(&s["from"])))).collect()
    };
    commands.map(|command| (text(&command["command"]), settings(command))).collect()
}

#[test]
fn lists_and_switches_are_set_by_file_and_flag() {
    let test_dir = test_dir();
    let values = |file: &str, words: &[&str], settings: &[&str]| -> Vec<String> {
        test_dir.write("data-pipeline.toml", file);
        let show = [&["config", "show", "--format", "json"], words].concat();
        let shown = &shown(test_dir.command(&show))[words[0]];
        settings.iter().map(|setting| shown[*setting].0.clone()).collect()
    };
    let file = "[leaderboards]\ntop-n = 7\nwindows = [\"6h\", \"24h\"]\ninclude-stale = true\ninclude-partial = false";
    let boards = |more: &[&str]| {
        let settings = ["top-n", "windows", "include-stale", "include-partial"];
        values(file, &[&["leaderboards"], more].concat(), &settings)
    };
    assert_eq!(boards(&[]), ["7", "6h,24h", "true", "false"]);
    assert_eq!(boards(&["--top-n", "3", "--windows", "1h"]), ["3", "1h", "true", "false"]);
    assert_eq!(boards(&["--include-stale"])[2], "true");
    assert_eq!(boards(&["--include-stale=false"])[2], "false");
    for (words, quiet, verbose) in [
        (&["check"][..], "true", "0"),
        (&["check", "--source", "x", "-v"], "false", "1"),
        (&["check", "--source", "x", "--verbose", "-v"], "false", "2"),
    ] {
        assert_eq!(values("quiet = true", words, &["quiet", "verbose"]), [quiet, verbose]);
    }
    let cohorts = "[run]\ncohorts = [\"gainers\", \"losers\"]\n[state]\nstrict = true";
    assert_eq!(values(cohorts, &["run"], &["cohorts", "strict"]), ["gainers,losers", "false"]);
    let bands = "[imf-postprocess]\namp-bands = [3, 8.5]";
    assert_eq!(values(bands, &["imf-postprocess"], &["amp-bands"]), ["3,8.5"]);
    let shared = "threads = 2\nstrict = true\nbar-time = \"close\"";
    let settings = ["threads", "strict", "bar-time"];
    assert_eq!(values(shared, &["state"], &settings), ["2", "true", "close"]);
    // The file can provide a required flag.
    test_dir.write("data-pipeline.toml", "[imf-postprocess]\nsummary = \"x.parquet\"");
    test_dir.run(&["imf-postprocess"]).fails(1, &["x.parquet"]);
}

#[test]
fn invalid_settings_are_reported() {
    let test_dir = test_dir();
    for (text, words) in [
        ("[leaderboard]\ntop-n = 3", "did you mean \"leaderboards\"?"),
        ("[leaderboards]\ntopn = 3", "did you mean \"top-n\"?"),
        ("[leaderboards]\nsource = \"x\"", "set it at the top"),
        ("[fetch-history]\ninput-csv = \"x\"", "cannot be set here"),
        ("top-n = 3", "such as [leaderboards]"),
        ("config = \"other.toml\"", "unknown top-level key"),
        ("threds = 4", "did you mean \"threads\"?"),
        ("source = 3", "must be a string"),
        ("source = \"bars\"\n[mysql]\nhost = \"h\"", "drop one of them"),
        ("[mysql]\nhosts = \"h\"", "did you mean \"host\"?"),
        ("[mysql]\nport = 99999", "port"),
        ("[mysql]\nssl-mode = \"maybe\"", "ssl-mode"),
        ("[mysql]\nread-timeout = 0", "invalid read-timeout \"0\": expected 1-86400 seconds"),
        ("mysql = 3", "mysql must be a section"),
        ("[leaderboards]\ntop-n = { a = 1 }", "must be a string, a number"),
        ("[leaderboards\n", "line 1, column 14: unclosed table"),
    ] {
        test_dir.write("data-pipeline.toml", text);
        test_dir.run(&["config", "show"]).fails(2, &["data-pipeline.toml", words]);
    }
    test_dir.write("data-pipeline.toml", "[regime]\nbreakout-lookback-days = \"x\"");
    test_dir.run(&["run"]).fails(2, &["data-pipeline.toml", "expected a whole number, such as 20"]);
}

#[test]
fn show_names_the_origin_of_each_value() {
    let test_dir = with_bars();
    test_dir.write(
        "data-pipeline.toml",
        "source = \"one.csv\"\nthreads = 2\nquiet = true\n[state]\nmonths = 2\nout = \"mine\"\n",
    );
    let show = |words: &[&str]| test_dir.command(&[&["config", "show"][..], words].concat());
    let pair = |value: &str, from: &str| (value.to_owned(), from.to_owned());
    let state =
        &shown(show(&["--format", "json", "state", "--dry-run", "--out", "x", "-v"]))["state"];
    for (setting, value, from) in [
        ("source", "one.csv", "data-pipeline.toml"),
        ("threads", "2", "data-pipeline.toml"),
        ("months", "2", "data-pipeline.toml [state]"),
        ("out", "x", "command line"),
        ("dry-run", "true", "command line"),
        ("no-baseline", "false", "default"),
        ("compression", "snappy", "default"),
        // -v on the command line conflicts with quiet in the file.
        ("quiet", "false", "default"),
        ("verbose", "1", "command line"),
    ] {
        assert_eq!(state[setting], pair(value, from), "{setting}");
    }
    assert!(!state.contains_key("host"), "the source is a file");
    // Without a command: all that is set, and nothing else.
    let all = shown(show(&["--format", "json"]));
    assert_eq!(all["leaderboards"].len(), 3, "{all:?}");
    assert_eq!(all["state"].len(), 5, "{all:?}");
    // A database: environment, address and file complete each other.
    test_dir.write(
        "data-pipeline.toml",
        "[mysql]\nhost = \"of.file\"\nuser = \"me\"\ntable = \"bars\"\npassword = \"s3cret\"\nread-timeout = 90\n",
    );
    let mut command = show(&[
        "--format",
        "json",
        "check",
        "--source",
        "mysql://of.address/market",
        "--port",
        "1",
    ]);
    command.env("DB_HOST", "of.environment").env("DB_USER", "you");
    let check = &shown(command)["check"];
    for (setting, value, from) in [
        ("host", "of.address", "--source"),
        ("port", "1", "command line"),
        ("user", "you", "environment (DB_USER)"),
        ("password", "***", "data-pipeline.toml [mysql]"),
        ("database", "market", "--source"),
        ("table", "bars", "data-pipeline.toml [mysql]"),
        ("ssl-mode", "preferred", "default"),
        ("connect-timeout", "10", "default"),
        ("read-timeout", "90", "data-pipeline.toml [mysql]"),
    ] {
        assert_eq!(check[setting], pair(value, from), "{setting}");
    }
    let mut command = show(&["--format", "json", "fetch-history", "losers"]);
    command.env("LOSERS_CSV", "mine.csv");
    let history = &shown(command)["fetch-history"];
    assert_eq!(history["input-csv"], pair("mine.csv", "environment (LOSERS_CSV)"));
    assert_eq!(history["COHORT"], pair("losers", "command line"));
    assert_eq!(history["database"], pair("null", "prompt"));
    // Text, and mistakes.
    let text = finish(show(&["check"])).ok().out;
    assert!(text.contains("configuration file: data-pipeline.toml"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    test_dir.write("data-pipeline.toml", "[state]\nmonths = \"many\"\n");
    test_dir
        .run(&["config", "show", "state"])
        .fails(2, &["invalid configuration in data-pipeline.toml", "many", "a whole number"]);
    test_dir.write("data-pipeline.toml", "");
    test_dir.run(&["config", "show", "stat"]).fails(2, &["unknown command \"stat\"", "state"]);
    test_dir.run(&["config", "show", "state", "--monhts", "3"]).fails(2, &["--monhts"]);
}

#[test]
fn init_lists_every_setting_with_its_default() {
    let test_dir = test_dir();
    let show = |test_dir: &TestDir, command: &str| {
        let mut all = shown(test_dir.command(&["config", "show", "--format", "json", command]));
        all.remove(command).unwrap()
    };
    let commands = ["run", "leaderboards", "metrics", "imf-stage", "import", "sync", "emd"];
    let before = commands.map(|command| show(&test_dir, command));
    test_dir.run(&["config", "init"]).ok();
    test_dir.run(&["config", "init"]).fails(2, &["data-pipeline.toml already exists"]);
    test_dir.run(&["config", "init", "other.toml"]).ok();
    let file = test_dir.text("data-pipeline.toml");
    assert_eq!(file, test_dir.text("other.toml"));
    assert_eq!(commands.map(|command| show(&test_dir, command)), before, "{file}");
    // With all defaults set, the values are the same, and they come from the file.
    let is_default = |line: &str| {
        let value = line.split(" = ").nth(1).filter(|_| line.starts_with('#'));
        let is_key = |key: &str| {
            key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        let is_placeholder = |value: &str| {
            value.trim_matches('"').chars().all(|c| c.is_ascii_uppercase() || "_/=,.".contains(c))
        };
        value.is_some_and(|value| value.to_lowercase() == value || !is_placeholder(value))
            && is_key(line[1..].split(" = ").next().unwrap_or_default())
            && !line.starts_with("#source")
    };
    // Settings of a database would make it the source.
    let (head, rest) = file.split_once("[mysql]").unwrap();
    let file = head.to_owned() + &rest[rest.find("\n[").unwrap()..];
    let set: Vec<String> = file
        .lines()
        .map(|line| if is_default(line) { line[1..].to_owned() } else { line.to_owned() })
        .collect();
    assert!(set.iter().filter(|line| line.contains(" = ") && !line.starts_with('#')).count() > 100);
    test_dir.write("data-pipeline.toml", set.join("\n"));
    for (command, before) in commands.into_iter().zip(before) {
        let after = show(&test_dir, command);
        let text = set.join("\n");
        let section = text.split(&format!("\n[{command}]\n")).nth(1).unwrap();
        let section = section.split("\n[").next().unwrap();
        for (setting, (value, from)) in &before {
            assert_eq!(&after[setting].0, value, "{command} {setting}");
            // Some defaults are words, for which there is no value.
            let is_set = from == "default"
                && setting != "into"
                && section.lines().any(|line| line.starts_with(&format!("{setting} = ")));
            assert!(
                !is_set || after[setting].1.contains("data-pipeline.toml"),
                "{command} {setting}"
            );
        }
    }
}
