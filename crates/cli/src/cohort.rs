//! The symbols that a command was given, and where a source has their bars.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use bars::spelling::{Directory, Found};
use bars::{AsOf, Symbol, Window};
use bars_io::{Entry, Source};

use crate::choose;
use crate::ui;

/// A symbol as the input spells it, and as the source does; `None` where the source lacks it.
#[derive(Debug, Clone)]
pub struct Member {
    /// As the input has it: the name in the results.
    pub symbol: Symbol,
    /// What the source has of it.
    pub entry: Option<Entry>,
}

/// What makes the cohort files.
pub const ORIGIN: &str = "run 'data-pipeline leaderboards' first";

/// The symbols of a file that `flag` names, each once, in the order of their first rows.
pub fn symbols(input: &Path, flag: &str) -> anyhow::Result<Vec<Symbol>> {
    let symbols = bars_io::reader::symbols(input).map_err(|e| explain(e, "no list of symbols", flag))?;
    if symbols.is_empty() {
        anyhow::bail!("{} names no symbol; {ORIGIN}, or name another file with {flag}", input.display());
    }
    Ok(symbols)
}

/// A cohort file that is missing under its own name has yet to be made; of another path the error tells what is near.
pub fn explain(error: bars_io::Error, what: &str, flag: &str) -> anyhow::Error {
    let is_unmade = match &error {
        bars_io::Error::Missing { path, .. } => path.to_string_lossy().starts_with("habitual_"),
        _ => false,
    };
    let error = anyhow::Error::from(error);
    if is_unmade { error.context(format!("{what}; {ORIGIN}, or name them with {flag}")) } else { error }
}

/// Looks the symbols up in a source, under other spellings too. Those that it lacks are told in one warning, which ends
/// with `consequence`.
pub fn look_up(symbols: &[Symbol], source: &dyn Source, consequence: &str) -> anyhow::Result<Vec<Member>> {
    let known = choose::symbols(source)?;
    let directory: Directory = known.iter().collect();
    let found: Vec<Option<Symbol>> = symbols.iter().map(|symbol| find(&directory, symbol)).collect();
    let wanted: Vec<Symbol> = found.iter().flatten().cloned().collect();
    let entries: BTreeMap<Symbol, Entry> =
        source.entries(&wanted)?.into_iter().map(|entry| (entry.symbol.clone(), entry)).collect();
    let member = |(symbol, found): (&Symbol, Option<Symbol>)| {
        let entry = found.and_then(|found| entries.get(&found).cloned());
        Member { symbol: symbol.clone(), entry }
    };
    let members: Vec<Member> = symbols.iter().zip(found).map(member).collect();
    let lacking: Vec<&str> =
        members.iter().filter(|member| member.entry.is_none()).map(|member| member.symbol.as_str()).collect();
    if !lacking.is_empty() {
        tracing::warn!("not in the source: {}; {consequence}", lacking.join(", "));
    }
    Ok(members)
}

/// The symbol of the source that is meant. What is not obvious is told.
pub fn find(directory: &Directory, symbol: &Symbol) -> Option<Symbol> {
    match directory.find(symbol) {
        Found::Exact(symbol) => Some(symbol),
        Found::Spelled(other) => {
            tracing::info!("{symbol} is {other} in the source");
            Some(other)
        }
        Found::Ambiguous(several) => {
            let names: Vec<&str> = several.iter().map(Symbol::as_str).collect();
            tracing::warn!("{symbol} may be any of {}; name the one that is meant", names.join(", "));
            None
        }
        Found::Nothing => None,
    }
}

/// First and last close of the members that have bars.
///
/// # Errors
/// Where none has.
pub fn extent(members: &[Member], place: &str) -> anyhow::Result<(AsOf, AsOf)> {
    let entries = || members.iter().filter_map(|member| member.entry.as_ref());
    let first = entries().map(|entry| AsOf::close_of(entry.first)).min();
    let last = entries().map(|entry| AsOf::close_of(entry.last)).max();
    let none = || {
        format!(
            "none of the input's {} is in {place}; see what is there with 'data-pipeline check'",
            ui::things(members.len(), "symbol")
        )
    };
    first.zip(last).with_context(none)
}

/// Warns of an as-of that leaves no bar in the shortest window.
pub fn warn_of_future(asof: AsOf, newest: AsOf, shortest: Window) {
    if asof.epoch_seconds() - newest.epoch_seconds() >= i64::from(shortest.minutes()) * 60 {
        tracing::warn!(
            "the as-of {asof} is later than the newest bar, which closed at {newest}: windows that end after it lack bars"
        );
    }
}

/// Warns that baselines are of the input's own bars.
pub fn warn_of_short_history((oldest, newest): (AsOf, AsOf), months: u32) {
    const MONTH: f64 = 30.4375 * 86_400.0;
    let held = (newest.epoch_seconds() - oldest.epoch_seconds()) as f64 / MONTH;
    tracing::warn!(
        "no source was named and there is no store {}: the baselines are of the input's own bars, which span {held:.1} of the \
         {months} months asked for; name the history with --source, or leave baselines out with --no-baseline",
        choose::DEFAULT_STORE
    );
}

/// Two members of one symbol in the source would be two rows of the same bars: the names that are.
pub fn warn_of_doubles(members: &[Member]) {
    let doubles: Vec<&str> =
        doubles(members).into_iter().map(|place| members[place].symbol.as_str()).collect();
    if !doubles.is_empty() {
        tracing::warn!("the input names these again under another spelling: {}", doubles.join(", "));
    }
}

/// The members without those, where the same bars twice would weigh twice.
pub fn without_doubles(members: Vec<Member>) -> Vec<Member> {
    warn_of_doubles(&members);
    let doubles = doubles(&members);
    let places = members.into_iter().enumerate();
    places.filter(|(place, _)| !doubles.contains(place)).map(|(_, member)| member).collect()
}

/// The places of members whose symbol in the source an earlier one has.
fn doubles(members: &[Member]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let entries =
        members.iter().enumerate().filter_map(|(place, member)| Some((place, member.entry.as_ref()?)));
    entries.filter(|(_, entry)| !seen.insert(&entry.symbol)).map(|(place, _)| place).collect()
}
