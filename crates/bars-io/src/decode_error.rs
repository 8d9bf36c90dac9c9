//! Why a file cannot be decoded.

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;

/// Why a file cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file is damaged: the decoder's message.
    #[error("{0}")]
    Damaged(String),
    /// The compression is not supported: the reason and the remedy.
    #[error("{0}")]
    Unsupported(String),
    /// Decoding would take far more memory or time than a file of this size justifies: the reason
    /// and the remedy.
    #[error("{0}")]
    Limit(String),
}

impl From<ParquetError> for DecodeError {
    fn from(error: ParquetError) -> DecodeError {
        DecodeError::Damaged(error.to_string())
    }
}

impl From<ArrowError> for DecodeError {
    fn from(error: ArrowError) -> DecodeError {
        DecodeError::Damaged(error.to_string())
    }
}

impl From<std::io::Error> for DecodeError {
    fn from(error: std::io::Error) -> DecodeError {
        DecodeError::Damaged(error.to_string())
    }
}
