//! Writing into the store: one writer at a time, each symbol changed by a single rename.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::part::{self, Part};
use super::{Files, Store, folder_of};
use crate::atomic::{TempFiles, remove_stale_temps};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::source::{Entry, Source};
use crate::target::Target;
use bars::rows::BarTime;
use bars::series::Series;
use bars::symbol::Symbol;
use bars::time::{Minute, Span};

/// New bars at a symbol's end are joined to its last part until that holds so many, about a year: a
/// part is then cheap to rewrite, and years of daily imports leave few parts.
const PART_ROWS: usize = 1 << 19;

/// The right to write into a store, held by one process at a time.
#[derive(Debug)]
pub struct StoreWriter {
    root: PathBuf,
    temp: TempFiles,
    _lock: File,
}

/// What an upsert changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upsert {
    /// Bars whose minute was new.
    pub added: usize,
    /// Bars that replaced another with other numbers.
    pub changed: usize,
}

impl StoreWriter {
    /// Locks the store in `root`, creating the folder if needed. Unfinished files are listed in
    /// `temp`.
    ///
    /// # Errors
    /// Where the folder cannot be written, or another process writes into it.
    pub fn open(root: &Path, temp: &TempFiles) -> Result<StoreWriter> {
        fs::create_dir_all(root).map_err(|e| Error::io("make the folder", root, e))?;
        let path = root.join(".lock");
        let lock = File::create(&path).map_err(|e| Error::io("write", &path, e))?;
        match lock.try_lock() {
            Ok(()) => Ok(StoreWriter { root: root.to_owned(), temp: temp.clone(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::content(
                root,
                "another process is writing into this store; wait until it is done",
            )),
            Err(TryLockError::Error(e)) => Err(Error::io("lock", &path, e)),
        }
    }

    /// Every symbol of the store with the span of its bars, ordered by symbol.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn held(&self) -> Result<Vec<Entry>> {
        Store { root: self.root.clone(), bar_time: BarTime::Open, ledger: Ledger::default() }
            .catalog()
    }

    /// Brings the bars of `series` into those of `symbol`; where a minute is in both, `series`
    /// wins. Bars that are there already change nothing, not a byte.
    ///
    /// # Errors
    /// Where the folder cannot be written, or holds files of another writer; the symbol then is as
    /// it was.
    pub fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<Upsert> {
        let Some((first, last)) = series.ends() else {
            return Ok(Upsert::default());
        };
        let folder = folder_of(&self.root, symbol)?;
        let Files::Own(parts) = Files::list(&folder)? else {
            return Err(Error::content(
                &folder,
                "it holds Parquet files of another writer, which are never overwritten; import into another folder",
            ));
        };
        remove_others(&folder, &parts)?;
        let touched = touched(&parts, first, last, series.len());
        let (touched, number) =
            (&parts[touched], 1 + parts.iter().map(Part::number).max().unwrap_or(0));
        let old = part::series(touched, Span::ALL)?;
        let upsert = compare(&old, series);
        if upsert == Upsert::default() {
            return Ok(upsert);
        }
        let merged: Series = old.iter().chain(series.iter()).collect();
        let place = folder.join(format!("part-{number:06}.parquet"));
        let mut file = self.temp.create(&place)?;
        part::write(&merged, &mut file).map_err(|e| Error::writing_parquet(&place, e))?;
        file.commit()?;
        // From here on the new part hides the old ones. One that cannot go now is removed by the
        // next import, which says if it cannot.
        for part in touched {
            let _ = fs::remove_file(part.path());
        }
        Ok(upsert)
    }
}

/// Removes what an import that was killed after its rename left behind, and its temporary files.
fn remove_others(folder: &Path, live: &[Part]) -> Result<()> {
    remove_stale_temps(folder, ".part-");
    for path in super::parquet_files(folder)? {
        if !live.iter().any(|part| part.path() == path) {
            fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
        }
    }
    Ok(())
}

/// The run of parts that bars from `first` to `last` must be merged with: those they overlap and
/// all between, or, where they only follow, the last part while it is small.
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
