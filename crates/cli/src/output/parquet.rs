//! Tables as Parquet: plain types, snappy, readable everywhere.

use crate::interrupt::temp_files;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use bars::Minute;
use bars_io::Error;
use bars_io::atomic::FinishedFile;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

/// A column of text.
pub fn text(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// A column of times, UTC.
pub fn times(values: impl Iterator<Item = Minute>) -> ArrayRef {
    let micros: Vec<i64> = values.map(Minute::epoch_micros).collect();
    Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
}

/// A column of numbers; one that is not finite is written as missing.
pub fn numbers(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter(values.map(|value| value.is_finite().then_some(value))))
}

/// A column of whole numbers.
pub fn integers(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(Int64Array::from_iter(values))
}

/// Writes `columns` as a file, ready to be put at `place`.
pub fn write(place: &Path, columns: Vec<(&str, ArrayRef)>) -> bars_io::Result<FinishedFile> {
    write_with(place, columns, Vec::new())
}

/// The same with texts beside the table, by key, in the file's metadata.
pub fn write_with(
    place: &Path,
    columns: Vec<(&str, ArrayRef)>,
    metadata: Vec<KeyValue>,
) -> bars_io::Result<FinishedFile> {
    let error = |e| Error::writing_parquet(place, e);
    let nullable = columns.into_iter().map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(nullable).map_err(|e| error(e.into()))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(metadata).filter(|texts| !texts.is_empty()))
        .set_created_by(concat!("data_pipeline ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let file = temp_files().create(place)?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(error)?;
    writer.write(&batch).map_err(error)?;
    writer.into_inner().map_err(error)?.finish()
}
