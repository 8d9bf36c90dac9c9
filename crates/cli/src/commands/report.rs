//! `data-pipeline report`

use std::path::PathBuf;

use bars::time::AsOfSpec;
use clap::Args;
use pipeline::artifacts::names;
use pipeline::jobs::{ReportJob, ReportOutput};

use crate::console::Console;
use crate::explain;
use crate::flags;
use crate::ui::{self, Usage};

/// Flags of `report`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Folder with the outputs of the other commands.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Output file.
    #[arg(long, value_name = "FILE", default_value = names::REPORT)]
    out: PathBuf,
    /// Use the newest snapshots and cycles up to this time: timestamp, date or `latest`.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    asof: AsOfSpec,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    if !flags.dir.is_dir() {
        let dir = flags.dir.display();
        return Err(Usage(format!(
            "no folder \"{dir}\"; give the folder of the outputs with --dir"
        ))
        .into());
    }
    let job = flags.job();
    let output = job.run(&Console::default().context(None))?;
    print(&job, &output)
}

impl Flags {
    /// Returns the job for these flags.
    pub fn job(&self) -> ReportJob {
        ReportJob {
            dir: self.dir.clone(),
            out: self.out.clone(),
            asof: self.asof,
            only: None,
            remedy: Some(explain::part_remedy),
        }
    }
}

/// Prints the path and size of the page.
pub fn print(job: &ReportJob, output: &ReportOutput) -> anyhow::Result<()> {
    ui::print(&format!(
        "wrote {} ({}, {:.1} MB); open it in a browser",
        job.out.display(),
        ui::pluralize(output.leaders, "leader"),
        output.bytes as f64 / 1e6
    ))
}
