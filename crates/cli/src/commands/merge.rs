//! `data-pipeline merge`

use std::path::{Path, PathBuf};

use clap::Args;
use pipeline::task::{self, MergeTarget, Merged, TaskResult, merge};

use super::{imf_stage, leaderboards};
use crate::console::Console;
use crate::flags::{ColumnFlags, CompressionFlag, FormatFlag, SourceFlags};
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
    if flags.format == FormatFlag::Csv && flags.compression.is_some() {
        return Err(Usage(
            "--compression only applies to Parquet; drop it with --format csv".to_owned(),
        )
        .into());
    }
    let results = read(&flags.parts)?;
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
            compression: flags.compression.map(CompressionFlag::compression).unwrap_or_default(),
            schema_version: flags.schema_version.clone(),
            columns: flags.columns.options(),
            source: opened.as_ref().map(source_select::OpenSource::source),
            temp: temp_files(),
            observer: &console,
        },
    )?;
    print(&merged)
}

/// Reads the results in a folder, ordered by file name.
fn read(folder: &Path) -> anyhow::Result<Vec<TaskResult>> {
    let entries = std::fs::read_dir(folder).map_err(|e| bars_io::Error::io("open", folder, e))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "arrow"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        let folder = folder.display();
        return Err(Usage(format!(
            "no results in {folder}: run a command with --shard 1/N ... N/N --out {folder}"
        ))
        .into());
    }
    Ok(paths.iter().map(|path| TaskResult::open(path)).collect::<pipeline::Result<_>>()?)
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
            let file = first_file.display();
            let written = match partitions {
                1 => file.to_string(),
                n => format!("{}, the first {file}", ui::pluralize(*n, "partition")),
            };
            let (rows, columns) = (ui::pluralize(*rows, "row"), ui::pluralize(*columns, "column"));
            let (first, last) = (asofs[0], asofs[asofs.len() - 1]);
            let moments = match asofs.len() {
                1 => format!("as of {last}"),
                n => format!("{} from {first} to {last}", ui::pluralize(n, "as-of")),
            };
            ui::print(&format!("wrote {written}: {rows} of {columns}, {moments}"))
        }
        Merged::Cycles(output) => imf_stage::print(output),
        _ => Ok(()),
    }
}
