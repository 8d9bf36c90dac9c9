//! Errors of this crate. Messages name columns and values; callers add the file and the remedy.

use crate::finding::Finding;
use crate::time::Minute;

/// The result of fallible functions in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why columns are not a valid series of bars, or a text cannot be parsed.
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
    /// A text is not a symbol.
    #[error("'{0}' is not a symbol; it must hold 1 to 64 bytes and no control characters")]
    NotASymbol(String),
    /// A text is not a number and a unit, or too long.
    #[error(
        "'{0}' is not a window; write a whole number and a unit, as in 90m, 4h or 3d (at most 3660d)"
    )]
    NotAWindow(String),
    /// A list has the same length twice.
    #[error("the window '{0}' is named twice; name each length once")]
    RepeatedWindow(String),
    /// A text is neither a time nor a date.
    #[error("'{0}' is neither a time nor a date; write latest, 2024-05-18 or 2024-05-18T12:00:00Z")]
    NotAnAsOf(String),
    /// An as-of lies in a year without bars.
    #[error("'{text}' is out of range; the years {first} to {last} can be asked for")]
    AsOfOutOfRange {
        /// The as-of.
        text: String,
        /// The first valid year.
        first: i16,
        /// The last valid year.
        last: i16,
    },
}
