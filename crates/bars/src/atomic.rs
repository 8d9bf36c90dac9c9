//! Files that appear whole or not at all.
//!
//! An [`AtomicFile`] is written beside its place and renamed into it by [`AtomicFile::commit`]. Until then its
//! place holds what it held before. A file that is dropped, or whose process is interrupted
//! ([`discard_unfinished`]), vanishes; one whose process was killed outright is swept away when the same place
//! is written next, because its lock is then free.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// Paths of the files that are being written.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Folders that were made for files, and that go again if no file comes to stand in them.
static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every file that is being written and keeps any other from being begun or committed for as long as the
/// returned guard lives. For the last moment of an interrupted process.
pub fn discard_unfinished() -> impl Drop {
    let paths = unfinished();
    for path in paths.iter() {
        // Nothing is left to be done about a file that cannot be removed now.
        let _ = fs::remove_file(path);
        remove_made(folder_of(path));
    }
    paths
}

/// A file under way to its place.
#[derive(Debug)]
pub struct AtomicFile {
    place: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Begins a file that will stand at `place`, making the folders above it where they are missing. A symbolic link
    /// is followed: what it points at is replaced.
    ///
    /// # Errors
    /// Where the folder cannot be made or written, or something that is no file stands at `place`.
    pub fn create(place: &Path) -> Result<AtomicFile> {
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let folder = folder_of(&place);
        make(folder)?;
        if fs::metadata(&place).is_ok_and(|kind| !kind.is_file()) {
            let reason =
                "this is no file but a folder, a pipe or a device, which is not replaced; name another path";
            return Err(Error::content(&place, reason));
        }
        let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        sweep(folder, &format!(".{name}."));
        loop {
            let begun = AtomicFile::begin(&place, &name)?;
            // Another process may have swept the file away before it was locked.
            if begun.temporary.exists() {
                return Ok(begun);
            }
        }
    }

    fn begin(place: &Path, name: &str) -> Result<AtomicFile> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let temporary = folder_of(place).join(format!(".{name}.{}-{count}.tmp", std::process::id()));
        let mut paths = unfinished();
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary);
        let file = file.map_err(|e| Error::io("write", place, e))?;
        paths.insert(temporary.clone());
        drop(paths);
        // The lock tells a living writer's file from a dead one's; it ends with the process.
        let locked = file.try_lock();
        let file = Some(BufWriter::with_capacity(1 << 16, file));
        let begun = AtomicFile { place: place.to_owned(), temporary, file };
        match locked {
            Err(TryLockError::Error(e)) if e.kind() != io::ErrorKind::Unsupported => {
                Err(Error::io("write", place, e))
            }
            _ => Ok(begun),
        }
    }

    /// Brings all that was written onto the disk: from here on nothing can fail but the rename.
    ///
    /// # Errors
    /// Where the rest cannot be written; the place then holds what it held before.
    pub fn seal(mut self) -> Result<SealedFile> {
        let error = |e| Error::io("write", &self.place, e);
        if let Some(buffer) = self.file.take() {
            let file = buffer.into_inner().map_err(|e| error(e.into_error()))?;
            file.sync_all().map_err(error)?;
        }
        Ok(SealedFile(self))
    }

    /// Puts the file in its place: [`AtomicFile::seal`] and [`SealedFile::commit`].
    ///
    /// # Errors
    /// Where the rest cannot be written; the place then holds what it held before.
    pub fn commit(self) -> Result<()> {
        self.seal()?.commit()
    }
}

/// A file that is whole, on disk, and not yet in its place. Outputs that belong together are all sealed before the
/// first of them is committed.
#[derive(Debug)]
pub struct SealedFile(AtomicFile);

impl SealedFile {
    /// Puts the file in its place.
    ///
    /// # Errors
    /// Where the folder no longer lets it.
    pub fn commit(self) -> Result<()> {
        let AtomicFile { place, temporary, .. } = &self.0;
        // Held over the rename, so that an interruption finds the file either unfinished or in its place.
        let mut paths = unfinished();
        fs::rename(temporary, place).map_err(|e| Error::io("write", place, e))?;
        paths.remove(temporary);
        drop(paths);
        // A folder that cannot be synced is one whose system does so by itself.
        let _ = File::open(folder_of(place)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Makes a folder and those above it, and notes which were missing.
fn make(folder: &Path) -> Result<()> {
    let missing = folder.ancestors().filter(|above| !above.as_os_str().is_empty() && !above.exists());
    let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
    fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, e))?;
    MADE.lock().unwrap_or_else(PoisonError::into_inner).extend(missing);
    Ok(())
}

/// Removes `folder` and those above it that this process made and that are empty.
fn remove_made(folder: &Path) {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    for above in folder.ancestors() {
        // A folder with something in it is not removed.
        if !made.contains(above) || fs::remove_dir(above).is_err() {
            return;
        }
        made.remove(above);
    }
}

fn folder_of(place: &Path) -> &Path {
    place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
            // What is still buffered goes with the file.
            drop(buffer.into_parts());
        }
        if unfinished().remove(&self.temporary) {
            let _ = fs::remove_file(&self.temporary);
            remove_made(folder_of(&self.place));
        }
    }
}

/// Writes `bytes` to `place`, whole or not at all.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(place: &Path, bytes: &[u8]) -> Result<()> {
    sealed(place, bytes)?.commit()
}

/// Writes `bytes` beside `place`, ready to be committed.
///
/// # Errors
/// Where the file cannot be written.
pub fn sealed(place: &Path, bytes: &[u8]) -> Result<SealedFile> {
    let mut file = AtomicFile::create(place)?;
    file.write_all(bytes).map_err(|e| Error::io("write", place, e))?;
    file.seal()
}

/// Removes what dead processes left in `folder` of files whose temporary names begin with `prefix` (all do with a point).
pub fn sweep(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name().to_string_lossy(), prefix) {
            let unlocked = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
            // A file that is whole and waits for others is no longer locked, but its writer lives.
            if unlocked && !lives(&entry.file_name().to_string_lossy()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether the process that a temporary file is named after lives, as far as the system tells: Linux does, in /proc.
fn lives(name: &str) -> bool {
    let end = name.strip_suffix(".tmp").and_then(|stem| stem.rsplit_once('.'));
    let process = end.and_then(|(_, end)| end.split_once('-')).map(|(process, _)| process);
    process.is_some_and(|process| Path::new("/proc").join(process).exists())
}

/// Whether `name` begins with `prefix` and ends as ours do: `.<process>-<count>.tmp`.
fn is_temporary(name: &str, prefix: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let end = name
        .strip_suffix(".tmp")
        .and_then(|stem| stem.rsplit_once('.'))
        .and_then(|(_, end)| end.split_once('-'));
    name.starts_with(prefix) && end.is_some_and(|(process, count)| number(process) && number(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("sub/out.csv");
        write(&place, b"first").unwrap();
        let mut file = AtomicFile::create(&place).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"first");
        drop(file);
        assert_eq!(names(place.parent().unwrap()), ["out.csv"]);

        // No process has a number so high.
        let left = place.parent().unwrap().join(".out.csv.999999999-0.tmp");
        fs::write(left, "from a killed process").unwrap();
        fs::write(place.parent().unwrap().join(".out.csv.mine.tmp"), "a person's").unwrap();
        write(&place, b"second").unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"second");
        assert_eq!(names(place.parent().unwrap()), [".out.csv.mine.tmp", "out.csv"]);
    }

    #[test]
    fn a_living_writers_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out.csv");
        let mut slow = AtomicFile::create(&place).unwrap();
        write(&place, b"quick").unwrap();
        slow.write_all(b"slow").unwrap();
        let slow = slow.seal().unwrap();
        write(&place, b"quick again").unwrap();
        slow.commit().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"slow");
    }

    #[test]
    fn folders_made_in_vain_go_again() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("x/y/a"), folder.path().join("x/z/b"));
        let (first, second) = (AtomicFile::create(&a).unwrap(), AtomicFile::create(&b).unwrap());
        drop(first);
        assert_eq!(names(&folder.path().join("x")), ["z"]);
        drop(second);
        assert!(names(folder.path()).is_empty());
        write(&a, b"kept").unwrap();
        drop(AtomicFile::create(&b).unwrap());
        assert_eq!(names(&folder.path().join("x")), ["y"]);
    }
}
