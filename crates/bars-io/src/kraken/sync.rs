//! Bringing a place up to date: the newest minutes as the API has them, and what lies between them
//! and the bars that are there already out of single trades.
//!
//! Bars come in from old to new, and none after a gap that could not be closed, unless it is to be
//! left open: so that the next sync, which goes on from the newest bar, does not pass over what
//! this one left.

use super::Client;
use super::candles::{self, Candles};
use super::market::Pair;
use super::trades::{self, Gatherer};
use crate::error::Result;
use crate::target::Target;
use bars::series::{Bar, Series};
use bars::symbol::Symbol;
use bars::time::{Minute, Span};

/// Trades of a full page.
const PAGE: f64 = 1000.0;
/// Pages after which the bars that they made come in: about half a minute's work is lost at most.
const CHUNK: usize = 30;

/// What is brought up to date.
#[derive(Clone, Debug)]
pub struct SyncTask<'a> {
    /// The pair.
    pub pair: &'a Pair,
    /// Its symbol in the target.
    pub symbol: Symbol,
    /// The open time of the newest bar that the target has; bars after it are wanted. `None` where
    /// there is none: only what the API still has is wanted then.
    pub after: Option<Minute>,
    /// Whether minutes that the API no longer has are made out of trades.
    pub trades: bool,
}

/// What came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Bars that the target did not have.
    pub new: usize,
    /// Of the bars read, those out of trades.
    pub from_trades: usize,
    /// First and last bar read.
    pub ends: Option<(Minute, Minute)>,
    /// Minutes that were left open: the API no longer has them, and trades were not wanted.
    pub open: Option<Span>,
}

/// What making bars out of trades will cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The minutes that are wanted.
    pub span: Span,
    /// About so many requests, a second each, by the trades of the newest minutes.
    pub calls: f64,
}

/// What is told during a sync.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum News {
    /// Trades will be asked for, at this cost.
    Cost(Cost),
    /// Trades up to this minute have been read.
    At(Minute),
}

/// Does `task`, and tells `tell` how it goes.
///
/// # Errors
/// Where the API cannot be asked or the target not be written; what came in until then stays.
pub fn sync(
    client: &Client,
    task: &SyncTask<'_>,
    target: &dyn Target,
    tell: &dyn Fn(News),
) -> Result<Synced> {
    let newest = candles::newest(client, &task.pair.key, task.after)?;
    let mut synced = Synced::default();
    let mut bars = Vec::new();
    if let Some(gap) = gap(task.after, &newest) {
        if task.trades {
            tell(News::Cost(cost(gap, &newest)));
            bars = rebuild(client, task, gap, &newest, target, tell, &mut synced)?;
        } else {
            synced.open = Some(gap);
        }
    }
    bars.extend(newest.bars);
    bring_in(target, &task.symbol, &bars, &mut synced)?;
    Ok(synced)
}

/// The minutes after `after` that an answer no longer reaches back to.
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

/// Makes the bars of `gap` out of trades. Most come in on the way; the last are returned.
fn rebuild(
    client: &Client,
    task: &SyncTask<'_>,
    gap: Span,
    newest: &Candles,
    target: &dyn Target,
    tell: &dyn Fn(News),
    synced: &mut Synced,
) -> Result<Vec<Bar>> {
    let mut gatherer = Gatherer::default();
    let mut since = trades::before(gap.start);
    let mut pages = 0;
    let is_closed = loop {
        let page = trades::page(client, &task.pair.key, since)?;
        gatherer.add(&page, gap.start, gap.end).map_err(|what| client.senseless("Trades", what))?;
        if let Some(at) = page.newest() {
            tell(News::At(at));
        }
        if page.newest().is_some_and(|newest| newest >= gap.end) {
            break true;
        }
        if page.is_empty() || page.last <= since {
            break false;
        }
        since = page.last;
        pages += 1;
        if pages % CHUNK == 0 {
            take_finished(&mut gatherer, task, target, synced)?;
        }
    };
    // Where the market moved after the gap there are trades to come: the server lags behind its own
    // bars.
    if !is_closed && newest.was_traded {
        take_finished(&mut gatherer, task, target, synced)?;
        return Err(client.senseless(
            "Trades",
            format!("the trades end before the bars, which begin at {}; try again", gap.end),
        ));
    }
    let rest = gatherer.finish();
    synced.from_trades += rest.len();
    Ok(rest)
}

/// Brings in the bars whose minute is over.
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
