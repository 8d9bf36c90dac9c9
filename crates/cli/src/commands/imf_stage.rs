//! `data-pipeline imf-stage`

use std::path::{Path, PathBuf};

use bars::Symbol;
use bars::time::AsOfSpec;
use clap::Args;
use pipeline::artifacts::names;
use pipeline::cycles::{CyclesParams, describe_pool};
use pipeline::jobs::{CyclesJob, CyclesOutput, CyclesPanelOutput};
use pipeline::summaries;
use pipeline::task::{Shard, TaskRequest};
use stages::cycles::Params;

use crate::console::Console;
use crate::explain;
use crate::flags::{self, DecompositionFlags, PanelFlags, SourceFlags};
use crate::shard;
use crate::source_select;
use crate::ui::{self, Usage};

/// Flags of `imf-stage`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// CSV or Parquet file with a column symbol [default: leaders.csv, unless --leaders is given]. With
    /// --from it can be the output folder of a panel of leaderboards: the leaders of each date are then
    /// the symbols on its boards.
    #[arg(long, value_name = "FILE")]
    pub leaders_csv: Option<PathBuf>,
    /// Comma-separated symbols, in addition to those of the file.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub leaders: Vec<Symbol>,
    /// Evaluation time: timestamp, date (end of that day) or `latest` (close of the leaders' newest
    /// bar).
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = flags::asof)]
    pub asof: AsOfSpec,
    /// Calendar months of bars to decompose.
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub lookback_months: u32,
    /// Minimum peak-to-trough depth of a cycle, in percent.
    #[arg(long, value_name = "PCT", default_value_t = 2.0, allow_negative_numbers = true)]
    pub min_cycle_depth_pct: f64,
    /// Remove a robust linear trend from log price before the decomposition.
    #[arg(long)]
    pub detrend: bool,
    /// Do not winsorize volume (1st and 99th percentile).
    #[arg(long)]
    pub no_winsorize: bool,
    /// Cluster cycles of price and volume together instead of separately.
    #[arg(long)]
    pub cluster_mixed: bool,
    /// Also write the IMFs: imfs/SYMBOL_price.npz and imfs/SYMBOL_volume.npz.
    #[arg(long)]
    pub persist_imfs: bool,
    /// Output folder, with one partition dt=YYYY-MM-DD per date.
    #[arg(long, value_name = "DIR", default_value = names::CYCLES_FOLDER)]
    pub out: PathBuf,
    /// Number of symbols to decompose at once: any value below the number of threads means one symbol
    /// at a time on all threads, which needs less memory [default: number of threads].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub n_jobs: Option<u16>,
    /// Time limit per series in seconds; a series that exceeds it is decomposed again with 20
    /// trials (no effect with --trials 20 or fewer). Results then depend on the machine.
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub max_seconds_per_asset: Option<f64>,
    /// Compute only part I of N and write it to the output folder (see 'data-pipeline merge').
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// The as-ofs of a panel: one run per date, each in its partition.
    #[command(flatten)]
    pub panel: PanelFlags,
    /// Parameters of the decomposition.
    #[command(flatten)]
    pub decomposition: DecompositionFlags,
    /// The source of the bars.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let range = flags.panel.range();
    range.map(pipeline::cycles::check_panel).transpose()?;
    let job = flags.job(flags.leaders_file()?)?;
    let opened = source_select::source(&flags.source)?;
    let console = Console::new(flags.source.reading.strict);
    if let Some(shard) = flags.shard {
        let symbols = job.symbols(&console).map_err(|e| explain::with_input(e, "--leaders-csv"))?;
        let CyclesJob { params, asof, out, persist_modes, .. } = job;
        let request = TaskRequest::Cycles { params, symbols, asof, persist_modes };
        return shard::run(&request, shard, &out, Some(&opened), &console);
    }
    let context = console.context(Some(&opened));
    if let Some(range) = range {
        let output =
            job.run_panel(range, &context).map_err(|e| explain::with_input(e, "--leaders-csv"))?;
        return print_panel(&output);
    }
    let output = job.run(&context).map_err(|e| explain::with_input(e, "--leaders-csv"))?;
    print(&output)
}

impl Flags {
    /// Returns the file of leaders, or `None` if only `--leaders` was given.
    fn leaders_file(&self) -> anyhow::Result<Option<PathBuf>> {
        const DEFAULT: &str = "leaders.csv";
        if self.leaders_csv.is_some() || !self.leaders.is_empty() {
            return Ok(self.leaders_csv.clone());
        }
        if Path::new(DEFAULT).exists() {
            return Ok(Some(DEFAULT.into()));
        }
        Err(Usage(
            "no leaders; give a file with --leaders-csv (such as habitual_overlaps.csv; default leaders.csv) or symbols with --leaders"
                .to_owned(),
        )
        .into())
    }

    /// Returns the job for these flags.
    pub fn job(&self, leaders_file: Option<PathBuf>) -> anyhow::Result<CyclesJob> {
        let params = Params {
            lookback_months: self.lookback_months,
            min_cycle_depth_pct: self.min_cycle_depth_pct,
            detrend: self.detrend,
            winsorize: !self.no_winsorize,
            mixed: self.cluster_mixed,
        };
        let params = CyclesParams {
            stage: params.check().map_err(pipeline::Error::from)?,
            decomposer: self.decomposition.decomposer()?,
            budget: self
                .max_seconds_per_asset
                .map(CyclesParams::budget_from_seconds)
                .transpose()?,
            jobs: self.n_jobs.map(usize::from),
            bar_time: self.source.reading.bar_time(),
        };
        Ok(CyclesJob {
            leaders_file,
            leaders: self.leaders.clone(),
            params,
            asof: self.asof,
            out: self.out.clone(),
            persist_modes: self.persist_imfs,
        })
    }
}

/// Prints the cycles per symbol, the clusters and the path of the table.
pub fn print(output: &CyclesOutput) -> anyhow::Result<()> {
    let cycles = &output.cycles;
    ui::print_first(ui::MAX_SYMBOLS_SHOWN, summaries::cycles(&cycles.by_symbol()))?;
    cycles.pools.iter().try_for_each(|pool| ui::print(&describe_pool(pool)))?;
    ui::print(&format!(
        "\nwrote {}: {}, as of {}; cluster cards and run_config.json are in the same folder",
        output.summary_file.display(),
        ui::pluralize(cycles.rows.len(), "row"),
        cycles.lookback.asof
    ))
}

/// Prints the cycles at the last as-of of a panel and the paths of the tables.
fn print_panel(output: &CyclesPanelOutput) -> anyhow::Result<()> {
    let (first, last) = (output.asofs[0], output.asofs[output.asofs.len() - 1]);
    if let Some(CyclesOutput { cycles, .. }) = &output.last {
        ui::print(&format!("cycles as of {last}:"))?;
        ui::print_first(ui::MAX_SYMBOLS_SHOWN, summaries::cycles(&cycles.by_symbol()))?;
        cycles.pools.iter().try_for_each(|pool| ui::print(&describe_pool(pool)))?;
    }
    ui::print(&format!(
        "\nwrote {}, the first {}: {}, as of {first} to {last}; cluster cards and run_config.json are in the same folders",
        ui::pluralize(output.asofs.len(), "partition"),
        output.first_file.display(),
        ui::pluralize(output.rows, "row"),
    ))
}
