//! Writes to the store: one writer at a time, each symbol changed as a whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::part::{self, Part};
use super::{Files, Store, folder_of};
use crate::atomic::{FinishedFile, TempFiles, commit_all, open_lock, recover};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::source::{Entry, Source};
use crate::target::Target;
use bars::rows::BarTime;
use bars::series::Series;
use bars::symbol::Symbol;
use bars::time::{Minute, Span};

/// New bars at a symbol's end are merged into its last part until that has this many rows (about a
/// year): a part then stays cheap to rewrite, and years of daily imports create few parts.
const PART_ROWS: usize = 1 << 19;

/// The file in the store's folder that its writer locks.
const LOCK: &str = ".lock";

/// Exclusive write access to a store, for one process at a time.
///
/// A folder that [`StoreWriter::open`] creates is removed when the writer is dropped and by
/// [`TempFiles::discard`], if no bar was written until then: a failed import leaves no empty store.
#[derive(Debug)]
pub struct StoreWriter {
    root: PathBuf,
    temp: TempFiles,
    _lock: File,
}

/// The changes of an upsert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upsert {
    /// Bars with a new minute.
    pub added: usize,
    /// Bars that replaced one with other numbers.
    pub changed: usize,
}

impl StoreWriter {
    /// Locks the store in `root`, creating the folder and its parents if needed. Unfinished files
    /// are registered in `temp`.
    ///
    /// # Errors
    /// The folder cannot be written, or another process is writing to it.
    pub fn open(root: &Path, temp: &TempFiles) -> Result<StoreWriter> {
        let is_new = !root.exists();
        temp.create_folders(root)?;
        let path = root.join(LOCK);
        let lock = open_lock(&path)?;
        match lock.try_lock() {
            Ok(()) => {
                if is_new {
                    temp.register(&path);
                }
                Ok(StoreWriter { root: root.to_owned(), temp: temp.clone(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => Err(Error::content(
                root,
                "another process is writing to this store; wait until it is done",
            )),
            Err(TryLockError::Error(e)) => Err(Error::io("lock", &path, e)),
        }
    }

    /// Every symbol of the store with the span of its bars, ordered by symbol.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn held(&self) -> Result<Vec<Entry>> {
        Store { root: self.root.clone(), bar_time: BarTime::Open, ledger: Ledger::default() }
            .catalog()
    }

    /// Merges the bars of `series` into those of `symbol`; they replace existing bars of the same
    /// minutes. If all bars exist already, no byte changes.
    ///
    /// # Errors
    /// The folder cannot be written, or contains files of another writer; the symbol is then
    /// unchanged.
    pub fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<Upsert> {
        let Some((first, last)) = series.ends() else {
            return Ok(Upsert::default());
        };
        let folder = folder_of(&self.root, symbol)?;
        // Of an import that was killed.
        recover(&folder)?;
        let Files::Own(parts) = Files::list(&folder)? else {
            return Err(Error::content(
                &folder,
                "contains Parquet files of another writer, which are never overwritten; import into another folder",
            ));
        };
        remove_others(&folder, &parts)?;
        let touched = touched(&parts, first, last, series.len());
        let touched = &parts[touched];
        let old = part::series(touched, Span::ALL)?;
        let upsert = compare(&old, series);
        if upsert == Upsert::default() {
            return Ok(upsert);
        }
        let merged: Series = old.iter().chain(series.iter()).collect();
        let mut files = Vec::new();
        if touched.is_empty() {
            let last = parts.iter().map(Part::number).max().unwrap_or(0);
            let number = last.checked_add(1).ok_or_else(|| {
                let reason = format!("no number is left after part-{last}; rename it");
                Error::content(&folder, reason)
            })?;
            files.push(self.finish(&folder.join(format!("part-{number:06}.parquet")), &merged)?);
        }
        // Each part keeps its place in time, so that no minute is in two of them while they are
        // replaced one after the other.
        for (part, span) in touched.iter().zip(places(touched)) {
            let bars = merged.slice(span);
            if bars != old.slice(span) {
                files.push(self.finish(part.path(), &bars)?);
            }
        }
        commit_all(files)?;
        self.temp.keep(&self.root.join(LOCK));
        Ok(upsert)
    }

    /// Writes a part, ready to be committed to `path`.
    fn finish(&self, path: &Path, bars: &Series) -> Result<FinishedFile> {
        let mut file = self.temp.create(path)?;
        part::write(bars, &mut file).map_err(|e| Error::writing_parquet(path, e))?;
        file.finish()
    }
}

/// The spans of the bars that belong into each of `parts`: from its first minute to that of the next
/// part; the first and the last have no bound.
fn places(parts: &[Part]) -> impl Iterator<Item = Span> + '_ {
    (0..parts.len()).map(|place| Span {
        start: if place == 0 { Minute::MIN } else { parts[place].first() },
        end: parts.get(place + 1).map_or(Minute::MAX, Part::first),
    })
}

impl Drop for StoreWriter {
    fn drop(&mut self) {
        self.temp.remove(&self.root.join(LOCK));
    }
}

/// Removes old parts that an import by a version before 0.2.0 left behind when it was killed.
fn remove_others(folder: &Path, live: &[Part]) -> Result<()> {
    for path in super::parquet_files(folder)? {
        if !live.iter().any(|part| part.path() == path) {
            fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
        }
    }
    Ok(())
}

/// Returns the parts to merge with bars from `first` to `last`: those that they overlap and all
/// between, or, if they only follow, the last part while it is small.
fn touched(parts: &[Part], first: Minute, last: Minute, rows: usize) -> std::ops::Range<usize> {
    let start = parts.partition_point(|part| part.last() < first);
    let end = parts.partition_point(|part| part.first() <= last);
    if start == end
        && start == parts.len()
        && start > 0
        && parts[start - 1].rows() + rows <= PART_ROWS
    {
        return start - 1..end;
    }
    start..end
}

fn compare(old: &Series, new: &Series) -> Upsert {
    let mut upsert = Upsert::default();
    let mut at = 0;
    for bar in new.iter() {
        while old.time().get(at).is_some_and(|&time| time < bar.time) {
            at += 1;
        }
        if old.time().get(at) != Some(&bar.time) {
            upsert.added += 1;
        } else if old.bar(at) != bar {
            upsert.changed += 1;
        }
    }
    upsert
}

impl Target for StoreWriter {
    fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize> {
        Ok(StoreWriter::upsert(self, symbol, series)?.added)
    }

    fn held(&self) -> Result<Vec<Entry>> {
        StoreWriter::held(self)
    }
}
