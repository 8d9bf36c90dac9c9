//! Temporary files and their renames.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::folder_lock::{self, FolderLocks};
use super::journal::Journal;
use super::names::{folder_of, is_temporary, temporary_name};
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
    /// The folders of temporary files.
    locks: FolderLocks,
}

/// Attempts to create a file while other processes create and remove its folder.
const ATTEMPTS: usize = 20;

impl TempFiles {
    fn lock(&self) -> MutexGuard<'_, Unfinished> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes every unfinished file, and blocks creating and committing while the returned guard
    /// lives. For signal handlers, just before the process exits.
    pub fn discard(&self) -> impl Drop + '_ {
        let mut unfinished = self.lock();
        for path in std::mem::take(&mut unfinished.files) {
            // A file that cannot be removed now is removed by the next writer in its folder.
            let _ = fs::remove_file(&path);
            unfinished.release(&path);
        }
        unfinished
    }

    /// Creates a file that will replace `path`, and missing folders above it. If `path` is a
    /// symbolic link to a file in the same folder, that file is replaced.
    ///
    /// # Errors
    /// The folder cannot be created or written, or `path` is a folder, a pipe, a device, or a
    /// symbolic link out of its folder.
    pub fn create(&self, path: &Path) -> Result<AtomicFile> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            self.create_folders(folder_of(path))?;
            match self.begin(&destination(path)?) {
                // Another process removed the folder because its own work failed.
                Err(Error::Io { source, .. })
                    if source.kind() == io::ErrorKind::NotFound && attempts < ATTEMPTS => {}
                done => return done,
            }
        }
    }

    fn begin(&self, path: &Path) -> Result<AtomicFile> {
        let folder = folder_of(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(temporary_name(&name, RandomState::new().hash_one(0)));
        let mut unfinished = self.lock();
        unfinished.locks.add(folder);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => {
                unfinished.files.insert(temporary.clone());
                let file = Some(BufWriter::with_capacity(1 << 16, file));
                Ok(AtomicFile { path: path.to_owned(), temporary, file, temp: self.clone() })
            }
            Err(e) => {
                unfinished.locks.remove(folder);
                Err(Error::io("write", path, e))
            }
        }
    }

    /// Removes the temporary files of killed processes from `folder`.
    pub fn sweep(&self, folder: &Path) {
        self.lock().locks.sweep(folder);
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
            unfinished.release(path);
        }
    }

    /// Releases all locks, as the system does for a killed process.
    #[cfg(test)]
    fn forget_locks(&self) {
        self.lock().locks = FolderLocks::default();
    }
}

impl Unfinished {
    /// Unlocks the folder of a removed file, and removes empty folders created for it.
    fn release(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_temporary(&name) {
            self.locks.remove(folder_of(path));
        }
        self.remove_empty_folders(folder_of(path));
    }

    /// Removes `folder` and its parents that were created here and are empty.
    fn remove_empty_folders(&mut self, folder: &Path) {
        for above in folder.ancestors() {
            if !self.folders.contains(above) || !folder_lock::remove_unused(above) {
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
        // Locked during the rename, so that an interruption finds the file either unfinished or in
        // place.
        self.rename(&mut self.0.temp.lock())?;
        // Some systems cannot sync a folder and do not need to.
        let _ = File::open(folder_of(&self.0.path)).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn rename(&self, unfinished: &mut Unfinished) -> Result<()> {
        let AtomicFile { path, temporary, .. } = &self.0;
        fs::rename(temporary, path).map_err(|e| Error::io("write", path, e))?;
        unfinished.files.remove(temporary);
        unfinished.locks.remove(folder_of(path));
        Ok(())
    }
}

/// Renames all files to their destinations.
///
/// # Errors
/// The journal of the renames cannot be written, or the first rename fails; no file is renamed then.
/// [`Error::Unfinished`]: a later rename fails. The next writer in the folder completes the renames.
pub fn commit_all(files: Vec<FinishedFile>) -> Result<()> {
    let Some(first) = files.first() else { return Ok(()) };
    if files.len() == 1 {
        return files.into_iter().try_for_each(FinishedFile::commit);
    }
    let temp = first.0.temp.clone();
    let mut folders: Vec<PathBuf> = Vec::new();
    {
        // Locked during the renames, so that an interruption finds all files unfinished or all in
        // place.
        let mut unfinished = temp.lock();
        let journal = Journal::write(files.iter().map(|file| (&*file.0.temporary, &*file.0.path)))?;
        for (place, file) in files.iter().enumerate() {
            if let Err(e) = file.rename(&mut unfinished) {
                if place == 0 {
                    journal.remove();
                    return Err(e);
                }
                // The journal lists them, so they stay.
                for file in &files[place..] {
                    unfinished.files.remove(&file.0.temporary);
                    unfinished.locks.remove(folder_of(file.path()));
                }
                return Err(Error::unfinished(e));
            }
            let folder = folder_of(file.path()).to_owned();
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        journal.remove();
    }
    for folder in folders {
        // Some systems cannot sync a folder and do not need to.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// Opens a file to be locked, creating it if it does not exist. Its content stays.
///
/// # Errors
/// It cannot be created, or is a symbolic link, a folder, a pipe or a device.
pub fn open_lock(path: &Path) -> Result<File> {
    // Checked before opening: opening a pipe would wait for its reader.
    if fs::symlink_metadata(path).is_ok_and(|kind| !kind.is_file()) {
        let reason = "not a regular file (a link, folder, pipe or device); remove it";
        return Err(Error::content(path, reason));
    }
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    file.map_err(|e| Error::io("write", path, e))
}

/// Returns the path to replace: that of the file to which `path` links, if it is a link.
fn destination(path: &Path) -> Result<PathBuf> {
    let folder = folder_of(path);
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let own = real.join(path.file_name().unwrap_or_default());
    let kind = fs::symlink_metadata(&own);
    if kind.as_ref().is_ok_and(fs::Metadata::is_symlink) {
        let target = fs::canonicalize(&own).ok().filter(|target| target.parent() == Some(&real));
        return match target {
            Some(target) if target.is_file() => Ok(target),
            _ => Err(Error::content(
                path,
                "a symbolic link out of its folder; remove it, or give the path of the file",
            )),
        };
    }
    if kind.is_ok_and(|kind| !kind.is_file()) {
        let reason = "not a regular file (a folder, pipe or device); give another path";
        return Err(Error::content(path, reason));
    }
    Ok(path.to_owned())
}

/// Creates a folder and its missing parents.
///
/// # Errors
/// A part of the path is a file, or the system refuses.
pub fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| match folder.ancestors().find(|above| above.is_file()) {
        Some(file) => Error::content(file, "this is a file, not a folder; give another path"),
        None => Error::io("create the folder", folder, e),
    })
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

        let left = place.parent().unwrap().join(".other.csv.0123456789abcdef.tmp");
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

    fn group(temp: &TempFiles, folder: &Path, content: &[u8]) -> Vec<FinishedFile> {
        ["a.csv", "sub/b.csv"]
            .map(|name| temp.write_temp(&folder.join(name), content).unwrap())
            .into()
    }

    fn contents(folder: &Path) -> [Vec<u8>; 2] {
        ["a.csv", "sub/b.csv"].map(|name| fs::read(folder.join(name)).unwrap())
    }

    #[test]
    fn groups_are_renamed_together() {
        let folder = tempfile::tempdir().unwrap();
        let temp = TempFiles::default();
        commit_all(group(&temp, folder.path(), b"old")).unwrap();
        commit_all(group(&temp, folder.path(), b"new")).unwrap();
        assert_eq!(contents(folder.path()), [b"new", b"new"]);
        assert_eq!(names(folder.path()), ["a.csv", "sub"]);
    }

    /// As root all folders can be written, so the folder is removed instead.
    #[test]
    fn group_without_a_journal_is_not_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let temp = TempFiles::default();
        commit_all(group(&temp, &folder, b"old")).unwrap();
        let mut files = group(&temp, &folder, b"new");
        files.push(temp.write_temp(&folder.join("gone/c.csv"), b"new").unwrap());
        fs::remove_dir_all(folder.join("gone")).unwrap();
        let error = commit_all(files).unwrap_err().to_string();
        assert!(error.starts_with("cannot write ") && error.contains("gone/c.csv"), "{error}");
        assert_eq!(contents(&folder), [b"old", b"old"]);
        assert_eq!(names(&folder), ["a.csv", "sub"]);
    }

    #[test]
    fn nothing_is_in_the_way_of_a_journal() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        fs::create_dir(folder.join(".data-pipeline-commit")).unwrap();
        let files = group(&TempFiles::default(), &folder, b"new");
        let pairs = || files.iter().map(|file| (&*file.0.temporary, &*file.0.path));
        let journals = [Journal::write(pairs()).unwrap(), Journal::write(pairs()).unwrap()];
        let is_journal = |name: &&String| name.starts_with(".data-pipeline-commit.");
        assert_eq!(names(&folder).iter().filter(is_journal).count(), 2);
        journals.into_iter().for_each(Journal::remove);
        commit_all(files).unwrap();
        assert_eq!(names(&folder), [".data-pipeline-commit", "a.csv", "sub"]);
    }

    #[test]
    fn killed_group_is_completed_by_the_next_writer() {
        let folder = tempfile::tempdir().unwrap();
        // The path as commit_all sees it.
        let folder = folder.path().canonicalize().unwrap();
        commit_all(group(&TempFiles::default(), &folder, b"old")).unwrap();
        let killed = TempFiles::default();
        let files = group(&killed, &folder, b"new");
        let journal =
            Journal::write(files.iter().map(|file| (&*file.0.temporary, &*file.0.path))).unwrap();
        fs::rename(&files[0].0.temporary, &files[0].0.path).unwrap();
        // While the process lives, others wait for it.
        super::super::journal::recover(&folder).unwrap();
        assert_eq!(contents(&folder), [&b"new"[..], b"old"]);
        // The process is killed: its locks are gone, its files stay.
        drop(journal);
        killed.forget_locks();
        std::mem::forget(files);
        TempFiles::default().write(&folder.join("sub/c.csv"), b"c").unwrap();
        assert_eq!(contents(&folder), [b"new", b"new"]);
        assert_eq!(names(&folder), ["a.csv", "sub"]);
    }

    #[test]
    fn group_with_a_rename_that_fails_is_completed_by_the_next_writer() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let temp = TempFiles::default();
        let files = group(&temp, &folder, b"new");
        let [first, second] = [0, 1].map(|place| files[place].path().to_owned());
        // In the way of the second rename.
        fs::create_dir(&second).unwrap();
        let error = commit_all(files).unwrap_err();
        assert!(matches!(error, Error::Unfinished { .. }), "{error}");
        assert!(error.to_string().contains("run the command again"), "{error}");
        assert_eq!(fs::read(&first).unwrap(), b"new");
        fs::remove_dir(&second).unwrap();
        TempFiles::default().write(&second.with_file_name("c.csv"), b"c").unwrap();
        assert_eq!(contents(&folder), [b"new", b"new"]);
        // In the way of the first.
        let files = group(&temp, &folder, b"newer");
        fs::remove_file(&first).unwrap();
        fs::create_dir(&first).unwrap();
        let error = commit_all(files).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        assert_eq!(fs::read(&second).unwrap(), b"new");
        assert!(!names(&folder).iter().any(|name| name.starts_with('.')), "{:?}", names(&folder));
    }

    #[cfg(unix)]
    #[test]
    fn killed_group_is_completed_through_a_link_too() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let killed = TempFiles::default();
        let files = group(&killed, &folder, b"new");
        let journal =
            Journal::write(files.iter().map(|file| (&*file.0.temporary, &*file.0.path))).unwrap();
        fs::rename(&files[0].0.temporary, &files[0].0.path).unwrap();
        let inner = folder_of(files[1].path()).to_owned();
        // The journal cannot be completed while it is locked, as if its file system was full.
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(&inner, &link).unwrap();
        killed.forget_locks();
        TempFiles::default().write(&link.join("c.csv"), b"c").unwrap();
        assert!(files[1].0.temporary.exists(), "listed files are not swept");
        drop(journal);
        std::mem::forget(files);
        TempFiles::default().write(&link.join("c.csv"), b"c").unwrap();
        assert_eq!(contents(&folder), [b"new", b"new"]);
    }

    #[test]
    fn journal_without_random_digits_is_completed() {
        let folder = tempfile::tempdir().unwrap();
        let temporary = ".a.csv.0123456789abcdef.tmp";
        fs::write(folder.path().join(temporary), "new").unwrap();
        let journal = format!("data-pipeline commit 1\0{temporary}\0a.csv\0end");
        fs::write(folder.path().join(".data-pipeline-commit"), journal).unwrap();
        TempFiles::default().write(&folder.path().join("b.csv"), b"b").unwrap();
        assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.csv", "b.csv"]);
    }
}
