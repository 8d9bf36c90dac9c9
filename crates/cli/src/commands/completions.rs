//! `data-pipeline completions`

use std::io::Write;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::args::Cli;

/// Flags of `completions`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs the command. What it prints is asked for, and so printed also when quiet.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    generate(flags.shell, &mut command, name, &mut script);
    std::io::stdout().lock().write_all(&script).context("cannot write to standard output")
}
