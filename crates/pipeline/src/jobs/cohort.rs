use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use bars::{AsOf, BarTime, Minute, ReadOptions, Span};
use bars_io::Source;
use bars_io::file::FileSource;
use serde::Serialize;
use stages::features::output::{OutputOptions, OutputShape};
use stages::{cohort_cycles as stage_cycles, metrics as stage_metrics};

use super::context::{JobContext, check_outputs};
use crate::artifacts::series_file::SeriesFile;
use crate::artifacts::{Cohort, commit};
use crate::cohort_cycles::{CohortCycles, cohort_cycles};
use crate::error::{Error, Result};
use crate::metrics::{History, Metrics, metrics};
use crate::source::report_findings;

/// Computes metrics of a cohort file and writes them.
#[derive(Debug, Clone, Serialize)]
pub struct MetricsJob {
    /// The parameters; without months there are no baselines, and no source is needed.
    pub params: stage_metrics::ValidParams,
    /// The as-of; `Latest`: the close of the newest bar.
    pub asof: AsOfSpec,
    /// File with the bars of the cohort.
    pub input: PathBuf,
    /// Output file; Parquet if its extension is `parquet`, else CSV.
    pub output: PathBuf,
    /// The choice of columns, wide or long.
    #[serde(skip_serializing_if = "OutputOptions::is_default")]
    pub columns: OutputOptions,
    /// Output file of the history of the baselines, if wanted.
    pub series_output: Option<PathBuf>,
    /// The meaning of timestamps in the source, or in the input if there is no source.
    pub bar_time: BarTime,
    /// Path of the source, if it is a file or folder; outputs must not be inside it.
    pub source_path: Option<PathBuf>,
    /// Whether texts in CSV are written so that a spreadsheet does not evaluate them, see
    /// [`spreadsheet_safe`](crate::artifacts::csv_text::spreadsheet_safe).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub csv_safe: bool,
}

/// The result of a [`MetricsJob`].
#[derive(Debug, Clone)]
pub struct MetricsOutput {
    /// The metrics.
    pub metrics: Metrics,
    /// Number of rows and columns of the file.
    pub size: [usize; 2],
}

impl MetricsJob {
    /// Runs the job.
    ///
    /// # Errors
    /// As [`metrics`], and if the input cannot be read or a file not be written.
    pub fn run(&self, context: &JobContext<'_>) -> Result<MetricsOutput> {
        let JobContext { temp, observer, .. } = *context;
        let outputs: Vec<&Path> =
            [Some(&*self.output), self.series_output.as_deref()].into_iter().flatten().collect();
        check_outputs(&self.input, self.source_path.as_deref(), &outputs)?;
        outputs.iter().try_for_each(|path| temp.check_writable(path))?;
        // Report a choice of columns that is not possible before reading the bars.
        let layout = crate::metrics::MetricsJob::layout(&self.params, AsOf::start_of(Minute::MIN));
        let shape = OutputShape::new(&layout, &self.columns)?;
        let has_baseline = self.params.months().is_some();
        let source = context.source.filter(|_| has_baseline);
        // The leaderboards write open times, so bar_time applies to the source, if there is one.
        let bar_time = if source.is_some() { BarTime::Open } else { self.bar_time };
        let options = ReadOptions { bar_time, ..ReadOptions::default() };
        let file =
            observer.step("reading the cohort", || FileSource::open(&self.input, &options))?;
        report_findings(&file, observer);
        context.check(&file)?;
        let symbols = file.symbols();
        if symbols.is_empty() {
            return Err(Error::EmptyFile { path: self.input.clone() });
        }
        let history = match source {
            _ if !has_baseline => History::None,
            Some(source) => History::Source(source),
            None => History::Cohort,
        };
        let metric_table = stage_metrics::CATALOG.metrics;
        let series = self
            .series_output
            .as_ref()
            .map(|path| SeriesFile::create(path, metric_table, self.csv_safe, temp));
        let mut series = series.transpose()?;
        let metrics =
            metrics(&symbols, &file, history, &self.params, self.asof, series.as_mut(), observer)?;
        let mut files = vec![metrics.write(&self.output, &self.columns, self.csv_safe, temp)?];
        files.extend(series.map(SeriesFile::finish).transpose()?);
        if let History::Source(source) = history {
            context.check(source)?;
        }
        commit(files)?;
        let size = [metrics.rows.len() * shape.rows_per_row(), shape.columns().len()];
        Ok(MetricsOutput { metrics, size })
    }

    /// The files that the job reads, besides the source.
    pub fn inputs(&self) -> Vec<PathBuf> {
        vec![self.input.clone()]
    }

    /// The files that the job writes.
    pub fn outputs(&self) -> Vec<PathBuf> {
        [Some(&self.output), self.series_output.as_ref()].into_iter().flatten().cloned().collect()
    }
}

/// Clusters the upswings of a cohort file and writes the clusters.
#[derive(Debug, Clone, Serialize)]
pub struct CohortCyclesJob {
    /// The cohort; determines the output names.
    pub cohort: Cohort,
    /// Windows, minimum amplitude and minimum number of minutes.
    pub params: stage_cycles::ValidParams,
    /// How series are decomposed: `standard` or `pyemd`.
    #[serde(serialize_with = "crate::cycles::decomposer_serde::preset")]
    pub preset: emd::Preset,
    /// The as-of; `Latest`: all bars of the input.
    pub asof: AsOfSpec,
    /// File with the bars of the cohort.
    pub input: PathBuf,
    /// The folder of the outputs.
    pub out_dir: PathBuf,
    /// The meaning of timestamps.
    pub bar_time: BarTime,
}

/// The result of a [`CohortCyclesJob`].
#[derive(Debug, Clone)]
pub struct CohortCyclesOutput {
    /// The clusters.
    pub cycles: CohortCycles,
    /// The files: JSON and text.
    pub files: [PathBuf; 2],
}

impl CohortCyclesJob {
    /// Runs the job.
    ///
    /// # Errors
    /// As [`cohort_cycles`], and if the input cannot be read or a file not be written.
    pub fn run(&self, context: &JobContext<'_>) -> Result<CohortCyclesOutput> {
        let JobContext { temp, observer, .. } = *context;
        let decomposer = emd::Params::new(self.preset).check()?;
        let files = self.files();
        check_outputs(&self.input, None, &[&files[0], &files[1]])?;
        let options =
            ReadOptions { closes_only: true, bar_time: self.bar_time, ..ReadOptions::default() };
        let file =
            observer.step("reading the cohort", || FileSource::open(&self.input, &options))?;
        report_findings(&file, observer);
        context.check(&file)?;
        let symbols = file.symbols();
        if symbols.is_empty() {
            return Err(Error::EmptyFile { path: self.input.clone() });
        }
        files.iter().try_for_each(|path| temp.check_writable(path))?;
        let end = self.asof.moment().map_or(Minute::MAX, |asof| asof.end());
        let span = Span { start: Minute::MIN, end };
        let cycles = observer.step("computing", || {
            cohort_cycles(&symbols, &file as &dyn Source, span, &self.params, &decomposer, observer)
        })?;
        commit(cycles.write(&files, temp)?)?;
        Ok(CohortCyclesOutput { cycles, files })
    }

    fn files(&self) -> [PathBuf; 2] {
        self.cohort.clusters_files().map(|name| self.out_dir.join(name))
    }

    /// The files that the job reads.
    pub fn inputs(&self) -> Vec<PathBuf> {
        vec![self.input.clone()]
    }

    /// The files that the job writes.
    pub fn outputs(&self) -> Vec<PathBuf> {
        self.files().into()
    }
}
