//! Reads bar files of any supported format. The first bytes of a file decide its format.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use bars::rows::{ReadOptions, RowValidator};
use bars::{Bar, Findings, Symbol, excerpt};

use crate::error::{Error, Result};
use crate::foreign::{ForeignFormat, MAGIC_BYTES};
use crate::{csv, parquet, regular};

/// Maximum number of characters of a value in a message.
const MAX_SHOWN: usize = 40;

/// Maximum number of distinct symbols in a file.
pub(crate) const MAX_SYMBOLS: usize = 1 << 18;

/// The error of a file with more than [`MAX_SYMBOLS`] symbols.
pub(crate) fn too_many_symbols(path: &Path) -> Error {
    let reason = format!("has more than {MAX_SYMBOLS} symbols; split it into several files");
    Error::content(path, reason)
}

/// Receives the bars of a file one by one, in file order; `None` for a rejected row of the symbol.
pub type Sink<'a> = &'a mut dyn FnMut(&Symbol, Option<Bar>) -> Result<()>;

/// Reads the bars of one CSV (plain, gzip or zstd) or Parquet file into `sink`. Its first bytes
/// decide its format.
///
/// # Errors
/// The file is missing or damaged, or lacks a column.
pub fn read_file(
    path: &Path,
    options: &ReadOptions,
    findings: &mut Findings,
    sink: Sink<'_>,
) -> Result<()> {
    read_counted(path, options, findings, &|_| {}, sink)?;
    Ok(())
}

/// [`read_file`] that reports the number of bytes read to `progress`. Returns whether all timestamps
/// were dates without a time of day.
pub(crate) fn read_counted(
    path: &Path,
    options: &ReadOptions,
    findings: &mut Findings,
    progress: &(dyn Fn(u64) + Sync),
    sink: Sink<'_>,
) -> Result<bool> {
    let mut validator = RowValidator::new(options, findings, sink);
    match OpenFile::at(path, progress)? {
        OpenFile::Parquet(file, bytes) => {
            parquet::read(path, file, options, &mut validator)?;
            progress(bytes);
        }
        OpenFile::Csv(bytes, _) => csv::read(path, bytes, options, &mut validator)?,
    }
    Ok(validator.has_only_dates())
}

/// Reads the distinct symbols of a file's symbol column, ordered by first row. Invalid symbols are
/// counted in `findings`.
///
/// # Errors
/// The file is missing or damaged, has no such column, or has more than 262,144 distinct symbols.
pub fn symbols(path: &Path, findings: &mut Findings) -> Result<Vec<Symbol>> {
    let (mut seen, mut symbols) = (BTreeSet::new(), Vec::new());
    let mut last = String::new();
    let mut unreadable = BTreeSet::new();
    let mut is_full = false;
    let mut take = |text: &str| {
        is_full |= seen.len() > MAX_SYMBOLS || unreadable.len() > MAX_SYMBOLS;
        // Cohort files repeat a symbol some 40,000 times.
        if text != last && !is_full {
            text.clone_into(&mut last);
            match text.parse::<Symbol>() {
                Ok(symbol) if seen.insert(symbol.clone()) => symbols.push(symbol),
                Ok(_) => {}
                Err(_) => {
                    unreadable.insert(excerpt(text, MAX_SHOWN));
                }
            }
        }
    };
    match OpenFile::at(path, &|_| {})? {
        OpenFile::Parquet(file, _) => parquet::symbols(path, file, &mut take)?,
        OpenFile::Csv(bytes, _) => csv::symbols(path, bytes, &mut take)?,
    }
    if is_full {
        return Err(too_many_symbols(path));
    }
    if let Some(first) = unreadable.first() {
        let n = unreadable.len();
        findings
            .note(format!("{}: skipped invalid symbols: {n} (first: \"{first}\")", path.display()));
    }
    Ok(symbols)
}

/// An open file, by its format, and its size.
pub(crate) enum OpenFile<'a> {
    Parquet(File, u64),
    Csv(Box<dyn Read + 'a>, u64),
}

impl<'a> OpenFile<'a> {
    pub(crate) fn at(path: &Path, progress: &'a (dyn Fn(u64) + Sync)) -> Result<OpenFile<'a>> {
        let mut file = regular::open(path)?;
        let metadata = file.metadata().map_err(|e| Error::io("read", path, e))?;
        let mut magic = Vec::new();
        let read = file.by_ref().take(MAGIC_BYTES).read_to_end(&mut magic);
        read.and_then(|_| file.rewind()).map_err(|e| Error::io("read", path, e))?;
        if let Some(format) = ForeignFormat::of(&magic) {
            return Err(Error::ForeignFormat { path: path.to_owned(), format });
        }
        match magic[..] {
            [b'P', b'A', b'R', b'1', ..] => Ok(OpenFile::Parquet(file, metadata.len())),
            [b'P', b'K', 3, 4, ..] => {
                Err(Error::content(path, "this is a ZIP archive; import it into a store"))
            }
            _ => {
                let (size, file) = (metadata.len(), Counted { file, progress });
                Ok(OpenFile::Csv(csv::decompress(path, file, size, &magic)?, size))
            }
        }
    }
}

/// A file that reports the number of bytes read.
struct Counted<'a> {
    file: File,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        (self.progress)(read as u64);
        Ok(read)
    }
}
