//! `data-pipeline imf-cluster`

use std::path::PathBuf;

use bars::time::AsOfSpec;
use clap::Args;
use pipeline::jobs::{CohortCyclesJob, CohortCyclesOutput};
use pipeline::summaries;
use stages::cohort_cycles::Params;

use crate::console::Console;
use crate::explain;
use crate::flags::{self, CohortFlag, PresetFlag, ReadingFlags};
use crate::ui;

/// Flags of `imf-cluster`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Cohort; determines the default file names.
    #[arg(value_enum)]
    pub cohort: CohortFlag,
    /// File with the cohort's bars; needs symbol, timestamp, close and volume [default:
    /// habitual_COHORT.csv].
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Evaluation time: timestamp, date (00:00 UTC) or `latest` (all bars of the file).
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    pub asof: AsOfSpec,
    /// Windows; each ends with the last bar of the symbol at --asof.
    #[arg(
        long,
        value_name = "LIST",
        default_value = "6h,12h,24h,3d,7d,30d",
        allow_hyphen_values = true
    )]
    pub windows: String,
    /// Minimum rise from one peak to the next, in percent.
    #[arg(long, value_name = "PCT", default_value_t = 2.0, allow_negative_numbers = true)]
    pub min_amplitude_pct: f64,
    /// Minimum number of minutes in a window; shorter windows are skipped.
    #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true)]
    pub min_points: usize,
    /// standard: EMD with 10 sifts per mode. pyemd: bit-identical to EMD-signal 1.10.
    #[arg(long, value_enum, default_value_t = PresetFlag::Standard)]
    pub preset: PresetFlag,
    /// Output folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out_dir: PathBuf,
    /// Interpretation of the rows.
    #[command(flatten)]
    pub reading: ReadingFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let job = flags.job()?;
    let console = Console::new(flags.reading.strict);
    let output = job.run(&console.context(None)).map_err(|e| explain::with_input(e, "--input"))?;
    print(&output)
}

impl Flags {
    /// Returns the job for these flags.
    pub fn job(&self) -> anyhow::Result<CohortCyclesJob> {
        let params = Params {
            windows: flags::window_list(&self.windows)?,
            min_amplitude_pct: self.min_amplitude_pct,
            min_points: self.min_points,
        };
        let cohort = self.cohort.cohort();
        Ok(CohortCyclesJob {
            cohort,
            params: params.check().map_err(pipeline::Error::from)?,
            preset: self.preset.preset(),
            asof: self.asof,
            input: flags::cohort_input(self.input.as_deref(), cohort),
            out_dir: self.out_dir.clone(),
            bar_time: self.reading.bar_time(),
        })
    }
}

/// Prints the strongest cluster per symbol and the paths of the files.
pub fn print(output: &CohortCyclesOutput) -> anyhow::Result<()> {
    ui::print_first(ui::MAX_SYMBOLS_SHOWN, summaries::upswings(&output.cycles.symbols))?;
    let [json, text] = [&output.files[0], &output.files[1]].map(|path| path.display());
    ui::print(&format!("\nwrote {json}, {text}"))
}
