//! A web server on loopback with responses defined by a test; it records requests.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path without the query.
    pub path: String,
    /// The query.
    pub query: BTreeMap<String, String>,
    /// Time of arrival.
    pub at: Instant,
    /// Number of earlier requests.
    pub number: usize,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Additional headers, each with its line end.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
    /// The connection is closed after this many bytes of the body.
    pub cut: Option<usize>,
    /// Delay before the body.
    pub delay: Duration,
}

impl Answer {
    /// A response with status 200.
    pub fn ok(body: impl Into<Vec<u8>>) -> Answer {
        Answer::with_status(200, body)
    }

    /// A response with `status`.
    pub fn with_status(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer {
            status,
            headers: String::new(),
            body: body.into(),
            cut: None,
            delay: Duration::ZERO,
        }
    }
}

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server that responds with `answer`.
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (asked.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                // Some tests have clients that disconnect early.
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Server { address, asked }
    }

    /// The base URL.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Responds to one request and closes the connection.
fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request) -> Answer,
) -> std::io::Result<()> {
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
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query =
        query.map(|(name, value)| (name.to_owned(), value.replace("%2C", ",").replace("%2F", "/")));
    let request = {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let number = log.len();
        let request =
            Request { path: path.to_owned(), query: query.collect(), at: Instant::now(), number };
        log.push(request.clone());
        request
    };
    let answer = answer(&request);
    write!(
        stream,
        "HTTP/1.1 {} Status\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n",
        answer.status,
        answer.body.len(),
        answer.headers
    )?;
    stream.flush()?;
    thread::sleep(answer.delay);
    stream.write_all(&answer.body[..answer.cut.unwrap_or(answer.body.len())])
}
