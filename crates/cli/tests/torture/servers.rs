//! Hostile servers, and connections that are cut, delayed, frozen and corrupted.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use testkit::hostile_mysql::Excess;
use testkit::http::{Answer, Request, Server};
use testkit::mariadb;
use testkit::program::{Run, finish};

use crate::attack::{bounded, count, outputs, run, sound};
use crate::inputs::mutate;
use crate::support::{market, test_dir};
use crate::{Case, Dice};

const PAIRS: &str = r#"{"error":[],"result":{
    "XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD"},"XETHZUSD":{"altname":"ETHUSD","wsname":"ETH/USD"}}}"#;

const TICKERS: &str = r#"{"error":[],"result":{
    "XXBTZUSD":{"o":"100.0","c":["90.0","1"],"v":["5","2000.0"]},
    "XETHZUSD":{"o":"10.0","c":["8.0","1"],"v":["5","1500"]}}}"#;

const BARS: &str = r#"{"error":[],"result":{"XXBTZUSD":[
    [1760000040,"100.0","101.5","99.0","101.0","100.5","1.25000000",7],
    [1760000160,"101.0","102.0","101.0","102.0","101.5","0.50000000",2],
    [1760000220,"102.0","103.0","102.0","103.0","102.5","0.10000000",1]],"last":1760000160}}"#;

fn sound_body(request: &Request) -> &'static str {
    match &*request.path {
        "/0/public/AssetPairs" => PAIRS,
        "/0/public/Ticker" => TICKERS,
        "/0/public/OHLC" => BARS,
        _ => r#"{"error":["EGeneral:Unknown method"]}"#,
    }
}

/// An exchange without malice.
pub fn exchange() -> Server {
    Server::start(|request| Answer::ok(sound_body(request)))
}

/// A server that passes each connection to `serve`, with its number.
fn listen(serve: impl Fn(TcpStream, u64) -> std::io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream, number as u64));
        }
    });
    port
}

/// The campaign against a hostile exchange.
pub fn http() -> Case {
    Box::new(|dice| {
        let seed: u64 = dice.random();
        let address = if dice.random_range(0..4) == 0 {
            format!("http://127.0.0.1:{}", listen(move |stream, n| garbage(stream, seed ^ n)))
        } else {
            let server = Server::start(move |request| disturbed(request, seed));
            server.address().to_owned()
        };
        let test_dir = test_dir();
        let words: &[&str] = match dice.random_range(0..2) {
            0 => &["sync", "--pairs", "XBT/USD", "--into", "store", "--base-url", &address],
            _ => &["kraken-losers", "--min-volume", "0", "--base-url", &address],
        };
        let ended = run(&test_dir, words);
        assert!(matches!(ended.status, Some(0 | 1)), "{words:?}: {}", ended.err);
        count("hostile responses");
        if test_dir.file("store").exists() {
            let check = run(&test_dir, &["check", "--source", "store"]);
            assert!(!check.err.contains("damaged"), "{words:?}: {}", check.err);
        }
    })
}

/// A response that is wrong in some way, the same for the same request.
fn disturbed(request: &Request, seed: u64) -> Answer {
    let mut dice = Dice::seed_from_u64(seed ^ request.number as u64);
    let mut answer = Answer::ok(sound_body(request));
    match dice.random_range(0..10) {
        0 => {}
        1 => answer.status = *[204, 301, 400, 404, 429, 500, 503, 999].choose(&mut dice).unwrap(),
        2 => answer.cut = Some(dice.random_range(0..answer.body.len())),
        3 => answer.delay = Duration::from_millis(dice.random_range(0..1500)),
        4 => {
            answer.status = 302;
            answer.headers = "Location: http://127.0.0.1:1/elsewhere\r\n".to_owned();
        }
        5 => answer.body = b"[".repeat(dice.random_range(1..8_000_000)),
        6 => {
            let pair = br#"{"error":[],"result":{"XXBTZUSD":["#;
            let row =
                br#"[1760000040,"1","1","1","1","1","1",1],"#.repeat(dice.random_range(1..50_000));
            answer.body = [&pair[..], &row, b"],\"last\":1760000040}}"].concat();
        }
        _ => {
            for _ in 0..dice.random_range(1..4) {
                mutate(&mut answer.body, &mut dice);
            }
        }
    }
    answer
}

/// Responds with bytes that are not HTTP, with endless headers, or byte by byte.
fn garbage(mut stream: TcpStream, seed: u64) -> std::io::Result<()> {
    let mut dice = Dice::seed_from_u64(seed);
    let mut asked = [0; 1024];
    let _ = stream.read(&mut asked)?;
    match dice.random_range(0..4) {
        0 => {
            let noise: Vec<u8> = (0..dice.random_range(0..5000)).map(|_| dice.random()).collect();
            stream.write_all(&noise)
        }
        1 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            for i in 0..200_000 {
                write!(stream, "X-{i}: {i}\r\n")?;
            }
            Ok(())
        }
        2 => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{")?;
            Ok(())
        }
        _ => {
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}\n\n\n" {
                stream.write_all(&[*byte])?;
                thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        }
    }
}

/// What a proxy does to a connection.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    /// Closes it after this number of bytes.
    Cut(usize),
    /// Passes pieces on with pauses.
    Delay,
    /// Passes nothing on after this number of bytes.
    Freeze(usize),
    /// Flips a bit of this byte.
    Corrupt(usize),
}

/// Passes bytes on until one side closes, disturbed.
fn pump(mut from: TcpStream, mut to: TcpStream, how: Option<Disturbance>, seed: u64) {
    let mut dice = Dice::seed_from_u64(seed);
    let (mut buffer, mut passed) = (vec![0; 16_384], 0);
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let mut length = read;
        match how {
            Some(Disturbance::Cut(after)) => length = length.min(after.saturating_sub(passed)),
            Some(Disturbance::Freeze(after)) if passed + read > after => {
                thread::sleep(Duration::from_secs(30));
                break;
            }
            Some(Disturbance::Delay) => {
                thread::sleep(Duration::from_millis(dice.random_range(0..30)))
            }
            Some(Disturbance::Corrupt(place)) if (passed..passed + read).contains(&place) => {
                buffer[place - passed] ^= 1 << dice.random_range(0..8);
            }
            _ => {}
        }
        if to.write_all(&buffer[..length]).is_err() || length < read {
            break;
        }
        passed += read;
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}

/// Starts a proxy to `port`. The disturbance applies to what the server sends, or to what it is sent.
fn proxy(port: u16, how: Disturbance, is_from_server: bool, seed: u64) -> u16 {
    listen(move |client, number| {
        let server = TcpStream::connect(("127.0.0.1", port))?;
        let (to_server, to_client) = (server.try_clone()?, client.try_clone()?);
        let (up, down) = if is_from_server { (None, Some(how)) } else { (Some(how), None) };
        thread::spawn(move || pump(client, to_server, up, seed ^ number));
        pump(server, to_client, down, seed ^ number);
        Ok(())
    })
}

/// The limit of memory of the program.
const LIMIT: &str = "ulimit -v 6000000;";

/// A command that names its functions when it aborts.
fn traced(mut command: Command) -> Command {
    command.env("RUST_BACKTRACE", "1");
    command
}

/// Whether the driver reserved memory for more columns than fit, as a damaged packet announced: a
/// known limit (SECURITY.md).
fn is_known_limit(ended: &Run) -> bool {
    let is_it = ended.status.is_none()
        && ended.err.contains("memory allocation of")
        && ended.err.contains("mysql::conn::Conn::handle_result_set");
    if is_it {
        count("columns beyond the memory");
    }
    is_it
}

/// The campaign against connections to a database.
pub fn mysql() -> Case {
    let server = mariadb::Server::start();
    let ground = test_dir();
    ground.write("bars.csv", market(&["A", "B", "C"], 60));
    let into = server.address("bars");
    ground.run(&["import", "bars.csv", "--into", &into]).ok();
    let boards = ["leaderboards", "--top-n", "2", "--out-dir", "out", "--source"];
    ground.run(&[&boards[..], &[&into]].concat()).ok();
    let whole = outputs(&ground, "out");
    let greeting = greeting(server.port());
    Box::new(move |dice| {
        let seed: u64 = dice.random();
        let test_dir = test_dir();
        let is_encrypted = dice.random_range(0..2) == 0;
        let mode = if is_encrypted { "required" } else { "disabled" };
        let at = |port: u16| into.replace(&format!(":{}", server.port()), &format!(":{port}"));
        let words = |port: u16, seconds: &str| {
            let limits = ["--connect-timeout", seconds, "--read-timeout", seconds];
            let address = at(port);
            let words = [&boards[..], &[&address, "--ssl-mode", mode], &limits].concat();
            words.into_iter().map(str::to_owned).collect::<Vec<String>>()
        };
        if dice.random_range(0..16) == 0 {
            let excess = *Excess::ALL.choose(dice).unwrap();
            let server = excess.server();
            let words = words(server.port(), "10");
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ended = run(&test_dir, &words);
            assert_eq!(ended.status, Some(1), "{excess:?}: {}", ended.err);
            assert!(ended.err.len() < 10_000, "{excess:?}: {}", ended.err.len());
            count("answers without end");
            return;
        }
        if dice.random_range(0..4) == 0 {
            let greeting = greeting.clone();
            let port = listen(move |stream, n| hostile(stream, &greeting, seed ^ n));
            let words = words(port, "1");
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ended = finish(bounded(&traced(test_dir.command(&words)), LIMIT));
            count("hostile responses");
            if !is_known_limit(&ended) {
                sound(&ended, &words);
                assert_eq!(ended.status, Some(1), "{words:?}: {}", ended.err);
            }
            assert!(outputs(&test_dir, "out").is_empty(), "{words:?}");
            return;
        }
        let reach = *[200, 2000, 60_000].choose(dice).unwrap();
        let place = dice.random_range(0..reach);
        let how = match dice.random_range(0..8) {
            0..=2 => Disturbance::Cut(place),
            3 => Disturbance::Delay,
            4 => Disturbance::Freeze(place),
            _ => Disturbance::Corrupt(place),
        };
        let is_from_server = dice.random_range(0..3) > 0;
        let is_harmless = matches!(how, Disturbance::Delay);
        let port = proxy(server.port(), how, is_from_server, seed);
        let words = words(port, if is_harmless { "20" } else { "1" });
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = finish(bounded(&traced(test_dir.command(&words)), LIMIT));
        if is_known_limit(&ended) {
            assert!(outputs(&test_dir, "out").is_empty(), "{how:?} {words:?}");
            count("disturbed connections");
            return;
        }
        sound(&ended, &words);
        // Status 2 would be a wrong command line.
        assert!(matches!(ended.status, Some(0 | 1)), "{words:?}: {}", ended.err);
        count("disturbed connections");
        let found = outputs(&test_dir, "out");
        // Only an encrypted connection notices every flipped bit.
        let is_silent = matches!(how, Disturbance::Corrupt(_)) && !is_encrypted;
        assert!(ended.status == Some(0) || !is_harmless, "{how:?} {words:?}: {}", ended.err);
        if ended.status == Some(0) {
            count("connections that served in spite of it");
            assert!(is_silent || found == whole, "{how:?} {words:?}: other bytes");
        } else {
            assert!(found.is_empty(), "{how:?} {words:?}: {:?}", found.keys());
        }
    })
}

/// The first packet of a server.
fn greeting(port: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut greeting = vec![0; 4096];
    let read = stream.read(&mut greeting).unwrap();
    greeting.truncate(read);
    greeting
}

/// Sends a mutated greeting, and answers whatever comes with packets of random content.
fn hostile(mut stream: TcpStream, greeting: &[u8], seed: u64) -> std::io::Result<()> {
    let mut dice = Dice::seed_from_u64(seed);
    let mut first = greeting.to_vec();
    if dice.random_range(0..2) == 0 {
        mutate(&mut first, &mut dice);
    }
    stream.write_all(&first)?;
    let mut asked = [0; 4096];
    for number in 0..50_u8 {
        if stream.read(&mut asked)? == 0 {
            break;
        }
        let body: Vec<u8> = match dice.random_range(0..6) {
            // OK, an error, the end of rows, a request for the password in clear, many columns.
            0 => vec![0, 0, 0, 2, 0, 0, 0],
            1 => b"\xff\x15\x04#28000\x1b[2JAccess\ndenied".to_vec(),
            2 => vec![0xfe, 0, 0, 2, 0],
            3 => b"\xfemysql_clear_password\0".to_vec(),
            4 => vec![0xfe, 0, 0, 0, 0, 0, 1, 0, 0],
            _ => (0..dice.random_range(0..300)).map(|_| dice.random()).collect(),
        };
        let announced = if dice.random_range(0..8) == 0 { 0xff_ffff } else { body.len() };
        let length = &(announced as u32).to_le_bytes()[..3];
        stream.write_all(&[length, &[asked[3].wrapping_add(1).max(number % 3)], &body].concat())?;
    }
    Ok(())
}
