//! The sample market, the check of a source, and the data dictionary.

use std::sync::Arc;

use bars_io::memory::MemorySource;
use pipeline::dictionary::TABLES;
use pipeline::sample::{Market, MarketSettings};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::source::Source;
use crate::table::Batch;
use crate::{errors, job, parse};

/// The largest market: it is kept in memory.
const MAX_SYMBOLS: usize = 10_000;
const MAX_DAYS: u32 = 3660;

/// The synthetic market as a source.
#[pyfunction]
#[pyo3(signature = (symbols=None, days=None, seed=None, end=None))]
pub fn sample(
    py: Python<'_>,
    symbols: Option<i64>,
    days: Option<i64>,
    seed: Option<i64>,
    end: Option<&str>,
) -> PyResult<Source> {
    let defaults = MarketSettings::default();
    let end = end.map(|end| parse::asof(py, "end", end)).transpose()?;
    let settings = MarketSettings {
        symbols: parse::count(py, "symbols", symbols)?.unwrap_or(defaults.symbols),
        days: parse::count(py, "days", days)?.unwrap_or(defaults.days),
        seed: parse::count(py, "seed", seed)?.unwrap_or(defaults.seed),
        end: end.and_then(|end| end.moment()).map_or(defaults.end, |end| end.end()),
    };
    if !(1..=MAX_SYMBOLS).contains(&settings.symbols) {
        return Err(errors::of_argument(py, format!("symbols: expected 1 to {MAX_SYMBOLS}")));
    }
    if !(1..=MAX_DAYS).contains(&settings.days) {
        return Err(errors::of_argument(py, format!("days: expected 1 to {MAX_DAYS}")));
    }
    let source = job::run(py, |_| Ok(MemorySource::new(Market::new(settings).series())))?;
    Ok(Source(Arc::new(source)))
}

/// The contents of a source, and its problems.
#[pyfunction]
pub fn check(py: Python<'_>, source: &Source) -> PyResult<(Batch, Vec<String>)> {
    let found = job::run(py, |observer| pipeline::check::check(&*source.0, observer))?;
    Ok((Batch::of_table(found.table())?, found.problems))
}

/// The columns of a table, or those that match a pattern, as dictionaries.
#[pyfunction]
#[pyo3(signature = (pattern=None))]
pub fn columns<'py>(py: Python<'py>, pattern: Option<&str>) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let mut found = pipeline::dictionary::columns();
    match pattern {
        Some(table) if TABLES.iter().any(|(name, _)| *name == table) => {
            found.retain(|column| column.tables.contains(&table));
        }
        Some(pattern) => found = pipeline::dictionary::matching(pattern),
        None => {}
    }
    if found.is_empty() {
        let pattern = pattern.unwrap_or_default().escape_debug().to_string();
        return Err(errors::of_argument(py, format!("pattern: no column matches \"{pattern}\"")));
    }
    let entry = |column: &pipeline::dictionary::Column| {
        let entry = PyDict::new(py);
        entry.set_item("column", &column.column)?;
        entry.set_item("tables", &column.tables)?;
        entry.set_item("type", column.dtype)?;
        entry.set_item("unit", column.unit)?;
        entry.set_item("family", column.family)?;
        entry.set_item("definition", &column.definition)?;
        entry.set_item("note", column.note)?;
        Ok(entry)
    };
    found.iter().map(entry).collect()
}
