//! Errors of this crate. Messages name columns and values; callers add the file and the remedy.

use crate::finding::Finding;
use crate::time::Minute;

/// The result of fallible functions in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why columns are not a valid series of bars.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Required columns are absent.
    #[error("no column {} (found: {found})", missing.join(", "))]
    MissingColumns {
        /// Names of the absent columns.
        missing: Vec<&'static str>,
        /// The columns that the input has.
        found: String,
    },
    /// A column has a type from which its values cannot be read.
    #[error("column \"{column}\" has type {have}, which cannot be read as {wanted}")]
    ColumnType {
        /// The column.
        column: String,
        /// Its type.
        have: String,
        /// The type that was needed.
        wanted: String,
    },
    /// Columns of one series differ in length.
    #[error("column \"{column}\" has {len} values, but timestamp has {rows}")]
    ColumnLength {
        /// The column.
        column: &'static str,
        /// Its length.
        len: usize,
        /// The number of timestamps.
        rows: usize,
    },
    /// Times do not strictly ascend.
    #[error(
        "row {row}: timestamp {time} does not follow the one before it; sort by time and drop duplicates"
    )]
    Unsorted {
        /// The first such row, counted from 0.
        row: usize,
        /// Its time.
        time: Minute,
    },
    /// A row is not a bar.
    #[error("row {row}: {finding}")]
    NotABar {
        /// The first such row, counted from 0.
        row: usize,
        /// What is wrong with it.
        finding: Finding,
    },
}
