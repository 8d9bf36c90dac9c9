//! Reads tables of text and numbers from Parquet or CSV: the reader of every table that the program
//! writes.

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use bars::AsOf;
use bars_io::decode::ParquetFile;
use bars_io::regular;

use super::unexpected;
use crate::error::Result;

/// Memory that the table of any file may take.
const FREE_BYTES: usize = 512 << 20;

/// Times its size that the table of a larger file may take.
const MAX_RATIO: usize = 100;

/// Memory of a cell in the columns that are taken from a table, without its text.
const CELL_BYTES: usize = 24;

/// A table in memory.
#[derive(Debug)]
pub struct Frame {
    path: PathBuf,
    names: Vec<String>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Parquet(Vec<RecordBatch>),
    /// Column by column.
    Csv(Vec<Vec<String>>),
}

impl Frame {
    /// Reads a CSV file if its extension is `csv`, else a Parquet file.
    ///
    /// # Errors
    /// If it is missing or damaged, or if the table of a Parquet file would take more than 512 MiB and
    /// more than 100 times the size of the file.
    pub fn read(path: &Path) -> Result<Frame> {
        if path.extension().is_some_and(|end| end == "csv") {
            Frame::csv(path)
        } else {
            Frame::parquet(path)
        }
    }

    fn parquet(path: &Path) -> Result<Frame> {
        if path.is_dir() {
            return Err(unexpected(path, "it is a folder, not a Parquet file"));
        }
        let file = regular::open(path)?;
        let size = file.metadata().map_err(|e| bars_io::Error::io("read", path, e))?.len();
        let max = usize::try_from(size).unwrap_or(usize::MAX).saturating_mul(MAX_RATIO);
        let file = ParquetFile::open(file).map_err(|e| unexpected(path, e))?;
        let names = file.names();
        let all: Vec<usize> = (0..names.len()).collect();
        let (mut batches, mut bytes) = (Vec::new(), 0);
        for batch in file.columns(&all).map_err(|e| unexpected(path, e))? {
            let batch = batch.map_err(|e| unexpected(path, e))?;
            bytes += batch.get_array_memory_size() + CELL_BYTES * batch.num_rows() * names.len();
            if bytes > max.max(FREE_BYTES) {
                let reason = format!(
                    "its table takes more than {MAX_RATIO} times the size of the file; write it again"
                );
                return Err(unexpected(path, reason));
            }
            batches.push(batch);
        }
        Ok(Frame { path: path.to_owned(), names, body: Body::Parquet(batches) })
    }

    fn csv(path: &Path) -> Result<Frame> {
        let mut reader = csv::Reader::from_reader(regular::open(path)?);
        let headers = reader.headers().map_err(|e| unexpected(path, e))?;
        let names: Vec<String> = headers.iter().map(str::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.records() {
            let record = record.map_err(|e| unexpected(path, e))?;
            columns
                .iter_mut()
                .zip(&record)
                .for_each(|(column, field)| column.push(field.to_owned()));
        }
        Ok(Frame { path: path.to_owned(), names, body: Body::Csv(columns) })
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether there is a column `name`.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    /// A column of text; empty if missing.
    ///
    /// # Errors
    /// If there is no such column of text.
    pub fn text(&self, name: &str) -> Result<Vec<String>> {
        Ok(self.optional_text(name)?.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of text; in CSV files an empty field is missing.
    ///
    /// # Errors
    /// If there is no such column of text.
    pub fn optional_text(&self, name: &str) -> Result<Vec<Option<String>>> {
        match &self.body {
            Body::Csv(columns) => {
                let column = &columns[self.index(name)?];
                Ok(column
                    .iter()
                    .map(|text| Some(text.clone()).filter(|text| !text.is_empty()))
                    .collect())
            }
            Body::Parquet(_) => {
                let columns = self.columns(name, &DataType::Utf8)?;
                let text = |column: &ArrayRef| {
                    column
                        .as_string::<i32>()
                        .iter()
                        .map(|text| text.map(str::to_owned))
                        .collect::<Vec<_>>()
                };
                Ok(columns.iter().flat_map(text).collect())
            }
        }
    }

    /// A column of numbers, flags as 0 and 1; NaN if missing or not a number.
    ///
    /// # Errors
    /// If there is no such column of numbers.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        match &self.body {
            Body::Csv(columns) => {
                let column = &columns[self.index(name)?];
                let number = |text: &String| match text.as_str() {
                    "true" => 1.0,
                    "false" => 0.0,
                    text => text.parse().unwrap_or(f64::NAN),
                };
                Ok(column.iter().map(number).collect())
            }
            Body::Parquet(_) => {
                let columns = self.columns(name, &DataType::Float64)?;
                let number = |column: &ArrayRef| {
                    let column = column.as_primitive::<Float64Type>();
                    column.iter().map(|number| number.unwrap_or(f64::NAN)).collect::<Vec<_>>()
                };
                Ok(columns.iter().flat_map(number).collect())
            }
        }
    }

    /// A column of times.
    ///
    /// # Errors
    /// If there is no such column of times.
    pub fn times(&self, name: &str) -> Result<Vec<Option<AsOf>>> {
        match &self.body {
            Body::Csv(columns) => {
                let time = |text: &String| text.parse::<bars::time::AsOfSpec>().ok()?.moment();
                Ok(columns[self.index(name)?].iter().map(time).collect())
            }
            Body::Parquet(_) => {
                let columns =
                    self.columns(name, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                let times = |column: &ArrayRef| {
                    let column = column.as_primitive::<TimestampMicrosecondType>();
                    column
                        .iter()
                        .map(|micros| micros.and_then(AsOf::from_epoch_micros))
                        .collect::<Vec<_>>()
                };
                Ok(columns.iter().flat_map(times).collect())
            }
        }
    }

    fn index(&self, name: &str) -> Result<usize> {
        let index = self.names.iter().position(|other| other == name);
        index.ok_or_else(|| {
            let mut found = self.names.join(", ");
            if let Some((end, _)) = found.char_indices().nth(200) {
                found.truncate(end);
                found.push_str("...");
            }
            unexpected(&self.path, format!("no column \"{name}\" (found: {found})"))
        })
    }

    fn columns(&self, name: &str, to: &DataType) -> Result<Vec<ArrayRef>> {
        let index = self.index(name)?;
        let Body::Parquet(batches) = &self.body else {
            return Ok(Vec::new());
        };
        let column = |batch: &RecordBatch| cast(batch.column(index), to);
        let wrong = |e| unexpected(&self.path, format!("column \"{name}\" has another type: {e}"));
        batches.iter().map(column).collect::<Result<_, _>>().map_err(wrong)
    }
}
