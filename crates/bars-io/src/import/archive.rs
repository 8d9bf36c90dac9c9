//! ZIP archives as inputs of an import. Entry names are compared, never used as paths.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};

use bars::rows::{ReadOptions, RowValidator};
use bars::{Findings, excerpt};

use super::archive_file::{Archive, ArchiveEntry, damaged};
use super::file::{FileName, ImportFile};
use crate::csv;
use crate::decompressed::max_decompressed;
use crate::error::{Error, Result};
use crate::reader::Sink;

/// Maximum number of characters of an entry's name in a message.
const MAX_NAME: usize = 120;

/// Maximum decompressed size of an entry: some 20 million bars, forty years of minutes.
const MAX_ENTRY: u64 = 1 << 30;

/// Adds the bar files in the archive at `path` to `inputs`, and the others to `skipped`.
pub(super) fn add(
    path: &Path,
    inputs: &mut Vec<ImportFile>,
    skipped: &mut Vec<String>,
) -> Result<()> {
    let mut archive = Archive::open(path)?;
    let size = fs::metadata(path).map_err(|e| Error::io("read", path, e))?.len();
    let mut left = max_decompressed(size);
    let unopened = archive.clone();
    for index in 0..archive.0.len() {
        let entry = archive.0.by_index_raw(index).map_err(|e| damaged(path, &e))?;
        let name = entry.name().map_err(|e| damaged(path, &e))?.into_owned();
        let shown = excerpt(&name, MAX_NAME);
        let outside = Path::new(&name)
            .components()
            .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
        if outside || name.contains('\\') {
            return Err(Error::content(
                path,
                format!(
                    "entry \"{shown}\" points outside of the archive (damaged or hostile); nothing was imported from it"
                ),
            ));
        }
        let base = name.rsplit('/').next().unwrap_or_default();
        if entry.is_dir() || base.starts_with('.') || name.starts_with("__MACOSX/") {
            continue;
        }
        if !base.to_lowercase().ends_with(".csv") {
            skipped.push(format!("{shown} in {} (not a CSV file)", path.display()));
            continue;
        }
        let known = match FileName::parse(base) {
            FileName::Minutes(known) => Some(known),
            FileName::Plain => None,
            FileName::Other(interval) => {
                skipped.push(format!("{shown} in {} (bars of {interval})", path.display()));
                continue;
            }
        };
        if entry.size() == 0 {
            skipped.push(format!("{shown} in {} (empty)", path.display()));
            continue;
        }
        if entry.size() > MAX_ENTRY {
            return Err(too_large(path, &shown));
        }
        // Entries of a hostile archive can share their compressed bytes.
        left = left.checked_sub(entry.size()).ok_or_else(|| {
            let reason = "its entries decompress to more than 1 GiB and 200 times its size; \
                          unpack it first";
            Error::content(path, reason)
        })?;
        inputs.push(ImportFile {
            path: path.to_owned(),
            entry: Some(ArchiveEntry::new(unopened.clone(), index, shown)),
            is_named_minutes: known.is_some(),
            symbol: known,
            bytes: entry.size(),
        });
    }
    Ok(())
}

/// Reads an entry. Returns whether all timestamps were dates without a time of day.
pub(super) fn read_entry(
    input: &ImportFile,
    entry: &ArchiveEntry,
    options: &ReadOptions,
    findings: &mut Findings,
    progress: &(dyn Fn(u64) + Sync),
    sink: Sink<'_>,
) -> Result<bool> {
    let (mut archive, index) = entry.open();
    let entry = archive.0.by_index(index).map_err(|e| damaged(&input.path, &e))?;
    // `zip` reads no more than the size in the directory, which was checked.
    let bytes = BufReader::new(entry);
    let mut validator = RowValidator::new(options, findings, sink);
    csv::read(&input.shown(), Counted { bytes, progress }, options, &mut validator)?;
    Ok(validator.has_only_dates())
}

/// A reader that reports the number of bytes read.
struct Counted<'a, R> {
    bytes: R,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        (self.progress)(read as u64);
        Ok(read)
    }
}

fn too_large(path: &Path, name: &str) -> Error {
    Error::content(
        path,
        format!(
            "entry \"{name}\" decompresses to more than 1 GiB, more than the minutes of one symbol"
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// An archive of `entries` entries and its inputs.
    fn archive(entries: usize) -> (tempfile::NamedTempFile, Vec<ImportFile>) {
        let mut zip = ZipWriter::new(tempfile::NamedTempFile::new().unwrap());
        for i in 0..entries {
            zip.start_file(format!("A{i}_1.csv"), SimpleFileOptions::default()).unwrap();
            writeln!(zip, "1704067200,{},9,1,2,0.5,3", i + 1).unwrap();
        }
        let file = zip.finish().unwrap();
        let (mut inputs, mut skipped) = (Vec::new(), Vec::new());
        add(file.path(), &mut inputs, &mut skipped).unwrap();
        assert_eq!((inputs.len(), skipped.len()), (entries, 0));
        (file, inputs)
    }

    fn opens(inputs: &[ImportFile]) -> Result<Vec<f64>> {
        let mut opens = Vec::new();
        for input in inputs {
            let options = ReadOptions { symbol: input.symbol.clone(), ..ReadOptions::default() };
            let entry = input.entry.as_ref().unwrap();
            let mut sink = |_: &bars::Symbol, bar: Option<bars::Bar>| {
                opens.extend(bar.map(|bar| bar.open));
                Ok(())
            };
            read_entry(input, entry, &options, &mut Findings::default(), &|_| {}, &mut sink)?;
        }
        Ok(opens)
    }

    #[test]
    fn entries_are_read_in_any_order() {
        let (_file, mut inputs) = archive(9);
        inputs.reverse();
        let expected: Vec<f64> = (1..=9).rev().map(f64::from).collect();
        assert_eq!(opens(&inputs).unwrap(), expected);
    }

    /// If the directory was read again for each entry, 60,000 entries would take minutes.
    #[test]
    fn the_directory_is_parsed_once() {
        let (file, inputs) = archive(30);
        let bytes = std::fs::read(file.path()).unwrap();
        let directory = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        std::fs::write(file.path(), &bytes[..directory]).unwrap();
        assert_eq!(opens(&inputs).unwrap().len(), 30);
    }

    #[test]
    fn a_plan_keeps_no_archive_open() {
        let (_file, inputs) = archive(2);
        assert!(inputs.iter().all(|input| {
            input.entry.as_ref().is_some_and(|entry| format!("{entry:?}").contains("file: None"))
        }));
    }
}
