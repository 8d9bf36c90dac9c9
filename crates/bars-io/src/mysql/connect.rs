//! Connections: time limits, encryption, retries.

use std::fmt;
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use bars::shortened;
use mysql::prelude::{FromRow, Protocol, Queryable};
use mysql::{Conn, DriverError, Opts, OptsBuilder, Params, QueryResult, Row, SslOpts, Value};
use mysql_common::proto::codec::error::PacketCodecError;

use super::config::{Config, SslMode};
use super::patience::{Answers, Patience, part_limit, report_every};
use crate::error::{Error, Result};
use crate::panics::contain;
use crate::warnings::Warnings;

/// Pauses between attempts; there is one attempt more than pauses. A busy server needs some ten
/// seconds to recover.
const BACK_OFF: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Maximum number of attempts that end without an answer: most likely the next one does too.
const MAX_SILENT_ATTEMPTS: u32 = 2;

/// Maximum size of a packet in either direction. A row of bars, or a batch of them in an insert, is
/// far smaller.
const MAX_PACKET: usize = 16 << 20;

/// Maximum number of databases of a server that are listed.
const MAX_DATABASES: u64 = 100_000;

/// Maximum number of characters of a server's text in an error.
pub(super) const MAX_REASON: usize = 1024;

/// Codes of a refused user or password.
const REFUSED: [u16; 2] = [1045, 1698];

/// An idle connection is used without a test for this long; after that the server may have closed it.
const FRESH: Duration = Duration::from_secs(5);

/// A connected database.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub(super) config: Config,
    pub(super) warnings: Warnings,
    encrypt: bool,
    pool: Arc<Pool>,
    patience: Arc<Patience>,
}

impl Database {
    pub(super) fn open(config: &Config, warnings: &Warnings) -> Result<Database> {
        let database = Some(config.database.as_str());
        let (connection, encrypt) = login(config, database, warnings)?;
        Ok(Database {
            config: config.clone(),
            warnings: warnings.clone(),
            encrypt,
            pool: Arc::new(Pool::new(connection)),
            patience: Arc::new(Patience::new(config.read_timeout, warnings)),
        })
    }

    /// Runs `work` on a connection, and again from its start if the connection is lost or the
    /// server asks for a retry. `work` counts the rows of long answers, so that they are not taken
    /// for silence.
    ///
    /// # Errors
    /// The last error, with the action that failed.
    pub(super) fn attempt<T>(
        &self,
        what: &str,
        mut work: impl FnMut(&mut Conn, &Answers<'_>) -> mysql::Result<T>,
    ) -> Result<T> {
        let config = &self.config;
        let mut waits = BACK_OFF.iter();
        let (mut attempts, mut silent_attempts) = (0, 0);
        loop {
            let answers = self.patience.request(what);
            let result = self.lease(&answers).and_then(|lease| {
                lease.run(|connection| answers.over(connection, |conn| work(conn, &answers)))
            });
            let result = match result {
                Err(_) if answers.is_given_up() => {
                    Err(Refused::NoAnswer(part_limit(config.read_timeout)).into())
                }
                result => result,
            };
            drop(answers);
            attempts += 1;
            silent_attempts += u32::from(result.as_ref().is_err_and(is_silent));
            let wait = waits.next().filter(|_| silent_attempts < MAX_SILENT_ATTEMPTS);
            match (result, wait) {
                (Ok(done), _) => return Ok(done),
                (Err(e), Some(wait)) if is_passing(&e) => {
                    let (why, millis) = (plain(config, &e), wait.as_millis());
                    self.warnings.warn(format_args!("{what}: {why}; retrying in {millis} ms"));
                    sleep(*wait);
                }
                (Err(e), None) if is_passing(&e) => {
                    let remedy = match is_silent(&e) {
                        true => "raise read_timeout if the server needs longer",
                        false => "check that the server is up and reachable, then run this again",
                    };
                    let why = plain(config, &e);
                    let reason =
                        format!("gave up {what} after {attempts} attempts: {why}; {remedy}");
                    return Err(Error::Database { server: config.to_string(), reason });
                }
                (Err(e), _) => return Err(error(config, &e)),
            }
        }
    }

    /// Returns the rows of an answer about the catalog.
    ///
    /// # Errors
    /// As [`Database::attempt`], and those of [`each_row`].
    pub(super) fn rows<T: FromRow>(
        &self,
        what: &str,
        max: u64,
        statement: &str,
        params: impl Into<Params>,
    ) -> Result<Vec<T>> {
        let params = params.into();
        self.attempt(what, |connection, _| {
            rows_of(connection.exec_iter(statement, params.clone())?, max)
        })
    }

    /// Returns the only row of an answer.
    ///
    /// # Errors
    /// As [`Database::rows`].
    pub(super) fn row<T: FromRow>(
        &self,
        what: &str,
        statement: &str,
        params: impl Into<Params>,
    ) -> Result<Option<T>> {
        Ok(self.rows(what, 1, statement, params)?.pop())
    }

    /// Takes a connection out of the pool, or connects. Waits while the maximum number is in use.
    fn lease(&self, answers: &Answers<'_>) -> mysql::Result<Lease<'_>> {
        let idle = self.pool.take(self.config.connections.max(1));
        let mut lease = Lease { pool: &self.pool, connection: None, is_usable: false };
        let is_alive = |(mut connection, since): (Conn, Instant)| {
            let is_alive = since.elapsed() < FRESH
                || contain(|| answers.over(&mut connection, Conn::ping))
                    .is_ok_and(|answer| answer.is_ok());
            is_alive.then_some(connection)
        };
        lease.connection = Some(match idle.and_then(is_alive) {
            Some(connection) => connection,
            None if answers.is_given_up() => return Err(mysql::Error::server_disconnected()),
            None => {
                let database = Some(self.config.database.as_str());
                connect(&self.config, self.encrypt, database, &self.warnings)?
            }
        });
        Ok(lease)
    }
}

/// Passes the rows of an answer to `work`.
///
/// # Errors
/// The connection is lost, `work` fails, or there are more than `max` rows (`what` names them) or as
/// many KiB. After that the connection cannot be used any longer, because the rest of the answer is
/// not read.
pub(super) fn each_row<P: Protocol>(
    answer: QueryResult<'_, '_, '_, P>,
    (max, what): (u64, &str),
    mut work: impl FnMut(Row) -> mysql::Result<()>,
) -> mysql::Result<()> {
    // The driver reads the rest of an answer when this is dropped, which a hostile server never ends.
    let mut answer = ManuallyDrop::new(answer);
    let (mut count, mut bytes) = (0, 0);
    for row in answer.by_ref() {
        let row = row?;
        count += 1;
        let texts = (0..row.len()).filter_map(|place| match row.as_ref(place) {
            Some(Value::Bytes(text)) => Some(text.len() as u64),
            _ => None,
        });
        bytes += texts.sum::<u64>();
        if count > max {
            let what = if max == 1 { "one row".to_owned() } else { format!("{max} {what}") };
            return Err(Refused::TooMuch(what).into());
        }
        if bytes > max << 10 {
            return Err(Refused::TooMuch(format!("{max} KiB of {what}")).into());
        }
        work(row)?;
    }
    if answer.iter().map(std::mem::forget).is_some() {
        return Err(Refused::TooMuch("one result".to_owned()).into());
    }
    drop(ManuallyDrop::into_inner(answer));
    Ok(())
}

/// Returns the rows of an answer about the catalog; see [`each_row`].
pub(super) fn rows_of<T: FromRow, P: Protocol>(
    answer: QueryResult<'_, '_, '_, P>,
    max: u64,
) -> mysql::Result<Vec<T>> {
    let mut rows = Vec::new();
    each_row(answer, (max, "rows about the table"), |row| {
        rows.push(mysql::from_row_opt(row)?);
        Ok(())
    })?;
    Ok(rows)
}

/// Reads the answer to a statement without rows.
pub(super) fn done<P: Protocol>(answer: QueryResult<'_, '_, '_, P>) -> mysql::Result<()> {
    each_row(answer, (0, "rows"), |_| Ok(()))
}

/// The connections of a database. The pool of the driver connects while it holds its lock, so that a
/// silent server would stop all threads, and a panic would end all use of the pool.
#[derive(Debug)]
struct Pool {
    connections: Mutex<Connections>,
    freed: Condvar,
}

#[derive(Debug)]
struct Connections {
    /// The connections that are not in use, and since when.
    idle: Vec<(Conn, Instant)>,
    /// Number of connections, with those in use.
    open: usize,
}

impl Pool {
    fn new(first: Conn) -> Pool {
        let connections = Connections { idle: vec![(first, Instant::now())], open: 1 };
        Pool { connections: Mutex::new(connections), freed: Condvar::new() }
    }

    /// Takes an idle connection. Returns `None`, after counting a new one, if there is none, and
    /// waits while there are `max` connections in use.
    fn take(&self, max: usize) -> Option<(Conn, Instant)> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        while connections.idle.is_empty() && connections.open >= max {
            connections = self.freed.wait(connections).unwrap_or_else(PoisonError::into_inner);
        }
        let idle = connections.idle.pop();
        connections.open += usize::from(idle.is_none());
        idle
    }
}

/// A connection in use; it returns to the pool when this is dropped, or is closed if it is not
/// usable.
struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Conn>,
    is_usable: bool,
}

impl Lease<'_> {
    fn run<T>(mut self, work: impl FnOnce(&mut Conn) -> mysql::Result<T>) -> mysql::Result<T> {
        let Some(connection) = &mut self.connection else {
            return Err(mysql::Error::server_disconnected());
        };
        let result = contain(|| work(connection)).unwrap_or_else(|panic| Err(garbled(panic)));
        // After another error the rest of an answer may be under way.
        self.is_usable = match &result {
            Ok(_) => true,
            Err(mysql::Error::MySqlError(_)) => !result.as_ref().is_err_and(is_passing),
            Err(_) => false,
        };
        result
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|_| self.is_usable);
        let mut connections = self.pool.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lost = Vec::new();
        match connection {
            Some(connection) => connections.idle.push((connection, Instant::now())),
            None => {
                // Most likely the others are lost too.
                lost = std::mem::take(&mut connections.idle);
                connections.open -= 1 + lost.len();
            }
        }
        drop(connections);
        self.pool.freed.notify_all();
        drop(lost);
    }
}

/// An error of this program, inside of one of the driver.
#[derive(Debug)]
pub(super) enum Refused {
    /// What the driver cannot decode: it panics.
    Garbled(String),
    /// No part of an answer was complete within this time.
    NoAnswer(Duration),
    /// The system refuses the thread of a connection.
    Thread(io::Error),
    /// The server sends more than a table of bars has.
    TooMuch(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Garbled(what) => {
                write!(f, "the server sent something that is not the MySQL protocol: {what}")
            }
            Refused::NoAnswer(limit) => {
                write!(f, "no complete answer from the server for {} s", limit.as_secs())
            }
            Refused::Thread(e) => write!(f, "cannot start a thread: {e}"),
            Refused::TooMuch(what) => write!(f, "the server sent more than {what}"),
        }
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for mysql::Error {
    fn from(refused: Refused) -> mysql::Error {
        io::Error::other(refused).into()
    }
}

fn refused(error: &mysql::Error) -> Option<&Refused> {
    io_error(error)?.get_ref()?.downcast_ref()
}

fn garbled(panic: String) -> mysql::Error {
    Refused::Garbled(panic).into()
}

/// Connects as the encryption of `config` demands. Returns the connection and whether encryption was
/// asked for.
fn login(config: &Config, database: Option<&str>, warnings: &Warnings) -> Result<(Conn, bool)> {
    try_login(config, database, warnings)?.map_err(|e| error(config, &e))
}

/// [`login`], with an error of the server or the connection as the inner result.
fn try_login(
    config: &Config,
    database: Option<&str>,
    warnings: &Warnings,
) -> Result<mysql::Result<(Conn, bool)>> {
    if let Some(path) = &config.server_public_key {
        check_key(path, config.password.0.len())?;
    }
    let encrypt = config.ssl_mode != SslMode::Disabled;
    if let Some(path) = config.ssl_ca.as_ref().filter(|_| encrypt) {
        File::open(path).map_err(|e| Error::io("read", path, e))?;
    }
    let connection = match connect(config, encrypt, database, warnings) {
        Err(e) if config.ssl_mode == SslMode::Preferred && is_tls(&e) => {
            connect(config, false, database, warnings).map(|connection| (connection, false))
        }
        connection => connection.map(|connection| (connection, encrypt)),
    };
    Ok(connection)
}

/// Checks that a file has a public key that can encrypt a password of `length` bytes.
fn check_key(path: &Path, length: usize) -> Result<()> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
    let is_key =
        ["BEGIN PUBLIC KEY", "BEGIN RSA PUBLIC KEY"].iter().any(|kind| text.contains(kind));
    const REMEDY: &str = "copy the server's public_key.pem, or the result of \
                          SHOW STATUS LIKE 'Caching_sha2_password_rsa_public_key'";
    if !is_key {
        return Err(Error::content(path, format!("not a public key in PEM format; {REMEDY}")));
    }
    // The driver panics if the key is invalid or too short, and it adds a byte to the password.
    let secret = vec![0; length + 1];
    let encrypted = contain(|| mysql_common::crypto::encrypt(&secret, text.as_bytes()));
    let invalid = |_| Error::content(path, format!("not a valid public key; {REMEDY}"));
    encrypted.map(drop).map_err(invalid)
}

/// Opens a connection within its time limit.
fn connect(
    config: &Config,
    encrypt: bool,
    database: Option<&str>,
    warnings: &Warnings,
) -> mysql::Result<Conn> {
    let options = Opts::from(builder(config, encrypt).db_name(database));
    // The limit covers the lookup of the host and the login, which the driver cannot limit.
    in_time(config, warnings, move || Conn::new(options))
}

/// Runs `work` in a thread of its own, within the time limit of a connection. A server that sends a
/// byte now and then could go on forever; a thread that still waits for it ends with the process.
fn in_time<T: Send + 'static>(
    config: &Config,
    warnings: &Warnings,
    work: impl FnOnce() -> mysql::Result<T> + Send + 'static,
) -> mysql::Result<T> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let result = contain(work).unwrap_or_else(|panic| Err(garbled(panic)));
        // After the time limit there is no receiver.
        let _ = sender.send(result);
    };
    let thread = thread::Builder::new().name("connect".to_owned()).spawn(work);
    thread.map_err(Refused::Thread)?;
    let (begun, limit) = (Instant::now(), config.connect_timeout);
    loop {
        let left = limit.saturating_sub(begun.elapsed());
        match receiver.recv_timeout(left.min(report_every(limit))) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Disconnected) => return Err(mysql::Error::server_disconnected()),
            Err(RecvTimeoutError::Timeout) if begun.elapsed() >= limit => {
                return Err(DriverError::ConnectTimeout.into());
            }
            Err(RecvTimeoutError::Timeout) => {
                let (waited, limit) = (begun.elapsed().as_secs_f64(), limit.as_secs());
                warnings.warn(format_args!(
                    "{config}: no connection for {waited:.1} s, waiting up to {limit} s"
                ));
            }
        }
    }
}

/// A path that cannot be opened, in place of the server's public key. Without a path the driver asks
/// the server for its key and sends the password encrypted with it, so that any server that poses as
/// this one can read it.
const NO_KEY: &str = "\0";

fn builder(config: &Config, encrypt: bool) -> OptsBuilder {
    let key = match &config.server_public_key {
        Some(path) => Some(path.clone()),
        None if config.is_local() => None,
        None => Some(PathBuf::from(NO_KEY)),
    };
    let mut builder = OptsBuilder::new()
        .user(Some(&config.user))
        .pass(Some(&config.password.0))
        .ip_or_hostname(Some(&config.host))
        .tcp_port(config.port)
        .prefer_socket(false)
        .server_key_path(key)
        .tcp_connect_timeout(Some(config.connect_timeout))
        .read_timeout(Some(config.read_timeout))
        .write_timeout(Some(config.read_timeout))
        .max_allowed_packet(Some(MAX_PACKET))
        .init(vec!["SET time_zone = '+00:00'"]);
    if let Some(socket) = &config.socket {
        builder = builder.prefer_socket(true).socket(Some(socket.to_string_lossy()));
    }
    if encrypt {
        let unchecked = matches!(config.ssl_mode, SslMode::Preferred | SslMode::Required);
        let options = SslOpts::default()
            .with_root_cert_path(config.ssl_ca.clone())
            .with_danger_accept_invalid_certs(unchecked)
            .with_danger_skip_domain_validation(config.ssl_mode != SslMode::VerifyIdentity);
        builder = builder.ssl_opts(options);
    }
    builder
}

/// The server's answer to a user and a password.
#[derive(Debug)]
pub enum Login {
    /// It accepts them. `databases` are those that the user may use, without the server's own; empty
    /// if the server does not list them.
    Accepted {
        /// The names, in the server's order.
        databases: Vec<String>,
    },
    /// It refuses them.
    Refused(Error),
}

/// Checks that the host can be reached: opens a TCP connection and closes it.
///
/// # Errors
/// The name is unknown, or no connection is accepted within `limit`.
pub fn check_host(host: &str, port: u16, limit: Duration) -> Result<()> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let problem = |reason: &dyn std::fmt::Display| Error::Database {
        server: format!("mysql://{host}:{port}"),
        reason: format!("no connection ({reason}); check host and port and that the server is up"),
    };
    let addresses = (name, port).to_socket_addrs().map_err(|e| problem(&e))?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(_) => return Ok(()),
            Err(e) => last = Some(e),
        }
    }
    Err(last.map_or_else(|| problem(&"the host has no address"), |e| problem(&e)))
}

/// Checks user and password. The database and the table of `config` are ignored.
///
/// # Errors
/// The server cannot be reached, or fails for another reason than user and password.
pub fn check_login(config: &Config) -> Result<Login> {
    const OF_SERVER: [&str; 4] = ["information_schema", "performance_schema", "mysql", "sys"];
    match try_login(config, None, &Warnings::default())? {
        Ok((mut connection, _)) => {
            let list = move || rows_of(connection.query_iter("SHOW DATABASES")?, MAX_DATABASES);
            let names: mysql::Result<Vec<String>> = in_time(config, &Warnings::default(), list);
            let names = names.unwrap_or_default().into_iter();
            let databases =
                names.filter(|name| !OF_SERVER.contains(&name.to_lowercase().as_str())).collect();
            Ok(Login::Accepted { databases })
        }
        Err(mysql::Error::MySqlError(e)) if REFUSED.contains(&e.code) => {
            Ok(Login::Refused(error(config, &mysql::Error::MySqlError(e))))
        }
        Err(e) => Err(error(config, &e)),
    }
}

/// Checks that the user may use the database.
///
/// # Errors
/// There is no such database, the user has no rights on it, or the connection fails.
pub fn check_database(config: &Config) -> Result<()> {
    Database::open(config, &Warnings::default()).map(drop)
}

/// The error of a database that does not exist, or that the user must not use: the server does not
/// distinguish these.
fn no_database(config: &Config) -> Error {
    let usable = match check_login(config) {
        Ok(Login::Accepted { databases }) if !databases.is_empty() => {
            format!(" (you may use: {})", shortened(&databases.join(", "), MAX_REASON))
        }
        _ => String::new(),
    };
    let reason = format!(
        "no database \"{}\", or no rights on it{usable}; check the database's name",
        config.database.escape_debug()
    );
    Error::Database { server: config.to_string(), reason }
}

/// Returns whether encryption failed. A failing certificate appears inside of an I/O error.
fn is_tls(error: &mysql::Error) -> bool {
    let cause = io_error(error).and_then(io::Error::get_ref);
    matches!(
        error,
        mysql::Error::TlsError(_) | mysql::Error::DriverError(DriverError::TlsNotSupported)
    ) || cause.is_some_and(|cause| cause.is::<rustls::Error>())
}

/// Returns the I/O error at the root, whichever layer reports it.
fn io_error(error: &mysql::Error) -> Option<&io::Error> {
    match error {
        mysql::Error::IoError(e) | mysql::Error::CodecError(PacketCodecError::Io(e)) => Some(e),
        _ => None,
    }
}

/// Returns whether the server began a packet of more than [`MAX_PACKET`] bytes.
fn is_too_large(error: &mysql::Error) -> bool {
    matches!(error, mysql::Error::CodecError(PacketCodecError::PacketTooLarge))
}

/// Returns whether no byte arrived within the time limit.
fn is_silent(error: &mysql::Error) -> bool {
    use io::ErrorKind::{TimedOut, WouldBlock};
    io_error(error).is_some_and(|e| matches!(e.kind(), TimedOut | WouldBlock))
}

/// Returns whether the server asked for a password that must not be sent: [`NO_KEY`] was opened.
fn is_key_missing(error: &mysql::Error) -> bool {
    let is_bad_path = |e: &io::Error| {
        e.kind() == io::ErrorKind::InvalidInput
            && e.raw_os_error().is_none()
            && e.get_ref().is_none()
    };
    io_error(error).is_some_and(is_bad_path)
}

/// Returns whether the same request may succeed later.
fn is_passing(error: &mysql::Error) -> bool {
    /// Too many connections, shutdown, lock wait, deadlock, interrupted, gone away, lost, killed.
    const CODES: [u16; 8] = [1040, 1053, 1205, 1213, 1317, 2006, 2013, 1927];
    match error {
        _ if is_tls(error) || is_key_missing(error) || is_too_large(error) => false,
        _ if matches!(
            refused(error),
            Some(Refused::NoAnswer(_) | Refused::Thread(_) | Refused::TooMuch(_))
        ) =>
        {
            false
        }
        mysql::Error::IoError(_) => true,
        mysql::Error::DriverError(e) => matches!(
            e,
            DriverError::ConnectTimeout
                | DriverError::CouldNotConnect(_)
                | DriverError::PacketOutOfSync
                | DriverError::UnexpectedPacket
        ),
        mysql::Error::MySqlError(e) => CODES.contains(&e.code),
        // The packet layer reports a closed connection like this.
        mysql::Error::CodecError(_) => true,
        _ => false,
    }
}

/// Returns the message of the server or the system, cut if it is very long.
fn plain(config: &Config, error: &mysql::Error) -> String {
    shortened(&message(config, error), MAX_REASON)
}

fn message(config: &Config, error: &mysql::Error) -> String {
    match error {
        mysql::Error::MySqlError(e) => {
            format!("{} (error {})", shortened(&e.message, MAX_REASON - 20), e.code)
        }
        _ if is_too_large(error) => {
            format!("the server sent a response of more than {} MiB", MAX_PACKET >> 20)
        }
        _ if is_silent(error) => format!("no answer for {} s", config.read_timeout.as_secs()),
        _ if is_key_missing(error) => {
            "the server asks for the password on a connection without encryption".to_owned()
        }
        mysql::Error::IoError(_) | mysql::Error::CodecError(_) => match io_error(error) {
            Some(e) if is_tls(error) || refused(error).is_some() => e.to_string(),
            Some(e) => format!("connection lost ({e})"),
            None => "connection lost".to_owned(),
        },
        mysql::Error::DriverError(DriverError::CouldNotConnect(Some((address, reason, _)))) => {
            format!("no connection to {address} ({reason})")
        }
        mysql::Error::DriverError(DriverError::ConnectTimeout) => {
            format!("no connection within {} s", config.connect_timeout.as_secs())
        }
        mysql::Error::DriverError(e) => e.to_string(),
        e => e.to_string(),
    }
}

/// Converts an error, with a remedy.
pub(super) fn error(config: &Config, error: &mysql::Error) -> Error {
    let remedy = match error {
        mysql::Error::MySqlError(e) => match e.code {
            1044 | 1049 => return no_database(config),
            code if REFUSED.contains(&code) && config.ssl_mode == SslMode::Disabled => {
                "check user and password and that this host may connect, \
                 or use ssl-mode=required if the user requires encryption"
            }
            code if REFUSED.contains(&code) => {
                "check user and password and that this host may connect"
            }
            1820 | 1862 => {
                "the password has expired, set another with the server's own client: ALTER USER ... IDENTIFIED BY ..."
            }
            3159 => "the server requires encryption, use ssl-mode=required",
            1142 | 1143 => {
                "grant the user SELECT on the table (for an import also CREATE, INSERT and UPDATE)"
            }
            1146 => "check the table's name",
            1792 | 1290 | 1836 => "the server is read-only, import into another one",
            1114 | 1021 => "free disk space on the server",
            _ => "see the server's log",
        },
        mysql::Error::DriverError(DriverError::TlsNotSupported) => {
            "the server offers no encryption, use ssl-mode=preferred or disabled"
        }
        mysql::Error::DriverError(DriverError::ConnectTimeout) => {
            "check host and port and that the server is up, or raise connect_timeout"
        }
        _ if matches!(refused(error), Some(Refused::Thread(_))) => {
            "use fewer threads, or raise the limit on memory or processes"
        }
        _ if is_too_large(error) || matches!(refused(error), Some(Refused::TooMuch(_))) => {
            "check that this is the right server and table"
        }
        _ if is_silent(error) || matches!(refused(error), Some(Refused::NoAnswer(_))) => {
            "raise read_timeout if the server needs longer"
        }
        _ if is_key_missing(error) => {
            "encrypt with ssl-mode=required, or name the file with the server's public key (server_public_key)"
        }
        _ if is_tls(error) && plain(config, error).contains("CaUsedAsEndEntity") => {
            "the server's certificate is its own authority, give the server a certificate that an authority signed \
             (openssl req -x509 -CA), and name the authority's certificate as ssl-ca"
        }
        _ if is_tls(error) => {
            "encryption failed, check ssl-mode and ssl-ca, or skip the certificate check with ssl-mode=required"
        }
        _ => "check host and port and that the server is up",
    };
    Error::Database {
        server: config.to_string(),
        reason: format!("{}; {remedy}", plain(config, error)),
    }
}
