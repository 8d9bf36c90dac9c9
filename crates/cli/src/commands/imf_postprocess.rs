//! `data-pipeline imf-postprocess`

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use clap::{Args, ValueEnum};
use pipeline::cycles_summary::{CardFiles, CyclesSummaryRequest};
use pipeline::jobs::{CyclesSummaryJob, CyclesSummaryOutput};
use stages::cycles::SignalKind;
use stages::cycles::table::PostLine;

use crate::console::Console;
use crate::explain;
use crate::flags::{self, FormatFlag};
use crate::ui;

/// Flags of `imf-postprocess`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The table that imf-stage wrote: .../dt=YYYY-MM-DD/imf_summary.parquet.
    #[arg(long, value_name = "FILE")]
    pub summary: PathBuf,
    /// The cards of price [default: those beside the summary].
    #[arg(long, value_name = "FILE")]
    pub cards_price: Option<PathBuf>,
    /// The cards of volume [default: those beside the summary].
    #[arg(long, value_name = "FILE")]
    pub cards_volume: Option<PathBuf>,
    /// The cards of price and volume together [default: those beside the summary].
    #[arg(long, value_name = "FILE")]
    pub cards_mixed: Option<PathBuf>,
    /// The cards within symbols [default: those beside the summary].
    #[arg(long, value_name = "FILE")]
    pub cards_asset: Option<PathBuf>,
    /// What imf-stage was run with [default: run_config.json beside the summary].
    #[arg(long, value_name = "FILE")]
    pub run_config: Option<PathBuf>,
    /// Whose cycles.
    #[arg(long, value_enum, default_value_t = Which::Price)]
    pub series: Which,
    /// The as-of that results carry [default: the run's, else the summary's latest]; a date means
    /// the end of it.
    #[arg(long, value_name = "TIME", value_parser = flags::asof)]
    pub asof: Option<AsOfSpec>,
    /// Length of the window in days [default: the run's].
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    pub window_days: Option<f64>,
    /// Leave out cycles with less of the variance, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, allow_negative_numbers = true)]
    pub min_energy_share: f64,
    /// A depth under the first percentage is small, over the second large.
    #[arg(long, value_names = ["SMALL", "LARGE"], num_args = 2, default_values_t = [5.0, 12.0], allow_negative_numbers = true)]
    pub amp_bands: Vec<f64>,
    /// The form of the tables.
    #[arg(long, value_enum, default_value_t = FormatFlag::Parquet)]
    pub format: FormatFlag,
    /// The folder of the tables [default: that of the summary].
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
}

/// Which series to summarize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Those of price.
    Price,
    /// Those of volume.
    Volume,
    /// Both, each on its own.
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

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let job = flags.job(&flags.summary);
    let output = job
        .run(&Console::default().context(None))
        .map_err(|e| explain::with_input(e, "--summary"))?;
    print(&output)
}

impl Flags {
    /// The job of these flags on `summary`.
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
        }
    }
}

/// Prints the summary.
pub fn print(output: &CyclesSummaryOutput) -> anyhow::Result<()> {
    print_lines(&output.summary.lines)?;
    let rows = ui::pluralize(output.summary.lines.len(), "row");
    let [summary, top] = [&output.files[0], &output.files[1]].map(|path| path.display());
    ui::print(&format!("\nWritten: {summary}: {rows}, as of {}; {top}", output.summary.asof))
}

/// Lines shown at most.
const MAX_LINES_SHOWN: usize = 40;

fn print_lines(lines: &[PostLine]) -> anyhow::Result<()> {
    let row = |line: &PostLine| {
        let cycle = &line.summary.dominant().cycle;
        vec![cycle.symbol.clone(), cycle.series.to_string(), line.summary.text.clone()]
    };
    if !lines.is_empty() {
        ui::print(&ui::table(
            &["symbol", "series", "cycles"],
            &[],
            lines.iter().take(MAX_LINES_SHOWN).map(row),
        ))?;
    }
    if lines.len() > MAX_LINES_SHOWN {
        ui::print(&format!("and {} more", lines.len() - MAX_LINES_SHOWN))?;
    }
    Ok(())
}
