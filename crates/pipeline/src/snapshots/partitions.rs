//! The files of snapshots: a folder per date with a table and its schema sidecar.

use std::path::{Path, PathBuf};

use bars::AsOf;
use bars_io::atomic::{FinishedFile, TempFiles};
use rayon::prelude::*;
use serde::Serialize;
use stages::features::output::OutputOptions;
use stages::table::{ColumnSpec, Values};

use crate::artifacts::partition;
use crate::artifacts::table_file::{Compression, FileColumns, Format, TableWriter, schema_json};
use crate::error::{Error, Result};
use crate::panel::dates;

/// Output options of snapshots.
#[derive(Debug, Clone, Serialize)]
pub struct SnapshotFiles {
    /// The folder of the partitions.
    pub out: PathBuf,
    /// Parquet or CSV.
    pub format: Format,
    /// Compression of Parquet.
    pub compression: Compression,
    /// The version in the schema sidecar.
    pub schema_version: String,
    /// The choice of columns, wide or long.
    #[serde(skip_serializing_if = "OutputOptions::is_default")]
    pub columns: OutputOptions,
    /// Whether texts in CSV are written so that a spreadsheet does not evaluate them, see
    /// [`spreadsheet_safe`](crate::artifacts::csv_text::spreadsheet_safe).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub csv_safe: bool,
}

impl SnapshotFiles {
    /// The table of the date of `asof`; `stage` is `state`, `regime` or `leaderboards`.
    pub fn table(&self, stage: &str, asof: AsOf) -> PathBuf {
        table_path(&self.out, stage, asof, self.format)
    }

    /// Removes tables of these dates that an earlier run wrote in the other format: one partition
    /// has one table.
    pub(super) fn remove_other_format(&self, stage: &str, asofs: &[AsOf]) -> bars_io::Result<()> {
        for date in dates(asofs) {
            let path = table_path(&self.out, stage, date[0], self.format.other());
            if path.exists() {
                std::fs::remove_file(&path).map_err(|e| bars_io::Error::io("remove", &path, e))?;
            }
        }
        Ok(())
    }

    /// Removes sidecars with the name used before version 0.2, which readers of a folder took for
    /// data.
    pub(super) fn remove_old_schema(&self, stage: &str, asofs: &[AsOf]) -> bars_io::Result<()> {
        for date in dates(asofs) {
            let path = partition(&self.out, date[0]).join(format!("{stage}_snapshot.schema.json"));
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(bars_io::Error::io("remove", &path, e));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The table of a date: `dt=YYYY-MM-DD/<stage>_snapshot.<extension>`.
pub fn table_path(out: &Path, stage: &str, asof: AsOf, format: Format) -> PathBuf {
    partition(out, asof).join(table_name(stage, format))
}

/// The name of a table in its partition.
pub(crate) fn table_name(stage: &str, format: Format) -> String {
    format!("{stage}_snapshot.{}", format.extension())
}

/// The schema sidecar in a partition. pandas, DuckDB, pyarrow and Spark skip files if their name
/// begins with an underscore when they read a folder; polars does with `hidden_file_prefix="_"`.
pub fn schema_path(partition: &Path, stage: &str) -> PathBuf {
    partition.join(format!("_{stage}_snapshot.schema.json"))
}

/// Writes the tables of the dates, one pass after the other; each stays a temporary file until all
/// are complete.
pub(crate) struct PartitionWriter<'a> {
    files: &'a SnapshotFiles,
    stage: &'static str,
    columns: FileColumns,
    schema: Vec<u8>,
    temp: &'a TempFiles,
    /// The pass with open tables, and the table of each of its dates.
    open: Option<(usize, Vec<TableWriter>)>,
    finished: Vec<FinishedFile>,
}

impl<'a> PartitionWriter<'a> {
    pub(crate) fn new(
        files: &'a SnapshotFiles,
        stage: &'static str,
        columns: &[ColumnSpec],
        temp: &'a TempFiles,
    ) -> Result<PartitionWriter<'a>> {
        let schema = schema_json(columns, &files.schema_version)
            .map_err(|e| Error::encode("the schema", e))?;
        let columns = FileColumns::new(columns);
        Ok(PartitionWriter {
            files,
            stage,
            columns,
            schema,
            temp,
            open: None,
            finished: Vec::new(),
        })
    }

    /// Appends a row group to the table of each date of a pass: `values(d)` gives the values of the
    /// columns of date `d`, `None` if it has no rows in this group. It is called for one date per
    /// thread at a time.
    pub(crate) fn write_group(
        &mut self,
        pass: usize,
        dates: &[&[AsOf]],
        is_last: bool,
        values: &(dyn Fn(usize) -> Option<Vec<Values>> + Sync),
    ) -> Result<()> {
        let mut tables = match self.open.take() {
            Some((open, tables)) if open == pass => tables,
            _ => {
                let create = |date: &&[AsOf]| {
                    let path = self.files.table(self.stage, date[0]);
                    let SnapshotFiles { format, compression, csv_safe, .. } = *self.files;
                    TableWriter::create(&path, format, compression, &self.columns, self.temp)
                        .map(|table| table.csv_safe(csv_safe))
                };
                dates.par_iter().map(create).collect::<bars_io::Result<Vec<_>>>()?
            }
        };
        let write = |(date, table): (usize, &mut TableWriter)| match values(date) {
            Some(values) => table.write(values).and_then(|()| table.end_group()),
            None => Ok(()),
        };
        tables.par_iter_mut().enumerate().map(write).collect::<bars_io::Result<()>>()?;
        if !is_last {
            self.open = Some((pass, tables));
            return Ok(());
        }
        let finish = |(table, date): (TableWriter, &&[AsOf])| {
            let schema = schema_path(&partition(&self.files.out, date[0]), self.stage);
            Ok([table.finish()?, self.temp.write_temp(&schema, &self.schema)?])
        };
        let finished: bars_io::Result<Vec<_>> =
            tables.into_par_iter().zip(dates).map(finish).collect();
        self.finished.extend(finished?.into_iter().flatten());
        Ok(())
    }

    /// All files, complete but not yet committed.
    pub(crate) fn finish(self) -> Vec<FinishedFile> {
        self.finished
    }
}
