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
    /// The folder with the outputs of the other commands.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Where the page goes.
    #[arg(long, value_name = "FILE", default_value = names::REPORT)]
    out: PathBuf,
    /// Of snapshots and cycles of several dates take the newest up to this time.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    asof: AsOfSpec,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    if !flags.dir.is_dir() {
        let dir = flags.dir.display();
        return Err(Usage(format!(
            "there is no folder {dir}; name that of the outputs with --dir"
        ))
        .into());
    }
    let job = flags.job();
    let output = job.run(&Console::default().context(None))?;
    print(&job, &output)
}

impl Flags {
    /// The job of these flags.
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

/// Prints where the page is.
pub fn print(job: &ReportJob, output: &ReportOutput) -> anyhow::Result<()> {
    ui::print(&format!(
        "Written: {} ({}, {:.1} MB); open it in a browser",
        job.out.display(),
        ui::pluralize(output.leaders, "leader"),
        output.bytes as f64 / 1e6
    ))
}
