//! Values of flags: times, windows, cohorts, formats.

use std::path::{Path, PathBuf};

use bars::Window;
use bars::time::AsOfSpec;
use clap::ValueEnum;
use pipeline::artifacts::{Cohort, table_file};

use crate::ui::Usage;

/// Parses `--asof`.
pub fn asof(text: &str) -> bars::Result<AsOfSpec> {
    text.parse()
}

/// Returns `--input`, or the cohort's bars in the format in which they exist.
pub fn cohort_input(input: Option<&Path>, cohort: Cohort) -> PathBuf {
    Cohort::existing_bars_file(input.unwrap_or(Path::new(cohort.bars_file())))
}

/// Parses `--windows` and applies `--enable-72h`.
pub fn windows(list: &str, enable_72h: bool) -> anyhow::Result<Vec<Window>> {
    let mut windows = window_list(list)?;
    if enable_72h && !windows.contains(&Window::THREE_DAYS) {
        windows.push(Window::THREE_DAYS);
    }
    Ok(windows)
}

/// Parses `--windows`.
pub fn window_list(list: &str) -> anyhow::Result<Vec<Window>> {
    Ok(Window::parse_list(list).map_err(|e| Usage(format!("--windows: {e}")))?)
}

/// A cohort as a command-line value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CohortFlag {
    /// Symbols that most often rank among the gainers.
    Gainers,
    /// Symbols that most often rank among the losers.
    Losers,
    /// Symbols that often rank as gainer and as loser.
    Overlaps,
}

impl CohortFlag {
    /// Returns the cohort.
    pub fn cohort(self) -> Cohort {
        match self {
            CohortFlag::Gainers => Cohort::Gainers,
            CohortFlag::Losers => Cohort::Losers,
            CohortFlag::Overlaps => Cohort::Overlaps,
        }
    }
}

/// A table format as a command-line value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatFlag {
    /// Parquet.
    Parquet,
    /// Comma-separated text.
    Csv,
}

impl FormatFlag {
    /// Returns the format.
    pub fn format(self) -> table_file::Format {
        match self {
            FormatFlag::Parquet => table_file::Format::Parquet,
            FormatFlag::Csv => table_file::Format::Csv,
        }
    }
}

/// A Parquet compression as a command-line value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompressionFlag {
    /// Faster to write.
    Snappy,
    /// Smaller files.
    Zstd,
}

impl CompressionFlag {
    /// Returns the compression.
    pub fn compression(self) -> table_file::Compression {
        match self {
            CompressionFlag::Snappy => table_file::Compression::Snappy,
            CompressionFlag::Zstd => table_file::Compression::Zstd,
        }
    }
}

/// Returns the compression of a table.
///
/// # Errors
/// `--compression` was given for CSV.
pub fn compression(
    format: FormatFlag,
    compression: Option<CompressionFlag>,
) -> Result<table_file::Compression, Usage> {
    if format == FormatFlag::Csv && compression.is_some() {
        return Err(Usage(
            "--compression only applies to Parquet; drop it with --format csv".to_owned(),
        ));
    }
    Ok(compression.map(CompressionFlag::compression).unwrap_or_default())
}

/// Checks that `path` has the extension of a supported table format.
///
/// # Errors
/// The extension is not `.csv` or `.parquet`.
pub fn check_table_path(path: &Path) -> Result<(), Usage> {
    if table_file::Format::is_supported(path) {
        return Ok(());
    }
    Err(Usage(format!(
        "{}: unsupported output format; use a .csv or .parquet extension",
        path.display()
    )))
}
