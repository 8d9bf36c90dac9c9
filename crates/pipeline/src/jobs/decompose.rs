use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bars::Symbol;
use bars::spelling::{Directory, Found};
use bars_io::column::{self, Numbered, Numbers};
use emd::{Analytic, Control, Decomposer, Decomposition, ModeStats};
use serde::Serialize;

use super::context::{JobContext, check_outputs};
use crate::artifacts::modes::ModesFormat;
use crate::cycles::decomposer_serde;
use crate::error::{Error, Result};
use crate::memory;
use crate::observer::{Observer, Progress, Unit};
use crate::text::pluralize;

/// Number of symbols that an error lists.
const MAX_SYMBOLS_LISTED: usize = 8;

/// Decomposes a numeric column of a CSV or Parquet file, in row order, and writes the modes.
///
/// ```
/// use bars_io::atomic::TempFiles;
/// use pipeline::jobs::{EmdJob, EmdMethod, JobContext};
/// use pipeline::observer::Silent;
///
/// let folder = tempfile::tempdir()?;
/// let input = folder.path().join("tone.csv");
/// let rows: String = (0..600).map(|i| format!("{}\n", (f64::from(i) / 4.0).sin())).collect();
/// std::fs::write(&input, format!("height\n{rows}"))?;
/// let job = EmdJob {
///     input,
///     column: "height".into(),
///     symbol: None,
///     log: false,
///     method: EmdMethod::Emd,
///     decomposer: emd::Params::default().check()?,
///     out: Some(folder.path().join("modes.npz")),
/// };
/// let (temp, observer) = (TempFiles::default(), Silent);
/// let context =
///     JobContext { source: None, is_strict: false, temp: &temp, observer: &observer };
/// let output = job.run(&context)?;
/// assert_eq!(output.samples(), 600);
/// assert!((output.modes()[0].period.unwrap() - 8.0 * std::f64::consts::PI).abs() < 0.1);
/// assert!(folder.path().join("modes.npz").is_file());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Serialize)]
pub struct EmdJob {
    /// CSV (with a header; plain, gzip or zstd) or Parquet file.
    pub input: PathBuf,
    /// The column, ignoring case.
    pub column: String,
    /// The symbol, in any spelling; required if the file has several, not allowed if the file has
    /// no column of symbols.
    pub symbol: Option<Symbol>,
    /// Whether to decompose the natural logarithm.
    pub log: bool,
    /// The method.
    pub method: EmdMethod,
    /// Parameters of the decomposition; plain EMD only uses the stop rule.
    #[serde(with = "decomposer_serde")]
    pub decomposer: Decomposer,
    /// Output file, `.npz` or `.parquet`; `None`: nothing is written.
    pub out: Option<PathBuf>,
}

/// How a series is decomposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum EmdMethod {
    /// Averages over noisy copies.
    Ceemdan,
    /// Sifts the series itself.
    Emd,
}

/// The result of an [`EmdJob`].
#[derive(Debug, Clone)]
pub struct EmdOutput {
    /// The symbol; `None` if the file has no column of symbols.
    pub symbol: Option<Symbol>,
    /// The modes and the residue.
    pub decomposition: Decomposition,
    /// How long decomposition and writing took.
    pub elapsed: Duration,
}

/// A mode in numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModeSummary {
    /// Period in samples, from the median instantaneous frequency; `None` if that is not positive.
    pub period: Option<f64>,
    /// Variance as a share of the sum of all modes' variances, without residue, in percent; 0 if
    /// all are 0.
    pub energy_pct: f64,
    /// How it was sifted.
    pub stats: ModeStats,
}

impl EmdJob {
    /// Runs the job. Its source is not used.
    ///
    /// # Errors
    /// [`Error::Parameter`] and [`Error::AmbiguousSymbol`] for an invalid output file or symbol,
    /// [`Error::InvalidValue`] for a missing, infinite or (of a logarithm) not positive value, and
    /// if a file cannot be read or written or the series cannot be decomposed.
    pub fn run(&self, context: &JobContext<'_>) -> Result<EmdOutput> {
        let format = self.format()?;
        let (symbol, numbers) = self.series()?;
        let signal = self.signal(&numbers)?;
        let begun = Instant::now();
        let decomposition = self.decompose(&signal, context.observer)?;
        if let Some((out, format)) = format {
            format.write(out, &decomposition, context.temp)?.commit()?;
        }
        Ok(EmdOutput { symbol, decomposition, elapsed: begun.elapsed() })
    }

    /// Returns the output file and its format.
    fn format(&self) -> Result<Option<(&Path, ModesFormat)>> {
        let Some(out) = self.out.as_deref() else { return Ok(None) };
        let format = ModesFormat::from_path(out).ok_or_else(|| {
            let out = out.display();
            let remedy = "use a .npz or .parquet extension";
            Error::parameter("output", format!("{out}: unsupported output format; {remedy}"))
        })?;
        check_outputs(&self.input, None, &[out])?;
        if out.is_dir() {
            let reason = format!("{} is a folder; give a file name", out.display());
            return Err(Error::parameter("out", reason));
        }
        Ok(Some((out, format)))
    }

    /// Returns the chosen series and, if the file has symbols, its symbol.
    fn series(&self) -> Result<(Option<Symbol>, Numbers)> {
        let path = self.input.display();
        let invalid = |reason: String| Err(Error::parameter("symbol", reason));
        let groups = match (column::read(&self.input, &self.column)?, &self.symbol) {
            (Numbered::One(numbers), None) => return Ok((None, numbers)),
            (Numbered::One(_), Some(symbol)) => {
                return invalid(format!("{path} has no symbol column: drop symbol {symbol}"));
            }
            (Numbered::BySymbol(groups), _) => groups,
        };
        let wanted = match (&self.symbol, groups.len()) {
            (_, 0) => return Err(Error::NoRows { path: self.input.clone() }),
            (None, 1) => groups[0].0.clone(),
            (None, n) => {
                let names = some_of(&groups);
                return invalid(format!(
                    "{path} has {n} symbols ({names}); choose one with symbol"
                ));
            }
            (Some(symbol), n) => {
                let directory: Directory = groups.iter().map(|(symbol, _)| symbol).collect();
                match directory.find(symbol) {
                    Found::Exact(symbol) | Found::Spelled(symbol) => symbol,
                    Found::Ambiguous(candidates) => {
                        return Err(Error::AmbiguousSymbol { symbol: symbol.clone(), candidates });
                    }
                    Found::Nothing => {
                        let (n, names) = (pluralize(n, "symbol"), some_of(&groups));
                        return invalid(format!(
                            "no symbol \"{symbol}\" in {path} ({n}: {names}); check symbol"
                        ));
                    }
                }
            }
        };
        let chosen = groups.into_iter().find(|(symbol, _)| *symbol == wanted);
        let (symbol, numbers) =
            chosen.ok_or_else(|| Error::parameter("symbol", format!("no series for {wanted}")))?;
        Ok((Some(symbol), numbers))
    }

    /// Returns the signal to decompose, checked.
    fn signal(&self, numbers: &Numbers) -> Result<Vec<f64>> {
        let values = &numbers.values;
        if values.is_empty() {
            return Err(Error::NoRows { path: self.input.clone() });
        }
        let invalid = |index: usize, problem: String| Error::InvalidValue {
            path: self.input.clone(),
            row: numbers.rows.get(index).copied().unwrap_or(0),
            column: self.column.clone(),
            problem,
        };
        if let Some(i) = values.iter().position(|x| !x.is_finite()) {
            let what = if values[i].is_nan() { "missing" } else { "infinite" };
            return Err(invalid(i, format!("{what}; fill the gap or cut the file there")));
        }
        if !self.log {
            return Ok(values.clone());
        }
        if let Some(i) = values.iter().position(|x| *x <= 0.0) {
            return Err(invalid(i, format!("{}: no logarithm; turn log off", values[i])));
        }
        Ok(values.iter().map(|x| libm::log(*x)).collect())
    }

    fn decompose(&self, signal: &[f64], observer: &dyn Observer) -> Result<Decomposition> {
        let progress = Progress::new(observer, "decompose", Unit::Work, 1);
        let cancelled = AtomicBool::new(false);
        let worked = |share| {
            progress.worked(share);
            if observer.is_cancelled() {
                cancelled.store(true, Ordering::Relaxed);
            }
        };
        let control = Control::default().on_work(&worked).cancel_flag(&cancelled);
        let found = match self.method {
            EmdMethod::Emd => self.decomposer.emd(signal, control),
            // A single series uses each mode of the noise once, so keeping them gains nothing.
            EmdMethod::Ceemdan => {
                memory::check(self.decomposer.streamed_bytes(signal.len()))?;
                self.decomposer.ceemdan_streamed(signal, control)
            }
        };
        found.map_err(|source| match source {
            emd::Error::Cancelled => Error::Cancelled,
            source => Error::ColumnDecomposition { path: self.input.clone(), source },
        })
    }
}

/// Returns the first symbols, for a message.
fn some_of(groups: &[(Symbol, Numbers)]) -> String {
    let names = groups.iter().take(MAX_SYMBOLS_LISTED).map(|(symbol, _)| symbol.as_str());
    let more = if groups.len() > MAX_SYMBOLS_LISTED { ", ..." } else { "" };
    names.collect::<Vec<_>>().join(", ") + more
}

impl EmdOutput {
    /// Number of samples of the series.
    pub fn samples(&self) -> usize {
        self.decomposition.residue.len()
    }

    /// The modes in numbers, from fast to slow.
    pub fn modes(&self) -> Vec<ModeSummary> {
        let found = &self.decomposition;
        let variances = found.variances();
        let total: f64 = variances.iter().sum();
        let analytic = Analytic::from_signals(found.modes.iter().map(Vec::as_slice));
        let summary = |(k, stats): (usize, &ModeStats)| ModeSummary {
            period: analytic[k].period(0..found.modes[k].len()),
            energy_pct: if total > 0.0 { 100.0 * variances[k] / total } else { 0.0 },
            stats: *stats,
        };
        found.stats.iter().enumerate().map(summary).collect()
    }
}
