//! Leaderboards of a market: the symbols that rank most often as gainers, losers, or both.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bars::spelling::Directory;
use bars::time::AsOfSpec;
use bars::{AsOf, Closes, Span, Symbol};
use bars_io::atomic::TempFiles;
use bars_io::{Entry, Source, newest_close};
use rayon::prelude::*;
use stages::leaderboards::{
    Board, BucketRank, Buckets, Coin, LeaderboardsPlan, RankKind, RankedBoards, Run, SkewDetail,
    ValidParams,
};
use stages::table::{ColumnSource, ColumnSpec, Table};

use crate::artifacts::bar_csv::BarFile;
use crate::artifacts::leaderboards_summary::{
    LeaderboardsSummary, SummaryBoard, SummaryCoin, SummaryRun, SummarySkew,
};
use crate::artifacts::table_file::Format;
use crate::artifacts::{Cohort, bar_csv, bar_parquet, commit, names, parquet_file, write_json};
use crate::error::{Error, Result};
use crate::observer::{Observer, Progress, Unit};
use crate::source::{catalog, report_findings, resolve_asof};
use crate::text::{count, pluralize};
use crate::universe::Universe;

/// The result of [`leaderboards`].
#[derive(Debug, Clone)]
pub struct Leaderboards {
    /// The boards and the ranks behind them.
    pub boards: RankedBoards,
    /// The bars that were ranked open within this span.
    pub span: Span,
    /// Close of the newest bar of the chosen symbols.
    pub newest: AsOf,
    /// The choice of symbols.
    pub universe: Universe,
}

/// Ranks the symbols of `source` that `universe` chooses over the lookback before `asof` (`Latest`: the close of the newest
/// bar). Reads the market once, symbols in parallel; memory is some 16 kB per symbol.
///
/// # Errors
/// If the source cannot be read or is empty, the universe is empty, no bar closes by the as-of, no window fits the
/// lookback, all symbols are stale, or the observer cancels.
///
/// ```
/// use bars::time::AsOfSpec;
/// use bars_io::memory::MemorySource;
/// use pipeline::observer::Silent;
/// use pipeline::sample::{Market, MarketSettings};
///
/// let market = Market::new(MarketSettings { symbols: 6, days: 8, ..Default::default() });
/// let source = MemorySource::new(market.series());
/// let params = stages::leaderboards::Params { top_n: 2, ..Default::default() }.check()?;
/// let (all, asof) = (Default::default(), AsOfSpec::Latest);
/// let result = pipeline::leaderboards::leaderboards(&source, &params, &all, asof, &Silent)?;
/// let boards = result.table().to_record_batch()?;
/// assert_eq!(boards.schema().field(0).name(), "board");
/// assert!(boards.num_rows() <= 3 * 2, "three boards of two symbols");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn leaderboards(
    source: &dyn Source,
    params: &ValidParams,
    universe: &Universe,
    asof: AsOfSpec,
    observer: &dyn Observer,
) -> Result<Leaderboards> {
    let all = observer.step("listing the symbols", || catalog(source))?;
    let catalog = universe.choose(&all, observer)?;
    let asof = resolve_asof(asof, &catalog)?;
    let plan = LeaderboardsPlan::new(params.clone(), asof)?;
    note_short_history(&all, asof, params, observer);
    let seen: Vec<&Entry> = catalog.iter().filter(|entry| entry.first < plan.span().end).collect();
    let symbols = observer
        .step("reading the market", || summarize(source, &seen, &plan, universe, observer))?;
    report_findings(source, observer);
    let newest = newest_close(&catalog).unwrap_or(asof);
    rank(&plan, seen.len(), symbols, newest, universe, observer)
}

/// Reports if the bars of the source begin after the start of the lookback before `asof`.
pub(crate) fn note_short_history(
    all: &[Entry],
    asof: AsOf,
    params: &ValidParams,
    observer: &dyn Observer,
) {
    let days = params.lookback_days();
    let start = Span::days_before(asof, days).start;
    if let Some(first) = all.iter().map(|entry| entry.first).min().filter(|first| *first > start) {
        observer.info(format!(
            "the first bar is at {first}, later than the start of the lookback of {}",
            pluralize(days as usize, "day")
        ));
    }
}

/// The buckets of each symbol with the minimum volume.
pub(crate) fn summarize(
    source: &dyn Source,
    entries: &[&Entry],
    plan: &LeaderboardsPlan,
    universe: &Universe,
    observer: &dyn Observer,
) -> Result<Vec<(Symbol, Buckets)>> {
    let progress = Progress::new(observer, "leaderboards", Unit::Symbols, entries.len() as u64);
    let read = |scratch: &mut Closes, entry: &&Entry| {
        source.closes(&entry.symbol, plan.span(), scratch)?;
        progress.advance(1)?;
        observer.trace(format!("{}: {} bars", entry.symbol, scratch.time.len()));
        let days = plan.params().lookback_days();
        let has_volume = universe.has_volume(scratch, plan.span(), days);
        Ok(has_volume.then(|| (entry.symbol.clone(), plan.summarize(scratch))))
    };
    let found: Result<Vec<_>> = entries.par_iter().map_init(Closes::default, read).collect();
    let symbols: Vec<(Symbol, Buckets)> = found?.into_iter().flatten().collect();
    if symbols.len() < entries.len() {
        observer.info(format!(
            "{} of {} below the minimum volume of {} per day: not ranked",
            entries.len() - symbols.len(),
            pluralize(entries.len(), "symbol"),
            count(universe.min_volume as u64)
        ));
    }
    Ok(symbols)
}

/// Ranks symbols by their buckets; `seen` is the number of symbols with a bar before the as-of.
pub(crate) fn rank(
    plan: &LeaderboardsPlan,
    seen: usize,
    symbols: Vec<(Symbol, Buckets)>,
    newest: AsOf,
    universe: &Universe,
    observer: &dyn Observer,
) -> Result<Leaderboards> {
    let boards = observer.step("ranking", || rank_quietly(plan, seen, symbols, universe))?;
    warn_of_stale_symbols(&boards.run, observer);
    warn_of_several_names(boards.places.iter().map(|place| &place.symbol), observer);
    Ok(Leaderboards { boards, span: plan.span(), newest, universe: universe.clone() })
}

/// [`rank`] without warnings.
pub(crate) fn rank_quietly(
    plan: &LeaderboardsPlan,
    seen: usize,
    symbols: Vec<(Symbol, Buckets)>,
    universe: &Universe,
) -> Result<RankedBoards> {
    if symbols.is_empty() && universe.min_volume > 0.0 {
        let volume = count(universe.min_volume as u64);
        let problem = format!("{volume} per day is more than any symbol has");
        return Err(Error::parameter("min_volume", problem));
    }
    Ok(plan.rank(seen, symbols)?)
}

fn warn_of_stale_symbols(run: &Run, observer: &dyn Observer) {
    const MAX_NAMES: usize = 5;
    if !run.stale.is_empty() {
        let how = if run.params.include_stale() { "included" } else { "excluded" };
        let names: Vec<&str> = run.stale.iter().take(MAX_NAMES).map(Symbol::as_str).collect();
        let more = if run.stale.len() > MAX_NAMES { ", ..." } else { "" };
        let n = run.stale.len();
        let names = names.join(", ");
        observer.warn(format!(
            "{how} {} without a bar in the 24 hours before {}: {names}{more}",
            pluralize(n, "symbol"),
            run.asof
        ));
    }
}

/// Warns if `ranked` has the same market under several names.
pub(crate) fn warn_of_several_names<'a>(
    ranked: impl Iterator<Item = &'a Symbol>,
    observer: &dyn Observer,
) {
    let directory: Directory = ranked.collect::<BTreeSet<_>>().into_iter().collect();
    for names in directory.several_names() {
        let names: Vec<&str> = names.iter().map(Symbol::as_str).collect();
        observer.warn(format!("one market is ranked under several names: {}", names.join(", ")));
    }
}

impl Leaderboards {
    /// The board of a cohort.
    pub fn board(&self, cohort: Cohort) -> &Board {
        board(&self.boards, cohort)
    }

    /// The symbols of a cohort, by rank.
    pub fn symbols(&self, cohort: Cohort) -> Vec<Symbol> {
        self.board(cohort).coins.iter().map(|coin| coin.symbol.clone()).collect()
    }

    /// The three boards, one row per symbol of each.
    pub fn table(&self) -> Table {
        board_table(&self.boards)
    }

    /// Every rank: one row per window, bucket and symbol, as in `leaderboards.parquet`.
    pub fn places(&self) -> Table {
        Table::from_rows(&place_columns(), &self.boards.places)
    }

    /// The content of `leaderboards_summary.json`.
    pub fn summary(&self) -> LeaderboardsSummary {
        let run = &self.boards.run;
        LeaderboardsSummary {
            gainers: summary_board(&self.boards.gainers),
            losers: summary_board(&self.boards.losers),
            overlaps: summary_board(&self.boards.overlaps),
            run: SummaryRun {
                asof: run.asof.to_string(),
                windows: run.params.windows().iter().map(ToString::to_string).collect(),
                lookback_days: run.params.lookback_days(),
                top_n: run.params.top_n(),
                symbols_seen: run.symbols_seen,
                symbols_stale: run.stale.len(),
                symbols_ranked: run.symbols_ranked,
                include_partial: run.params.include_partial(),
                universe: Some(self.universe.clone()).filter(|universe| !universe.is_default()),
            },
        }
    }

    /// Writes the summary, the ranks and the bars of each cohort to `dir`, all or none, and removes
    /// the bars that an earlier run wrote in the other format. `format` is that of the bars, which
    /// `source` provides. Returns the files.
    ///
    /// # Errors
    /// If the source cannot be read, a file not be written, or the observer cancels.
    pub fn write(
        &self,
        dir: &Path,
        format: Format,
        source: &dyn Source,
        temp: &TempFiles,
        observer: &dyn Observer,
    ) -> Result<Vec<PathBuf>> {
        let cohorts =
            Cohort::ALL.map(|cohort| (dir.join(cohort.bars_file_as(format)), self.symbols(cohort)));
        let cohorts: Vec<BarFile<'_>> =
            cohorts.iter().map(|(path, symbols)| BarFile { path, symbols }).collect();
        let mut files =
            vec![write_json(&dir.join(names::LEADERBOARDS_SUMMARY), &self.summary(), temp)?];
        let places = dir.join(names::LEADERBOARDS_PLACES);
        let (places, bars) = rayon::join(
            || parquet_file::write(&places, &self.places(), &[], temp),
            || match format {
                Format::Csv => {
                    let written = bar_csv::write(&cohorts, source, self.span, temp, observer)?;
                    Ok(written.into_iter().map(|(file, _)| file).collect())
                }
                Format::Parquet => {
                    let write = |file: &BarFile<'_>| {
                        bar_parquet::write(file, source, self.span, temp, observer)
                    };
                    cohorts.par_iter().map(write).collect::<Result<Vec<_>>>()
                }
            },
        );
        files.push(places?);
        files.extend(bars?);
        commit(files)?;
        for cohort in Cohort::ALL {
            let other = dir.join(cohort.bars_file_as(format.other()));
            if other.exists() {
                std::fs::remove_file(&other)
                    .map_err(|e| bars_io::Error::io("remove", &other, e))?;
                observer.info(format!(
                    "removed {}, written by an earlier run in the other format",
                    other.display()
                ));
            }
        }
        Ok(output_names(format).map(|name| dir.join(name)).collect())
    }
}

/// The names of the files that [`Leaderboards::write`] writes.
pub fn output_names(format: Format) -> impl Iterator<Item = PathBuf> {
    [names::LEADERBOARDS_SUMMARY, names::LEADERBOARDS_PLACES]
        .into_iter()
        .map(PathBuf::from)
        .chain(Cohort::ALL.into_iter().map(move |cohort| cohort.bars_file_as(format)))
}

/// The descriptions of the columns of `leaderboards.parquet`.
pub(crate) fn place_specs() -> Vec<ColumnSpec> {
    place_columns().into_iter().map(|column| column.spec).collect()
}

fn place_columns() -> Vec<ColumnSource<BucketRank>> {
    let rank = |name, description, kind: RankKind| {
        ColumnSource::whole(name, description, move |place: &BucketRank| {
            place.ranks[kind as usize].map(i64::from)
        })
    };
    vec![
        ColumnSource::text("window", "the window", |place: &BucketRank| {
            Some(place.window.to_string())
        }),
        ColumnSource::time("window_start", "start of the bucket", |place: &BucketRank| {
            AsOf::start_of(place.start)
        }),
        ColumnSource::text("symbol", "the symbol", |place: &BucketRank| {
            Some(place.symbol.to_string())
        }),
        ColumnSource::number(
            "price_change",
            "change of the close from the previous bucket with a bar",
            |place: &BucketRank| place.price_change,
        )
        .with_unit("percent"),
        ColumnSource::number(
            "pct_vol_change",
            "change of the volume from the bucket just before",
            |place: &BucketRank| place.pct_vol_change,
        )
        .with_unit("percent"),
        ColumnSource::number("total_volume", "volume of the bucket", |place: &BucketRank| {
            place.total_volume
        }),
        rank("rank_loss", "rank among the losses of the bucket, from 1", RankKind::Loss),
        rank("rank_gain", "rank among the gains of the bucket, from 1", RankKind::Gain),
        rank("rank_drop", "rank among the volume drops of the bucket, from 1", RankKind::Drop),
        rank("rank_spike", "rank among the volume spikes of the bucket, from 1", RankKind::Spike),
    ]
}

fn board(boards: &RankedBoards, cohort: Cohort) -> &Board {
    match cohort {
        Cohort::Gainers => &boards.gainers,
        Cohort::Losers => &boards.losers,
        Cohort::Overlaps => &boards.overlaps,
    }
}

/// The three boards, one row per symbol of each.
pub(crate) fn board_table(boards: &RankedBoards) -> Table {
    let rows = |cohort: Cohort| {
        let coins = board(boards, cohort).coins.iter().zip(1..);
        coins.map(move |(coin, rank)| BoardRow { cohort, rank, coin })
    };
    let rows: Vec<BoardRow<'_>> = Cohort::ALL.into_iter().flat_map(rows).collect();
    Table::from_rows(&board_columns(), &rows)
}

/// The descriptions of the columns of [`board_table`].
pub(crate) fn board_specs() -> Vec<ColumnSpec> {
    board_columns().into_iter().map(|column| column.spec).collect()
}

/// A symbol of a board.
struct BoardRow<'a> {
    cohort: Cohort,
    rank: i64,
    coin: &'a Coin,
}

fn board_columns<'a>() -> Vec<ColumnSource<BoardRow<'a>>> {
    type Row<'a> = BoardRow<'a>;
    vec![
        ColumnSource::text("board", "`gainers`, `losers` or `overlaps`", |row: &Row<'_>| {
            Some(row.cohort.name().to_owned())
        }),
        ColumnSource::whole("rank", "rank on the board, from 1", |row: &Row<'_>| Some(row.rank)),
        ColumnSource::text("symbol", "the symbol", |row: &Row<'_>| {
            Some(row.coin.symbol.to_string())
        }),
        ColumnSource::number(
            "score",
            "what orders the board: gains, losses, or for overlaps the smaller of gains / most gains \
             and losses / most losses",
            |row: &Row<'_>| row.coin.score,
        ),
        ColumnSource::whole(
            "gains",
            "number of buckets in which the symbol is ranked among the gains",
            |row: &Row<'_>| Some(row.coin.gains.into()),
        ),
        ColumnSource::whole(
            "losses",
            "number of buckets in which the symbol is ranked among the losses",
            |row: &Row<'_>| Some(row.coin.losses.into()),
        ),
        ColumnSource::number(
            "price_change",
            "change of price in the newest bucket of 24h (or the longest window)",
            |row: &Row<'_>| row.coin.price_change,
        )
        .with_unit("percent"),
        ColumnSource::number(
            "pct_vol_change",
            "change of volume in the same bucket",
            |row: &Row<'_>| row.coin.pct_vol_change,
        )
        .with_unit("percent"),
        ColumnSource::text("skew", "tags, separated by commas", |row: &Row<'_>| {
            let tags: Vec<String> = row.coin.tags.iter().map(ToString::to_string).collect();
            Some(tags.join(","))
        }),
    ]
}

fn summary_board(board: &Board) -> SummaryBoard {
    let known = |number: f64| Some(number).filter(|number| !number.is_nan());
    let coin = |coin: &Coin| SummaryCoin {
        symbol: coin.symbol.to_string(),
        price_change: known(coin.price_change),
        pct_vol_change: known(coin.pct_vol_change),
        skew: coin.tags.iter().map(ToString::to_string).collect(),
    };
    let detail = |detail: &SkewDetail| SummarySkew {
        symbol: detail.symbol.to_string(),
        bucket: detail.bucket.clone(),
        level: detail.level.to_string(),
        deviation_pct: known(detail.deviation_pct),
    };
    SummaryBoard {
        coins: board.coins.iter().map(coin).collect(),
        skew_details: board.skew_details.iter().map(detail).collect(),
    }
}
