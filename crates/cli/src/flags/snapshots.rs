//! Flags of `state` and `regime`.

use std::path::{Path, PathBuf};

use bars::Window;
use bars::time::AsOfSpec;
use clap::Args;
use pipeline::artifacts::Cohort;
use pipeline::jobs::SnapshotFilesJob;
use pipeline::snapshots::{Moments, SnapshotFiles};

use super::{CompressionFlag, FormatFlag, SourceFlags};
use crate::shard::Shard;
use crate::ui::Usage;

/// Flags of `state` and `regime`.
#[derive(Debug, Clone, Args)]
pub struct SnapshotFlags {
    /// File with a column symbol; where there is no source, also the bars.
    #[arg(long, value_name = "FILE", default_value = Cohort::Overlaps.bars_file())]
    pub input: PathBuf,
    /// How Parquet is compressed [default: snappy].
    #[arg(long, value_enum)]
    pub compression: Option<CompressionFlag>,
    /// The form of the snapshot.
    #[arg(long, value_enum, default_value_t = FormatFlag::Parquet)]
    pub format: FormatFlag,
    /// The version that the schema file names.
    #[arg(long, value_name = "TEXT", default_value = "v1")]
    pub schema_version: String,
    /// Tell what would be done, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// No baselines, and so no columns of enrichment.
    #[arg(long)]
    pub no_baseline: bool,
    /// First as-of of a panel of snapshots.
    #[arg(long, value_name = "TIME", value_parser = super::asof, requires = "to", conflicts_with = "asof")]
    pub from: Option<AsOfSpec>,
    /// Last as-of of a panel, included.
    #[arg(long, value_name = "TIME", value_parser = super::asof, requires = "from")]
    pub to: Option<AsOfSpec>,
    /// As of when: a time, a date (00:00 UTC of it), or latest, the close of the newest bar.
    #[arg(long, value_name = "TIME", value_parser = super::asof)]
    pub asof: Option<AsOfSpec>,
    /// Compute one part of N and write it into the output folder; 'data-pipeline merge' joins the
    /// parts
    #[arg(long, value_name = "I/N", conflicts_with = "dry_run")]
    pub shard: Option<Shard>,
    /// Where the bars are; the input itself where no source is named and there is no store.
    #[command(flatten)]
    pub source: SourceFlags,
}

impl SnapshotFlags {
    /// The job of a stage with these flags.
    pub fn job<S>(
        &self,
        stage: S,
        out: &Path,
        every: Window,
        series_output: Option<PathBuf>,
    ) -> anyhow::Result<SnapshotFilesJob<S>> {
        if self.format == FormatFlag::Csv && self.compression.is_some() {
            return Err(Usage(
                "--compression only applies to Parquet; drop it with --format csv".to_owned(),
            )
            .into());
        }
        let moments = match (self.from, self.to, self.asof) {
            (Some(from), Some(to), _) => Moments::Panel { from, to, every },
            (_, _, Some(asof)) => Moments::At(asof),
            _ => Moments::Newest,
        };
        Ok(SnapshotFilesJob {
            stage,
            moments,
            input: self.input.clone(),
            files: SnapshotFiles {
                out: out.to_owned(),
                format: self.format.format(),
                compression: self.compression.map(CompressionFlag::compression).unwrap_or_default(),
                schema_version: self.schema_version.clone(),
            },
            series_output,
            bar_time: self.source.reading.bar_time(),
            source_path: self.source.path(),
        })
    }
}
