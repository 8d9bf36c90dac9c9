//! The commands and how they are dispatched.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    check, columns, completions, config as commands_config, demo, emd, fetch_history, imf_cluster,
    imf_postprocess, imf_stage, import, kraken_losers, leaderboards, man, merge, metrics, regime,
    report, run, sample, state, sync,
};
use crate::config::{self, Config};
use crate::explain;
use crate::flags::{self, Common, examples};
use crate::logging;
use crate::secrets;
use crate::ui::Usage;

/// Crypto quant research on one-minute bars: leaderboards, point-in-time features with percentiles,
/// and CEEMDAN cycles.
#[derive(Debug, Parser)]
#[command(name = "data-pipeline", version, propagate_version = true, max_term_width = 110, after_help = FIRST_STEPS)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Flags that every command accepts.
    #[command(flatten)]
    pub common: Common,
    /// The command's name on the command line.
    #[arg(skip)]
    pub name: String,
    /// The command line for the log, without secrets.
    #[arg(skip)]
    pub line: String,
}

/// Printed after the list of commands.
const FIRST_STEPS: &str = "\
First steps:
  data-pipeline demo                                      run every stage on a sample market
  data-pipeline import FILE                               import your bars into the store data/bars
  data-pipeline run                                       run every stage on data/bars
  data-pipeline run --source mysql://user@host/database   read the bars from MySQL or MariaDB

'data-pipeline COMMAND -h' lists the flags of a command, '--help' explains them.
Documentation: README.md and the folder docs/ of the project";

/// The commands, in the order in which help lists them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Generate a sample market and run every stage on it.
    #[command(after_help = examples("demo", &["data-pipeline demo --out-dir demo"]))]
    Demo(demo::Flags),
    /// Run all stages in order, skipping those that are up to date.
    #[command(after_help = examples("run", &["data-pipeline run", "data-pipeline run --source mysql://me@db.example/market --out-dir out --cohorts overlaps"]))]
    Run(run::Flags),
    /// Build an HTML report from the outputs of the other commands.
    #[command(after_help = examples("report", &["data-pipeline report --dir out --out out/report.html"]))]
    Report(report::Flags),
    /// Find the symbols that rank most often among the largest gainers, losers, or both.
    #[command(after_help = examples("leaderboards", &["data-pipeline leaderboards --windows 6h,24h,72h --top-n 10 --lookback-days 60", "data-pipeline leaderboards --from 2025-12-01 --to 2026-01-01 --every 1d --out-dir panel/leaderboards"]))]
    Leaderboards(leaderboards::Flags),
    /// Compute intraday metrics of a cohort, with percentiles of each symbol's own history.
    #[command(after_help = examples("metrics", &["data-pipeline metrics overlaps --output overlaps.parquet"]))]
    Metrics(metrics::Flags),
    /// Write a table of intraday features with one row per symbol and as-of, missing values imputed.
    #[command(after_help = examples("state", &["data-pipeline state --asof 2026-01-01", "data-pipeline state --from 2025-12-01 --to 2026-01-01 --every 1h --out panel/state"]))]
    State(state::Flags),
    /// Write a table of daily features with one row per symbol and as-of, missing values imputed.
    #[command(after_help = examples("regime", &["data-pipeline regime --asof 2026-01-01", "data-pipeline regime --from 2025-12-01 --to 2026-01-01 --out panel/regime"]))]
    Regime(regime::Flags),
    /// Merge the results of --shard runs into the outputs of a single run.
    #[command(after_help = examples("merge", &["data-pipeline state --shard 1/2 --out parts", "data-pipeline state --shard 2/2 --out parts", "data-pipeline merge parts"]))]
    Merge(merge::Flags),
    /// Decompose a numeric column into intrinsic mode functions (EMD, CEEMDAN).
    #[command(after_help = examples("emd", &["data-pipeline emd --input habitual_overlaps.csv --symbol BTC/USD --log --out modes.npz"]))]
    Emd(emd::Flags),
    /// Decompose price and volume into modes (CEEMDAN) and cluster the modes that are cycles.
    #[command(after_help = examples("imf-stage", &["data-pipeline imf-stage --leaders-csv habitual_overlaps.csv --lookback-months 3", "data-pipeline imf-stage --leaders BTC/USD --from 2025-12-01 --to 2025-12-31 --every 7d --out panel/imf"]))]
    ImfStage(imf_stage::Flags),
    /// Summarize cycles per symbol: dominant cycle, reliability, one-line description.
    #[command(after_help = examples("imf-postprocess", &["data-pipeline imf-postprocess --summary data/imf/dt=2025-12-31/imf_summary.parquet --series both"]))]
    ImfPostprocess(imf_postprocess::Flags),
    /// Cluster the peak-to-peak price moves of a cohort by amplitude, duration and volume.
    #[command(after_help = examples("imf-cluster", &["data-pipeline imf-cluster overlaps --windows 24h,7d --min-amplitude-pct 3"]))]
    ImfCluster(imf_cluster::Flags),
    /// Export recent bars of the symbols in a file to CSV.
    #[command(after_help = examples("fetch-history", &["data-pipeline fetch-history overlaps --days 7"]))]
    FetchHistory(fetch_history::Flags),
    /// List the pairs that fell most on Kraken today.
    #[command(after_help = examples("kraken-losers", &["data-pipeline kraken-losers --top-n 50 --min-volume 10000"]))]
    KrakenLosers(kraken_losers::Flags),
    /// Import one-minute bars from files and archives into a store or a MySQL table.
    #[command(after_help = examples("import", &["data-pipeline import Kraken_OHLCVT.zip", "data-pipeline import bars/*.csv --symbol BTC/USD --into my/bars"]))]
    Import(import::Flags),
    /// Update a store or table with new bars from Kraken.
    #[command(after_help = examples("sync", &["data-pipeline sync", "data-pipeline sync --pairs XBT/USD,ETHUSD --into my/bars"]))]
    Sync(sync::Flags),
    /// List the contents of a source and report data problems.
    #[command(after_help = examples("check", &["data-pipeline check --source my/bars"]))]
    Check(check::Flags),
    /// Generate a synthetic market with known cycles.
    #[command(after_help = examples("sample", &["data-pipeline sample --into sample/bars --symbols 10 --days 60"]))]
    Sample(sample::Flags),
    /// List the columns of the outputs with their definitions.
    #[command(after_help = examples("columns", &["data-pipeline columns rsi", "data-pipeline columns 'adx_4h*'"]))]
    Columns(columns::Flags),
    /// Write a configuration file, or show the settings and where each comes from.
    #[command(after_help = examples("configuration", &["data-pipeline config init", "data-pipeline config show state", "data-pipeline config show run --top-n 30"]))]
    Config(commands_config::Flags),
    /// Print a shell completion script.
    #[command(after_help = examples("completions", &["data-pipeline completions bash > ~/.local/share/bash-completion/completions/data-pipeline"]))]
    Completions(completions::Flags),
    /// Write the manual pages.
    #[command(after_help = examples("completions", &["data-pipeline man --out-dir man"]))]
    Man(man::Flags),
}

/// The definition of the command line.
pub fn program() -> clap::Command {
    let has_database = |command: &clap::Command| {
        command.get_arguments().any(|arg| arg.get_long() == Some("ssl-mode"))
    };
    Cli::command().mut_subcommands(|command| {
        if !has_database(&command) {
            return command;
        }
        let help = command.get_after_help().cloned().unwrap_or_default();
        let short = format!("For the flags of the database see --help\n\n{help}");
        command.after_long_help(help).after_help(short)
    })
}

/// Parses the command line of this process. Exits for `--help`, `--version` and invalid flags.
pub fn parse() -> anyhow::Result<Cli> {
    let words: Vec<OsString> = std::env::args_os().collect();
    secrets::note_all(&words, &program());
    config::load(&typed(&words), &program())?;
    let configured = parse_words(config::get(), &words);
    let Some(path) = config::get().path() else {
        return Ok(configured.unwrap_or_else(|error| exit(error)));
    };
    configured.or_else(|error| match parse_words(&Config::default(), &words) {
        // The command line is valid without the file, so the error is in the file.
        Ok(_) => {
            let text = explain::reason(&error);
            Err(Usage(format!("invalid configuration in {}: {text}", path.display())).into())
        }
        Err(_) => exit(error),
    })
}

/// Prints the error (or the help) and exits.
fn exit(mut error: clap::Error) -> ! {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.trim_start_matches('-').to_owned()),
        _ => None,
    };
    if let (Some(typed), Some(tip)) =
        (named(ContextKind::InvalidArg), named(ContextKind::SuggestedArg))
        && !is_similar(typed.split([' ', '=']).next().unwrap_or_default(), &tip)
    {
        error.remove(ContextKind::SuggestedArg);
        // It shows the suggested flag.
        error.remove(ContextKind::Usage);
    }
    if let Some(remedy) = panel_remedy(&error) {
        let remedy = ContextValue::StyledStrs(vec![remedy.into()]);
        error.insert(ContextKind::Suggested, remedy);
    }
    explain::exit(error)
}

/// Returns what to do about a flag that cannot be used with `--from`.
fn panel_remedy(error: &clap::Error) -> Option<&'static str> {
    let words = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let all = [words(ContextKind::InvalidArg), words(ContextKind::PriorArg)].concat();
    let flags: Vec<&str> = all.iter().filter_map(|text| text.split([' ', '=']).next()).collect();
    match error.kind() {
        _ if !flags.contains(&"--from") => None,
        ErrorKind::ArgumentConflict => flags.into_iter().find_map(flags::panel::remedy),
        ErrorKind::MissingRequiredArgument => Some(flags::panel::WITHOUT_FROM),
        _ => None,
    }
}

/// Whether a tip helps: one flag contains the other, or they begin alike.
fn is_similar(typed: &str, tip: &str) -> bool {
    typed.contains(tip) || tip.contains(typed) || typed.get(..2) == tip.get(..2)
}

/// Names the configuration file and the key in a message about a flag that was set there.
pub fn locate(message: String, command: &str) -> String {
    let words: Vec<OsString> = std::env::args_os().collect();
    config::get().locate(message, command, &typed(&words))
}

/// The flags on the command line, without defaults; invalid ones are skipped.
pub fn typed(words: &[OsString]) -> ArgMatches {
    config::typed(program(), words)
}

/// Parses `words` (the first is the program's name), with defaults from `config`.
pub fn parse_words(config: &Config, words: &[OsString]) -> Result<Cli, clap::Error> {
    let mut program = config.apply(program(), &typed(words));
    let matches = program.try_get_matches_from_mut(words)?;
    let name = matches.subcommand_name().unwrap_or_default().to_owned();
    let command = program.find_subcommand(&name).zip(matches.subcommand_matches(&name));
    let line = command.map(|(command, typed)| logging::command_line(command, typed));
    Ok(Cli { name, line: line.unwrap_or_default(), ..Cli::from_arg_matches(&matches)? })
}

impl Command {
    /// Returns whether the command writes no log: dry runs and commands that compute nothing.
    pub fn is_dry(&self) -> bool {
        match self {
            Command::State(flags) => flags.snapshots.dry_run,
            Command::Regime(flags) => flags.snapshots.dry_run,
            Command::Columns(_)
            | Command::Config(_)
            | Command::Completions(_)
            | Command::Man(_) => true,
            _ => false,
        }
    }

    /// The folder of the command's outputs, where the log is written.
    pub fn out_dir(&self) -> &Path {
        match self {
            Command::Leaderboards(flags) => flags.log_dir(),
            Command::ImfCluster(flags) => &flags.out_dir,
            Command::Run(flags) => &flags.out_dir,
            Command::Demo(flags) => &flags.out_dir,
            _ => Path::new("."),
        }
    }
}

/// Runs a command.
pub fn dispatch(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Leaderboards(flags) => leaderboards::run(flags),
        Command::Metrics(flags) => metrics::run(flags),
        Command::State(flags) => state::run(flags),
        Command::Regime(flags) => regime::run(flags),
        Command::Merge(flags) => merge::run(flags),
        Command::Emd(flags) => emd::run(flags),
        Command::ImfStage(flags) => imf_stage::run(flags),
        Command::ImfPostprocess(flags) => imf_postprocess::run(flags),
        Command::ImfCluster(flags) => imf_cluster::run(flags),
        Command::FetchHistory(flags) => fetch_history::run(flags),
        Command::KrakenLosers(flags) => kraken_losers::run(flags),
        Command::Import(flags) => import::run(flags),
        Command::Sync(flags) => sync::run(flags),
        Command::Check(flags) => check::run(flags),
        Command::Run(flags) => run::run(flags),
        Command::Report(flags) => report::run(flags),
        Command::Sample(flags) => sample::run(flags),
        Command::Demo(flags) => demo::run(flags),
        Command::Columns(flags) => columns::run(flags),
        Command::Config(flags) => commands_config::run(flags, program()),
        Command::Completions(flags) => completions::run(flags, program()),
        Command::Man(flags) => man::run(flags, program()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_do_not_conflict() {
        program().debug_assert();
    }
}
