//! A stand-in for Kraken's public API on loopback. It answers with recorded bars where the shared
//! data has them and with generated numbers elsewhere; the same question always has the same
//! answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

/// REST key, archive name and `wsname` of each pair. That without a `wsname` is of the dark pool.
const PAIRS: &[(&str, &str, &str)] = &[
    ("ADAUSD", "ADAUSD", "ADA/USD"),
    ("DOTUSD", "DOTUSD", "DOT/USD"),
    ("LINKUSD", "LINKUSD", "LINK/USD"),
    ("SOLUSD", "SOLUSD", "SOL/USD"),
    ("USDTZUSD", "USDTUSD", "USDT/USD"),
    ("XBTUSDT", "XBTUSDT", "XBT/USDT"),
    ("XETHZUSD", "ETHUSD", "ETH/USD"),
    ("XLTCZUSD", "LTCUSD", "LTC/USD"),
    ("XXBTZEUR", "XBTEUR", "XBT/EUR"),
    ("XXBTZUSD", "XBTUSD", "XBT/USD"),
    ("XXBTZUSD.d", "XBTUSD.d", ""),
    ("XXRPZUSD", "XRPUSD", "XRP/USD"),
];

/// The first of the generated minutes, in epoch seconds.
pub const FIRST: u64 = 1_760_000_040;
/// How many minutes are generated; the last is unfinished.
const MINUTES: u64 = 60;
/// Trades are this many seconds apart.
const TRADE_EVERY: u64 = 7;
/// Trades in a full answer.
const PAGE: u64 = 1000;

/// A running server; it serves until the process ends.
#[derive(Debug)]
pub struct Exchange {
    /// Its address, to be given as `--base-url`.
    pub address: String,
}

impl Exchange {
    /// Starts a server that takes recorded answers from the folder `recorded`, if there is one.
    pub fn start(recorded: Option<PathBuf>) -> Result<Exchange, String> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .map_err(|e| format!("cannot listen on loopback: {e}"))?;
        let address =
            listener.local_addr().map_err(|e| format!("cannot listen on loopback: {e}"))?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let recorded = recorded.clone();
                // A client that hangs up is no reason to stop.
                thread::spawn(move || serve(stream, recorded.as_deref()));
            }
        });
        Ok(Exchange { address: format!("http://{address}") })
    }
}

fn serve(mut stream: TcpStream, recorded: Option<&Path>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header == "\r\n" {
            break;
        }
    }
    let body = answer(&target, recorded);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Returns the body of the answer to a request for `target`, a path with its query.
fn answer(target: &str, recorded: Option<&Path>) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query: BTreeMap<&str, String> =
        query.map(|(name, value)| (name, value.replace("%2C", ",").replace("%2F", "/"))).collect();
    let pair = query.get("pair").map_or("", String::as_str);
    let result = match path.rsplit('/').next().unwrap_or_default() {
        "AssetPairs" => pairs(),
        "Ticker" => tickers(pair),
        "OHLC" => match recorded.and_then(|folder| recorded_bars(folder, pair)) {
            Some(text) => return text,
            None => bars(pair),
        },
        "Trades" => {
            trades(pair, query.get("since").and_then(|since| since.parse().ok()).unwrap_or(0))
        }
        _ => return r#"{"error":["EGeneral:Unknown method"]}"#.to_owned(),
    };
    format!("{{\"error\":[],\"result\":{{{result}}}}}")
}

fn pairs() -> String {
    let pair = |(key, altname, wsname): &(&str, &str, &str)| match *wsname {
        "" => format!("\"{key}\":{{\"altname\":\"{altname}\"}}"),
        _ => format!("\"{key}\":{{\"altname\":\"{altname}\",\"wsname\":\"{wsname}\"}}"),
    };
    PAIRS.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn tickers(pairs: &str) -> String {
    let ticker = |pair: &str| {
        let (open, last) = (100 + hash(pair, 1) % 900, 100 + hash(pair, 2) % 900);
        let volume = hash(pair, 3) % 5000;
        format!(
            "\"{pair}\":{{\"o\":\"{open}.5\",\"c\":[\"{last}.25\",\"1\"],\"v\":[\"1\",\"{volume}.125\"]}}"
        )
    };
    pairs.split(',').map(ticker).collect::<Vec<_>>().join(",")
}

/// Returns a recorded answer whole.
fn recorded_bars(folder: &Path, pair: &str) -> Option<String> {
    let name = match pair {
        "XXBTZUSD" => "example-ohlc-data.json",
        "XBTUSDT" => "http_ohlc.json",
        _ => return None,
    };
    std::fs::read_to_string(folder.join(name)).ok()
}

fn bars(pair: &str) -> String {
    let mut rows = Vec::new();
    for minute in 0..MINUTES {
        let time = FIRST + 60 * minute;
        let low = 100 + hash(pair, time) % 50;
        let high = low + 5;
        // One minute in eight is without a trade.
        let count = hash(pair, time + 1) % 8;
        let volume = if count == 0 { "0.00000000".to_owned() } else { format!("{count}.25000000") };
        rows.push(format!(
            "[{time},\"{low}.5\",\"{high}.0\",\"{low}.0\",\"{low}.75\",\"{low}.6\",\"{volume}\",{count}]"
        ));
    }
    format!("\"{pair}\":[{}],\"last\":{}", rows.join(","), FIRST + 60 * (MINUTES - 2))
}

/// Returns trades after `since`, in nanoseconds, up to the last generated minute.
fn trades(pair: &str, since: u64) -> String {
    const NANOS: u64 = 1_000_000_000;
    let end = FIRST + 60 * MINUTES;
    let first = since / NANOS / TRADE_EVERY + 1;
    let mut rows = String::new();
    let mut last = since;
    for id in (first..first + PAGE).take_while(|id| id * TRADE_EVERY < end) {
        let time = id * TRADE_EVERY;
        let price = 100 + hash(pair, time) % 50;
        let comma = if rows.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "{comma}[\"{price}.5\",\"0.{:08}\",{time}.5,\"b\",\"l\",\"\",{id}]",
            1 + hash(pair, id) % 9999
        );
        last = time * NANOS + NANOS / 2;
    }
    format!("\"{pair}\":[{rows}],\"last\":\"{last}\"")
}

/// Returns a number that depends on a text and a number and on nothing else (FNV-1a).
fn hash(text: &str, number: u64) -> u64 {
    let bytes = text.bytes().chain(number.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The low bits of the product depend on few of the bits before.
    hash >> 20
}
