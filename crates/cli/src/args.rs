//! The flags that commands share, and the list of commands.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use bars::{BarTime, ReadOptions};
use bars_io::kraken::{self, Client, Pace};
use bars_io::mysql::config::{Partial, Password};
use bars_io::mysql::{Config, SslMode};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::commands::{
    check, completions, demo, emd, fetch_history, imf_cluster, imf_postprocess, imf_stage, import,
    kraken_losers, leaderboards, man, metrics, regime, report, run, sample, state, sync,
};
use crate::config;
use crate::ui::Usage;

/// A crypto quant research toolkit on one-minute bars: who gains, who loses, who turns, and how unusual that is.
#[derive(Debug, Parser)]
#[command(name = "data-pipeline", version, propagate_version = true, max_term_width = 110, after_help = FIRST_STEPS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub common: Common,
}

/// What a person who asks for help may be looking for.
const FIRST_STEPS: &str = "\
First steps:
  data-pipeline demo                     all of it, on a sample market
  data-pipeline import FILE              your own bars into the store data/bars
  data-pipeline run                      everything in its turn, and a page to look at
  data-pipeline run --source mysql://user@host/database";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a sample market and run the analysis on it: the quickest look at what this program does.
    Demo(demo::Flags),
    /// Do all stages in their turn, those that are current left out.
    Run(run::Flags),
    /// Make one page to look at of what the other commands wrote.
    Report(report::Flags),
    /// Find the habitual gainers, losers and overlaps of a market.
    Leaderboards(leaderboards::Flags),
    /// Measure a cohort over some windows, each symbol against its own past.
    Metrics(metrics::Flags),
    /// Write snapshots of where symbols stand within the day, without gaps, to join on symbol and time.
    State(state::Flags),
    /// Write snapshots of the daily regime of symbols, without gaps, to join on symbol and time.
    Regime(regime::Flags),
    /// Decompose a column of numbers into its modes, from fast to slow.
    Emd(emd::Flags),
    /// Take the price and volume of leaders apart into cycles, and tell which cycles are alike.
    ImfStage(imf_stage::Flags),
    /// Sum up the cycles of imf-stage: which dominates in each symbol, how far it is to be trusted, and a sentence.
    ImfPostprocess(imf_postprocess::Flags),
    /// Tell what kinds of rises a cohort has, by amplitude, duration and volume, window by window.
    ImfCluster(imf_cluster::Flags),
    /// Save the last days of bars of a list of symbols.
    FetchHistory(fetch_history::Flags),
    /// List what fell most on Kraken today.
    KrakenLosers(kraken_losers::Flags),
    /// Bring one-minute bars from files and archives into a store or a MySQL table.
    Import(import::Flags),
    /// Bring a store up to date from Kraken's API.
    Sync(sync::Flags),
    /// Tell what is in a source and whether it is sound.
    Check(check::Flags),
    /// Write a synthetic market with known cycles.
    Sample(sample::Flags),
    /// Print a script that completes commands and flags in a shell.
    Completions(completions::Flags),
    /// Write the manual pages, one per command.
    Man(man::Flags),
}

/// The command that `words` name, as if they had been typed.
pub fn parse(words: &[String]) -> anyhow::Result<Cli> {
    let words: Vec<OsString> =
        std::iter::once("data-pipeline".into()).chain(words.iter().map(OsString::from)).collect();
    Ok(of(config::get().apply(Cli::command(), &words), words)?)
}

/// The command line of this process; it ends here for a wrong one, and for one that asks for help.
pub fn typed() -> anyhow::Result<Cli> {
    let words: Vec<OsString> = std::env::args_os().collect();
    config::load(&words, &Cli::command())?;
    let configured = of(config::get().apply(Cli::command(), &words), &words);
    let Some(path) = config::get().path() else {
        return Ok(configured.unwrap_or_else(|error| error.exit()));
    };
    configured.or_else(|error| match of(Cli::command(), &words) {
        // What was typed is right by itself.
        Ok(_) => {
            let told = error.to_string();
            // What may be given is told, and how to call the program is not: that was right.
            let told = told.trim_start_matches("error: ").split("\n\nUsage:").next().unwrap_or_default();
            let told = told.split("\n\nFor more information").next().unwrap_or_default();
            Err(Usage(format!("mend {}: {told}", path.display())).into())
        }
        Err(_) => error.exit(),
    })
}

/// The command that `words`, the program's name first, give to `program`.
pub fn of<T: Into<OsString> + Clone>(
    program: clap::Command,
    words: impl IntoIterator<Item = T>,
) -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&program.try_get_matches_from(words)?)
}

/// The password in a file: its first line.
pub fn password_in(path: &Path) -> bars_io::Result<String> {
    let text = std::fs::read_to_string(path).map_err(|e| bars_io::Error::io("read", path, e))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

impl Command {
    /// The command's name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Leaderboards(_) => "leaderboards",
            Command::Metrics(_) => "metrics",
            Command::State(_) => "state",
            Command::Regime(_) => "regime",
            Command::Emd(_) => "emd",
            Command::ImfStage(_) => "imf-stage",
            Command::ImfPostprocess(_) => "imf-postprocess",
            Command::ImfCluster(_) => "imf-cluster",
            Command::FetchHistory(_) => "fetch-history",
            Command::KrakenLosers(_) => "kraken-losers",
            Command::Import(_) => "import",
            Command::Sync(_) => "sync",
            Command::Check(_) => "check",
            Command::Run(_) => "run",
            Command::Report(_) => "report",
            Command::Sample(_) => "sample",
            Command::Demo(_) => "demo",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }

    /// Whether no log is kept of the command, as with one that was asked to write nothing.
    pub fn is_dry(&self) -> bool {
        match self {
            Command::State(flags) => flags.snapshots.dry_run,
            Command::Regime(flags) => flags.snapshots.dry_run,
            // Nothing is computed that a log could tell of.
            Command::Completions(_) | Command::Man(_) => true,
            _ => false,
        }
    }

    /// The flags that name the source, of a command that reads one in a run.
    pub fn source_mut(&mut self) -> Option<&mut SourceFlags> {
        match self {
            Command::Leaderboards(flags) => Some(&mut flags.source),
            Command::Metrics(flags) => Some(&mut flags.source),
            Command::State(flags) => Some(&mut flags.snapshots.source),
            Command::Regime(flags) => Some(&mut flags.snapshots.source),
            Command::ImfStage(flags) => Some(&mut flags.source),
            _ => None,
        }
    }

    /// Takes back what a configuration file may say and what has no place in a run, whose stages are of one moment and write.
    pub fn pin(&mut self) {
        let snapshots = match self {
            Command::State(flags) => &mut flags.snapshots,
            Command::Regime(flags) => &mut flags.snapshots,
            _ => return,
        };
        (snapshots.from, snapshots.to, snapshots.dry_run) = (None, None, false);
    }

    /// Where the command's outputs go, and so its log.
    pub fn out_dir(&self) -> &Path {
        match self {
            Command::Leaderboards(flags) => &flags.out_dir,
            Command::ImfCluster(flags) => &flags.out_dir,
            Command::Run(flags) => &flags.out_dir,
            Command::Demo(flags) => &flags.out_dir,
            _ => Path::new("."),
        }
    }
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
    /// Where to log what was run; pipeline.log in the --out-dir or the working directory where it is missing.
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// A configuration file; data-pipeline.toml in the working directory, if it is there, where this is missing.
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
    /// Password [env: DB_PASSWORD]. Others on this machine can see it here; better the environment or a file.
    #[arg(long)]
    password: Option<String>,
    /// File whose first line is the password.
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    password_file: Option<PathBuf>,
    /// Database [env: DB_NAME].
    #[arg(long)]
    database: Option<String>,
    /// Table of the bars [env: OHLCVT_TABLE] [default: ohlcvt].
    #[arg(long)]
    table: Option<String>,
    /// Encryption: disabled, preferred, required, verify-ca or verify-identity [default: preferred].
    #[arg(long, value_name = "MODE")]
    ssl_mode: Option<SslMode>,
    /// PEM file of the authorities to trust.
    #[arg(long, value_name = "FILE")]
    ssl_ca: Option<PathBuf>,
}

impl DatabaseFlags {
    /// Flags that tell all of `config`.
    pub fn of(config: &Config) -> DatabaseFlags {
        DatabaseFlags {
            host: Some(config.host.clone()),
            port: Some(config.port),
            user: Some(config.user.clone()),
            password: Some(config.password.0.clone()),
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
            Some(path) => Some(password_in(path)?),
            None => self.password.clone(),
        };
        Ok(Partial {
            host: self.host.clone(),
            port: self.port,
            user: self.user.clone(),
            password: password.map(Password),
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
    /// Where the bars are: mysql://user@host/database?table=ohlcvt, the folder of a store, or a CSV or Parquet file.
    #[arg(long, value_name = "WHERE")]
    pub source: Option<String>,
    /// How the bars are read.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseFlags,
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
        Client::new(&self.base_url, Pace::default()).map_err(|e| Usage(format!("--base-url: {e}")).into())
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
pub fn asof(text: &str) -> Result<AsOfSpec, String> {
    text.parse()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn flags_do_not_contradict_each_other() {
        super::Cli::command().debug_assert();
    }
}
