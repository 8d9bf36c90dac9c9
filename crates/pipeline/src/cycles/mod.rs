//! Cycles in price and volume: decomposition per symbol, then clusters over all symbols.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bars::time::AsOfSpec;
use bars::{AsOf, BarTime, Minute, Span, Symbol};
use bars_io::Source;
use bars_io::atomic::{FinishedFile, TempFiles};
use emd::{Decomposer, Decomposition};
use serde::{Deserialize, Serialize};
use stages::cycles::cluster::{Cluster, Clustered, FIRST_SINGLETON, Method, Pool, cluster};
use stages::cycles::imf::Features;
use stages::cycles::table::{summary, summary_lines};
use stages::cycles::{Coverage, CycleRow, Lookback, SignalKind, Status, ValidParams};
use stages::table::Table;

use crate::artifacts::names;
use crate::artifacts::npz::{self, Packing};
use crate::cohort::{Member, extent, look_up, without_repeats};
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::panel::{PanelRange, since_first_bar};
use crate::source::report_findings;
use crate::text;

mod decompose;
pub mod decomposer_serde;
mod outputs;

pub use outputs::{CyclesPartition, modes_name};

pub(crate) use decompose::{DecomposeJob, SharedNoise};

/// Number of trials of a series that exceeded the time limit.
pub const REDUCED_TRIALS: usize = 20;

/// Parameters of [`cycles`] that were checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CyclesParams {
    /// Lookback, gate, detrending, winsorizing, pools.
    pub stage: ValidParams,
    /// Parameters of the decomposition.
    #[serde(with = "decomposer_serde")]
    pub decomposer: Decomposer,
    /// Time limit for each of a symbol's two series. A series that exceeds it is decomposed again
    /// with [`REDUCED_TRIALS`]; results then depend on the machine.
    pub budget: Option<Duration>,
    /// Maximum number of symbols at once, to save memory; `None`: the number of threads.
    pub jobs: Option<usize>,
    /// The meaning of the source's timestamps; recorded with the results.
    pub bar_time: BarTime,
}

impl CyclesParams {
    /// A time budget of `seconds` for each series.
    ///
    /// # Errors
    /// If it is not a positive number of at most 1e9 seconds.
    pub fn budget_from_seconds(seconds: f64) -> Result<Duration> {
        if seconds > 0.0 && seconds <= 1e9 {
            return Ok(Duration::from_secs_f64(seconds));
        }
        Err(Error::out_of_range("max_seconds_per_asset", seconds, "above 0, at most 1e9"))
    }
}

/// Receives the modes of each series as they are found, from several threads.
pub trait ModeSink: Sync {
    /// Takes the modes of a symbol's series.
    ///
    /// # Errors
    /// If they cannot be stored; the job then ends.
    fn take(&self, symbol: &Symbol, series: SignalKind, modes: &Decomposition) -> Result<()>;
}

/// Keeps modes in memory.
#[derive(Debug, Default)]
pub struct ModesInMemory(Mutex<BTreeMap<(Symbol, SignalKind), Decomposition>>);

impl ModesInMemory {
    /// The modes so far, by symbol and series.
    pub fn into_modes(self) -> BTreeMap<(Symbol, SignalKind), Decomposition> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModeSink for ModesInMemory {
    fn take(&self, symbol: &Symbol, series: SignalKind, modes: &Decomposition) -> Result<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((symbol.clone(), series), modes.clone());
        Ok(())
    }
}

/// Writes modes to temporary files of a partition.
#[derive(Debug)]
pub struct ModeFiles<'a> {
    partition: &'a CyclesPartition,
    temp: &'a TempFiles,
    files: Mutex<Vec<FinishedFile>>,
}

impl<'a> ModeFiles<'a> {
    /// A sink that writes into `partition`.
    pub fn new(partition: &'a CyclesPartition, temp: &'a TempFiles) -> ModeFiles<'a> {
        ModeFiles { partition, temp, files: Mutex::default() }
    }

    /// The files so far, complete but not yet committed.
    pub fn into_files(self) -> Vec<FinishedFile> {
        self.files.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModeSink for ModeFiles<'_> {
    fn take(&self, symbol: &Symbol, series: SignalKind, modes: &Decomposition) -> Result<()> {
        let path = self.partition.modes(symbol, series);
        let file = npz::write_modes(&path, modes, Packing::Deflated, self.temp)?;
        self.files.lock().unwrap_or_else(PoisonError::into_inner).push(file);
        Ok(())
    }
}

/// The result of [`cycles`].
#[derive(Debug, Clone)]
pub struct Cycles {
    /// Lookback, decomposition, depth gate and clustering.
    pub params: CyclesParams,
    /// The as-of and the minutes before it.
    pub lookback: Lookback,
    /// The symbols, each once, and their entries in the source.
    pub members: Vec<Member>,
    /// A row per cycle, or a stub per series without one: by series, symbol and mode.
    pub rows: Vec<CycleRow>,
    /// The clusters of price, volume or both.
    pub pools: Vec<Clustered>,
    /// How much of the lookback has bars, by symbol.
    pub coverage: BTreeMap<Symbol, Coverage>,
    /// Values that differ from run to run.
    pub timing: Timing,
    /// Description of the source, for the record.
    pub source: String,
}

/// The cycles of a symbol in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolCycles {
    /// The symbol.
    pub symbol: Symbol,
    /// Number of cycles of price and of volume; the status of a series without cycles.
    pub counts: [Result<usize, Status>; 2],
    /// The price cycle with the largest energy share.
    pub strongest: Option<Features>,
}

impl Cycles {
    /// The cycles of each symbol in numbers, in the order of [`Cycles::members`].
    pub fn by_symbol(&self) -> Vec<SymbolCycles> {
        let summary = |Member { symbol, .. }: &Member| {
            let own = |series: SignalKind| {
                self.rows.iter().filter(move |row| row.symbol == *symbol && row.series == series)
            };
            let counts = SignalKind::BOTH.map(|series| {
                match own(series).filter(|row| row.cycle.is_some()).count() {
                    0 => own(series).next().map_or(Ok(0), |stub| Err(stub.status)),
                    count => Ok(count),
                }
            });
            let cycles = own(SignalKind::Price).filter_map(|row| Some(row.cycle?.1));
            let strongest = cycles.max_by(|a, b| a.energy_share.total_cmp(&b.energy_share));
            SymbolCycles { symbol: symbol.clone(), counts, strongest }
        };
        self.members.iter().map(summary).collect()
    }
}

/// Returns a pool of clusters in one line, such as `price: 12 cycles, 3 clusters (HDBSCAN), 2
/// unclustered`.
pub fn describe_pool(pool: &Clustered) -> String {
    let name = match pool.pool {
        Pool::Mixed => "price and volume",
        other => other.name(),
    };
    let alone =
        |cluster: &&Cluster| cluster.number().is_some_and(|number| number >= FIRST_SINGLETON);
    let singles = pool.global.iter().filter(alone).count();
    let cycles = text::pluralize(pool.cycles(), "cycle");
    let clusters = text::pluralize(pool.global.len() - singles, "cluster");
    match pool.method {
        Method::Empty => format!("{name}: no cycles"),
        Method::Hdbscan => format!("{name}: {cycles}, {clusters} (HDBSCAN), {singles} unclustered"),
        Method::KMeans => {
            format!("{name}: {cycles}, {clusters} (k-means, because HDBSCAN found none)")
        }
        Method::OneCluster => format!("{name}: {cycles} in 1 cluster (too few to split)"),
    }
}

/// Durations of the parts of a run of [`cycles`].
#[derive(Debug, Clone, Default)]
pub struct Timing {
    /// Seconds for the noise.
    pub noise_seconds: f64,
    /// Seconds per symbol.
    pub seconds: BTreeMap<Symbol, f64>,
    /// Number of threads.
    pub threads: usize,
}

/// Decomposes price and volume of `symbols` over the lookback before `asof` (a date includes its
/// whole day; `Latest` is the close of the symbols' newest bar) and clusters their cycles. Modes go
/// to `modes`, if given. Noise is held in memory if it takes at most a quarter of it, else
/// streamed; results are the same.
///
/// # Errors
/// The source cannot be read or has none of the symbols (and the as-of is `Latest`), the noise does
/// not fit in memory, a decomposition fails, or the observer cancels.
///
/// ```
/// use bars::time::AsOfSpec;
/// use bars_io::memory::MemorySource;
/// use pipeline::observer::Silent;
/// use pipeline::sample::{Market, MarketSettings};
///
/// let market = Market::new(MarketSettings { symbols: 6, days: 31, ..Default::default() });
/// let source = MemorySource::new(market.series());
/// use pipeline::cycles::{CyclesParams, cycles};
/// let symbols = &bars_io::Source::symbols(&source)?[..1];
/// let params = CyclesParams {
///     stage: stages::cycles::Params { lookback_months: 1, ..Default::default() }.check()?,
///     decomposer: emd::Params::default().trials(2).check()?,
///     budget: None,
///     jobs: None,
///     bar_time: bars::BarTime::Open,
/// };
/// let found = cycles(symbols, &source, &params, AsOfSpec::Latest, None, &Silent)?;
/// assert!(found.table().to_record_batch()?.column_by_name("period_days").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cycles(
    symbols: &[Symbol],
    source: &dyn Source,
    params: &CyclesParams,
    asof: AsOfSpec,
    modes: Option<&dyn ModeSink>,
    observer: &dyn Observer,
) -> Result<Cycles> {
    let (members, lookback) = plan(symbols, source, params, asof, observer)?;
    compute(members, lookback, source, params, modes, &mut SharedNoise::default(), observer)
}

/// Computes the cycles of symbols that were looked up. `noise` is that of the jobs before.
pub(crate) fn compute(
    members: Vec<Member>,
    lookback: Lookback,
    source: &dyn Source,
    params: &CyclesParams,
    modes: Option<&dyn ModeSink>,
    noise: &mut SharedNoise,
    observer: &dyn Observer,
) -> Result<Cycles> {
    let job = DecomposeJob { source, lookback, params, modes, observer };
    let output = observer.step("decomposing", || job.run(&members, noise))?;
    report_findings(source, observer);
    let threads = rayon::current_num_threads();
    let timing = Timing { noise_seconds: output.noise_seconds, seconds: output.seconds, threads };
    Ok(assemble(
        params,
        lookback,
        members,
        output.rows,
        output.coverage,
        timing,
        source.describe(),
        observer,
    ))
}

/// Returns the distinct symbols in the source, and the lookback.
pub(crate) fn plan(
    symbols: &[Symbol],
    source: &dyn Source,
    params: &CyclesParams,
    asof: AsOfSpec,
    observer: &dyn Observer,
) -> Result<(Vec<Member>, Lookback)> {
    let members = members(symbols, source, observer)?;
    let lookback = lookback(&members, source, params, asof, observer)?;
    Ok((members, lookback))
}

/// Returns the distinct symbols in the source.
pub(crate) fn members(
    symbols: &[Symbol],
    source: &dyn Source,
    observer: &dyn Observer,
) -> Result<Vec<Member>> {
    let members = observer.step("looking the leaders up", || {
        look_up(symbols, source, "written as rows without cycles", observer)
    })?;
    Ok(without_repeats(members, observer))
}

/// Returns the lookback of `members`, and reports it.
pub(crate) fn lookback(
    members: &[Member],
    source: &dyn Source,
    params: &CyclesParams,
    asof: AsOfSpec,
    observer: &dyn Observer,
) -> Result<Lookback> {
    // If none of the symbols has bars, any given as-of is accepted.
    let ends = match extent(members, &source.describe()) {
        Ok(ends) => Some(ends),
        Err(_) if asof != AsOfSpec::Latest => None,
        Err(e) => return Err(e),
    };
    let newest = ends.map_or(AsOf::start_of(Minute::MIN), |(_, newest)| newest);
    let lookback = Lookback::new(asof, newest, params.stage.get().lookback_months);
    report_window(&lookback, ends, observer);
    Ok(lookback)
}

/// Checks everything about a panel of cycles that does not depend on bars.
///
/// # Errors
/// If the step is not a whole number of days, or the range is invalid.
pub fn check_panel(range: PanelRange) -> Result<()> {
    if range.every.in_days().is_none() {
        let problem = format!(
            "{} is not a whole number of days, and each date has one partition; give a step such as 1d or 7d",
            range.every
        );
        return Err(Error::parameter("every", problem));
    }
    // The lookback does not matter: only its end, which is the as-of.
    range.check(|spec| spec.moment().map(|moment| Lookback::new(spec, moment, 1).asof))
}

/// Returns the lookbacks of a panel, ascending, at least one, each on another date, and the as-ofs
/// that give them. `ends` are the first and last close of the leaders' bars; as-ofs before the first
/// are dropped with a warning.
///
/// # Errors
/// If the step is not a whole number of days, or the range is invalid or before the first bar.
pub(crate) fn panel_lookbacks(
    params: &CyclesParams,
    ends: (AsOf, AsOf),
    range: PanelRange,
    observer: &dyn Observer,
) -> Result<Vec<(AsOfSpec, Lookback)>> {
    check_panel(range)?;
    let (oldest, newest) = ends;
    let months = params.stage.get().lookback_months;
    let asofs = range.asofs(|spec| Lookback::new(spec, newest, months).asof)?;
    let asofs = since_first_bar(asofs, oldest, "the leaders", ends, observer)?;
    let lookback = |asof: AsOf| {
        // From a date on, each as-of is a date, which includes its whole day.
        let spec = match range.from {
            AsOfSpec::Date(_) => asof
                .date()
                .parse()
                .map_err(|e: bars::Error| Error::parameter("to", e.to_string()))?,
            AsOfSpec::At(_) | AsOfSpec::Latest => AsOfSpec::At(asof),
        };
        Ok((spec, Lookback::new(spec, newest, months)))
    };
    asofs.into_iter().map(lookback).collect()
}

/// Clusters the rows of all symbols, and warns about results that may mislead.
#[expect(clippy::too_many_arguments, reason = "the fields of the result")]
pub(crate) fn assemble(
    params: &CyclesParams,
    lookback: Lookback,
    members: Vec<Member>,
    rows: Vec<CycleRow>,
    coverage: BTreeMap<Symbol, Coverage>,
    timing: Timing,
    source: String,
    observer: &dyn Observer,
) -> Cycles {
    let mut rows = rows;
    rows.sort_by_key(|row| (row.series, row.symbol.clone(), row.cycle.map(|(id, _)| id)));
    warn_of_gaps(&coverage, observer);
    warn_of_budget(&rows, observer);
    let pools = observer.step("clustering", || cluster(&rows, params.stage.get().mixed));
    Cycles { params: params.clone(), lookback, members, rows, pools, coverage, timing, source }
}

impl Cycles {
    /// The cycles with their clusters: the content of `imf_summary.parquet`.
    pub fn table(&self) -> Table {
        Table::from_rows(&summary(), &summary_lines(&self.rows, &self.pools, self.lookback.asof))
    }
}

fn report_window(lookback: &Lookback, ends: Option<(AsOf, AsOf)>, observer: &dyn Observer) {
    let Span { start, end } = lookback.span;
    observer.info(format!(
        "decomposing {} minutes, {start} to {end}",
        text::count(lookback.minutes() as u64)
    ));
    let Some((oldest, newest)) = ends else { return };
    if AsOf::start_of(start) >= newest || AsOf::start_of(end) < oldest {
        observer.warn(format!(
            "no bars of the leaders in the lookback (their bars close from {oldest} to {newest}): the output has no cycles"
        ));
    } else if AsOf::start_of(end) > newest {
        observer.warn(format!(
            "the newest bar of the leaders closed at {newest}: later minutes repeat its close"
        ));
    }
}

/// Maximum number of symbols named in a warning.
const MAX_NAMES: usize = 5;

/// Warns of symbols with gaps that may have produced modes.
fn warn_of_gaps(coverage: &BTreeMap<Symbol, Coverage>, observer: &dyn Observer) {
    let poor: Vec<_> = coverage.iter().filter(|(_, coverage)| coverage.is_poor()).collect();
    if poor.is_empty() {
        return;
    }
    let named: Vec<String> = poor
        .iter()
        .take(MAX_NAMES)
        .map(|(symbol, coverage)| {
            let gap = text::minutes(coverage.longest_gap as f64);
            format!("{symbol} ({:.0} % missing, {gap} in a row)", 100.0 * coverage.missing_share)
        })
        .collect();
    let more = if poor.len() > MAX_NAMES {
        format!(" and {} more", poor.len() - MAX_NAMES)
    } else {
        String::new()
    };
    observer.warn(format!(
        "long gaps can cause spurious fast cycles: {}{more}; use a shorter lookback, or compare with noise_scale \
         residue, epsilon 0.2 ({} has the gaps of all symbols)",
        named.join(", "),
        names::CYCLES_CONFIG
    ));
}

/// Warns of series that exceeded the time limit.
fn warn_of_budget(rows: &[CycleRow], observer: &dyn Observer) {
    let reduced = rows.iter().filter(|row| row.status == Status::TimeBudgetReduced);
    let mut series: Vec<String> =
        reduced.map(|row| format!("{} {}", row.symbol, row.series)).collect();
    series.dedup();
    if !series.is_empty() {
        observer.warn(format!(
            "max_seconds_per_asset exceeded, {REDUCED_TRIALS} trials used instead: {} series, {}",
            series.len(),
            series.join(", ")
        ));
    }
}
