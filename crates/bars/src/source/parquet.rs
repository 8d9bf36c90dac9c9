//! Bars from a Parquet file of any writer: columns by name, types as they come.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{Error, Result};
use crate::source::rows::{Column, Intake, Layout, ReadOptions, Row, trades_from};
use crate::time::{Stamp, StampReader};

const BATCH_ROWS: usize = 8192;

/// Reads the rows of a Parquet file. Prices and volume may be floats, decimals, integers or text; times may be
/// timestamps, dates, text or epoch numbers.
///
/// # Errors
/// Where the file is damaged, lacks a column, or a column has a type that cannot be read so.
pub fn read(path: &Path, file: File, options: &ReadOptions, mut intake: Intake<'_>) -> Result<()> {
    let damaged = |e| damaged(path, e);
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| damaged(e.to_string()))?;
    let header: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let layout = Layout::find(path, &header, options)?;
    let wanted: Vec<usize> = Column::ALL.into_iter().filter_map(|column| layout.place(column)).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|e| damaged(e.to_string()))?;
    let mut stamps = StampReader::default();
    let mut done = 0;
    for batch in reader {
        let batch = batch.map_err(|e| damaged(e.to_string()))?;
        let batch = Batch::of(path, &batch, &header, &layout)?;
        for i in 0..batch.rows {
            let row = batch.row(i, &mut stamps);
            intake.row(&row, || format!("{}, row {}", path.display(), done + i + 1))?;
        }
        done += batch.rows;
    }
    Ok(())
}

/// Hands the text of the column of symbols of each row to `take`.
///
/// # Errors
/// Where the file is damaged or has no such column.
pub fn symbols(path: &Path, file: File, take: &mut dyn FnMut(&str)) -> Result<()> {
    let damaged = |e| damaged(path, e);
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| damaged(e.to_string()))?;
    let header: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), [Column::find_symbol(path, &header)?]);
    for batch in builder.with_projection(mask).build().map_err(|e| damaged(e.to_string()))? {
        let batch = batch.map_err(|e| damaged(e.to_string()))?;
        let texts = cast(batch.column(0), &DataType::Utf8).map_err(|e| damaged(e.to_string()))?;
        texts.as_string::<i32>().iter().flatten().for_each(&mut *take);
    }
    Ok(())
}

pub(super) fn damaged(path: &Path, error: String) -> Error {
    Error::content(path, format!("not readable as Parquet ({error}); write or fetch it again"))
}

/// A batch's columns, cast to what a row is made of.
struct Batch {
    rows: usize,
    symbol: Option<ArrayRef>,
    time: Times,
    numbers: [ArrayRef; 5],
    trades: Option<ArrayRef>,
}

/// A time column: nanoseconds, or something to be read value by value.
enum Times {
    Nanos(ArrayRef, bool),
    Text(ArrayRef),
}

impl Batch {
    fn of(path: &Path, batch: &RecordBatch, header: &[String], layout: &Layout) -> Result<Batch> {
        let column =
            |column: Column| layout.place(column).and_then(|place| batch.column_by_name(&header[place]));
        let as_type = |name: Column, to: &DataType| {
            let array =
                column(name).ok_or_else(|| Error::content(path, format!("no column {}", name.names()[0])))?;
            cast(array, to).map_err(|_| {
                let (have, name) = (array.data_type(), name.names()[0]);
                Error::content(
                    path,
                    format!(
                        "the column {name} is of type {have}, which cannot be read as {to}; write it as {to}"
                    ),
                )
            })
        };
        let number = |name| as_type(name, &DataType::Float64);
        let optional = |name, to| column(name).map(|_| as_type(name, to)).transpose();
        let time = match column(Column::Timestamp).map(|array| array.data_type().clone()) {
            Some(DataType::Timestamp(_, zone)) => {
                let nanos =
                    as_type(Column::Timestamp, &DataType::Timestamp(TimeUnit::Nanosecond, zone.clone()))?;
                Times::Nanos(nanos, zone.is_some())
            }
            Some(DataType::Date32 | DataType::Date64) => Times::Nanos(
                as_type(Column::Timestamp, &DataType::Timestamp(TimeUnit::Nanosecond, None))?,
                false,
            ),
            _ => Times::Text(as_type(Column::Timestamp, &DataType::Utf8)?),
        };
        Ok(Batch {
            rows: batch.num_rows(),
            symbol: optional(Column::Symbol, &DataType::Utf8)?,
            time,
            numbers: [
                number(Column::Open)?,
                number(Column::High)?,
                number(Column::Low)?,
                number(Column::Close)?,
                number(Column::Volume)?,
            ],
            trades: optional(Column::Trades, &DataType::Float64)?,
        })
    }

    fn row(&self, i: usize, stamps: &mut StampReader) -> Row<'_> {
        let stamp = match &self.time {
            Times::Nanos(array, zoned) => {
                let array = array.as_primitive::<TimestampNanosecondType>();
                array.is_valid(i).then(|| Stamp { nanos: array.value(i).into(), offset: Some(*zoned) })
            }
            Times::Text(array) => {
                let array = array.as_string::<i32>();
                array.is_valid(i).then(|| stamps.read(array.value(i))).flatten()
            }
        };
        let number = |array: &ArrayRef| {
            let array = array.as_primitive::<Float64Type>();
            if array.is_valid(i) { array.value(i) } else { f64::NAN }
        };
        Row {
            symbol: self.symbol.as_ref().map(|array| {
                let array = array.as_string::<i32>();
                if array.is_valid(i) { array.value(i) } else { "" }
            }),
            stamp,
            numbers: [0, 1, 2, 3, 4].map(|k| number(&self.numbers[k])),
            trades: match self.trades.as_ref().map(|array| array.as_primitive::<Float64Type>()) {
                // A float column has NaN where pandas had no number.
                Some(array) if array.is_valid(i) && !array.value(i).is_nan() => trades_from(array.value(i)),
                _ => Ok(None),
            },
        }
    }
}
