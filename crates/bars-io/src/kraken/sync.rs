//! Updates a target: the newest minutes from the API's bars, and those between them and the
//! target's newest bar from single trades.
//!
//! Bars are stored from old to new, and none after a gap that could not be filled (unless the gap
//! was accepted). Otherwise the next sync, which continues at the newest bar, would miss the gap.

use super::Client;
use super::candles::{self, Candles};
use super::market::Pair;
use super::trades::{self, Gatherer};
use crate::error::Result;
use crate::target::Target;
use bars::series::{Bar, Series};
use bars::symbol::Symbol;
use bars::time::{Minute, Span};

/// Trades on a full page.
const PAGE: f64 = 1000.0;
/// Number of pages after which the resulting bars are stored, so that an interruption loses about
/// half a minute of work.
const CHUNK: usize = 30;

/// Maximum number of pages of one minute: ten times the trades of a busy one. A server that moves on
/// by less could keep a sync busy forever.
const MAX_PAGES_PER_MINUTE: usize = 100;

/// A symbol to update.
#[derive(Clone, Debug)]
pub struct SyncTask<'a> {
    /// The pair.
    pub pair: &'a Pair,
    /// Its symbol in the target.
    pub symbol: Symbol,
    /// Open time of the target's newest bar; later bars are fetched. `None` if there is none: then
    /// only the bars that the API still has are fetched.
    pub after: Option<Minute>,
    /// Whether to rebuild minutes that the API no longer has from trades.
    pub trades: bool,
}

/// The result of a sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Bars that the target did not have.
    pub new: usize,
    /// Number of the bars rebuilt from trades.
    pub from_trades: usize,
    /// First and last bar read.
    pub ends: Option<(Minute, Minute)>,
    /// The gap that was left because the API no longer has these minutes and trades were disabled.
    pub open: Option<Span>,
}

/// The cost of rebuilding bars from trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The minutes to rebuild.
    pub span: Span,
    /// Estimated number of requests (one per second), from the number of trades in the newest
    /// minutes.
    pub calls: f64,
}

/// Progress of a sync.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum News {
    /// Trades will be requested at this cost.
    Cost(Cost),
    /// Trades up to this minute have been read.
    At(Minute),
}

/// Runs `task` and reports progress to `report`.
///
/// # Errors
/// A request fails or the target cannot be written; bars stored until then remain.
pub fn sync(
    client: &Client,
    task: &SyncTask<'_>,
    target: &dyn Target,
    report: &dyn Fn(News),
) -> Result<Synced> {
    let newest = candles::newest(client, &task.pair.key, task.after)?;
    let mut synced = Synced::default();
    let mut bars = Vec::new();
    if let Some(gap) = gap(task.after, &newest) {
        if task.trades {
            report(News::Cost(cost(gap, &newest)));
            bars = rebuild(client, task, gap, &newest, target, report, &mut synced)?;
        } else {
            synced.open = Some(gap);
        }
    }
    bars.extend(newest.bars);
    bring_in(target, &task.symbol, &bars, &mut synced)?;
    Ok(synced)
}

/// Returns the minutes after `after` that the API's bars do not cover.
fn gap(after: Option<Minute>, newest: &Candles) -> Option<Span> {
    let gap = Span { start: after?.plus(1), end: newest.first? };
    (gap.start < gap.end).then_some(gap)
}

fn cost(gap: Span, newest: &Candles) -> Cost {
    let trades: f64 = newest.bars.iter().filter_map(|bar| bar.trades).map(f64::from).sum();
    let covered = newest.first.zip(newest.unfinished);
    let minutes =
        covered.map_or(1, |(first, unfinished)| (unfinished.index() - first.index()).max(1));
    let wanted = f64::from(gap.end.index() - gap.start.index());
    Cost { span: gap, calls: 1.0 + (wanted * trades / f64::from(minutes) / PAGE).ceil() }
}

/// Rebuilds the bars of `gap` from trades. Most are stored on the way; the last ones are returned.
fn rebuild(
    client: &Client,
    task: &SyncTask<'_>,
    gap: Span,
    newest: &Candles,
    target: &dyn Target,
    report: &dyn Fn(News),
    synced: &mut Synced,
) -> Result<Vec<Bar>> {
    let mut gatherer = Gatherer::default();
    let mut since = trades::before(gap.start);
    let mut pages = 0;
    // The newest trade so far, and the number of pages that ended in its minute.
    let (mut newest_time, mut pages_of_minute) = (None, (None, 0));
    let is_closed = loop {
        let page = trades::page(client, &task.pair.key, since)?;
        gatherer.add(&page, gap.start, gap.end).map_err(|what| client.senseless("Trades", what))?;
        if let Some(at) = page.newest() {
            report(News::At(at));
        }
        if page.newest().is_some_and(|newest| newest >= gap.end) {
            break true;
        }
        if page.newest_time() <= newest_time || page.last <= since {
            break false;
        }
        newest_time = page.newest_time();
        pages_of_minute = match pages_of_minute {
            (minute, n) if minute == page.newest() => (minute, n + 1),
            _ => (page.newest(), 1),
        };
        if let (Some(minute), MAX_PAGES_PER_MINUTE..) = pages_of_minute {
            return Err(client.senseless(
                "Trades",
                format!("{MAX_PAGES_PER_MINUTE} pages of trades did not get past {minute}"),
            ));
        }
        since = page.last;
        pages += 1;
        if pages % CHUNK == 0 {
            take_finished(&mut gatherer, task, target, synced)?;
        }
    };
    // If the market traded after the gap, more trades must follow: the server's trades lag behind
    // its bars.
    if !is_closed && newest.was_traded {
        take_finished(&mut gatherer, task, target, synced)?;
        return Err(client.senseless(
            "Trades",
            format!("the trades end before the first bar at {}; try again", gap.end),
        ));
    }
    let rest = gatherer.finish();
    synced.from_trades += rest.len();
    Ok(rest)
}

/// Stores the bars of completed minutes.
fn take_finished(
    gatherer: &mut Gatherer,
    task: &SyncTask<'_>,
    target: &dyn Target,
    synced: &mut Synced,
) -> Result<()> {
    let bars = gatherer.take_finished();
    synced.from_trades += bars.len();
    bring_in(target, &task.symbol, &bars, synced)
}

fn bring_in(target: &dyn Target, symbol: &Symbol, bars: &[Bar], synced: &mut Synced) -> Result<()> {
    let series: Series = bars.iter().copied().collect();
    if let Some((first, last)) = series.ends() {
        synced.new += target.upsert(symbol, &series)?;
        synced.ends = Some((synced.ends.map_or(first, |(earlier, _)| earlier), last));
    }
    Ok(())
}
