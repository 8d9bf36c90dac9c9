//! Lists the inputs of an import: files, files in folders, and entries of ZIP archives.
//!
//! Exchanges put symbol and interval into file names: Kraken `<PAIR>_<minutes>.csv`, Binance
//! `<PAIR>-<interval>-<date>.csv`. In folders and archives, intervals other than one minute are
//! skipped. Names of entries serve only this purpose and are never used as paths.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::file::{EXTENSIONS, FileName, ImportFile};
use crate::atomic;
use crate::error::{Error, Result};
use crate::foreign::{ForeignFormat, MAGIC_BYTES};
use crate::regular;
use bars::symbol::Symbol;

/// The inputs in reading order.
#[derive(Clone, Debug, Default)]
pub struct ImportPlan {
    pub(super) inputs: Vec<ImportFile>,
    pub(super) skipped: Vec<String>,
    /// The symbols in the names of files and folders.
    named: BTreeSet<Symbol>,
}

/// Maximum number of symbols in an error.
const MAX_NAMES: usize = 5;

/// Inputs that can be read in parallel.
pub(super) enum Wave<'a> {
    /// Inputs of known symbols, grouped by symbol.
    OfSymbols(Vec<(Symbol, Vec<&'a ImportFile>)>),
    /// An input with many symbols.
    Mixed(&'a ImportFile),
}

impl ImportPlan {
    /// Lists the inputs in `paths`; `symbol`, if given, is that of every row.
    ///
    /// # Errors
    /// A path is missing, an archive is damaged or has entries outside of itself, there is nothing
    /// to read, or `symbol` is given for files of several symbols.
    pub fn from_paths(paths: &[PathBuf], symbol: Option<&Symbol>) -> Result<ImportPlan> {
        let mut plan = ImportPlan::default();
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
                    n => format!(" ({n} skipped, first: {})", plan.skipped[0]),
                };
                return Err(Error::content(
                    path,
                    format!(
                        "nothing to import{skipped}; expected one-minute bars as <PAIR>_1.csv (Kraken), \
                         <PAIR>-1m-<date>.csv (Binance), CSV with a header, or Parquet"
                    ),
                ));
            }
        }
        if let (Some(symbol), true) = (symbol, plan.named.len() > 1) {
            let names: Vec<&str> = plan.named.iter().map(Symbol::as_str).collect();
            let first = names[..names.len().min(MAX_NAMES)].join(", ");
            let more = if names.len() > MAX_NAMES { ", ..." } else { "" };
            return Err(Error::Input(format!(
                "the files have bars of {} symbols ({first}{more}), which cannot all be {symbol}; \
                 import them one by one, or give no symbol",
                names.len()
            )));
        }
        Ok(plan)
    }

    /// The skipped files with reasons.
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
        // An import into a store may have been killed before its last renames.
        let pending = atomic::pending(folder);
        for (temporary, to) in &pending {
            if to.parent() == Some(folder) {
                self.add_file(temporary, symbol, false)?;
            }
        }
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type().map_err(|e| Error::io("read", &path, e))?;
            if name.starts_with('.') || pending.iter().any(|(_, to)| *to == path) {
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
        let mut file = regular::open(path)?;
        let mut magic = Vec::new();
        let read = file.by_ref().take(MAGIC_BYTES).read_to_end(&mut magic);
        read.map_err(|e| Error::io("read", path, e))?;
        if let Some(format) = ForeignFormat::of(&magic) {
            return Err(Error::ForeignFormat { path: path.to_owned(), format });
        }
        let is_zip = magic.starts_with(b"PK\x03\x04");
        if is_zip || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
        {
            #[cfg(feature = "archive")]
            return self.add_archive(path, symbol);
            #[cfg(not(feature = "archive"))]
            return Err(Error::content(
                path,
                "a ZIP archive, but this build lacks the cargo feature archive; unpack it first",
            ));
        }
        let bytes = file.metadata().map_err(|e| Error::io("read", path, e))?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut is_named_minutes = false;
        let known = match FileName::parse(&name) {
            FileName::Other(interval) if named => {
                return Err(Error::content(
                    path,
                    format!(
                        "by its name it has bars of {interval}, not one-minute bars; import the one-minute file"
                    ),
                ));
            }
            FileName::Other(interval) => {
                self.skipped.push(format!("{} (bars of {interval})", path.display()));
                return Ok(());
            }
            FileName::Minutes(known) => {
                is_named_minutes = true;
                Some(known)
            }
            FileName::Plain => partition_of(path),
        };
        self.named.extend(known.clone());
        let symbol = symbol.cloned().or(known);
        let path = path.to_owned();
        self.inputs.push(ImportFile { path, entry: None, symbol, is_named_minutes, bytes });
        Ok(())
    }

    #[cfg(feature = "archive")]
    fn add_archive(&mut self, path: &Path, symbol: Option<&Symbol>) -> Result<()> {
        let before = self.inputs.len();
        super::archive::add(path, &mut self.inputs, &mut self.skipped)?;
        for input in &mut self.inputs[before..] {
            self.named.extend(input.symbol.clone());
            input.symbol = symbol.cloned().or(input.symbol.take());
        }
        Ok(())
    }

    /// Groups the inputs into waves that keep the order within each symbol.
    pub(super) fn waves(&self) -> Vec<Wave<'_>> {
        let mut waves = Vec::new();
        let mut groups: BTreeMap<Symbol, Vec<&ImportFile>> = BTreeMap::new();
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

/// Returns the symbol in a folder name of a hive-style dataset.
fn partition_of(path: &Path) -> Option<Symbol> {
    Symbol::from_file_name(path.parent()?.file_name()?.to_str()?.strip_prefix("symbol=")?)
}
