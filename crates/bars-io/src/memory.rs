//! Bars in memory as a source, for Python and tests.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use bars::arrow::series_by_symbol;
use bars::{Findings, ReadOptions, Series, Span, Symbol};

use crate::error::Result;
use crate::source::{Entry, Source};

/// A source of bars in memory.
///
/// ```
/// use bars::{Bar, Minute, Series};
/// use bars_io::Source;
/// use bars_io::memory::MemorySource;
///
/// let bar = |minute| Bar {
///     time: Minute::new(minute).unwrap(), open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0, trades: None,
/// };
/// let series: Series = (0..10).map(bar).collect();
/// let source = MemorySource::from_record_batches(&[series.to_record_batch("BTC/USD")], &Default::default()).unwrap();
/// assert_eq!(source.catalog().unwrap()[0].symbol.as_str(), "BTC/USD");
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    series: BTreeMap<Symbol, Series>,
    findings: Findings,
}

impl MemorySource {
    /// Creates a source of these series. Empty series are dropped.
    pub fn new(series: impl IntoIterator<Item = (Symbol, Series)>) -> MemorySource {
        let series = series.into_iter().filter(|(_, series)| !series.is_empty()).collect();
        MemorySource { series, findings: Findings::default() }
    }

    /// Creates a source of the bars in `batches`, cleaned like any input; see
    /// [`bars::arrow::series_by_symbol`].
    ///
    /// # Errors
    /// If a column is missing or has an unreadable type.
    pub fn from_record_batches(
        batches: &[RecordBatch],
        options: &ReadOptions,
    ) -> Result<MemorySource> {
        let mut findings = Findings::default();
        let series = series_by_symbol(batches, options, &mut findings)?;
        Ok(MemorySource { findings, ..MemorySource::new(series) })
    }
}

impl Source for MemorySource {
    fn describe(&self) -> String {
        "memory".to_owned()
    }

    fn catalog(&self) -> Result<Vec<Entry>> {
        let entry = |(symbol, series): (&Symbol, &Series)| {
            series.ends().map(|(first, last)| Entry { symbol: symbol.clone(), first, last })
        };
        Ok(self.series.iter().filter_map(entry).collect())
    }

    fn bars(&self, symbol: &Symbol, span: Span) -> Result<Series> {
        Ok(self.series.get(symbol).map(|series| series.slice(span)).unwrap_or_default())
    }

    fn findings(&self) -> Findings {
        self.findings.clone()
    }
}
