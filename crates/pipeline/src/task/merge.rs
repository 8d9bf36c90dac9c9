//! Merges the results of tasks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bars::{AsOf, Findings};
use bars_io::Source;
use bars_io::atomic::TempFiles;
use stages::features::output::{OutputOptions, OutputShape};
use stages::metrics::MetricsPlan;
use stages::table::{ColumnSpec, Table, Values};

use super::snapshots::{MergedSnapshots, decode};
use super::{TaskResult, TaskStage, cycles, leaders, lookback, snapshots};
use crate::artifacts::table_file::{self, Compression, Format};
use crate::artifacts::{Cohort, commit, names};
use crate::error::{Error, Result};
use crate::jobs::{CyclesOutput, LeaderboardsOutput};
use crate::observer::{Event, Observer};
use crate::snapshots::{SnapshotFiles, SnapshotStage};

/// Output options of a merge.
pub struct MergeTarget<'a> {
    /// Folder of the outputs, for `metrics` the file; `None`: the default of the stage's command.
    pub out: Option<PathBuf>,
    /// Format of snapshots.
    pub format: Format,
    /// Format of the cohorts' bars of leaderboards.
    pub cohort_format: Format,
    /// Compression of snapshots.
    pub compression: Compression,
    /// Version in the schema sidecar of snapshots.
    pub schema_version: String,
    /// The columns of metrics and snapshots, wide or long.
    pub columns: OutputOptions,
    /// Whether texts in the CSV files of metrics and snapshots are written so that a spreadsheet
    /// does not evaluate them, see
    /// [`spreadsheet_safe`](crate::artifacts::csv_text::spreadsheet_safe).
    pub csv_safe: bool,
    /// The source; needed for `leaderboards`, which write the bars of each cohort.
    pub source: Option<&'a dyn Source>,
    /// Owner of unfinished files.
    pub temp: &'a TempFiles,
    /// Receives messages.
    pub observer: &'a dyn Observer,
}

/// The merged and written result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Merged {
    /// Leaderboards.
    Leaderboards(LeaderboardsOutput),
    /// Metrics.
    Metrics {
        /// The table that was written.
        table: Table,
        /// The file that was written.
        file: PathBuf,
        /// The as-of: only bars that close by then count.
        asof: AsOf,
    },
    /// Snapshots of `state` or `regime`.
    Snapshots {
        /// `state` or `regime`.
        stage: &'static str,
        /// The table of the first date.
        first_file: PathBuf,
        /// Number of partitions.
        partitions: usize,
        /// Number of rows in all of them.
        rows: usize,
        /// Number of columns.
        columns: usize,
        /// The as-ofs, ascending, at least one.
        asofs: Vec<AsOf>,
    },
    /// Cycles.
    Cycles(CyclesOutput),
}

/// Returns the findings of all results. Rows that several of them saw count once.
pub fn findings<'a>(results: impl IntoIterator<Item = &'a TaskResult>) -> Findings {
    let mut findings = Findings::default();
    results.into_iter().for_each(|result| findings.merge_overlapping(&result.findings));
    findings
}

/// Merges the results of one plan and writes the outputs of a single run, with the same bytes.
///
/// # Errors
/// If a result is missing, duplicate, from another plan or damaged (the error names it), a file
/// cannot be written, or the observer cancels.
pub fn merge(results: Vec<TaskResult>, target: &MergeTarget<'_>) -> Result<Merged> {
    let mut results = complete(results)?;
    let findings = findings(&results);
    if !findings.is_empty() {
        target.observer.event(Event::Findings(&findings));
    }
    let temp = target.temp;
    match results[0].task.stage.clone() {
        TaskStage::Leaderboards { params, universe, asof, newest } => {
            let source = target.source.ok_or_else(|| {
                Error::parameter(
                    "source",
                    "is required: leaderboards write the bars of each cohort",
                )
            })?;
            let leaderboards =
                leaders::merge(&mut results, &params, &universe, asof, newest, target.observer)?;
            let out = target.out.clone().unwrap_or_else(|| ".".into());
            let files =
                leaderboards.write(&out, target.cohort_format, source, temp, target.observer)?;
            Ok(Merged::Leaderboards(LeaderboardsOutput { leaderboards, files }))
        }
        TaskStage::Metrics { params, asof, cohort, .. } => {
            let layout = MetricsPlan::new(params, vec![asof], false).layout().clone();
            let specs: Vec<ColumnSpec> =
                layout.columns().iter().map(|column| column.spec.clone()).collect();
            let shape = OutputShape::new(&layout, &target.columns)?;
            let table = metrics(&mut results, &specs, target.observer)?;
            let columns = shape.columns().to_vec();
            let table =
                Table { columns, values: shape.values(|index| table.values[index].clone()) };
            let default = Cohort::ALL.into_iter().find(|known| known.name() == cohort);
            let default = default.map_or("metrics.csv", Cohort::metrics_file);
            let file = target.out.clone().unwrap_or_else(|| default.into());
            let format = Format::from_path(&file);
            let (compression, csv_safe) = (Compression::default(), target.csv_safe);
            table_file::write(&file, format, compression, csv_safe, table.clone(), temp)?
                .commit()?;
            Ok(Merged::Metrics { table, file, asof })
        }
        TaskStage::State { params, asofs } => {
            let files = target.snapshot_files(names::STATE_FOLDER);
            let merged =
                snapshots::merge(&mut results, &params, asofs, &files, temp, target.observer)?;
            Ok(snapshots_merged(&params, &files, merged))
        }
        TaskStage::Regime { params, asofs } => {
            let files = target.snapshot_files(names::REGIME_FOLDER);
            let merged =
                snapshots::merge(&mut results, &params, asofs, &files, temp, target.observer)?;
            Ok(snapshots_merged(&params, &files, merged))
        }
        TaskStage::Cycles { params, asof, span, persist_modes } => {
            let out = target.out.clone().unwrap_or_else(|| names::CYCLES_FOLDER.into());
            let lookback = lookback(asof, span);
            let (cycles, partition, modes) =
                cycles::merge(&mut results, &params, lookback, &out, temp, target.observer)?;
            let files = cycles.write(&partition, persist_modes, temp)?;
            commit(modes.into_iter().chain(files).collect())?;
            partition.remove_stale(
                params.stage.get().mixed,
                persist_modes,
                target.temp,
                target.observer,
            )?;
            Ok(Merged::Cycles(CyclesOutput { cycles, summary_file: partition.summary() }))
        }
    }
}

impl MergeTarget<'_> {
    fn snapshot_files(&self, default: &str) -> SnapshotFiles {
        SnapshotFiles {
            out: self.out.clone().unwrap_or_else(|| default.into()),
            format: self.format,
            compression: self.compression,
            schema_version: self.schema_version.clone(),
            columns: self.columns.clone(),
            csv_safe: self.csv_safe,
        }
    }
}

fn snapshots_merged<S: SnapshotStage>(
    _stage: &S,
    files: &SnapshotFiles,
    merged: MergedSnapshots,
) -> Merged {
    Merged::Snapshots {
        stage: S::NAME,
        first_file: files.table(S::NAME, merged.asofs[0]),
        partitions: merged.partitions,
        rows: merged.rows,
        columns: merged.columns,
        asofs: merged.asofs,
    }
}

/// Checks that the results are all parts of one plan, and sorts them by part.
fn complete(results: Vec<TaskResult>) -> Result<Vec<TaskResult>> {
    let Some(first) = results.first() else {
        return Err(Error::NoResults);
    };
    let (plan, name, parts) = (first.task.plan.clone(), first.name.clone(), first.task.parts);
    let mut by_part: BTreeMap<usize, TaskResult> = BTreeMap::new();
    for result in results {
        if result.task.plan != plan {
            return Err(Error::ForeignResult { name: result.name, other: name });
        }
        let part = result.task.part;
        if let Some(other) = by_part.get(&part) {
            return Err(Error::RepeatedPart {
                first: other.name.clone(),
                second: result.name,
                part,
                parts,
            });
        }
        by_part.insert(part, result);
    }
    let missing: Vec<usize> = (1..=parts).filter(|part| !by_part.contains_key(part)).collect();
    if !missing.is_empty() {
        return Err(Error::MissingParts { missing, parts });
    }
    let results: Vec<TaskResult> = by_part.into_values().collect();
    check_symbols(&results)?;
    Ok(results)
}

/// Checks that the parts have as many symbols as each of them states: the merge divides its work by
/// that number.
fn check_symbols(results: &[TaskResult]) -> Result<()> {
    let members: usize = results.iter().map(|result| result.task.members.len()).sum();
    match results.iter().find(|result| result.task.symbols != members) {
        Some(result) => {
            let stated = result.task.symbols;
            let problem = format!("{stated} symbols, but all parts together have {members}");
            Err(Error::damaged(&result.name, problem))
        }
        None => Ok(()),
    }
}

/// The rows of all results, in the order of symbols.
fn metrics(
    results: &mut [TaskResult],
    specs: &[ColumnSpec],
    observer: &dyn Observer,
) -> Result<Table> {
    let mut rows: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut parts: Vec<Vec<Values>> = Vec::new();
    for (part, result) in results.iter_mut().enumerate() {
        observer.check()?;
        let batch = result.batch(0)?;
        let columns = decode(&result.name, &batch, specs)?;
        let Some(Values::Text(symbols)) = columns.first() else {
            return Err(Error::damaged(&result.name, "no symbol column"));
        };
        for (row, symbol) in symbols.iter().enumerate() {
            let is_it =
                |member: &&super::TaskMember| Some(member.symbol.as_str()) == symbol.as_deref();
            let member = result.task.members.iter().find(is_it).ok_or_else(|| {
                Error::damaged(
                    &result.name,
                    format!("row {row} has a symbol that the task does not have"),
                )
            })?;
            rows.insert(member.position, (part, row));
        }
        parts.push(columns);
    }
    let column = |index: usize| {
        let mut pieces = rows.values().map(|(part, row)| parts[*part][index].gather(&[*row]));
        let mut values = pieces.next().unwrap_or_else(|| parts[0][index].gather(&[]));
        pieces.for_each(|more| values.extend(more));
        values
    };
    Ok(Table { columns: specs.to_vec(), values: (0..specs.len()).map(column).collect() })
}
