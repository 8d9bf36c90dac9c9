//! `kraken-losers` and `sync` against a server on loopback: answers, and all that can go wrong on
//! the way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use testkit::http::{Answer, Request, Server};
use testkit::program::{Run, TestDir};

fn test_dir() -> TestDir {
    TestDir::new(env!("CARGO_BIN_EXE_data-pipeline"))
}

const PAIRS: &str = r#"{"error":[],"result":{
    "XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD"}, "XXBTZUSD.d":{"altname":"XBTUSD.d"},
    "XETHZUSD":{"altname":"ETHUSD","wsname":"ETH/USD"}, "SOLUSD":{"altname":"SOLUSD","wsname":"SOL/USD"},
    "USDTZUSD":{"altname":"USDTUSD","wsname":"USDT/USD"}, "ODDUSD":{"altname":"ODDUSD","wsname":"ODD/USD"},
    "XXBTZEUR":{"altname":"XBTEUR","wsname":"XBT/EUR"}}}"#;

const TICKERS: &str = r#"{"error":[],"result":{
    "XXBTZUSD":{"o":"100.0","c":["90.0","1"],"v":["5","2000.0"]},
    "XETHZUSD":{"o":"10.0","c":["8.0","1"],"v":["5","1500"]},
    "SOLUSD":{"o":"10","c":["1","1"],"v":["5","999.9"]},
    "USDTZUSD":{"o":"1.0","c":["0.5","1"],"v":["5","1e6"]},
    "ODDUSD":{"o":"0.0","c":["1.0","1"],"v":["5","5000"]}}}"#;

/// Two minutes with trades, one without, and the one that is under way.
const BARS: &str = r#"{"error":[],"result":{"XXBTZUSD":[
    [1760000040,"100.0","101.5","99.0","101.0","100.5","1.25000000",7],
    [1760000100,"101.0","101.0","101.0","101.0","0.0","0.00000000",0],
    [1760000160,"101.0","102.0","101.0","102.0","101.5","0.50000000",2],
    [1760000220,"102.0","103.0","102.0","103.0","102.5","0.10000000",1]],"last":1760000160}}"#;

fn market(request: &Request) -> Answer {
    Answer::ok(match &*request.path {
        "/0/public/AssetPairs" => PAIRS,
        "/0/public/Ticker" => TICKERS,
        "/0/public/OHLC" => BARS,
        _ => r#"{"error":["EGeneral:Unknown method"]}"#,
    })
}

fn run(test_dir: &TestDir, server: &Server, words: &[&str]) -> Run {
    test_dir.run(&[words, &["--base-url", server.address()]].concat())
}

#[test]
fn the_losers_of_the_day() {
    let (test_dir, server) = (test_dir(), Server::start(market));
    let update = run(&test_dir, &server, &["kraken-losers"]).ok().prints(&["skipped 1 pair"]);
    let expected = "symbol,open,last,pct_change,volume\nXETHZUSD,10.0,8.0,-20.0,1500.0\nXXBTZUSD,100.0,90.0,-10.0,2000.0\n";
    assert_eq!(test_dir.text("kraken_top_losers.csv"), expected);
    assert!(update.out.contains("XETHZUSD") && update.out.contains("-20.00"), "{}", update.out);
    let asked = server.asked();
    assert_eq!(
        asked.iter().map(|request| &*request.path).collect::<Vec<_>>(),
        ["/0/public/AssetPairs", "/0/public/Ticker"]
    );
    assert_eq!(asked[1].query["pair"], "ODDUSD,SOLUSD,XETHZUSD,XXBTZUSD");
    let apart = asked[1].at - asked[0].at;
    assert!(apart >= Duration::from_millis(990), "asked again after {apart:?}");

    let all = [
        "kraken-losers",
        "--include-stables",
        "--min-volume",
        "0",
        "--top-n",
        "1",
        "--output",
        "all.csv",
    ];
    run(&test_dir, &server, &all).ok();
    assert_eq!(test_dir.text("all.csv").lines().nth(1), Some("SOLUSD,10.0,1.0,-90.0,999.9"));
}

/// The list is what fetch-history reads.
#[test]
fn losers_are_looked_up_in_a_store_of_other_spellings() {
    let (test_dir, server) = (test_dir(), Server::start(market));
    run(&test_dir, &server, &["kraken-losers"]).ok();
    run(&test_dir, &server, &["sync", "--pairs", "BTC-USD"]).ok();
    test_dir.run(&["fetch-history", "losers"]).ok().prints(&["XXBTZUSD is XBTUSD in the source"]);
    let history = test_dir.text("losers_30day_history.csv");
    assert_eq!(history.lines().count(), 3, "{history}");
    assert!(
        history.contains("XBTUSD,2025-10-09 08:54:00,100.0,101.5,99.0,101.0,1.25,7"),
        "{history}"
    );
}

#[test]
fn a_store_is_kept_up_to_date() {
    let (test_dir, server) = (test_dir(), Server::start(market));
    run(&test_dir, &server, &["sync"]).fails(2, &["--pairs"]);
    assert!(!test_dir.file("data").exists(), "a folder for nothing");
    let update = run(&test_dir, &server, &["sync", "--pairs", "btc/usd,XXBTZUSD"]).ok();
    assert!(update.out.contains("1 symbol, 2 bars new"), "{}", update.out);
    assert!(test_dir.file("data/bars/symbol=XBTUSD").is_dir());
    // Without --pairs all that is there; nothing has happened since, and not a byte changes.
    let before = test_dir.tree("data");
    let update = run(&test_dir, &server, &["sync"]).ok();
    assert!(update.out.contains("1 symbol, 0 bars new"), "{}", update.out);
    assert_eq!(test_dir.tree("data"), before);
    let since = server.asked().last().unwrap().query["since"].clone();
    assert_eq!(since, "1760000160", "the newest bar that is there");
    run(&test_dir, &server, &["sync", "--pairs", "NOSUCH"]).fails(1, &["NOSUCH"]);
    run(&test_dir, &server, &["sync", "--since", "latest"]).fails(2, &["--since"]);
}

/// The gap's cost is said, and what is left open is listed with the way to close it.
#[test]
fn a_gap_is_announced_or_listed() {
    let (test_dir, server) = (test_dir(), Server::start(market));
    test_dir.write("XBTUSD_1.csv", "1759990000,1,1,1,1,1,1\n1759989960,1,1,1,1,1,1\n");
    test_dir.run(&["import", "XBTUSD_1.csv"]).ok();
    let update = run(&test_dir, &server, &["sync", "--no-trades"]).ok();
    let left = "gap left in XBTUSD from 2025-10-09T06:07:00Z to 2025-10-09T08:54:00Z: import the next archive, or run 'data-pipeline sync --pairs XBTUSD --since 2025-10-09T06:07:00Z'";
    assert!(update.out.contains(left), "{}", update.out);
    let again = ["sync", "--pairs", "XBTUSD", "--since", "2025-10-09T06:07:00Z"];
    run(&test_dir, &server, &again).fails(
        1,
        &[
            "167 minutes",
            "2 requests",
            "XBTUSD: ",
            "EGeneral:Unknown method",
            "0 of 1 symbol",
            "1 failed (XBTUSD)",
        ],
    );
}

#[test]
fn errors_are_clear_and_at_once() {
    let (test_dir, server) = (test_dir(), |answer: Answer| Server::start(move |_| answer.clone()));
    for (answer, words) in [
        (
            Answer::ok(r#"{"error":["EQuery:Unknown asset pair"]}"#),
            "Kraken reports EQuery:Unknown asset pair",
        ),
        (
            Answer::with_status(400, r#"{"error":["EGeneral:Invalid arguments"]}"#),
            "EGeneral:Invalid arguments",
        ),
        (Answer::with_status(404, "<html>"), "404 Not Found\nhelp: check --base-url"),
        (Answer::ok("<html>Sorry"), "not a response of Kraken's API"),
        (Answer::ok(""), "not a response of Kraken's API"),
        (Answer::ok("[]"), "not a response of Kraken's API"),
        (Answer::ok(r#"{"error":[]}"#), "no result"),
        (Answer::ok(r#"{"error":[],"result":{"X":7}}"#), "unexpected response"),
        (Answer::ok(r#"{"error":[],"result":{}}"#), "no pair quoted in USD"),
        (Answer { cut: Some(40), ..Answer::ok(PAIRS) }, "truncated"),
    ] {
        let server = server(answer);
        run(&test_dir, &server, &["kraken-losers"]).fails(1, &[words]);
        assert_eq!(server.asked().len(), 1, "{words}");
    }
    assert_eq!(test_dir.tree("").len(), 0, "nothing is written");
    for base in ["ftp://127.0.0.1", "nonsense", "http://x?y=1", ""] {
        test_dir
            .run(&["kraken-losers", "--base-url", base])
            .fails(2, &["--base-url", "https://api.kraken.com"]);
    }
    let closed_port = "http://127.0.0.1:9";
    test_dir
        .run(&["kraken-losers", "--base-url", closed_port])
        .fails(1, &["127.0.0.1:9", "check the network"]);
    test_dir.run(&["kraken-losers", "--min-volume", "nan"]).fails(2, &["--min-volume"]);
    test_dir.run(&["kraken-losers", "--output", "losers.xlsx"]).fails(2, &["losers.xlsx"]);
}

#[test]
fn a_slow_answer_is_given_up_after_ten_seconds() {
    let slow = Answer { delay: Duration::from_secs(30), ..Answer::ok(PAIRS) };
    let (test_dir, server) = (test_dir(), Server::start(move |_| slow.clone()));
    let begun = Instant::now();
    run(&test_dir, &server, &["kraken-losers"]).fails(1, &["no response within 10 s"]);
    assert!(begun.elapsed() >= Duration::from_secs(9) && server.asked().len() == 1);
}

/// Names and errors of the exchange can hold anything; the file keeps them, quoted.
#[test]
fn control_characters_of_the_exchange_are_escaped() {
    const KEY: &str = "X\u{1b}[31m\nFORGED,1,1,-99,1\r";
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let (test_dir, server) = (
        test_dir(),
        Server::start(move |request| {
            let key = json(KEY);
            Answer::ok(match &*request.path {
                "/0/public/AssetPairs" => format!(
                    r#"{{"error":[],"result":{{{key}:{{"altname":"X","wsname":"X/USD"}}}}}}"#
                ),
                _ => format!(
                    r#"{{"error":[],"result":{{{key}:{{"o":"2","c":["1","1"],"v":["5","5000"]}}}}}}"#
                ),
            })
        }),
    );
    let shown = run(&test_dir, &server, &["kraken-losers"]).ok().out;
    assert!(shown.contains("X\\u{1b}[31m\\nFORGED,1,1,-99,1\\r"), "{shown}");
    assert!(!shown.contains('\x1b'), "{shown}");
    let file = test_dir.text("kraken_top_losers.csv");
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!((rows.len(), rows[0].len(), &rows[0][0]), (1, 5, KEY), "{file}");

    let error = format!(
        r#"{{"error":[{}]}}"#,
        json("EGeneral:x\n2026-01-01T00:00:00Z INFO forged\u{1b}]0;title\u{7}\u{202e}")
    );
    let server = Server::start(move |_| Answer::ok(error.clone()));
    let shown = run(&test_dir, &server, &["kraken-losers"]).fails(1, &["EGeneral:x\\n2026"]).err;
    let log = test_dir.text("pipeline.log");
    for text in [shown, log] {
        assert!(text.contains("forged\\u{1b}]0;title\\u{7}\\u{202e}"), "{text}");
        let is_raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(is_raw) && !text.contains("\n2026-01-01T00"), "{text}");
    }
}

/// Prices that are not above 0 are not ranked.
#[test]
fn impossible_prices_are_skipped() {
    let (test_dir, server) = (
        test_dir(),
        Server::start(|request| match &*request.path {
            "/0/public/Ticker" => Answer::ok(
                r#"{"error":[],"result":{
                "XXBTZUSD":{"o":"100.0","c":["0.0","1"],"v":["5","2000.0"]},
                "XETHZUSD":{"o":"10.0","c":["-8.0","1"],"v":["5","1500"]},
                "SOLUSD":{"o":"-10","c":["-30","1"],"v":["5","5000"]},
                "ODDUSD":{"o":"2.0","c":["1.0","1"],"v":["5","5000"]}}}"#,
            ),
            _ => market(request),
        }),
    );
    run(&test_dir, &server, &["kraken-losers"]).ok().prints(&[
        "skipped 3 pairs: missing or unreadable numbers, or a price that is not above 0",
    ]);
    let file = test_dir.text("kraken_top_losers.csv");
    assert_eq!(file.lines().skip(1).collect::<Vec<_>>(), ["ODDUSD,2.0,1.0,-50.0,5000.0"]);
}

/// Requests are repeated if the server is busy: an error of the API, a status, a Retry-After.
#[test]
fn a_busy_exchange_is_asked_again() {
    let test_dir = test_dir();
    let server = Server::start(|request| match request.number {
        0 => Answer::ok(r#"{"error":["EAPI:Rate limit exceeded"]}"#),
        1 => {
            Answer { headers: "Retry-After: 3\r\n".into(), ..Answer::with_status(429, "slow down") }
        }
        2 => Answer::with_status(503, "<html>"),
        _ => market(request),
    });
    run(&test_dir, &server, &["kraken-losers"]).ok().prints(&[
        "EAPI:Rate limit exceeded",
        "429",
        "503",
        "retrying in 3.0 s",
    ]);
    let asked = server.asked();
    let waits: Vec<u64> =
        asked.windows(2).map(|two| (two[1].at - two[0].at).as_millis() as u64).collect();
    // On a busy machine a request can arrive late, and the next one then seems early.
    assert!(
        waits[0] >= 700 && waits[1] >= 2700 && waits[2] >= 3700 && waits[3] >= 700,
        "{waits:?}"
    );
}

#[test]
fn patience_is_bounded() {
    let test_dir = test_dir();
    let server = Server::start(|_| Answer::ok(r#"{"error":["EService:Unavailable"]}"#));
    run(&test_dir, &server, &["kraken-losers"])
        .fails(1, &["gave up after 5 attempts", "EService:Unavailable"]);
    assert_eq!(server.asked().len(), 5);
}
