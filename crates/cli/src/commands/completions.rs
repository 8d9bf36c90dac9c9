//! `data-pipeline completions`

use std::io::Write;

use anyhow::Context;
use clap::Args;
use clap_complete::{Shell, generate};

/// Flags of `completions`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the completion script of `command`, even with `--quiet`.
pub fn run(flags: &Flags, mut command: clap::Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    generate(flags.shell, &mut command, name, &mut script);
    std::io::stdout().lock().write_all(&script).context("cannot write to standard output")
}
