//! Sources of bars: a store, a file, a database, or a table in memory.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use bars::{BarTime, Minute, ReadOptions, Span, Symbol};
use bars_io::address::{is_mysql, unsupported};
use bars_io::file::FileSource;
use bars_io::memory::MemorySource;
use bars_io::mysql::MySqlSource;
use bars_io::mysql::config::Partial;
use bars_io::store::Store;
use bars_io::{Entry, Source as _, Warnings};
use pipeline::observer::{Event, Observer};
use pyo3::prelude::*;
use pyo3_arrow::input::AnyRecordBatch;
use stages::table::{ColumnSource, Table};

use crate::table::Batch;
use crate::{errors, job, parse};

/// Maximum number of connections to a database.
const CONNECTIONS: usize = 4;

/// A source of bars.
#[pyclass(frozen, module = "data_pipeline._core")]
pub struct Source(pub Arc<dyn bars_io::Source>);

#[pymethods]
impl Source {
    /// A short description, without a password.
    fn describe(&self) -> String {
        self.0.describe()
    }

    /// The symbols, in order.
    fn symbols(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let found = job::run(py, |_| Ok(self.0.symbols()?))?;
        Ok(found.iter().map(|symbol| symbol.as_str().to_owned()).collect())
    }

    /// Symbols with the open times of their first and last bar.
    fn catalog(&self, py: Python<'_>) -> PyResult<Batch> {
        let entries = job::run(py, |_| Ok(self.0.catalog()?))?;
        let columns = [
            ColumnSource::text("symbol", "symbol", |entry: &bars_io::Entry| {
                Some(entry.symbol.to_string())
            }),
            ColumnSource::time("first", "open time of the first bar", |entry: &bars_io::Entry| {
                bars::AsOf::start_of(entry.first)
            }),
            ColumnSource::time("last", "open time of the last bar", |entry: &bars_io::Entry| {
                bars::AsOf::start_of(entry.last)
            }),
        ];
        Batch::of_table(Table::from_rows(&columns, &entries))
    }

    /// The bars of a symbol that open from `start` until before `end`.
    #[pyo3(signature = (symbol, start=None, end=None))]
    fn bars(
        &self,
        py: Python<'_>,
        symbol: &str,
        start: Option<&str>,
        end: Option<&str>,
    ) -> PyResult<Batch> {
        let symbol: Symbol = parse::text(py, "symbol", symbol)?;
        let minute = |name, value: Option<&str>, default: Minute| -> PyResult<Minute> {
            let spec = value.map(|value| parse::asof(py, name, value)).transpose()?;
            Ok(spec.and_then(|spec| spec.moment()).map_or(default, |moment| moment.end()))
        };
        let span = Span {
            start: minute("start", start, Span::ALL.start)?,
            end: minute("end", end, Span::ALL.end)?,
        };
        let series = job::run(py, |_| {
            let known = self.0.entries(std::slice::from_ref(&symbol))?;
            match known.is_empty() {
                true => Err(pipeline::Error::NotInSource {
                    symbols: vec![symbol.clone()],
                    place: self.0.describe(),
                }),
                false => Ok(self.0.bars(&symbol, span)?),
            }
        })?;
        Ok(Batch::of_batch(series.to_record_batch(symbol.as_str())))
    }
}

/// Opens a store, a file or a database.
#[pyfunction]
#[pyo3(signature = (address, bar_time="open"))]
pub fn open(py: Python<'_>, address: &str, bar_time: &str) -> PyResult<Source> {
    let bar_time = match bar_time {
        "open" => BarTime::Open,
        "close" => BarTime::Close,
        other => {
            let reason = format!("bar_time: unknown value \"{other}\"; expected open or close");
            return Err(errors::of_argument(py, reason));
        }
    };
    if let Some(reason) = unsupported(address).filter(|_| !is_mysql(address)) {
        return Err(errors::of_argument(py, reason));
    }
    let source = job::run(py, |_| -> pipeline::Result<Arc<dyn bars_io::Source>> {
        if is_mysql(address) {
            let config = Partial::from_url(address)?.with_defaults(CONNECTIONS);
            return Ok(Arc::new(MySqlSource::open(&config, bar_time, &Warnings::default())?));
        }
        let path = Path::new(address);
        Ok(if path.is_dir() {
            Arc::new(Store::open(path, bar_time)?)
        } else {
            let options = ReadOptions { bar_time, ..ReadOptions::default() };
            Arc::new(FileSource::open(path, &options)?)
        })
    })?;
    Ok(Source(source))
}

/// The bars in a table of any library with the Arrow interfaces, cleaned like those of a file.
#[pyfunction]
#[pyo3(signature = (table, symbol=None))]
pub fn bars_of(py: Python<'_>, table: AnyRecordBatch, symbol: Option<&str>) -> PyResult<Source> {
    let (mut batches, schema) = table.into_table()?.into_inner();
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(schema));
    }
    let symbol: Option<Symbol> =
        symbol.map(|symbol| parse::text(py, "symbol", symbol)).transpose()?;
    let options = ReadOptions { symbol: symbol.clone(), ..ReadOptions::default() };
    let source = job::run(py, |observer| {
        let source = MemorySource::from_record_batches(&batches, &options)?;
        let findings = source.findings();
        if !findings.is_empty() {
            observer.event(Event::Findings(&findings));
        }
        let is_other = |entry: &bars_io::Entry| Some(&entry.symbol) != symbol.as_ref();
        match source.catalog()?.iter().find(|entry| symbol.is_some() && is_other(entry)) {
            Some(Entry { symbol, .. }) => {
                let reason =
                    format!("the table has a column of symbols, such as {symbol}; give no symbol");
                Err(pipeline::Error::parameter("symbol", reason))
            }
            None => Ok(source),
        }
    })?;
    Ok(Source(Arc::new(source)))
}
