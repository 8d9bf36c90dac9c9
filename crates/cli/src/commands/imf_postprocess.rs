//! `data-pipeline imf-postprocess`

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use clap::{Args, ValueEnum};
use pipeline::cycles_summary::{CardFiles, CyclesSummaryRequest};
use pipeline::jobs::{CyclesSummaryJob, CyclesSummaryOutput};
use pipeline::summaries;
use stages::cycles::SignalKind;

use crate::console::Console;
use crate::explain;
use crate::flags::{self, FormatFlag};
use crate::ui;

/// Flags of `imf-postprocess`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Table written by imf-stage: .../dt=YYYY-MM-DD/imf_summary.parquet.
    #[arg(long, value_name = "FILE")]
    pub summary: PathBuf,
    /// Cluster cards of price cycles [default: in the folder of --summary].
    #[arg(long, value_name = "FILE")]
    pub cards_price: Option<PathBuf>,
    /// Cluster cards of volume cycles [default: in the folder of --summary].
    #[arg(long, value_name = "FILE")]
    pub cards_volume: Option<PathBuf>,
    /// Cluster cards of price and volume cycles together [default: in the folder of --summary].
    #[arg(long, value_name = "FILE")]
    pub cards_mixed: Option<PathBuf>,
    /// Cluster cards within symbols [default: in the folder of --summary].
    #[arg(long, value_name = "FILE")]
    pub cards_asset: Option<PathBuf>,
    /// Parameters of the imf-stage run [default: run_config.json in the folder of --summary].
    #[arg(long, value_name = "FILE")]
    pub run_config: Option<PathBuf>,
    /// Series to summarize.
    #[arg(long, value_enum, default_value_t = Which::Price)]
    pub series: Which,
    /// As-of of the results; a date means its end [default: that of the run, else the newest in
    /// --summary].
    #[arg(long, value_name = "TIME", value_parser = flags::asof)]
    pub asof: Option<AsOfSpec>,
    /// Length of the decomposed window in days [default: that of the run].
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    pub window_days: Option<f64>,
    /// Minimum energy share of a cycle (its variance over that of all modes), 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, allow_negative_numbers = true)]
    pub min_energy_share: f64,
    /// Depth limits in percent: below SMALL a cycle is small, above LARGE it is large.
    #[arg(long, value_names = ["SMALL", "LARGE"], num_args = 2, default_values_t = [5.0, 12.0], allow_negative_numbers = true)]
    pub amp_bands: Vec<f64>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = FormatFlag::Parquet)]
    pub format: FormatFlag,
    /// Put an apostrophe before texts in CSV that spreadsheets would evaluate: those that begin with
    /// = + - @, a tab or a line end.
    #[arg(long)]
    pub csv_safe: bool,
    /// Output folder [default: the folder of --summary].
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
}

/// Which series to summarize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Cycles of price.
    Price,
    /// Cycles of volume.
    Volume,
    /// Both, summarized separately.
    Both,
}

impl Which {
    fn series(self) -> Vec<SignalKind> {
        match self {
            Which::Price => vec![SignalKind::Price],
            Which::Volume => vec![SignalKind::Volume],
            Which::Both => SignalKind::BOTH.to_vec(),
        }
    }
}

/// Maximum number of lines printed.
const MAX_LINES_SHOWN: usize = 40;

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let job = flags.job(&flags.summary);
    let output = job
        .run(&Console::default().context(None))
        .map_err(|e| explain::with_input(e, "--summary"))?;
    print(&output)
}

impl Flags {
    /// Returns the job for these flags that reads `summary`.
    pub fn job(&self, summary: &Path) -> CyclesSummaryJob {
        let folder = summary.parent().unwrap_or(Path::new("."));
        CyclesSummaryJob {
            request: CyclesSummaryRequest {
                summary: summary.to_owned(),
                cards: CardFiles {
                    price: self.cards_price.clone(),
                    volume: self.cards_volume.clone(),
                    mixed: self.cards_mixed.clone(),
                    asset: self.cards_asset.clone(),
                },
                run_config: self.run_config.clone(),
                series: self.series.series(),
                asof: self.asof,
                window_days: self.window_days,
                min_energy_share: self.min_energy_share,
                amp_bands: [self.amp_bands[0], self.amp_bands[1]],
            },
            out: self.out_dir.clone().unwrap_or_else(|| folder.to_owned()),
            format: self.format.format(),
            csv_safe: self.csv_safe,
        }
    }
}

/// Prints one line per symbol and series and the paths of the files.
pub fn print(output: &CyclesSummaryOutput) -> anyhow::Result<()> {
    if !output.summary.lines.is_empty() {
        ui::print_first(MAX_LINES_SHOWN, summaries::cycle_texts(&output.summary.lines))?;
    }
    let rows = ui::pluralize(output.summary.lines.len(), "row");
    let [summary, top] = [&output.files[0], &output.files[1]].map(|path| path.display());
    ui::print(&format!("\nwrote {summary}: {rows}, as of {}; {top}", output.summary.asof))
}
