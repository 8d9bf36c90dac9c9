//! Metrics, state and regime.

use std::str::FromStr;

use bars::time::AsOfSpec;
use bars::{Symbol, Window};
use pipeline::metrics::History;
use pipeline::panel::PanelRange;
use pipeline::snapshots;
use pyo3::prelude::*;

use crate::source::Source;
use crate::table::Batch;
use crate::{errors, job, parse};

/// The as-ofs of a panel.
#[derive(FromPyObject)]
pub struct Panel {
    #[pyo3(item("start"))]
    start: String,
    #[pyo3(item("end"))]
    end: String,
    #[pyo3(item("every"))]
    every: String,
}

impl Panel {
    fn range(&self, py: Python<'_>) -> PyResult<PanelRange> {
        let every = Window::from_str(&self.every);
        Ok(PanelRange {
            from: parse::asof(py, "start", &self.start)?,
            to: parse::asof(py, "end", &self.end)?,
            every: every.map_err(|error| errors::of_argument(py, format!("every: {error}")))?,
            allow_future: false,
        })
    }
}

/// The symbols of a job: those that are given, or all of the source.
pub fn chosen(source: &Source, symbols: Option<Vec<Symbol>>) -> pipeline::Result<Vec<Symbol>> {
    match symbols {
        Some(symbols) => Ok(symbols),
        None => pipeline::source::symbols(&*source.0),
    }
}

/// Window metrics of a cohort, with percentiles of each symbol's own history.
#[pyfunction]
#[pyo3(signature = (cohort, symbols=None, source=None, *, windows=None, coverage_threshold=None, months=None, min_baseline_n=None, asof="latest"))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn metrics(
    py: Python<'_>,
    cohort: &Source,
    symbols: Option<Vec<String>>,
    source: Option<&Source>,
    windows: Option<Vec<String>>,
    coverage_threshold: Option<f64>,
    months: Option<i64>,
    min_baseline_n: Option<i64>,
    asof: &str,
) -> PyResult<Batch> {
    let defaults = stages::metrics::Params::default();
    let params = stages::metrics::Params {
        windows: parse::windows(py, windows, defaults.windows)?,
        coverage_threshold: coverage_threshold.unwrap_or(defaults.coverage_threshold),
        months: parse::count(py, "months", months)?.filter(|months| *months > 0),
        min_baseline_n: parse::count(py, "min_baseline_n", min_baseline_n)?
            .unwrap_or(defaults.min_baseline_n),
    };
    let asof = parse::asof(py, "asof", asof)?;
    let symbols = symbols.map(|symbols| parse::symbols(py, &symbols)).transpose()?;
    let table = job::run(py, |observer| {
        let params = params.check()?;
        let symbols = chosen(cohort, symbols)?;
        let history = match source {
            _ if params.months().is_none() => History::None,
            Some(source) => History::Source(&*source.0),
            None => History::Cohort,
        };
        let found = pipeline::metrics::metrics(
            &symbols, &*cohort.0, history, &params, asof, None, observer,
        )?;
        Ok(found.table())
    })?;
    Batch::of_table(table)
}

/// The state of symbols at an as-of, or at those of a panel.
#[pyfunction]
#[pyo3(signature = (source, symbols=None, *, windows=None, coverage_threshold=None, months=None, min_baseline_n=None, asof=None, panel=None))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn state(
    py: Python<'_>,
    source: &Source,
    symbols: Option<Vec<String>>,
    windows: Option<Vec<String>>,
    coverage_threshold: Option<f64>,
    months: Option<i64>,
    min_baseline_n: Option<i64>,
    asof: Option<&str>,
    panel: Option<Panel>,
) -> PyResult<Batch> {
    let defaults = stages::metrics::Params::default();
    let params = stages::metrics::Params {
        windows: parse::windows(py, windows, defaults.windows)?,
        coverage_threshold: coverage_threshold.unwrap_or(defaults.coverage_threshold),
        months: parse::count(py, "months", months)?.filter(|months| *months > 0),
        min_baseline_n: parse::count(py, "min_baseline_n", min_baseline_n)?
            .unwrap_or(defaults.min_baseline_n),
    };
    let asof = parse::optional_asof(py, asof)?;
    let range = panel.map(|panel| panel.range(py)).transpose()?;
    let symbols = symbols.map(|symbols| parse::symbols(py, &symbols)).transpose()?;
    let table = job::run(py, |observer| {
        let (params, symbols) = (params.check()?, chosen(source, symbols)?);
        let found = match range {
            Some(range) => snapshots::state_panel(&symbols, &*source.0, &params, range, observer),
            None => snapshots::state(&symbols, &*source.0, &params, asof, observer),
        };
        Ok(found?.table())
    })?;
    Batch::of_table(table)
}

/// The regime of symbols at a date, or at those of a panel.
#[pyfunction]
#[pyo3(signature = (source, symbols=None, *, windows=None, breakout_days=None, months=None, min_baseline_n=None, asof=None, panel=None))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn regime(
    py: Python<'_>,
    source: &Source,
    symbols: Option<Vec<String>>,
    windows: Option<Vec<String>>,
    breakout_days: Option<i64>,
    months: Option<i64>,
    min_baseline_n: Option<i64>,
    asof: Option<&str>,
    panel: Option<Panel>,
) -> PyResult<Batch> {
    let defaults = stages::regime::Params::default();
    let params = stages::regime::Params {
        windows: parse::windows(py, windows, defaults.windows)?,
        breakout_days: parse::count(py, "breakout_days", breakout_days)?
            .unwrap_or(defaults.breakout_days),
        months: parse::count(py, "months", months)?.filter(|months| *months > 0),
        min_baseline_n: parse::count(py, "min_baseline_n", min_baseline_n)?
            .unwrap_or(defaults.min_baseline_n),
    };
    let asof: Option<AsOfSpec> = parse::optional_asof(py, asof)?;
    let range = panel.map(|panel| panel.range(py)).transpose()?;
    let symbols = symbols.map(|symbols| parse::symbols(py, &symbols)).transpose()?;
    let table = job::run(py, |observer| {
        let (params, symbols) = (params.check()?, chosen(source, symbols)?);
        let found = match range {
            Some(range) => snapshots::regime_panel(&symbols, &*source.0, &params, range, observer),
            None => snapshots::regime(&symbols, &*source.0, &params, asof, observer),
        };
        Ok(found?.table())
    })?;
    Batch::of_table(table)
}
