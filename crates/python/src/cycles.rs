//! Cycles of price and volume, clusters of upswings, and the report.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bars::{BarTime, Symbol};
use bars_io::atomic::TempFiles;
use emd::Decomposition;
use pipeline::artifacts::commit;
use pipeline::cycles::{
    Cycles as Found, CyclesParams, CyclesPartition, ModeFiles, ModeSink, ModesInMemory,
};
use pipeline::jobs::{JobContext, ReportJob};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use stages::cycles::SignalKind;

use crate::decompose::{self, DecomposerArguments, Modes};
use crate::features::chosen;
use crate::source::Source;
use crate::table::Batch;
use crate::{errors, job, parse};

/// The cycles of a market.
#[pyclass(frozen, module = "data_pipeline._core")]
pub struct Cycles {
    found: Found,
    modes: BTreeMap<(Symbol, SignalKind), Decomposition>,
    has_modes: bool,
}

#[pymethods]
impl Cycles {
    /// A row per cycle, or a stub per series without one.
    fn table(&self) -> PyResult<Batch> {
        Batch::of_table(self.found.table())
    }

    /// The modes and the residue of a symbol's series.
    fn modes<'py>(&self, py: Python<'py>, symbol: &str, series: &str) -> PyResult<Modes<'py>> {
        if !self.has_modes {
            let reason = "modes: they were not kept; compute the cycles with keep_modes=True";
            return Err(errors::of_argument(py, reason));
        }
        let name: Symbol = parse::text(py, "symbol", symbol)?;
        let kind = SignalKind::BOTH.into_iter().find(|kind| kind.to_string() == series);
        let Some(kind) = kind else {
            let shown = series.escape_debug();
            let reason = format!("series: unknown value \"{shown}\"; expected price or volume");
            return Err(errors::of_argument(py, reason));
        };
        match self.modes.get(&(name, kind)) {
            Some(modes) => decompose::arrays(py, modes.clone()),
            None => Err(PyKeyError::new_err(format!("no modes of {series} of {symbol}"))),
        }
    }

    /// Writes the files of the command line into `out/dt=YYYY-MM-DD`. Returns the file of the table.
    fn write(&self, py: Python<'_>, out: PathBuf) -> PyResult<PathBuf> {
        let (temp, partition) =
            (TempFiles::default(), CyclesPartition::new(&out, &self.found.lookback));
        job::run(py, |observer| {
            let sink = ModeFiles::new(&partition, &temp);
            for ((symbol, series), modes) in &self.modes {
                sink.take(symbol, *series, modes)?;
            }
            let mut files = sink.into_files();
            files.extend(self.found.write(&partition, self.has_modes, &temp)?);
            commit(files)?;
            let mixed = self.found.params.stage.get().mixed;
            partition.remove_stale(mixed, self.has_modes, &temp, observer)?;
            Ok(partition.summary())
        })
    }
}

/// Decomposes price and volume into cycles and clusters them.
#[pyfunction]
#[pyo3(signature = (source, symbols=None, *, asof="latest", lookback_months=None, min_cycle_depth_pct=None, detrend=false, winsorize=true, mixed=false, keep_modes=true, jobs=None, decomposer=None))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn cycles(
    py: Python<'_>,
    source: &Source,
    symbols: Option<Vec<String>>,
    asof: &str,
    lookback_months: Option<i64>,
    min_cycle_depth_pct: Option<f64>,
    detrend: bool,
    winsorize: bool,
    mixed: bool,
    keep_modes: bool,
    jobs: Option<i64>,
    decomposer: Option<DecomposerArguments>,
) -> PyResult<Cycles> {
    let defaults = stages::cycles::Params::default();
    let params = stages::cycles::Params {
        lookback_months: parse::count(py, "lookback_months", lookback_months)?
            .unwrap_or(defaults.lookback_months),
        min_cycle_depth_pct: min_cycle_depth_pct.unwrap_or(defaults.min_cycle_depth_pct),
        detrend,
        winsorize,
        mixed,
    };
    let jobs: Option<usize> = parse::count(py, "jobs", jobs)?;
    if jobs == Some(0) {
        return Err(errors::of_argument(py, "jobs: expected 1 or more"));
    }
    let decomposer = decomposer.unwrap_or_default().decomposer(py)?;
    let asof = parse::asof(py, "asof", asof)?;
    let symbols = symbols.map(|symbols| parse::symbols(py, &symbols)).transpose()?;
    let (found, modes) = job::run(py, |observer| {
        let stage = params.check()?;
        let symbols = chosen(source, symbols)?;
        let params =
            CyclesParams { stage, decomposer, budget: None, jobs, bar_time: BarTime::Open };
        let kept = ModesInMemory::default();
        let sink = keep_modes.then_some(&kept as &dyn ModeSink);
        let found = pipeline::cycles::cycles(&symbols, &*source.0, &params, asof, sink, observer)?;
        Ok((found, kept.into_modes()))
    })?;
    Ok(Cycles { found, modes, has_modes: keep_modes })
}

/// Clusters the upswings of symbols.
#[pyfunction]
#[pyo3(signature = (source, symbols=None, *, windows=None, decomposer=None))]
pub fn cohort_cycles(
    py: Python<'_>,
    source: &Source,
    symbols: Option<Vec<String>>,
    windows: Option<Vec<String>>,
    decomposer: Option<DecomposerArguments>,
) -> PyResult<Batch> {
    let defaults = stages::cohort_cycles::Params::default();
    let windows = parse::windows(py, windows, defaults.windows.clone())?;
    let params = stages::cohort_cycles::Params { windows, ..defaults };
    let decomposer = decomposer.unwrap_or_default().decomposer(py)?;
    let symbols = symbols.map(|symbols| parse::symbols(py, &symbols)).transpose()?;
    let table = job::run(py, |observer| {
        let (params, symbols) = (params.check()?, chosen(source, symbols)?);
        let (source, all) = (&*source.0, bars::Span::ALL);
        let found = pipeline::cohort_cycles::cohort_cycles(
            &symbols,
            source,
            all,
            &params,
            &decomposer,
            observer,
        )?;
        Ok(found.table())
    })?;
    Batch::of_table(table)
}

/// Writes the HTML page about the outputs in a folder. Returns its path.
#[pyfunction]
#[pyo3(signature = (dir, out, asof="latest"))]
pub fn report(py: Python<'_>, dir: PathBuf, out: PathBuf, asof: &str) -> PyResult<()> {
    let asof = parse::asof(py, "asof", asof)?;
    let temp = TempFiles::default();
    job::run(py, |observer| {
        let context = JobContext { source: None, is_strict: false, temp: &temp, observer };
        ReportJob { dir, out, asof, only: None, remedy: None }.run(&context)?;
        Ok(())
    })
}
