//! Checks the contents of a source: symbols, spans, gaps, and problems that affect results.

use bars::spelling::Directory;
use bars::time::DAY;
use bars::{AsOf, Minute, Series, Span, Symbol};
use bars_io::{Entry, Source, newest_close};
use rayon::prelude::*;
use stages::table::{ColumnSource, Table};

use crate::error::Result;
use crate::observer::{Observer, Progress, Unit};
use crate::source::catalog;

/// Minimum number of bars to infer the interval of a series from its steps.
const MIN_BARS_FOR_STEP: usize = 30;

/// The bars of one symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolCheck {
    /// The symbol and its span.
    pub entry: Entry,
    /// Number of bars.
    pub bars: usize,
    /// Gaps: runs of minutes without a bar between the first and the last.
    pub gaps: usize,
    /// Minutes without a bar between the first and the last.
    pub missing: usize,
    /// The greatest common divisor of the steps between bars, in minutes; 1 for minute bars, 0 for
    /// a single bar.
    pub step: i32,
}

/// The result of [`check`].
#[derive(Debug, Clone)]
pub struct Check {
    /// The symbols, ordered.
    pub symbols: Vec<SymbolCheck>,
    /// Close of the newest bar.
    pub newest: AsOf,
    /// Problems that affect results, one sentence each.
    pub problems: Vec<String>,
    /// Findings in the rows that do not affect results; `None` if there are none.
    pub notes: Option<String>,
}

/// Reads every bar of a source and looks for problems.
///
/// # Errors
/// If the source cannot be read or is empty, or the observer cancels.
///
/// ```
/// use bars_io::memory::MemorySource;
/// use pipeline::observer::Silent;
/// use pipeline::sample::{Market, MarketSettings};
///
/// let market = Market::new(MarketSettings { symbols: 6, days: 2, ..Default::default() });
/// let source = MemorySource::new(market.series());
/// let found = pipeline::check::check(&source, &Silent)?;
/// let symbols = found.table().to_record_batch()?;
/// assert_eq!(symbols.num_rows(), found.symbols.len());
/// assert!(found.problems.is_empty(), "{:?}", found.problems);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(source: &dyn Source, observer: &dyn Observer) -> Result<Check> {
    let catalog = catalog(source)?;
    let newest = newest_close(&catalog).unwrap_or(AsOf::start_of(Minute::MIN));
    let progress = Progress::new(observer, "check", Unit::Symbols, catalog.len() as u64);
    let look = |entry: &Entry| {
        let symbol = SymbolCheck::new(entry.clone(), &source.bars(&entry.symbol, Span::ALL)?);
        progress.advance(1)?;
        Ok(symbol)
    };
    let symbols = catalog.par_iter().map(look).collect::<Result<Vec<_>>>()?;
    drop(progress);
    let findings = source.findings();
    let mut problems = Vec::new();
    let mut notes = None;
    if findings.breaks_strict() {
        problems.push(findings.to_string());
    } else if !findings.is_empty() {
        notes = Some(findings.to_string());
    }
    problems.extend(coarse_bars(&symbols));
    problems.extend(several_names(&symbols));
    Ok(Check { symbols, newest, problems, notes })
}

impl Check {
    /// Days from the first bar to the newest close.
    pub fn days(&self) -> f64 {
        f64::from(self.newest.end().index() - self.first().index()) / f64::from(DAY)
    }

    /// A row per symbol.
    pub fn table(&self) -> Table {
        let newest = self.newest;
        let whole = |name: &str, about: &str, value: fn(&SymbolCheck) -> i64| {
            ColumnSource::whole(name, about, move |symbol: &SymbolCheck| Some(value(symbol)))
        };
        let columns = [
            ColumnSource::text("symbol", "symbol", |symbol: &SymbolCheck| {
                Some(symbol.entry.symbol.to_string())
            }),
            ColumnSource::time("first", "open time of the first bar", |symbol: &SymbolCheck| {
                AsOf::start_of(symbol.entry.first)
            }),
            ColumnSource::time("last", "open time of the last bar", |symbol: &SymbolCheck| {
                AsOf::start_of(symbol.entry.last)
            }),
            whole("bars", "number of bars", |symbol| symbol.bars as i64),
            whole("gaps", "runs of minutes without a bar between first and last", |symbol| {
                symbol.gaps as i64
            }),
            whole("missing", "minutes without a bar between first and last", |symbol| {
                symbol.missing as i64
            }),
            whole("step", "greatest common divisor of the steps between bars", |symbol| {
                symbol.step.into()
            })
            .with_unit("minutes"),
            ColumnSource::flag(
                "is_stale",
                "no bar in the 24 hours before the newest close",
                move |symbol| is_stale(newest, symbol),
            ),
        ];
        Table::from_rows(&columns, &self.symbols)
    }

    /// Open time of the oldest bar.
    pub fn first(&self) -> Minute {
        self.symbols.iter().map(|symbol| symbol.entry.first).min().unwrap_or(self.newest.end())
    }

    /// Returns whether a symbol has no bar in the 24 hours before the newest close.
    pub fn is_stale(&self, symbol: &SymbolCheck) -> bool {
        is_stale(self.newest, symbol)
    }
}

fn is_stale(newest: AsOf, symbol: &SymbolCheck) -> bool {
    symbol.entry.last < newest.end().plus(-DAY)
}

impl SymbolCheck {
    fn new(entry: Entry, series: &Series) -> SymbolCheck {
        let time = series.time();
        let span = series.ends().map_or(0, |(first, last)| last.index() - first.index() + 1);
        let step = time.windows(2).map(|pair| pair[1].index() - pair[0].index()).fold(0, gcd);
        let missing = usize::try_from(span).unwrap_or(0) - series.len();
        SymbolCheck { entry, bars: series.len(), gaps: series.gaps(), missing, step }
    }
}

fn gcd(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn coarse_bars(symbols: &[SymbolCheck]) -> Option<String> {
    let coarse: Vec<String> = symbols
        .iter()
        .filter(|symbol| symbol.step > 1 && symbol.bars >= MIN_BARS_FOR_STEP)
        .map(|symbol| format!("{} ({} minutes)", symbol.entry.symbol, symbol.step))
        .collect();
    let first = coarse.first()?;
    Some(match coarse.len() {
        1 => format!("the bars of {first} are longer than a minute; import one-minute bars"),
        n => format!(
            "{n} symbols have bars longer than a minute, the first {first}; import one-minute bars"
        ),
    })
}

fn several_names(symbols: &[SymbolCheck]) -> Vec<String> {
    let directory: Directory = symbols.iter().map(|symbol| &symbol.entry.symbol).collect();
    let sentence = |names: &[Symbol]| {
        let names: Vec<&str> = names.iter().map(Symbol::as_str).collect();
        format!(
            "one market has several symbols and is counted more than once: {}",
            names.join(", ")
        )
    };
    directory.several_names().map(sentence).collect()
}
