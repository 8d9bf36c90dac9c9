use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;

use bars::spelling::Directory;
use bars::{Minute, Symbol};
use bars_io::kraken::Client;
use bars_io::kraken::market::{Pair, Pairs};
use bars_io::kraken::sync::{Cost, News, SyncTask, Synced, sync};
use bars_io::{Entry, Target};
use serde::Serialize;

use crate::cohort;
use crate::error::{Error, Result};
use crate::observer::{Event, Observer, Progress, Unit};
use crate::text::{minutes, pluralize};

/// The job stops after this many consecutive failures: a single pair may be broken, several in a
/// row mean that the exchange is unreachable.
const MAX_FAILURES_IN_A_ROW: usize = 3;

/// Updates a target with new bars from Kraken.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SyncJob {
    /// The pairs, in any spelling; if empty, the symbols of the target that are exactly one of a
    /// pair's names (the target may also have bars of other exchanges).
    pub pairs: Vec<Symbol>,
    /// Fetch the bars from this minute on again; `None`: only those after the target's newest bar.
    pub since: Option<Minute>,
    /// Whether to rebuild minutes that Kraken no longer has as bars from trades.
    pub trades: bool,
}

/// The result of a [`SyncJob`].
#[derive(Debug, Clone, Default)]
pub struct SyncOutput {
    /// The updated symbols, in the order of the job's pairs or of the target.
    pub done: Vec<(Symbol, Synced)>,
    /// Symbols with an error, which was reported as [`Event::SymbolFailed`].
    pub failed: Vec<Symbol>,
    /// Names without a pair.
    pub unlisted: Vec<String>,
    /// Number of symbols to update; more than `done` and `failed` if the job stopped early.
    pub total: usize,
}

impl SyncJob {
    /// Checks that a target without any bars would get some, before it is created.
    ///
    /// # Errors
    /// [`Error::NothingToSync`] without pairs, [`Error::NoPairs`] if Kraken lists none of them.
    pub fn check_new_target(&self, pairs: &Pairs) -> Result<()> {
        if self.pairs.is_empty() {
            return Err(Error::NothingToSync);
        }
        if self.pairs.iter().any(|name| pairs.find(name.as_str()).is_some()) {
            return Ok(());
        }
        let names: Vec<&str> = self.pairs.iter().map(Symbol::as_str).collect();
        Err(Error::NoPairs { what: format!("none of these pairs: {}", names.join(", ")) })
    }

    /// Runs the job. A symbol that fails does not stop the job, several in a row do.
    ///
    /// # Errors
    /// [`Error::NothingToSync`] without pairs for a target without bars, [`Error::NoPairs`], or the
    /// target cannot list its symbols, or the observer cancels.
    pub fn run(
        &self,
        client: &Client,
        pairs: &Pairs,
        target: &dyn Target,
        observer: &dyn Observer,
    ) -> Result<SyncOutput> {
        let held = target.held()?;
        if self.pairs.is_empty() && held.is_empty() {
            return Err(Error::NothingToSync);
        }
        let (chosen, unlisted) = self.choose(&held, pairs, observer);
        if chosen.is_empty() {
            let remedy = "give them with pairs, which accepts any spelling";
            let names = unlisted.join(", ");
            let what = format!("no pair with exactly these names: {names}; {remedy}");
            return Err(Error::NoPairs { what });
        }
        let total = chosen.len();
        let mut output = SyncOutput { unlisted, total, ..SyncOutput::default() };
        let mut failures_in_a_row = 0;
        for (index, Chosen { pair, symbol, newest }) in chosen.into_iter().enumerate() {
            observer.check()?;
            observer.event(Event::Detail(&format!("{symbol} ({} of {total})", index + 1)));
            let task = SyncTask { pair, symbol, after: self.after(newest), trades: self.trades };
            let progress = SymbolProgress::new(&task.symbol, observer);
            match sync(client, &task, target, &|news| progress.update(news)) {
                Ok(synced) => {
                    failures_in_a_row = 0;
                    output.done.push((task.symbol.clone(), synced));
                }
                Err(error) => {
                    // Without `since` the next sync knows where to continue.
                    let resume = progress.at.get().filter(|_| self.since.is_some());
                    let (symbol, error) = (&task.symbol, &Error::from(error));
                    observer.event(Event::SymbolFailed { symbol, error, resume });
                    output.failed.push(task.symbol.clone());
                    failures_in_a_row += 1;
                }
            }
            if failures_in_a_row == MAX_FAILURES_IN_A_ROW {
                break;
            }
        }
        Ok(output)
    }

    /// Returns the minute after which bars are fetched.
    fn after(&self, newest: Option<Minute>) -> Option<Minute> {
        match self.since {
            Some(since) => {
                let before = since.plus(-1);
                Some(newest.map_or(before, |newest| newest.min(before)))
            }
            None => newest,
        }
    }

    /// Returns the distinct pairs that the job refers to, and the names without a pair.
    fn choose<'a>(
        &self,
        held: &[Entry],
        pairs: &'a Pairs,
        observer: &dyn Observer,
    ) -> (Vec<Chosen<'a>>, Vec<String>) {
        let names: Vec<&Symbol> = match &self.pairs[..] {
            [] => held.iter().map(|entry| &entry.symbol).collect(),
            pairs => pairs.iter().collect(),
        };
        let directory: Directory = held.iter().map(|entry| &entry.symbol).collect();
        let (mut chosen, mut unlisted, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for name in names {
            let is_meant = |pair: &&Pair| !self.pairs.is_empty() || pair.is_called(name.as_str());
            let Some(pair) = pairs.find(name.as_str()).filter(is_meant) else {
                unlisted.push(name.to_string());
                continue;
            };
            // A new symbol gets the name that Kraken's archive uses, so that import and sync agree.
            let own =
                cohort::find(&directory, name, observer).or_else(|| pair.altname.parse().ok());
            let Some(symbol) = own.filter(|symbol| seen.insert(symbol.clone())) else {
                continue;
            };
            let newest = held.iter().find(|entry| entry.symbol == symbol).map(|entry| entry.last);
            chosen.push(Chosen { pair, symbol, newest });
        }
        (chosen, unlisted)
    }
}

/// A pair, its symbol in the target, and the open time of the newest bar there.
#[derive(Debug, PartialEq)]
struct Chosen<'a> {
    pair: &'a Pair,
    symbol: Symbol,
    newest: Option<Minute>,
}

/// Progress of one symbol.
struct SymbolProgress<'a> {
    symbol: &'a Symbol,
    observer: &'a dyn Observer,
    /// The progress of rebuilding, and its first minute.
    progress: OnceCell<(Progress<'a>, Minute)>,
    /// The minute up to which trades have been read.
    at: Cell<Option<Minute>>,
}

impl<'a> SymbolProgress<'a> {
    fn new(symbol: &'a Symbol, observer: &'a dyn Observer) -> SymbolProgress<'a> {
        SymbolProgress { symbol, observer, progress: OnceCell::new(), at: Cell::new(None) }
    }

    fn update(&self, news: News) {
        match news {
            News::Cost(cost) => {
                self.announce(cost);
                let work = self.symbol.as_str();
                let total = minutes_of(cost).into();
                let progress = Progress::new(self.observer, work, Unit::Minutes, total);
                self.progress.get_or_init(|| (progress, cost.span.start));
            }
            News::At(minute) => {
                if let Some((progress, start)) = self.progress.get() {
                    let before = self.at.get().unwrap_or(*start);
                    // A request under way cannot be cancelled; the job checks before each symbol.
                    let _ = progress
                        .advance(u64::try_from(minute.index() - before.index()).unwrap_or(0));
                }
                self.at.set(Some(minute));
            }
        }
    }

    fn announce(&self, cost: Cost) {
        self.observer.info(format!(
            "{}: rebuilding {} from trades, {} to {}: about {}, {} at one per second (turn trades off to skip this)",
            self.symbol,
            pluralize(minutes_of(cost) as usize, "minute"),
            cost.span.start,
            cost.span.end,
            pluralize(cost.calls as usize, "request"),
            minutes((cost.calls / 60.0).ceil())
        ));
    }
}

fn minutes_of(cost: Cost) -> u32 {
    (cost.span.end.index() - cost.span.start.index()).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Silent;

    fn pair(key: &str, altname: &str, wsname: &str) -> Pair {
        Pair { key: key.into(), altname: altname.into(), wsname: Some(wsname.into()) }
    }

    fn job(pairs: &[&str], since: Option<i64>) -> SyncJob {
        let pairs = pairs.iter().map(|name| name.parse().unwrap()).collect();
        SyncJob { pairs, since: since.and_then(Minute::new), trades: true }
    }

    #[test]
    fn given_pairs_are_found_under_any_spelling_and_symbols_of_the_target_under_their_own() {
        let pairs = Pairs::new(vec![
            pair("XXBTZUSD", "XBTUSD", "XBT/USD"),
            pair("XETHZUSD", "ETHUSD", "ETH/USD"),
        ]);
        let minute = |index| Minute::new(index).unwrap();
        let entry =
            |name: &str| Entry { symbol: name.parse().unwrap(), first: minute(1), last: minute(9) };
        let held = [entry("BTC-USD"), entry("ETHUSD")];
        let shown = |job: SyncJob| {
            let (chosen, unlisted) = job.choose(&held, &pairs, &Silent);
            let chosen: Vec<_> =
                chosen.into_iter().map(|c| (c.symbol.to_string(), c.newest)).collect();
            (chosen, unlisted)
        };
        let eth = || ("ETHUSD".to_owned(), Some(minute(9)));
        assert_eq!(shown(job(&[], None)), (vec![eth()], vec!["BTC-USD".to_owned()]));
        let given = job(&["xbt/usd", "BTCUSD", "ETH/USD", "SOLUSD"], None);
        let btc = ("BTC-USD".to_owned(), Some(minute(9)));
        assert_eq!(shown(given), (vec![btc, eth()], vec!["SOLUSD".to_owned()]));
        assert_eq!(job(&["SOLUSD"], None).choose(&[], &pairs, &Silent).0, []);
    }

    #[test]
    fn since_never_skips_minutes_after_the_newest_bar() {
        let minute = Minute::new;
        assert_eq!(job(&[], None).after(minute(5)), minute(5));
        assert_eq!(job(&[], Some(9)).after(minute(5)), minute(5));
        assert_eq!(job(&[], Some(3)).after(minute(5)), minute(2));
        assert_eq!(job(&[], Some(3)).after(None), minute(2));
    }

    #[test]
    fn a_new_target_is_not_created_for_nothing() {
        let pairs = Pairs::new(vec![pair("XXBTZUSD", "XBTUSD", "XBT/USD")]);
        let message = |names: &[&str]| {
            job(names, None).check_new_target(&pairs).err().map(|error| error.to_string())
        };
        assert_eq!(message(&["BTCUSD", "SOLUSD"]), None);
        assert_eq!(message(&["SOLUSD"]).unwrap(), "Kraken lists none of these pairs: SOLUSD");
        assert!(message(&[]).unwrap().contains("no symbols to update"));
    }
}
