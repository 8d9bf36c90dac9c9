//! Any bytes as the responses of the exchange: to a request of pairs, tickers, bars and trades. A
//! sync stores valid bars or fails without panic, and needs few requests.

#![no_main]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use bars::Minute;
use bars_io::kraken::sync::{SyncTask, sync};
use bars_io::kraken::{Client, Pace, market};
use bars_io::memory::MemorySource;
use bars_io::{Entry, Target};
use data_pipeline_fuzz::{contain_panics, halves, is_sound};
use libfuzzer_sys::fuzz_target;

static RESPONSES: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static CLIENT: OnceLock<Client> = OnceLock::new();

/// Serves the responses in turn, the last one again and again.
fn serve() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    let none = Duration::ZERO;
    let pace = Pace { between: none, waits: [none; 4] };
    Client::new(&format!("http://{address}"), pace).expect("a valid address")
}

fn answer(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut lines = BufReader::new(&stream).lines();
    while let Some(Ok(line)) = lines.next() {
        if !line.is_empty() {
            continue;
        }
        let mut responses = RESPONSES.lock().expect("no panic");
        let body = if responses.len() > 1 { responses.remove(0) } else { responses[0].clone() };
        drop(responses);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if (&stream).write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

/// A target that checks what it is given.
struct Checked;

impl Target for Checked {
    fn upsert(&self, _: &bars::Symbol, series: &bars::Series) -> bars_io::Result<usize> {
        series.iter().for_each(|bar| is_sound(&bar));
        Ok(series.len())
    }

    fn held(&self) -> bars_io::Result<Vec<Entry>> {
        bars_io::Source::catalog(&MemorySource::new([]))
    }
}

const PAIRS: &[u8] =
    br#"{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD"}}}"#;

fuzz_target!(|bytes: &[u8]| {
    contain_panics();
    let client = CLIENT.get_or_init(serve);
    let (first, rest) = halves(bytes);
    let (second, third) = halves(rest);
    let set = |responses: &[&[u8]]| {
        *RESPONSES.lock().expect("no panic") = responses.iter().map(|one| one.to_vec()).collect();
    };
    set(&[first]);
    let _ = market::pairs(client);
    let _ = market::tickers(client, &["XXBTZUSD"]);
    set(&[PAIRS]);
    let pairs = market::pairs(client).expect("valid");
    set(&[first, second, third]);
    for after in [None, Minute::new(28_000_000)] {
        let task = SyncTask {
            pair: &pairs[0],
            symbol: "BTC/USD".parse().expect("a symbol"),
            after,
            trades: true,
        };
        let _ = sync(client, &task, &Checked, &|_| {});
    }
});
