//! The embedded store: a folder of Parquet files, `symbol=<SYMBOL>/part-<n>.parquet`, hive style,
//! readable by DuckDB, polars, pandas and Spark.
//!
//! A part contains bars of one symbol, cleaned, sorted and unique, in row groups of [`ROW_GROUP`]
//! rows. Row group statistics give their spans, so that a time range reads only what it needs.
//! Parts of a symbol do not overlap in time, at any moment: an import divides its bars among the
//! parts that it changes, each of which keeps its place in time, and puts the new parts in place with
//! one rename each. If there are several, a journal lists the renames first
//! ([`commit_all`](crate::atomic::commit_all)); a reader takes listed renames as done, so it sees a
//! symbol as before or after an import, never in between. Other programs may see some parts before
//! and some after, but no minute twice.
//!
//! Versions before 0.2.0 left old parts behind if they were killed at the end of an import. A part is
//! therefore ignored if one with a higher number contains its minutes.
//!
//! A dataset in the same layout by another writer is read too, if its columns have known names: its
//! files (any `*.parquet`) are cleaned like any input.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use rayon::prelude::*;

use crate::atomic;
use crate::error::{Error, Result};
use crate::import::EXTENSIONS;
use crate::ledger::Ledger;
use crate::links::leads_out;
use crate::reader::read_file;
use crate::source::{Entry, Source};
use bars::clean::Findings;
use bars::rows::{BarTime, ReadOptions};
use bars::series::{Closes, Series, SeriesBuilder};
use bars::symbol::Symbol;
use bars::time::{Minute, Span};

pub use part::ROW_GROUP;
pub use writer::{StoreWriter, Upsert};

use part::Part;

mod checksum;
mod part;
mod writer;

/// Number of attempts to list a symbol's folder if a part disappears while reading.
const LOOKS: usize = 5;

/// Number of attempts to open all files of a symbol as they were at one moment, and the pause between.
const MAX_CHANGES: usize = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// The store as a source.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    bar_time: BarTime,
    ledger: Ledger,
}

impl Store {
    /// Opens the store in the folder `root`. `bar_time` is the meaning of timestamps in files of
    /// other writers.
    ///
    /// # Errors
    /// There is no such folder, or it has no symbols.
    pub fn open(root: &Path, bar_time: BarTime) -> Result<Store> {
        let store = Store { root: root.to_owned(), bar_time, ledger: Ledger::default() };
        if folders(root)?.is_empty() {
            if let Some(kind) = loose_files(root)? {
                return Err(Error::LooseFiles { path: root.to_owned(), kind });
            }
            return Err(Error::content(
                root,
                "no bars in this folder (a store has folders named symbol=<SYMBOL>); import bars into it",
            ));
        }
        Ok(store)
    }

    /// Runs `read` on the live files of a symbol, again if an import removed one meanwhile.
    fn with_files<T>(
        &self,
        symbol: &Symbol,
        mut read: impl FnMut(Files) -> Result<T>,
    ) -> Result<T> {
        let folder = folder_of(&self.root, symbol)?;
        let mut looks = 0;
        loop {
            looks += 1;
            match Files::list(&folder).and_then(&mut read) {
                Err(Error::Missing { .. }) if looks < LOOKS => {}
                done => return done,
            }
        }
    }

    /// Reads and cleans the bars of another writer's files; also returns the findings.
    fn foreign(&self, symbol: &Symbol, paths: &[PathBuf]) -> Result<(Series, Findings)> {
        let options = ReadOptions {
            bar_time: self.bar_time,
            symbol: Some(symbol.clone()),
            ..ReadOptions::default()
        };
        let mut findings = Findings::default();
        let mut builder = SeriesBuilder::default();
        for path in paths {
            read_file(path, &options, &mut findings, &mut |_, bar| {
                bar.into_iter().for_each(|bar| builder.push(bar));
                Ok(())
            })?;
        }
        let series = findings.series(symbol, builder);
        Ok((series, findings))
    }

    /// Returns the bars of [`Store::foreign`] within `span` and records the findings.
    fn foreign_within(&self, symbol: &Symbol, paths: &[PathBuf], span: Span) -> Result<Series> {
        let (series, findings) = self.foreign(symbol, paths)?;
        self.ledger.note(symbol, findings);
        Ok(series.within(span))
    }
}

impl Source for Store {
    fn describe(&self) -> String {
        format!("store {}", self.root.display())
    }

    fn catalog(&self) -> Result<Vec<Entry>> {
        self.entries(&self.symbols()?)
    }

    fn symbols(&self) -> Result<Vec<Symbol>> {
        Ok(folders(&self.root)?.into_keys().collect())
    }

    fn entries(&self, symbols: &[Symbol]) -> Result<Vec<Entry>> {
        let ends = |symbol: &&Symbol| {
            self.with_files(symbol, |files| match files {
                Files::Own(parts) => Ok(ends_of(&parts)),
                Files::Foreign(paths) => Ok(self.foreign(symbol, &paths)?.0.ends()),
            })
        };
        let symbols: Vec<&Symbol> = symbols.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let all: Vec<_> = symbols.par_iter().map(ends).collect::<Result<_>>()?;
        let entry = |(symbol, ends): (&Symbol, Option<(Minute, Minute)>)| {
            ends.map(|(first, last)| Entry { symbol: symbol.clone(), first, last })
        };
        Ok(symbols.into_iter().zip(all).filter_map(entry).collect())
    }

    fn bars(&self, symbol: &Symbol, span: Span) -> Result<Series> {
        self.with_files(symbol, |files| match files {
            Files::Own(parts) => part::series(&parts, span),
            Files::Foreign(paths) => self.foreign_within(symbol, &paths, span),
        })
    }

    fn prices(&self, symbol: &Symbol, span: Span, into: &mut Series) -> Result<()> {
        self.with_files(symbol, |files| match files {
            Files::Own(parts) => part::prices(&parts, span, into),
            Files::Foreign(paths) => {
                *into = self.foreign_within(symbol, &paths, span)?.without_trades();
                Ok(())
            }
        })
    }

    fn closes(&self, symbol: &Symbol, span: Span, into: &mut Closes) -> Result<()> {
        self.with_files(symbol, |files| match files {
            Files::Own(parts) => part::closes(&parts, span, into),
            Files::Foreign(paths) => {
                into.copy_from(&self.foreign_within(symbol, &paths, span)?);
                Ok(())
            }
        })
    }

    fn has_trades(&self, symbol: &Symbol, span: Span) -> Result<bool> {
        self.with_files(symbol, |files| match files {
            Files::Own(parts) if parts.iter().all(|part| !part.has_trades()) => Ok(false),
            // Of several parts a later one may replace the bars of an earlier one.
            Files::Own(parts) if parts.len() == 1 && parts[0].surely_has_trades(span) => Ok(true),
            Files::Own(parts) => Ok(part::series(&parts, span)?.trades().is_some()),
            Files::Foreign(paths) => {
                Ok(self.foreign_within(symbol, &paths, span)?.trades().is_some())
            }
        })
    }

    fn findings(&self) -> Findings {
        self.ledger.total()
    }
}

/// The files of a symbol: live parts, oldest bars first, or another writer's files.
enum Files {
    Own(Vec<Part>),
    Foreign(Vec<PathBuf>),
}

impl Files {
    /// Opens the files of a symbol, as they were at one moment.
    fn list(folder: &Path) -> Result<Files> {
        let mut before = seen(folder)?;
        for _ in 0..MAX_CHANGES {
            let files = Files::open(&before)?;
            // Not while an import renames parts.
            let after = seen(folder)?;
            if after.iter().map(Seen::identity).eq(before.iter().map(Seen::identity)) {
                return Ok(files);
            }
            before = after;
            sleep(PAUSE);
        }
        let reason = "its files change all the time; wait until the import is done";
        Err(Error::content(folder, reason))
    }

    fn open(seen: &[Seen]) -> Result<Files> {
        let mut parts = Vec::with_capacity(seen.len());
        for Seen { path, from, .. } in seen {
            match Part::open(path, from)? {
                Some(part) => parts.push(part),
                None => {
                    let paths = seen.iter().map(|seen| seen.path.clone());
                    return Ok(Files::Foreign(paths.collect()));
                }
            }
        }
        Ok(Files::Own(live(parts)?))
    }
}

/// A Parquet file of a symbol.
struct Seen {
    path: PathBuf,
    /// Where its content is: a temporary file, if an import is about to rename that, else `path`.
    from: PathBuf,
    /// Changes with the content: length, time of change, number in the file system.
    version: (u64, Option<SystemTime>, u64),
}

impl Seen {
    fn identity(&self) -> (&Path, (u64, Option<SystemTime>, u64)) {
        (&self.path, self.version)
    }
}

/// The Parquet files of a folder by name, with the renames that a journal lists as if they were
/// done; none if the folder does not exist.
fn seen(folder: &Path) -> Result<Vec<Seen>> {
    let is_part = |path: &PathBuf| path.parent() == Some(folder) && is_visible_parquet(path);
    let pending = atomic::pending(folder).into_iter().map(|(from, path)| (path, from));
    let mut pending: BTreeMap<PathBuf, PathBuf> =
        pending.filter(|(path, _)| is_part(path)).collect();
    let paths: BTreeSet<PathBuf> =
        parquet_files(folder)?.into_iter().chain(pending.keys().cloned()).collect();
    let seen = |path: PathBuf| {
        let from = pending.remove(&path).unwrap_or_else(|| path.clone());
        let meta = fs::metadata(&from).map_err(|e| Error::io("open", &path, e))?;
        let version = (meta.len(), meta.modified().ok(), file_number(&meta));
        Ok(Seen { path, from, version })
    };
    paths.into_iter().map(seen).collect()
}

#[cfg(unix)]
fn file_number(meta: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
fn file_number(_: &fs::Metadata) -> u64 {
    0
}

/// Returns the parts that no newer one hides, oldest bars first. A part that replaces others contains
/// their minutes, so it hides them as a whole.
///
/// # Errors
/// Two parts overlap without one of them containing the other's minutes, or have the same number:
/// they come from different stores.
fn live(mut parts: Vec<Part>) -> Result<Vec<Part>> {
    parts.sort_by_key(|part| std::cmp::Reverse(part.number()));
    let mut live: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        let overlaps = |newer: &&Part| {
            newer.number() == part.number()
                || (newer.first() <= part.last() && part.first() <= newer.last())
        };
        let Some(newer) = live.iter().find(overlaps) else {
            live.push(part);
            continue;
        };
        let is_hidden = newer.number() != part.number()
            && newer.first() <= part.first()
            && part.last() <= newer.last();
        if !is_hidden {
            let reason = format!(
                "overlaps {}, which does not replace it; move one of them out of the store and import it",
                newer.path().display()
            );
            return Err(Error::content(part.path(), reason));
        }
    }
    live.sort_by_key(Part::first);
    Ok(live)
}

fn ends_of(parts: &[Part]) -> Option<(Minute, Minute)> {
    Some((parts.first()?.first(), parts.last()?.last()))
}

/// Returns the folder of a symbol: with our encoding of its name, or as another writer spelled it.
fn folder_of(root: &Path, symbol: &Symbol) -> Result<PathBuf> {
    let ours = root.join(format!("symbol={}", symbol.file_name()));
    if ours.is_dir() {
        must_stay(&ours, root)?;
        return Ok(ours);
    }
    Ok(folders(root)?.remove(symbol).unwrap_or(ours))
}

/// The symbols of a store and their folders.
fn folders(root: &Path) -> Result<BTreeMap<Symbol, PathBuf>> {
    let mut folders = BTreeMap::new();
    for entry in fs::read_dir(root).map_err(|e| Error::io("open", root, e))? {
        let entry = entry.map_err(|e| Error::io("read", root, e))?;
        let name = entry.file_name();
        let Some(encoded) = name.to_str().and_then(|name| name.strip_prefix("symbol=")) else {
            continue;
        };
        let symbol = Symbol::from_file_name(encoded).ok_or_else(|| {
            Error::content(
                &entry.path(),
                "this folder's name is not a valid symbol; rename it or move it out of the store",
            )
        })?;
        must_stay(&entry.path(), root)?;
        if let Some(other) = folders.insert(symbol.clone(), entry.path()) {
            let reason = format!(
                "this folder and {} both belong to symbol {symbol}; merge them",
                other.display()
            );
            return Err(Error::content(&entry.path(), reason));
        }
    }
    Ok(folders)
}

/// Refuses a link out of the folder it is in: an import would write elsewhere.
fn must_stay(path: &Path, folder: &Path) -> Result<()> {
    if leads_out(path, folder) {
        let reason = "a symbolic link out of its folder; replace it by what it links to";
        return Err(Error::content(path, reason));
    }
    Ok(())
}

/// The kind of the first bar file or archive in a folder, by name.
fn loose_files(folder: &Path) -> Result<Option<&'static str>> {
    let error = |e| Error::io("open", folder, e);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        names.push(entry.map_err(error)?.file_name().to_string_lossy().to_lowercase());
    }
    names.sort();
    let kind = |name: &String| {
        let extension = EXTENSIONS.into_iter().find(|extension| name.ends_with(extension))?;
        Some(match extension {
            ".parquet" => "Parquet",
            ".zip" => "ZIP",
            _ => "CSV",
        })
    };
    Ok(names.iter().filter(|name| !name.starts_with('.')).find_map(kind))
}

/// The Parquet files of a folder by name; none if the folder does not exist.
fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", folder, e)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| Error::io("read", folder, e))?.path();
        if is_visible_parquet(&path) {
            must_stay(&path, folder)?;
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether a file is one that readers of a folder read.
fn is_visible_parquet(path: &Path) -> bool {
    let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !is_hidden && path.extension().is_some_and(|extension| extension == "parquet")
}
