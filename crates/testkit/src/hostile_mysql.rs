//! A MySQL server on loopback that does what a test defines, for servers that are hostile, broken
//! or silent.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The password in [`Server::address`].
pub const PASSWORD: &str = "S3cret";

/// The random bytes of a greeting, with which clients scramble the password.
pub const NONCE: [u8; 20] = *b"01234567890123456789";

/// The command that ends a connection.
const COM_QUIT: u8 = 1;

/// A running server; it stops with the process.
#[derive(Debug)]
pub struct Server {
    port: u16,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Server {
    /// Starts a server that serves each connection with `serve`, and closes it then.
    pub fn start(
        serve: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (log, serve) = (received.clone(), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, serve) = (log.clone(), serve.clone());
                // Clients that give up close the connection, which is an error here.
                thread::spawn(move || serve(&mut Connection { stream, sequence: 0, log }));
            }
        });
        Server { port, received }
    }

    /// The address of the table `bars` under a name of this machine, with user and password.
    pub fn address(&self, host: &str) -> String {
        format!("mysql://me:{PASSWORD}@{host}:{}/market?table=bars", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The packets that clients sent so far, without the one that ends a connection.
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A connection of a client.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    sequence: u8,
    log: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Connection {
    /// Sends a packet.
    ///
    /// # Errors
    /// The client closed the connection.
    pub fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?.to_le_bytes();
        let header = [length[0], length[1], length[2], self.sequence];
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(&[&header, payload].concat())
    }

    /// Begins a packet of 1 MiB and sends a byte of it after each `pause`.
    ///
    /// # Errors
    /// The client closed the connection.
    pub fn drip(&mut self, pause: Duration) -> io::Result<()> {
        self.stream.write_all(&[0, 0, 16, self.sequence])?;
        for _ in 0..1 << 20 {
            thread::sleep(pause);
            self.stream.write_all(&[0])?;
        }
        Ok(())
    }

    /// Receives a packet.
    ///
    /// # Errors
    /// The client closed the connection.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header)?;
        self.sequence = header[3].wrapping_add(1);
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload)?;
        if payload != [COM_QUIT] {
            self.log.lock().unwrap_or_else(PoisonError::into_inner).push(payload.clone());
        }
        Ok(payload)
    }

    /// Sends the greeting of a server of `version` that authenticates by `plugin`.
    ///
    /// # Errors
    /// The client closed the connection.
    pub fn greet(&mut self, version: &str, plugin: &str, offers_tls: bool) -> io::Result<()> {
        const LONG_PASSWORD: u32 = 1;
        const WITH_DATABASE: u32 = 1 << 3;
        const PROTOCOL_41: u32 = 1 << 9;
        const TLS: u32 = 1 << 11;
        const TRANSACTIONS: u32 = 1 << 13;
        const SECURE_CONNECTION: u32 = 1 << 15;
        const PLUGIN_AUTH: u32 = 1 << 19;
        let tls = if offers_tls { TLS } else { 0 };
        let capabilities = LONG_PASSWORD
            | WITH_DATABASE
            | PROTOCOL_41
            | TRANSACTIONS
            | SECURE_CONNECTION
            | PLUGIN_AUTH
            | tls;
        let capabilities = capabilities.to_le_bytes();
        let greeting = [
            &[10][..],
            version.as_bytes(),
            // The end of the version, and the number of the connection.
            &[0, 1, 0, 0, 0],
            &NONCE[..8],
            &[0],
            &capabilities[..2],
            // Character set and status.
            &[45, 2, 0],
            &capabilities[2..],
            &[21],
            &[0; 10],
            &NONCE[8..],
            &[0],
            plugin.as_bytes(),
            &[0],
        ];
        self.send(&greeting.concat())
    }

    /// Greets like MySQL 8 and accepts any password. Answers the client's questions about the
    /// session, so that the next packet is the first of the program.
    ///
    /// # Errors
    /// The client closed the connection.
    pub fn log_in(&mut self) -> io::Result<()> {
        self.greet("8.0.36", "mysql_native_password", false)?;
        self.receive()?;
        self.ok()?;
        // SET time_zone
        self.receive()?;
        self.ok()
    }

    /// Sends that a request succeeded.
    ///
    /// # Errors
    /// The client closed the connection.
    pub fn ok(&mut self) -> io::Result<()> {
        self.send(&[0, 0, 0, 2, 0, 0, 0])
    }

    /// Answers prepared statements by the rows that `answer` returns for their text, until the client
    /// leaves.
    ///
    /// # Errors
    /// The client closed the connection.
    pub fn serve(&mut self, answer: impl Fn(&str) -> Answer) -> io::Result<()> {
        let mut statement = String::new();
        loop {
            let request = self.receive()?;
            match request.first() {
                Some(&COM_PREPARE) => {
                    statement = String::from_utf8_lossy(&request[1..]).into_owned();
                    let kinds = match answer(&statement) {
                        Answer::Rows(kinds, _) => kinds,
                        Answer::Error(_) | Answer::Endless => "t",
                    };
                    let parameters = vec![b't'; statement.matches('?').count()];
                    let numbers = [kinds.len() as u8, 0, parameters.len() as u8, 0];
                    self.send(&[&[0, 1, 0, 0, 0][..], &numbers, &[0, 0, 0]].concat())?;
                    for kinds in [&parameters, kinds.as_bytes()] {
                        self.columns(kinds)?;
                    }
                }
                Some(&COM_EXECUTE) => match answer(&statement) {
                    Answer::Rows(kinds, rows) => {
                        self.send(&[kinds.len() as u8])?;
                        self.columns(kinds.as_bytes())?;
                        self.rows(rows)?;
                    }
                    Answer::Error(message) => {
                        let start: &[u8] = b"\xff\x28\x04#42000";
                        self.send(&[start, message.as_bytes()].concat())?;
                    }
                    Answer::Endless => {
                        self.send(&[1])?;
                        self.columns(b"t")?;
                        self.endless()?;
                    }
                },
                // The end of a statement has no answer.
                Some(&COM_CLOSE) => {}
                _ => self.ok()?,
            }
        }
    }

    /// Sends the definitions of columns; `t` is a text, another letter an integer.
    fn columns(&mut self, kinds: &[u8]) -> io::Result<()> {
        let string = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        for kind in kinds {
            let kind = if *kind == b't' { 0xfd } else { 8 };
            let column = [
                ["def", "", "", "", "c", ""].map(string).concat(),
                // Character set, length, type, flags, decimals and a filler.
                vec![12, 45, 0, 255, 0, 0, 0, kind, 0, 0, 0, 0, 0],
            ];
            self.send(&column.concat())?;
        }
        if kinds.is_empty() { Ok(()) } else { self.send(&END) }
    }

    /// Sends rows in the binary protocol, and their end.
    fn rows(&mut self, rows: impl Iterator<Item = Vec<Cell>>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for row in rows {
            let mut payload = vec![0; 1 + (row.len() + 9) / 8];
            for (place, cell) in row.into_iter().enumerate() {
                match cell {
                    // The first two bits are not of values.
                    Cell::Null => payload[1 + (place + 2) / 8] |= 1 << ((place + 2) % 8),
                    Cell::Int(number) => payload.extend(number.to_le_bytes()),
                    Cell::Text(text) => {
                        payload.push(0xfe);
                        payload.extend((text.len() as u64).to_le_bytes());
                        payload.extend(text);
                    }
                }
            }
            let length = (payload.len() as u32).to_le_bytes();
            bytes.extend([length[0], length[1], length[2], self.sequence]);
            bytes.extend(payload);
            self.sequence = self.sequence.wrapping_add(1);
            if bytes.len() > 1 << 16 {
                self.stream.write_all(&bytes)?;
                bytes.clear();
            }
        }
        self.stream.write_all(&bytes)?;
        self.send(&END)
    }

    /// Sends a row that never ends.
    fn endless(&mut self) -> io::Result<()> {
        let zeros = vec![0; 0xff_ffff];
        loop {
            self.send(&zeros)?;
        }
    }
}

/// The end of columns and of rows.
const END: [u8; 5] = [0xfe, 0, 0, 2, 0];
const COM_PREPARE: u8 = 0x16;
const COM_EXECUTE: u8 = 0x17;
const COM_CLOSE: u8 = 0x19;

/// The answer to a statement.
pub enum Answer {
    /// Rows; a letter per column: `t` for a text, `i` for an integer.
    Rows(&'static str, Box<dyn Iterator<Item = Vec<Cell>>>),
    /// An error with this text.
    Error(String),
    /// A row that never ends.
    Endless,
}

/// A value of a row.
#[derive(Debug, Clone)]
pub enum Cell {
    /// A text.
    Text(Vec<u8>),
    /// An integer.
    Int(i64),
    /// A missing value.
    Null,
}

/// What a server sends too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Columns of the table, without end.
    Columns,
    /// Columns with names of a megabyte.
    Names,
    /// Tables, in place of one.
    Tables,
    /// Kinds of the table, without end.
    Kinds,
    /// Columns of indexes, without end.
    Indexes,
    /// Symbols, without end.
    Symbols,
    /// Symbols of a megabyte, without end.
    LongSymbols,
    /// Bytes of one row, without end.
    Row,
    /// Characters of an error.
    Error,
}

impl Excess {
    /// Every excess.
    pub const ALL: [Excess; 9] = [
        Excess::Columns,
        Excess::Names,
        Excess::Tables,
        Excess::Kinds,
        Excess::Indexes,
        Excess::Symbols,
        Excess::LongSymbols,
        Excess::Row,
        Excess::Error,
    ];

    /// Starts a server that describes a table of bars and sends too much of one thing.
    pub fn server(self) -> Server {
        Server::start(move |client| {
            client.log_in()?;
            client.serve(|statement| self.answer(statement))
        })
    }

    fn answer(self, statement: &str) -> Answer {
        let text = |text: &str| Cell::Text(text.as_bytes().to_vec());
        let long = || Cell::Text(vec![b'x'; 1 << 20]);
        let endless = |kinds, row: Vec<Cell>| Answer::Rows(kinds, Box::new(std::iter::repeat(row)));
        let rows = |kinds, rows: Vec<Vec<Cell>>| Answer::Rows(kinds, Box::new(rows.into_iter()));
        let group = |name| vec![name, Cell::Int(1), text("x"), text("x"), Cell::Int(1)];
        if statement.contains("information_schema.columns") {
            let column = |name, kind| vec![text(name), text(kind), text("utf8mb4_bin")];
            return match self {
                Excess::Columns => endless("ttt", column("c", "int")),
                Excess::Names => endless("ttt", vec![long(), text("int"), text("")]),
                Excess::Tables => rows("ttt", Vec::new()),
                Excess::Row => Answer::Endless,
                Excess::Error => Answer::Error("x".repeat(60_000)),
                _ => {
                    let prices = ["open", "high", "low", "close", "volume"];
                    let prices = prices.map(|name| column(name, "double"));
                    let keys = [column("symbol", "varchar"), column("timestamp", "datetime")];
                    rows("ttt", keys.into_iter().chain(prices).collect())
                }
            };
        }
        if statement.contains("information_schema.statistics") {
            let index = |name| vec![text("PRIMARY"), Cell::Int(0), text(name)];
            return match self {
                Excess::Indexes => endless("tit", index("c")),
                _ => {
                    // An index on an expression has no column.
                    let expression = vec![text("e"), Cell::Int(1), Cell::Null];
                    rows("tit", vec![index("symbol"), index("timestamp"), expression])
                }
            };
        }
        match self {
            _ if statement.contains("table_type") => match self {
                Excess::Kinds => endless("tt", vec![text("BASE TABLE"), text("InnoDB")]),
                _ => rows("tt", vec![vec![text("BASE TABLE"), text("InnoDB")]]),
            },
            Excess::Tables => endless("t", vec![text("t")]),
            Excess::LongSymbols if statement.contains("GROUP BY") => {
                endless("titti", group(long()))
            }
            _ if statement.contains("GROUP BY") => endless("titti", group(text("A"))),
            _ => rows("t", Vec::new()),
        }
    }
}
