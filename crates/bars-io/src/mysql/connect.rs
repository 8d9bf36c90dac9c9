//! Connections, encryption and retries.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::thread::sleep;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{
    Conn, DriverError, Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts, PooledConn, SslOpts,
};
use mysql_common::proto::codec::error::PacketCodecError;

use super::config::{Config, SslMode};
use crate::error::{Error, Result};
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

/// Codes of a refused user or password.
const REFUSED: [u16; 2] = [1045, 1698];

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that is silent for this long counts as lost. The slowest single response is the list of
/// symbols of a large table without an index.
const READ_TIMEOUT: Duration = Duration::from_secs(600);

/// A connected database.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub(super) config: Config,
    pub(super) warnings: Warnings,
    pool: Pool,
}

impl Database {
    pub(super) fn open(config: &Config, warnings: &Warnings) -> Result<Database> {
        let encrypted = pool(config, config.ssl_mode != SslMode::Disabled);
        let pool = match encrypted {
            Err(e) if config.ssl_mode == SslMode::Preferred && is_tls(&e) => pool(config, false),
            pool => pool,
        };
        let pool = pool.map_err(|e| error(config, &e))?;
        Ok(Database { config: config.clone(), warnings: warnings.clone(), pool })
    }

    /// Runs `work` on a connection, and again from its start if the connection is lost or the
    /// server asks for a retry.
    ///
    /// # Errors
    /// The last error, with the action that failed.
    pub(super) fn attempt<T>(
        &self,
        what: &str,
        mut work: impl FnMut(&mut PooledConn) -> mysql::Result<T>,
    ) -> Result<T> {
        let mut waits = BACK_OFF.iter();
        loop {
            let result = self.pool.get_conn().and_then(|mut connection| work(&mut connection));
            match (result, waits.next()) {
                (Ok(done), _) => return Ok(done),
                (Err(e), Some(wait)) if is_passing(&e) => {
                    let (why, millis) = (plain(&e), wait.as_millis());
                    self.warnings.warn(format_args!("{what}: {why}; retrying in {millis} ms"));
                    sleep(*wait);
                }
                (Err(e), None) if is_passing(&e) => {
                    let reason = format!(
                        "gave up {what} after {} attempts: {}; check that the server is up and reachable, then run this again",
                        BACK_OFF.len() + 1,
                        plain(&e)
                    );
                    return Err(Error::Database { server: self.config.to_string(), reason });
                }
                (Err(e), _) => return Err(error(&self.config, &e)),
            }
        }
    }
}

fn pool(config: &Config, encrypt: bool) -> mysql::Result<Pool> {
    let pool = Pool::new(Opts::from(builder(config, encrypt)))?;
    // Connect now, so that a wrong password is reported here.
    pool.get_conn()?;
    Ok(pool)
}

fn builder(config: &Config, encrypt: bool) -> OptsBuilder {
    let constraints =
        PoolConstraints::new(0, config.connections.max(1)).unwrap_or(PoolConstraints::DEFAULT);
    let mut builder = OptsBuilder::new()
        .user(Some(&config.user))
        .pass(Some(&config.password.0))
        .db_name(Some(&config.database))
        .ip_or_hostname(Some(&config.host))
        .tcp_port(config.port)
        .prefer_socket(false)
        .tcp_connect_timeout(Some(CONNECT_TIMEOUT))
        .read_timeout(Some(READ_TIMEOUT))
        .write_timeout(Some(READ_TIMEOUT))
        .init(vec!["SET time_zone = '+00:00'"])
        .pool_opts(PoolOpts::new().with_constraints(constraints).with_reset_connection(false));
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
/// The name is unknown, or no connection is accepted within ten seconds.
pub fn check_host(host: &str, port: u16) -> Result<()> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let problem = |reason: &dyn std::fmt::Display| Error::Database {
        server: format!("mysql://{host}:{port}"),
        reason: format!("no connection ({reason}); check host and port and that the server is up"),
    };
    let addresses = (name, port).to_socket_addrs().map_err(|e| problem(&e))?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
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
    let connect = |encrypt| {
        let options = builder(config, encrypt).db_name(None::<String>);
        Conn::new(Opts::from(options))
    };
    let connection = match connect(config.ssl_mode != SslMode::Disabled) {
        Err(e) if config.ssl_mode == SslMode::Preferred && is_tls(&e) => connect(false),
        connection => connection,
    };
    match connection {
        Ok(mut connection) => {
            let names: mysql::Result<Vec<String>> = connection.query("SHOW DATABASES");
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
            format!(" (you may use: {})", databases.join(", "))
        }
        _ => String::new(),
    };
    let reason = format!(
        "no database \"{}\", or no rights on it{usable}; check the database's name",
        config.database.escape_debug()
    );
    Error::Database { server: config.to_string(), reason }
}

/// Returns whether encryption failed. A failing certificate appears as invalid data in an I/O
/// error.
fn is_tls(error: &mysql::Error) -> bool {
    matches!(
        error,
        mysql::Error::TlsError(_) | mysql::Error::DriverError(DriverError::TlsNotSupported)
    ) || io_error(error).is_some_and(|e| e.kind() == io::ErrorKind::InvalidData)
}

/// Returns the I/O error at the root, whichever layer reports it.
fn io_error(error: &mysql::Error) -> Option<&io::Error> {
    match error {
        mysql::Error::IoError(e) | mysql::Error::CodecError(PacketCodecError::Io(e)) => Some(e),
        _ => None,
    }
}

/// Returns whether the same request may succeed later.
fn is_passing(error: &mysql::Error) -> bool {
    /// Too many connections, shutdown, lock wait, deadlock, interrupted, gone away, lost, killed.
    const CODES: [u16; 8] = [1040, 1053, 1205, 1213, 1317, 2006, 2013, 1927];
    match error {
        _ if is_tls(error) => false,
        mysql::Error::IoError(_) => true,
        mysql::Error::DriverError(e) => matches!(
            e,
            DriverError::ConnectTimeout
                | DriverError::CouldNotConnect(_)
                | DriverError::PacketOutOfSync
                | DriverError::Timeout
                | DriverError::UnexpectedPacket
        ),
        mysql::Error::MySqlError(e) => CODES.contains(&e.code),
        // The packet layer reports a closed connection like this.
        mysql::Error::CodecError(_) => true,
        _ => false,
    }
}

/// Returns the message of the server or the system.
fn plain(error: &mysql::Error) -> String {
    match error {
        mysql::Error::MySqlError(e) => format!("{} (error {})", e.message, e.code),
        mysql::Error::IoError(_) | mysql::Error::CodecError(_) => match io_error(error) {
            Some(e) if is_tls(error) => e.to_string(),
            Some(e) => format!("connection lost ({e})"),
            None => "connection lost".to_owned(),
        },
        mysql::Error::DriverError(DriverError::CouldNotConnect(Some((address, reason, _)))) => {
            format!("no connection to {address} ({reason})")
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
            code if REFUSED.contains(&code) => {
                "check user and password and that this host may connect"
            }
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
        _ if is_tls(error) => {
            "encryption failed, check ssl-mode and ssl-ca, or skip the certificate check with ssl-mode=required"
        }
        _ => "check host and port and that the server is up",
    };
    Error::Database { server: config.to_string(), reason: format!("{}; {remedy}", plain(error)) }
}
