//! Errors of this crate. Messages name the input.

use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

use crate::foreign::ForeignFormat;

/// The result of anything in this crate that reads or writes.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why bars cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}{}", path.display(), remedy(source))]
    Io {
        /// The failed action, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Some of several outputs that belong together were replaced, and a rename then failed.
    #[error("{cause}; the new files are complete: run the command again to replace the rest")]
    Unfinished {
        /// What failed, with the file.
        cause: String,
    },
    /// An input path does not exist.
    #[error("cannot read {}: no such file or folder{}", path.display(), did_you_mean(near))]
    Missing {
        /// The path as given.
        path: PathBuf,
        /// Similar names in the same folder.
        near: Vec<String>,
    },
    /// An input is an address of the web.
    #[error("{shown}: URLs cannot be read; download the file first")]
    Url {
        /// The address, or its scheme if it may contain a password.
        shown: String,
    },
    /// A file has a format that is not read.
    #[error("{}: not a CSV or Parquet file ({format}); {}", path.display(), format.remedy())]
    ForeignFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: ForeignFormat,
    },
    /// The header of a CSV file can be split at several delimiters.
    #[error("{}: ambiguous delimiter, {}; state the delimiter", path.display(), quoted(candidates))]
    AmbiguousDelimiter {
        /// The file.
        path: PathBuf,
        /// The delimiters that give equally many known columns.
        candidates: Vec<char>,
    },
    /// The numbers of a CSV file can be read with a decimal point or a decimal comma.
    #[error("{}: ambiguous decimal mark, {values}; state the decimal mark", path.display())]
    AmbiguousDecimal {
        /// The file.
        path: PathBuf,
        /// The values with their lines and columns.
        values: String,
    },
    /// The bars of a file are longer than a minute.
    #[error(
        "{}: bars of {}, not of one minute; import one-minute bars, or allow longer bars",
        path.display(),
        minutes_as_text(*minutes)
    )]
    CoarseBars {
        /// The file.
        path: PathBuf,
        /// The interval of its bars in minutes.
        minutes: u32,
    },
    /// A folder has files with bars, but is not a store.
    #[error(
        "{}: not a store (folders named symbol=<SYMBOL>), but there are {kind} files here; import them into a store",
        path.display()
    )]
    LooseFiles {
        /// The folder.
        path: PathBuf,
        /// `CSV`, `Parquet` or `ZIP`.
        kind: &'static str,
    },
    /// A file has no columns of bars.
    #[error("{}: {lacking}; rename the columns, or state their names", path.display())]
    LacksColumns {
        /// The file.
        path: PathBuf,
        /// The columns that it lacks and those that it has.
        lacking: bars::Error,
    },
    /// A file has unexpected content.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The problem and the remedy.
        reason: String,
    },
    /// The database refused the request, or the connection was lost.
    #[error("{server}: {reason}")]
    Database {
        /// The server and table, without the password.
        server: String,
        /// The problem and the remedy.
        reason: String,
    },
    /// The exchange refused the request, could not be reached, or sent an unexpected answer.
    #[error("{place}: {reason}")]
    Exchange {
        /// The requested address.
        place: String,
        /// The problem and the remedy.
        reason: String,
    },
    /// The system refuses another thread.
    #[error(
        "cannot start a thread: {source}; use fewer threads, or raise the limit on memory or processes"
    )]
    Thread {
        /// The cause.
        source: std::io::Error,
    },
    /// Columns in memory are not a valid series of bars.
    #[error(transparent)]
    Bars(#[from] bars::Error),
    /// Rows were rejected or replaced, and the parameter `strict` is on.
    #[error("strict: {0}; correct the input, or turn strict off")]
    Strict(String),
    /// An input cannot be used.
    #[error("{0}")]
    Input(String),
}

impl Error {
    /// Creates an [`Error::Io`] for `path`, or an [`Error::Missing`] with similar names if it does
    /// not exist.
    pub fn io(action: &'static str, path: &Path, cause: std::io::Error) -> Error {
        if cause.kind() == std::io::ErrorKind::NotFound && matches!(action, "read" | "open") {
            if let Some(shown) = shown_url(path) {
                return Error::Url { shown };
            }
            return Error::Missing { path: path.to_owned(), near: near_misses(path) };
        }
        Error::Io { action, path: path.to_owned(), source: cause }
    }

    /// What kept a Parquet file from being written to `path`.
    pub fn writing_parquet(path: &Path, error: ParquetError) -> Error {
        match error {
            ParquetError::External(e) => match e.downcast::<std::io::Error>() {
                Ok(cause) => Error::io("write", path, *cause),
                Err(e) => Error::content(path, e.to_string()),
            },
            e => Error::content(path, e.to_string()),
        }
    }

    /// The system refuses another thread.
    pub fn thread(source: std::io::Error) -> Error {
        Error::Thread { source }
    }

    /// An [`Error::Unfinished`].
    pub(crate) fn unfinished(error: Error) -> Error {
        let cause = match error {
            // Without the remedy: some files were replaced.
            Error::Io { action, path, source } => {
                format!("cannot {action} {}: {source}", path.display())
            }
            error => error.to_string(),
        };
        Error::Unfinished { cause }
    }

    /// An [`Error::Content`].
    pub fn content(path: &Path, reason: impl Into<String>) -> Error {
        Error::Content { path: path.to_owned(), reason: reason.into() }
    }
}

/// Formats a number of minutes in the largest unit that it is a multiple of.
pub(crate) fn minutes_as_text(minutes: u32) -> String {
    let (count, unit) = match minutes {
        m if m % 1440 == 0 => (m / 1440, "day"),
        m if m % 60 == 0 => (m / 60, "hour"),
        m => (m, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn quoted(candidates: &[char]) -> String {
    let names: Vec<String> =
        candidates.iter().map(|c| format!("\"{}\"", c.escape_debug())).collect();
    names.join(" or ")
}

/// Returns an address for a message, or `None` for a path. Of an address that may contain a password
/// or a key only the scheme is returned.
fn shown_url(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = !scheme.is_empty()
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !is_scheme || !(rest.starts_with("//") || rest.contains('@')) {
        return None;
    }
    let is_public = scheme.starts_with("http") && !rest.contains(['@', '?', '#']);
    Some(if is_public { text.to_owned() } else { format!("{scheme}:") })
}

fn remedy(cause: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    match cause.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => {
            "; free disk space or choose another folder (nothing was replaced)"
        }
        Kind::FileTooLarge => "; raise the limit on file sizes, ulimit -f (nothing was replaced)",
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => {
            "; check its permissions or choose another path"
        }
        _ => "",
    }
}

fn did_you_mean(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        many => format!("; did you mean one of {}?", many.join(", ")),
    }
}

/// Returns up to three similar names in the folder of `path`, most similar first.
fn near_misses(path: &Path) -> Vec<String> {
    let Some(wanted) = path.file_name().map(|name| name.to_string_lossy().to_lowercase()) else {
        return Vec::new();
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut alike: Vec<(f64, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let likeness = strsim::jaro_winkler(&wanted, &name.to_lowercase());
            (likeness > 0.85).then(|| (likeness, folder.join(name).display().to_string()))
        })
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    alike.into_iter().take(3).map(|(_, name)| name).collect()
}
