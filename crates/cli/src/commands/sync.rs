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
use crate::progress::{Progress, Unit};
use crate::source_select;
use crate::ui::{self, Usage};
use pipeline::cohort;

/// Flags of `sync`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// Pairs in any spelling, such as XBT/USD,ETHUSD [default: all symbols of the store].
    #[arg(long, value_name = "PAIR", value_delimiter = ',')]
    pairs: Vec<Symbol>,
    /// Target of the bars: a store folder or mysql://user@host/database?table=ohlcvt [default:
    /// data/bars].
    #[arg(long, value_name = "TARGET")]
    into: Option<String>,
    /// Do not rebuild minutes older than Kraken's 720 bars from trades; leave the gap.
    #[arg(long)]
    no_trades: bool,
    /// Fetch all bars from this time on again, from trades if older than 720 minutes; fills an old
    /// gap or the history of a new symbol.
    #[arg(long, value_name = "TIME", value_parser = flags::asof, conflicts_with = "no_trades")]
    since: Option<AsOfSpec>,
    /// The exchange.
    #[command(flatten)]
    exchange: ExchangeFlags,
    /// Connection to the target database.
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
            "no symbols to update: give some with --pairs XBT/USD,ETH/USD, or import an archive first with \
             'data-pipeline import FILE'"
                .to_owned(),
        )
    };
    let is_new = source_select::is_new_store(flags.into.as_deref(), &flags.database)?;
    if flags.pairs.is_empty() && is_new {
        return Err(nothing().into());
    }
    // Query the exchange first, so that an unknown pair does not create an empty store.
    let pairs = Pairs::new(market::pairs(&client)?);
    if is_new && flags.pairs.iter().all(|name| pairs.find(name.as_str()).is_none()) {
        let names: Vec<&str> = flags.pairs.iter().map(Symbol::as_str).collect();
        anyhow::bail!("Kraken lists none of these pairs: {}", names.join(", "));
    }
    let target = source_select::target(flags.into.as_deref(), &flags.database)?;
    let held = target.held()?;
    if flags.pairs.is_empty() && held.is_empty() {
        return Err(nothing().into());
    }
    let (chosen, unknown) = choose_pairs(&flags.pairs, &held, &pairs);
    if chosen.is_empty() {
        anyhow::bail!(
            "Kraken lists no pair with exactly these names: {}; give them with --pairs, which accepts any spelling",
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
        let work = SymbolProgress::default();
        match sync(&client, &task, &*target, &|news| work.update(&task.symbol, news)) {
            Ok(synced) => {
                in_a_row = 0;
                done.push((task.symbol, synced));
            }
            Err(error) => {
                let error = explain::with_flags(&error.to_string());
                tracing::error!("{}: {error}{}", task.symbol, work.resume_hint(since.is_some()));
                failed.push(task.symbol.to_string());
                in_a_row += 1;
            }
        }
        // A single pair may be broken; several in a row mean that the exchange is unreachable.
        if in_a_row == MAX_FAILURES_IN_A_ROW {
            break;
        }
    }
    if !done.is_empty() {
        print(&done)?;
    }
    if !unknown.is_empty() {
        ui::print(&format!(
            "not listed by Kraken, skipped: {}{}",
            unknown.join(", "),
            if flags.pairs.is_empty() {
                " (names must match exactly; --pairs accepts any spelling)"
            } else {
                ""
            }
        ))?;
    }
    if !failed.is_empty() {
        anyhow::bail!(
            "{} of {} updated, {} failed ({}); run the same command again to continue",
            done.len(),
            ui::pluralize(total, "symbol"),
            failed.len(),
            failed.join(", ")
        );
    }
    if !unknown.is_empty() && !flags.pairs.is_empty() {
        anyhow::bail!("{} of --pairs not listed by Kraken", ui::pluralize(unknown.len(), "name"));
    }
    Ok(())
}

/// The sync stops after this many consecutive failures.
const MAX_FAILURES_IN_A_ROW: usize = 3;

/// Progress of one symbol.
#[derive(Default)]
struct SymbolProgress {
    progress: OnceCell<(Progress, Minute)>,
    at: Cell<Option<Minute>>,
}

impl SymbolProgress {
    fn update(&self, symbol: &Symbol, news: News) {
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

    /// Returns where to continue; needed with `--since` only, otherwise the next sync knows.
    fn resume_hint(&self, with_since: bool) -> String {
        match self.at.get().filter(|_| with_since) {
            Some(at) => format!("; continue with --since {at}"),
            None => String::new(),
        }
    }
}

/// A pair, its symbol in the target, and the newest bar there.
type Chosen<'a> = (&'a Pair, Symbol, Option<Minute>);

/// Returns the distinct pairs that `asked` (if empty: the symbols of the target) refers to, and the
/// names without a pair.
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
        // The store may hold bars of another exchange: unless asked for, only exact names match.
        let is_meant = |pair: &&Pair| !asked.is_empty() || pair.is_called(name.as_str());
        let Some(pair) = pairs.find(name.as_str()).filter(is_meant) else {
            unknown.push(name.to_string());
            continue;
        };
        // A new symbol gets the name that Kraken's archive uses, so that import and sync agree.
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
        "{symbol}: rebuilding {} from trades, {} to {}: about {}, {} at one per second (--no-trades skips this)",
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
            "gap left in {symbol} from {} to {}: import the next archive, or run 'data-pipeline sync --pairs {symbol} --since {}'",
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
