//! `data-pipeline metrics`

use std::path::PathBuf;

use bars::time::AsOfSpec;
use bars::{BarTime, Window};
use clap::Args;
use pipeline::jobs::{MetricsJob, MetricsOutput};
use pipeline::summaries::{self, INTRADAY};
use pipeline::task::{Shard, TaskRequest};
use stages::features::baseline::MIN_BASELINE_N;
use stages::metrics::Params;

use crate::console::Console;
use crate::explain;
use crate::flags::{self, CohortFlag, ColumnFlags, SourceFlags, check_table_path};
use crate::shard;
use crate::source_select::{self, Prompt};
use crate::ui;

/// Flags of `metrics`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Cohort; determines the default file names.
    #[arg(value_enum)]
    pub cohort: CohortFlag,
    /// File with the bars of the cohort's symbols, from which the windows are computed; baselines use
    /// --source [default: habitual_COHORT.csv].
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Output file, .csv or .parquet [default: gainers_metrics.csv, losers_metrics.csv or
    /// overlap_metrics.csv].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Calendar months of history in each baseline.
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub months: u32,
    /// Windows, such as 1h,4h,90m.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h", allow_hyphen_values = true)]
    pub windows: String,
    /// Add 72h to --windows.
    #[arg(long)]
    pub enable_72h: bool,
    /// Evaluation time: timestamp, date (00:00 UTC) or `latest` (close of the input's newest bar).
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    pub asof: AsOfSpec,
    /// Minimum share of a window's minutes with a bar, 0 to 1; below it the metrics are missing.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, allow_negative_numbers = true)]
    pub coverage_threshold: f64,
    /// Minimum number of values in a baseline; with fewer, percentile, quintile and z-score are missing.
    #[arg(long, value_name = "N", default_value_t = MIN_BASELINE_N, allow_negative_numbers = true)]
    pub min_baseline_n: usize,
    /// Skip baselines: no percentile, quintile and z-score columns.
    #[arg(long)]
    pub no_baseline: bool,
    /// Also write the past values that baselines are computed from, one row per symbol, window and
    /// bucket (.parquet or
    /// .csv).
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    pub series_output: Option<PathBuf>,
    /// Compute only part I of N and write it to the folder of --output (see 'data-pipeline merge').
    #[arg(long, value_name = "I/N", conflicts_with = "series_output")]
    pub shard: Option<Shard>,
    /// The columns of the table.
    #[command(flatten)]
    pub columns: ColumnFlags,
    /// The source of the baselines' bars; the input itself if no source is given and data/bars does
    /// not exist.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let job = flags.job()?;
    let opened = if flags.no_baseline {
        None
    } else {
        source_select::optional_source(&flags.source, Prompt::Interactive)?
    };
    let console = Console::new(flags.source.reading.strict);
    if let Some(shard) = flags.shard {
        flags.columns.check_whole()?;
        let cohort = flags.cohort.cohort();
        let request = TaskRequest::Metrics {
            params: job.params,
            asof: job.asof,
            input: job.input,
            // The leaderboards write open times, so the flag only applies to the source, if any.
            bar_time: if opened.is_some() { BarTime::Open } else { job.bar_time },
            cohort: cohort.name().to_owned(),
        };
        let folder = flags.output.clone().unwrap_or_else(|| "parts".into());
        return shard::run(&request, shard, &folder, opened.as_ref(), &console);
    }
    let output = job
        .run(&console.context(opened.as_ref()))
        .map_err(|e| explain::with_input(e, "--input"))?;
    print(&job, &output)
}

impl Flags {
    /// Returns the job for these flags.
    pub fn job(&self) -> anyhow::Result<MetricsJob> {
        let params = Params {
            windows: flags::windows(&self.windows, self.enable_72h)?,
            coverage_threshold: self.coverage_threshold,
            months: (!self.no_baseline).then_some(self.months),
            min_baseline_n: self.min_baseline_n,
        };
        let cohort = self.cohort.cohort();
        let job = MetricsJob {
            params: params.check().map_err(pipeline::Error::from)?,
            asof: self.asof,
            input: flags::cohort_input(self.input.as_deref(), cohort),
            output: self.output.clone().unwrap_or_else(|| cohort.metrics_file().into()),
            columns: self.columns.options(),
            series_output: self.series_output.clone(),
            bar_time: self.source.reading.bar_time(),
            source_path: self.source.path(),
            csv_safe: self.columns.csv_safe,
        };
        if self.shard.is_none() {
            job.outputs().iter().try_for_each(|path| check_table_path(path))?;
        }
        Ok(job)
    }
}

/// Prints a table of the metrics and the path of the file.
pub fn print(job: &MetricsJob, output: &MetricsOutput) -> anyhow::Result<()> {
    let metrics = &output.metrics;
    let summary = summaries::features(&metrics.layout, &metrics.rows, INTRADAY, Window::DAY);
    ui::print_first(ui::MAX_SYMBOLS_SHOWN, summary)?;
    ui::print(&format!(
        "\nwrote {}: {} of {} columns, as of {}",
        job.output.display(),
        ui::pluralize(output.size[0], "row"),
        ui::count(output.size[1] as u64),
        metrics.asof
    ))
}
