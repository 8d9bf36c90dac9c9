//! Maps the header of a file to bar columns; errors name the file.

use std::path::Path;

use bars::rows::{BarColumn, BarColumns, ReadOptions, header_excerpt};

use crate::error::{Error, Result};

/// Finds the columns of a bar in `header`. Adds a notice for each column with more than one
/// candidate.
///
/// # Errors
/// Columns are missing; the message lists those that the file has.
pub(crate) fn find_columns(
    path: &Path,
    header: &[String],
    options: &ReadOptions,
    note: &mut dyn FnMut(String),
) -> Result<BarColumns> {
    for column in BarColumn::ALL.into_iter().filter(|c| options.columns.get(*c).is_none()) {
        if let Some(choice) = column.ambiguity(header) {
            note(format!("{}: {choice}", path.display()));
        }
    }
    BarColumns::find(header, options).map_err(|error| match error {
        bars::Error::MissingColumns { ref missing, .. } if *missing == ["symbol"] => {
            Error::content(path, format!("{error}; add the column, or name its symbol"))
        }
        lacking @ bars::Error::MissingColumns { .. } => {
            Error::LacksColumns { path: path.to_owned(), lacking }
        }
        bars::Error::UnknownColumn { .. } => {
            Error::content(path, format!("{error}; correct the stated name"))
        }
        error => Error::content(path, error.to_string()),
    })
}

/// Returns the index of the symbol column.
///
/// # Errors
/// There is none; the message lists the columns that the file has.
pub(crate) fn find_symbol(path: &Path, header: &[String]) -> Result<usize> {
    let error = || {
        let found = header_excerpt(header);
        Error::content(path, format!("no column \"symbol\" (found: {found})"))
    };
    BarColumn::Symbol.find(header).ok_or_else(error)
}
