//! `data-pipeline imf-cluster`

use std::path::PathBuf;

use bars::time::AsOfSpec;
use clap::Args;
use pipeline::cohort_cycles::SymbolUpswings;
use pipeline::jobs::{CohortCyclesJob, CohortCyclesOutput};
use stages::cohort_cycles::{Params, WindowUpswings};

use crate::console::Console;
use crate::explain;
use crate::flags::{self, CohortFlag, PresetFlag, ReadingFlags};
use crate::ui;

/// Flags of `imf-cluster`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Which cohort: it names the files.
    #[arg(value_enum)]
    pub cohort: CohortFlag,
    /// The cohort's bars: at least symbol, timestamp, close and volume; habitual_gainers.csv,
    /// habitual_losers.csv or habitual_overlaps.csv where it is missing.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// As of when: a time, a date (00:00 UTC of it), or latest, which is all of the file.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    pub asof: AsOfSpec,
    /// The windows, each ending with a symbol's last bar by then.
    #[arg(
        long,
        value_name = "LIST",
        default_value = "6h,12h,24h,3d,7d,30d",
        allow_hyphen_values = true
    )]
    pub windows: String,
    /// A rise from peak to peak counts from so many percent on.
    #[arg(long, value_name = "PCT", default_value_t = 2.0, allow_negative_numbers = true)]
    pub min_amplitude_pct: f64,
    /// A window of fewer minutes is skipped.
    #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true)]
    pub min_points: usize,
    /// standard: EMD with 10 sifts. pyemd: what EMD-signal 1.10 computes, bit for bit.
    #[arg(long, value_enum, default_value_t = PresetFlag::Standard)]
    pub preset: PresetFlag,
    /// The folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out_dir: PathBuf,
    /// How the bars are read.
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
    /// The job of these flags.
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
            input: self.input.clone().unwrap_or_else(|| cohort.bars_file().into()),
            out_dir: self.out_dir.clone(),
            bar_time: self.reading.bar_time(),
        })
    }
}

/// Prints the clusters.
pub fn print(output: &CohortCyclesOutput) -> anyhow::Result<()> {
    print_symbols(&output.cycles.symbols)?;
    let [json, text] = [&output.files[0], &output.files[1]].map(|path| path.display());
    ui::print(&format!("\nWritten: {json}, {text}"))
}

/// Symbols shown at most.
const MAX_SYMBOLS_SHOWN: usize = 20;

fn print_symbols(symbols: &[SymbolUpswings]) -> anyhow::Result<()> {
    let row = |symbol: &SymbolUpswings| {
        let mut row = vec![symbol.symbol.to_string()];
        match symbol.strongest() {
            Some((window, kind)) => row.extend([
                format!("{:.1}", kind.median_amplitude_pct),
                ui::minutes(kind.median_duration_min),
                ui::count(kind.count as u64),
                window.to_string(),
            ]),
            None => row.extend(["-"; 4].map(str::to_owned)),
        }
        row.push(per_window(symbol));
        row
    };
    let header = [
        "symbol",
        "strongest rise %",
        "takes",
        "cycles",
        "window",
        "kinds per window (gmm/dbscan)",
    ];
    ui::print(&ui::table(&header, &[1, 2, 3, 4], symbols.iter().take(MAX_SYMBOLS_SHOWN).map(row)))?;
    if symbols.len() > MAX_SYMBOLS_SHOWN {
        ui::print(&format!("and {} more", symbols.len() - MAX_SYMBOLS_SHOWN))?;
    }
    Ok(())
}

/// `6h 2/3, 3d 9/2`: how many clusters each method tells apart.
fn per_window(symbol: &SymbolUpswings) -> String {
    let window = |study: &WindowUpswings| match &study.clusters {
        Ok(clusters) => {
            format!("{} {}/{}", study.window, clusters.gmm.len(), clusters.dbscan.len())
        }
        Err(_) => format!("{} -", study.window),
    };
    symbol.windows.iter().map(window).collect::<Vec<_>>().join(", ")
}
