//! Errors of this crate.

use std::path::{Path, PathBuf};

use bars::{AsOf, Findings, Minute, Span, Symbol};

/// The result of fallible functions in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause of an error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a job failed. Messages name parameters; front ends add flags and remedies.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A source, a file or a target failed.
    #[error(transparent)]
    Io(#[from] bars_io::Error),
    /// A parameter has an invalid value.
    #[error("{name}: {reason}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A stage cannot run with these parameters or bars.
    #[error(transparent)]
    Stage(#[from] stages::Error),
    /// A decomposition failed.
    #[error("{symbol}: {source}")]
    Decomposition {
        /// The symbol.
        symbol: Symbol,
        /// Why.
        source: emd::Error,
    },
    /// The decomposition of a column of a file failed.
    #[error("{}: {source}", path.display())]
    ColumnDecomposition {
        /// The file.
        path: PathBuf,
        /// Why.
        source: emd::Error,
    },
    /// A value of a column cannot be decomposed.
    #[error("{}, row {row}: column \"{column}\" is {problem}", path.display())]
    InvalidValue {
        /// The file.
        path: PathBuf,
        /// The row, from 1, without the header.
        row: u64,
        /// The column.
        column: String,
        /// What is wrong with the value, and the remedy.
        problem: String,
    },
    /// A file has no rows.
    #[error("{} has no rows", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// A given symbol is another spelling of several symbols.
    #[error("symbol {symbol} is ambiguous: {}; give one of them", alternatives(candidates))]
    AmbiguousSymbol {
        /// The symbol as given.
        symbol: Symbol,
        /// The symbols that it may mean.
        candidates: Vec<Symbol>,
    },
    /// The noise of a decomposition cannot be made.
    #[error(transparent)]
    Noise(#[from] emd::Error),
    /// A source has no bars at all.
    #[error("the source has no bars{}", because(findings))]
    EmptySource {
        /// What was found in its rows.
        findings: Findings,
    },
    /// A file has no bars.
    #[error("{} has no bars", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A folder has no outputs.
    #[error("nothing to report in {}", dir.display())]
    NothingToReport {
        /// The folder that was searched.
        dir: PathBuf,
    },
    /// A list of symbols is empty.
    #[error("{} has no symbols", path.display())]
    NoSymbols {
        /// The file.
        path: PathBuf,
    },
    /// No source was given, and the input is a list without bars.
    #[error("no source of bars, and the input has none ({}: {lacking}); give a source of bars", path.display())]
    NoBarsInList {
        /// The input.
        path: PathBuf,
        /// The columns that it lacks and those that it has.
        lacking: bars::Error,
    },
    /// None of the symbols has bars in the source.
    #[error("{} in {place}", absent(symbols))]
    NotInSource {
        /// The symbols.
        symbols: Vec<bars::Symbol>,
        /// The source.
        place: String,
    },
    /// No symbol of a list has a bar in a span.
    #[error(
        "no bars from {} to {} for any of the {} in {}; the source has {} from {oldest} to {newest}",
        span.start,
        span.end,
        crate::text::pluralize(*count, "symbol"),
        path.display(),
        crate::text::pluralize(*known, "symbol")
    )]
    NoBarsInSpan {
        /// The span.
        span: Span,
        /// Number of symbols in the list.
        count: usize,
        /// The list.
        path: PathBuf,
        /// Number of symbols in the source.
        known: usize,
        /// Open time of the source's first bar.
        oldest: Minute,
        /// Close of its last bar.
        newest: AsOf,
    },
    /// No bar closes by the as-of.
    #[error("no bar closes by {asof}: the bars of {what} close from {oldest} to {newest}")]
    AsofBeforeBars {
        /// The as-of: only bars that close by then count.
        asof: AsOf,
        /// The bars that were searched.
        what: String,
        /// The first close.
        oldest: AsOf,
        /// The last close.
        newest: AsOf,
    },
    /// The noise of a decomposition needs more memory than is free.
    #[error("the noise needs {} GB of memory, but {} GB are free; use fewer trials", needed >> 30, free >> 30)]
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// A file that this program should have written cannot be parsed, or lacks what it should have.
    #[error("{}: unexpected format: {source}; regenerate it", path.display())]
    UnexpectedFormat {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Cause,
    },
    /// A file does not match the other files or the parameters.
    #[error("{}: {reason}", path.display())]
    Artifact {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A value cannot be encoded.
    #[error("cannot encode {what}: {source}")]
    Encode {
        /// The value.
        what: String,
        /// The cause.
        source: Cause,
    },
    /// A task is not one of this version.
    #[error("not a valid task: {source}")]
    InvalidTask {
        /// What is wrong with it.
        source: Cause,
    },
    /// A result of a task is damaged, incomplete or of another version.
    #[error("{name}: not a complete result of a task ({source}); run its shard again")]
    DamagedResult {
        /// The result's file, or another name of it.
        name: String,
        /// What is wrong with it.
        source: Cause,
    },
    /// No results to merge.
    #[error("no results to merge")]
    NoResults,
    /// Results belong to different plans.
    #[error(
        "{name} belongs to another run than {other} (other parameters, source or symbols); merge the results of one run"
    )]
    ForeignResult {
        /// The result's file, or another name of it.
        name: String,
        /// A result of the other plan.
        other: String,
    },
    /// Two results have the same part number.
    #[error("{first} and {second} are both part {part} of {parts}; remove one of them")]
    RepeatedPart {
        /// One result.
        first: String,
        /// The other.
        second: String,
        /// The part, from 1.
        part: usize,
        /// Number of parts.
        parts: usize,
    },
    /// The source no longer has a symbol that it had when the task was planned.
    #[error("{symbol} is no longer in the source; plan and run all shards again")]
    LostSymbol {
        /// The symbol, as the source had it.
        symbol: Symbol,
    },
    /// Another run uses the folder.
    #[error("{}: another run is using this folder; wait until it is done", dir.display())]
    FolderInUse {
        /// The output folder of both runs.
        dir: PathBuf,
    },
    /// Results of some parts are missing.
    #[error("missing results of {} of {parts}", parts_of(missing))]
    MissingParts {
        /// The missing parts, from 1.
        missing: Vec<usize>,
        /// Number of parts.
        parts: usize,
    },
    /// Neither pairs nor bars of a target name the symbols to update.
    #[error("no symbols to update: give pairs, or import an archive first")]
    NothingToSync,
    /// The exchange does not list the wanted pairs.
    #[error("Kraken lists {what}")]
    NoPairs {
        /// Which pairs it does not list, such as `no pair quoted in USD`.
        what: String,
    },
    /// The observer cancelled the job.
    #[error("cancelled")]
    Cancelled,
}

/// Maximum number of parts in an error.
const MAX_PARTS_SHOWN: usize = 20;

/// `part 2`, `parts 2 and 3` or `parts 2, 3 and 5`; `parts 2, 3, ... and 7 more` for a long list.
fn parts_of(numbers: &[usize]) -> String {
    let (shown, more) = numbers.split_at(numbers.len().min(MAX_PARTS_SHOWN));
    let mut texts: Vec<String> = shown.iter().map(ToString::to_string).collect();
    if !more.is_empty() {
        texts.push(format!("{} more", more.len()));
    }
    match &texts[..] {
        [] => "no part".to_owned(),
        [one] => format!("part {one}"),
        [first @ .., last] => format!("parts {} and {last}", first.join(", ")),
    }
}

fn alternatives(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(" or ")
}

fn because(findings: &Findings) -> String {
    if findings.is_empty() { String::new() } else { format!(": {findings}") }
}

/// States that none of `symbols` was found.
fn absent(symbols: &[bars::Symbol]) -> String {
    match symbols {
        [] => "no symbol of the input is".to_owned(),
        [one] => format!("symbol {one} of the input is not"),
        [first, ..] => {
            let n = crate::text::count(symbols.len() as u64);
            format!("none of the {n} symbols of the input (first: {first}) is")
        }
    }
}

impl Error {
    /// Creates an [`Error::Parameter`].
    pub fn parameter(name: &'static str, reason: impl Into<String>) -> Error {
        Error::Parameter { name, reason: reason.into() }
    }

    /// Creates the error of a parameter that is out of its range; `expected` are the valid values.
    pub(crate) fn out_of_range(
        name: &'static str,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Error {
        stages::Error::out_of_range(name, value, expected).into()
    }

    /// Creates an [`Error::Artifact`].
    pub fn artifact(path: &Path, reason: impl Into<String>) -> Error {
        Error::Artifact { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn encode(what: impl Into<String>, source: impl Into<Cause>) -> Error {
        Error::Encode { what: what.into(), source: source.into() }
    }

    pub(crate) fn damaged(name: &str, source: impl Into<Cause>) -> Error {
        Error::DamagedResult { name: name.to_owned(), source: source.into() }
    }

    /// Returns whether the request is invalid, rather than the data or the machine.
    pub fn is_usage(&self) -> bool {
        match self {
            Error::Parameter { .. }
            | Error::Memory { .. }
            | Error::AmbiguousSymbol { .. }
            | Error::NothingToSync => true,
            Error::Stage(error) => error.parameter().is_some(),
            _ => false,
        }
    }
}
