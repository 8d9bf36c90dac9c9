//! One Parquet or CSV file of many symbols as a source.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::reader::{MAX_SYMBOLS, read_file, too_many_symbols};
use crate::source::{Entry, Source};
use crate::spill_buffer::SpillBuffer;
use bars::clean::Findings;
use bars::rows::ReadOptions;
use bars::series::Series;
use bars::symbol::Symbol;
use bars::time::Span;

/// A bar file, read once when it is opened and gathered by symbol.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    buffer: SpillBuffer,
    findings: Findings,
}

impl FileSource {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it is missing, damaged or lacks a column, or has more than 262,144 symbols.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<FileSource> {
        let mut buffer = SpillBuffer::default();
        let mut findings = Findings::default();
        read_file(path, options, &mut findings, &mut |symbol, bar| match bar {
            Some(_) if buffer.len() > MAX_SYMBOLS => Err(too_many_symbols(path)),
            Some(bar) => buffer.push(symbol, bar),
            None => Ok(()),
        })?;
        // Replaced rows show when a symbol is put together: all are looked at once, so that the
        // count is that of the file and not of the symbols that a command happens to read.
        for entry in buffer.catalog().iter().filter(|entry| !buffer.is_ascending(&entry.symbol)) {
            buffer.series(&entry.symbol, &mut findings)?;
        }
        Ok(FileSource { path: path.to_owned(), buffer, findings })
    }

    /// The symbols that have bars, in the order of their first ones.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.buffer.symbols()
    }
}

impl Source for FileSource {
    fn describe(&self) -> String {
        format!("file {}", self.path.display())
    }

    fn catalog(&self) -> Result<Vec<Entry>> {
        Ok(self.buffer.catalog())
    }

    fn bars(&self, symbol: &Symbol, span: Span) -> Result<Series> {
        Ok(self.buffer.series(symbol, &mut Findings::default())?.within(span))
    }

    fn findings(&self) -> Findings {
        self.findings.clone()
    }
}
