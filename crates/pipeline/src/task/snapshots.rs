//! Tasks of `state` and `regime`: final rows, one record batch per pass over the dates.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use bars::{AsOf, Symbol};
use bars_io::Source;
use bars_io::atomic::TempFiles;
use stages::features::output::OutputShape;
use stages::features::table::{FeatureRow, to_table};
use stages::table::arrow::{schema, values};
use stages::table::{ColumnSpec, Values};

use super::{AsOfRange, Task, TaskResult};
use crate::error::{Error, Result};
use crate::observer::{Observer, Progress, Unit};
use crate::scratch_series::SpareSeries;
use crate::snapshots::{
    Cuts, PartitionWriter, SnapshotFiles, SnapshotStage, commit_partitions, compute, layout,
    present,
};

pub(super) fn run<S: SnapshotStage>(
    task: &Task,
    stage: &S,
    range: AsOfRange,
    source: &dyn Source,
    observer: &dyn Observer,
) -> Result<TaskResult> {
    let asofs = range.to_vec();
    let layout = layout(stage);
    let cuts = Cuts::new(&asofs, layout.columns().len(), task.symbols);
    let members = task.look_up(source)?;
    let symbols = present(&members);
    let progress =
        Progress::new(observer, S::NAME, Unit::Symbols, (symbols.len() * cuts.len()) as u64);
    let passes = cuts.passes(&asofs);
    let spare = SpareSeries::default();
    let batches = passes.iter().map(|dates| {
        let plan = stage.plan(dates.concat());
        let found = compute::<S>(&plan, source, &symbols, false, &spare, &progress)?;
        let rows: Vec<FeatureRow> = found.into_iter().flat_map(|symbol| symbol.rows).collect();
        to_table(&layout, &rows)
            .to_record_batch()
            .map_err(|e| Error::encode(format!("rows of {}", S::NAME), e))
    });
    let schema = schema(layout.columns().iter().map(|column| &column.spec));
    TaskResult::encode(task, &schema, batches, || source.findings(), || serde_json::Value::Null)
}

/// What [`merge`] wrote.
pub(super) struct MergedSnapshots {
    pub(super) rows: usize,
    pub(super) partitions: usize,
    pub(super) columns: usize,
    pub(super) asofs: Vec<AsOf>,
}

/// Writes the partitions of all results, with the row groups of a single run.
pub(super) fn merge<S: SnapshotStage>(
    results: &mut [TaskResult],
    stage: &S,
    range: AsOfRange,
    files: &SnapshotFiles,
    temp: &TempFiles,
    observer: &dyn Observer,
) -> Result<MergedSnapshots> {
    let asofs = range.to_vec();
    let layout = layout(stage);
    let specs: Vec<ColumnSpec> =
        layout.columns().iter().map(|column| column.spec.clone()).collect();
    let symbols = results.first().map_or(0, |result| result.task.symbols);
    let cuts = Cuts::new(&asofs, specs.len(), symbols);
    let shape = OutputShape::new(&layout, &files.columns)?;
    let mut writer = PartitionWriter::new(files, S::NAME, shape.columns(), temp)?;
    let mut rows = 0;
    for (pass, dates) in cuts.passes(&asofs).iter().enumerate() {
        let parts: Vec<Part> = results
            .iter_mut()
            .map(|result| Part::read(result, pass, &specs))
            .collect::<Result<_>>()?;
        // The part and rows of each symbol.
        let mut places: BTreeMap<usize, (usize, &[usize])> = BTreeMap::new();
        for (index, part) in parts.iter().enumerate() {
            places.extend(
                part.rows.iter().map(|(position, rows)| (*position, (index, rows.as_slice()))),
            );
        }
        let of_pass: usize = parts.iter().map(|part| part.asofs.len()).sum();
        rows += of_pass * shape.rows_per_row();
        let group = cuts.group(pass);
        let groups = symbols.div_ceil(group).max(1);
        for number in 0..groups {
            observer.check()?;
            let of_group =
                || places.range(number * group..(number + 1) * group).map(|(_, place)| *place);
            let values = |date: usize| {
                let midnight = dates[date][0].midnight();
                // Rows of this date, part by part, in the order of symbols.
                let chosen: Vec<(usize, Vec<usize>)> = of_group()
                    .map(|(part, rows)| {
                        let is_of_date =
                            |row: &&usize| parts[part].asofs[**row].midnight() == midnight;
                        (part, rows.iter().filter(is_of_date).copied().collect::<Vec<usize>>())
                    })
                    .filter(|(_, rows)| !rows.is_empty())
                    .collect();
                let (first_part, first_rows) = chosen.first()?;
                let column = |index: usize| {
                    let gather =
                        |part: usize, rows: &[usize]| parts[part].columns[index].gather(rows);
                    let mut values = gather(*first_part, first_rows);
                    chosen[1..].iter().for_each(|(part, rows)| values.extend(gather(*part, rows)));
                    values
                };
                Some(shape.values(column))
            };
            writer.write_group(pass, dates, number + 1 == groups, &values)?;
        }
    }
    let partitions = commit_partitions(writer, files, S::NAME, &asofs)?;
    Ok(MergedSnapshots { rows, partitions, columns: shape.columns().len(), asofs })
}

/// The rows of one task in one pass.
struct Part {
    columns: Vec<Values>,
    asofs: Vec<AsOf>,
    /// Rows by the position of their symbol.
    rows: BTreeMap<usize, Vec<usize>>,
}

impl Part {
    fn read(result: &mut TaskResult, pass: usize, specs: &[ColumnSpec]) -> Result<Part> {
        let batch = result.batch(pass)?;
        let name = result.name.clone();
        let columns = decode(&name, &batch, specs)?;
        let of = |name: &str| {
            specs.iter().position(|spec| spec.name == name).map(|index| &columns[index])
        };
        let (Some(Values::Text(symbols)), Some(Values::Time(asofs))) =
            (of("symbol"), of("timestamp_asof_utc"))
        else {
            return Err(Error::damaged(&name, "no symbol and as-of columns"));
        };
        let positions: BTreeMap<&Symbol, usize> =
            result.task.members.iter().map(|member| (&member.symbol, member.position)).collect();
        let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, symbol) in symbols.iter().enumerate() {
            let symbol: Option<Symbol> = symbol.as_deref().and_then(|symbol| symbol.parse().ok());
            let position = symbol.as_ref().and_then(|symbol| positions.get(symbol)).copied();
            let position = position.ok_or_else(|| {
                Error::damaged(&name, format!("row {row} has a symbol that the task does not have"))
            })?;
            rows.entry(position).or_default().push(row);
        }
        let asofs = asofs.clone();
        Ok(Part { columns, asofs, rows })
    }
}

/// The columns of a batch, which must be those of `specs`.
pub(super) fn decode(name: &str, batch: &RecordBatch, specs: &[ColumnSpec]) -> Result<Vec<Values>> {
    if batch.num_columns() != specs.len() {
        let (have, expected) = (batch.num_columns(), specs.len());
        return Err(Error::damaged(name, format!("{have} columns, expected {expected}")));
    }
    let column = |(index, spec): (usize, &ColumnSpec)| {
        if batch.schema_ref().field(index).name() != &spec.name {
            let have = batch.schema_ref().field(index).name().clone();
            return Err(Error::damaged(name, format!("column {have:?}, expected {:?}", spec.name)));
        }
        values(batch.column(index), spec.dtype)
            .map_err(|e| Error::damaged(name, format!("{}: {e}", spec.name)))
    };
    specs.iter().enumerate().map(column).collect()
}
