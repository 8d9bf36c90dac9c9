//! Locks of folders that hold unfinished files.
//!
//! A process holds a shared lock on each folder with its temporary files. A process that gets the
//! exclusive lock therefore knows that every temporary file there is stale. This works for
//! processes that cannot see each other, such as those of two containers, and for reused process
//! numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::journal;
use super::names::is_temporary;

/// The folders with unfinished files of this process.
#[derive(Debug, Default)]
pub(super) struct FolderLocks {
    held: BTreeMap<PathBuf, Held>,
    /// Folders above those of files that were searched for journals of killed processes. They are
    /// searched once: a store has many folders below one, which can have many entries.
    searched: BTreeSet<PathBuf>,
}

#[derive(Debug)]
struct Held {
    /// `None` if the system has no locks on folders; nothing is swept then.
    _handle: Option<File>,
    files: usize,
}

/// Attempts to get a shared lock. Others hold the exclusive lock for milliseconds.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

impl FolderLocks {
    /// Adds a file in `folder`. The first one locks the folder and removes stale files there.
    pub(super) fn add(&mut self, folder: &Path) {
        if let Some(held) = self.held.get_mut(folder) {
            held.files += 1;
            return;
        }
        self.recover_near(folder);
        let handle = File::open(folder).ok();
        if let Some(handle) = &handle {
            sweep_if_unused(folder, handle);
        }
        let handle = handle.filter(share);
        self.held.insert(folder.to_owned(), Held { _handle: handle, files: 1 });
    }

    /// Removes a file in `folder`. The last one unlocks the folder.
    pub(super) fn remove(&mut self, folder: &Path) {
        let Some(held) = self.held.get_mut(folder) else { return };
        held.files -= 1;
        if held.files == 0 {
            self.held.remove(folder);
        }
    }

    /// Removes stale files from `folder`.
    pub(super) fn sweep(&mut self, folder: &Path) {
        if self.held.contains_key(folder) {
            return;
        }
        self.recover_near(folder);
        if let Ok(handle) = File::open(folder) {
            sweep_if_unused(folder, &handle);
        }
    }

    /// Completes the renames of killed processes in `folder` and the folders above.
    fn recover_near(&mut self, folder: &Path) {
        // The folders above a relative path or a link are not in its text.
        let real = fs::canonicalize(folder);
        let folder = real.as_deref().unwrap_or(folder);
        for (level, above) in journal::searched(folder).enumerate() {
            if level == 0 || self.searched.insert(above.to_owned()) {
                // A journal that cannot be read stays for the next writer.
                let _ = journal::recover(above);
            }
        }
    }
}

/// Removes `folder` if it is empty and no process has locked it. Returns whether it was removed.
pub(super) fn remove_unused(folder: &Path) -> bool {
    // Without a lock only the emptiness protects other processes, which create it again.
    let lock = File::open(folder).ok();
    let is_used =
        lock.as_ref().is_some_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
    !is_used && fs::remove_dir(folder).is_ok()
}

fn share(handle: &File) -> bool {
    for _ in 0..ATTEMPTS {
        match handle.try_lock_shared() {
            Ok(()) => return true,
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Err(TryLockError::Error(_)) => return false,
        }
    }
    false
}

/// Deletes the temporary files in `folder` if no process holds a lock on it, except those that a
/// journal lists: that could not be completed yet.
fn sweep_if_unused(folder: &Path, handle: &File) {
    if handle.try_lock().is_err() {
        return;
    }
    let is_stale = |entry: &fs::DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_file())
            && is_temporary(&entry.file_name().to_string_lossy())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let stale: Vec<fs::DirEntry> = entries.filter(is_stale).collect();
    if !stale.is_empty() {
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let listed: BTreeSet<PathBuf> = journal::searched(&real)
            .flat_map(journal::pending)
            .map(|(temporary, _)| temporary)
            .collect();
        for entry in stale {
            if !listed.contains(&real.join(entry.file_name())) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
    let _ = handle.unlock();
}
