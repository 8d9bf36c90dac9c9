//! `data-pipeline man`

use std::path::PathBuf;

use bars_io::atomic::{FinishedFile, commit_all};
use clap::Args;
use clap_mangen::Man;

use crate::interrupt::temp_files;
use crate::ui;

/// Flags of `man`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Output folder for data-pipeline.1 and one page per command.
    #[arg(long, value_name = "DIR", default_value = "man")]
    pub out_dir: PathBuf,
}

/// Writes the manual pages of `program`.
pub fn run(flags: &Flags, mut program: clap::Command) -> anyhow::Result<()> {
    // Building propagates global flags to the subcommands.
    program.build();
    let mut files = Vec::new();
    let mut commands = vec![program];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().filter(|c| c.get_name() != "help").cloned());
        files.push(page(flags, command)?);
    }
    let pages = ui::pluralize(files.len(), "page");
    commit_all(files)?;
    let dir = flags.out_dir.display();
    ui::print(&format!("wrote {pages} to {dir}; read one with: man {dir}/data-pipeline.1"))
}

fn page(flags: &Flags, command: clap::Command) -> anyhow::Result<FinishedFile> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = flags.out_dir.join(format!("{name}.1"));
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(temp_files().write_temp(&path, &page)?)
}
