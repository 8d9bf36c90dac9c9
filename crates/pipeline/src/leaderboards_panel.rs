//! Boards at several as-ofs: a panel.
//!
//! [`leaderboards_panel`] returns the rows in memory. [`BoardsPanel`] computes the same and passes
//! the rows on date by date, for panels that do not fit in memory. The market is read once, and the
//! rows at an as-of are those of [`leaderboards`](crate::leaderboards::leaderboards).

use std::collections::BTreeSet;
use std::path::Path;

use bars::{AsOf, Closes, Span, Symbol};
use bars_io::{Entry, Source};
use rayon::prelude::*;
use stages::leaderboards::{
    BucketHistory, Buckets, LeaderboardsPanel, LeaderboardsPlan, RankedBoards, ValidParams,
};
use stages::table::{ColumnSpec, DType, Table, Values};

use crate::artifacts::frame::Frame;
use crate::artifacts::table_file::Format;
use crate::artifacts::{Cohort, unexpected};
use crate::error::{Error, Result};
use crate::leaderboards::{
    Leaderboards, board_specs, board_table, note_short_history, rank_quietly, warn_of_several_names,
};
use crate::observer::{Observer, Progress, Unit};
use crate::panel::{PanelRange, dates, since_first_bar};
use crate::snapshots::table_path;
use crate::source::{catalog, ends, report_findings};
use crate::text::pluralize;
use crate::universe::Universe;

/// The name of the command and of the files.
pub(crate) const NAME: &str = "leaderboards";

/// Maximum number of buckets in memory: a quarter of a gigabyte.
const MAX_BUCKETS: usize = 1 << 24;

/// Maximum number of dates and rows that are passed on at once. Each date is an open file.
const MAX_DATES: usize = 64;
const MAX_ROWS: usize = 1 << 20;

/// Leaderboards of given symbols and as-ofs.
pub struct BoardsPanel<'a> {
    source: &'a dyn Source,
    params: &'a ValidParams,
    universe: &'a Universe,
    /// The chosen symbols, ordered.
    entries: Vec<Entry>,
    asofs: Vec<AsOf>,
    newest: AsOf,
}

/// The rows of one or more dates.
pub(crate) struct Part<'a> {
    /// The as-ofs, date by date.
    pub(crate) dates: &'a [&'a [AsOf]],
    /// The values of the [`columns`] of each date, by as-of, board and rank; `None` if no symbol can
    /// be ranked at any of its as-ofs.
    pub(crate) values: Vec<Option<Vec<Values>>>,
}

/// A symbol at the as-ofs of a pass.
struct SymbolHistory<'a> {
    entry: &'a Entry,
    buckets: BucketHistory,
    /// Whether it has the minimum volume, by as-of.
    has_volume: Vec<bool>,
}

/// The result at one as-of.
struct AsOfBoards {
    asof: AsOf,
    /// An error means that no symbol can be ranked at this as-of.
    found: Result<Found>,
}

struct Found {
    values: Vec<Values>,
    symbols_stale: usize,
    ranked: BTreeSet<Symbol>,
    /// The boards at the last as-of of the panel, without ranks.
    boards: Option<RankedBoards>,
}

/// Returns the boards at every step of `range`, one row per as-of, board and rank. As-ofs before the
/// first bar, and those at which no symbol can be ranked, have no rows; a warning reports them.
///
/// # Errors
/// As [`leaderboards`](crate::leaderboards::leaderboards) if no as-of has boards, and for an invalid
/// range.
///
/// ```
/// use bars_io::memory::MemorySource;
/// use pipeline::observer::Silent;
/// use pipeline::panel::PanelRange;
/// use pipeline::sample::{Market, MarketSettings};
/// use pipeline::{leaderboards::leaderboards, leaderboards_panel::leaderboards_panel};
///
/// let market = Market::new(MarketSettings { symbols: 6, days: 8, ..Default::default() });
/// let source = MemorySource::new(market.series());
/// let params = stages::leaderboards::Params { lookback_days: 3, ..Default::default() }.check()?;
/// let (from, to) = ("2025-12-30".parse()?, "2026-01-01".parse()?);
/// let range = PanelRange { from, to, every: "1d".parse()?, allow_future: false };
/// let panel = leaderboards_panel(&source, &params, &Default::default(), range, &Silent)?;
/// let single = leaderboards(&source, &params, &Default::default(), from, &Silent)?.table();
/// assert!(panel.len() > single.len());
/// assert_eq!(panel.column("timestamp_asof_utc").map(|times| times.len()), Some(panel.len()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn leaderboards_panel(
    source: &dyn Source,
    params: &ValidParams,
    universe: &Universe,
    range: PanelRange,
    observer: &dyn Observer,
) -> Result<Table> {
    let panel = BoardsPanel::new(source, params, universe, range, observer)?;
    let mut all: Option<Vec<Values>> = None;
    panel.for_each_part(observer, &mut |part| {
        part.values.into_iter().flatten().for_each(|values| extend(&mut all, values));
        Ok(())
    })?;
    Ok(Table { columns: columns(), values: all.unwrap_or_default() })
}

/// Appends rows.
fn extend(all: &mut Option<Vec<Values>>, values: Vec<Values>) {
    match all {
        None => *all = Some(values),
        Some(all) => all.iter_mut().zip(values).for_each(|(all, more)| all.extend(more)),
    }
}

impl<'a> BoardsPanel<'a> {
    /// Chooses the symbols and resolves the as-ofs. Those before the first bar are dropped with a
    /// warning.
    ///
    /// # Errors
    /// If the source cannot be read or is empty, the universe is empty, or the range is invalid or
    /// before the first bar.
    pub fn new(
        source: &'a dyn Source,
        params: &'a ValidParams,
        universe: &'a Universe,
        range: PanelRange,
        observer: &dyn Observer,
    ) -> Result<BoardsPanel<'a>> {
        let all = observer.step("listing the symbols", || catalog(source))?;
        let entries = universe.choose(&all, observer)?;
        let ends = ends(&entries)?;
        let (oldest, newest) = ends;
        let asofs = range.asofs(|spec| spec.moment().unwrap_or(newest))?;
        let asofs = since_first_bar(asofs, oldest, "the source", ends, observer)?;
        note_short_history(&all, asofs[0], params, observer);
        Ok(BoardsPanel { source, params, universe, entries, asofs, newest })
    }

    /// The as-ofs, ascending, at least one.
    pub fn asofs(&self) -> &[AsOf] {
        &self.asofs
    }

    /// Number of dates.
    pub fn dates(&self) -> usize {
        dates(&self.asofs).count()
    }

    /// Computes the boards and passes the rows on, ascending. Returns the boards at the last as-of,
    /// without ranks; `None` if no symbol can be ranked then.
    pub(crate) fn for_each_part(
        &self,
        observer: &dyn Observer,
        take: &mut dyn FnMut(Part<'_>) -> Result<()>,
    ) -> Result<Option<Leaderboards>> {
        let mut outcome = Outcome::default();
        for pass in self.passes() {
            let panel = LeaderboardsPanel::new(self.params, &pass.concat())?;
            let read = || self.summarize(&panel, observer);
            let symbols = observer.step("reading the market", read)?;
            let ranking =
                Progress::new(observer, "ranking", Unit::AsOfs, panel.plans().len() as u64);
            let mut first = 0;
            for dates in self.parts(&pass) {
                let asofs = first..first + dates.iter().map(|date| date.len()).sum::<usize>();
                first = asofs.end;
                let rank = |index| {
                    let at = self.rank(&panel, index, &symbols)?;
                    ranking.advance(1)?;
                    Ok(at)
                };
                let ranked: Result<Vec<AsOfBoards>> = asofs.into_par_iter().map(rank).collect();
                let mut ranked = ranked?.into_iter();
                let of_date = |date: &&[AsOf]| {
                    let mut all = None;
                    let found = ranked.by_ref().take(date.len()).filter_map(|at| outcome.add(at));
                    found.for_each(|values| extend(&mut all, values));
                    all
                };
                let values = dates.iter().map(of_date).collect();
                take(Part { dates, values })?;
            }
        }
        report_findings(self.source, observer);
        outcome.report(self.asofs.len(), self.params, observer);
        match outcome {
            Outcome { is_any: false, error: Some(error), .. } => Err(error),
            Outcome { last, .. } => Ok(last.map(|boards| {
                let span = Span::days_before(boards.run.asof, self.params.lookback_days());
                let universe = self.universe.clone();
                Leaderboards { boards, span, newest: self.newest, universe }
            })),
        }
    }

    /// The last as-of.
    pub fn last_asof(&self) -> AsOf {
        self.asofs[self.asofs.len() - 1]
    }

    /// Divides the as-ofs so that the buckets of a pass fit in memory; each pass reads the market.
    fn passes(&self) -> Vec<Vec<&[AsOf]>> {
        let of_market = |pass: &[&[AsOf]], date: &[AsOf]| {
            let first = pass.first().unwrap_or(&date)[0];
            let asofs = pass.iter().map(|date| date.len()).sum::<usize>() + date.len();
            let last = date[date.len() - 1];
            let of_symbol = LeaderboardsPanel::buckets_kept(self.params, first, last, asofs);
            of_symbol * self.entries.len()
        };
        let mut passes: Vec<Vec<&[AsOf]>> = Vec::new();
        for date in dates(&self.asofs) {
            match passes.last_mut() {
                Some(pass) if of_market(pass, date) <= MAX_BUCKETS => pass.push(date),
                _ => passes.push(vec![date]),
            }
        }
        passes
    }

    /// Divides the dates of a pass so that their rows fit in memory.
    fn parts<'d>(&self, dates: &'d [&'d [AsOf]]) -> impl Iterator<Item = &'d [&'d [AsOf]]> {
        let rows = Cohort::ALL.len() * self.params.top_n().min(self.entries.len());
        let largest = dates.iter().map(|date| date.len()).max().unwrap_or(1);
        dates.chunks((MAX_ROWS / (rows * largest).max(1)).clamp(1, MAX_DATES))
    }

    /// The buckets of each symbol at the as-ofs of `panel`.
    fn summarize(
        &self,
        panel: &LeaderboardsPanel,
        observer: &dyn Observer,
    ) -> Result<Vec<SymbolHistory<'_>>> {
        let end = panel.span().end;
        let seen: Vec<&Entry> = self.entries.iter().filter(|entry| entry.first < end).collect();
        let progress = Progress::new(observer, "leaderboards", Unit::Symbols, seen.len() as u64);
        let days = self.params.lookback_days();
        let read = |scratch: &mut Closes, entry: &&'_ Entry| {
            self.source.closes(&entry.symbol, panel.span(), scratch)?;
            progress.advance(1)?;
            observer.trace(format!("{}: {} bars", entry.symbol, scratch.time.len()));
            let has_volume =
                |plan: &LeaderboardsPlan| self.universe.has_volume(scratch, plan.span(), days);
            let has_volume = panel.plans().iter().map(has_volume).collect();
            Ok((panel.summarize(scratch), has_volume))
        };
        let found: Result<Vec<_>> = seen.par_iter().map_init(Closes::default, read).collect();
        let history = |(entry, (buckets, has_volume))| SymbolHistory { entry, buckets, has_volume };
        Ok(seen.into_iter().zip(found?).map(history).collect())
    }

    /// The boards at the as-of at `index`.
    fn rank(
        &self,
        panel: &LeaderboardsPanel,
        index: usize,
        symbols: &[SymbolHistory<'_>],
    ) -> Result<AsOfBoards> {
        let plan = &panel.plans()[index];
        let end = plan.span().end;
        let seen: Vec<&SymbolHistory<'_>> =
            symbols.iter().filter(|symbol| symbol.entry.first < end).collect();
        let buckets = |symbol: &&SymbolHistory<'_>| {
            symbol.has_volume[index]
                .then(|| (symbol.entry.symbol.clone(), panel.buckets(index, &symbol.buckets)))
        };
        let candidates: Vec<(Symbol, Buckets)> = seen.iter().filter_map(buckets).collect();
        let is_last = plan.asof() == self.last_asof();
        let found = match rank_quietly(plan, seen.len(), candidates, self.universe) {
            Ok(mut boards) => {
                // The ranks take much more memory than the rows.
                let places = std::mem::take(&mut boards.places);
                Ok(Found {
                    values: values(plan.asof(), board_table(&boards)),
                    symbols_stale: boards.run.stale.len(),
                    ranked: places.into_iter().map(|place| place.symbol).collect(),
                    boards: is_last.then_some(boards),
                })
            }
            Err(error) if is_of_asof(&error) => Err(error),
            Err(error) => return Err(error),
        };
        Ok(AsOfBoards { asof: plan.asof(), found })
    }
}

/// Returns the distinct symbols on the last boards by `asof` in the partition of its date, by board
/// and rank. `folder` has the partitions of a panel.
///
/// # Errors
/// If the panel has no boards of this date by then, or a file is damaged.
pub(crate) fn board_symbols(folder: &Path, asof: AsOf) -> Result<Vec<Symbol>> {
    let paths = Format::ALL.map(|format| table_path(folder, NAME, asof, format));
    let path = paths.iter().find(|path| path.is_file()).unwrap_or(&paths[0]);
    let none = |when: &str| {
        Error::artifact(
            path,
            format!("no boards {when} {asof}; write a panel of boards that has them"),
        )
    };
    if !path.is_file() {
        return Err(none("at the date of"));
    }
    let table = Frame::read(path)?;
    let times = table.times(KEYS[1])?;
    let last = times.iter().flatten().filter(|time| **time <= asof).max();
    let last = last.ok_or_else(|| none("by"))?;
    let rows = table.text(KEYS[0])?.into_iter().zip(&times);
    let mut seen = BTreeSet::new();
    let mut symbols = Vec::new();
    for (symbol, _) in rows.filter(|(_, time)| time.as_ref() == Some(last)) {
        let symbol: Symbol = symbol.parse().map_err(|e| unexpected(path, e))?;
        if seen.insert(symbol.clone()) {
            symbols.push(symbol);
        }
    }
    Ok(symbols)
}

/// Whether an error means that no symbol can be ranked at an as-of; another as-of may have boards.
pub(crate) fn is_of_asof(error: &Error) -> bool {
    use stages::Error::{AllStale, NoBars};
    matches!(
        error,
        Error::Stage(AllStale { .. } | NoBars { .. }) | Error::Parameter { name: "min_volume", .. }
    )
}

/// What was found at the as-ofs so far.
#[derive(Default)]
struct Outcome {
    /// The boards at the last as-of of the panel.
    last: Option<RankedBoards>,
    /// Whether any as-of has boards.
    is_any: bool,
    /// Number of as-ofs without boards, and the first of them.
    empty: usize,
    first_empty: Option<AsOf>,
    /// Why the last of them has none.
    error: Option<Error>,
    /// Number of as-ofs with stale symbols, and the most stale symbols with their as-of.
    stale: usize,
    most_stale: Option<(usize, AsOf)>,
    /// Every symbol that was ranked.
    ranked: BTreeSet<Symbol>,
}

impl Outcome {
    /// Adds the result at an as-of and returns its values.
    fn add(&mut self, at: AsOfBoards) -> Option<Vec<Values>> {
        match at.found {
            Ok(found) => {
                if found.symbols_stale > 0 {
                    self.stale += 1;
                    if self.most_stale.is_none_or(|(most, _)| found.symbols_stale > most) {
                        self.most_stale = Some((found.symbols_stale, at.asof));
                    }
                }
                self.ranked.extend(found.ranked);
                self.is_any = true;
                self.last = found.boards;
                Some(found.values)
            }
            Err(error) => {
                self.empty += 1;
                self.first_empty = self.first_empty.or(Some(at.asof));
                self.error = Some(error);
                None
            }
        }
    }

    /// Reports what may surprise, once for all as-ofs.
    fn report(&self, asofs: usize, params: &ValidParams, observer: &dyn Observer) {
        if let (true, Some(first), Some(error)) = (self.is_any, self.first_empty, &self.error) {
            observer.warn(format!(
                "no boards at {} of {}, the first {first}: {error}",
                self.empty,
                pluralize(asofs, "as-of")
            ));
        }
        if let Some((most, asof)) = self.most_stale {
            let how = if params.include_stale() { "included" } else { "excluded" };
            observer.warn(format!(
                "{how} symbols without a bar in the 24 hours before the as-of, at {} of {}: at most {}, \
                 at {asof}",
                self.stale,
                pluralize(asofs, "as-of"),
                pluralize(most, "symbol")
            ));
        }
        warn_of_several_names(self.ranked.iter(), observer);
    }
}

/// The keys, in the place of the column `symbol` of a board.
const KEYS: [&str; 2] = ["symbol", "timestamp_asof_utc"];

/// The descriptions of the columns: the keys, then the other columns of the boards.
pub fn columns() -> Vec<ColumnSpec> {
    let (symbol, others): (Vec<_>, Vec<_>) =
        board_specs().into_iter().partition(|column| column.name == KEYS[0]);
    let asof = "as-of: only bars that close by then are used";
    let asof = ColumnSpec::new(KEYS[1], DType::Timestamp, asof);
    symbol.into_iter().chain([asof]).chain(others).collect()
}

/// The values of the [`columns`] for the boards at an as-of.
fn values(asof: AsOf, boards: Table) -> Vec<Values> {
    let rows = boards.len();
    let named = boards.columns.into_iter().zip(boards.values);
    let (symbol, others): (Vec<_>, Vec<_>) = named.partition(|(column, _)| column.name == KEYS[0]);
    let asof = Values::Time(vec![asof; rows]);
    let only_values = |(_, values): (ColumnSpec, Values)| values;
    symbol
        .into_iter()
        .map(only_values)
        .chain([asof])
        .chain(others.into_iter().map(only_values))
        .collect()
}
