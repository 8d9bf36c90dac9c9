//! `data-pipeline sync`

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;

use bars::spelling::Directory;
use bars::time::AsOfSpec;
use bars::{Minute, Symbol};
use bars_io::Entry;
use bars_io::kraken::market::{self, Pair, Pairs};
use bars_io::kraken::sync::{Cost, News, SyncTask, Synced, sync};
use clap::Args;

use crate::console::Console;
use crate::explain;
use crate::flags::{self, DatabaseFlags, ExchangeFlags};
use crate::source_select;
use crate::ui::{self, Progress, Unit, Usage};
use pipeline::cohort;

/// Flags of `sync`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Pairs in any spelling, such as XBT/USD,ETHUSD; all symbols of the store where it is missing.
    #[arg(long, value_name = "PAIR", value_delimiter = ',')]
    pairs: Vec<Symbol>,
    /// Where the bars go: the folder of a store, or mysql://user@host/database?table=ohlcvt
    /// [default: data/bars].
    #[arg(long, value_name = "WHERE")]
    into: Option<String>,
    /// Leave minutes open that the exchange no longer gives as bars, instead of making them out of
    /// its trades.
    #[arg(long)]
    no_trades: bool,
    /// Make the bars from this time on anew, out of trades where they are older than 720 minutes:
    /// closes a gap that was left open, or gives a new symbol a past.
    #[arg(long, value_name = "TIME", value_parser = flags::asof, conflicts_with = "no_trades")]
    since: Option<AsOfSpec>,
    /// The exchange.
    #[command(flatten)]
    exchange: ExchangeFlags,
    /// The database to write into.
    #[command(flatten)]
    database: DatabaseFlags,
}

/// Runs the command.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let since = match flags.since {
        Some(AsOfSpec::Latest) => {
            return Err(
                Usage("--since needs a time or a date, such as 2026-01-31".to_owned()).into()
            );
        }
        spec => spec.and_then(AsOfSpec::moment).map(|moment| moment.ceil()),
    };
    let client = flags.exchange.client()?;
    let nothing = || {
        Usage(
            "there is no symbol yet to bring up to date; name some with --pairs XBT/USD,ETH/USD, or start with \
             'data-pipeline import' of an archive"
                .to_owned(),
        )
    };
    let is_new = source_select::is_new_store(flags.into.as_deref(), &flags.database)?;
    if flags.pairs.is_empty() && is_new {
        return Err(nothing().into());
    }
    // The exchange is asked first, so that no folder is made for nothing.
    let pairs = Pairs::new(market::pairs(&client)?);
    if is_new && flags.pairs.iter().all(|name| pairs.find(name.as_str()).is_none()) {
        let names: Vec<&str> = flags.pairs.iter().map(Symbol::as_str).collect();
        anyhow::bail!("none of these is a pair of the exchange: {}", names.join(", "));
    }
    let target = source_select::target(flags.into.as_deref(), &flags.database)?;
    let held = target.held()?;
    if flags.pairs.is_empty() && held.is_empty() {
        return Err(nothing().into());
    }
    let (chosen, unknown) = choose_pairs(&flags.pairs, &held, &pairs);
    if chosen.is_empty() {
        anyhow::bail!(
            "none of these is a pair of the exchange under this name: {}; --pairs takes any spelling",
            unknown.join(", ")
        );
    }
    let total = chosen.len();
    let mut done: Vec<(Symbol, Synced)> = Vec::with_capacity(total);
    let (mut failed, mut in_a_row) = (Vec::new(), 0);
    for (place, (pair, symbol, after)) in chosen.into_iter().enumerate() {
        tracing::debug!("{symbol} ({} of {total})", place + 1);
        let after = match since {
            Some(since) => Some(after.map_or(since.plus(-1), |after| after.min(since.plus(-1)))),
            None => after,
        };
        let task = SyncTask { pair, symbol, after, trades: !flags.no_trades };
        let work = Work::default();
        match sync(&client, &task, &*target, &|news| work.tell(&task.symbol, news)) {
            Ok(synced) => {
                in_a_row = 0;
                done.push((task.symbol, synced));
            }
            Err(error) => {
                let error = explain::with_flags(&error.to_string());
                tracing::error!("{}: {error}{}", task.symbol, work.where_to_go_on(since.is_some()));
                failed.push(task.symbol.to_string());
                in_a_row += 1;
            }
        }
        // One pair may be at fault; several in a row are not.
        if in_a_row == PATIENCE {
            break;
        }
    }
    if !done.is_empty() {
        print(&done)?;
    }
    if !unknown.is_empty() {
        ui::print(&format!(
            "No pair of the exchange under this name, left as they are: {}{}",
            unknown.join(", "),
            if flags.pairs.is_empty() { " (--pairs takes any spelling)" } else { "" }
        ))?;
    }
    if !failed.is_empty() {
        anyhow::bail!(
            "{} of {} up to date, {} failed ({}); what came in stays, and the same sync again goes on from there",
            done.len(),
            ui::pluralize(total, "symbol"),
            failed.len(),
            failed.join(", ")
        );
    }
    if !unknown.is_empty() && !flags.pairs.is_empty() {
        anyhow::bail!(
            "{} of --pairs unknown to the exchange",
            ui::pluralize(unknown.len(), "name")
        );
    }
    Ok(())
}

/// So many symbols that fail in a row end a sync.
const PATIENCE: usize = 3;

/// How the work on a symbol goes.
#[derive(Default)]
struct Work {
    progress: OnceCell<(Progress, Minute)>,
    at: Cell<Option<Minute>>,
}

impl Work {
    fn tell(&self, symbol: &Symbol, news: News) {
        match news {
            News::Cost(cost) => {
                announce(symbol, cost);
                let minutes = (cost.span.end.index() - cost.span.start.index()).unsigned_abs();
                let progress = Progress::new(symbol.as_str(), Unit::Minutes, minutes.into());
                self.progress.get_or_init(|| (progress, cost.span.start));
            }
            News::At(minute) => {
                if let Some((progress, start)) = self.progress.get() {
                    let before = self.at.get().unwrap_or(*start);
                    progress.add(u64::try_from(minute.index() - before.index()).unwrap_or(0));
                }
                self.at.set(Some(minute));
            }
        }
    }

    /// Without --since the next sync finds its way by itself.
    fn where_to_go_on(&self, with_since: bool) -> String {
        match self.at.get().filter(|_| with_since) {
            Some(at) => format!("; go on with --since {at}"),
            None => String::new(),
        }
    }
}

/// A pair, the symbol under which the target has or will have it, and the newest bar there.
type Chosen<'a> = (&'a Pair, Symbol, Option<Minute>);

/// The pairs that are meant by `asked`, or by what the target holds, each once; and the names that
/// mean none.
fn choose_pairs<'a>(
    asked: &[Symbol],
    held: &[Entry],
    pairs: &'a Pairs,
) -> (Vec<Chosen<'a>>, Vec<String>) {
    let symbols: Vec<&Symbol> = match asked {
        [] => held.iter().map(|entry| &entry.symbol).collect(),
        asked => asked.iter().collect(),
    };
    let directory: Directory = held.iter().map(|entry| &entry.symbol).collect();
    let (mut chosen, mut unknown, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for name in symbols {
        // What the store holds may come from another exchange: without being told so only exact
        // names are taken for Kraken's.
        let is_meant = |pair: &&Pair| !asked.is_empty() || pair.is_called(name.as_str());
        let Some(pair) = pairs.find(name.as_str()).filter(is_meant) else {
            unknown.push(name.to_string());
            continue;
        };
        // A symbol that is new gets the archive's name, so that both roads lead to one place.
        let own = cohort::find(&directory, name, &Console::default())
            .or_else(|| pair.altname.parse().ok());
        let Some(symbol) = own.filter(|symbol| seen.insert(symbol.clone())) else {
            continue;
        };
        let last = held.iter().find(|entry| entry.symbol == symbol).map(|entry| entry.last);
        chosen.push((pair, symbol, last));
    }
    (chosen, unknown)
}

fn announce(symbol: &Symbol, cost: Cost) {
    tracing::info!(
        "{symbol}: {} from {} to {} are made out of trades: about {}, {} at one a second (--no-trades leaves them open)",
        ui::pluralize((cost.span.end.index() - cost.span.start.index()) as usize, "minute"),
        cost.span.start,
        cost.span.end,
        ui::pluralize(cost.calls as usize, "request"),
        ui::minutes((cost.calls / 60.0).ceil())
    );
}

fn print(done: &[(Symbol, Synced)]) -> anyhow::Result<()> {
    let time = |time: Option<Minute>| time.map_or("-".to_owned(), |time| time.to_string());
    let row = |(symbol, synced): &(Symbol, Synced)| {
        vec![
            symbol.to_string(),
            ui::count(synced.new as u64),
            ui::count(synced.from_trades as u64),
            time(synced.ends.map(|ends| ends.0)),
            time(synced.ends.map(|ends| ends.1)),
        ]
    };
    let header = ["symbol", "new bars", "from trades", "first read", "last read"];
    ui::print(&ui::table(&header, &[1, 2], done.iter().map(row)))?;
    let open = done.iter().filter_map(|(symbol, synced)| Some((symbol, synced.open?)));
    for (symbol, gap) in open {
        ui::print(&format!(
            "Left open: {symbol} from {} to {}; import the next archive, or sync --pairs {symbol} --since {}",
            gap.start, gap.end, gap.start
        ))?;
    }
    let new: usize = done.iter().map(|(_, synced)| synced.new).sum();
    ui::print(&format!(
        "{}, {} new",
        ui::pluralize(done.len(), "symbol"),
        ui::pluralize(new, "bar")
    ))
}
