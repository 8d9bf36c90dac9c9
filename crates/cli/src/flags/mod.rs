//! Flags that several commands share.

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use bars::{BarTime, ReadOptions, Window};
use bars_io::kraken::{self, Client, Pace};
use bars_io::mysql::config::{Partial, Password};
use bars_io::mysql::{Config, SslMode};
use clap::{Args, ValueEnum};
use pipeline::artifacts::{Cohort, table_file};
use pipeline::universe::Universe;
use stages::features::output::OutputOptions;

use crate::explain;
use crate::ui::Usage;

mod decomposition;
pub mod panel;
mod snapshots;

pub use decomposition::{DecompositionFlags, PresetFlag};
pub use panel::PanelFlags;
pub use snapshots::SnapshotFlags;

/// Reads a password: the first line of the file at `path`.
pub fn password_in(path: &Path) -> bars_io::Result<String> {
    let text = std::fs::read_to_string(path).map_err(|e| bars_io::Error::io("read", path, e))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Flags that every command accepts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common flags")]
pub struct Common {
    /// Print errors only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Increase verbosity (-v, -vv).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Number of threads [default: all cores]; results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Log file [default: pipeline.log in the output folder of run, demo, leaderboards and
    /// imf-cluster, else in the working directory].
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Configuration file [default: data-pipeline.toml in the working directory, if it exists].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Do not write a log file.
    #[arg(long, global = true, conflicts_with = "log_file")]
    pub no_log_file: bool,
}

impl Common {
    /// Returns the verbosity: -1 quiet, 0 normal, 1 and 2 verbose.
    pub fn verbosity(&self) -> i8 {
        if self.quiet { -1 } else { self.verbose.min(2) as i8 }
    }

    /// Sets the size of the global thread pool.
    pub fn set_threads(&self) -> anyhow::Result<()> {
        let threads = self.threads.map_or(0, usize::from);
        Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?)
    }
}

/// Connection to a database. Missing values come from the environment, then from prompts.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "MySQL or MariaDB")]
pub struct DatabaseFlags {
    /// Database host [env: DB_HOST] [default: localhost].
    #[arg(long, hide_short_help = true)]
    host: Option<String>,
    /// Database port [env: DB_PORT] [default: 3306].
    #[arg(long, hide_short_help = true)]
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
}

impl DatabaseFlags {
    /// Returns flags that stand for a complete `config`.
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
        };
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
    /// Whether timestamps are the open or the close of the minute; ignored for stores.
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

/// Parses `--asof`.
pub fn asof(text: &str) -> bars::Result<AsOfSpec> {
    text.parse()
}

/// Returns `--input`, or the cohort's bars in the format in which they exist.
pub fn cohort_input(input: Option<&Path>, cohort: Cohort) -> PathBuf {
    Cohort::existing_bars_file(input.unwrap_or(Path::new(cohort.bars_file())))
}

/// Parses `--password`.
fn password(text: &str) -> Result<Password, std::convert::Infallible> {
    Ok(Password(text.to_owned()))
}

/// Parses `--windows` and applies `--enable-72h`.
pub fn windows(list: &str, enable_72h: bool) -> anyhow::Result<Vec<Window>> {
    let mut windows = window_list(list)?;
    if enable_72h && !windows.contains(&Window::THREE_DAYS) {
        windows.push(Window::THREE_DAYS);
    }
    Ok(windows)
}

/// Parses `--windows`.
pub fn window_list(list: &str) -> anyhow::Result<Vec<Window>> {
    Ok(Window::parse_list(list).map_err(|e| Usage(format!("--windows: {e}")))?)
}

/// A cohort as a command-line value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CohortFlag {
    /// Symbols that most often rank among the gainers.
    Gainers,
    /// Symbols that most often rank among the losers.
    Losers,
    /// Symbols that often rank as gainer and as loser.
    Overlaps,
}

impl CohortFlag {
    /// Returns the cohort.
    pub fn cohort(self) -> Cohort {
        match self {
            CohortFlag::Gainers => Cohort::Gainers,
            CohortFlag::Losers => Cohort::Losers,
            CohortFlag::Overlaps => Cohort::Overlaps,
        }
    }
}

/// The choice of symbols of `leaderboards` and `run`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Symbols")]
pub struct UniverseFlags {
    /// Symbols to rank, under any spelling; * and ? are wildcards [default: all of the source].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub symbols: Vec<String>,
    /// Symbols not to rank, in the same form.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Quote currencies to include, such as USDT,USD [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub quote: Vec<String>,
    /// Minimum mean volume per day over the lookback, in units of the quote currency.
    #[arg(long, value_name = "VOLUME", default_value_t = 0.0, allow_negative_numbers = true)]
    pub min_volume: f64,
    /// Omit symbols with a stablecoin as base.
    #[arg(long)]
    pub no_stables: bool,
}

impl UniverseFlags {
    /// Returns the choice of symbols.
    pub fn universe(&self) -> Universe {
        Universe {
            symbols: trimmed(&self.symbols),
            exclude: trimmed(&self.exclude),
            quote: trimmed(&self.quote),
            min_volume: self.min_volume,
            no_stables: self.no_stables,
        }
    }
}

fn trimmed(list: &[String]) -> Vec<String> {
    list.iter().map(|text| text.trim().to_owned()).collect()
}

/// The columns of `metrics`, `state` and `regime`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Columns")]
pub struct ColumnFlags {
    /// Columns to keep besides the keys: names, * and ? as wildcards, {w} for any window
    /// ('data-pipeline columns' lists all).
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Columns to omit, in the same form.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub drop: Vec<String>,
    /// Omit the columns that only mark missing values: *_imputed, *_valid, metrics_valid_*
    /// and window_ok_*.
    #[arg(long)]
    pub no_masks: bool,
    /// Write one row per symbol, as-of, window and metric.
    #[arg(long)]
    pub long: bool,
}

impl ColumnFlags {
    /// Checks that all columns are chosen, as a shard needs them.
    ///
    /// # Errors
    /// A flag of this group was given.
    pub fn check_whole(&self) -> Result<(), Usage> {
        if self.options().is_default() {
            return Ok(());
        }
        Err(Usage(
            "a shard has all columns; give --select, --drop, --no-masks and --long to \
             'data-pipeline merge' instead"
                .to_owned(),
        ))
    }

    /// Returns the options of the output.
    pub fn options(&self) -> OutputOptions {
        OutputOptions {
            select: trimmed(&self.select),
            drop: trimmed(&self.drop),
            no_masks: self.no_masks,
            is_long: self.long,
        }
    }
}

/// A table format as a command-line value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatFlag {
    /// Parquet.
    Parquet,
    /// Comma-separated text.
    Csv,
}

impl FormatFlag {
    /// Returns the format.
    pub fn format(self) -> table_file::Format {
        match self {
            FormatFlag::Parquet => table_file::Format::Parquet,
            FormatFlag::Csv => table_file::Format::Csv,
        }
    }
}

/// A Parquet compression as a command-line value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompressionFlag {
    /// Faster to write.
    Snappy,
    /// Smaller files.
    Zstd,
}

impl CompressionFlag {
    /// Returns the compression.
    pub fn compression(self) -> table_file::Compression {
        match self {
            CompressionFlag::Snappy => table_file::Compression::Snappy,
            CompressionFlag::Zstd => table_file::Compression::Zstd,
        }
    }
}

/// Returns the compression of a table.
///
/// # Errors
/// `--compression` was given for CSV.
pub fn compression(
    format: FormatFlag,
    compression: Option<CompressionFlag>,
) -> Result<table_file::Compression, Usage> {
    if format == FormatFlag::Csv && compression.is_some() {
        return Err(Usage(
            "--compression only applies to Parquet; drop it with --format csv".to_owned(),
        ));
    }
    Ok(compression.map(CompressionFlag::compression).unwrap_or_default())
}

/// Checks that `path` has the extension of a supported table format.
///
/// # Errors
/// The extension is not `.csv` or `.parquet`.
pub fn check_table_path(path: &Path) -> Result<(), Usage> {
    if table_file::Format::is_supported(path) {
        return Ok(());
    }
    Err(Usage(format!(
        "{}: unsupported output format; use a .csv or .parquet extension",
        path.display()
    )))
}
