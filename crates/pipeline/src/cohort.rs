//! The symbols of a job, and their entries in a source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bars::spelling::{Directory, Found};
use bars::{AsOf, Findings, Symbol, Window};
use bars_io::{Entry, Source};

use crate::error::{Error, Result};
use crate::observer::{Event, Observer};
use crate::text::listed;

/// A symbol as the input spells it, with its entry in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The symbol as in the input: its name in results.
    pub symbol: Symbol,
    /// Its entry in the source, under the source's spelling; `None` if the source lacks it.
    pub entry: Option<Entry>,
}

/// Reads the distinct symbols in the symbol column of a CSV or Parquet file, ordered by first row.
/// Invalid symbols are reported to `observer`.
///
/// # Errors
/// The file cannot be read, or has no symbol column or no symbols.
pub fn read_symbols(path: &Path, observer: &dyn Observer) -> Result<Vec<Symbol>> {
    let symbols = symbols_if_any(path, observer)?;
    if symbols.is_empty() { Err(Error::NoSymbols { path: path.to_owned() }) } else { Ok(symbols) }
}

/// [`read_symbols`] of a file that may have no symbols.
pub(crate) fn symbols_if_any(path: &Path, observer: &dyn Observer) -> Result<Vec<Symbol>> {
    let mut findings = Findings::default();
    let symbols = bars_io::reader::symbols(path, &mut findings)?;
    if !findings.is_empty() {
        observer.event(Event::Findings(&findings));
    }
    Ok(symbols)
}

/// Looks symbols up in a source, under other spellings too. Missing symbols are reported in one
/// warning that ends with `consequence`, such as `they get no row`.
///
/// # Errors
/// If the source cannot be read or is empty.
pub fn look_up(
    symbols: &[Symbol],
    source: &dyn Source,
    consequence: &str,
    observer: &dyn Observer,
) -> Result<Vec<Member>> {
    let known = crate::source::symbols(source)?;
    let directory: Directory = known.iter().collect();
    let found: Vec<Option<Symbol>> =
        symbols.iter().map(|symbol| find(&directory, symbol, observer)).collect();
    let wanted: Vec<Symbol> = found.iter().flatten().cloned().collect();
    let entries: BTreeMap<Symbol, Entry> =
        source.entries(&wanted)?.into_iter().map(|entry| (entry.symbol.clone(), entry)).collect();
    let member = |(symbol, found): (&Symbol, Option<Symbol>)| {
        let entry = found.and_then(|found| entries.get(&found).cloned());
        Member { symbol: symbol.clone(), entry }
    };
    let members: Vec<Member> = symbols.iter().zip(found).map(member).collect();
    let lacking: Vec<&str> = members
        .iter()
        .filter(|member| member.entry.is_none())
        .map(|member| member.symbol.as_str())
        .collect();
    // If all are missing, the caller fails.
    if !lacking.is_empty() && lacking.len() < members.len() {
        observer.warn(format!("symbols not in the source: {} ({consequence})", listed(&lacking)));
    }
    Ok(members)
}

/// Finds the symbol of the source for `symbol`. Reports a different spelling, and warns if several
/// match.
pub fn find(directory: &Directory, symbol: &Symbol, observer: &dyn Observer) -> Option<Symbol> {
    match directory.find(symbol) {
        Found::Exact(symbol) => Some(symbol),
        Found::Spelled(other) => {
            observer.info(format!("{symbol} is {other} in the source"));
            Some(other)
        }
        Found::Ambiguous(several) => {
            let names: Vec<&str> = several.iter().map(Symbol::as_str).collect();
            observer
                .warn(format!("{symbol} is ambiguous: {}; use one of these names", listed(&names)));
            None
        }
        Found::Nothing => None,
    }
}

/// Returns the first and last close of the members' bars. `place` names the source in the error.
///
/// # Errors
/// [`Error::NotInSource`] if none of them has bars.
pub fn extent(members: &[Member], place: &str) -> Result<(AsOf, AsOf)> {
    let entries = || members.iter().filter_map(|member| member.entry.as_ref());
    let first = entries().map(|entry| AsOf::close_of(entry.first)).min();
    let last = entries().map(|entry| AsOf::close_of(entry.last)).max();
    first.zip(last).ok_or_else(|| Error::NotInSource {
        symbols: members.iter().map(|member| member.symbol.clone()).collect(),
        place: place.to_owned(),
    })
}

/// Warns if the as-of is so late that the shortest window has no bars.
pub(crate) fn warn_of_future(asof: AsOf, newest: AsOf, shortest: Window, observer: &dyn Observer) {
    if asof.epoch_seconds() - newest.epoch_seconds() >= i64::from(shortest.minutes()) * 60 {
        observer.warn(format!(
            "as-of {asof} is after the close of the newest bar ({newest}): windows that end later lack bars"
        ));
    }
}

/// Warns that baselines come from the input's own bars, which may cover a short time.
pub(crate) fn warn_of_short_history(
    (oldest, newest): (AsOf, AsOf),
    months: u32,
    observer: &dyn Observer,
) {
    const MONTH: f64 = 30.4375 * 86_400.0;
    let held = (newest.epoch_seconds() - oldest.epoch_seconds()) as f64 / MONTH;
    observer.warn(format!(
        "no source for the history: baselines use the input's own bars, {held:.1} of {months} months"
    ));
}

/// Warns of symbols that the input has twice under different spellings: their rows use the same
/// bars.
pub(crate) fn warn_of_repeats(members: &[Member], observer: &dyn Observer) {
    let names: Vec<&str> =
        repeats(members).into_iter().map(|index| members[index].symbol.as_str()).collect();
    if !names.is_empty() {
        observer.warn(format!(
            "the input has these symbols again under another spelling: {}",
            listed(&names)
        ));
    }
}

/// Returns the members without repeats, if the same bars must not count twice. Warns of repeats.
pub(crate) fn without_repeats(members: Vec<Member>, observer: &dyn Observer) -> Vec<Member> {
    warn_of_repeats(&members, observer);
    let repeats = repeats(&members);
    members
        .into_iter()
        .enumerate()
        .filter(|(index, _)| !repeats.contains(index))
        .map(|(_, member)| member)
        .collect()
}

/// Returns the indices of members with the same symbol in the source as an earlier member.
fn repeats(members: &[Member]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let entries = members
        .iter()
        .enumerate()
        .filter_map(|(index, member)| Some((index, member.entry.as_ref()?)));
    entries.filter(|(_, entry)| !seen.insert(&entry.symbol)).map(|(index, _)| index).collect()
}
