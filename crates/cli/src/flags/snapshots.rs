//! Flags of `state` and `regime`.

use std::path::{Path, PathBuf};

use bars::Window;
use bars::time::AsOfSpec;
use clap::Args;
use pipeline::artifacts::Cohort;
use pipeline::jobs::SnapshotFilesJob;
use pipeline::panel::PanelRange;
use pipeline::snapshots::{Moments, SnapshotFiles};
use pipeline::task::Shard;
use stages::features::baseline::MIN_BASELINE_N;

use super::choice::ColumnFlags;
use super::source::SourceFlags;
use super::values::{CompressionFlag, FormatFlag, asof, compression};

/// Flags that `state` and `regime` share.
#[derive(Debug, Clone, Args)]
pub struct SnapshotFlags {
    /// CSV or Parquet file that lists the symbols (column symbol). If there is no source, its bars
    /// are used, too.
    #[arg(long, value_name = "FILE", default_value = Cohort::Overlaps.bars_file())]
    pub input: PathBuf,
    /// Parquet compression [default: snappy].
    #[arg(long, value_enum)]
    pub compression: Option<CompressionFlag>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = FormatFlag::Parquet)]
    pub format: FormatFlag,
    /// Version string in the schema sidecar.
    #[arg(long, value_name = "TEXT", default_value = "v1")]
    pub schema_version: String,
    /// Print the plan and the coverage of each window, write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Minimum number of values in a baseline; with fewer, percentile, quintile and z-score are missing.
    #[arg(long, value_name = "N", default_value_t = MIN_BASELINE_N, allow_negative_numbers = true)]
    pub min_baseline_n: usize,
    /// Skip baselines: no percentile, quintile and z-score columns.
    #[arg(long)]
    pub no_baseline: bool,
    /// First evaluation time of a panel: a table over many evaluation times, with one partition
    /// dt=YYYY-MM-DD per date.
    #[arg(long, value_name = "TIME", value_parser = asof, requires = "to", conflicts_with = "asof")]
    pub from: Option<AsOfSpec>,
    /// Last evaluation time of a panel (inclusive), or `latest`.
    #[arg(long, value_name = "TIME", value_parser = asof, requires = "from")]
    pub to: Option<AsOfSpec>,
    /// Allow more than one as-of of a panel after the newest bar.
    #[arg(long, requires = "from")]
    pub allow_future: bool,
    /// Evaluation time: timestamp, date (00:00 UTC) or `latest` (close of the newest bar) [default:
    /// the last time at which every window is complete, such as 00:00 UTC with a window of 24h].
    #[arg(long, value_name = "TIME", value_parser = asof)]
    pub asof: Option<AsOfSpec>,
    /// Compute only part I of N and write it to the output folder (see 'data-pipeline merge').
    #[arg(long, value_name = "I/N", conflicts_with = "dry_run")]
    pub shard: Option<Shard>,
    /// The columns of the tables.
    #[command(flatten)]
    pub columns: ColumnFlags,
    /// The source of the bars; the input itself if no source is given and data/bars does not exist.
    #[command(flatten)]
    pub source: SourceFlags,
}

impl SnapshotFlags {
    /// Returns the job of `stage` with these flags.
    ///
    /// # Errors
    /// `--compression` was given for CSV.
    pub fn job<S>(
        &self,
        stage: S,
        out: &Path,
        every: Window,
        series_output: Option<PathBuf>,
    ) -> anyhow::Result<SnapshotFilesJob<S>> {
        let compression = compression(self.format, self.compression)?;
        let moments = match (self.from, self.to, self.asof) {
            (Some(from), Some(to), _) => {
                Moments::Panel(PanelRange { from, to, every, allow_future: self.allow_future })
            }
            (_, _, Some(asof)) => Moments::At(asof),
            _ => Moments::Newest,
        };
        Ok(SnapshotFilesJob {
            stage,
            moments,
            input: Cohort::existing_bars_file(&self.input),
            files: SnapshotFiles {
                out: out.to_owned(),
                format: self.format.format(),
                compression,
                schema_version: self.schema_version.clone(),
                columns: self.columns.options(),
                csv_safe: self.columns.csv_safe,
            },
            series_output,
            bar_time: self.source.reading.bar_time(),
            source_path: self.source.path(),
        })
    }
}
