//! The command line `data-pipeline`: a crypto quant research toolkit on one-minute bars.
//!
//! `app` defines and dispatches the commands, `commands` has one file per command (flags, a call of
//! `pipeline`, output), `flags` the flags that several commands share.
//!
//! This is not a library for other programs: those call `pipeline`. It is apart from the binary only
//! so that the fuzz targets reach the configuration.

use std::path::Path;
use std::process::ExitCode;
use std::sync::LazyLock;

mod app;
mod clock;
mod commands;
mod config;
mod console;
mod explain;
mod flags;
mod interrupt;
mod logging;
mod private_file;
mod progress;
mod prompts;
mod secrets;
mod shard;
mod source_select;
mod ui;

use app::Cli;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match app::parse() {
        Ok(cli) => cli,
        Err(error) => {
            ui::eprint_error(&explain::message(&error));
            return ExitCode::from(2);
        }
    };
    if let Err(error) = interrupt::install() {
        ui::eprint_error(&explain::message(&error.into()));
        return ExitCode::FAILURE;
    }
    ui::set_verbosity(cli.common.verbosity());
    logging::install(&cli.common, cli.command.out_dir(), cli.command.is_dry());
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if ui::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => explain::report(&error, |text| app::locate(text, &cli.name)),
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    cli.common.set_threads()?;
    logging::timed(&cli.name, &cli.line, || app::dispatch(&cli.command))
}

/// Checks the text of a configuration file, as every command does with its own.
///
/// # Errors
/// The first invalid setting.
pub fn check_configuration(text: &str) -> Result<(), String> {
    // Fuzzing calls this a million times.
    static PROGRAM: LazyLock<clap::Command> = LazyLock::new(app::program);
    config::Config::parse(Path::new(config::NAME), text, &PROGRAM).map(drop)
}
