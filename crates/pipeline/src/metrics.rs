//! Intraday metrics of a cohort, relative to each symbol's own history.

use std::path::Path;

use bars::time::AsOfSpec;
use bars::{AsOf, Series, Symbol};
use bars_io::Source;
use bars_io::atomic::{FinishedFile, TempFiles};
use rayon::prelude::*;
use stages::features::layout::FeatureLayout;
use stages::features::output::{OutputOptions, OutputShape};
use stages::features::panel::Panel;
use stages::features::table::{FeatureRow, to_table};
use stages::metrics::{MetricsPlan, ValidParams};
use stages::table::Table;

use crate::artifacts::series_file::SeriesFile;
use crate::artifacts::table_file::{self, Compression, Format};
use crate::cohort::{Member, extent, look_up, warn_of_future, warn_of_short_history};
use crate::error::{Error, Result};
use crate::observer::{Observer, Progress, Unit};
use crate::scratch_series::SpareSeries;
use crate::source::report_findings;

/// The source of the baselines of [`metrics`].
#[derive(Clone, Copy)]
pub enum History<'a> {
    /// No baselines; the parameters must have no months.
    None,
    /// The cohort's own bars.
    Cohort,
    /// A source with more history.
    Source(&'a dyn Source),
}

/// The result of [`metrics`].
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The columns of the rows: names, types, families and windows.
    pub layout: FeatureLayout,
    /// A row per symbol with bars, in the order of the input.
    pub rows: Vec<FeatureRow>,
    /// The as-of: only bars that close by then count.
    pub asof: AsOf,
}

impl Metrics {
    /// The rows as a table.
    pub fn table(&self) -> Table {
        to_table(&self.layout, &self.rows)
    }

    /// Writes the chosen columns of the table, ready to be committed to `path`; Parquet if its
    /// extension is `parquet`, else CSV; with `csv_safe`, a spreadsheet does not evaluate the texts
    /// in CSV.
    ///
    /// # Errors
    /// If it cannot be written, or the options choose no column.
    pub fn write(
        &self,
        path: &Path,
        columns: &OutputOptions,
        csv_safe: bool,
        temp: &TempFiles,
    ) -> Result<FinishedFile> {
        let table = OutputShape::new(&self.layout, columns)?.to_table(&self.layout, &self.rows);
        let (format, compression) = (Format::from_path(path), Compression::default());
        Ok(table_file::write(path, format, compression, csv_safe, table, temp)?)
    }
}

/// Metrics of `symbols` over the last complete windows by `asof` (`Latest`: the close of the
/// cohort's newest bar). Windows are computed from `cohort`, baselines from `history`. The panels
/// behind the baselines go to `series`, if given.
///
/// # Errors
/// If a source cannot be read, the cohort has no bars or none by the as-of, or the observer
/// cancels.
///
/// ```
/// use bars::time::AsOfSpec;
/// use bars_io::memory::MemorySource;
/// use pipeline::observer::Silent;
/// use pipeline::sample::{Market, MarketSettings};
///
/// let market = Market::new(MarketSettings { symbols: 6, days: 3, ..Default::default() });
/// let source = MemorySource::new(market.series());
/// use pipeline::metrics::{History, metrics};
/// let symbols = bars_io::Source::symbols(&source)?;
/// let params = stages::metrics::Params { months: None, ..Default::default() }.check()?;
/// let found = metrics(&symbols, &source, History::None, &params, AsOfSpec::Latest, None, &Silent)?;
/// assert!(found.table().to_record_batch()?.column_by_name("rsi_4h").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn metrics(
    symbols: &[Symbol],
    cohort: &dyn Source,
    history: History<'_>,
    params: &ValidParams,
    asof: AsOfSpec,
    series: Option<&mut SeriesFile>,
    observer: &dyn Observer,
) -> Result<Metrics> {
    let job = MetricsJob::new(symbols, cohort, history, params, asof, observer)?;
    let rows = observer.step("computing", || job.compute(&job.indices(), series, observer))?;
    if let History::Source(source) = history {
        report_findings(source, observer);
    }
    Ok(Metrics { layout: job.plan.layout().clone(), rows, asof: job.asof })
}

/// Metrics with symbols looked up and the as-of resolved.
pub(crate) struct MetricsJob<'a> {
    cohort: &'a dyn Source,
    history: History<'a>,
    pub(crate) plan: MetricsPlan,
    pub(crate) members: Vec<Member>,
    /// The members in the source of the history, in the same order; empty without one.
    past: Vec<Member>,
    pub(crate) asof: AsOf,
    spare: SpareSeries,
}

impl<'a> MetricsJob<'a> {
    pub(crate) fn new(
        symbols: &[Symbol],
        cohort: &'a dyn Source,
        history: History<'a>,
        params: &ValidParams,
        asof: AsOfSpec,
        observer: &dyn Observer,
    ) -> Result<MetricsJob<'a>> {
        let members = look_up(symbols, cohort, "they get no row", observer)?;
        let (oldest, newest) = extent(&members, &cohort.describe())?;
        let asof = asof.moment().unwrap_or(newest);
        if asof < oldest {
            return Err(Error::AsofBeforeBars { asof, what: cohort.describe(), oldest, newest });
        }
        warn_of_future(asof, newest, params.windows()[0], observer);
        if let (History::Cohort, Some(months)) = (history, params.months()) {
            warn_of_short_history((oldest, newest), months, observer);
        }
        MetricsJob::at(members, cohort, history, params, asof, observer)
    }

    /// Creates the job for some members and a resolved as-of, which may be before the first bar of
    /// all of these.
    pub(crate) fn at(
        members: Vec<Member>,
        cohort: &'a dyn Source,
        history: History<'a>,
        params: &ValidParams,
        asof: AsOf,
        observer: &dyn Observer,
    ) -> Result<MetricsJob<'a>> {
        let past = match history {
            History::None | History::Cohort => Vec::new(),
            History::Source(source) => {
                let symbols: Vec<Symbol> =
                    members.iter().map(|member| member.symbol.clone()).collect();
                look_up(&symbols, source, "they get no baseline", observer)?
            }
        };
        let plan = MetricsPlan::new(params.clone(), vec![asof], false);
        Ok(MetricsJob { cohort, history, plan, members, past, asof, spare: SpareSeries::default() })
    }

    /// The columns of a result with these parameters.
    pub(crate) fn layout(params: &ValidParams, asof: AsOf) -> FeatureLayout {
        MetricsPlan::new(params.clone(), vec![asof], false).layout().clone()
    }

    /// The indices of all members.
    pub(crate) fn indices(&self) -> Vec<usize> {
        (0..self.members.len()).collect()
    }

    /// The rows of the members at `indices`.
    pub(crate) fn compute(
        &self,
        indices: &[usize],
        mut series: Option<&mut SeriesFile>,
        observer: &dyn Observer,
    ) -> Result<Vec<FeatureRow>> {
        let progress = Progress::new(observer, "metrics", Unit::Symbols, indices.len() as u64);
        let mut rows = Vec::with_capacity(indices.len());
        // Panels are large: if they are written, only one per thread is in memory.
        let keeps_panels = series.is_some();
        let at_once =
            if keeps_panels { rayon::current_num_threads() } else { indices.len().max(1) };
        for batch in indices.chunks(at_once) {
            let compute = |&index: &usize| {
                let (rows, panels) = self.symbol(index)?;
                progress.advance(1)?;
                Ok((rows, if keeps_panels { panels } else { Vec::new() }))
            };
            let results = batch.par_iter().map(compute).collect::<Result<Vec<_>>>()?;
            for (&index, (own, panels)) in batch.iter().zip(results) {
                rows.extend(own);
                if let Some(series) = &mut series {
                    for panel in &panels {
                        let range = self.plan.asofs().last_buckets(panel);
                        series.write(&self.members[index].symbol, panel, range)?;
                    }
                }
            }
        }
        Ok(rows)
    }

    /// A symbol's row, if it has bars, and the panels behind its baselines.
    fn symbol(&self, index: usize) -> Result<(Vec<FeatureRow>, Vec<Panel>)> {
        let (plan, member) = (&self.plan, &self.members[index]);
        let Some(entry) = &member.entry else {
            return Ok((Vec::new(), Vec::new()));
        };
        let current = |panels: Option<&[Panel]>| -> Result<Vec<FeatureRow>> {
            let current = |series: &Series| plan.current_panels(series);
            let current =
                self.spare.with_prices(self.cohort, &entry.symbol, plan.current_span(), current)?;
            Ok(plan.rows(&member.symbol, entry.first, &current, panels))
        };
        match self.history {
            History::None => Ok((current(None)?, Vec::new())),
            History::Cohort => {
                let panels =
                    self.spare.with_prices(self.cohort, &entry.symbol, plan.span(), |series| {
                        plan.panels(series)
                    })?;
                Ok((plan.rows(&member.symbol, entry.first, &panels, Some(&panels)), panels))
            }
            History::Source(source) => {
                let panels = match self.past.get(index).and_then(|past| past.entry.as_ref()) {
                    Some(entry) => {
                        self.spare.with_prices(source, &entry.symbol, plan.span(), |series| {
                            plan.panels(series)
                        })?
                    }
                    None => Vec::new(),
                };
                let rows = current((!panels.is_empty()).then_some(&panels[..]))?;
                Ok((rows, panels))
            }
        }
    }
}
