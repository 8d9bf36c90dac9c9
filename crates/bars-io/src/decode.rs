//! Decoders of other crates. A damaged file can make them panic; here a panic becomes an error.

use std::fs::File;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use bars::shortened;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;

use crate::panics::contain;
use crate::thrift::has_oversized_list;

/// Rows per record batch.
const BATCH_ROWS: usize = 8192;

/// Maximum number of characters of a panic's message.
const MAX_REASON: usize = 200;

/// Why a file cannot be decoded: the decoder's message.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

impl From<ParquetError> for DecodeError {
    fn from(error: ParquetError) -> DecodeError {
        DecodeError(error.to_string())
    }
}

impl From<ArrowError> for DecodeError {
    fn from(error: ArrowError) -> DecodeError {
        DecodeError(error.to_string())
    }
}

/// Runs a step of a decoder. Its state must not be used again after an error.
///
/// # Errors
/// The decoder panics.
pub fn catch_panic<T>(step: impl FnOnce() -> T) -> Result<T, DecodeError> {
    contain(step).map_err(|reason| {
        DecodeError(format!("the decoder failed: {}", shortened(&reason, MAX_REASON)))
    })
}

/// Checks what the parser of Parquet metadata relies on.
///
/// # Errors
/// The metadata is damaged, or cannot be read.
pub(crate) fn check_metadata(file: &File) -> Result<(), DecodeError> {
    match has_oversized_list(file) {
        Ok(false) => Ok(()),
        Ok(true) => Err(DecodeError("a list is longer than the metadata".to_owned())),
        Err(error) => Err(DecodeError(error.to_string())),
    }
}

/// An open Parquet file of any writer.
///
/// The Arrow schema that some writers embed is not used: the columns have their types without it,
/// and a damaged one would make the whole file unreadable.
pub struct ParquetFile(ParquetRecordBatchReaderBuilder<File>);

impl ParquetFile {
    /// Reads the metadata of `file`.
    ///
    /// # Errors
    /// The metadata is damaged.
    pub fn open(file: File) -> Result<ParquetFile, DecodeError> {
        check_metadata(&file)?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let open = || ParquetRecordBatchReaderBuilder::try_new_with_options(file, options);
        Ok(ParquetFile(catch_panic(open)??))
    }

    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        self.0.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The rows of the columns with these indices, batch by batch. A batch has its columns in the
    /// order of the file.
    ///
    /// # Errors
    /// The metadata is damaged.
    pub fn columns(self, indices: &[usize]) -> Result<Batches, DecodeError> {
        let indices = indices.iter().copied();
        let build = || {
            let mask = ProjectionMask::roots(self.0.parquet_schema(), indices);
            self.0.with_projection(mask).with_batch_size(BATCH_ROWS).build()
        };
        Ok(Batches(catch_panic(build)??))
    }
}

/// The rows of a Parquet file; see [`ParquetFile::columns`].
pub struct Batches(ParquetRecordBatchReader);

impl Iterator for Batches {
    type Item = Result<RecordBatch, DecodeError>;

    fn next(&mut self) -> Option<Result<RecordBatch, DecodeError>> {
        match catch_panic(|| self.0.next()) {
            Ok(batch) => batch.map(|batch| Ok(batch?)),
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_errors() {
        let error = catch_panic(|| {
            let empty: &[u8] = &[];
            empty[std::hint::black_box(3)]
        })
        .unwrap_err();
        let expected = "the decoder failed: index out of bounds";
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(catch_panic(|| 7).ok(), Some(7));
    }
}
