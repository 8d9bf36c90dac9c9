//! Computes snapshots in groups of dates and symbols, so that memory is bounded.

use bars::{AsOf, Symbol};
use bars_io::{Entry, Source};
use rayon::prelude::*;
use stages::features::layout::FeatureLayout;
use stages::features::table::FeatureRow;

use super::stage::{SnapshotStage, SymbolSnapshots};
use crate::artifacts::series_file::SeriesFile;
use crate::cohort::Member;
use crate::error::{Error, Result};
use crate::observer::{Observer, Progress, Unit};
use crate::panel::dates;
use crate::scratch_series::SpareSeries;

/// Maximum number of values held at once: a quarter of a gigabyte.
const MAX_CELLS: usize = 1 << 25;

/// Maximum number of dates computed at once. If not all symbols fit in memory, each date is an open
/// file.
const MAX_DATES: usize = 64;

/// The division of as-ofs and symbols into parts that fit in memory. It depends on their numbers
/// only, not on threads or tasks, because the row groups of the output follow from it.
#[derive(Debug, Clone)]
pub(crate) struct Cuts {
    /// As-ofs in each pass: date `d` of pass `p` has `passes[p][d]` as-ofs.
    passes: Vec<Vec<usize>>,
    columns: usize,
}

impl Cuts {
    /// Divides `asofs` (ascending) for a table of `columns` columns and `symbols` symbols.
    pub(crate) fn new(asofs: &[AsOf], columns: usize, symbols: usize) -> Cuts {
        let dates: Vec<usize> = dates(asofs).map(<[AsOf]>::len).collect();
        let largest = dates.iter().copied().max().unwrap_or(1) * columns * symbols.max(1);
        let passes = dates.chunks((MAX_CELLS / largest.max(1)).clamp(1, MAX_DATES));
        Cuts { passes: passes.map(<[usize]>::to_vec).collect(), columns }
    }

    /// Returns the as-ofs of each pass, grouped by date.
    pub(crate) fn passes<'a>(&self, asofs: &'a [AsOf]) -> Vec<Vec<&'a [AsOf]>> {
        let mut rest = asofs;
        let mut take = |len: usize| {
            let (head, tail) = rest.split_at(len);
            rest = tail;
            head
        };
        self.passes.iter().map(|pass| pass.iter().map(|len| take(*len)).collect()).collect()
    }

    /// Symbols per row group in a pass.
    pub(crate) fn group(&self, pass: usize) -> usize {
        let of_a_symbol = self.passes[pass].iter().sum::<usize>() * self.columns;
        (MAX_CELLS / of_a_symbol.max(1)).max(1)
    }

    /// Number of passes.
    pub(crate) fn len(&self) -> usize {
        self.passes.len()
    }
}

/// Returns the members that have bars.
pub(crate) fn present(members: &[Member]) -> Vec<(&Symbol, &Entry)> {
    members.iter().filter_map(|member| Some((&member.symbol, member.entry.as_ref()?))).collect()
}

/// The rows of one group of symbols in one pass.
pub(super) struct Group<'a> {
    pub(super) pass: usize,
    /// The as-ofs of the pass, date by date.
    pub(super) dates: &'a [&'a [AsOf]],
    /// Whether the pass ends with this group.
    pub(super) is_last: bool,
    /// Rows by symbol, then as-of.
    pub(super) rows: Vec<FeatureRow>,
}

/// Computes some symbols at the as-ofs of `plan`, in parallel, for single runs and tasks. Without
/// `keeps_panels` the panels are dropped.
pub(crate) fn compute<S: SnapshotStage>(
    plan: &S::Plan,
    source: &dyn Source,
    symbols: &[(&Symbol, &Entry)],
    keeps_panels: bool,
    spare: &SpareSeries,
    progress: &Progress<'_>,
) -> Result<Vec<SymbolSnapshots>> {
    let compute = |&(symbol, entry): &(&Symbol, &Entry)| {
        let mut result = S::compute(plan, source, symbol, entry, spare)?;
        if !keeps_panels {
            result.panels = Vec::new();
        }
        progress.advance(1)?;
        progress.trace(format!("{symbol}: {} rows", result.rows.len()));
        Ok::<_, Error>(result)
    };
    symbols.par_iter().map(compute).collect()
}

/// Computes `members` at `asofs` and passes the rows on group by group. Panels go to `series`, if
/// given.
pub(super) fn for_each_group<S: SnapshotStage>(
    stage: &S,
    source: &dyn Source,
    members: &[Member],
    asofs: &[AsOf],
    mut series: Option<&mut SeriesFile>,
    observer: &dyn Observer,
    take: &mut dyn FnMut(Group<'_>) -> Result<()>,
) -> Result<FeatureLayout> {
    let layout = S::layout(&stage.plan(asofs[..1].to_vec())).clone();
    let present = present(members);
    let cuts = Cuts::new(asofs, layout.columns().len(), present.len());
    let progress =
        Progress::new(observer, S::NAME, Unit::Symbols, (present.len() * cuts.len()) as u64);
    // Panels are large: if they are written, only one per thread is in memory.
    let at_once = if series.is_some() { rayon::current_num_threads() } else { usize::MAX };
    let spare = SpareSeries::default();
    for (pass, dates) in cuts.passes(asofs).iter().enumerate() {
        let plan = stage.plan(dates.concat());
        // A pass without symbols has one empty group, so that its files are written.
        let groups: Vec<_> = if present.is_empty() {
            vec![&present[..]]
        } else {
            present.chunks(cuts.group(pass)).collect()
        };
        for (number, group) in groups.iter().enumerate() {
            let mut rows = Vec::new();
            for batch in group.chunks(at_once.min(group.len()).max(1)) {
                let results =
                    compute::<S>(&plan, source, batch, series.is_some(), &spare, &progress)?;
                for ((symbol, _), result) in batch.iter().zip(results) {
                    if let Some(series) = &mut series {
                        for panel in &result.panels {
                            series.write(symbol, panel, S::asofs(&plan).last_buckets(panel))?;
                        }
                    }
                    rows.extend(result.rows);
                }
            }
            take(Group { pass, dates, is_last: number + 1 == groups.len(), rows })?;
        }
    }
    Ok(layout)
}
