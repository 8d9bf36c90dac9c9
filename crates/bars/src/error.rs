//! Errors of this crate. Messages name columns and values; callers add the file and the remedy.

use crate::finding::Finding;
use crate::time::minute::Minute;

/// The result of fallible functions in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why columns are not a valid series of bars, or a text cannot be parsed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Required columns are absent.
    #[error("no column \"{}\" (found: {found})", missing.join("\", \""))]
    MissingColumns {
        /// Names of the absent columns.
        missing: Vec<&'static str>,
        /// The columns that the input has.
        found: String,
    },
    /// The input has no column with a name that the options state.
    #[error("no column \"{name}\" for {column} (found: {found})")]
    UnknownColumn {
        /// The column of a bar.
        column: &'static str,
        /// The stated name.
        name: String,
        /// The columns that the input has.
        found: String,
    },
    /// A text is not a list of column names.
    #[error("{0}")]
    NotColumnNames(String),
    /// A text is not a format of timestamps.
    #[error("invalid format \"{format}\": {reason}; expected directives such as %d/%m/%Y %H:%M")]
    NotAStampFormat {
        /// The text.
        format: String,
        /// What is wrong with it.
        reason: String,
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
        "row {row}: timestamp {time} is not after the previous one; sort by time and drop duplicates"
    )]
    Unsorted {
        /// Index of the first such row, from 0.
        row: usize,
        /// Its time.
        time: Minute,
    },
    /// A row is not a bar.
    #[error("row {row}: {finding}")]
    NotABar {
        /// Index of the first invalid row, from 0.
        row: usize,
        /// What is wrong with it.
        finding: Finding,
    },
    /// A text is not a symbol.
    #[error("invalid symbol \"{0}\": expected 1 to 64 bytes without control characters")]
    NotASymbol(String),
    /// A text is not a number with a unit, or the window is too long.
    #[error(
        "invalid window \"{0}\": expected a whole number and a unit, such as 90m, 4h or 3d (1m to 3660d)"
    )]
    NotAWindow(String),
    /// A window ends with a capital M.
    #[error(
        "ambiguous window \"{0}\": M could mean minutes or months; write 1m for minutes or 30d for a month"
    )]
    MonthsOrMinutes(String),
    /// A list names the same length twice.
    #[error("duplicate window \"{0}\"")]
    RepeatedWindow(String),
    /// A text is neither a timestamp nor a date.
    #[error("invalid time \"{0}\": expected latest, 2024-05-18 or 2024-05-18T12:00:00Z")]
    NotAnAsOf(String),
    /// An as-of is in a year without bars.
    #[error("time \"{text}\" is out of range: expected a year from {first} to {last}")]
    AsOfOutOfRange {
        /// The as-of.
        text: String,
        /// The first valid year.
        first: i16,
        /// The last valid year.
        last: i16,
    },
}
