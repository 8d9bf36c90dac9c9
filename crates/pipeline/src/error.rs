//! Errors of this crate.

use std::path::{Path, PathBuf};

use bars::{AsOf, Findings, Symbol};

/// The result of fallible functions in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a job failed. Messages name parameters; a front end adds its flags and remedies.
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
    /// Invalid parameters of the leaderboards.
    #[error(transparent)]
    LeaderboardsParams(#[from] stages::leaderboards::ParamsError),
    /// Invalid parameters of metrics or state.
    #[error(transparent)]
    MetricsParams(#[from] stages::metrics::ParamsError),
    /// Invalid parameters of regime.
    #[error(transparent)]
    RegimeParams(#[from] stages::regime::ParamsError),
    /// Invalid parameters of cycles.
    #[error(transparent)]
    CyclesParams(#[from] stages::cycles::ParamsError),
    /// Invalid parameters of the summary of cycles.
    #[error(transparent)]
    CyclesSummaryParams(#[from] stages::cycles::postprocess::ParamsError),
    /// Invalid parameters of cohort cycles.
    #[error(transparent)]
    CohortCyclesParams(#[from] stages::cohort_cycles::ParamsError),
    /// The leaderboards cannot be ranked.
    #[error(transparent)]
    Leaderboards(#[from] stages::leaderboards::Error),
    /// A decomposition failed.
    #[error("{symbol}: {source}")]
    Decomposition {
        /// The symbol whose series it was.
        symbol: Symbol,
        /// Why.
        source: emd::Error,
    },
    /// The noise of a decomposition cannot be made.
    #[error(transparent)]
    Noise(#[from] emd::Error),
    /// A source has no bars at all.
    #[error("the source holds no bar{}", because(findings))]
    EmptySource {
        /// What was found in its rows.
        findings: Findings,
    },
    /// A file has no bars.
    #[error("{} holds no bar", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A folder has no outputs.
    #[error("there is nothing to report in {}", dir.display())]
    NothingToReport {
        /// The folder that was searched.
        dir: PathBuf,
    },
    /// A list of symbols is empty.
    #[error("{} names no symbol", path.display())]
    NoSymbols {
        /// The file.
        path: PathBuf,
    },
    /// None of the symbols has bars in the source.
    #[error("none of the input's {} is in {place}", crate::text::pluralize(*count, "symbol"))]
    NotInSource {
        /// How many symbols there are.
        count: usize,
        /// The source.
        place: String,
    },
    /// No bar closes by the as-of.
    #[error("no bar closes by {asof}: the bars of {what} close from {oldest} to {newest}")]
    AsofBeforeBars {
        /// The as-of: only bars that close by then count.
        asof: AsOf,
        /// Whose bars.
        what: String,
        /// The first close.
        oldest: AsOf,
        /// The last close.
        newest: AsOf,
    },
    /// The noise of a decomposition needs more memory than is free.
    #[error("the noise of so many trials takes {} GB, and {} GB are free; ask for fewer trials", needed >> 30, free >> 30)]
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// A file that this program should have written is not in its format.
    #[error("{}: {reason}", path.display())]
    Artifact {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Results of tasks do not belong together.
    #[error("{0}")]
    Tasks(String),
    /// Another run uses the folder.
    #[error("{}: another run is at work in this folder; wait for it", dir.display())]
    FolderInUse {
        /// The output folder of both runs.
        dir: PathBuf,
    },
    /// Results of some parts are not there.
    #[error("of {parts} parts these are missing: {}", list(missing))]
    MissingParts {
        /// The missing parts, from 1.
        missing: Vec<usize>,
        /// Number of parts.
        parts: usize,
    },
    /// The observer cancelled the job.
    #[error("cancelled")]
    Cancelled,
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn because(findings: &Findings) -> String {
    if findings.is_empty() { String::new() } else { format!(": {findings}") }
}

impl Error {
    /// An invalid parameter.
    pub fn parameter(name: &'static str, reason: impl Into<String>) -> Error {
        Error::Parameter { name, reason: reason.into() }
    }

    /// A file with an unexpected format.
    pub fn artifact(path: &Path, reason: impl Into<String>) -> Error {
        Error::Artifact { path: path.to_owned(), reason: reason.into() }
    }

    /// Whether the caller asked for something invalid, rather than the data or the machine being at fault.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Error::Parameter { .. }
                | Error::LeaderboardsParams(_)
                | Error::MetricsParams(_)
                | Error::RegimeParams(_)
                | Error::CyclesParams(_)
                | Error::CyclesSummaryParams(_)
                | Error::CohortCyclesParams(_)
                | Error::Memory { .. }
        )
    }
}
