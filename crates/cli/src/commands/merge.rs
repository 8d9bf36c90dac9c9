//! `data-pipeline merge`

use std::path::PathBuf;

use clap::Args;
use pipeline::summaries;
use pipeline::task::{self, MergeTarget, Merged, TaskResult, merge};

use super::{imf_stage, leaderboards};
use crate::console::Console;
use crate::flags::{self, ColumnFlags, CompressionFlag, FormatFlag, SourceFlags};
use crate::interrupt::temp_files;
use crate::source_select;
use crate::ui::{self, Usage};

/// Flags of `merge`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Folder with the results of all shards.
    #[arg(value_name = "DIR")]
    parts: PathBuf,
    /// Output folder; for metrics the output file [default: as without --shard].
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Output format of state and regime.
    #[arg(long, value_enum, default_value_t = FormatFlag::Parquet)]
    format: FormatFlag,
    /// Format of the cohort files of leaderboards.
    #[arg(long, value_enum, default_value_t = FormatFlag::Csv)]
    cohort_format: FormatFlag,
    /// Parquet compression of state and regime [default: snappy].
    #[arg(long, value_enum)]
    compression: Option<CompressionFlag>,
    /// Version string in the schema sidecar of state and regime.
    #[arg(long, value_name = "TEXT", default_value = "v1")]
    schema_version: String,
    /// The columns of metrics, state and regime.
    #[command(flatten)]
    columns: ColumnFlags,
    /// The source of the cohorts' bars; only leaderboards need it.
    #[command(flatten)]
    source: SourceFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let compression = flags::compression(flags.format, flags.compression)?;
    let results = TaskResult::open_all(&flags.parts)?;
    if results.is_empty() {
        let folder = flags.parts.display();
        return Err(Usage(format!(
            "no results in {folder}: run a command once for each part (--shard 1/N to N/N) with this folder as \
             --out (leaderboards: --out-dir, metrics: --output)"
        ))
        .into());
    }
    let needs_source = results.iter().any(|result| result.task.stage_name() == "leaderboards");
    let opened = needs_source.then(|| source_select::source(&flags.source)).transpose()?;
    let console = Console::new(flags.source.reading.strict);
    console.check_findings(&task::findings(&results))?;
    let merged = merge(
        results,
        &MergeTarget {
            out: flags.out.clone(),
            format: flags.format.format(),
            cohort_format: flags.cohort_format.format(),
            compression,
            schema_version: flags.schema_version.clone(),
            columns: flags.columns.options(),
            csv_safe: flags.columns.csv_safe,
            source: opened.as_ref().map(source_select::OpenSource::source),
            temp: temp_files(),
            observer: &console,
        },
    )?;
    print(&merged)
}

fn print(merged: &Merged) -> anyhow::Result<()> {
    match merged {
        Merged::Leaderboards(output) => {
            leaderboards::print(output)?;
            leaderboards::print_files(output)
        }
        Merged::Metrics { table, file, asof } => ui::print(&format!(
            "wrote {}: {} of {} columns, as of {asof}",
            file.display(),
            ui::pluralize(table.len(), "row"),
            ui::count(table.columns.len() as u64)
        )),
        Merged::Snapshots { first_file, partitions, rows, columns, asofs, .. } => {
            let size = [*rows, *columns];
            ui::print(&summaries::written(first_file, *partitions, size, asofs))
        }
        Merged::Cycles(output) => imf_stage::print(output),
        _ => Ok(()),
    }
}
