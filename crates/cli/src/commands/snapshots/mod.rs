//! What `state` and `regime` share: flags, the partitions that they write, and the run over symbols and dates.

use std::path::{Path, PathBuf};

use bars::time::AsOfSpec;
use bars::{AsOf, Symbol, Window};
use bars_io::atomic::FinishedFile;
use bars_io::file::FileSource;
use bars_io::{Entry, Source};
use clap::Args;
use stages::features::asofs::AsOfs;
use stages::features::layout::Layout;
use stages::features::panel::Panel;
use stages::features::table::Row;

use super::places::check_places;
use super::standing::{self, Pick};
use crate::args::{self, SourceFlags};
use crate::choose::{self, Ask};
use crate::cohort;
use crate::interrupt::temp_files;
use crate::logging::step;
use crate::output::table::{Compression, Format};
use crate::ui::{self, Usage};

mod compute;
mod dry_run;
mod partitions;

use partitions::Partitions;

/// Flags of `state` and `regime`.
#[derive(Debug, Clone, Args)]
pub struct SnapshotFlags {
    /// File with a column symbol; where there is no source, also the bars.
    #[arg(long, value_name = "FILE", default_value = "habitual_overlaps.csv")]
    pub input: PathBuf,
    /// How Parquet is compressed [default: snappy].
    #[arg(long, value_enum)]
    pub compression: Option<Compression>,
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
    /// The first as-of by which a bar that closes at `first` counts.
    fn first_asof(&self, first: AsOf) -> AsOf;
    /// The months of the baselines.
    fn months(&self) -> Option<u32>;
    /// The `[start, end)` of a window at an as-of.
    fn bucket(&self, window: Window, asof: AsOf) -> (AsOf, AsOf);
    /// A run at `asofs`.
    fn plan(&self, asofs: Vec<AsOf>) -> Self::Plan;
    /// The columns.
    fn layout(plan: &Self::Plan) -> &Layout;
    /// A symbol's rows, and the panels behind its baselines.
    fn study(
        plan: &Self::Plan,
        source: &dyn Source,
        symbol: &Symbol,
        entry: &Entry,
    ) -> bars_io::Result<Study>;
    /// The as-ofs.
    fn asofs(plan: &Self::Plan) -> &AsOfs;
}

/// What comes of a symbol.
pub struct Study {
    /// A row per as-of.
    pub rows: Vec<Row>,
    /// A panel per window.
    pub panels: Vec<Panel>,
}

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
    if flags.format == Format::Csv && flags.compression.is_some() {
        return Err(Usage("--compression is of Parquet; leave it out with --format csv".to_owned()).into());
    }
    let symbols = step("reading the symbols", || cohort::symbols(&flags.input, "--input"))?;
    let opened = choose::optional_source(&flags.source, Ask::Nobody)?;
    let file;
    let source: &dyn Source = match &opened {
        Some(opened) => opened.source(),
        None => {
            file = own_bars(flags)?;
            &file
        }
    };
    let members = step("looking the symbols up", || cohort::look_up(&symbols, source, "they get no row"))?;
    cohort::warn_of_doubles(&members);
    let ends = cohort::extent(&members, &source.describe())?;
    if let (None, Some(months)) = (&opened, stage.months()) {
        cohort::warn_of_short_history(ends, months);
    }
    let asofs = asofs(stage, flags, every, ends)?;
    cohort::warn_of_future(asofs[asofs.len() - 1], ends.1, stage.windows()[0]);
    let partitions = Partitions { out, name: S::NAME, format: flags.format };
    if flags.dry_run {
        dry_run::run(stage, source, &members, &asofs, &partitions)?;
        return choose::report_findings(source, flags.source.reading.strict);
    }

    // A place that cannot be written shall be known before the bars are read.
    let first = partitions.file(asofs[0]);
    let outputs = [Some(&*first), series_output];
    check_places(&flags.input, &flags.source, &outputs.into_iter().flatten().collect::<Vec<_>>())?;
    for place in outputs.into_iter().flatten() {
        temp_files().check_writable(place)?;
    }
    let done = step("computing and writing", || {
        compute::run(stage, source, &members, &asofs, &partitions, flags, series_output)
    })?;
    choose::report_findings(source, flags.source.reading.strict)?;
    done.files.into_iter().try_for_each(FinishedFile::commit)?;
    partitions.remove_other_form(&asofs)?;

    let last = asofs[asofs.len() - 1];
    if asofs.len() > 1 {
        ui::print(&format!("the last snapshot, as of {last}:"))?;
    }
    standing::print(&done.layout, &done.last, S::PICKS, S::SHOWN)?;
    let (rows, columns) = (ui::things(done.rows, "row"), ui::things(done.layout.columns().len(), "column"));
    let written = match done.partitions {
        1 => first.display().to_string(),
        n => format!("{} from {} on", ui::things(n, "partition"), first.display()),
    };
    let moments = match asofs.len() {
        1 => format!("as of {last}"),
        n => format!("{} from {} to {last}", ui::things(n, "as-of"), asofs[0]),
    };
    ui::print(&format!("\nWritten: {written}: {rows} of {columns}, {moments}"))
}

/// The input as the source of bars, where no other is named.
fn own_bars(flags: &SnapshotFlags) -> anyhow::Result<FileSource> {
    tracing::info!("no source is named and there is no store: the bars are those of the input");
    FileSource::open(&flags.input, &flags.source.reading.options()).map_err(|e| {
        anyhow::Error::from(e).context(format!(
            "{} is read for its bars too, since no source is named and there is no store {}; name one with --source",
            flags.input.display(),
            choose::DEFAULT_STORE
        ))
    })
}

/// The as-ofs that are meant, ascending; at least one. Those of a panel before the first bar are left out.
fn asofs<S: Stage>(
    stage: &S,
    flags: &SnapshotFlags,
    every: Window,
    (oldest, newest): (AsOf, AsOf),
) -> anyhow::Result<Vec<AsOf>> {
    let first = stage.first_asof(oldest);
    let all = match (flags.from, flags.to) {
        (Some(from), Some(to)) => panel(stage, (from, to), every, newest)?,
        _ => {
            let moment = flags.asof.map(|spec| stage.asof(spec.moment().unwrap_or(newest)));
            vec![moment.unwrap_or_else(|| stage.default_asof(newest))]
        }
    };
    let known: Vec<AsOf> = all.iter().copied().filter(|&asof| asof >= first).collect();
    if known.is_empty() {
        let last = all[all.len() - 1];
        anyhow::bail!(
            "no bar closes by {last}: the bars of these symbols close from {oldest} to {newest}; the first as-of that can be asked \
             for is {first}"
        );
    }
    if known.len() < all.len() {
        tracing::warn!(
            "{} before {first} left out: no bar has closed by then",
            ui::things(all.len() - known.len(), "as-of")
        );
    }
    Ok(known)
}

/// The as-ofs of a panel.
fn panel<S: Stage>(
    stage: &S,
    (from, to): (AsOfSpec, AsOfSpec),
    every: Window,
    newest: AsOf,
) -> anyhow::Result<Vec<AsOf>> {
    let Some(from) = from.moment() else {
        return Err(
            Usage("--from latest leaves nothing to go through; name a time or a date".to_owned()).into()
        );
    };
    let (from, to) = (stage.asof(from), stage.asof(to.moment().unwrap_or(newest)));
    if to < from {
        return Err(Usage(format!("--from {from} is later than --to {to}; swap them")).into());
    }
    let step = i64::from(every.minutes());
    let count = (to.epoch_seconds() - from.epoch_seconds()) / 60 / step + 1;
    if count > SNAPSHOTS {
        return Err(Usage(format!(
            "{count} snapshots from {from} to {to} every {every} are more than {SNAPSHOTS}; ask for fewer in a run"
        ))
        .into());
    }
    Ok((0..count).map(|i| from.plus(i * step)).collect())
}
