//! A MySQL server on loopback that does what a test defines, for servers that are hostile, broken
//! or silent.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

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
        // SELECT @@max_allowed_packet
        self.receive()?;
        self.value("max_allowed_packet", "16777216")?;
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

    /// Sends a result of one row and one column.
    fn value(&mut self, name: &str, text: &str) -> io::Result<()> {
        const END: [u8; 5] = [0xfe, 0, 0, 2, 0];
        let string = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        let column = [
            ["def", "", "", "", name, ""].map(string).concat(),
            // Character set, length, type (text), flags, decimals and a filler.
            vec![12, 45, 0, 255, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0],
        ];
        self.send(&[1])?;
        self.send(&column.concat())?;
        self.send(&END)?;
        self.send(&string(text))?;
        self.send(&END)
    }
}
