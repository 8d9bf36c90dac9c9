//! Decoders of other crates. A damaged file can make them panic; here a panic becomes an error.

use std::fs::File;

use arrow_array::RecordBatch;
use bars::shortened;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;

pub use crate::decode_error::DecodeError;
use crate::page_limits::batch_rows;
use crate::panics::contain;
use crate::thrift::has_oversized_list;

/// Maximum number of characters of a panic's message.
const MAX_REASON: usize = 200;

/// Runs a step of a decoder. Its state must not be used again after an error.
///
/// # Errors
/// The decoder panics.
pub fn catch_panic<T>(step: impl FnOnce() -> T) -> Result<T, DecodeError> {
    contain(step).map_err(|reason| {
        let reason = shortened(&reason, MAX_REASON);
        DecodeError::Damaged(format!("the decoder failed: {reason}"))
    })
}

/// Checks what the parser of Parquet metadata relies on.
///
/// # Errors
/// The metadata is damaged, or cannot be read.
pub(crate) fn check_metadata(file: &File) -> Result<(), DecodeError> {
    match has_oversized_list(file) {
        Ok(false) => Ok(()),
        Ok(true) => Err(DecodeError::Damaged("a list is longer than the metadata".to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// An open Parquet file of any writer.
///
/// The Arrow schema that some writers embed is not used: the columns have their types without it,
/// and a damaged one would make the whole file unreadable.
///
/// A small file can state any number of rows and repeat long values in each. What it may take is
/// bounded by its size; see [`ParquetFile::columns`].
pub struct ParquetFile {
    builder: ParquetRecordBatchReaderBuilder<File>,
    /// To read page headers.
    file: File,
}

impl ParquetFile {
    /// Reads the metadata of `file`.
    ///
    /// # Errors
    /// The metadata is damaged.
    pub fn open(file: File) -> Result<ParquetFile, DecodeError> {
        check_metadata(&file)?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let shared = file.try_clone()?;
        let open = || ParquetRecordBatchReaderBuilder::try_new_with_options(shared, options);
        Ok(ParquetFile { builder: catch_panic(open)??, file })
    }

    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        self.builder.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The rows of the columns with these indices, batch by batch. A batch has its columns in the
    /// order of the file.
    ///
    /// # Errors
    /// The metadata or a page header is damaged. [`DecodeError::Unsupported`]: a column is compressed
    /// with Brotli or LZO. [`DecodeError::Limit`]: a column is nested or has a
    /// text of more than 64 KiB; there are more than 67,108,864 rows and more than 64 per byte of the
    /// file; or the largest pages take more than 512 MiB and more than 100 times the file's size.
    pub fn columns(self, indices: &[usize]) -> Result<Batches, DecodeError> {
        let ParquetFile { builder, file } = self;
        check_compression(builder.metadata(), indices)?;
        let rows = catch_panic(|| batch_rows(&file, builder.metadata(), indices))??;
        let build = || {
            let mask = ProjectionMask::roots(builder.parquet_schema(), indices.iter().copied());
            builder.with_projection(mask).with_batch_size(rows).build()
        };
        Ok(Batches(catch_panic(build)??))
    }
}

/// Checks that the columns have a compression that this build can read.
fn check_compression(metadata: &ParquetMetaData, indices: &[usize]) -> Result<(), DecodeError> {
    let schema = metadata.file_metadata().schema_descr();
    for group in metadata.row_groups() {
        for (leaf, column) in group.columns().iter().enumerate() {
            let name = match column.compression() {
                Compression::BROTLI(_) => "Brotli",
                Compression::LZO => "LZO",
                _ => continue,
            };
            if leaf < schema.num_columns() && indices.contains(&schema.get_column_root_idx(leaf)) {
                let reason = format!(
                    "compressed with {name}, which is not supported; write it with zstd, snappy, gzip or lz4"
                );
                return Err(DecodeError::Unsupported(reason));
            }
        }
    }
    Ok(())
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
