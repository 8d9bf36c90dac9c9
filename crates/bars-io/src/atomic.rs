//! Atomic files: complete or absent.
//!
//! An [`AtomicFile`] is written under a temporary name in the folder of its destination and renamed
//! by [`AtomicFile::commit`]. Until then the destination keeps its old content. A dropped file is
//! removed. The temporary files of a piece of work belong to a [`TempFiles`] value; signal handlers
//! keep a clone of it and call [`TempFiles::discard`]. Files of a killed process are removed when
//! the same destination is written next, because their locks are free by then.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// The unfinished files of a piece of work, and the folders created for them. Clones share one
/// list.
///
/// ```
/// use bars_io::atomic::TempFiles;
/// let folder = tempfile::tempdir().unwrap();
/// let temp = TempFiles::default();
/// temp.write(&folder.path().join("out.csv"), b"a,b\n").unwrap();
/// assert_eq!(std::fs::read(folder.path().join("out.csv")).unwrap(), b"a,b\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct TempFiles(Arc<Mutex<Unfinished>>);

#[derive(Debug, Default)]
struct Unfinished {
    /// Temporary files that are being written or wait for their commit.
    files: BTreeSet<PathBuf>,
    /// Folders that were created for files; removed again if they stay empty.
    folders: BTreeSet<PathBuf>,
}

impl TempFiles {
    fn lock(&self) -> MutexGuard<'_, Unfinished> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes every unfinished file, and blocks creating and committing while the returned guard
    /// lives. For signal handlers, just before the process exits.
    pub fn discard(&self) -> impl Drop + '_ {
        let mut unfinished = self.lock();
        for path in unfinished.files.clone() {
            // A file that cannot be removed now is removed by the next writer of its destination.
            let _ = fs::remove_file(&path);
            unfinished.remove_empty_folders(folder_of(&path));
        }
        unfinished
    }

    /// Creates a file that will replace `path`, and missing folders above it. If `path` is a
    /// symbolic link, its target is replaced.
    ///
    /// # Errors
    /// The folder cannot be created or written, or `path` is a folder, a pipe or a device.
    pub fn create(&self, path: &Path) -> Result<AtomicFile> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = folder_of(&path);
        self.create_folders(folder)?;
        if fs::metadata(&path).is_ok_and(|kind| !kind.is_file()) {
            let reason = "not a regular file (a folder, pipe or device); give another path";
            return Err(Error::content(&path, reason));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        remove_stale_temps(folder, &format!(".{name}."));
        loop {
            let file = self.begin(&path, &name)?;
            // Another process may have removed the file as stale before it was locked.
            if file.temporary.exists() {
                return Ok(file);
            }
        }
    }

    fn begin(&self, path: &Path, name: &str) -> Result<AtomicFile> {
        let random = RandomState::new().hash_one(0);
        let temporary =
            folder_of(path).join(format!(".{name}.{}-{random}.tmp", std::process::id()));
        let mut unfinished = self.lock();
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary);
        let file = file.map_err(|e| Error::io("write", path, e))?;
        unfinished.files.insert(temporary.clone());
        drop(unfinished);
        // A running writer holds this lock, and the system releases it when the process ends. An
        // unlocked file is stale.
        let locked = file.try_lock();
        let file = Some(BufWriter::with_capacity(1 << 16, file));
        let file = AtomicFile { path: path.to_owned(), temporary, file, temp: self.clone() };
        match locked {
            Err(TryLockError::Error(e)) if e.kind() != io::ErrorKind::Unsupported => {
                Err(Error::io("write", path, e))
            }
            _ => Ok(file),
        }
    }

    /// Writes `bytes` to `path` atomically.
    ///
    /// # Errors
    /// The file cannot be written; `path` then keeps its old content.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.write_temp(path, bytes)?.commit()
    }

    /// Writes `bytes` to a temporary file, ready to be committed to `path`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_temp(&self, path: &Path, bytes: &[u8]) -> Result<FinishedFile> {
        let mut file = self.create(path)?;
        file.write_all(bytes).map_err(|e| Error::io("write", path, e))?;
        file.finish()
    }

    /// Checks that `path` can be written by creating a temporary file in its folder and removing
    /// it. Reports the error before long work instead of after it.
    ///
    /// # Errors
    /// As [`TempFiles::create`].
    pub fn check_writable(&self, path: &Path) -> Result<()> {
        self.create(path).map(drop)
    }

    /// Creates a folder and its missing parents, and records which ones were missing.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub(crate) fn create_folders(&self, folder: &Path) -> Result<()> {
        let missing =
            folder.ancestors().filter(|above| !above.as_os_str().is_empty() && !above.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        make_folder(folder)?;
        self.lock().folders.extend(missing);
        Ok(())
    }

    /// Registers a file that is to be removed, with the empty folders created for it, unless
    /// [`TempFiles::keep`] is called.
    pub(crate) fn register(&self, path: &Path) {
        self.lock().files.insert(path.to_owned());
    }

    /// Keeps a registered file and its folders.
    pub(crate) fn keep(&self, path: &Path) {
        self.lock().files.remove(path);
    }

    /// Removes a file that is still registered, and the empty folders created for it.
    pub(crate) fn remove(&self, path: &Path) {
        let mut unfinished = self.lock();
        if unfinished.files.remove(path) {
            let _ = fs::remove_file(path);
            unfinished.remove_empty_folders(folder_of(path));
        }
    }
}

impl Unfinished {
    /// Removes `folder` and its parents that were created here and are empty.
    fn remove_empty_folders(&mut self, folder: &Path) {
        for above in folder.ancestors() {
            // Removing a folder that is not empty fails.
            if !self.folders.contains(above) || fs::remove_dir(above).is_err() {
                return;
            }
            self.folders.remove(above);
        }
    }
}

/// A file that is being written under a temporary name.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
    temp: TempFiles,
}

impl AtomicFile {
    /// Opens the unfinished file for reading. It has what was written before the last
    /// [`flush`](Write::flush), and maybe more.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn reader(&self) -> Result<File> {
        File::open(&self.temporary).map_err(|e| Error::io("open", &self.temporary, e))
    }

    /// Appends `len` bytes of another file from `start`; Linux copies them without passing them
    /// through this process.
    ///
    /// # Errors
    /// Reading or writing fails, or the other file ends before.
    pub fn append(&mut self, mut from: &File, start: u64, len: u64) -> Result<()> {
        let Some(buffer) = &mut self.file else { return Ok(()) };
        let copied = buffer
            .flush()
            .and_then(|()| from.seek(SeekFrom::Start(start)))
            .and_then(|_| io::copy(&mut from.take(len), buffer.get_mut()))
            .map_err(|e| Error::io("write", &self.path, e))?;
        if copied < len {
            let error = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(Error::io("write", &self.path, error));
        }
        Ok(())
    }

    /// Flushes everything to disk; after that only the rename can fail.
    ///
    /// # Errors
    /// Writing fails; the destination keeps its old content.
    pub fn finish(mut self) -> Result<FinishedFile> {
        let error = |e| Error::io("write", &self.path, e);
        if let Some(buffer) = self.file.take() {
            let file = buffer.into_inner().map_err(|e| error(e.into_error()))?;
            file.sync_all().map_err(error)?;
        }
        Ok(FinishedFile(self))
    }

    /// Replaces the destination: [`AtomicFile::finish`] and [`FinishedFile::commit`].
    ///
    /// # Errors
    /// Writing fails; the destination keeps its old content.
    pub fn commit(self) -> Result<()> {
        self.finish()?.commit()
    }
}

/// A complete file under its temporary name. Outputs that belong together are all finished before
/// the first is committed.
#[derive(Debug)]
pub struct FinishedFile(AtomicFile);

impl FinishedFile {
    /// The destination.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Renames the file to its destination.
    ///
    /// # Errors
    /// The folder does not allow it any longer.
    pub fn commit(self) -> Result<()> {
        let AtomicFile { path, temporary, temp, .. } = &self.0;
        // Locked during the rename, so that an interruption finds the file either unfinished or in
        // place.
        let mut unfinished = temp.lock();
        fs::rename(temporary, path).map_err(|e| Error::io("write", path, e))?;
        unfinished.files.remove(temporary);
        drop(unfinished);
        // Some systems cannot sync a folder and do not need to.
        let _ = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Creates a folder and its missing parents.
///
/// # Errors
/// A part of the path is a file, or the system refuses.
fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| match folder.ancestors().find(|above| above.is_file()) {
        Some(file) => Error::content(file, "this is a file, not a folder; give another path"),
        None => Error::io("create the folder", folder, e),
    })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(buffer) = self.file.take() {
            // Buffered bytes are dropped with the file.
            drop(buffer.into_parts());
        }
        self.temp.remove(&self.temporary);
    }
}

/// Deletes stale temporary files in `folder`. A file is stale if its name begins with `prefix`, no
/// process holds a lock on it, and its writer has ended. Names of temporary files begin with a dot.
pub fn remove_stale_temps(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name().to_string_lossy(), prefix) {
            let unlocked = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
            // A finished file that waits for its commit is closed and so unlocked, but its process
            // is alive.
            if unlocked && !is_alive(&entry.file_name().to_string_lossy()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Returns whether the process in a temporary file's name is alive, if /proc shows it.
fn is_alive(name: &str) -> bool {
    let end = name.strip_suffix(".tmp").and_then(|stem| stem.rsplit_once('.'));
    let process = end.and_then(|(_, end)| end.split_once('-')).map(|(process, _)| process);
    process.is_some_and(|process| Path::new("/proc").join(process).exists())
}

/// Whether `name` begins with `prefix` and ends in `.<process>-<number>.tmp`.
fn is_temporary(name: &str, prefix: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let end = name
        .strip_suffix(".tmp")
        .and_then(|stem| stem.rsplit_once('.'))
        .and_then(|(_, end)| end.split_once('-'));
    name.starts_with(prefix)
        && end.is_some_and(|(process, random)| number(process) && number(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_complete_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let temp = TempFiles::default();
        let place = folder.path().join("sub/out.csv");
        temp.write(&place, b"first").unwrap();
        let mut file = temp.create(&place).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"first");
        drop(file);
        assert_eq!(names(place.parent().unwrap()), ["out.csv"]);

        // Above the largest process number.
        let left = place.parent().unwrap().join(".out.csv.999999999-0.tmp");
        fs::write(left, "from a killed process").unwrap();
        fs::write(place.parent().unwrap().join(".out.csv.mine.tmp"), "user file").unwrap();
        temp.write(&place, b"second").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"second");
        assert_eq!(names(place.parent().unwrap()), [".out.csv.mine.tmp", "out.csv"]);
    }

    #[test]
    fn temporary_file_of_a_running_writer_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let temp = TempFiles::default();
        let place = folder.path().join("out.csv");
        let mut slow = temp.create(&place).unwrap();
        temp.write(&place, b"quick").unwrap();
        slow.write_all(b"slow").unwrap();
        let slow = slow.finish().unwrap();
        temp.write(&place, b"quick again").unwrap();
        slow.commit().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"slow");
    }

    #[test]
    fn failed_write_removes_empty_folders() {
        let folder = tempfile::tempdir().unwrap();
        let temp = TempFiles::default();
        let (a, b) = (folder.path().join("x/y/a"), folder.path().join("x/z/b"));
        let (first, second) = (temp.create(&a).unwrap(), temp.create(&b).unwrap());
        drop(first);
        assert_eq!(names(&folder.path().join("x")), ["z"]);
        drop(second);
        assert!(names(folder.path()).is_empty());
        temp.write(&a, b"kept").unwrap();
        drop(temp.create(&b).unwrap());
        assert_eq!(names(&folder.path().join("x")), ["y"]);
    }
}
