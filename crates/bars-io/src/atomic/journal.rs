//! Outputs that belong together: all of them are replaced, even if the process is killed meanwhile.
//!
//! Before the first rename, a journal next to the files lists all of them. A later writer in the
//! same folder (or in one up to two levels below) that finds the journal of a killed process
//! completes the renames.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use super::names::{folder_of, is_temporary};
use crate::error::{Error, Result};

/// The name of the journal.
const JOURNAL: &str = ".data-pipeline-commit";
/// The first field of a journal, and the last one of a complete journal.
const BEGIN: &str = "data-pipeline commit 1";
const END: &str = "end";
/// Folders above a file that are searched for a journal.
const LEVELS: usize = 3;
/// Larger journals are not of this program.
const MAX_JOURNAL: u64 = 1 << 26;

/// The journal of a group that is being renamed. Its lock shows that the process is alive.
pub(super) struct Journal {
    path: PathBuf,
    _lock: File,
}

impl Journal {
    /// Writes the journal of temporary files and their destinations; `None` if this is impossible:
    /// the group is then renamed without it.
    pub(super) fn write<'a>(files: impl Iterator<Item = (&'a Path, &'a Path)>) -> Option<Journal> {
        let paths = files.flat_map(|(temporary, to)| [temporary, to]);
        let paths: Vec<PathBuf> = paths.map(real).collect::<Option<_>>()?;
        let folder = common_folder(&paths)?;
        let mut content = format!("{BEGIN}\0");
        for path in &paths {
            content.push_str(path.strip_prefix(&folder).ok()?.to_str()?);
            content.push('\0');
        }
        content.push_str(END);
        let path = folder.join(JOURNAL);
        let mut lock = OpenOptions::new().write(true).create_new(true).open(&path).ok()?;
        let is_written = lock.try_lock().is_ok()
            && lock.write_all(content.as_bytes()).and_then(|()| lock.sync_all()).is_ok();
        let journal = Journal { path, _lock: lock };
        if is_written {
            return Some(journal);
        }
        journal.remove();
        None
    }

    pub(super) fn remove(self) {
        // A journal that stays is completed later: all of its files are in place then.
        let _ = fs::remove_file(self.path);
    }
}

/// The absolute path of a file in an existing folder.
fn real(path: &Path) -> Option<PathBuf> {
    Some(fs::canonicalize(folder_of(path)).ok()?.join(path.file_name()?))
}

/// The deepest folder that contains all files.
fn common_folder(files: &[PathBuf]) -> Option<PathBuf> {
    let mut common = files.first()?.parent()?;
    for file in files {
        while !file.starts_with(common) {
            common = common.parent()?;
        }
    }
    Some(common.to_owned())
}

/// Completes the renames of a killed process in `folder` and the folders above.
pub(super) fn recover_near(folder: &Path) {
    for folder in folder.ancestors().take(LEVELS) {
        // A journal that cannot be read stays for the next writer.
        let _ = recover(folder);
    }
}

/// Completes the renames of a killed process that [`commit_all`](super::commit_all) listed in `folder`. Does nothing if
/// there are none, or if the process is alive.
///
/// # Errors
/// The journal cannot be read, or a file cannot be renamed.
pub fn recover(folder: &Path) -> Result<()> {
    let path = folder.join(JOURNAL);
    let is_file =
        fs::symlink_metadata(&path).is_ok_and(|kind| kind.is_file() && kind.len() <= MAX_JOURNAL);
    if !is_file {
        return Ok(());
    }
    let mut journal = File::open(&path).map_err(|e| Error::io("open", &path, e))?;
    if journal.try_lock().is_err() {
        return Ok(());
    }
    let mut text = String::new();
    let read = journal.read_to_string(&mut text);
    let pairs = read.ok().and_then(|_| pairs(&text)).unwrap_or_default();
    for (temporary, to) in pairs {
        let (temporary, to) = (folder.join(temporary), folder.join(to));
        let is_file = fs::symlink_metadata(&temporary).is_ok_and(|kind| kind.is_file());
        if is_file && is_of_one_owner(&[&path, &temporary, &to]) {
            fs::rename(&temporary, &to).map_err(|e| Error::io("write", &to, e))?;
        }
    }
    // An incomplete journal belongs to a process that was killed before its first rename.
    fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))
}

/// Whether the files that exist belong to one user. Otherwise another user could put a journal into a
/// folder that all can write, and have files renamed that are not theirs.
#[cfg(unix)]
fn is_of_one_owner(files: &[&Path]) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = |file: &&Path| fs::symlink_metadata(file).ok().map(|kind| kind.uid());
    let owners: Vec<u32> = files.iter().filter_map(owner).collect();
    owners.windows(2).all(|pair| pair[0] == pair[1])
}

#[cfg(not(unix))]
fn is_of_one_owner(_files: &[&Path]) -> bool {
    true
}

/// The temporary files and their destinations; `None` unless the journal is complete and all paths
/// are below its folder.
fn pairs(text: &str) -> Option<Vec<(&Path, &Path)>> {
    let mut fields: Vec<&str> = text.split('\0').collect();
    if fields.pop() != Some(END) || fields.first() != Some(&BEGIN) || fields.len().is_multiple_of(2)
    {
        return None;
    }
    let is_below = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    fields[1..]
        .chunks_exact(2)
        .map(|pair| {
            let (temporary, to) = (Path::new(pair[0]), Path::new(pair[1]));
            let is_own = is_temporary(temporary.file_name()?.to_str()?)
                && temporary.parent() == to.parent()
                && is_below(temporary)
                && is_below(to);
            is_own.then_some((temporary, to))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_of_others_are_ignored() {
        let temporary = ".x.0123456789abcdef.tmp";
        for text in [
            format!("{BEGIN}\0{temporary}\0../x\0{END}"),
            format!("{BEGIN}\0/tmp/{temporary}\0/tmp/x\0{END}"),
            format!("{BEGIN}\0x\0y\0{END}"),
            format!("{BEGIN}\0{temporary}\0x\0"),
            format!("{BEGIN}\0{temporary}\0{END}"),
            String::new(),
        ] {
            assert_eq!(pairs(&text), None, "{text}");
        }
        let text = format!("{BEGIN}\0{temporary}\0x\0{END}");
        assert_eq!(pairs(&text), Some(vec![(Path::new(temporary), Path::new("x"))]));
    }
}
