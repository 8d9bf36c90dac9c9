//! Flags that several commands share.

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use bars::{BarTime, ReadOptions, Window};
use bars_io::kraken::{self, Client, Pace};
use bars_io::mysql::config::{Partial, Password};
use bars_io::mysql::{Config, SslMode};
use clap::{Args, ValueEnum};
use pipeline::artifacts::{Cohort, table_file};

use crate::explain;
use crate::ui::Usage;

mod decomposition;
mod snapshots;

pub use decomposition::{DecompositionFlags, PresetFlag};
pub use snapshots::SnapshotFlags;

/// The password in a file: its first line.
pub fn password_in(path: &Path) -> bars_io::Result<String> {
    let text = std::fs::read_to_string(path).map_err(|e| bars_io::Error::io("read", path, e))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common flags")]
pub struct Common {
    /// Say nothing but errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Tell more; twice for still more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Threads to use; all cores where it is missing. Results are the same for any number.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Where to log what was run; pipeline.log in the --out-dir or the working directory where it
    /// is missing.
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// A configuration file; data-pipeline.toml in the working directory, if it is there, where
    /// this is missing.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep no log.
    #[arg(long, global = true, conflicts_with = "log_file")]
    pub no_log_file: bool,
}

impl Common {
    /// -1 quiet, 0 normal, 1 and 2 verbose.
    pub fn verbosity(&self) -> i8 {
        if self.quiet { -1 } else { self.verbose.min(2) as i8 }
    }

    /// Sizes the pool in which all parallel work is done.
    pub fn set_threads(&self) -> anyhow::Result<()> {
        let threads = self.threads.map_or(0, usize::from);
        Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?)
    }
}

/// How a database is reached; what is missing comes from the environment, then from prompts.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "MySQL or MariaDB")]
pub struct DatabaseFlags {
    /// Host [env: DB_HOST] [default: localhost].
    #[arg(long)]
    host: Option<String>,
    /// Port [env: DB_PORT] [default: 3306].
    #[arg(long)]
    port: Option<u16>,
    /// User [env: DB_USER].
    #[arg(long)]
    user: Option<String>,
    /// Password [env: DB_PASSWORD]. Others on this machine can see it here; better the environment
    /// or a file.
    #[arg(long, value_parser = password)]
    password: Option<Password>,
    /// File whose first line is the password.
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    password_file: Option<PathBuf>,
    /// Database [env: DB_NAME].
    #[arg(long)]
    database: Option<String>,
    /// Table of the bars [env: OHLCVT_TABLE] [default: ohlcvt].
    #[arg(long)]
    table: Option<String>,
    /// Encryption: disabled, preferred, required, verify-ca or verify-identity [default:
    /// preferred].
    #[arg(long, value_name = "MODE")]
    ssl_mode: Option<SslMode>,
    /// PEM file of the authorities to trust.
    #[arg(long, value_name = "FILE")]
    ssl_ca: Option<PathBuf>,
}

impl DatabaseFlags {
    /// Flags that tell all of `config`.
    pub fn from_config(config: &Config) -> DatabaseFlags {
        DatabaseFlags {
            host: Some(config.host.clone()),
            port: Some(config.port),
            user: Some(config.user.clone()),
            password: Some(config.password.clone()),
            password_file: None,
            database: Some(config.database.clone()),
            table: Some(config.table.clone()),
            ssl_mode: Some(config.ssl_mode),
            ssl_ca: config.ssl_ca.clone(),
        }
    }

    /// What the flags tell.
    pub fn partial(&self) -> anyhow::Result<Partial> {
        let password = match &self.password_file {
            Some(path) => Some(Password(password_in(path)?)),
            None => self.password.clone(),
        };
        Ok(Partial {
            host: self.host.clone(),
            port: self.port,
            user: self.user.clone(),
            password,
            database: self.database.clone(),
            table: self.table.clone(),
            socket: None,
            ssl_mode: self.ssl_mode,
            ssl_ca: self.ssl_ca.clone(),
        })
    }
}

/// Where bars come from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceFlags {
    /// Where the bars are: mysql://user@host/database?table=ohlcvt, the folder of a store, or a CSV
    /// or Parquet file.
    #[arg(long, value_name = "WHERE")]
    pub source: Option<String>,
    /// How the bars are read.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseFlags,
}

impl SourceFlags {
    /// The path of the source, if it is one.
    pub fn path(&self) -> Option<PathBuf> {
        self.source.as_ref().map(PathBuf::from)
    }
}

/// How the exchange is reached.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Exchange")]
pub struct ExchangeFlags {
    /// Where Kraken's API is; another for a mirror.
    #[arg(long, value_name = "URL", default_value = kraken::BASE_URL)]
    base_url: String,
}

impl ExchangeFlags {
    /// A client of the API.
    pub fn client(&self) -> anyhow::Result<Client> {
        let client = Client::new(&self.base_url, Pace::default())
            .map_err(|e| Usage(format!("--base-url: {e}")))?;
        Ok(client.with_warnings(explain::warnings()))
    }
}

/// How rows are read.
#[derive(Debug, Clone, Default, Args)]
pub struct ReadingFlags {
    /// Whether a timestamp names the start or the end of its minute.
    #[arg(long, value_enum, default_value_t)]
    bar_time: Label,
    /// Make it an error if any row is set aside or replaced.
    #[arg(long)]
    pub strict: bool,
}

impl ReadingFlags {
    /// How to read a file.
    pub fn options(&self) -> ReadOptions {
        ReadOptions { bar_time: self.bar_time(), ..ReadOptions::default() }
    }

    /// What timestamps name.
    pub fn bar_time(&self) -> BarTime {
        match self.bar_time {
            Label::Open => BarTime::Open,
            Label::Close => BarTime::Close,
        }
    }
}

/// What a timestamp names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Label {
    /// The minute's start.
    #[default]
    Open,
    /// The minute's end.
    Close,
}

/// Reads `--asof`.
pub fn asof(text: &str) -> bars::Result<AsOfSpec> {
    text.parse()
}

/// Reads `--password`.
fn password(text: &str) -> Result<Password, std::convert::Infallible> {
    Ok(Password(text.to_owned()))
}

/// Reads `--windows` and `--enable-72h`.
pub fn windows(list: &str, enable_72h: bool) -> anyhow::Result<Vec<Window>> {
    let mut windows = window_list(list)?;
    if enable_72h && !windows.contains(&Window::THREE_DAYS) {
        windows.push(Window::THREE_DAYS);
    }
    Ok(windows)
}

/// Reads `--windows`.
pub fn window_list(list: &str) -> anyhow::Result<Vec<Window>> {
    Ok(Window::parse_list(list).map_err(|e| Usage(format!("--windows: {e}")))?)
}

/// A cohort on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CohortFlag {
    /// The habitual gainers.
    Gainers,
    /// The habitual losers.
    Losers,
    /// The symbols that are both.
    Overlaps,
}

impl CohortFlag {
    /// The cohort.
    pub fn cohort(self) -> Cohort {
        match self {
            CohortFlag::Gainers => Cohort::Gainers,
            CohortFlag::Losers => Cohort::Losers,
            CohortFlag::Overlaps => Cohort::Overlaps,
        }
    }
}

/// The format of a table on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatFlag {
    /// Parquet.
    Parquet,
    /// Comma separated text.
    Csv,
}

impl FormatFlag {
    /// The format.
    pub fn format(self) -> table_file::Format {
        match self {
            FormatFlag::Parquet => table_file::Format::Parquet,
            FormatFlag::Csv => table_file::Format::Csv,
        }
    }
}

/// The compression of Parquet on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompressionFlag {
    /// Fast.
    Snappy,
    /// Smaller.
    Zstd,
}

impl CompressionFlag {
    /// The compression.
    pub fn compression(self) -> table_file::Compression {
        match self {
            CompressionFlag::Snappy => table_file::Compression::Snappy,
            CompressionFlag::Zstd => table_file::Compression::Zstd,
        }
    }
}

/// Refuses a table file with an extension of another format.
pub fn check_table_path(path: &Path) -> Result<(), Usage> {
    if table_file::Format::is_supported(path) {
        return Ok(());
    }
    Err(Usage(format!(
        "{}: unsupported output format; use a .csv or .parquet extension",
        path.display()
    )))
}

/// Whether `place` is the address of a database.
pub fn is_mysql(place: &str) -> bool {
    place.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mysql:"))
}
