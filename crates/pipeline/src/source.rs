//! Queries of jobs about their source.

use bars::time::AsOfSpec;
use bars::{AsOf, Findings, Symbol};
use bars_io::{Entry, Source, newest_close};

use crate::error::{Error, Result};
use crate::observer::{Event, Observer};

/// The symbols of a source and the spans of their bars, ordered by symbol.
///
/// # Errors
/// If the source cannot be read, or [`Error::EmptySource`].
pub fn catalog(source: &dyn Source) -> Result<Vec<Entry>> {
    not_empty(source, source.catalog()?)
}

/// The names of a source's symbols, ordered.
///
/// # Errors
/// If the source cannot be read, or [`Error::EmptySource`].
pub fn symbols(source: &dyn Source) -> Result<Vec<Symbol>> {
    not_empty(source, source.symbols()?)
}

fn not_empty<T>(source: &dyn Source, found: Vec<T>) -> Result<Vec<T>> {
    if found.is_empty() {
        Err(Error::EmptySource { findings: source.findings() })
    } else {
        Ok(found)
    }
}

/// Returns the as-of of a job over a whole source: the given time, or the close of the newest bar.
///
/// # Errors
/// [`Error::EmptySource`], or [`Error::AsofBeforeBars`] if no bar has closed by then.
pub fn resolve_asof(spec: AsOfSpec, catalog: &[Entry]) -> Result<AsOf> {
    let Some(newest) = newest_close(catalog) else {
        return Err(Error::EmptySource { findings: Findings::default() });
    };
    let asof = spec.moment().unwrap_or(newest);
    let oldest =
        catalog.iter().map(|entry| entry.first).min().map(AsOf::close_of).unwrap_or(newest);
    if asof < oldest {
        return Err(Error::AsofBeforeBars { asof, what: "the source".to_owned(), oldest, newest });
    }
    Ok(asof)
}

/// Returns the first and last close of the bars in a catalog.
///
/// # Errors
/// [`Error::EmptySource`] if it is empty.
pub(crate) fn ends(catalog: &[Entry]) -> Result<(AsOf, AsOf)> {
    let first = catalog.iter().map(|entry| AsOf::close_of(entry.first)).min();
    let findings = Findings::default();
    first.zip(newest_close(catalog)).ok_or(Error::EmptySource { findings })
}

/// Reports the findings in the rows read from `source` so far.
pub(crate) fn report_findings(source: &dyn Source, observer: &dyn Observer) {
    let findings = source.findings();
    if !findings.is_empty() {
        observer.event(Event::Findings(&findings));
    }
}

/// Fails if rows of `source` were rejected or replaced.
///
/// # Errors
/// [`bars_io::Error::Strict`].
pub fn check_strict(source: &dyn Source) -> Result<()> {
    check_findings(&source.findings())
}

/// Fails if `findings` have rows that were rejected or replaced.
///
/// # Errors
/// [`bars_io::Error::Strict`].
pub fn check_findings(findings: &Findings) -> Result<()> {
    if findings.breaks_strict() {
        return Err(bars_io::Error::Strict(findings.strict_reason()).into());
    }
    Ok(())
}
