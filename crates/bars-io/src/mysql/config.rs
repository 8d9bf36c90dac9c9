//! Connection settings of a database: host, user, table and encryption.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::address::EXAMPLE;
use crate::error::{Error, Result};

/// A password; never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Encryption of the connection, with the names of MySQL's own clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    /// Never encrypt.
    Disabled,
    /// Encrypt if the server offers it.
    #[default]
    Preferred,
    /// Always encrypt; do not check the certificate.
    Required,
    /// Always encrypt; the certificate must come from a known authority.
    VerifyCa,
    /// As `VerifyCa`, and the certificate must be that of the host.
    VerifyIdentity,
}

/// The name, as [`SslMode::from_str`] reads it.
impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SslMode::Disabled => "disabled",
            SslMode::Preferred => "preferred",
            SslMode::Required => "required",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyIdentity => "verify-identity",
        })
    }
}

impl FromStr for SslMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<SslMode> {
        Ok(match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "disabled" => SslMode::Disabled,
            "preferred" => SslMode::Preferred,
            "required" => SslMode::Required,
            "verify-ca" => SslMode::VerifyCa,
            "verify-identity" => SslMode::VerifyIdentity,
            _ => {
                return Err(Error::Input(format!(
                    "invalid ssl-mode \"{text}\": expected disabled, preferred, required, verify-ca or verify-identity"
                )));
            }
        })
    }
}

/// Connection settings, each of which may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    /// Host name or address.
    pub host: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
    /// User name.
    pub user: Option<String>,
    /// Password.
    pub password: Option<Password>,
    /// Database (schema).
    pub database: Option<String>,
    /// Table with the bars.
    pub table: Option<String>,
    /// Unix socket, instead of host and port.
    pub socket: Option<PathBuf>,
    /// Encryption.
    pub ssl_mode: Option<SslMode>,
    /// PEM file with trusted authorities [default: the web's authorities].
    pub ssl_ca: Option<PathBuf>,
    /// PEM file with the server's public RSA key.
    pub server_public_key: Option<PathBuf>,
    /// Seconds to wait for a connection.
    pub connect_timeout: Option<u32>,
    /// Seconds to wait for an answer.
    pub read_timeout: Option<u32>,
}

impl Partial {
    /// Parses `mysql://user[:password]@host[:3306]/database[?table=ohlcvt&ssl-mode=...]`; every
    /// part but the scheme is optional. Further parameters: `ssl-ca`, `socket`,
    /// `server-public-key`, `connect-timeout` and `read-timeout`.
    ///
    /// # Errors
    /// The address is invalid; the message repeats no part that may belong to the password.
    pub fn from_url(text: &str) -> Result<Partial> {
        let form = format!("expected {EXAMPLE}");
        if !text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("mysql://")) {
            return Err(Error::Input(format!("invalid address; did you mean mysql://? {form}")));
        }
        if has_bare_reserved(&text[8..]) {
            return Err(Error::Input(
                "invalid mysql:// address: special characters in the password; percent-encode them (@ %40, : %3A, / %2F, ? %3F, # %23, % %25), or give the \
                 password separately"
                    .to_owned(),
            ));
        }
        let url = url::Url::parse(text)
            .map_err(|e| Error::Input(format!("invalid mysql:// address ({e}); {form}")))?;
        let decode = |part: &str| {
            percent_decode_str(part).decode_utf8().map(|text| text.into_owned()).map_err(|_| {
                Error::Input(format!("invalid mysql:// address (not UTF-8 after decoding); {form}"))
            })
        };
        let some = |part: &str| {
            if part.is_empty() { Ok(None) } else { decode(part).map(Some) }
        };
        let mut partial = Partial {
            host: url.host_str().map(decode).transpose()?.filter(|host| !host.is_empty()),
            port: url.port(),
            user: some(url.username())?,
            password: url.password().map(decode).transpose()?.map(Password),
            database: some(url.path().trim_matches('/'))?,
            ..Partial::default()
        };
        partial.check_user()?;
        for (key, value) in url.query_pairs() {
            match key.replace('_', "-").as_str() {
                "table" => partial.table = Some(value.into_owned()),
                "ssl-mode" => partial.ssl_mode = Some(value.parse()?),
                "ssl-ca" => partial.ssl_ca = Some(PathBuf::from(value.as_ref())),
                "socket" => partial.socket = Some(PathBuf::from(value.as_ref())),
                "server-public-key" => {
                    partial.server_public_key = Some(PathBuf::from(value.as_ref()));
                }
                "connect-timeout" => partial.connect_timeout = Some(parse_seconds(&key, &value)?),
                "read-timeout" => partial.read_timeout = Some(parse_seconds(&key, &value)?),
                _ => {
                    // Without a value it may be a part of a password.
                    let key = if value.is_empty() { String::new() } else { format!(" \"{key}\"") };
                    return Err(Error::Input(format!(
                        "unknown parameter{key} in the mysql:// address: expected table, ssl-mode, ssl-ca, \
                         server-public-key, connect-timeout, read-timeout or socket"
                    )));
                }
            }
        }
        Ok(partial)
    }

    /// Sets `host`, `port`, `user`, `password`, `database`, `table`, `ssl-mode`, `ssl-ca`,
    /// `server-public-key`, `connect-timeout` or `read-timeout` from text. Returns false for another
    /// name.
    ///
    /// # Errors
    /// The port is not a number of 1 to 65535, the encryption is not a known mode, or a timeout is
    /// not a number of 1 to 86400 seconds.
    ///
    /// ```
    /// use bars_io::mysql::config::Partial;
    ///
    /// let mut partial = Partial::default();
    /// assert!(partial.set("port", "3307")?);
    /// assert_eq!(partial.port, Some(3307));
    /// assert!(!partial.set("prot", "3307")?);
    /// # Ok::<(), bars_io::Error>(())
    /// ```
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool> {
        let text = || Some(value.to_owned());
        match name {
            "host" => self.host = text(),
            "port" => self.port = Some(parse_port(value)?),
            "user" => self.user = text(),
            "password" => self.password = text().map(Password),
            "database" => self.database = text(),
            "table" => self.table = text(),
            "ssl-mode" => self.ssl_mode = Some(value.parse()?),
            "ssl-ca" => self.ssl_ca = Some(value.into()),
            "server-public-key" => self.server_public_key = Some(value.into()),
            "connect-timeout" => self.connect_timeout = Some(parse_seconds(name, value)?),
            "read-timeout" => self.read_timeout = Some(parse_seconds(name, value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Fills missing settings from `other`.
    pub fn or(self, other: Partial) -> Partial {
        Partial {
            host: self.host.or(other.host),
            port: self.port.or(other.port),
            user: self.user.or(other.user),
            password: self.password.or(other.password),
            database: self.database.or(other.database),
            table: self.table.or(other.table),
            socket: self.socket.or(other.socket),
            ssl_mode: self.ssl_mode.or(other.ssl_mode),
            ssl_ca: self.ssl_ca.or(other.ssl_ca),
            server_public_key: self.server_public_key.or(other.server_public_key),
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            read_timeout: self.read_timeout.or(other.read_timeout),
        }
    }

    /// Checks that the user is not `user:password`.
    ///
    /// # Errors
    /// It contains a colon. The message does not repeat it.
    pub fn check_user(&self) -> Result<()> {
        if self.user.as_ref().is_some_and(|user| user.contains(':')) {
            let reason =
                "invalid user: expected a name without \":\"; give the password separately";
            return Err(Error::Input(reason.to_owned()));
        }
        Ok(())
    }

    /// Moves the port of a host `host:port` to the port.
    ///
    /// # Errors
    /// The host has an invalid port, or another than the port.
    pub fn split_host(mut self) -> Result<Partial> {
        let Some(text) = &self.host else { return Ok(self) };
        let (host, in_host) = split_port(text)?;
        if let (Some(in_host), Some(port)) = (in_host, self.port)
            && in_host != port
        {
            return Err(Error::Input(format!(
                "two ports: {port}, and {in_host} with the host; drop one of them"
            )));
        }
        (self.port, self.host) = (self.port.or(in_host), Some(host.to_owned()));
        Ok(self)
    }

    /// Fills missing settings from the defaults: localhost, port 3306, table `ohlcvt`,
    /// encryption preferred, [`CONNECT_TIMEOUT`] and [`READ_TIMEOUT`]. User, password and database
    /// have none and are then empty.
    pub fn with_defaults(&self, connections: usize) -> Config {
        let partial = self.clone();
        let seconds =
            |given: Option<u32>, default| Duration::from_secs(given.unwrap_or(default).into());
        Config {
            host: partial.host.unwrap_or_else(|| HOST.to_owned()),
            port: partial.port.unwrap_or(PORT),
            user: partial.user.unwrap_or_default(),
            password: partial.password.unwrap_or_default(),
            database: partial.database.unwrap_or_default(),
            table: partial.table.unwrap_or_else(|| TABLE.to_owned()),
            socket: partial.socket,
            ssl_mode: partial.ssl_mode.unwrap_or_default(),
            ssl_ca: partial.ssl_ca,
            server_public_key: partial.server_public_key,
            connect_timeout: seconds(partial.connect_timeout, CONNECT_TIMEOUT),
            read_timeout: seconds(partial.read_timeout, READ_TIMEOUT),
            connections,
        }
    }

    /// Returns whether all settings are missing.
    pub fn is_empty(&self) -> bool {
        *self == Partial::default()
    }
}

/// Returns whether an address, without its scheme, has `@`, `/`, `?` or `#` in the password as they
/// are. Then user, host and path cannot be distinguished, and none of them may be shown.
fn has_bare_reserved(address: &str) -> bool {
    let (authority, rest) =
        address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    // Files may have an @ in their names.
    let is_file =
        |key: &str| matches!(&*key.replace('_', "-"), "socket" | "ssl-ca" | "server-public-key");
    let is_bare = |pair: &str| match pair.split_once('=') {
        Some((key, value)) => key.contains('@') || (value.contains('@') && !is_file(key)),
        None => pair.contains('@'),
    };
    // Without an @ the password takes the place of the port.
    let port = authority.rsplit_once(':').filter(|(host, _)| !host.contains('@'));
    let is_password =
        |port: &str| !port.ends_with(']') && !port.bytes().all(|byte| byte.is_ascii_digit());
    authority.matches('@').count() > 1
        || path.contains('@')
        || address.contains('#')
        || query.split('&').any(is_bare)
        || (!authority.contains('@') && port.is_some_and(|(_, port)| is_password(port)))
}

/// A database and its table of bars.
#[derive(Clone, Debug)]
pub struct Config {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User name.
    pub user: String,
    /// Password; empty for none.
    pub password: Password,
    /// Database (schema).
    pub database: String,
    /// Table with the bars, a [checked](check_name) name.
    pub table: String,
    /// Unix socket, instead of host and port.
    pub socket: Option<PathBuf>,
    /// Encryption.
    pub ssl_mode: SslMode,
    /// PEM file with trusted authorities [default: the web's authorities].
    pub ssl_ca: Option<PathBuf>,
    /// PEM file with the server's public RSA key, with which the password is encrypted on a
    /// connection without encryption. Without it such a password is sent to a
    /// [local](Config::is_local) server only.
    pub server_public_key: Option<PathBuf>,
    /// Time limit of a connection, from the lookup of the host to the login.
    pub connect_timeout: Duration,
    /// Time limit of an answer: the longest time without a byte from the server.
    pub read_timeout: Duration,
    /// Maximum number of connections.
    pub connections: usize,
}

impl Config {
    /// Returns whether nothing leaves this machine: a Unix socket, `localhost`, or an address of
    /// the loopback interface.
    pub fn is_local(&self) -> bool {
        let name = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = || name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        self.socket.is_some() || name.eq_ignore_ascii_case("localhost") || is_loopback()
    }
}

/// The default table.
pub const TABLE: &str = "ohlcvt";
/// The default host.
pub const HOST: &str = "localhost";
/// The default port.
pub const PORT: u16 = 3306;
/// The default time limit of a connection, in seconds.
pub const CONNECT_TIMEOUT: u32 = 10;
/// The default time limit of an answer, in seconds.
pub const READ_TIMEOUT: u32 = 60;
/// The longest time limit, in seconds: a day.
pub const MAX_TIMEOUT: u32 = 86_400;

/// Splits `host`, `host:port` or `[address]:port`. An IPv6 address without brackets has no port.
///
/// # Errors
/// The port is not a number of 1 to 65535, or the host is empty or no host, such as an address with a
/// user. The message does not repeat it, because it may contain a password.
pub fn split_port(text: &str) -> Result<(&str, Option<u16>)> {
    let is_bare_address = !text.starts_with('[') && text.matches(':').count() > 1;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !is_bare_address && !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_name =
        |host: &str| !host.contains(['@', '/', '?', '#']) && !host.contains(char::is_whitespace);
    let is_address =
        |host: &str| host.split('%').next().is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    if host.is_empty() || !is_name(host) || (is_bare_address && !is_address(host)) {
        return Err(Error::Input("invalid host: expected host or host:port".to_owned()));
    }
    Ok((host, port.map(parse_port).transpose()?))
}

/// Parses a TCP port.
///
/// # Errors
/// It is not a number of 1 to 65535. The message does not repeat it, because a mistyped address may
/// have its password in this place.
pub fn parse_port(text: &str) -> Result<u16> {
    let port = text.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| Error::Input("invalid port: expected a number of 1 to 65535".to_owned()))
}

/// Parses a time limit, such as `read-timeout`, in whole seconds.
///
/// # Errors
/// It is not a number of 1 to [`MAX_TIMEOUT`].
pub fn parse_seconds(what: &str, text: &str) -> Result<u32> {
    let seconds = text.parse().ok().filter(|seconds| (1..=MAX_TIMEOUT).contains(seconds));
    seconds.ok_or_else(|| {
        let what = what.replace('_', "-");
        // Another value may be a password in the wrong place.
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let shown = if is_number { format!(" \"{text}\"") } else { String::new() };
        Error::Input(format!("invalid {what}{shown}: expected 1-{MAX_TIMEOUT} seconds"))
    })
}

/// Checks that `name` is a valid name of a table or column: at most 64 letters, digits, `_`, `$`
/// and `-`.
///
/// # Errors
/// It is not.
pub fn check_name<'a>(what: &str, name: &'a str) -> Result<&'a str> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-');
    if name.is_empty() || name.chars().count() > 64 || !name.chars().all(plain) {
        return Err(Error::Input(format!(
            "invalid {what} \"{}\": expected letters, digits, _, $ and -",
            name.escape_debug()
        )));
    }
    Ok(name)
}

/// `mysql://user@host:port/database, table t`, without the password.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { host, port, user, database, table, .. } = self;
        match &self.socket {
            Some(socket) => {
                write!(f, "mysql {user} at {}, {database}, table {table}", socket.display())
            }
            None => {
                let is_bare = host.contains(':') && !host.starts_with('[');
                let host = if is_bare { format!("[{host}]") } else { host.clone() };
                write!(f, "mysql://{user}@{host}:{port}/{database}, table {table}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_ipv6_address_is_shown_in_brackets() {
        for host in ["::1", "[::1]"] {
            let partial = Partial { host: Some(host.to_owned()), ..Partial::default() };
            let shown = partial.with_defaults(1).to_string();
            assert_eq!(shown, "mysql://@[::1]:3306/, table ohlcvt");
        }
    }

    #[test]
    fn addresses_are_parsed() {
        let partial = Partial::from_url(
            "mysql://me:p%40ss%3A@db.example:3307/market?table=bars&ssl-mode=verify-ca&ssl_ca=/ca.pem",
        )
        .unwrap();
        assert_eq!(
            partial,
            Partial {
                host: Some("db.example".into()),
                port: Some(3307),
                user: Some("me".into()),
                password: Some(Password("p@ss:".into())),
                database: Some("market".into()),
                table: Some("bars".into()),
                socket: None,
                ssl_mode: Some(SslMode::VerifyCa),
                ssl_ca: Some("/ca.pem".into()),
                ..Partial::default()
            }
        );
        let limits = "mysql://h/d?server-public-key=/k@y.pem&connect_timeout=3&read-timeout=90";
        let limits = Partial::from_url(limits).unwrap();
        assert_eq!(limits.server_public_key, Some("/k@y.pem".into()));
        assert_eq!((limits.connect_timeout, limits.read_timeout), (Some(3), Some(90)));
        assert!(!format!("{partial:?}").contains("p@ss"));
        assert_eq!(Partial::from_url("mysql://db").unwrap().user, None);
        for bad in [
            "mysql://me@h:port/d",
            "mysql://h/d?tabel=x",
            "mysql://h/d?ssl-mode=maybe",
            "mysql://h/d?read-timeout=0",
            "mysql://h/d?connect-timeout=ever",
            "mysql://u:secret@h:x/d",
        ] {
            let error = Partial::from_url(bad).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn bare_reserved_characters_are_explained_and_not_repeated() {
        for bad in [
            "mysql://me:Se#cret@host/market",
            "mysql://me:Se#cret",
            "mysql://me:Se@cret@host/market",
            "mysql://me:Se@x/cret@host/market",
            "mysql://me:Se/cret@host/market",
            "mysql://me:Se?cret@host/market",
            "mysql://me:Se@x?cret@host/market?table=t",
            "mysql://me:Se@x?a&cret@host/market?table=t",
            "mysql://me:Se@x?a=cret@host/market",
            "mysql://me:Secret",
            "mysql://me:Secret/market",
        ] {
            let error = Partial::from_url(bad).unwrap_err().to_string();
            assert!(error.contains("percent-encode") && !error.contains("cret"), "{bad}: {error}");
        }
        for bad in ["mysql:/me:Secret@host/market", "mysql:me:Secret@host/market"] {
            let error = Partial::from_url(bad).unwrap_err().to_string();
            assert!(error.contains("did you mean mysql://?"), "{error}");
            assert!(!error.contains("Secret"), "{error}");
        }
        for good in [
            "mysql://me:S%40e%23%2F%3F@host:3306/market?socket=/run/@x&ssl-ca=/a@b.pem",
            "mysql://host:3306/market",
            "mysql://[::1]:3306/market",
            "MYSQL://me@[::1]/market?table=t",
        ] {
            assert!(Partial::from_url(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn ports_are_split_from_hosts() {
        for (text, host, port) in [
            ("db", "db", None),
            ("db:3307", "db", Some(3307)),
            ("[::1]:3307", "[::1]", Some(3307)),
            ("[::1]", "[::1]", None),
            ("::1", "::1", None),
        ] {
            assert_eq!(split_port(text).unwrap(), (host, port), "{text}");
        }
        for bad in ["db:", "db:0", "db:x", "db:70000", ":3306", "", "[::1]:x"] {
            assert!(split_port(bad).is_err(), "{bad}");
        }
        let partial =
            |host: &str, port| Partial { host: Some(host.to_owned()), port, ..Partial::default() };
        assert_eq!(partial("db:33", None).split_host().unwrap(), partial("db", Some(33)));
        assert_eq!(partial("db:33", Some(33)).split_host().unwrap(), partial("db", Some(33)));
        assert!(partial("db:33", Some(34)).split_host().is_err());
    }

    #[test]
    fn local_servers_are_recognized() {
        let config = |host: &str| {
            Partial { host: Some(host.to_owned()), ..Partial::default() }.with_defaults(1)
        };
        for local in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"] {
            assert!(config(local).is_local(), "{local}");
        }
        for other in ["localhost.example", "db", "0.0.0.0", "10.0.0.1", "[2001:db8::1]", "::"] {
            assert!(!config(other).is_local(), "{other}");
        }
        let socket = Partial { socket: Some("/run/s".into()), ..Partial::default() };
        assert!(Config { host: "db".into(), ..socket.with_defaults(1) }.is_local());
    }

    #[test]
    fn names_are_checked() {
        assert!(check_name("table", "ohlcvt_1m").is_ok());
        for bad in ["", "a b", "t`; DROP TABLE x; --", "a;b", "a.b", "x'", &"x".repeat(65)] {
            assert!(check_name("table", bad).is_err(), "{bad}");
        }
    }
}
