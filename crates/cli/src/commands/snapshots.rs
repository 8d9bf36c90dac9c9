//! What `state` and `regime` share: flags, the partitions that they write, and the run over symbols and dates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bars::atomic::{self, AtomicFile, SealedFile};
use bars::source::file::FileSource;
use bars::time::AsOfSpec;
use bars::{AsOf, Entry, Source, Symbol, Window};
use clap::Args;
use rayon::prelude::*;
use stages::features::layout::Layout;
use stages::features::panel::Panel;
use stages::features::table::{Row, fill};

use super::standing::{self, Pick};
use crate::args::{self, SourceFlags};
use crate::choose::{self, Ask};
use crate::cohort::{self, Member};
use crate::logging::step;
use crate::output::series::SeriesFile;
use crate::output::table::{Compression, Format, TableWriter, header, schema};
use crate::ui::{self, Progress, Unit, Usage};

/// Flags of `state` and `regime`.
#[derive(Debug, Clone, Args)]
pub struct SnapshotFlags {
    /// File with a column symbol; where there is no source, also the bars.
    #[arg(long, value_name = "FILE", default_value = "habitual_overlaps.csv")]
    pub input: PathBuf,
    /// How Parquet is compressed.
    #[arg(long, value_enum, default_value_t)]
    pub compression: Compression,
    /// The form of the snapshot.
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    pub format: Format,
    /// The version that the schema file names.
    #[arg(long, value_name = "TEXT", default_value = "v1")]
    pub schema_version: String,
    /// Tell what would be done, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// No baselines, and so no columns of enrichment.
    #[arg(long)]
    pub no_baseline: bool,
    /// First as-of of a panel of snapshots.
    #[arg(long, value_name = "TIME", value_parser = args::asof, requires = "to", conflicts_with = "asof")]
    pub from: Option<AsOfSpec>,
    /// Last as-of of a panel, included.
    #[arg(long, value_name = "TIME", value_parser = args::asof, requires = "from")]
    pub to: Option<AsOfSpec>,
    /// As of when: a time, a date (00:00 UTC of it), or latest, the close of the newest bar.
    #[arg(long, value_name = "TIME", value_parser = args::asof)]
    pub asof: Option<AsOfSpec>,
    /// Where the bars are; the input itself where no source is named and there is no store.
    #[command(flatten)]
    pub source: SourceFlags,
}

/// What tells `state` and `regime` apart.
pub trait Stage: Sync + Sized {
    /// `state` or `regime`.
    const NAME: &'static str;
    /// What a person is shown of each symbol.
    const PICKS: &'static [Pick];
    /// The longest window of which these are shown.
    const SHOWN: Window;
    /// A run at some as-ofs.
    type Plan: Sync;

    /// The same without baselines.
    fn without_baseline(&self) -> Self;
    /// The windows, ascending.
    fn windows(&self) -> &[Window];
    /// The as-of where none is named.
    fn default_asof(&self, newest: AsOf) -> AsOf;
    /// The as-of that is meant by a moment.
    fn asof(&self, moment: AsOf) -> AsOf;
    /// The `[start, end)` of a window at an as-of.
    fn bucket(&self, window: Window, asof: AsOf) -> (AsOf, AsOf);
    /// A run at `asofs`.
    fn plan(&self, asofs: Vec<AsOf>) -> Self::Plan;
    /// The columns.
    fn layout(plan: &Self::Plan) -> &Layout;
    /// A symbol's rows, and the panels behind its baselines.
    fn study(plan: &Self::Plan, source: &dyn Source, symbol: &Symbol, entry: &Entry) -> bars::Result<Study>;
    /// The buckets of a panel that the baselines of the last as-of are over.
    fn baseline_buckets(plan: &Self::Plan, panel: &Panel) -> std::ops::Range<usize>;
}

/// What comes of a symbol.
pub struct Study {
    /// A row per as-of.
    pub rows: Vec<Row>,
    /// A panel per window.
    pub panels: Vec<Panel>,
}

/// The most numbers of a result that are held at once: a quarter of a gigabyte.
const CELLS: usize = 1 << 25;

/// Symbols whose panels are held at once.
const PANELS: usize = 64;

/// Partitions that are written at once: each is an open file.
const PARTITIONS: usize = 64;

/// The most snapshots of a run.
const SNAPSHOTS: i64 = 1_000_000;

/// Runs `stage` at an as-of or over a span of them, `every` so often.
pub fn run<S: Stage>(
    stage: &S,
    flags: &SnapshotFlags,
    out: &Path,
    every: Window,
    series_output: Option<&Path>,
) -> anyhow::Result<()> {
    let symbols = step("reading the symbols", || cohort::symbols(&flags.input))?;
    let opened = choose::optional_source(&flags.source, Ask::Nobody)?;
    let file;
    let source: &dyn Source = match &opened {
        Some(opened) => opened.source(),
        None => {
            tracing::info!("no source is named and there is no store: the bars are those of the input");
            file = FileSource::open(&flags.input, &flags.source.reading.options())?;
            &file
        }
    };
    let members = step("looking the symbols up", || cohort::look_up(&symbols, source, "they get no row"))?;
    cohort::warn_of_doubles(&members);
    let ends = cohort::extent(&members, &source.describe())?;
    let asofs = asofs(stage, flags, every, ends.1)?;
    cohort::check_asof(asofs[asofs.len() - 1], ends, stage.windows()[0])?;
    if flags.dry_run {
        return dry_run(stage, source, &members, &asofs, out, flags);
    }

    let partitions = Partitions { out, name: S::NAME, flags };
    // A folder that cannot be written shall be known before the bars are read.
    for place in [Some(partitions.file(asofs[0])), series_output.map(Path::to_owned)].into_iter().flatten() {
        drop(AtomicFile::create(&place)?);
    }
    let done = step("computing and writing", || {
        compute(stage, source, &members, &asofs, &partitions, series_output)
    })?;
    choose::report_findings(source, flags.source.reading.strict)?;
    done.files.into_iter().try_for_each(SealedFile::commit)?;

    standing::print(&done.layout, &done.last, S::PICKS, S::SHOWN)?;
    let first = partitions.file(asofs[0]);
    let days = done.partitions;
    let place = if days == 1 {
        first.display().to_string()
    } else {
        format!("{days} partitions from {} on", first.display())
    };
    ui::print(&format!(
        "\nWritten: {place}: {} of {} columns, as of {}",
        ui::things(done.rows, "row"),
        ui::count(done.layout.columns().len() as u64),
        if asofs.len() == 1 {
            asofs[0].to_string()
        } else {
            format!(
                "{} moments from {} to {}",
                ui::count(asofs.len() as u64),
                asofs[0],
                asofs[asofs.len() - 1]
            )
        }
    ))
}

/// The as-ofs that are meant, ascending; at least one.
fn asofs<S: Stage>(
    stage: &S,
    flags: &SnapshotFlags,
    every: Window,
    newest: AsOf,
) -> anyhow::Result<Vec<AsOf>> {
    let (Some(from), Some(to)) = (flags.from, flags.to) else {
        let moment = flags.asof.map(|spec| spec.moment().unwrap_or(newest));
        return Ok(vec![moment.map_or_else(|| stage.default_asof(newest), |moment| stage.asof(moment))]);
    };
    let Some(from) = from.moment() else {
        return Err(
            Usage("--from latest leaves nothing to go through; name a time or a date".to_owned()).into()
        );
    };
    let (from, to) = (stage.asof(from), stage.asof(to.moment().unwrap_or(newest)));
    if to < from {
        return Err(Usage(format!("--from {from} is later than --to {to}; swap them")).into());
    }
    let count = (to.epoch_seconds() - from.epoch_seconds()) / 60 / i64::from(every.minutes()) + 1;
    if count > SNAPSHOTS {
        return Err(Usage(format!(
            "{count} snapshots from {from} to {to} every {every} are more than {SNAPSHOTS}; ask for fewer in a run"
        ))
        .into());
    }
    Ok((0..count).map(|i| from.plus(i * i64::from(every.minutes()))).collect())
}

/// Where the snapshots go.
struct Partitions<'a> {
    out: &'a Path,
    name: &'static str,
    flags: &'a SnapshotFlags,
}

impl Partitions<'_> {
    /// The table of a date.
    fn file(&self, asof: AsOf) -> PathBuf {
        let name = format!("{}_snapshot.{}", self.name, self.flags.format.extension());
        self.out.join(format!("dt={}", asof.date())).join(name)
    }

    fn schema(&self, asof: AsOf) -> PathBuf {
        self.out.join(format!("dt={}", asof.date())).join(format!("{}_snapshot.schema.json", self.name))
    }
}

/// What a run made.
struct Done {
    files: Vec<SealedFile>,
    layout: Layout,
    partitions: usize,
    rows: usize,
    /// The rows of the last as-of.
    last: Vec<Row>,
}

/// Computes the snapshots and writes them beside their places: some dates at a time, and of these some symbols at a time, so that
/// what is held at once is bounded.
fn compute<S: Stage>(
    stage: &S,
    source: &dyn Source,
    members: &[Member],
    asofs: &[AsOf],
    partitions: &Partitions<'_>,
    series_output: Option<&Path>,
) -> anyhow::Result<Done> {
    let flags = partitions.flags;
    let layout = S::layout(&stage.plan(asofs[..1].to_vec())).clone();
    let columns = layout.columns().len();
    let present: Vec<(&Symbol, &Entry)> =
        members.iter().filter_map(|member| Some((&member.symbol, member.entry.as_ref()?))).collect();
    let dates: Vec<&[AsOf]> = asofs.chunk_by(|a, b| a.date() == b.date()).collect();
    let of_a_date = dates.iter().map(|date| date.len()).max().unwrap_or(1) * columns * present.len().max(1);
    let passes: Vec<&[&[AsOf]]> = dates.chunks((CELLS / of_a_date).clamp(1, PARTITIONS)).collect();
    let progress = Progress::new(S::NAME, Unit::Symbols, (present.len() * passes.len()) as u64);
    let mut series =
        series_output.map(|place| SeriesFile::create(place, layout.catalogue.metrics)).transpose()?;

    let mut done = Done { files: Vec::new(), layout, partitions: dates.len(), rows: 0, last: Vec::new() };
    let newest = asofs[asofs.len() - 1];
    for pass in passes {
        let plan = stage.plan(pass.concat());
        let mut tables = Vec::new();
        for date in pass {
            let header = header(&done.layout);
            tables.push(TableWriter::create(
                &partitions.file(date[0]),
                flags.format,
                flags.compression,
                header,
            )?);
        }
        let of_a_symbol = pass.iter().map(|date| date.len()).sum::<usize>() * columns;
        let most = if series.is_some() { PANELS } else { usize::MAX };
        for batch in present.chunks((CELLS / of_a_symbol).clamp(1, most)) {
            let study = |&(symbol, entry): &(&Symbol, &Entry)| {
                let mut study = S::study(&plan, source, symbol, entry)?;
                if series_output.is_none() {
                    // Panels are large: they go at once where nobody wants them.
                    study.panels = Vec::new();
                }
                progress.add(1);
                tracing::trace!("{symbol}: {} rows", study.rows.len());
                Ok(study)
            };
            let mut studies = batch.par_iter().map(study).collect::<bars::Result<Vec<_>>>()?;
            if let Some(series) = &mut series {
                for ((symbol, _), study) in batch.iter().zip(&studies) {
                    for panel in &study.panels {
                        series.write(symbol, panel, S::baseline_buckets(&plan, panel))?;
                    }
                }
            }
            let mut by_date: BTreeMap<AsOf, Vec<Row>> = BTreeMap::new();
            for row in studies.iter_mut().flat_map(|study| study.rows.drain(..)) {
                if row.asof == newest {
                    done.last.push(row.clone());
                }
                by_date.entry(row.asof.midnight()).or_default().push(row);
            }
            for (table, date) in tables.iter_mut().zip(pass) {
                if let Some(rows) = by_date.get(&date[0].midnight()) {
                    table.write(fill(&done.layout, rows))?;
                    done.rows += rows.len();
                }
            }
        }
        for (table, date) in tables.into_iter().zip(pass) {
            done.files.push(table.seal()?);
            let schema = schema(&done.layout, &flags.schema_version)?;
            done.files.push(atomic::sealed(&partitions.schema(date[0]), &schema)?);
        }
    }
    if let Some(series) = series {
        done.files.push(series.seal()?);
    }
    Ok(done)
}

/// Tells what a run would do, with the coverage of each window at the last as-of.
fn dry_run<S: Stage>(
    stage: &S,
    source: &dyn Source,
    members: &[Member],
    asofs: &[AsOf],
    out: &Path,
    flags: &SnapshotFlags,
) -> anyhow::Result<()> {
    let asof = asofs[asofs.len() - 1];
    let plan = stage.without_baseline().plan(vec![asof]);
    let study = |member: &Member| {
        let Some(entry) = &member.entry else {
            return Ok(Vec::new());
        };
        Ok(S::study(&plan, source, &member.symbol, entry)?.rows)
    };
    let rows: Vec<Row> = members.par_iter().map(study).collect::<bars::Result<Vec<_>>>()?.concat();
    let names: Vec<&str> = rows.iter().map(|row| row.symbol.as_str()).collect();
    ui::print(&format!("{} of {} symbols: {}", names.len(), members.len(), names.join(", ")))?;
    ui::print(&format!("as of {asof}\n"))?;
    let table = stage.windows().iter().enumerate().map(|(place, &window)| {
        let (start, end) = stage.bucket(window, asof);
        let mut coverage: Vec<f64> = rows.iter().map(|row| row.window(place).coverage()).collect();
        coverage.sort_by(f64::total_cmp);
        let ends = [coverage.first(), coverage.last()].map(|end| end.copied().unwrap_or(f64::NAN));
        let median = indicators::moments::median(&coverage, &mut Vec::new());
        let shares = [ends[0], median, ends[1]].map(|share| format!("{share:.3}"));
        [vec![window.to_string(), start.to_string(), end.to_string()], shares.to_vec()].concat()
    });
    let header = ["window", "from", "to", "coverage min", "median", "max"];
    ui::print(&ui::table(&header, &[3, 4, 5], table))?;
    let partitions = Partitions { out, name: S::NAME, flags };
    let mut places: Vec<PathBuf> = asofs.iter().map(|&asof| partitions.file(asof)).collect();
    places.dedup();
    let rest =
        if places.len() > 1 { format!(" and {} more partitions", places.len() - 1) } else { String::new() };
    ui::print(&format!("\nNothing was written; it would go to {}{rest}", places[0].display()))
}
