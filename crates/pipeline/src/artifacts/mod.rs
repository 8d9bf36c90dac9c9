//! Every file that the program writes: its name, schema, writer and reader, each in one place.

use std::path::{Path, PathBuf};

use bars::AsOf;
use bars_io::atomic::{FinishedFile, TempFiles, commit_all};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::table_file::Format;
use crate::error::{Cause, Error, Result};

pub mod bar_csv;
pub mod bar_parquet;
pub mod cards;
pub mod csv_text;
pub mod cycles_table;
pub mod frame;
pub mod leaderboards_summary;
pub mod modes;
pub mod npz;
pub mod parquet_file;
pub mod run_config;
pub mod series_file;
pub mod table_file;
pub mod upswing_clusters;

/// The writer's name in Parquet files.
const CREATED_BY: &str = concat!("data_pipeline ", env!("CARGO_PKG_VERSION"));

/// Names of files in an output folder.
pub mod names {
    /// The boards as JSON.
    pub const LEADERBOARDS_SUMMARY: &str = "leaderboards_summary.json";
    /// Every rank of every bucket.
    pub const LEADERBOARDS_PLACES: &str = "leaderboards.parquet";
    /// The symbols of all cohorts, written by `run` for the stages that take one list.
    pub const RUN_LEADERS: &str = "run_leaders.csv";
    /// The record of a `run`, with fingerprints.
    pub const RUN_RECORD: &str = "run.json";
    /// The report page.
    pub const REPORT: &str = "report.html";
    /// In a partition of cycles: the table of cycles.
    pub const CYCLES_SUMMARY: &str = "imf_summary.parquet";
    /// In a partition of cycles: parameters and provenance.
    pub const CYCLES_CONFIG: &str = "run_config.json";
    /// In a partition of cycles: the folder of modes.
    pub const CYCLES_MODES: &str = "imfs";
    /// In a partition of cycles: cards of clusters within symbols.
    pub const CYCLES_CARDS_ASSET: &str = "cluster_cards_asset.json";
    /// In a partition of cycles, without extension: the dominant cycle per symbol.
    pub const POST_SUMMARY: &str = "imf_post_summary";
    /// In a partition of cycles, without extension: the leading cycles per symbol.
    pub const POST_TOP: &str = "imf_post_top_imfs";
    /// The folder of a panel of `leaderboards`, with a partition for each date.
    pub const LEADERBOARDS_FOLDER: &str = "data/leaderboards";
    /// The folder of `state`, with a partition for each date.
    pub const STATE_FOLDER: &str = "data/state";
    /// The folder of `regime`, with a partition for each date.
    pub const REGIME_FOLDER: &str = "data/regime";
    /// The folder of cycles, with a partition for each date.
    pub const CYCLES_FOLDER: &str = "data/imf";
    /// Prefix of a partition's name; the date follows.
    pub const PARTITION_PREFIX: &str = "dt=";
    /// The losers of the day at Kraken.
    pub const KRAKEN_LOSERS: &str = "kraken_top_losers.csv";
    /// The cycles and events planted in a sample market; next to its store.
    pub const SAMPLE_TRUTH: &str = "truth.json";
}

/// A group of symbols chosen by the leaderboards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Cohort {
    /// The habitual gainers.
    Gainers,
    /// The habitual losers.
    Losers,
    /// Symbols that are both.
    Overlaps,
}

impl Cohort {
    /// All cohorts.
    pub const ALL: [Cohort; 3] = [Cohort::Gainers, Cohort::Losers, Cohort::Overlaps];

    /// The name on the command line and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Cohort::Gainers => "gainers",
            Cohort::Losers => "losers",
            Cohort::Overlaps => "overlaps",
        }
    }

    /// The file of its bars as CSV, the default format.
    pub const fn bars_file(self) -> &'static str {
        match self {
            Cohort::Gainers => "habitual_gainers.csv",
            Cohort::Losers => "habitual_losers.csv",
            Cohort::Overlaps => "habitual_overlaps.csv",
        }
    }

    /// The file of its bars that `fetch-history` writes.
    pub const fn history_file(self) -> &'static str {
        match self {
            Cohort::Gainers => "gainers_30day_history.csv",
            Cohort::Losers => "losers_30day_history.csv",
            Cohort::Overlaps => "overlaps_30day_history.csv",
        }
    }

    /// The file of its metrics.
    pub fn metrics_file(self) -> &'static str {
        match self {
            Cohort::Gainers => "gainers_metrics.csv",
            Cohort::Losers => "losers_metrics.csv",
            Cohort::Overlaps => "overlap_metrics.csv",
        }
    }

    /// The files of its clusters of upswings: JSON and text.
    pub fn clusters_files(self) -> [String; 2] {
        ["json", "txt"].map(|extension| format!("imf_clusters_{}.{extension}", self.name()))
    }

    /// The file of its bars in `format`.
    pub fn bars_file_as(self, format: Format) -> PathBuf {
        Path::new(self.bars_file()).with_extension(format.extension())
    }

    /// Returns whether `path` has the name of a cohort's bars file, in either format.
    pub fn is_bars_file(path: &Path) -> bool {
        let is_it =
            |cohort: &Cohort| Format::ALL.iter().any(|format| path == cohort.bars_file_as(*format));
        Cohort::ALL.iter().any(is_it)
    }

    /// Returns the same bars file in the other format if `path` is one of [`Cohort::bars_file`], in
    /// any folder, that does not exist while the other does; else `path`.
    pub fn existing_bars_file(path: &Path) -> PathBuf {
        let name = path.file_name().map(Path::new);
        if name.is_some_and(Cohort::is_bars_file) && !path.exists() {
            let other = path.with_extension(Format::from_path(path).other().extension());
            if other.is_file() {
                return other;
            }
        }
        path.to_owned()
    }
}

/// The folder of a date's partition: `<out>/dt=YYYY-MM-DD`.
pub fn partition(out: &Path, asof: AsOf) -> PathBuf {
    out.join(format!("{}{}", names::PARTITION_PREFIX, asof.date()))
}

/// Writes `value` as indented JSON with a final line end, ready to be committed to `path`.
///
/// # Errors
/// If it cannot be written.
pub fn write_json(path: &Path, value: &impl Serialize, temp: &TempFiles) -> Result<FinishedFile> {
    Ok(temp.write_temp(path, &json_bytes(path, value)?)?)
}

/// Returns `value` as indented JSON with a final newline; `path` is for the error only.
pub(crate) fn json_bytes(path: &Path, value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|e| Error::encode(path.display().to_string(), e))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a JSON file.
///
/// # Errors
/// If it is missing or has another format.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = bars_io::regular::read(path)?;
    serde_json::from_slice(&text).map_err(|e| unexpected(path, e))
}

/// The error of a file that cannot be parsed or lacks required content.
pub(crate) fn unexpected(path: &Path, source: impl Into<Cause>) -> Error {
    Error::UnexpectedFormat { path: path.to_owned(), source: source.into() }
}

/// Commits files that were written together.
///
/// # Errors
/// A folder does not allow it any longer.
pub fn commit(files: Vec<FinishedFile>) -> Result<()> {
    Ok(commit_all(files)?)
}
