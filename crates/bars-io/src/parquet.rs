//! Bars from Parquet files of any writer: columns by name, values by type.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_cast::cast;
use arrow_schema::DataType;
use bars::arrow::BatchRows;
use bars::rows::{BarColumn, ReadOptions, RowValidator};
use bars::time::StampReader;

use crate::decode::{DecodeError, ParquetFile};
use crate::error::{Error, Result};
use crate::header::{find_columns, find_symbol};

/// Reads the rows of a Parquet file. Prices and volume may be floats, decimals, integers or text;
/// times may be timestamps, dates, text or epoch numbers.
///
/// # Errors
/// The file is damaged, or a column is missing or has an unsupported type.
pub fn read(
    path: &Path,
    file: File,
    options: &ReadOptions,
    validator: &mut RowValidator<'_, Error>,
) -> Result<()> {
    let parquet = ParquetFile::open(file).map_err(|e| undecodable(path, e))?;
    let header = parquet.names();
    let columns = find_columns(path, &header, options, &mut |notice| validator.note(notice))?;
    let wanted: Vec<usize> =
        BarColumn::ALL.into_iter().filter_map(|column| columns.index(column)).collect();
    let mut stamps = StampReader::new(options.stamp_format.clone());
    let mut done = 0;
    for batch in parquet.columns(&wanted).map_err(|e| undecodable(path, e))? {
        let batch = batch.map_err(|e| undecodable(path, e))?;
        let batch = BatchRows::new(&batch, &header, &columns).map_err(|e| unreadable(path, &e))?;
        for i in 0..batch.len() {
            let row = batch.row(i, &mut stamps);
            validator.row(&row, |column| {
                let value = column.and_then(|column| batch.text(column, i)).unwrap_or_default();
                format!("{}, row {}{value}", path.display(), done + i + 1)
            })?;
        }
        done += batch.len();
    }
    Ok(())
}

/// Passes the symbol of each row to `take`.
///
/// # Errors
/// The file is damaged or has no such column.
pub fn symbols(path: &Path, file: File, take: &mut dyn FnMut(&str)) -> Result<()> {
    let parquet = ParquetFile::open(file).map_err(|e| undecodable(path, e))?;
    let symbol = find_symbol(path, &parquet.names())?;
    for batch in parquet.columns(&[symbol]).map_err(|e| undecodable(path, e))? {
        let batch = batch.map_err(|e| undecodable(path, e))?;
        let texts = cast(batch.column(0), &DataType::Utf8).map_err(|e| damaged(path, e))?;
        texts.as_string::<i32>().iter().flatten().for_each(&mut *take);
    }
    Ok(())
}

/// The error of a file that cannot be decoded.
pub(super) fn undecodable(path: &Path, error: DecodeError) -> Error {
    match error {
        DecodeError::Limit(reason) | DecodeError::Unsupported(reason) => {
            Error::content(path, reason)
        }
        error => damaged(path, error),
    }
}

pub(super) fn damaged(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::content(path, format!("not a valid Parquet file ({error}); write or download it again"))
}

/// The error of a missing column or one with an unsupported type.
fn unreadable(path: &Path, error: &bars::Error) -> Error {
    match error {
        bars::Error::ColumnType { wanted, .. } => {
            Error::content(path, format!("{error}; write it as {wanted}"))
        }
        other => Error::content(path, other.to_string()),
    }
}
