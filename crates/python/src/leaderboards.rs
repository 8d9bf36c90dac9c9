//! Leaderboards.

use pipeline::artifacts::Cohort;
use pipeline::universe::Universe;
use pyo3::prelude::*;

use crate::source::Source;
use crate::table::Batch;
use crate::{errors, job, parse};

/// The boards, the ranks behind them, the symbols of each board by rank, and the summary as JSON.
type Boards = (Batch, Batch, [Vec<String>; 3], String);

/// Ranks the symbols of a source.
#[pyfunction]
#[pyo3(signature = (source, *, asof="latest", top_n=None, windows=None, lookback_days=None, include_partial=false, include_stale=false, symbols=vec![], exclude=vec![], quote=vec![], min_volume=0.0, no_stables=false))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
pub fn leaderboards(
    py: Python<'_>,
    source: &Source,
    asof: &str,
    top_n: Option<usize>,
    windows: Option<Vec<String>>,
    lookback_days: Option<u32>,
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
        top_n: top_n.unwrap_or(defaults.top_n),
        windows: parse::windows(py, windows, defaults.windows)?,
        lookback_days: lookback_days.unwrap_or(defaults.lookback_days),
        include_partial,
        include_stale,
    };
    let universe = Universe { symbols, exclude, quote, min_volume, no_stables };
    let asof = parse::asof(py, "asof", asof)?;
    let found = job::run(py, |observer| {
        let params = params.check()?;
        pipeline::leaderboards::leaderboards(&*source.0, &params, &universe, asof, observer)
    })?;
    let names = |cohort| {
        found.symbols(cohort).iter().map(|symbol| symbol.as_str().to_owned()).collect()
    };
    let summary = serde_json::to_string(&found.summary());
    Ok((
        Batch::of_table(found.table())?,
        Batch::of_table(found.places())?,
        [names(Cohort::Gainers), names(Cohort::Losers), names(Cohort::Overlaps)],
        summary.map_err(|error| errors::of_argument(py, error))?,
    ))
}
