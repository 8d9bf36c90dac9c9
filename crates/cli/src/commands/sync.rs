//! `data-pipeline sync`

use bars::time::AsOfSpec;
use bars::{Minute, Symbol};
use bars_io::kraken::market::{self, Pairs};
use bars_io::kraken::sync::Synced;
use clap::Args;
use pipeline::jobs::{SyncJob, SyncOutput};

use crate::console::Console;
use crate::flags::{self, DatabaseFlags, ExchangeFlags};
use crate::source_select;
use crate::ui::{self, Usage};

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
    let job = SyncJob { pairs: flags.pairs.clone(), since, trades: !flags.no_trades };
    let client = flags.exchange.client()?;
    let is_new = source_select::is_new_store(flags.into.as_deref(), &flags.database)?;
    if job.pairs.is_empty() && is_new {
        return Err(pipeline::Error::NothingToSync.into());
    }
    // A configuration file that others can read is refused before any connection.
    let place = source_select::find_target(flags.into.as_deref(), &flags.database)?;
    // Query the exchange first, so that an unknown pair does not create an empty store.
    let pairs = Pairs::new(market::pairs(&client)?);
    if is_new {
        job.check_new_target(&pairs)?;
    }
    let target = source_select::open_target(place)?;
    let output = job.run(&client, &pairs, &*target, &Console::default())?;
    print(&output, flags.pairs.is_empty())
}

/// Prints the result. `is_whole` is whether all symbols of the target were to be updated.
///
/// # Errors
/// A symbol failed, or Kraken does not list one of `--pairs`.
fn print(output: &SyncOutput, is_whole: bool) -> anyhow::Result<()> {
    let SyncOutput { done, failed, unlisted, total } = output;
    if !done.is_empty() {
        print_symbols(done)?;
    }
    if !unlisted.is_empty() {
        ui::print(&format!(
            "not listed by Kraken, skipped: {}{}",
            unlisted.join(", "),
            if is_whole { " (names must match exactly; --pairs accepts any spelling)" } else { "" }
        ))?;
    }
    if !failed.is_empty() {
        let names: Vec<&str> = failed.iter().map(Symbol::as_str).collect();
        anyhow::bail!(
            "{} of {} updated, {} failed ({}); run the same command again to continue",
            done.len(),
            ui::pluralize(*total, "symbol"),
            failed.len(),
            names.join(", ")
        );
    }
    if !unlisted.is_empty() && !is_whole {
        anyhow::bail!("{} of --pairs not listed by Kraken", ui::pluralize(unlisted.len(), "name"));
    }
    Ok(())
}

fn print_symbols(done: &[(Symbol, Synced)]) -> anyhow::Result<()> {
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
