use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use bars::spelling::{Directory, Found};
use bars::time::AsOfSpec;
use bars::{Findings, Span, Symbol};
use serde::Serialize;

use super::context::JobContext;
use crate::artifacts::bar_csv::{self, BarFile};
use crate::artifacts::csv_text::spreadsheet_safe;
use crate::cohort;
use crate::error::{Error, Result};
use crate::observer::{Event, Observer};
use crate::source::{catalog, ends, report_findings};

/// Writes the last days of bars of the symbols in a file to CSV.
///
/// ```
/// use bars::time::AsOfSpec;
/// use bars_io::atomic::TempFiles;
/// use bars_io::memory::MemorySource;
/// use pipeline::jobs::{HistoryJob, JobContext};
/// use pipeline::observer::Silent;
/// use pipeline::sample::{Market, MarketSettings};
///
/// let market = Market::new(MarketSettings { symbols: 2, days: 2, ..Default::default() });
/// let series = market.series();
/// let folder = tempfile::tempdir()?;
/// let (input, output) = (folder.path().join("list.csv"), folder.path().join("history.csv"));
/// std::fs::write(&input, format!("symbol\n{}\nNOSUCH\n", series[0].0))?;
///
/// let source = MemorySource::new(series);
/// let (temp, observer) = (TempFiles::default(), Silent);
/// let context =
///     JobContext { source: Some(&source), is_strict: false, temp: &temp, observer: &observer };
/// let asof = AsOfSpec::Latest;
/// let job = HistoryJob { input, output: output.clone(), days: 1, asof, csv_safe: false };
/// let written = job.run(&job.read_list()?, &context)?;
/// assert_eq!(written.symbols.len(), 1);
/// assert_eq!(written.missing, ["NOSUCH".parse()?]);
/// assert!(output.is_file());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Serialize)]
pub struct HistoryJob {
    /// CSV or Parquet file with a column of symbols.
    pub input: PathBuf,
    /// The CSV file to write.
    pub output: PathBuf,
    /// Days of bars before the as-of.
    pub days: u32,
    /// The as-of; `Latest`: the close of the source's newest bar.
    pub asof: AsOfSpec,
    /// Whether symbols are written so that a spreadsheet does not evaluate them, see
    /// [`spreadsheet_safe`](crate::artifacts::csv_text::spreadsheet_safe).
    pub csv_safe: bool,
}

/// The symbols in the file of a [`HistoryJob`].
#[derive(Debug, Clone)]
pub struct SymbolList {
    /// The distinct symbols, ordered by first row.
    pub symbols: Vec<Symbol>,
    findings: Findings,
}

/// The result of a [`HistoryJob`].
#[derive(Debug, Clone)]
pub struct HistoryOutput {
    /// The minutes of the bars.
    pub span: Span,
    /// The distinct symbols of the source with their number of bars, which may be 0, in the order
    /// of the list.
    pub symbols: Vec<(Symbol, usize)>,
    /// Symbols of the list that the source lacks.
    pub missing: Vec<Symbol>,
    /// Symbols of the list that are another spelling of several symbols of the source.
    pub ambiguous: Vec<Symbol>,
}

impl HistoryJob {
    /// Reads the list of symbols and checks that the output is not the list. Apart from
    /// [`HistoryJob::run`], so that this needs no source.
    ///
    /// # Errors
    /// The file is missing or damaged or has no column of symbols, or [`Error::Parameter`].
    pub fn read_list(&self) -> Result<SymbolList> {
        let mut findings = Findings::default();
        let symbols = bars_io::reader::symbols(&self.input, &mut findings)?;
        if let (Ok(a), Ok(b)) = (self.input.canonicalize(), self.output.canonicalize())
            && a == b
        {
            let input = self.input.display();
            let reason = format!("{input} is both input and output; give another output_csv");
            return Err(Error::parameter("output", reason));
        }
        Ok(SymbolList { symbols, findings })
    }

    /// Runs the job for the symbols of `list`.
    ///
    /// # Errors
    /// [`Error::NoBarsInSpan`] if none of the symbols has a bar in these days; the source cannot be
    /// read or, in a strict context, has invalid rows; or the file cannot be written.
    pub fn run(&self, list: &SymbolList, context: &JobContext<'_>) -> Result<HistoryOutput> {
        let JobContext { temp, observer, .. } = *context;
        let source = context.source()?;
        if !list.findings.is_empty() {
            observer.event(Event::Findings(&list.findings));
        }
        let catalog = catalog(source)?;
        let (_, newest) = ends(&catalog)?;
        let span = Span::days_before(self.asof.moment().unwrap_or(newest), self.days);
        let directory: Directory = catalog.iter().map(|entry| &entry.symbol).collect();
        let (found, missing, ambiguous) = look_up(&list.symbols, &directory, observer);

        let file = BarFile { path: &self.output, symbols: &found };
        let written = if self.csv_safe {
            bar_csv::write_as(&[file], source, span, safe_name, temp, observer)?
        } else {
            bar_csv::write(&[file], source, span, temp, observer)?
        };
        context.check(source)?;
        report_findings(source, observer);
        let counts: Vec<usize> = written.iter().flat_map(|(_, counts)| counts).copied().collect();
        if counts.iter().all(|count| *count == 0) && !list.symbols.is_empty() {
            let oldest = catalog.iter().map(|entry| entry.first).min().unwrap_or(span.start);
            return Err(Error::NoBarsInSpan {
                span,
                count: list.symbols.len(),
                path: self.input.clone(),
                known: catalog.len(),
                oldest,
                newest,
            });
        }
        written.into_iter().try_for_each(|(file, _)| file.commit())?;
        let symbols = found.into_iter().zip(counts).collect();
        Ok(HistoryOutput { span, symbols, missing, ambiguous })
    }
}

fn safe_name(symbol: &Symbol) -> Cow<'_, str> {
    spreadsheet_safe(symbol.as_str())
}

/// Returns the distinct symbols of the source, the missing and the ambiguous ones.
fn look_up(
    wanted: &[Symbol],
    directory: &Directory,
    observer: &dyn Observer,
) -> (Vec<Symbol>, Vec<Symbol>, Vec<Symbol>) {
    let (mut found, mut missing, mut ambiguous) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for symbol in wanted {
        match cohort::find(directory, symbol, observer) {
            Some(symbol) if seen.insert(symbol.clone()) => found.push(symbol),
            Some(_) => {}
            None if matches!(directory.find(symbol), Found::Ambiguous(_)) => {
                ambiguous.push(symbol.clone());
            }
            None => missing.push(symbol.clone()),
        }
    }
    (found, missing, ambiguous)
}
