//! The program against a real MariaDB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hostile_servers;
mod support;

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::Arguments;
use support::{arg, market, test_dir};
use testkit::Need::{MariaDb, Shared};
use testkit::mariadb::{PASSWORD, Server};
use testkit::program::finish;
use testkit::trial;

/// The server that most tests share; each has a table of its own.
static SERVER: Mutex<Option<Arc<Server>>> = Mutex::new(None);

fn server() -> Arc<Server> {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    server.get_or_insert_with(|| Arc::new(Server::start())).clone()
}

fn main() {
    type Test = (&'static str, fn());
    let tests: [Test; 22] = [
        ("import_is_idempotent_and_the_last_wins", import_is_idempotent_and_the_last_wins),
        (
            "flags_environment_and_address_mean_the_same",
            flags_environment_and_address_mean_the_same,
        ),
        ("wrong_password_table_and_sql", wrong_password_table_and_sql),
        ("prompts_check_each_answer", prompts_check_each_answer),
        ("a_missing_index_is_said_with_its_statement", a_missing_index_is_said_with_its_statement),
        ("other_columns_types_and_dirt", other_columns_types_and_dirt),
        ("the_newest_bar_is_a_bar", the_newest_bar_is_a_bar),
        ("symbols_that_differ_in_case_alone", symbols_that_differ_in_case_alone),
        ("symbols_with_blanks_at_their_ends", symbols_with_blanks_at_their_ends),
        ("symbols_padded_with_blanks", symbols_padded_with_blanks),
        ("rows_with_odd_dates_are_findings", rows_with_odd_dates_are_findings),
        ("texts_are_not_numbers", texts_are_not_numbers),
        ("many_symbols_are_listed_by_one_query", many_symbols_are_listed_by_one_query),
        ("views_and_engines_without_transactions", views_and_engines_without_transactions),
        ("close_labels", close_labels),
        ("times_are_utc_whatever_the_server_thinks", times_are_utc_whatever_the_server_thinks),
        ("encryption", encryption),
        ("a_certificate_that_is_its_own_authority", a_certificate_that_is_its_own_authority),
        ("users_that_must_encrypt_or_change_their_password", users_with_conditions),
        ("a_server_that_dies_and_comes_back", a_server_that_dies_and_comes_back),
        ("a_server_that_dies_for_good", a_server_that_dies_for_good),
        (
            "an_import_that_is_killed_leaves_whole_symbols",
            an_import_that_is_killed_leaves_whole_symbols,
        ),
    ];
    let mut trials: Vec<_> =
        tests.into_iter().map(|(name, test)| trial(name, &[MariaDb], test)).collect();
    let three = three_sources_give_the_same_bytes;
    trials.push(trial("three_sources_give_the_same_bytes", &[MariaDb, Shared], three));
    trials.push(trial(
        "features_from_a_database_and_a_store",
        &[MariaDb, Shared],
        features_from_a_database_and_a_store,
    ));
    let cycles = cycles_from_a_database_and_a_store;
    trials.push(trial("cycles_from_a_database_and_a_store", &[MariaDb, Shared], cycles));
    trials.extend(hostile_servers::trials());
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    // A static is never dropped; the server and its folder must go all the same.
    drop(SERVER.lock().unwrap_or_else(PoisonError::into_inner).take());
    conclusion.exit();
}

/// The real market, from the file, the store and the database, with one and two threads.
fn three_sources_give_the_same_bytes() {
    let test_dir = test_dir();
    let file = arg(&testkit::shared()
        .expect("shared")
        .join("data/binance_spot_34sym_2021-04-02_42d_1m.parquet"));
    let address = server().address("three_sources");
    test_dir.run(&["import", &file, "--into", "store"]).ok();
    test_dir.run(&["import", &file, "--into", &address]).ok();
    for windows in ["1h,4h,12h,24h", "6h,24h,72h,168h"] {
        let mut trees = Vec::new();
        for source in [file.as_str(), "store", &address] {
            for threads in ["1", "2"] {
                let out = format!("out{}", trees.len());
                test_dir
                    .run(&[
                        "leaderboards",
                        "--source",
                        source,
                        "--windows",
                        windows,
                        "--asof",
                        "2021-05-13T12:34:00Z",
                        "--threads",
                        threads,
                        "--out-dir",
                        &out,
                    ])
                    .ok();
                trees.push(test_dir.tree(&out));
            }
        }
        assert_eq!(trees[0].len(), 5);
        assert!(trees.iter().all(|tree| *tree == trees[0]), "{windows}");
    }
}

/// metrics, state and regime with their baselines from the store and from the database.
fn features_from_a_database_and_a_store() {
    let test_dir = test_dir();
    let file = arg(&testkit::shared()
        .expect("shared")
        .join("data/small/binance_4sym_7d_2023-03-21_listing+outage_1m_ohlcvt.csv.gz"));
    let address = server().address("features");
    test_dir.run(&["import", &file, "--into", "store"]).ok();
    test_dir.run(&["import", &file, "--into", &address]).ok();
    for (source, out) in [("store", "1"), (&address, "2")] {
        let run = |words: &[&str]| {
            test_dir.run(&[words, &["--input", &file, "--source", source]].concat()).ok();
        };
        run(&[
            "metrics",
            "losers",
            "--output",
            &format!("{out}/m.csv"),
            "--series-output",
            &format!("{out}/s.csv"),
        ]);
        run(&["state", "--out", &format!("{out}/state")]);
        run(&["regime", "--windows", "3d", "--out", &format!("{out}/regime")]);
    }
    assert_eq!(test_dir.tree("1").len(), 6);
    assert_eq!(test_dir.tree("1"), test_dir.tree("2"));
}

/// A month of real bars of some symbols into cycles, from the file, the store and the database,
/// with one and two threads.
fn cycles_from_a_database_and_a_store() {
    let test_dir = test_dir();
    let shared = testkit::shared().expect("shared");
    let file = arg(&shared.join("data/binance_spot_34sym_2021-04-02_42d_1m.parquet"));
    let address = server().address("cycles");
    test_dir.write("some.csv", "symbol\nBTC/USDT\nBTG/USDT\nDOGE/USDT\n");
    let cut = [
        "fetch-history",
        "overlaps",
        "--input-csv",
        "some.csv",
        "--output-csv",
        "cut.csv",
        "--days",
        "42",
    ];
    test_dir.run(&[&cut[..], &["--source", &file]].concat()).ok();
    test_dir.run(&["import", "cut.csv", "--into", "store"]).ok();
    test_dir.run(&["import", "cut.csv", "--into", &address]).ok();
    let words =
        ["imf-stage", "--leaders", "BTC/USDT,BTG/USDT,DOGE/USDT,NOPE", "--asof", "2021-05-13"];
    let words =
        [&words[..], &["--lookback-months", "1", "--trials", "4", "--persist-imfs"]].concat();
    let mut trees = Vec::new();
    for source in [file.as_str(), "store", &address] {
        for threads in ["1", "2"] {
            let out = format!("out{}", trees.len());
            let more = ["--source", source, "--threads", threads, "--out", &out];
            test_dir.run(&[&words[..], &more[..]].concat()).ok();
            let mut tree = test_dir.tree(&out);
            for (_, content) in
                tree.iter_mut().filter(|(name, _)| name.ends_with("run_config.json"))
            {
                let mut config: serde_json::Value = serde_json::from_slice(content).expect("JSON");
                assert!(!config.to_string().contains(PASSWORD), "no password is written down");
                config.as_object_mut().expect("an object").remove("run");
                *content = config.to_string().into_bytes();
            }
            trees.push(tree);
        }
    }
    assert_eq!(trees[0].len(), 11);
    assert!(trees.iter().all(|tree| *tree == trees[0]));
}

fn import_is_idempotent_and_the_last_wins() {
    let test_dir = test_dir();
    let address = server().address("idempotent");
    test_dir.write("a.csv", market(&["A/B", "C"], 2));
    test_dir.write(
        "b.csv",
        "symbol,timestamp,open,high,low,close,volume,trades\nC,2024-01-02 23:59,1,2,1,2,5,77\n",
    );
    let first = test_dir.run(&["import", "a.csv", "--into", &address]).ok();
    assert!(first.out.contains("2 symbols, 240 bars, 240 new"), "{}", first.out);
    let again = test_dir.run(&["import", "a.csv", "--into", &address]).ok();
    assert!(again.out.contains("2 symbols, 240 bars, 0 new"), "{}", again.out);
    test_dir.run(&["import", "b.csv", "--into", &address]).ok();
    assert_eq!(server().value("SELECT COUNT(*) FROM market.idempotent"), 240);
    assert_eq!(
        server().value(
            "SELECT trades FROM market.idempotent WHERE symbol = 'C' AND timestamp = '2024-01-02 23:59'"
        ),
        77
    );
    assert_eq!(server().value("SELECT COUNT(*) FROM market.idempotent WHERE trades IS NULL"), 239);
}

fn flags_environment_and_address_mean_the_same() {
    let test_dir = test_dir();
    let address = server().address("meaning");
    test_dir.write("a.csv", market(&["A/B", "C"], 30));
    test_dir.run(&["import", "a.csv", "--into", &address]).ok();
    let port = server().port().to_string();
    let common = ["--windows", "1h", "--lookback-days", "1", "--top-n", "3"];

    let by_address =
        [&["leaderboards", "--source", &address, "--out-dir", "address"], &common[..]].concat();
    let run = test_dir.run(&by_address).ok();
    assert!(run.err.contains("/market, table meaning"), "{}", run.err);
    test_dir.write("password", format!("{PASSWORD}\n"));
    let by_flags = [
        &[
            "leaderboards",
            "--host",
            "127.0.0.1",
            "--port",
            &port,
            "--user",
            "me",
            "--database",
            "market",
        ],
        &["--table", "meaning", "--password-file", "password", "--out-dir", "flags"][..],
        &common,
    ]
    .concat();
    test_dir.run(&by_flags).ok();
    let mut by_environment =
        test_dir.command(&[&["leaderboards", "--out-dir", "environment"], &common[..]].concat());
    by_environment.envs([
        ("DB_HOST", "127.0.0.1"),
        ("DB_PORT", &port),
        ("DB_USER", "me"),
        ("DB_PASSWORD", PASSWORD),
    ]);
    by_environment.envs([("DB_NAME", "market"), ("OHLCVT_TABLE", "meaning")]);
    finish(by_environment).ok();
    assert_eq!(test_dir.tree("address"), test_dir.tree("flags"));
    assert_eq!(test_dir.tree("address"), test_dir.tree("environment"));
    for file in ["address/pipeline.log", "flags/pipeline.log", "environment/pipeline.log"] {
        let log = test_dir.text(file);
        assert!(
            log.contains("leaderboards done") && !log.contains("ss:w") && !log.contains("p%40ss"),
            "{log}"
        );
    }
    // Missing settings are prompted for on a terminal; for a pipe they are an error.
    let missing = test_dir.run(&[
        "leaderboards",
        "--host",
        "127.0.0.1",
        "--user",
        "me",
        "--database",
        "market",
    ]);
    missing.fails(2, &["missing MySQL password", "DB_PASSWORD"]);
}

fn wrong_password_table_and_sql() {
    let test_dir = test_dir();
    let address = server().address("absent");
    test_dir.run(&["check", "--source", &address]).fails(1, &["no table \"absent\"", "--table"]);
    let wrong = format!("mysql://me:wrong@127.0.0.1:{}/market", server().port());
    let run = test_dir
        .run(&["check", "--source", &wrong])
        .fails(1, &["Access denied", "check user and password"]);
    assert!(!run.err.contains("wrong@"), "{}", run.err);
    let database = address.replace("/market", "/nowhere");
    test_dir.run(&["check", "--source", &database]).fails(
        1,
        &["no database \"nowhere\", or no rights on it (you may use: market)", "--database"],
    );
    test_dir.write("a.csv", market(&["A"], 1));
    test_dir
        .run(&["import", "a.csv", "--into", &database])
        .fails(1, &["no database \"nowhere\"", "(you may use: market)"]);
    for sql in ["x`; DROP TABLE y; --", "a b", "x.y"] {
        let source = format!("mysql://me:x@127.0.0.1:{}/market", server().port());
        test_dir
            .run(&["check", "--source", &source, "--table", sql])
            .fails(2, &["invalid table", "letters, digits"]);
    }
    let unreachable = "mysql://me:x@127.0.0.1:1/market";
    test_dir.run(&["check", "--source", unreachable]).fails(1, &["127.0.0.1:1", "server is up"]);
}

fn prompts_check_each_answer() {
    let test_dir = test_dir();
    test_dir.write("a.csv", market(&["A"], 1));
    test_dir.run(&["import", "a.csv", "--into", &server().address("prompted")]).ok();
    let (host, port) = ("MySQL host [localhost]: ", server().port().to_string());
    let password = "Password of me (empty for none): ";
    let (database, table) = ("MySQL database [market]: ", "Table [ohlcvt]: ");
    let answers = [
        (host, "127.0.0.1"),
        ("Port [3306]: ", &port),
        ("MySQL user: ", "me:x"),
        ("MySQL user: ", "me"),
        (password, "wrong1"),
        (password, "wrong2"),
        (password, PASSWORD),
        (database, "nowhere"),
        (database, ""),
        (table, "absent"),
        (table, "prompted"),
    ];
    let run = test_dir.run_on_terminal("check", 120, &answers);
    assert_eq!(run.status, Some(0), "{}", run.out);
    for words in [
        "invalid user: expected a name without",
        "Access denied",
        "no database \"nowhere\", or no rights on it (you may use: market)",
        "no table \"absent\"",
        "1 symbol",
    ] {
        assert!(run.out.contains(words), "{words}: {}", run.out);
    }
    for secret in ["wrong1", "wrong2", PASSWORD] {
        assert!(!run.out.contains(secret), "{secret} is shown: {}", run.out);
    }
    // The third wrong password ends the program.
    let flags = format!("check --host 127.0.0.1:{port} --user me --database market");
    let run =
        test_dir.run_on_terminal(&flags, 120, &[(password, "a"), (password, "b"), (password, "c")]);
    assert_eq!(run.status, Some(1), "{}", run.out);
    assert_eq!(run.out.matches("Access denied").count(), 3, "{}", run.out);
    // The table of a target is created, so it need not exist.
    let address = format!("import a.csv --into mysql://127.0.0.1:{port} --table made");
    let answers = [("MySQL user: ", "me"), (password, PASSWORD), (database, "market")];
    let run = test_dir.run_on_terminal(&address, 120, &answers);
    assert_eq!(run.status, Some(0), "{}", run.out);
}

fn a_missing_index_is_said_with_its_statement() {
    server().sql(
        "CREATE TABLE market.bare (symbol VARCHAR(20), timestamp DATETIME, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE); \
         INSERT INTO market.bare VALUES ('A', '2024-01-01 00:00', 1, 1, 1, 1, 1), ('A', '2024-01-01 00:01', 1, 1, 1, 1, 1)",
    );
    let test_dir = test_dir();
    let create = "CREATE INDEX symbol_timestamp ON `bare` (`symbol`, `timestamp`);";
    test_dir
        .run(&["check", "--source", &server().address("bare")])
        .ok()
        .prints(&["no index", create]);
    test_dir.write("a.csv", market(&["A"], 1));
    let import = test_dir.run(&["import", "a.csv", "--into", &server().address("bare")]);
    import.fails(1, &["no unique key", "ALTER TABLE `bare` ADD UNIQUE KEY"]);
    // The remedy in the message works.
    server().sql(&format!("USE market; {create}"));
    let check = test_dir.run(&["check", "--source", &server().address("bare")]).ok();
    assert!(
        !check.err.contains("no index")
            && check.out.contains("index on (symbol, timestamp): present"),
        "{check:?}"
    );
}

fn other_columns_types_and_dirt() {
    server().sql(
        "CREATE TABLE market.other (id INT AUTO_INCREMENT PRIMARY KEY, Ticker VARCHAR(20), `time` TIMESTAMP(3) NULL, open DECIMAL(20, 8), high FLOAT, \
         low INT, close BIGINT UNSIGNED, qty DECIMAL(20, 8), KEY (Ticker, `time`)); SET time_zone = '+00:00'; \
         INSERT INTO market.other (Ticker, `time`, open, high, low, close, qty) VALUES \
         ('A', '2024-01-01 00:00:00', 1.25, 2.5, 1, 2, 0.5), ('A', '2024-01-01 00:01:00.500', 1, 1, 1, 1, 1), \
         ('A', '2024-01-01 00:02:00', NULL, 1, 1, 1, 1), ('A', '2024-01-01 00:03:00', 1, 1, 1, 0, 1), \
         ('A', '2024-01-01 00:04:00', 1, 1, 1, 1, -1), ('A', '2024-01-01 00:05:00', 1, 1, 2, 1, 1), \
         ('A', '2024-01-01 00:06:00', 5, 2, 1, 1, 1), ('A', '2024-01-01 00:07:00', 1, 2, 1, 1, 7), \
         ('A', '2024-01-01 00:07:00', 1, 2, 1, 2, 8), ('A', NULL, 1, 1, 1, 1, 1)",
    );
    let test_dir = test_dir();
    test_dir.write("list.csv", "symbol\nA\n");
    let address = server().address("other");
    let run = test_dir
        .run(&[
            "fetch-history",
            "losers",
            "--input-csv",
            "list.csv",
            "--output-csv",
            "out.csv",
            "--source",
            &address,
        ])
        .ok();
    assert_eq!(
        test_dir.text("out.csv"),
        "symbol,timestamp,open,high,low,close,volume\n\
         A,2024-01-01 00:00:00,1.25,2.5,1.0,2.0,0.5\n\
         A,2024-01-01 00:06:00,5.0,2.0,1.0,1.0,1.0\n\
         A,2024-01-01 00:07:00,1.0,2.0,1.0,2.0,8.0\n"
    );
    let rejected = [
        "skipped 5 rows",
        "timestamp not on a whole minute",
        "price is not a number > 0 (2,",
        "volume is not a number >= 0 (A ",
        "high below low (A ",
        "replaced by a later row of the same symbol and minute (A ",
        "kept with open or close outside [low, high] (A ",
    ];
    let run = run.prints(&rejected);
    assert!(
        run.err.contains("first: A '2024-01-01 00:03:00")
            || run.err.contains("first: A '2024-01-01 00:02:00"),
        "{}",
        run.err
    );
    // Reading only closes finds the same.
    let flags = ["--source", &address, "--windows", "2m", "--lookback-days", "1", "--top-n", "1"];
    test_dir.run(&[&["leaderboards"], &flags[..]].concat()).ok().prints(&rejected);
    test_dir
        .run(&[&["leaderboards", "--strict"], &flags[..]].concat())
        .fails(1, &["6 invalid or duplicate rows", "--strict"]);
    // A row without a time is in no span; only reading all rows finds it.
    test_dir
        .run(&["check", "--source", &address])
        .fails(1, &["skipped 6 rows", "unreadable timestamp (A NULL)"]);
}

/// Rows that will be set aside must not decide what the latest as-of is: a file of the same rows
/// does not let them.
fn the_newest_bar_is_a_bar() {
    let test_dir = test_dir();
    let text = market(&["A", "B"], 30);
    test_dir.write("clean.csv", &text);
    test_dir.write("dirty.csv", text + "A,2024-01-03 05:00,0,1,1,1,1\nB,2099-01-01 00:00:30,1,1,1,1,1\nC,2024-01-02 12:00,1,1,1,-1,1\n");
    test_dir.run(&["import", "clean.csv", "--into", &server().address("newest")]).ok();
    let columns = "(symbol, timestamp, open, high, low, close, volume)";
    server().sql(&format!(
        "ALTER TABLE market.newest MODIFY timestamp DATETIME(3); INSERT INTO market.newest {columns} VALUES \
         ('A', '2024-01-03 05:00', 0, 1, 1, 1, 1), ('B', '2099-01-01 00:00:30', 1, 1, 1, 1, 1), ('C', '2024-01-02 12:00', 1, 1, 1, -1, 1)"
    ));
    server().sql("CREATE TABLE market.newest_bare AS SELECT * FROM market.newest");
    for (source, out) in [
        ("dirty.csv", "file"),
        (&server().address("newest"), "table"),
        (&server().address("newest_bare"), "bare"),
    ] {
        let flags = [
            "--windows",
            "1h",
            "--lookback-days",
            "1",
            "--top-n",
            "2",
            "--source",
            source,
            "--out-dir",
            out,
        ];
        test_dir.run(&[&["leaderboards"], &flags[..]].concat()).ok();
    }
    assert!(
        test_dir
            .text("file/leaderboards_summary.json")
            .contains("\"asof\": \"2024-01-03T00:00:00Z\"")
    );
    assert_eq!(test_dir.tree("file"), test_dir.tree("table"));
    assert_eq!(test_dir.tree("file"), test_dir.tree("bare"));
}

const COLUMNS: &str =
    "timestamp DATETIME, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE";

fn symbols_that_differ_in_case_alone() {
    server().sql(&format!(
        "CREATE TABLE market.cases (symbol VARCHAR(20) COLLATE utf8mb4_general_ci, {COLUMNS}, PRIMARY KEY (symbol, timestamp)); \
         INSERT INTO market.cases VALUES ('kPEPE', '2024-01-01 00:00', 1, 1, 1, 1, 1)"
    ));
    let test_dir = test_dir();
    let address = server().address("cases");
    // One spelling is no trouble.
    test_dir.run(&["check", "--source", &address]).ok();
    test_dir.write(
        "other.csv",
        "symbol,timestamp,open,high,low,close,volume\nKPEPE,2024-01-01 00:01,1,1,1,1,1\n",
    );
    let import = test_dir.run(&["import", "other.csv", "--into", &address]);
    import.fails(1, &["treats KPEPE and the existing kPEPE as equal", "binary collation"]);
    server().sql("INSERT INTO market.cases VALUES ('KPEPE', '2024-01-01 00:01', 1, 1, 1, 1, 1)");
    test_dir.run(&["check", "--source", &address]).fails(1, &["as equal", "binary collation"]);
    let flags = ["--windows", "2m", "--lookback-days", "1", "--top-n", "1"];
    test_dir
        .run(&[&["leaderboards", "--source", &address], &flags[..]].concat())
        .fails(1, &["as equal"]);
    server().sql("ALTER TABLE market.cases MODIFY symbol VARCHAR(20) COLLATE utf8mb4_bin");
    assert!(
        test_dir
            .run(&["check", "--source", &address])
            .fails(1, &["counted more than once"])
            .out
            .contains("2 symbols, 2 bars")
    );
}

fn symbols_with_blanks_at_their_ends() {
    server().sql(&format!(
        "CREATE TABLE market.blanks (symbol VARCHAR(20) COLLATE utf8mb4_bin, {COLUMNS}, PRIMARY KEY (symbol, timestamp)); \
         INSERT INTO market.blanks VALUES ('A', '2024-01-01 00:00', 1, 1, 1, 1, 1), (' A', '2024-01-01 00:05', 1, 1, 1, 1, 1)"
    ));
    let run = test_dir().run(&["check", "--source", &server().address("blanks")]);
    let run = run.fails(1, &["missing or invalid symbol (table", "all rows of ' A'"]);
    assert!(run.out.contains("1 symbol, 1 bar,"), "{}", run.out);
}

/// Most collations ignore blanks at the end: the rows of 'A ' are rows of A, which must not
/// disappear.
fn symbols_padded_with_blanks() {
    let test_dir = test_dir();
    for (table, key) in [("padded", ", PRIMARY KEY (symbol, timestamp)"), ("padded_bare", "")] {
        server().sql(&format!(
            "CREATE TABLE market.{table} (symbol VARCHAR(20) COLLATE utf8mb4_bin, {COLUMNS}{key}); \
             INSERT INTO market.{table} VALUES ('A ', '2024-01-01 00:00', 1, 1, 1, 1, 1), \
             ('A', '2024-01-01 00:01', 1, 1, 1, 1, 1), ('B  ', '2024-01-01 00:01', 1, 1, 1, 1, 1)"
        ));
        let run = test_dir.run(&["check", "--source", &server().address(table)]).ok();
        assert!(run.out.contains("2 symbols, 3 bars,"), "{}", run.out);
    }
    // In a collation that respects blanks it is a symbol of its own, and not a valid one.
    server().sql(&format!(
        "CREATE TABLE market.unpadded (symbol VARCHAR(20) COLLATE utf8mb4_nopad_bin, {COLUMNS}, PRIMARY KEY (symbol, timestamp)); \
         INSERT INTO market.unpadded VALUES ('A ', '2024-01-01 00:00', 1, 1, 1, 1, 1), ('A', '2024-01-01 00:01', 1, 1, 1, 1, 1)"
    ));
    let run = test_dir.run(&["check", "--source", &server().address("unpadded")]);
    let run = run.fails(1, &["missing or invalid symbol (table", "all rows of 'A '"]);
    assert!(run.out.contains("1 symbol, 1 bar,"), "{}", run.out);
}

/// A server stores dates that do not exist and years that are not read. They hide no bar, and
/// `check` reports them.
fn rows_with_odd_dates_are_findings() {
    let test_dir = test_dir();
    let bar = |symbol: &str, time: &str| format!("('{symbol}', '{time}', 1, 1, 1, 1, 1)");
    let rows = [
        bar("A", "0000-00-00 00:00"),
        bar("A", "2024-00-10 00:00"),
        bar("A", "2024-01-00 00:00"),
        bar("A", "2024-01-01 00:00"),
        bar("A", "2024-01-01 00:01"),
        bar("A", "2024-02-31 00:00"),
        bar("A", "9999-12-31 23:59"),
        bar("B", "0000-00-00 00:00"),
        bar("C", "2024-01-01 00:01"),
    ];
    for (table, key) in [("odd", ", PRIMARY KEY (symbol, timestamp)"), ("odd_bare", "")] {
        server().sql(&format!(
            "SET sql_mode = 'ALLOW_INVALID_DATES'; CREATE TABLE market.{table} (symbol VARCHAR(20), {COLUMNS}{key}); \
             INSERT INTO market.{table} VALUES {}",
            rows.join(", ")
        ));
        let run = test_dir.run(&["check", "--source", &server().address(table)]);
        let run = run.fails(1, &["skipped 6 rows: unreadable timestamp (6, first: A '0000-00-00"]);
        assert!(run.out.contains("2 symbols, 3 bars,"), "{}", run.out);
        assert!(run.out.contains("to 2024-01-01T00:02:00Z"), "{}", run.out);
    }
    // Labels of the close end one minute earlier.
    let run = test_dir.run(&["check", "--bar-time", "close", "--source", &server().address("odd")]);
    let run = run.fails(1, &["skipped 6 rows: unreadable timestamp (6"]);
    assert!(run.out.contains("to 2024-01-01T00:01:00Z"), "{}", run.out);
}

/// Texts are compared character by character, so that "9" would be more than "10".
fn texts_are_not_numbers() {
    let columns = COLUMNS
        .replace("close DOUBLE", "close VARCHAR(20)")
        .replace("volume DOUBLE", "volume TEXT");
    server().sql(&format!(
        "CREATE TABLE market.texts (symbol VARCHAR(20), {columns}, PRIMARY KEY (symbol, timestamp)); \
         INSERT INTO market.texts VALUES ('A', '2024-01-01 00:00', 10, 10, 9, '9', '1'), ('A', '2024-01-01 00:01', 10, 10, 9, '10', '1')"
    ));
    let test_dir = test_dir();
    let words = ["prices and volumes must be numbers", "close (varchar), volume (text)", "DOUBLE"];
    test_dir.run(&["check", "--source", &server().address("texts")]).fails(1, &words);
    test_dir.write("a.csv", market(&["A"], 1));
    test_dir.run(&["import", "a.csv", "--into", &server().address("texts")]).fails(1, &words);
    // The remedy in the message works.
    server().sql(
        "CREATE VIEW market.numbers AS SELECT symbol, timestamp, open, high, low, \
         CAST(close AS DOUBLE) AS close, CAST(volume AS DOUBLE) AS volume FROM market.texts",
    );
    let run = test_dir.run(&["check", "--source", &server().address("numbers")]).ok();
    assert!(run.out.contains("1 symbol, 2 bars,"), "{}", run.out);
}

fn many_symbols_are_listed_by_one_query() {
    // A server of its own: the requests of other tests would be counted too.
    let server = Server::start();
    server.sql(&format!(
        "CREATE TABLE market.many (symbol VARCHAR(20), {COLUMNS}, PRIMARY KEY (symbol, timestamp)); \
         INSERT INTO market.many SELECT CONCAT('S', seq), '2024-01-01 00:01', 1, 1, 1, 1, 1 FROM market.seq_1_to_120000"
    ));
    let requests = || {
        server.value(
            "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status WHERE variable_name = 'COM_STMT_EXECUTE'",
        )
    };
    let test_dir = test_dir();
    test_dir.write("list.csv", "symbol\nS77\n");
    let before = requests();
    let words = ["fetch-history", "losers", "--input-csv", "list.csv", "--output-csv", "out.csv"];
    let run = test_dir.run(&[&words[..], &["--source", &server.address("many")]].concat()).ok();
    assert!(test_dir.text("out.csv").contains("S77,2024-01-01 00:01:00"));
    run.prints(&["100000 symbols so far"]);
    let made = requests() - before;
    assert!((1..100).contains(&made), "{made} requests");
}

fn views_and_engines_without_transactions() {
    let test_dir = test_dir();
    test_dir.write("a.csv", market(&["A"], 1));
    test_dir.run(&["import", "a.csv", "--into", &server().address("behind")]).ok();
    server().sql(&format!(
        "CREATE VIEW market.front AS SELECT * FROM market.behind; \
         CREATE TABLE market.isam (symbol VARCHAR(20), {COLUMNS}, PRIMARY KEY (symbol, timestamp)) ENGINE=MyISAM; \
         CREATE TABLE market.lossy (symbol VARCHAR(20), timestamp DATETIME, open DECIMAL(10, 2), high DOUBLE, low DOUBLE, \
         close FLOAT, volume INT, PRIMARY KEY (symbol, timestamp))"
    ));
    let check = test_dir.run(&["check", "--source", &server().address("front")]).ok();
    assert!(!check.err.contains("CREATE INDEX"), "{}", check.err);
    test_dir
        .run(&["import", "a.csv", "--into", &server().address("front")])
        .fails(1, &["this is a view"]);
    test_dir
        .run(&["import", "a.csv", "--into", &server().address("isam")])
        .fails(1, &["no transactions", "ENGINE=InnoDB"]);
    let lossy = test_dir.run(&["import", "a.csv", "--into", &server().address("lossy")]).ok();
    lossy
        .prints(&["open decimal(10,2), close float, volume int(11) may round", "number of trades"]);
}

fn close_labels() {
    let test_dir = test_dir();
    let text = market(&["A", "B"], 26);
    test_dir.write("open.csv", &text);
    // The same bars, labeled by their close.
    let later = |line: &str| {
        let mut fields: Vec<String> = line.split(',').map(ToOwned::to_owned).collect();
        if let Ok(seconds) = fields[1].parse::<i64>() {
            fields[1] = (seconds + 60).to_string();
        }
        fields.join(",") + "\n"
    };
    test_dir.write("close.csv", text.lines().map(later).collect::<String>());
    let (open, close) = (server().address("open_labels"), server().address("close_labels"));
    test_dir.run(&["import", "open.csv", "--into", &open]).ok();
    test_dir.run(&["import", "close.csv", "--into", &close]).ok();
    let mut trees = Vec::new();
    for (source, label) in
        [(open.as_str(), "open"), (&close, "close"), ("open.csv", "open"), ("close.csv", "close")]
    {
        let out = format!("out{}", trees.len());
        let flags = [
            "--windows",
            "1h",
            "--lookback-days",
            "1",
            "--top-n",
            "2",
            "--asof",
            "2024-01-02T22:30:00Z",
        ];
        test_dir
            .run(
                &[
                    &["leaderboards", "--source", source, "--bar-time", label, "--out-dir", &out],
                    &flags[..],
                ]
                .concat(),
            )
            .ok();
        trees.push(test_dir.tree(&out));
    }
    assert!(trees.iter().all(|tree| *tree == trees[0]));
}

fn times_are_utc_whatever_the_server_thinks() {
    let test_dir = test_dir();
    test_dir.write(
        "a.csv",
        "symbol,timestamp,open,high,low,close,volume\nA,2024-01-01 00:00,1,1,1,1,1\n",
    );
    let address = server().address("utc");
    test_dir.run(&["import", "a.csv", "--into", &address]).ok();
    let check = test_dir.run(&["check", "--source", &address]).ok();
    assert!(
        check.out.contains("2024-01-01T00:00:00Z") && check.out.contains("server: +05:30"),
        "{}",
        check.out
    );
}

fn encryption() {
    let test_dir = test_dir();
    test_dir.write("a.csv", market(&["A"], 1));
    let address = server().address("encryption");
    test_dir.run(&["import", "a.csv", "--into", &address]).ok();
    let with =
        |mode: &str| test_dir.run(&["check", "--source", &format!("{address}&ssl-mode={mode}")]);
    with("disabled").ok();
    with("preferred").ok();
    with("required").ok();
    // No public authority has signed the server's certificate.
    with("verify-ca").fails(1, &["encryption failed", "ssl-ca"]);
    let trusted = format!("verify-identity&ssl-ca={}", server().authority().display());
    with(&trusted).ok();
    let other_name = address.replace("127.0.0.1", "127.0.0.2");
    let source = format!("{other_name}&ssl-mode={trusted}");
    test_dir.run(&["check", "--source", &source]).fails(1, &["127.0.0.2"]);
    test_dir
        .run(&["check", "--source", &format!("{address}&ssl-mode=maybe")])
        .fails(2, &["invalid ssl-mode \"maybe\""]);
}

fn a_certificate_that_is_its_own_authority() {
    let mut server = Server::start();
    server.kill();
    let authority = server.authority();
    let folder = authority.parent().expect("a folder");
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]);
    openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]);
    openssl.args(["-keyout", "key.pem", "-out", "cert.pem"]).current_dir(folder);
    assert!(openssl.output().expect("openssl runs").status.success());
    server.resume();
    let certificate = folder.join("cert.pem");
    let address = server.address("absent");
    for mode in ["verify-ca", "verify-identity"] {
        let source = format!("{address}&ssl-mode={mode}&ssl-ca={}", certificate.display());
        let run = test_dir()
            .run(&["check", "--source", &source])
            .fails(1, &["certificate is its own authority", "openssl req -x509 -CA"]);
        assert!(!run.err.contains("ssl-mode=required"), "{}", run.err);
    }
}

fn users_with_conditions() {
    let test_dir = test_dir();
    test_dir.write("a.csv", market(&["A"], 1));
    test_dir.run(&["import", "a.csv", "--into", &server().address("conditions")]).ok();
    server().sql(
        "CREATE USER careful@'%' IDENTIFIED BY 'x' REQUIRE SSL; GRANT ALL ON market.* TO careful@'%'; \
         CREATE USER late@'%' IDENTIFIED BY 'x' PASSWORD EXPIRE; GRANT ALL ON market.* TO late@'%'",
    );
    let check = |user: &str, mode: &str| {
        let port = server().port();
        let source =
            format!("mysql://{user}:x@127.0.0.1:{port}/market?table=conditions&ssl-mode={mode}");
        test_dir.run(&["check", "--source", &source])
    };
    check("careful", "required").ok();
    check("careful", "disabled")
        .fails(1, &["Access denied", "use ssl-mode=required if the user requires encryption"]);
    check("late", "required").fails(1, &["the password has expired", "ALTER USER"]);
}

/// A table large enough that a read is under way when the server goes.
fn fill_large(server: &Server) -> String {
    let test_dir = test_dir();
    let address = server.address("large");
    test_dir.run(&["sample", "--into", &address, "--symbols", "4", "--days", "40"]).ok();
    address
}

/// Waits until the program reads rows, and kills the server there and then.
fn kill_in_the_middle(server: &mut Server) {
    // The list of symbols is read before any row, by GROUP BY.
    let reading = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'me' AND info LIKE 'SELECT%BETWEEN%' AND info NOT LIKE '%GROUP BY%'";
    let begun = Instant::now();
    while server.value(reading) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is read");
    }
    server.kill();
}

fn a_server_that_dies_and_comes_back() {
    let mut server = Server::start();
    let address = fill_large(&server);
    let test_dir = test_dir();
    let flags = ["--lookback-days", "39", "--top-n", "3", "--source", &address];
    test_dir.run(&[&["leaderboards", "--out-dir", "calm"], &flags[..]].concat()).ok();
    let mut child =
        test_dir.command(&[&["leaderboards", "--out-dir", "stormy"], &flags[..]].concat());
    let child =
        child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    kill_in_the_middle(&mut server);
    sleep(Duration::from_millis(300));
    server.resume();
    let output = child.wait_with_output().expect("an end");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && err.contains("retrying"), "{err}");
    assert_eq!(test_dir.tree("calm"), test_dir.tree("stormy"));
}

fn a_server_that_dies_for_good() {
    let mut server = Server::start();
    let address = fill_large(&server);
    let test_dir = test_dir();
    let mut child = test_dir.command(&[
        "leaderboards",
        "--lookback-days",
        "39",
        "--source",
        &address,
        "--threads",
        "1",
    ]);
    let child =
        child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    kill_in_the_middle(&mut server);
    let output = child.wait_with_output().expect("an end");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(
        err.contains("gave up reading")
            && err.contains("server is up")
            && !err.contains("panicked"),
        "{err}"
    );
    assert!(!Path::new(&test_dir.file("leaderboards_summary.json")).exists());
}

fn an_import_that_is_killed_leaves_whole_symbols() {
    let test_dir = test_dir();
    let table = "killed";
    let address = server().address(table);
    test_dir.write("bars.csv", market(&["A", "B", "C", "D"], 100));
    for wait in [30, 80, 150, 250] {
        let mut child = test_dir.command(&["import", "bars.csv", "--into", &address]);
        let mut child =
            child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
        sleep(Duration::from_millis(wait));
        let _ = child.kill();
        let _ = child.wait();
        // The server notices a lost client in a moment, and takes its transaction back.
        sleep(Duration::from_millis(300));
        let exists = server().value(&format!(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'market' AND table_name = '{table}'"
        ));
        if exists == 1 {
            let broken = format!(
                "SELECT COUNT(*) FROM (SELECT COUNT(*) AS n FROM market.{table} GROUP BY symbol HAVING n <> 6000) AS x"
            );
            assert_eq!(server().value(&broken), 0);
        }
    }
    test_dir.run(&["import", "bars.csv", "--into", &address]).ok();
    assert_eq!(server().value(&format!("SELECT COUNT(*) FROM market.{table}")), 24_000);
}
