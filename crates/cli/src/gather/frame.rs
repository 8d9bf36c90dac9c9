//! A table of text and numbers, out of Parquet or CSV.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use bars::AsOf;
use bars_io::Error;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A table, all of it in memory.
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
    /// Reads a Parquet file, or a CSV file where its name ends so.
    pub fn read(path: &Path) -> anyhow::Result<Frame> {
        if path.extension().is_some_and(|end| end == "csv") { Frame::csv(path) } else { Frame::parquet(path) }
    }

    fn parquet(path: &Path) -> anyhow::Result<Frame> {
        let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
        let damaged = || format!("{} is no readable Parquet file; write it anew", path.display());
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).with_context(damaged)?;
        let names = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let batches =
            builder.build().with_context(damaged)?.collect::<Result<Vec<_>, _>>().with_context(damaged)?;
        Ok(Frame { path: path.to_owned(), names, body: Body::Parquet(batches) })
    }

    fn csv(path: &Path) -> anyhow::Result<Frame> {
        let damaged = || format!("{} is no readable CSV file; write it anew", path.display());
        let mut reader = csv::Reader::from_path(path).with_context(damaged)?;
        let names: Vec<String> = reader.headers().with_context(damaged)?.iter().map(str::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.records() {
            let record = record.with_context(damaged)?;
            columns.iter_mut().zip(&record).for_each(|(column, field)| column.push(field.to_owned()));
        }
        Ok(Frame { path: path.to_owned(), names, body: Body::Csv(columns) })
    }

    /// The names of its columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it has a column of that name.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    /// A column of text; what is missing is empty.
    pub fn text(&self, name: &str) -> anyhow::Result<Vec<String>> {
        match &self.body {
            Body::Csv(columns) => Ok(columns[self.place(name)?].clone()),
            Body::Parquet(_) => {
                let columns = self.columns(name, &DataType::Utf8)?;
                let text = |column: &ArrayRef| {
                    column
                        .as_string::<i32>()
                        .iter()
                        .map(|text| text.unwrap_or_default().to_owned())
                        .collect::<Vec<_>>()
                };
                Ok(columns.iter().flat_map(text).collect())
            }
        }
    }

    /// A column of numbers; what is missing is NaN, and so is what is none.
    pub fn numbers(&self, name: &str) -> anyhow::Result<Vec<f64>> {
        match &self.body {
            Body::Csv(columns) => {
                let column = &columns[self.place(name)?];
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
    pub fn times(&self, name: &str) -> anyhow::Result<Vec<Option<AsOf>>> {
        match &self.body {
            Body::Csv(columns) => {
                let time = |text: &String| text.parse::<bars::time::AsOfSpec>().ok()?.moment();
                Ok(columns[self.place(name)?].iter().map(time).collect())
            }
            Body::Parquet(_) => {
                let columns = self.columns(name, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                let times = |column: &ArrayRef| {
                    let column = column.as_primitive::<TimestampMicrosecondType>();
                    column.iter().map(|micros| micros.and_then(AsOf::from_epoch_micros)).collect::<Vec<_>>()
                };
                Ok(columns.iter().flat_map(times).collect())
            }
        }
    }

    fn place(&self, name: &str) -> anyhow::Result<usize> {
        let place = self.names.iter().position(|other| other == name);
        place.with_context(|| format!("{} has no column {name}; write it anew", self.path.display()))
    }

    fn columns(&self, name: &str, to: &DataType) -> anyhow::Result<Vec<ArrayRef>> {
        let place = self.place(name)?;
        let Body::Parquet(batches) = &self.body else {
            return Ok(Vec::new());
        };
        let column = |batch: &RecordBatch| cast(batch.column(place), to);
        let wrong =
            || format!("the column {name} of {} is of another type; write it anew", self.path.display());
        batches.iter().map(column).collect::<Result<_, _>>().with_context(wrong)
    }
}
