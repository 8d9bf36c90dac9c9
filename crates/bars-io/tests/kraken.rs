//! Kraken's API, replayed by a server on loopback: API and archive give the same store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use bars::{Bar, Minute, Series, Span};
use bars::{BarTime, ReadOptions};
use bars_io::Target;
use bars_io::atomic::TempFiles;
use bars_io::kraken::market::{self, Pair, Pairs};
use bars_io::kraken::sync::{News, SyncTask, Synced, sync};
use bars_io::kraken::{Client, Pace, candles};
use bars_io::reader as rows;
use bars_io::store::{Store, StoreWriter};
use bars_io::{Result, Source};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use testkit::http::{Answer, Request, Server};
use testkit::{Need, shared, trial};

/// No pauses: the rate limit is tested through the program.
const FAST: Pace = Pace { between: Duration::ZERO, waits: [Duration::ZERO; 4] };

fn main() {
    let shared = [Need::Shared];
    let trials: Vec<Trial> = vec![
        trial("recorded_pairs_are_read", &shared, recorded_pairs_are_read),
        trial("recorded_bars_are_read", &shared, recorded_bars_are_read),
        trial("sync_and_archive_give_the_same_bars", &shared, sync_and_archive_give_the_same_bars),
        trial("a_sync_that_breaks_off_goes_on", &shared, a_sync_that_breaks_off_goes_on),
        trial("a_gap_may_be_left_open", &shared, a_gap_may_be_left_open),
        trial("trades_that_lead_nowhere_end", &[], trades_that_lead_nowhere_end),
        trial("trades_must_get_on", &[], trades_must_get_on),
        trial("responses_are_bounded_before_they_are_parsed", &[], responses_are_bounded),
        trial("redirects_stay_on_the_host", &[], redirects_stay_on_the_host),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn recorded(name: &str) -> Vec<u8> {
    let path = shared().expect("the shared folder").join("data/kraken_rest").join(name);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn replay(name: &str) -> (Server, Client) {
    let body = recorded(name);
    let server = Server::start(move |_| Answer::ok(body.clone()));
    let client = Client::new(server.address(), FAST).unwrap();
    (server, client)
}

fn recorded_pairs_are_read() {
    let (server, client) = replay("example-assetpairs-data.json");
    let pairs = market::pairs(&client).unwrap();
    assert_eq!(server.asked()[0].path, "/0/public/AssetPairs");
    let dark = pairs.iter().filter(|pair| pair.wsname.is_none()).count();
    assert!(pairs.len() > 70 && dark > 0, "{} pairs, {dark} of them dark", pairs.len());
    let pairs = Pairs::new(pairs);
    for name in ["XXBTZUSD", "XBT/USD", "XBTUSD", "BTC-USD", "btcusd"] {
        assert_eq!(pairs.find(name).expect(name).altname, "XBTUSD");
    }
    assert_eq!(pairs.find("DOGE/BTC").map(|pair| pair.key.as_str()), Some("XXDGXXBT"));
    let (_server, client) = replay("http_asset_pairs.json");
    assert_eq!(
        Pairs::new(market::pairs(&client).unwrap()).find("BTC/USDT").unwrap().key,
        "XBTUSDT"
    );
    let (_server, client) = replay("http_ticker.json");
    let ticker = market::tickers(&client, &["XBTUSDT"]).unwrap()["XBTUSDT"].unwrap();
    assert_eq!((ticker.open, ticker.last, ticker.volume), (106_021.6, 105_899.4, 163.289_080_96));
}

/// Both recorded responses against their rows, parsed independently here.
fn recorded_bars_are_read() {
    for (name, key) in [("http_ohlc.json", "XBTUSDT"), ("example-ohlc-data.json", "XXBTZUSD")] {
        let answer: Value = serde_json::from_slice(&recorded(name)).unwrap();
        let rows = answer["result"][key].as_array().unwrap();
        let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
        let traded = rows[..rows.len() - 1].iter().filter(|row| row[7] != 0);
        let expected: Vec<Bar> = traded
            .map(|row| Bar {
                time: Minute::from_epoch_seconds(row[0].as_i64().unwrap()).unwrap(),
                open: number(&row[1]),
                high: number(&row[2]),
                low: number(&row[3]),
                close: number(&row[4]),
                volume: number(&row[6]),
                trades: Some(row[7].as_u64().unwrap() as u32),
            })
            .collect();
        let (server, client) = replay(name);
        let since = Minute::from_epoch_seconds(1_502_402_520);
        let candles = candles::newest(&client, key, since).unwrap();
        assert!(
            expected.len() > 300 && candles.bars == expected,
            "{name}: {} bars",
            expected.len()
        );
        let asked = &server.asked()[0].query;
        assert_eq!(
            (&*asked["pair"], &*asked["interval"], &*asked["since"]),
            (key, "1", "1502402520")
        );
        assert!(candles.bars.iter().all(|bar| Some(bar.time) < candles.unfinished));
    }
}

/// An exchange on which a market traded as in the archive, up to a minute.
struct Exchange {
    bars: Vec<Bar>,
    now: Minute,
    /// Trades as rows of a response, and their times in nanoseconds.
    trades: Vec<(u64, Value)>,
}

const PAIR: &str = "XBTUSDC";

impl Exchange {
    /// The archive's market as it was at the `until`th bar.
    fn at(until: usize) -> Exchange {
        let bars = archive()[..until].to_vec();
        let now = bars.last().unwrap().time.plus(3);
        let trades = bars.iter().flat_map(trades_of).collect();
        Exchange { bars, now, trades }
    }

    fn answer(&self, request: &Request) -> Answer {
        let result = match &*request.path {
            "/0/public/OHLC" => self.candles(),
            "/0/public/Trades" => self.page(request.query["since"].parse().unwrap()),
            other => panic!("unexpected request {other}"),
        };
        Answer::ok(json!({"error": [], "result": result}).to_string())
    }

    /// The last 720 minutes and the current one, those without trades filled.
    fn candles(&self) -> Value {
        let by_time: BTreeMap<Minute, &Bar> = self.bars.iter().map(|bar| (bar.time, bar)).collect();
        let mut close = 1.0;
        let rows = (-720..=0).map(|place| {
            let time = self.now.plus(place);
            let bar = by_time.get(&time).map(|&&bar| bar);
            let bar = bar.unwrap_or(Bar {
                open: close,
                high: close,
                low: close,
                close,
                volume: 0.0,
                trades: Some(0),
                time,
            });
            close = bar.close;
            let [open, high, low, last, volume] =
                [bar.open, bar.high, bar.low, bar.close, bar.volume]
                    .map(|number| number.to_string());
            json!([time.epoch_seconds(), open, high, low, last, "0.0", volume, bar.trades])
        });
        json!({PAIR: rows.collect::<Vec<Value>>(), "last": self.now.plus(-1).epoch_seconds()})
    }

    fn page(&self, since: u64) -> Value {
        let start = self.trades.partition_point(|trade| trade.0 <= since);
        let page = &self.trades[start..(start + 1000).min(self.trades.len())];
        let last = page.last().map_or(since, |trade| trade.0);
        json!({PAIR: page.iter().map(|trade| &trade.1).collect::<Vec<_>>(), "last": last.to_string()})
    }
}

/// Trades that make a bar: its open, its extremes, further trades, and its close last.
fn trades_of(bar: &Bar) -> Vec<(u64, Value)> {
    let count = bar.trades.unwrap() as usize;
    let mut prices = vec![bar.open];
    prices.extend(
        [bar.high, bar.low].into_iter().filter(|&price| price != bar.open && price != bar.close),
    );
    while prices.len() + 1 < count {
        prices.push(bar.low);
    }
    if count > 1 {
        prices.push(bar.close);
    }
    assert_eq!(prices.len(), count, "{bar:?}");
    // Volumes have eight decimals, and so must the parts.
    let units = (bar.volume * 1e8).round() as u64;
    let share = units / count as u64;
    let trade = |(place, price): (usize, &f64)| {
        let units = if place == 0 { units - share * (count as u64 - 1) } else { share };
        let nanos = bar.time.epoch_seconds() as u64 * 1_000_000_000
            + place as u64 * 59_000_000_000 / count as u64;
        let seconds: Value = serde_json::from_str(&format!(
            "{}.{:09}",
            nanos / 1_000_000_000,
            nanos % 1_000_000_000
        ))
        .unwrap();
        let volume = format!("{}.{:08}", units / 100_000_000, units % 100_000_000);
        (nanos, json!([price.to_string(), volume, seconds, "b", "l", ""]))
    };
    prices.iter().enumerate().map(trade).collect()
}

fn archive() -> Vec<Bar> {
    let path: PathBuf = shared().expect("the shared folder").join("data/kraken_csv/XBTUSDC_1.csv");
    let options = ReadOptions { symbol: Some(PAIR.parse().unwrap()), ..ReadOptions::default() };
    let mut bars = Vec::new();
    let mut sink = |_: &bars::Symbol, bar: Option<Bar>| {
        bars.extend(bar);
        Ok(())
    };
    rows::read_file(&path, &options, &mut bars::Findings::default(), &mut sink).unwrap();
    bars
}

fn pair() -> Pair {
    Pair { key: PAIR.into(), altname: PAIR.into(), wsname: Some("XBT/USDC".into()) }
}

/// A store with the first bars of the archive.
fn store(bars: usize) -> (tempfile::TempDir, StoreWriter) {
    let folder = tempfile::tempdir().unwrap();
    let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
    let series: Series = archive()[..bars].iter().copied().collect();
    writer.upsert(&PAIR.parse().unwrap(), &series).unwrap();
    (folder, writer)
}

fn held(folder: &tempfile::TempDir) -> Vec<Bar> {
    let store = Store::open(folder.path(), BarTime::Open).unwrap();
    store.bars(&PAIR.parse().unwrap(), Span::ALL).unwrap().iter().collect()
}

fn bring_up(
    client: &Client,
    writer: &StoreWriter,
    trades: bool,
    tell: &dyn Fn(News),
) -> Result<Synced> {
    let after = writer.held().unwrap().first().map(|entry| entry.last);
    let pair = pair();
    let task = SyncTask { pair: &pair, symbol: PAIR.parse().unwrap(), after, trades };
    sync(client, &task, writer as &dyn Target, tell)
}

fn sync_and_archive_give_the_same_bars() {
    let all = archive();
    // One step within the API's reach, one beyond it, and one without new bars.
    let (folder, writer) = store(2_000);
    for until in [2_100, 20_000, 20_000] {
        let server = Server::start({
            let exchange = Exchange::at(until);
            move |request| exchange.answer(request)
        });
        let client = Client::new(server.address(), FAST).unwrap();
        let costs = std::sync::Mutex::new(Vec::new());
        let before = held(&folder).len();
        let synced = bring_up(&client, &writer, true, &|news| match news {
            News::Cost(cost) => costs.lock().unwrap().push(cost),
            News::At(minute) => assert!(minute > all[before - 1].time),
        })
        .unwrap();
        assert_eq!(held(&folder), all[..until], "{until}");
        assert_eq!((synced.new, synced.open), (until - before, None));
        let calls = server.asked().len();
        match &costs.into_inner().unwrap()[..] {
            [cost] => {
                assert!(synced.from_trades > 10_000, "{synced:?}");
                // The estimate from the newest minutes has the right size.
                assert!(
                    cost.calls > calls as f64 / 4.0 && cost.calls < calls as f64 * 4.0,
                    "{cost:?}, {calls}"
                );
            }
            [] => assert_eq!(calls, 1),
            more => panic!("{more:?}"),
        }
    }
}

fn a_sync_that_breaks_off_goes_on() {
    let all = archive();
    let (folder, writer) = store(2_000);
    let exchange = Exchange::at(20_000);
    let server = Server::start(move |request| match request.number {
        45 => Answer::with_status(404, "gone"),
        _ => exchange.answer(request),
    });
    let client = Client::new(server.address(), FAST).unwrap();
    bring_up(&client, &writer, true, &|_| ()).unwrap_err();
    let some = held(&folder);
    // Thirty thousand trades were stored, and no unfinished bar.
    assert!(some.len() > 3_000 && some.len() < 19_000, "{} bars", some.len());
    assert_eq!(some, all[..some.len()]);
    bring_up(&client, &writer, true, &|_| ()).unwrap();
    assert_eq!(held(&folder), all[..20_000]);
}

fn a_gap_may_be_left_open() {
    let all = archive();
    let (folder, writer) = store(2_000);
    let exchange = Exchange::at(20_000);
    let (now, newest) = (exchange.now, all[1_999].time);
    let server = Server::start(move |request| exchange.answer(request));
    let client = Client::new(server.address(), FAST).unwrap();
    let synced = bring_up(&client, &writer, false, &|_| panic!("trades were requested")).unwrap();
    assert_eq!(synced.open, Some(Span { start: newest.plus(1), end: now.plus(-720) }));
    let newest: Vec<Bar> =
        all[2_000..20_000].iter().copied().filter(|bar| bar.time >= now.plus(-720)).collect();
    assert_eq!(held(&folder), [&all[..2_000], &newest].concat());
    assert_eq!(server.asked().len(), 1);
}

/// A server that never advances, and one without trades: sync ends with both. If more trades must
/// follow, the newest minutes are not stored, because they would hide the gap.
fn trades_that_lead_nowhere_end() {
    for trades in [json!([["1.0", "1.0", 6_000_030.5, "b", "l", ""]]), json!([])] {
        for count in [0, 1] {
            let trades = trades.clone();
            let server = Server::start(move |request| {
                let bar = |time: u64| json!([time, "1", "1", "1", "1", "0", "1", count]);
                let result = match &*request.path {
                    "/0/public/Trades" => json!({"P": trades, "last": "6000030500000000"}),
                    _ => json!({"P": [bar(60_000_000), bar(60_000_060)], "last": 60_000_000}),
                };
                Answer::ok(json!({"error": [], "result": result}).to_string())
            });
            let client = Client::new(server.address(), FAST).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
            let pair = pair();
            let after = Minute::from_epoch_seconds(6_000_000 - 60);
            let task = SyncTask { pair: &pair, symbol: PAIR.parse().unwrap(), after, trades: true };
            let synced = sync(&client, &task, &writer, &|_| ());
            assert!(server.asked().len() <= 3, "{:?}", server.asked());
            if count == 0 {
                // Nothing was traded since, so the gap is filled; a repeated trade counts once.
                let bars = if trades_of_page(&server) > 0 { 1 } else { 0 };
                assert_eq!(synced.unwrap().new, bars);
                assert!(bars == 0 || held(&folder)[0].trades == Some(1));
            } else {
                assert!(
                    synced.unwrap_err().to_string().contains("the trades end before the first bar")
                );
                assert!(writer.held().unwrap().is_empty());
            }
        }
    }
}

/// Servers with a cursor or trades that move on by a nanosecond a page, forever.
fn trades_must_get_on() {
    for (trades_move, pages, reason) in [
        (false, 2, "the trades end before the first bar"),
        (true, 100, "100 pages of trades did not get past 1970-03-11T10:40:00Z"),
    ] {
        let server = Server::start(move |request| {
            let number = request.number;
            let result = if request.path == "/0/public/Trades" {
                assert!(number < 1000, "the sync does not end");
                // As text: a double cannot hold these times.
                let time = if trades_move { number } else { 0 };
                let trade = format!(r#"["1.0","1.0",6000000.{time:09},"b","l",""]"#);
                format!(r#"{{"P":[{trade}],"last":"{}"}}"#, 6_000_000_000_000_000 + number)
            } else {
                let bar = |time: u64| json!([time, "1", "1", "1", "1", "0", "1", 1]);
                json!({"P": [bar(60_000_000), bar(60_000_060)], "last": 60_000_000}).to_string()
            };
            Answer::ok(format!(r#"{{"error":[],"result":{result}}}"#))
        });
        let client = Client::new(server.address(), FAST).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let writer = StoreWriter::open(folder.path(), &TempFiles::default()).unwrap();
        let pair = pair();
        let after = Minute::from_epoch_seconds(6_000_000 - 60);
        let task = SyncTask { pair: &pair, symbol: PAIR.parse().unwrap(), after, trades: true };
        let error = sync(&client, &task, &writer, &|_| ()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert_eq!(server.asked().len(), 1 + pages, "one for the newest minutes");
    }
}

/// Returns the error of a request for all pairs with this response.
fn error_of(body: String) -> String {
    let server = Server::start(move |_| Answer::ok(body.clone()));
    let client = Client::new(server.address(), FAST).unwrap();
    market::pairs(&client).unwrap_err().to_string()
}

/// Parsed, 60 MB of empty lists would take 1.5 GB.
fn responses_are_bounded() {
    let lists = |bytes: usize| {
        format!(r#"{{"error":[],"result":{{"X":[{}[]]}}}}"#, "[],".repeat(bytes / 3))
    };
    let error = error_of(lists(60_000_000));
    assert!(error.contains("the response exceeds 8388608 bytes"), "{error}");
    let error = error_of(lists(8_000_000));
    assert!(error.contains("unexpected response: more than 1048576 values"), "{error}");
    let error = error_of(format!(r#"{{"error":[],"result":{}"#, "[".repeat(1_000_000)));
    assert!(error.contains("nested more than 32 levels deep"), "{error}");
    // A message quotes a part.
    let error = error_of(format!(r#"{{"error":["{}"]}}"#, "x".repeat(1_000_000)));
    assert!(error.len() < 1000 && error.contains("Kraken reports xxx"), "{error}");
    let error = error_of(format!(r#"{{"error":[],"result":"{}"}}"#, "x".repeat(1_000_000)));
    assert!(error.len() < 1000 && error.contains("unexpected response"), "{error}");
}

fn redirects_stay_on_the_host() {
    const PAIRS: &str = r#"{"error":[],"result":{"P":{"altname":"P","wsname":"P/USD"}}}"#;
    let to = |location: String| Answer {
        headers: format!("Location: {location}\r\n"),
        ..Answer::with_status(302, "")
    };
    let other = Server::start(|_| Answer::ok(PAIRS));
    let address = other.address().to_owned();
    let https = address.replace("http:", "https:");
    for location in [address.clone() + "/pairs", https, "//example.invalid/x".to_owned()] {
        let server = Server::start(move |_| to(location.clone()));
        let client = Client::new(server.address(), FAST).unwrap();
        let error = market::pairs(&client).unwrap_err().to_string();
        assert!(error.contains("redirects to another host, port or scheme, http"), "{error}");
        assert!(error.contains("give it as base_url"), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
    let server = Server::start(move |_| to("file:///etc/hostname".to_owned()));
    let client = Client::new(server.address(), FAST).unwrap();
    let error = market::pairs(&client).unwrap_err().to_string();
    assert!(error.ends_with("another host, port or scheme, file:; check base_url"), "{error}");
    assert!(other.asked().is_empty(), "the other port was not requested");
    // On the same host they are followed, a few times.
    let server = Server::start(move |request| match &*request.path {
        "/0/public/AssetPairs" => to("/moved?x=1".to_owned()),
        "/moved" => Answer::ok(PAIRS),
        path => panic!("{path}"),
    });
    let client = Client::new(server.address(), FAST).unwrap();
    assert_eq!(market::pairs(&client).unwrap().len(), 1);
    let server = Server::start(move |_| to("/0/public/AssetPairs".to_owned()));
    let client = Client::new(server.address(), FAST).unwrap();
    let error = market::pairs(&client).unwrap_err().to_string();
    assert!(error.contains("more than 3 redirects"), "{error}");
    assert_eq!(server.asked().len(), 4);
}

/// Number of requests for trades after the first: two if the server has one.
fn trades_of_page(server: &Server) -> usize {
    server.asked().iter().filter(|request| request.path.ends_with("Trades")).count() - 1
}
