//! ZIP archives as inputs of an import. Entry names are compared, never used as paths.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};

use bars::Findings;
use bars::rows::{ReadOptions, RowValidator};
use zip::ZipArchive;
use zip::result::ZipError;

use super::file::{FileName, ImportFile};
use crate::csv;
use crate::error::{Error, Result};
use crate::reader::Sink;

/// Maximum decompressed size of an entry: some 20 million bars, forty years of minutes.
const MAX_ENTRY: u64 = 1 << 30;

/// Adds the bar files in the archive at `path` to `inputs`, and the others to `skipped`.
pub(super) fn add(
    path: &Path,
    inputs: &mut Vec<ImportFile>,
    skipped: &mut Vec<String>,
) -> Result<()> {
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
                    "entry \"{}\" points outside of the archive (damaged or hostile); nothing was imported from it",
                    name.escape_debug()
                ),
            ));
        }
        let base = name.rsplit('/').next().unwrap_or_default();
        if entry.is_dir() || base.starts_with('.') || name.starts_with("__MACOSX/") {
            continue;
        }
        if !base.to_lowercase().ends_with(".csv") {
            skipped.push(format!("{name} in {} (not a CSV file)", path.display()));
            continue;
        }
        let known = match FileName::parse(base) {
            FileName::Minutes(known) => Some(known),
            FileName::Plain => None,
            FileName::Other(interval) => {
                skipped.push(format!("{name} in {} (bars of {interval})", path.display()));
                continue;
            }
        };
        if entry.size() == 0 {
            skipped.push(format!("{name} in {} (empty)", path.display()));
            continue;
        }
        if entry.size() > MAX_ENTRY {
            return Err(too_large(path, &name));
        }
        inputs.push(ImportFile {
            path: path.to_owned(),
            entry: Some((index, name)),
            is_named_minutes: known.is_some(),
            symbol: known,
            bytes: entry.size(),
        });
    }
    Ok(())
}

/// Reads the entry at `index` of an archive. Returns whether all timestamps were dates without a
/// time of day.
pub(super) fn read_entry(
    input: &ImportFile,
    index: usize,
    options: &ReadOptions,
    findings: &mut Findings,
    progress: &(dyn Fn(u64) + Sync),
    sink: Sink<'_>,
) -> Result<bool> {
    let mut archive = open_archive(&input.path)?;
    let entry = archive.by_index(index).map_err(|e| damaged(&input.path, &e))?;
    // The size in the directory may be wrong, so reading is bounded too.
    let bounded = Bounded { inner: BufReader::new(entry), left: MAX_ENTRY, progress };
    let mut validator = RowValidator::new(options, findings, sink);
    csv::read(&input.shown(), bounded, options, &mut validator)?;
    Ok(validator.has_only_dates())
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
            .ok_or_else(|| io::Error::other("decompresses to more than 1 GiB"))?;
        Ok(read)
    }
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>> {
    let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(path, &e))
}

fn damaged(path: &Path, error: &ZipError) -> Error {
    Error::content(path, format!("damaged ZIP archive ({error}); download it again"))
}

fn too_large(path: &Path, name: &str) -> Error {
    Error::content(
        path,
        format!(
            "entry \"{}\" decompresses to more than 1 GiB, more than the minutes of one symbol",
            name.escape_debug()
        ),
    )
}
