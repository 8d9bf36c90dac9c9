//! Snapshots and panels of `state` and `regime`.
//!
//! [`state`], [`state_panel`], [`regime`] and [`regime_panel`] return tables in memory.
//! [`SnapshotJob`] computes the same and writes partitions as it goes, for panels that do not fit
//! in memory.

use bars::time::AsOfSpec;
use bars::{AsOf, Symbol};
use bars_io::Source;
use bars_io::atomic::{FinishedFile, TempFiles};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use stages::features::layout::FeatureLayout;
use stages::features::output::OutputShape;
use stages::features::table::{FeatureRow, to_table};
use stages::table::Table;

use crate::artifacts::commit;
use crate::artifacts::series_file::SeriesFile;
use crate::cohort::{
    Member, extent, look_up, warn_of_future, warn_of_repeats, warn_of_short_history,
};
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::panel::{PanelRange, dates, since_first_bar};
use crate::scratch_series::SpareSeries;
use crate::source::report_findings;

mod compute;
mod partitions;
mod stage;

pub use partitions::{SnapshotFiles, schema_path, table_path};
pub use stage::{Regime, SnapshotStage, State, SymbolSnapshots};

pub(crate) use compute::{Cuts, compute, present};
pub(crate) use partitions::{PartitionWriter, table_name};

use compute::{Group, for_each_group};

/// The as-ofs of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moments {
    /// The stage's default: the last complete windows before the newest bar.
    Newest,
    /// One as-of.
    At(AsOfSpec),
    /// From one as-of to another (inclusive) in steps, of whole days for `regime`.
    Panel(PanelRange),
}

/// A snapshot stage on given symbols and as-ofs.
pub struct SnapshotJob<'a, S> {
    /// The stage and its parameters.
    pub stage: S,
    /// The source of the bars.
    pub source: &'a dyn Source,
    /// The symbols and their entries in the source.
    pub members: Vec<Member>,
    /// The as-ofs, ascending, at least one.
    pub asofs: Vec<AsOf>,
}

/// Snapshots in memory.
#[derive(Debug, Clone)]
pub struct Snapshots {
    /// The columns of the rows: names, types, families and windows.
    pub layout: FeatureLayout,
    /// The rows: by date, then symbol, then as-of.
    pub rows: Vec<FeatureRow>,
}

impl Snapshots {
    /// The rows as a table.
    pub fn table(&self) -> Table {
        to_table(&self.layout, &self.rows)
    }
}

/// Partitions that were computed and written to temporary files.
pub struct FinishedSnapshots {
    files: Vec<FinishedFile>,
    /// The columns of the rows: names, types, families and windows.
    pub layout: FeatureLayout,
    /// Number of partitions.
    pub partitions: usize,
    /// Number of rows in all partitions.
    pub rows: usize,
    /// Number of columns of the tables.
    pub columns: usize,
    /// The rows at the last as-of.
    pub last: Vec<FeatureRow>,
}

/// The state of `symbols` at `asof` (`None`: the last complete windows).
///
/// # Errors
/// If the source cannot be read or has none of the symbols, no bar closes by the as-of, or the
/// observer cancels.
///
/// ```
/// use bars_io::memory::MemorySource;
/// use pipeline::observer::Silent;
/// use pipeline::sample::{Market, MarketSettings};
///
/// let market = Market::new(MarketSettings { symbols: 6, days: 3, ..Default::default() });
/// let source = MemorySource::new(market.series());
/// let symbols = bars_io::Source::symbols(&source)?;
/// let params = stages::metrics::Params { months: Some(1), ..Default::default() }.check()?;
/// let found = pipeline::snapshots::state(&symbols, &source, &params, None, &Silent)?;
/// let batch = found.table().to_record_batch()?;
/// assert!(batch.columns().iter().all(|column| column.null_count() == 0), "no missing values");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn state(
    symbols: &[Symbol],
    source: &dyn Source,
    params: &stages::metrics::ValidParams,
    asof: Option<AsOfSpec>,
    observer: &dyn Observer,
) -> Result<Snapshots> {
    let moments = asof.map_or(Moments::Newest, Moments::At);
    SnapshotJob::new(State(params.clone()), symbols, source, moments, observer)?.compute(observer)
}

/// The state of `symbols` at every step from one as-of to another.
///
/// # Errors
/// As [`state`], and for an empty or too long panel.
pub fn state_panel(
    symbols: &[Symbol],
    source: &dyn Source,
    params: &stages::metrics::ValidParams,
    range: PanelRange,
    observer: &dyn Observer,
) -> Result<Snapshots> {
    let moments = Moments::Panel(range);
    SnapshotJob::new(State(params.clone()), symbols, source, moments, observer)?.compute(observer)
}

/// The regime of `symbols` at midnight of the date of `asof` (`None`: of the newest bar).
///
/// # Errors
/// As [`state`].
///
/// ```
/// use bars_io::memory::MemorySource;
/// use pipeline::observer::Silent;
/// use pipeline::sample::{Market, MarketSettings};
///
/// let market = Market::new(MarketSettings { symbols: 6, days: 40, ..Default::default() });
/// let source = MemorySource::new(market.series());
/// let symbols = bars_io::Source::symbols(&source)?;
/// let windows = vec!["7d".parse()?, "30d".parse()?];
/// let params = stages::regime::Params { windows, ..Default::default() }.check()?;
/// let found = pipeline::snapshots::regime(&symbols, &source, &params, None, &Silent)?;
/// assert!(found.table().to_record_batch()?.column_by_name("roc_30d").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn regime(
    symbols: &[Symbol],
    source: &dyn Source,
    params: &stages::regime::ValidParams,
    asof: Option<AsOfSpec>,
    observer: &dyn Observer,
) -> Result<Snapshots> {
    let moments = asof.map_or(Moments::Newest, Moments::At);
    SnapshotJob::new(Regime(params.clone()), symbols, source, moments, observer)?.compute(observer)
}

/// The regime of `symbols` at every step from one date to another; the step is a whole number of
/// days.
///
/// # Errors
/// As [`state_panel`].
pub fn regime_panel(
    symbols: &[Symbol],
    source: &dyn Source,
    params: &stages::regime::ValidParams,
    range: PanelRange,
    observer: &dyn Observer,
) -> Result<Snapshots> {
    if range.every.in_days().is_none() {
        let problem = format!("{} is not a whole number of days", range.every);
        return Err(Error::parameter("every", problem));
    }
    let moments = Moments::Panel(range);
    SnapshotJob::new(Regime(params.clone()), symbols, source, moments, observer)?.compute(observer)
}

impl<'a, S: SnapshotStage> SnapshotJob<'a, S> {
    /// Looks the symbols up and resolves the as-ofs.
    ///
    /// # Errors
    /// If the source cannot be read or has none of the symbols, or the as-ofs are invalid or before
    /// the first bar.
    pub fn new(
        stage: S,
        symbols: &[Symbol],
        source: &'a dyn Source,
        moments: Moments,
        observer: &dyn Observer,
    ) -> Result<SnapshotJob<'a, S>> {
        let look_up = || look_up(symbols, source, "they get no row", observer);
        let members = observer.step("looking the symbols up", look_up)?;
        warn_of_repeats(&members, observer);
        let ends = extent(&members, &source.describe())?;
        let asofs = resolve(&stage, moments, ends, observer)?;
        warn_of_future(asofs[asofs.len() - 1], ends.1, stage.windows()[0], observer);
        Ok(SnapshotJob { stage, source, members, asofs })
    }

    /// Warns that the baselines come from a cohort's own bars. For front ends that fall back to
    /// them.
    pub fn warn_of_short_history(&self, observer: &dyn Observer) {
        if let (Some(months), Ok(ends)) = (self.stage.months(), extent(&self.members, "")) {
            warn_of_short_history(ends, months, observer);
        }
    }

    /// The last as-of.
    pub fn last_asof(&self) -> AsOf {
        self.asofs[self.asofs.len() - 1]
    }

    /// Number of dates, each a partition.
    pub fn partitions(&self) -> usize {
        dates(&self.asofs).count()
    }

    /// Computes everything in memory.
    ///
    /// # Errors
    /// If the source cannot be read or the observer cancels.
    pub fn compute(&self, observer: &dyn Observer) -> Result<Snapshots> {
        let mut by_date: Vec<Vec<FeatureRow>> = vec![Vec::new(); self.partitions()];
        let mut first_date = 0;
        let take = &mut |group: Group<'_>| {
            for (index, rows) in split_by_date(group.dates, group.rows).into_iter().enumerate() {
                by_date[first_date + index].extend(rows);
            }
            if group.is_last {
                first_date += group.dates.len();
            }
            Ok(())
        };
        let layout = for_each_group(
            &self.stage,
            self.source,
            &self.members,
            &self.asofs,
            None,
            observer,
            take,
        )?;
        report_findings(self.source, observer);
        Ok(Snapshots { layout, rows: by_date.concat() })
    }

    /// Computes and writes partitions to temporary files; the panels behind the baselines to
    /// `series`, if given.
    ///
    /// # Errors
    /// If the source cannot be read, a file not be written, or the observer cancels.
    pub fn write(
        &self,
        files: &SnapshotFiles,
        series: Option<SeriesFile>,
        temp: &TempFiles,
        observer: &dyn Observer,
    ) -> Result<FinishedSnapshots> {
        let layout = S::layout(&self.stage.plan(self.asofs[..1].to_vec())).clone();
        let shape = OutputShape::new(&layout, &files.columns)?;
        let mut writer = PartitionWriter::new(files, S::NAME, shape.columns(), temp)?;
        let columns = shape.columns().len();
        let (mut rows, mut last) = (0, Vec::new());
        let newest = self.last_asof();
        let mut series = series;
        let take = &mut |group: Group<'_>| {
            rows += group.rows.len() * shape.rows_per_row();
            last.extend(group.rows.iter().filter(|row| row.asof == newest).cloned());
            let by_date: Vec<Vec<FeatureRow>> = split_by_date(group.dates, group.rows);
            let values = |date: usize| {
                (!by_date[date].is_empty()).then(|| shape.fill(&layout, &by_date[date]))
            };
            writer.write_group(group.pass, group.dates, group.is_last, &values)
        };
        for_each_group(
            &self.stage,
            self.source,
            &self.members,
            &self.asofs,
            series.as_mut(),
            observer,
            take,
        )?;
        let mut files = writer.finish();
        files.extend(series.map(SeriesFile::finish).transpose()?);
        report_findings(self.source, observer);
        Ok(FinishedSnapshots { files, layout, partitions: self.partitions(), rows, columns, last })
    }

    /// Returns the coverage of each window at the last as-of, without baselines, for a dry run.
    ///
    /// # Errors
    /// If the source cannot be read or the observer cancels.
    pub fn coverage(&self, observer: &dyn Observer) -> Result<Vec<FeatureRow>> {
        let plan = self.stage.without_baseline().plan(vec![self.last_asof()]);
        let spare = SpareSeries::default();
        let compute = |member: &Member| -> Result<Vec<FeatureRow>> {
            if observer.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let Some(entry) = &member.entry else {
                return Ok(Vec::new());
            };
            Ok(S::compute(&plan, self.source, &member.symbol, entry, &spare)?.rows)
        };
        let rows = self.members.par_iter().map(compute).collect::<Result<Vec<_>>>()?.concat();
        report_findings(self.source, observer);
        Ok(rows)
    }
}

impl FinishedSnapshots {
    /// Puts all files in place and removes tables of the same dates in the other format.
    ///
    /// # Errors
    /// If a folder no longer allows it.
    pub fn commit<S: SnapshotStage>(
        self,
        job: &SnapshotJob<'_, S>,
        files: &SnapshotFiles,
    ) -> Result<()> {
        commit(self.files)?;
        files.remove_other_format(S::NAME, &job.asofs)?;
        Ok(files.remove_old_schema(S::NAME, &job.asofs)?)
    }
}

/// Puts the files of a merge in place; returns the number of partitions.
pub(crate) fn commit_partitions(
    writer: PartitionWriter<'_>,
    files: &SnapshotFiles,
    stage: &str,
    asofs: &[AsOf],
) -> Result<usize> {
    commit(writer.finish())?;
    files.remove_other_format(stage, asofs)?;
    files.remove_old_schema(stage, asofs)?;
    Ok(dates(asofs).count())
}

/// Rows of a group by the dates of its pass.
fn split_by_date(dates: &[&[AsOf]], rows: Vec<FeatureRow>) -> Vec<Vec<FeatureRow>> {
    let mut by_date: Vec<Vec<FeatureRow>> = dates.iter().map(|_| Vec::new()).collect();
    for row in rows {
        let date = row.asof.midnight();
        // Dates ascend.
        let index = dates.partition_point(|asofs| asofs[0].midnight() < date);
        if let Some(of_date) = by_date.get_mut(index) {
            of_date.push(row);
        }
    }
    by_date
}

impl Moments {
    /// Checks everything that does not depend on bars.
    ///
    /// # Errors
    /// As [`PanelRange::check`].
    pub(crate) fn check<S: SnapshotStage>(self, stage: &S) -> Result<()> {
        match self {
            Moments::Panel(range) => {
                range.check(|spec| spec.moment().map(|moment| stage.asof(moment)))
            }
            Moments::Newest | Moments::At(_) => Ok(()),
        }
    }
}

/// The as-ofs, ascending, at least one. Those of a panel before the first bar are dropped with a
/// warning.
fn resolve<S: SnapshotStage>(
    stage: &S,
    moments: Moments,
    (oldest, newest): (AsOf, AsOf),
    observer: &dyn Observer,
) -> Result<Vec<AsOf>> {
    let first = stage.first_asof(oldest);
    let all = match moments {
        Moments::Newest => vec![stage.default_asof(newest)],
        Moments::At(spec) => vec![stage.asof(spec.moment().unwrap_or(newest))],
        Moments::Panel(range) => range.asofs(|spec| stage.asof(spec.moment().unwrap_or(newest)))?,
    };
    let what = if first == oldest {
        "these symbols".to_owned()
    } else {
        format!("these symbols (first possible as-of: {first})")
    };
    since_first_bar(all, first, &what, (oldest, newest), observer)
}

/// The layout of a stage's result, without computing anything.
pub fn layout<S: SnapshotStage>(stage: &S) -> FeatureLayout {
    S::layout(&stage.plan(vec![AsOf::start_of(bars::Minute::MIN)])).clone()
}
