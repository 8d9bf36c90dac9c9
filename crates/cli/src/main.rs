//! `data-pipeline`: a crypto quant research toolkit on one-minute bars.
//!
//! Parse, set up, run, report: each command is a file of [`commands`].

use std::process::ExitCode;

mod args;
mod choose;
mod cohort;
mod commands;
mod config;
mod gather;
mod interrupt;
mod logging;
mod memory;
mod output;
mod sample;
mod ui;

use args::{Cli, Command};

fn main() -> ExitCode {
    let cli = match args::typed() {
        Ok(cli) => cli,
        Err(error) => {
            ui::say(&format!("error: {error:#}"));
            return ExitCode::from(2);
        }
    };
    interrupt::install();
    ui::set_verbosity(cli.common.verbosity());
    logging::install(&cli.common, cli.command.out_dir(), cli.command.is_dry());
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if ui::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    cli.common.set_threads()?;
    logging::timed(cli.command.name(), || dispatch(&cli.command))
}

/// Does what a command says.
fn dispatch(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Leaderboards(args) => commands::leaderboards::run(args),
        Command::Metrics(args) => commands::metrics::run(args),
        Command::State(args) => commands::state::run(args),
        Command::Regime(args) => commands::regime::run(args),
        Command::Emd(args) => commands::emd::run(args),
        Command::ImfStage(args) => commands::imf_stage::run(args),
        Command::ImfPostprocess(args) => commands::imf_postprocess::run(args),
        Command::ImfCluster(args) => commands::imf_cluster::run(args),
        Command::FetchHistory(args) => commands::fetch_history::run(args),
        Command::KrakenLosers(args) => commands::kraken_losers::run(args),
        Command::Import(args) => commands::import::run(args),
        Command::Sync(args) => commands::sync::run(args),
        Command::Check(args) => commands::check::run(args),
        Command::Run(args) => commands::run::run(args),
        Command::Report(args) => commands::report::run(args),
        Command::Sample(args) => commands::sample::run(args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}
