//! `data-pipeline metrics`

use std::path::{Path, PathBuf};

use bars::ReadOptions;
use bars::time::AsOfSpec;
use bars::{Series, Window};
use bars_io::Source;
use bars_io::atomic::FinishedFile;
use bars_io::file::FileSource;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use stages::features::panel::Panel;
use stages::features::table::Row;
use stages::metrics::{Params, Plan};

use super::intraday::{PICKS, windows};
use super::places::check_places;
use super::prices::with_prices;
use super::standing;
use crate::args::{self, SourceFlags};
use crate::choose::{self, Ask};
use crate::cohort::{self, Member};
use crate::interrupt::temp_files;
use crate::logging::step;
use crate::output::series::SeriesFile;
use crate::output::table::{self, Compression, Format};
use crate::ui::{self, Progress, Unit, Usage};

/// Flags of `metrics`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Which cohort: it names the default files.
    #[arg(value_enum)]
    pub cohort: Cohort,
    /// The cohort's bars; habitual_gainers.csv, habitual_losers.csv or habitual_overlaps.csv where it is missing.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Where the metrics go, .csv or .parquet; gainers_metrics.csv, losers_metrics.csv or overlap_metrics.csv where it is missing.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Calendar months of the baselines.
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub months: u32,
    /// The windows.
    #[arg(long, value_name = "LIST", default_value = "1h,4h,12h,24h", allow_hyphen_values = true)]
    pub windows: String,
    /// Add the window 72h.
    #[arg(long)]
    pub enable_72h: bool,
    /// As of when: a time, a date (00:00 UTC of it), or latest, the close of the input's newest bar.
    #[arg(long, value_name = "TIME", default_value = "latest", value_parser = args::asof)]
    pub asof: AsOfSpec,
    /// The share of a window's minutes that must be there for it to have metrics, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, allow_negative_numbers = true)]
    pub coverage_threshold: f64,
    /// No baselines, and so no columns of enrichment.
    #[arg(long)]
    pub no_baseline: bool,
    /// Also write the panel behind the baselines: a row per symbol, window and bucket (.parquet or .csv).
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    pub series_output: Option<PathBuf>,
    /// Where the bars of the baselines are; the input itself where no source is named and there is no store.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// Whose metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cohort {
    /// The habitual gainers.
    Gainers,
    /// The habitual losers.
    Losers,
    /// The symbols that are both.
    Overlaps,
}

impl Cohort {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Cohort::Gainers => "gainers",
            Cohort::Losers => "losers",
            Cohort::Overlaps => "overlaps",
        }
    }

    /// The names of its input and output.
    pub fn files(self) -> [&'static str; 2] {
        match self {
            Cohort::Gainers => ["habitual_gainers.csv", "gainers_metrics.csv"],
            Cohort::Losers => ["habitual_losers.csv", "losers_metrics.csv"],
            Cohort::Overlaps => ["habitual_overlaps.csv", "overlap_metrics.csv"],
        }
    }
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let params = Params {
        windows: windows(&flags.windows, flags.enable_72h)?,
        coverage_threshold: flags.coverage_threshold,
        months: (!flags.no_baseline).then_some(flags.months),
    };
    let params = params.check().map_err(|e| Usage(e.to_string()))?;
    let [input, output] = flags.cohort.files();
    let input = flags.input.clone().unwrap_or_else(|| input.into());
    let output = flags.output.clone().unwrap_or_else(|| output.into());
    let outputs: Vec<&Path> =
        [Some(&*output), flags.series_output.as_deref()].into_iter().flatten().collect();
    check_places(&input, &flags.source, &outputs)?;
    for place in &outputs {
        Format::check(place)?;
        temp_files().check_writable(place)?;
    }

    let opened = if flags.no_baseline { None } else { choose::optional_source(&flags.source, Ask::Person)? };
    let file = step("reading the cohort", || FileSource::open(&input, &reading(flags, opened.is_some())));
    let file = file.map_err(|e| cohort::explain(e, "no bars of the cohort", "--input"))?;
    choose::report_findings(&file, flags.source.reading.strict)?;
    let symbols = file.symbols();
    if symbols.is_empty() {
        anyhow::bail!(
            "{} holds no bar; {}, or name another file with --input",
            input.display(),
            cohort::ORIGIN
        );
    }
    let members = cohort::look_up(&symbols, &file, "they get no row")?;
    let ends = cohort::extent(&members, &file.describe())?;
    let asof = flags.asof.moment().unwrap_or(ends.1);
    if asof < ends.0 {
        anyhow::bail!(
            "no bar closes by {asof}: the bars of {} close from {} to {}; choose an --asof from then on",
            input.display(),
            ends.0,
            ends.1
        );
    }
    cohort::warn_of_future(asof, ends.1, params.windows()[0]);

    let plan = Plan::new(params, vec![asof], false);
    let history = match &opened {
        _ if flags.no_baseline => History::None,
        Some(opened) => {
            let members = cohort::look_up(&symbols, opened.source(), "they get no baseline")?;
            History::Source(opened.source(), members)
        }
        None => {
            cohort::warn_of_short_history(ends, flags.months);
            History::Cohort
        }
    };
    let (rows, files) =
        step("computing and writing", || compute(&plan, &file, &members, &history, flags, &output))?;
    if let History::Source(source, _) = history {
        choose::report_findings(source, flags.source.reading.strict)?;
    }
    files.into_iter().try_for_each(FinishedFile::commit)?;

    standing::print(plan.layout(), &rows, PICKS, Window::DAY)?;
    ui::print(&format!(
        "\nWritten: {}: {} of {} columns, as of {asof}",
        output.display(),
        ui::things(rows.len(), "row"),
        ui::count(plan.layout().columns().len() as u64)
    ))
}

/// How the cohort is read: the leaderboards label their bars by open time, so what the flags say of labels is about the
/// source; about the input where there is no other.
fn reading(flags: &Flags, has_source: bool) -> ReadOptions {
    if has_source { ReadOptions::default() } else { flags.source.reading.options() }
}

/// Where the baselines come from.
enum History<'a> {
    /// There are none.
    None,
    /// From the cohort's own bars.
    Cohort,
    /// From a source; its members are in the order of the cohort's.
    Source(&'a dyn Source, Vec<Member>),
}

/// The rows, and the outputs, beside their places.
fn compute(
    plan: &Plan,
    file: &FileSource,
    members: &[Member],
    history: &History<'_>,
    flags: &Flags,
    output: &Path,
) -> anyhow::Result<(Vec<Row>, Vec<FinishedFile>)> {
    let metrics = plan.layout().catalogue.metrics;
    let mut series =
        flags.series_output.as_ref().map(|place| SeriesFile::create(place, metrics)).transpose()?;
    let progress = Progress::new("metrics", Unit::Symbols, members.len() as u64);
    let mut rows = Vec::with_capacity(members.len());
    let places: Vec<usize> = (0..members.len()).collect();
    // Panels are large: where they are wanted, only as many as there are threads to make them.
    let most = if series.is_some() { rayon::current_num_threads() } else { members.len().max(1) };
    for batch in places.chunks(most) {
        let study = |&place: &usize| {
            let (rows, panels) = study(plan, file, &members[place], history, place)?;
            progress.add(1);
            Ok((rows, if flags.series_output.is_some() { panels } else { Vec::new() }))
        };
        let studies = batch.par_iter().map(study).collect::<bars_io::Result<Vec<_>>>()?;
        for (&place, (own, panels)) in batch.iter().zip(studies) {
            rows.extend(own);
            if let Some(series) = &mut series {
                for panel in &panels {
                    series.write(&members[place].symbol, panel, plan.asofs().last_buckets(panel))?;
                }
            }
        }
    }
    let mut files =
        vec![table::write(output, Format::of(output), Compression::default(), plan.layout(), &rows)?];
    files.extend(series.map(SeriesFile::seal).transpose()?);
    Ok((rows, files))
}

/// A symbol's row, if it has one, and the panels behind its baselines.
fn study(
    plan: &Plan,
    file: &FileSource,
    member: &Member,
    history: &History<'_>,
    place: usize,
) -> bars_io::Result<(Vec<Row>, Vec<Panel>)> {
    let Some(entry) = &member.entry else {
        return Ok((Vec::new(), Vec::new()));
    };
    let current = |panels: Option<&[Panel]>| -> bars_io::Result<Vec<Row>> {
        let current = |series: &Series| plan.current_panels(series);
        let current = with_prices(file, &entry.symbol, plan.current_span(), current)?;
        Ok(plan.rows(&member.symbol, entry.first, &current, panels))
    };
    match history {
        History::None => Ok((current(None)?, Vec::new())),
        History::Cohort => {
            let panels = with_prices(file, &entry.symbol, plan.span(), |series| plan.panels(series))?;
            Ok((plan.rows(&member.symbol, entry.first, &panels, Some(&panels)), panels))
        }
        History::Source(source, members) => {
            let panels = match &members[place].entry {
                Some(entry) => {
                    with_prices(*source, &entry.symbol, plan.span(), |series| plan.panels(series))?
                }
                None => Vec::new(),
            };
            let rows = current((!panels.is_empty()).then_some(&panels[..]))?;
            Ok((rows, panels))
        }
    }
}
