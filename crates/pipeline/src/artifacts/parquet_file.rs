//! Small tables as Parquet with the writer's defaults: snappy, dictionaries.

use std::path::Path;

use bars_io::Error;
use bars_io::atomic::{FinishedFile, TempFiles};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use stages::table::Table;

use super::CREATED_BY;

/// Writes `table`, ready to be committed to `path`; `metadata` is stored as key and value in the
/// file's footer.
///
/// # Errors
/// If it cannot be written.
pub fn write(
    path: &Path,
    table: &Table,
    metadata: &[(&str, String)],
    temp: &TempFiles,
) -> bars_io::Result<FinishedFile> {
    let error = |e| Error::writing_parquet(path, e);
    let batch = table.to_record_batch().map_err(|e| error(e.into()))?;
    let pairs: Vec<KeyValue> = metadata
        .iter()
        .map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone()))
        .collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(pairs).filter(|pairs| !pairs.is_empty()))
        .set_created_by(CREATED_BY.to_owned())
        .build();
    let file = temp.create(path)?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(error)?;
    writer.write(&batch).map_err(error)?;
    writer.into_inner().map_err(error)?.finish()
}
