//! `data-pipeline emd`

use std::path::PathBuf;

use bars::Symbol;
use clap::{Args, ValueEnum};
use pipeline::jobs::{EmdJob, EmdMethod, ModeSummary};

use crate::console::Console;
use crate::explain;
use crate::flags::DecompositionFlags;
use crate::ui::{self, Usage};

/// Flags of `emd`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// CSV (with a header; plain, gzip or zstd) or Parquet file.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Numeric column to decompose, in row order.
    #[arg(long, value_name = "NAME", default_value = "close")]
    column: String,
    /// Symbol to decompose if the file has several, in any common spelling.
    #[arg(long, value_name = "NAME")]
    symbol: Option<Symbol>,
    /// Decompose the natural logarithm (usual for prices).
    #[arg(long)]
    log: bool,
    /// ceemdan: average over noisy copies. emd: sift the series itself.
    #[arg(long, value_enum, default_value_t = Method::Ceemdan)]
    method: Method,
    /// Output file: .npz (arrays imfs, residue, imf_variances) or .parquet (one column per mode).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Parameters of the decomposition.
    #[command(flatten)]
    decomposition: DecompositionFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    Ceemdan,
    Emd,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let job = flags.job()?;
    let output = job.run(&Console::default().context(None)).map_err(explain::with_plain_io)?;
    let of = output.symbol.as_ref().map_or(String::new(), |symbol| format!(" of {symbol}"));
    let what = if flags.log { format!("log {}", flags.column) } else { flags.column.clone() };
    let n = ui::count(output.samples() as u64);
    let modes = ui::pluralize(output.decomposition.modes.len(), "mode");
    ui::print(&format!(
        "{n} samples of {what}{of}: {modes} in {:.1} s",
        output.elapsed.as_secs_f64()
    ))?;
    print_modes(flags.method, &output.modes())?;
    flags.out.as_ref().map_or(Ok(()), |out| ui::print(&format!("wrote {}", out.display())))
}

impl Flags {
    /// Returns the job for these flags.
    fn job(&self) -> anyhow::Result<EmdJob> {
        let decomposer = self.decomposition.decomposer()?;
        let method = match self.method {
            Method::Ceemdan => EmdMethod::Ceemdan,
            Method::Emd => EmdMethod::Emd,
        };
        if method == EmdMethod::Emd
            && let Some(flag) = self.decomposition.noise_flags().first()
        {
            return Err(Usage(format!(
                "{flag} only applies to --method ceemdan: EMD adds no noise"
            ))
            .into());
        }
        Ok(EmdJob {
            input: self.input.clone(),
            column: self.column.clone(),
            symbol: self.symbol.clone(),
            log: self.log,
            method,
            decomposer,
            out: self.out.clone(),
        })
    }
}

fn print_modes(method: Method, modes: &[ModeSummary]) -> anyhow::Result<()> {
    if modes.is_empty() {
        return ui::print(
            "no modes: the series has fewer than three extrema, all of it is residue",
        );
    }
    let rows = modes.iter().enumerate().map(|(k, ModeSummary { period, energy_pct, stats })| {
        let period = period.map_or("-".to_owned(), significant);
        let (sifts, hits) = match method {
            Method::Emd => (
                stats.sifts_max.to_string(),
                if stats.cap_hits > 0 { "yes" } else { "no" }.to_owned(),
            ),
            Method::Ceemdan => (
                format!("{:.1} ({})", stats.sifts_mean, stats.sifts_max),
                stats.cap_hits.to_string(),
            ),
        };
        // Fast modes of a price have little energy but matter: show more digits.
        let digits = if *energy_pct < 1.0 { 3 } else { 1 };
        let energy = format!("{energy_pct:.digits$}");
        vec![(k + 1).to_string(), period, bar(*energy_pct), energy, sifts, hits]
    });
    let sifts = if method == Method::Emd { "sifts" } else { "sifts, mean (max)" };
    let header = ["mode", "period", "", "energy %", sifts, "cap hits"];
    ui::print(&ui::table(&header, &[0, 1, 3, 4, 5], rows))?;
    ui::print(
        "Periods in samples; energy as a share of the sum of the modes' variances (without residue).",
    )
}

/// Formats a period with three significant digits, or as a whole number from 100 on.
fn significant(x: f64) -> String {
    if x < 10.0 {
        format!("{x:.2}")
    } else if x < 100.0 {
        format!("{x:.1}")
    } else {
        ui::count(x.round() as u64)
    }
}

/// Draws a percentage as a bar of at most 20 characters.
fn bar(share: f64) -> String {
    "#".repeat((share / 5.0).round() as usize)
}
