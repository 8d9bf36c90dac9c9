//! Flags of sources, targets and the exchange.

use std::path::PathBuf;

use bars::{BarTime, ReadOptions};
use bars_io::kraken::{self, Client, Pace};
use bars_io::mysql::SslMode;
use bars_io::mysql::config::{MAX_TIMEOUT, Partial, Password};
use clap::builder::RangedI64ValueParser;
use clap::{Args, ValueEnum, value_parser};

use crate::explain;
use crate::private_file::password_in;
use crate::ui::Usage;

/// Connection to a database. Missing values come from the environment, then from prompts.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "MySQL or MariaDB")]
pub struct DatabaseFlags {
    /// Database host [env: DB_HOST] [default: localhost].
    #[arg(long, hide_short_help = true)]
    host: Option<String>,
    /// Database port [env: DB_PORT] [default: 3306].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), hide_short_help = true)]
    port: Option<u16>,
    /// Database user [env: DB_USER].
    #[arg(long, hide_short_help = true)]
    user: Option<String>,
    /// Password [env: DB_PASSWORD]. Visible to other users in the process list; prefer DB_PASSWORD
    /// or --password-file.
    #[arg(long, value_parser = password, hide_short_help = true)]
    password: Option<Password>,
    /// File with the password on its first line.
    #[arg(long, value_name = "FILE", conflicts_with = "password", hide_short_help = true)]
    password_file: Option<PathBuf>,
    /// Database name [env: DB_NAME].
    #[arg(long, hide_short_help = true)]
    database: Option<String>,
    /// Table with the bars [env: OHLCVT_TABLE] [default: ohlcvt].
    #[arg(long, hide_short_help = true)]
    table: Option<String>,
    /// Encryption: disabled, preferred, required, verify-ca or verify-identity [default:
    /// preferred].
    #[arg(long, value_name = "MODE", hide_short_help = true)]
    ssl_mode: Option<SslMode>,
    /// PEM file with trusted certificate authorities.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    ssl_ca: Option<PathBuf>,
    /// PEM file with the server's public key, to send the password without TLS to another machine.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    server_public_key: Option<PathBuf>,
    /// Give up if there is no connection after this many seconds [default: 10].
    #[arg(long, value_name = "SECONDS", value_parser = seconds(), hide_short_help = true)]
    connect_timeout: Option<u32>,
    /// Give up if the server sends nothing for this many seconds [default: 60].
    #[arg(long, value_name = "SECONDS", value_parser = seconds(), hide_short_help = true)]
    read_timeout: Option<u32>,
}

/// Parses a time limit.
fn seconds() -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(1..=i64::from(MAX_TIMEOUT))
}

impl DatabaseFlags {
    /// Returns the settings given by flags; the others are `None`.
    ///
    /// # Errors
    /// The password file cannot be read, or the host has an invalid port.
    pub fn partial(&self) -> anyhow::Result<Partial> {
        let password = match &self.password_file {
            Some(path) => Some(Password(password_in(path)?)),
            None => self.password.clone(),
        };
        let partial = Partial {
            host: self.host.clone(),
            port: self.port,
            user: self.user.clone(),
            password,
            database: self.database.clone(),
            table: self.table.clone(),
            socket: None,
            ssl_mode: self.ssl_mode,
            ssl_ca: self.ssl_ca.clone(),
            server_public_key: self.server_public_key.clone(),
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
        };
        partial.check_user().map_err(|e| Usage(format!("--user: {e}")))?;
        Ok(partial.split_host().map_err(|e| Usage(format!("--host: {e}")))?)
    }
}

/// The source of the bars.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceFlags {
    /// Source of the bars: a store folder, a CSV or Parquet file, or
    /// mysql://user@host/database?table=ohlcvt [default: data/bars; see docs/sources.md].
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Interpretation of the rows.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// Connection to a database.
    #[command(flatten)]
    pub database: DatabaseFlags,
}

impl SourceFlags {
    /// Returns `--source` as a path.
    pub fn path(&self) -> Option<PathBuf> {
        self.source.as_ref().map(PathBuf::from)
    }
}

/// Connection to the exchange.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Exchange")]
pub struct ExchangeFlags {
    /// Base URL of Kraken's API or of a mirror.
    #[arg(long, value_name = "URL", default_value = kraken::BASE_URL)]
    base_url: String,
}

impl ExchangeFlags {
    /// Returns a client of the API.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn client(&self) -> anyhow::Result<Client> {
        let client = Client::new(&self.base_url, Pace::default())
            .map_err(|e| Usage(format!("--base-url: {e}")))?;
        Ok(client.with_warnings(explain::warnings()))
    }
}

/// Interpretation of the rows of a source.
#[derive(Debug, Clone, Default, Args)]
pub struct ReadingFlags {
    /// Whether timestamps are the open or the close of the minute; ignored for stores
    /// that this program wrote.
    #[arg(long, value_enum, default_value_t)]
    bar_time: Label,
    /// Fail if any row is invalid or a duplicate.
    #[arg(long)]
    pub strict: bool,
}

impl ReadingFlags {
    /// Returns the options for reading a file.
    pub fn options(&self) -> ReadOptions {
        ReadOptions { bar_time: self.bar_time(), ..ReadOptions::default() }
    }

    /// Returns the meaning of timestamps.
    pub fn bar_time(&self) -> BarTime {
        match self.bar_time {
            Label::Open => BarTime::Open,
            Label::Close => BarTime::Close,
        }
    }
}

/// The meaning of a timestamp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Label {
    /// Start of the minute.
    #[default]
    Open,
    /// End of the minute.
    Close,
}

/// Parses `--password`.
fn password(text: &str) -> Result<Password, std::convert::Infallible> {
    Ok(Password(text.to_owned()))
}
