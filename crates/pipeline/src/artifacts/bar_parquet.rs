//! Bars as Parquet: the cohort files in their second format.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use bars::{AsOf, Series, Span, Symbol};
use bars_io::atomic::{FinishedFile, TempFiles};
use bars_io::{Error as IoError, Source};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::CREATED_BY;
use super::bar_csv::{BarFile, needs_trades};
use crate::error::{Error, Result};
use crate::observer::Observer;

/// Writes the bars within `span` to a file, ready to be committed: the rows and columns of
/// [`bar_csv`](super::bar_csv), with times as `Timestamp(us, UTC)` and a row group per symbol.
///
/// # Errors
/// The source cannot be read, the file cannot be written, or the observer cancels.
pub fn write(
    file: &BarFile<'_>,
    source: &dyn Source,
    span: Span,
    temp: &TempFiles,
    observer: &dyn Observer,
) -> Result<FinishedFile> {
    let schema = schema(needs_trades(file, source, span)?);
    let error = |e| IoError::writing_parquet(file.path, e);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(CREATED_BY.to_owned())
        .build();
    let created = temp.create(file.path)?;
    let mut writer =
        ArrowWriter::try_new(created, schema.clone(), Some(properties)).map_err(error)?;
    for symbol in file.symbols {
        observer.check()?;
        let series = source.bars(symbol, span)?;
        let batch = batch(symbol, &series, &schema).map_err(|e| Error::encode("bars", e))?;
        writer.write(&batch).and_then(|()| writer.flush()).map_err(error)?;
    }
    Ok(writer.into_inner().map_err(error)?.finish()?)
}

fn schema(has_trades: bool) -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields =
        vec![Field::new("symbol", DataType::Utf8, false), Field::new("timestamp", time, false)];
    let number = |name: &str| Field::new(name, DataType::Float64, false);
    fields.extend(["open", "high", "low", "close", "volume"].map(number));
    if has_trades {
        fields.push(Field::new("trades", DataType::Int64, true));
    }
    Arc::new(Schema::new(fields))
}

fn batch(symbol: &Symbol, series: &Series, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let times = series.time().iter().map(|&time| AsOf::start_of(time).epoch_micros());
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(repeat_n(symbol.as_str(), series.len()))),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
    ];
    for column in [series.open(), series.high(), series.low(), series.close(), series.volume()] {
        columns.push(Arc::new(Float64Array::from(column.to_vec())));
    }
    if schema.fields().len() > columns.len() {
        let count = |index: usize| series.trades().and_then(|trades| trades[index]).map(i64::from);
        columns.push(Arc::new((0..series.len()).map(count).collect::<Int64Array>()));
    }
    RecordBatch::try_new(schema.clone(), columns)
}
