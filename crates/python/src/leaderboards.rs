//! Leaderboards.

use std::path::PathBuf;
use std::sync::Arc;

use bars_io::atomic::TempFiles;
use pipeline::artifacts::Cohort;
use pipeline::artifacts::table_file::Format;
use pipeline::leaderboards::Leaderboards;
use pipeline::universe::Universe;
use pyo3::prelude::*;

use crate::source::Source;
use crate::table::Batch;
use crate::{errors, job, parse};

/// The boards of a market.
#[pyclass(frozen, module = "data_pipeline._core")]
pub struct Boards {
    found: Leaderboards,
    source: Arc<dyn bars_io::Source>,
}

#[pymethods]
impl Boards {
    /// The symbols of the gainers, the losers and the overlaps, by rank.
    fn symbols(&self) -> [Vec<String>; 3] {
        [Cohort::Gainers, Cohort::Losers, Cohort::Overlaps].map(|cohort| {
            self.found.symbols(cohort).iter().map(|symbol| symbol.as_str().to_owned()).collect()
        })
    }

    /// A row per symbol of each board.
    fn table(&self) -> PyResult<Batch> {
        Batch::of_table(self.found.table())
    }

    /// Every rank.
    fn places(&self) -> PyResult<Batch> {
        Batch::of_table(self.found.places())
    }

    /// The summary as JSON.
    fn summary(&self, py: Python<'_>) -> PyResult<String> {
        let text = serde_json::to_string(&self.found.summary());
        text.map_err(|error| errors::of_argument(py, error))
    }

    /// Writes the files of the command line. Returns their paths.
    fn write(&self, py: Python<'_>, dir: PathBuf, cohort_format: &str) -> PyResult<Vec<PathBuf>> {
        let format = match cohort_format {
            "csv" => Format::Csv,
            "parquet" => Format::Parquet,
            other => {
                let shown = other.escape_debug();
                let reason =
                    format!("cohort_format: unknown value \"{shown}\"; expected csv or parquet");
                return Err(errors::of_argument(py, reason));
            }
        };
        let temp = TempFiles::default();
        job::run(py, |observer| self.found.write(&dir, format, &*self.source, &temp, observer))
    }
}

/// Ranks the symbols of a source.
#[pyfunction]
#[pyo3(signature = (source, *, asof="latest", top_n=None, windows=None, lookback_days=None, include_partial=false, include_stale=false, symbols=vec![], exclude=vec![], quote=vec![], min_volume=0.0, no_stables=false))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn leaderboards(
    py: Python<'_>,
    source: &Source,
    asof: &str,
    top_n: Option<i64>,
    windows: Option<Vec<String>>,
    lookback_days: Option<i64>,
    include_partial: bool,
    include_stale: bool,
    symbols: Vec<String>,
    exclude: Vec<String>,
    quote: Vec<String>,
    min_volume: f64,
    no_stables: bool,
) -> PyResult<Boards> {
    let defaults = stages::leaderboards::Params::default();
    let params = stages::leaderboards::Params {
        top_n: parse::count(py, "top_n", top_n)?.unwrap_or(defaults.top_n),
        windows: parse::windows(py, windows, defaults.windows)?,
        lookback_days: parse::count(py, "lookback_days", lookback_days)?
            .unwrap_or(defaults.lookback_days),
        include_partial,
        include_stale,
    };
    let universe = Universe { symbols, exclude, quote, min_volume, no_stables };
    let asof = parse::asof(py, "asof", asof)?;
    let found = job::run(py, |observer| {
        let params = params.check()?;
        pipeline::leaderboards::leaderboards(&*source.0, &params, &universe, asof, observer)
    })?;
    Ok(Boards { found, source: source.0.clone() })
}
