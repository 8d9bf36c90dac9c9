//! Headers of files: which column is which, and errors that name the file.

use std::path::Path;

use bars::rows::{BarColumn, BarColumns, ReadOptions, header_excerpt};

use crate::error::{Error, Result};

/// The columns of a bar in `header`. Notes each column that more than one name could stand for.
///
/// # Errors
/// Names the missing columns and those that the file has.
pub(crate) fn find_columns(
    path: &Path,
    header: &[String],
    options: &ReadOptions,
    note: &mut dyn FnMut(String),
) -> Result<BarColumns> {
    for column in BarColumn::ALL {
        if let Some(choice) = column.ambiguity(header) {
            note(format!("{}: {choice}", path.display()));
        }
    }
    BarColumns::find(header, options).map_err(|error| match error {
        bars::Error::MissingColumns { missing, found } => {
            let hint = if missing == ["symbol"] { "; or name its symbol" } else { "" };
            let reason = format!(
                "no column {}; it has {found}. Rename or add what is missing{hint}",
                missing.join(", ")
            );
            Error::content(path, reason)
        }
        other => Error::content(path, other.to_string()),
    })
}

/// The index of the symbol column.
///
/// # Errors
/// Names the columns that the file has.
pub(crate) fn find_symbol(path: &Path, header: &[String]) -> Result<usize> {
    let error = || {
        let found = header_excerpt(header);
        Error::content(
            path,
            format!("no column symbol; it has {found}. Rename the one that holds the symbols"),
        )
    };
    BarColumn::Symbol.find(header).ok_or_else(error)
}
