use std::path::{Path, PathBuf};

use bars::{BarTime, ReadOptions};
use bars_io::Source;
use bars_io::file::FileSource;
use serde::Serialize;
use stages::features::layout::FeatureLayout;
use stages::features::output::OutputShape;
use stages::features::table::FeatureRow;

use super::context::{JobContext, check_outputs};
use crate::artifacts::partition;
use crate::artifacts::series_file::SeriesFile;
use crate::cohort::read_symbols;
use crate::error::{Error, Result};
use crate::snapshots::{Moments, SnapshotFiles, SnapshotJob, SnapshotStage};

/// Writes snapshots of the symbols in a file.
#[derive(Debug, Clone, Serialize)]
pub struct SnapshotFilesJob<S> {
    /// The stage and its parameters.
    pub stage: S,
    /// One as-of, or the first, the last and the step of a panel.
    pub moments: Moments,
    /// A file with a symbol column; if there is no source, also the bars.
    pub input: PathBuf,
    /// Folder, format and compression of the outputs.
    pub files: SnapshotFiles,
    /// Output file of the history of the baselines, if wanted.
    pub series_output: Option<PathBuf>,
    /// The meaning of timestamps.
    pub bar_time: BarTime,
    /// Path of the source, if it is a file or folder; outputs must not be inside it.
    pub source_path: Option<PathBuf>,
}

/// The result of a [`SnapshotFilesJob`].
#[derive(Debug, Clone)]
pub struct SnapshotsOutput {
    /// The columns of the rows: names, types, families and windows.
    pub layout: FeatureLayout,
    /// The as-ofs, ascending, at least one.
    pub asofs: Vec<bars::AsOf>,
    /// Number of partitions.
    pub partitions: usize,
    /// Number of rows of the tables.
    pub rows: usize,
    /// Number of columns of the tables.
    pub columns: usize,
    /// The rows at the last as-of.
    pub last: Vec<FeatureRow>,
    /// The table of the first date.
    pub first_file: PathBuf,
}

impl<S: SnapshotStage + Clone> SnapshotFilesJob<S> {
    /// Checks the choice of columns and the range of as-ofs, which need no bars.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) and
    /// [`Error::Stage`](crate::Error::Stage).
    pub fn check(&self) -> Result<()> {
        OutputShape::new(&crate::snapshots::layout(&self.stage), &self.files.columns)?;
        self.moments.check(&self.stage)
    }

    /// Looks the symbols up and calls `then` with the job.
    ///
    /// # Errors
    /// As [`SnapshotJob::new`], what `then` returns, and if the input cannot be read.
    pub fn open<T>(
        &self,
        context: &JobContext<'_>,
        then: impl FnOnce(&SnapshotJob<'_, S>) -> Result<T>,
    ) -> Result<T> {
        let observer = context.observer;
        self.check()?;
        let symbols =
            observer.step("reading the symbols", || read_symbols(&self.input, observer))?;
        let file;
        let source: &dyn Source = match context.source {
            Some(source) => source,
            None => {
                observer.info(
                    "no source given and no default store: using the bars of the input; name a source for others",
                );
                let options = ReadOptions { bar_time: self.bar_time, ..ReadOptions::default() };
                file = FileSource::open(&self.input, &options).map_err(|e| match e {
                    bars_io::Error::LacksColumns { path, lacking } => {
                        Error::NoBarsInList { path, lacking }
                    }
                    e => e.into(),
                })?;
                &file
            }
        };
        let job = SnapshotJob::new(self.stage.clone(), &symbols, source, self.moments, observer)?;
        if context.source.is_none() {
            job.warn_of_short_history(observer);
        }
        then(&job)
    }

    /// Runs the job.
    ///
    /// # Errors
    /// As [`SnapshotFilesJob::open`], and if a file cannot be written.
    pub fn run(&self, context: &JobContext<'_>) -> Result<SnapshotsOutput> {
        let JobContext { temp, observer, .. } = *context;
        self.open(context, |job| {
            let first_file = self.files.table(S::NAME, job.asofs[0]);
            let outputs: Vec<&Path> =
                [Some(&*first_file), self.series_output.as_deref()].into_iter().flatten().collect();
            check_outputs(&self.input, self.source_path.as_deref(), &outputs)?;
            // Report a path that cannot be written before reading the bars.
            outputs.iter().try_for_each(|path| temp.check_writable(path))?;
            let metrics = crate::snapshots::layout(&self.stage).catalog.metrics;
            let series = self
                .series_output
                .as_ref()
                .map(|path| SeriesFile::create(path, metrics, self.files.csv_safe, temp));
            let series = series.transpose()?;
            let write = || job.write(&self.files, series, temp, observer);
            let finished = observer.step("computing and writing", write)?;
            context.check(job.source)?;
            let output = SnapshotsOutput {
                layout: finished.layout.clone(),
                asofs: job.asofs.clone(),
                partitions: finished.partitions,
                rows: finished.rows,
                columns: finished.columns,
                last: finished.last.clone(),
                first_file,
            };
            finished.commit(job, &self.files)?;
            Ok(output)
        })
    }

    /// The files that the job reads, besides the source.
    pub fn inputs(&self) -> Vec<PathBuf> {
        vec![self.input.clone()]
    }

    /// The folder of the partition of `asof` and the panel: what the job writes.
    pub fn outputs(&self, asof: bars::AsOf) -> Vec<PathBuf> {
        let folder = partition(&self.files.out, self.stage.asof(asof));
        [Some(folder), self.series_output.clone()].into_iter().flatten().collect()
    }
}
