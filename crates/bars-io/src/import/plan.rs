//! What is to be read: files, the files of folders, and the entries of ZIP archives.
//!
//! Exchanges put the symbol and the interval in the file's name: Kraken `<PAIR>_<minutes>.csv`, Binance
//! `<PAIR>-<interval>-<date>.csv`. In a folder or an archive, intervals other than a minute are skipped. Names of
//! entries are looked at for that alone; they are never used as paths.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::csv;
use crate::error::{Error, Result};
use crate::reader::{Sink, read_counted};
use bars::clean::Findings;
use bars::rows::{ReadOptions, RowValidator};
use bars::symbol::Symbol;

/// The most that an entry of an archive may unpack to: some 20 million bars, forty years of minutes.
const MAX_ENTRY: u64 = 1 << 30;

const KRAKEN_INTERVALS: [&str; 8] = ["1", "5", "15", "30", "60", "240", "720", "1440"];
const EXTENSIONS: [&str; 5] = [".csv", ".csv.gz", ".csv.zst", ".parquet", ".zip"];

/// A file or an entry of an archive.
#[derive(Clone, Debug)]
pub struct Input {
    path: PathBuf,
    /// Index and name of the entry where `path` is an archive.
    entry: Option<(usize, String)>,
    /// Known from the name or by `--symbol`; `None` where a column must tell it.
    symbol: Option<Symbol>,
    bytes: u64,
}

/// The inputs in the order in which they are read.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    inputs: Vec<Input>,
    skipped: Vec<String>,
}

/// Inputs that can be read side by side.
pub(super) enum Wave<'a> {
    /// Inputs of known symbols, grouped by symbol.
    OfSymbols(Vec<(Symbol, Vec<&'a Input>)>),
    /// An input of many symbols.
    Mixed(&'a Input),
}

impl Plan {
    /// Looks at `paths`; `symbol` is that of every row, where given.
    ///
    /// # Errors
    /// Where a path is missing, an archive damaged or naming places outside of itself, or nothing is there to read.
    pub fn of(paths: &[PathBuf], symbol: Option<&Symbol>) -> Result<Plan> {
        let mut plan = Plan::default();
        for path in paths {
            let before = plan.inputs.len();
            let kind = fs::metadata(path).map_err(|e| Error::io("open", path, e))?;
            if kind.is_dir() {
                plan.add_folder(path, symbol)?;
            } else {
                plan.add_file(path, symbol, true)?;
            }
            if plan.inputs.len() == before {
                let skipped = match plan.skipped.len() {
                    0 => String::new(),
                    n => format!(" ({n} files skipped, {} the first)", plan.skipped[0]),
                };
                return Err(Error::content(
                    path,
                    format!(
                        "nothing to import{skipped}; it should hold one-minute bars as <PAIR>_1.csv (Kraken), \
                         <PAIR>-1m-<date>.csv (Binance), CSV with a header, or Parquet"
                    ),
                ));
            }
        }
        Ok(plan)
    }

    /// What was passed over, and why.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Bytes to read, for a progress bar.
    pub fn bytes(&self) -> u64 {
        self.inputs.iter().map(|input| input.bytes).sum()
    }

    fn add_folder(&mut self, folder: &Path, symbol: Option<&Symbol>) -> Result<()> {
        let mut entries = fs::read_dir(folder)
            .and_then(|entries| entries.collect::<io::Result<Vec<_>>>())
            .map_err(|e| Error::io("read", folder, e))?;
        entries.sort_by_key(fs::DirEntry::path);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type().map_err(|e| Error::io("read", &path, e))?;
            if name.starts_with('.') {
                continue;
            } else if kind.is_dir() {
                self.add_folder(&path, symbol)?;
            } else if EXTENSIONS.iter().any(|extension| name.to_lowercase().ends_with(extension)) {
                self.add_file(&path, symbol, false)?;
            } else {
                self.skipped.push(format!("{} (not a bar file)", path.display()));
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, symbol: Option<&Symbol>, named: bool) -> Result<()> {
        let kind = fs::metadata(path).map_err(|e| Error::io("open", path, e))?;
        if !kind.is_file() {
            return Err(Error::content(
                path,
                "this is a pipe or device, and a file is needed here; name a file",
            ));
        }
        let mut file = File::open(path).map_err(|e| Error::io("open", path, e))?;
        let mut magic = [0; 4];
        let is_zip = file.read_exact(&mut magic).is_ok() && magic == *b"PK\x03\x04";
        if is_zip || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
            return self.add_archive(path, symbol);
        }
        let bytes = file.metadata().map_err(|e| Error::io("read", path, e))?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let known = match Named::of(&name) {
            Named::Other(interval) if named => {
                return Err(Error::content(
                    path,
                    format!(
                        "by its name it holds bars of {interval}, not of one minute; import the one-minute file"
                    ),
                ));
            }
            Named::Other(interval) => {
                self.skipped.push(format!("{} (bars of {interval})", path.display()));
                return Ok(());
            }
            Named::Minutes(known) => Some(known),
            Named::Plain => partition_of(path),
        };
        let symbol = symbol.cloned().or(known);
        self.inputs.push(Input { path: path.to_owned(), entry: None, symbol, bytes });
        Ok(())
    }

    fn add_archive(&mut self, path: &Path, symbol: Option<&Symbol>) -> Result<()> {
        let mut archive = open_archive(path)?;
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(|e| damaged(path, &e))?;
            let name = entry.name().map_err(|e| damaged(path, &e))?.into_owned();
            let outside = Path::new(&name)
                .components()
                .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
            if outside || name.contains('\\') {
                return Err(Error::content(
                    path,
                    format!(
                        "it has an entry named '{}', a place outside of the archive, so it is damaged or hostile; \
                         nothing of it was imported",
                        name.escape_debug()
                    ),
                ));
            }
            let base = name.rsplit('/').next().unwrap_or_default();
            if entry.is_dir() || base.starts_with('.') || name.starts_with("__MACOSX/") {
                continue;
            }
            if !base.to_lowercase().ends_with(".csv") {
                self.skipped.push(format!("{name} in {} (not a CSV file)", path.display()));
                continue;
            }
            let known = match Named::of(base) {
                Named::Minutes(known) => Some(known),
                Named::Plain => None,
                Named::Other(interval) => {
                    self.skipped.push(format!("{name} in {} (bars of {interval})", path.display()));
                    continue;
                }
            };
            if entry.size() == 0 {
                self.skipped.push(format!("{name} in {} (empty)", path.display()));
                continue;
            }
            if entry.size() > MAX_ENTRY {
                return Err(too_large(path, &name));
            }
            let (symbol, bytes) = (symbol.cloned().or(known), entry.size());
            self.inputs.push(Input { path: path.to_owned(), entry: Some((index, name)), symbol, bytes });
        }
        Ok(())
    }

    /// The inputs in waves, such that the order within each symbol is kept.
    pub(super) fn waves(&self) -> Vec<Wave<'_>> {
        let mut waves = Vec::new();
        let mut groups: BTreeMap<Symbol, Vec<&Input>> = BTreeMap::new();
        for input in &self.inputs {
            match &input.symbol {
                Some(symbol) => groups.entry(symbol.clone()).or_default().push(input),
                None => {
                    waves.push(Wave::OfSymbols(std::mem::take(&mut groups).into_iter().collect()));
                    waves.push(Wave::Mixed(input));
                }
            }
        }
        waves.push(Wave::OfSymbols(groups.into_iter().collect()));
        waves
    }
}

impl Input {
    /// The error of a row that names another symbol than `--symbol` or the file's name does.
    pub(super) fn names_another(&self, named: &Symbol, symbol: &Symbol) -> Error {
        let reason = format!(
            "it is taken for bars of {symbol}, by its name or by --symbol, but its column of symbols names {named}; \
             rename it or leave --symbol out"
        );
        Error::content(&self.shown(), reason)
    }

    /// Its path, that of an entry below that of its archive.
    fn shown(&self) -> PathBuf {
        self.entry.as_ref().map_or_else(|| self.path.clone(), |(_, name)| self.path.join(name))
    }

    /// Reads the input's bars into `sink`.
    pub(super) fn read(
        &self,
        options: &ReadOptions,
        findings: &mut Findings,
        progress: &(dyn Fn(u64) + Sync),
        sink: Sink<'_>,
    ) -> Result<()> {
        let Some((index, _)) = &self.entry else {
            return read_counted(&self.path, options, findings, progress, sink);
        };
        let mut archive = open_archive(&self.path)?;
        let entry = archive.by_index(*index).map_err(|e| damaged(&self.path, &e))?;
        // The size in the directory may lie: what is read is bounded too.
        let bounded = Bounded { inner: BufReader::new(entry), left: MAX_ENTRY, progress };
        csv::read(&self.shown(), bounded, options, RowValidator::new(options, findings, sink))
    }
}

struct Bounded<'a, R> {
    inner: R,
    left: u64,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        (self.progress)(read as u64);
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other("it unpacks to more than 1 GiB"))?;
        Ok(read)
    }
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>> {
    let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(path, &e))
}

fn damaged(path: &Path, error: &ZipError) -> Error {
    Error::content(path, format!("not a whole ZIP archive ({error}); fetch it again"))
}

fn too_large(path: &Path, name: &str) -> Error {
    Error::content(
        path,
        format!(
            "its entry '{}' unpacks to more than 1 GiB, more than one symbol's minutes can be",
            name.escape_debug()
        ),
    )
}

/// The symbol in a folder name of a hive-style dataset.
fn partition_of(path: &Path) -> Option<Symbol> {
    Symbol::from_file_name(path.parent()?.file_name()?.to_str()?.strip_prefix("symbol=")?)
}

/// What a file's name tells.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// One-minute bars of a symbol.
    Minutes(Symbol),
    /// Bars of another interval.
    Other(String),
    /// Nothing.
    Plain,
}

impl Named {
    fn of(name: &str) -> Named {
        let stem = EXTENSIONS.iter().rev().find_map(|extension| name.strip_suffix(extension)).unwrap_or(name);
        let pair = |text: &str| {
            let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.';
            (!text.is_empty() && text.bytes().all(plain)).then(|| text.parse().ok()).flatten()
        };
        if let Some((base, interval)) = stem.rsplit_once('_')
            && let (Some(symbol), true) = (pair(base), KRAKEN_INTERVALS.contains(&interval))
        {
            return if interval == "1" {
                Named::Minutes(symbol)
            } else {
                Named::Other(format!("{interval} minutes"))
            };
        }
        let mut parts = stem.splitn(3, '-');
        if let (Some(base), Some(interval), Some(date)) = (parts.next(), parts.next(), parts.next())
            && let Some(symbol) = pair(base)
            && interval.len() >= 2
            && interval.as_bytes()[0].is_ascii_digit()
            && date.len() >= 7
            && date.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        {
            return if interval == "1m" { Named::Minutes(symbol) } else { Named::Other(interval.to_owned()) };
        }
        Named::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_symbol_and_interval() {
        let minutes = |symbol: &str| Named::Minutes(symbol.parse().unwrap());
        assert_eq!(Named::of("XBTUSDC_1.csv"), minutes("XBTUSDC"));
        assert_eq!(Named::of("XBTUSDC_1.csv.gz"), minutes("XBTUSDC"));
        assert_eq!(Named::of("XBTUSDC_15.csv"), Named::Other("15 minutes".into()));
        assert_eq!(Named::of("BTCUSDT-1m-2024-02.csv"), minutes("BTCUSDT"));
        assert_eq!(Named::of("BTCUSDT-1m-2024-02-03.zip"), minutes("BTCUSDT"));
        assert_eq!(Named::of("BTCUSDT-1h-2024-02.csv"), Named::Other("1h".into()));
        for plain in ["bars.csv", "my_bars_1.csv", "market-2024-02.csv", "BARS_2.csv", "_1.csv", "é_1.csv"] {
            assert_eq!(Named::of(plain), Named::Plain, "{plain}");
        }
    }
}
