//! `data-pipeline report`

use std::path::PathBuf;

use bars::time::AsOfSpec;
use clap::Args;

use crate::args;
use crate::gather::{Depth, Outputs, gather};
use crate::interrupt::temp_files;
use crate::ui::{self, Usage};

/// Flags of `report`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The folder with the outputs of the other commands.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Where the page goes.
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
    /// Of snapshots and cycles of several dates take the newest up to this time.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = args::asof)]
    asof: AsOfSpec,
    /// The files that may be read; all in the folder where it is missing. A run's own outputs.
    #[arg(skip)]
    pub only: Option<Vec<PathBuf>>,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    if !flags.dir.is_dir() {
        return Err(Usage(format!(
            "there is no folder {}; name that of the outputs with --dir",
            flags.dir.display()
        ))
        .into());
    }
    let report = gather(&Outputs::new(&flags.dir, flags.only.as_deref()), flags.asof.moment(), Depth::Whole)?;
    if report.boards.is_empty()
        && report.state.is_empty()
        && report.regime.is_empty()
        && report.cycles.is_empty()
    {
        anyhow::bail!(
            "there is nothing to report in {}: 'data-pipeline run' makes everything, or name another folder with --dir",
            flags.dir.display()
        );
    }
    for absent in &report.absent {
        tracing::info!("not in the report: {} ({})", absent.what, absent.command);
    }
    let page = report::render(&report);
    temp_files().write(&flags.out, page.as_bytes())?;
    ui::print(&format!(
        "Written: {} ({}, {:.1} MB); open it in a browser",
        flags.out.display(),
        ui::things(report.leaders.len(), "leader"),
        page.len() as f64 / 1e6
    ))
}
