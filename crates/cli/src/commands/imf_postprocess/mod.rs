//! `data-pipeline imf-postprocess`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bars::AsOf;
use bars::time::AsOfSpec;
use bars_io::atomic::FinishedFile;
use clap::{Args, ValueEnum};
use stages::cycles::postprocess::{Cycle, Params, summarise};
use stages::cycles::table::{self, Column, PostLine, fill, top_lines};
use stages::cycles::{Lookback, Series, Status};

use super::places::check_places;
use crate::args::{self, SourceFlags};
use crate::interrupt::temp_files;
use crate::logging::step;
use crate::output::table::{Columns, Compression, Format, TableWriter};
use crate::ui::{self, Usage};

mod beside;
mod cards;
mod summary;

use beside::RunConfig;
use summary::Summary;

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
    /// The as-of that results carry [default: the run's, else the summary's latest]; a date means the end of it.
    #[arg(long, value_name = "TIME", value_parser = args::asof)]
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
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    pub format: Format,
    /// The folder of the tables [default: that of the summary].
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
}

/// Whose cycles are summed up.
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
    fn has(self, series: Series) -> bool {
        match self {
            Which::Price => series == Series::Price,
            Which::Volume => series == Series::Volume,
            Which::Both => true,
        }
    }
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let summary = step("reading the summary", || Summary::read(&flags.summary))?;
    let folder = flags.summary.parent().unwrap_or(Path::new("."));
    let config = RunConfig::find(flags.run_config.as_deref(), folder)?;
    let params = Params {
        window_days: window_days(flags, config.as_ref())?,
        min_energy_share: flags.min_energy_share,
        amp_bands: [flags.amp_bands[0], flags.amp_bands[1]],
    };
    let params = params.check().map_err(|e| Usage(e.to_string()))?;
    cards::check(flags, folder, &summary)?;
    let asof = asof(flags, config.as_ref(), &summary)?;
    let out = flags.out_dir.as_deref().unwrap_or(folder);
    let places = Places { out, format: flags.format };
    let outputs = [places.of("imf_post_summary"), places.of("imf_post_top_imfs")];
    check_places(&flags.summary, &SourceFlags::default(), &[&outputs[0], &outputs[1]])?;
    temp_files().check_writable(&outputs[0])?;

    tell_of_dropped(&summary);
    let chosen: Vec<Cycle> =
        summary.cycles.into_iter().filter(|cycle| flags.series.has(cycle.series)).collect();
    let line = |summary: stages::cycles::postprocess::Summary| {
        let symbol = &summary.dominant().cycle.symbol;
        let missing_share = config.as_ref().and_then(|config| config.missing_share(symbol));
        PostLine { asof, missing_share: missing_share.unwrap_or(f64::NAN), summary }
    };
    let lines: Vec<PostLine> = summarise(chosen, &params).into_iter().map(line).collect();
    if lines.is_empty() {
        tracing::warn!("no cycle of {} is left to sum up: the tables are empty", flags.summary.display());
    }
    let files = [
        places.write(&outputs[0], &table::post_summary(), &lines)?,
        places.write(&outputs[1], &table::post_top(), &top_lines(&lines))?,
    ];
    files.into_iter().try_for_each(FinishedFile::commit)?;
    places.remove_other_form()?;
    print(&lines)?;
    let rows = ui::things(lines.len(), "row");
    ui::print(&format!("\nWritten: {}: {rows}, as of {asof}; {}", outputs[0].display(), outputs[1].display()))
}

/// Rows that are summed up by no means, by status.
fn tell_of_dropped(summary: &Summary) {
    let mut dropped = BTreeMap::<&str, usize>::new();
    for cycle in summary.cycles.iter().filter(|cycle| cycle.status != Status::Ok.name()) {
        *dropped.entry(&cycle.status).or_default() += 1;
    }
    if !dropped.is_empty() {
        let counts: Vec<String> = dropped.iter().map(|(status, n)| format!("{n} {status}")).collect();
        tracing::info!("left out, as their status is not ok: {}", counts.join(", "));
    }
}

fn window_days(flags: &Flags, config: Option<&RunConfig>) -> anyhow::Result<f64> {
    match (flags.window_days, config.map(RunConfig::window_days).transpose()?.flatten()) {
        (Some(days), _) | (None, Some(days)) => Ok(days),
        (None, None) => {
            let why = match config {
                Some(config) => format!("{} does not tell", config.path().display()),
                None => format!("there is no run_config.json beside {}", flags.summary.display()),
            };
            Err(Usage(format!(
                "the length of the window is unknown: {why}; give it with --window-days, or name the run's file with --run-config"
            ))
            .into())
        }
    }
}

/// The as-of of the flags, of the run, of the summary.
fn asof(flags: &Flags, config: Option<&RunConfig>, summary: &Summary) -> anyhow::Result<AsOf> {
    let run = config.map(RunConfig::asof).transpose()?.flatten();
    if let (Some(config), Some(run), Some(latest)) = (config, run, summary.latest)
        && run != latest
    {
        anyhow::bail!(
            "{} is of another run: its as-of is {run}, that of {} {latest}; name the file of the same run with --run-config",
            config.path().display(),
            flags.summary.display()
        );
    }
    let named = match flags.asof {
        None | Some(AsOfSpec::Latest) => None,
        // Months do not matter to the as-of.
        Some(spec) => spec.moment().map(|moment| Lookback::new(spec, moment, 1).asof),
    };
    if let (Some(named), Some(latest)) = (named, summary.latest)
        && named < latest
    {
        tracing::warn!(
            "the cycles are as of {latest}, and are written down as of {named}, when they could not yet be known"
        );
    }
    named.or(run).or(summary.latest).ok_or_else(|| {
        anyhow::anyhow!("{} has no row, and so no as-of; give one with --asof", flags.summary.display())
    })
}

/// Where the tables go.
struct Places<'a> {
    out: &'a Path,
    format: Format,
}

impl Places<'_> {
    fn of(&self, name: &str) -> PathBuf {
        self.out.join(format!("{name}.{}", self.format.extension()))
    }

    fn write<L>(&self, place: &Path, columns: &[Column<L>], lines: &[L]) -> bars_io::Result<FinishedFile> {
        let named = Columns::new(columns.iter().map(|column| (column.name.clone(), column.dtype())));
        let mut writer = TableWriter::create(place, self.format, Compression::Snappy, &named)?;
        writer.write(fill(columns, lines))?;
        writer.seal()
    }

    /// Removes what an earlier run wrote in the other form: it is not of this run.
    fn remove_other_form(&self) -> bars_io::Result<()> {
        let format = if self.format == Format::Csv { Format::Parquet } else { Format::Csv };
        let other = Places { out: self.out, format };
        for name in ["imf_post_summary", "imf_post_top_imfs"] {
            let place = other.of(name);
            if place.exists() {
                std::fs::remove_file(&place).map_err(|e| bars_io::Error::io("remove", &place, e))?;
                tracing::info!("removed {}, which an earlier run wrote in the other form", place.display());
            }
        }
        Ok(())
    }
}

/// The most lines that are shown.
const MOST: usize = 40;

fn print(lines: &[PostLine]) -> anyhow::Result<()> {
    let row = |line: &PostLine| {
        let cycle = &line.summary.dominant().cycle;
        vec![cycle.symbol.clone(), cycle.series.to_string(), line.summary.text.clone()]
    };
    if !lines.is_empty() {
        ui::print(&ui::table(&["symbol", "series", "cycles"], &[], lines.iter().take(MOST).map(row)))?;
    }
    if lines.len() > MOST {
        ui::print(&format!("and {} more", lines.len() - MOST))?;
    }
    Ok(())
}
