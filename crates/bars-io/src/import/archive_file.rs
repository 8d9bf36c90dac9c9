//! The file of a ZIP archive, and its entries.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{Error, Result};
use crate::regular;

/// An archive with its directory, which is parsed once: an archive can have many entries. A clone
/// shares the directory and opens the file again when it is read.
#[derive(Clone, Debug)]
pub(super) struct Archive(pub(super) ZipArchive<ArchiveFile>);

impl Archive {
    /// Opens the archive at `path` and parses its directory.
    pub(super) fn open(path: &Path) -> Result<Archive> {
        let file = Some(BufReader::new(regular::open(path)?));
        let file = ArchiveFile { path: path.into(), file, position: 0 };
        Ok(Archive(ZipArchive::new(file).map_err(|e| damaged(path, &e))?))
    }
}

/// The file of an archive. A clone has the same position and no open file until it is read, so that
/// threads read independently and a plan with many archives keeps none open.
#[derive(Debug)]
pub(super) struct ArchiveFile {
    path: Arc<Path>,
    file: Option<BufReader<File>>,
    position: u64,
}

impl Clone for ArchiveFile {
    fn clone(&self) -> ArchiveFile {
        ArchiveFile { path: self.path.clone(), file: None, position: self.position }
    }
}

impl ArchiveFile {
    fn opened(&mut self) -> io::Result<&mut BufReader<File>> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => {
                let mut file = regular::open(&self.path).map_err(io::Error::other)?;
                file.seek(SeekFrom::Start(self.position))?;
                Ok(none.insert(BufReader::new(file)))
            }
        }
    }
}

impl Read for ArchiveFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.opened()?.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for ArchiveFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = self.position;
        let file = self.opened()?;
        // A short way forward stays in the buffer.
        self.position = match to {
            SeekFrom::Start(at) if at.abs_diff(position) < 1 << 13 => {
                file.seek_relative(at.wrapping_sub(position).cast_signed())?;
                at
            }
            to => file.seek(to)?,
        };
        Ok(self.position)
    }
}

/// An entry of an archive.
#[derive(Clone, Debug)]
pub(super) struct ArchiveEntry {
    archive: Archive,
    index: usize,
    name: String,
}

impl ArchiveEntry {
    /// The entry at `index`; `name` is its name for messages.
    pub(super) fn new(archive: Archive, index: usize, name: String) -> ArchiveEntry {
        ArchiveEntry { archive, index, name }
    }

    /// The name for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The archive, to read from, and the index of the entry.
    pub(super) fn open(&self) -> (Archive, usize) {
        (self.archive.clone(), self.index)
    }
}

pub(super) fn damaged(path: &Path, error: &ZipError) -> Error {
    Error::content(path, format!("damaged ZIP archive ({error}); download it again"))
}
