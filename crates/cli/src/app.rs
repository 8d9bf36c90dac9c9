//! The commands and how they are dispatched.

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    check, completions, demo, emd, fetch_history, imf_cluster, imf_postprocess, imf_stage, import,
    kraken_losers, leaderboards, man, merge, metrics, regime, report, run, sample, state, sync,
};
use crate::config::{self, Config};
use crate::flags::Common;
use crate::ui::Usage;

/// A crypto quant research toolkit on one-minute bars: who gains, who loses, who turns, and how
/// unusual that is.
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
    /// Make a sample market and run the analysis on it: the quickest look at what this program
    /// does.
    Demo(demo::Flags),
    /// Do all stages in their turn, those that are current left out.
    Run(run::Flags),
    /// Make one page to look at of what the other commands wrote.
    Report(report::Flags),
    /// Find the habitual gainers, losers and overlaps of a market.
    Leaderboards(leaderboards::Flags),
    /// Measure a cohort over some windows, each symbol against its own past.
    Metrics(metrics::Flags),
    /// Write snapshots of where symbols stand within the day, without gaps, to join on symbol and
    /// time.
    State(state::Flags),
    /// Write snapshots of the daily regime of symbols, without gaps, to join on symbol and time.
    Regime(regime::Flags),
    /// Join the results of shards into the outputs of a single run.
    Merge(merge::Flags),
    /// Decompose a column of numbers into its modes, from fast to slow.
    Emd(emd::Flags),
    /// Take the price and volume of leaders apart into cycles, and tell which cycles are alike.
    ImfStage(imf_stage::Flags),
    /// Sum up the cycles of imf-stage: which dominates in each symbol, how far it is to be trusted,
    /// and a sentence.
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

/// The command line of this process; the process ends here for an invalid one, and for `--help`.
pub fn parse() -> anyhow::Result<Cli> {
    let words: Vec<OsString> = std::env::args_os().collect();
    config::load(&typed(&words), &Cli::command())?;
    let configured = parse_words(config::get(), &words);
    let Some(path) = config::get().path() else {
        return Ok(configured.unwrap_or_else(|error| error.exit()));
    };
    configured.or_else(|error| match parse_words(&Config::default(), &words) {
        // Valid without the file, so the error is the file's.
        Ok(_) => {
            let text = error.to_string();
            // Only the reason: the usage line is about the command line.
            let text =
                text.trim_start_matches("error: ").split("\n\nUsage:").next().unwrap_or_default();
            let text = text.split("\n\nFor more information").next().unwrap_or_default();
            Err(Usage(format!("invalid configuration in {}: {text}", path.display())).into())
        }
        Err(_) => error.exit(),
    })
}

/// What was typed, as far as it is valid.
pub fn typed(words: &[OsString]) -> ArgMatches {
    let program =
        Cli::command().ignore_errors(true).disable_help_flag(true).disable_version_flag(true);
    program.try_get_matches_from(words).unwrap_or_default()
}

/// Parses `words`, the program's name first, with the defaults of a configuration.
pub fn parse_words(config: &Config, words: &[OsString]) -> Result<Cli, clap::Error> {
    let program = config.apply(Cli::command(), &typed(words));
    Cli::from_arg_matches(&program.try_get_matches_from(words)?)
}

impl Command {
    /// The command's name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Leaderboards(_) => "leaderboards",
            Command::Metrics(_) => "metrics",
            Command::State(_) => "state",
            Command::Regime(_) => "regime",
            Command::Merge(_) => "merge",
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
        Command::Completions(flags) => completions::run(flags, Cli::command()),
        Command::Man(flags) => man::run(flags, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_do_not_conflict() {
        Cli::command().debug_assert();
    }
}
