//! Outputs that belong together: all of them are replaced, even if the process is killed meanwhile.
//!
//! Before the first rename, a journal next to the files lists all of them. A later writer in the
//! same folder (or in one up to two levels below) that finds the journal of a killed process
//! completes the renames. Files that have no folder in common that is near and can be written have a
//! journal in each of their folders.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::names::{folder_of, is_journal, is_temporary, journal_name};
use crate::error::{Error, Result};

/// The first field of a journal, and the last one of a complete journal.
const BEGIN: &str = "data-pipeline commit 1";
const END: &str = "end";
/// Folders above a file that are searched for a journal.
const LEVELS: usize = 3;
/// Larger journals are neither written nor read. This is enough for some 300,000 files.
const MAX_JOURNAL: u64 = 1 << 26;

/// A temporary file and its destination.
type Pair = (PathBuf, PathBuf);

/// The journals of a group that is being renamed. Their locks show that the process is alive.
#[derive(Debug)]
pub(super) struct Journal(Vec<(PathBuf, File)>);

impl Journal {
    /// Writes the journal of temporary files and their destinations.
    ///
    /// # Errors
    /// It cannot be written. The group must not be renamed then.
    pub(super) fn write<'a>(files: impl Iterator<Item = (&'a Path, &'a Path)>) -> Result<Journal> {
        // Both are in the same folder.
        let pair = |(temporary, to): (&Path, &Path)| {
            let to = real(to)?;
            Ok((to.with_file_name(temporary.file_name().unwrap_or_default()), to))
        };
        let pairs = files.map(pair);
        let pairs = pairs.collect::<Result<Vec<Pair>>>()?;
        let mut journal = Journal(Vec::new());
        match common_folder(&pairs).map(|folder| journal.add(&folder, &pairs)) {
            Some(Ok(())) => return Ok(journal),
            Some(Err(e)) if !is_refused(&e) => return Err(e),
            _ => {}
        }
        let mut folders: Vec<&Path> = pairs.iter().map(|(_, to)| folder_of(to)).collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in folders {
            let own = pairs.iter().filter(|(_, to)| folder_of(to) == folder).cloned();
            let added = journal.add(folder, &own.collect::<Vec<Pair>>());
            if let Err(e) = added {
                journal.remove();
                return Err(e);
            }
        }
        Ok(journal)
    }

    /// Writes a journal of files below `folder`.
    fn add(&mut self, folder: &Path, pairs: &[Pair]) -> Result<()> {
        let path = folder.join(journal_name(RandomState::new().hash_one(0)));
        let error = |e| Error::io("write", &path, e);
        let content = content(folder, pairs).map_err(error)?;
        if content.len() as u64 > MAX_JOURNAL {
            return Err(error(io::Error::other(format!(
                "the list of {} outputs exceeds {} MiB; write fewer at once, such as a shorter panel",
                pairs.len(),
                MAX_JOURNAL >> 20
            ))));
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).open(&path).map_err(error)?;
        let written = file.try_lock().map_err(io::Error::from);
        let written =
            written.and_then(|()| file.write_all(&content)).and_then(|()| file.sync_all());
        if let Err(e) = written {
            let _ = fs::remove_file(&path);
            return Err(error(e));
        }
        self.0.push((path, file));
        Ok(())
    }

    pub(super) fn remove(self) {
        for (path, _lock) in self.0 {
            // A journal that stays is completed later: all of its files are in place then.
            let _ = fs::remove_file(path);
        }
    }
}

/// The content of a journal in `folder`.
fn content(folder: &Path, pairs: &[Pair]) -> io::Result<Vec<u8>> {
    let mut content = BEGIN.as_bytes().to_vec();
    for path in pairs.iter().flat_map(|(temporary, to)| [temporary, to]) {
        let below = path.strip_prefix(folder).map_err(io::Error::other)?;
        content.push(0);
        content.extend_from_slice(bytes_of(below.as_os_str())?);
    }
    content.push(0);
    content.extend_from_slice(END.as_bytes());
    Ok(content)
}

/// Whether the system does not allow files in a folder, as in the folder of another user.
fn is_refused(error: &Error) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let Error::Io { source, .. } = error else { return false };
    matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem)
}

/// The absolute path of a file in an existing folder.
fn real(path: &Path) -> Result<PathBuf> {
    let folder = fs::canonicalize(folder_of(path)).map_err(|e| Error::io("write", path, e))?;
    Ok(folder.join(path.file_name().unwrap_or_default()))
}

/// The deepest folder that contains all files; `None` if a writer next to one of them would not
/// search it.
fn common_folder(pairs: &[Pair]) -> Option<PathBuf> {
    let mut common = pairs.first()?.1.parent()?;
    for (_, file) in pairs {
        while !file.starts_with(common) {
            common = common.parent()?;
        }
    }
    let is_near = |(_, file): &Pair| folder_of(file).ancestors().take(LEVELS).any(|a| a == common);
    pairs.iter().all(is_near).then(|| common.to_owned())
}

/// The folders that may have a journal of files in `folder`: itself, and those above.
pub(super) fn searched(folder: &Path) -> impl Iterator<Item = &Path> {
    let named = |folder: &'_ Path| !folder.as_os_str().is_empty();
    let ancestors = folder.ancestors().take(LEVELS);
    ancestors.map(move |folder| if named(folder) { folder } else { Path::new(".") })
}

/// Completes the renames of killed processes that [`commit_all`](super::commit_all) listed in
/// `folder`. Does nothing if there are none, or if the process is alive.
///
/// # Errors
/// A journal cannot be read, or a file cannot be renamed.
pub fn recover(folder: &Path) -> Result<()> {
    let mut result = Ok(());
    // A folder that cannot be listed has no journals of this process.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_journal(&entry.file_name().to_string_lossy()) {
            result = result.and(complete(&entry.path(), owner));
        }
    }
    result
}

/// Returns the renames that the journals in `folder` still list: each temporary file that exists, with
/// its destination. They are as good as done, so a reader may read the temporary file in place of the
/// destination.
pub(crate) fn pending(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if !is_journal(&entry.file_name().to_string_lossy()) || !is_readable(&path) {
            continue;
        }
        let content = fs::read(&path).unwrap_or_default();
        for (temporary, to) in pairs(&content).unwrap_or_default() {
            let (temporary, to) = (folder.join(temporary), folder.join(to));
            if may_rename(&path, &temporary, &to, owner) {
                all.push((temporary, to));
            }
        }
    }
    all
}

/// Whether a journal is a file of a size that journals have.
fn is_readable(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|kind| kind.is_file() && kind.len() <= MAX_JOURNAL)
}

/// Whether a temporary file exists and belongs to the user who wrote the journal.
fn may_rename(
    journal: &Path,
    temporary: &Path,
    to: &Path,
    owner: impl Fn(&Path) -> Option<u32>,
) -> bool {
    let is_file = fs::symlink_metadata(temporary).is_ok_and(|kind| kind.is_file());
    is_file && is_trusted(owner(journal), owner(temporary), [owner(to), owner(folder_of(journal))])
}

/// Completes the renames of one journal, if its process was killed. `owner` returns the user that owns
/// a file, if it exists.
fn complete(path: &Path, owner: impl Fn(&Path) -> Option<u32>) -> Result<()> {
    let folder = folder_of(path);
    if !is_readable(path) {
        return Ok(());
    }
    let mut journal = File::open(path).map_err(|e| Error::io("open", path, e))?;
    if journal.try_lock().is_err() {
        return Ok(());
    }
    let mut content = Vec::new();
    let pairs = journal.read_to_end(&mut content).ok().and_then(|_| pairs(&content));
    for (temporary, to) in pairs.unwrap_or_default() {
        let (temporary, to) = (folder.join(temporary), folder.join(to));
        if may_rename(path, &temporary, &to, &owner) {
            fs::rename(&temporary, &to).map_err(|e| Error::io("write", &to, e))?;
        }
    }
    // An incomplete journal belongs to a process that was killed before its first rename.
    fs::remove_file(path).map_err(|e| Error::io("remove", path, e))
}

/// Whether the user who wrote a journal may rename its files: they wrote the temporary file too, and
/// own the destination or the folder, or are root. Otherwise another user could put a journal into a
/// folder that all can write, and have files renamed that are not theirs. `owners` are those of the
/// destination, if it exists, and of the folder.
fn is_trusted(journal: Option<u32>, temporary: Option<u32>, owners: [Option<u32>; 2]) -> bool {
    const ROOT: u32 = 0;
    let [to, folder] = owners;
    journal == temporary
        && (to.is_none() || journal == to || journal == folder || journal == Some(ROOT))
}

/// The user that owns a file, or a link itself; `None` if it does not exist.
#[cfg(unix)]
fn owner(file: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(file).ok().map(|kind| kind.uid())
}

#[cfg(not(unix))]
fn owner(_file: &Path) -> Option<u32> {
    None
}

/// The temporary files and their destinations; `None` unless the journal is complete and all paths
/// are below its folder.
fn pairs(content: &[u8]) -> Option<Vec<(&Path, &Path)>> {
    let content = content.strip_suffix(END.as_bytes())?.strip_suffix(&[0])?;
    let mut fields = content.split(|byte| *byte == 0);
    if fields.next() != Some(BEGIN.as_bytes()) {
        return None;
    }
    let is_below = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    // The first pair that is none ends this: a file of zeros has as many fields as bytes.
    let mut pair = || fields.next().map(|temporary| Some((temporary, fields.next()?)));
    std::iter::from_fn(&mut pair)
        .map(|pair| {
            let (temporary, to) = pair?;
            let (temporary, to) = (path_of(temporary)?, path_of(to)?);
            let is_own = is_temporary(&temporary.file_name()?.to_string_lossy())
                && temporary.parent() == to.parent()
                && is_below(temporary)
                && is_below(to);
            is_own.then_some((temporary, to))
        })
        .collect()
}

/// A path as the bytes that the system uses.
#[cfg(unix)]
fn bytes_of(path: &OsStr) -> io::Result<&[u8]> {
    Ok(std::os::unix::ffi::OsStrExt::as_bytes(path))
}

#[cfg(not(unix))]
fn bytes_of(path: &OsStr) -> io::Result<&[u8]> {
    let text = path.to_str().ok_or_else(|| io::Error::other("a path is not UTF-8"))?;
    Ok(text.as_bytes())
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Option<&Path> {
    Some(Path::new(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Option<&Path> {
    std::str::from_utf8(bytes).ok().map(Path::new)
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
            format!("{BEGIN}{END}"),
            format!("{BEGIN}\0{}\0{END}", "\0".repeat(1001)),
        ] {
            assert_eq!(pairs(text.as_bytes()), None, "{text}");
        }
        let text = format!("{BEGIN}\0{temporary}\0x\0{END}");
        let own = vec![(Path::new(temporary), Path::new("x"))];
        assert_eq!(pairs(text.as_bytes()), Some(own));
    }

    #[test]
    fn files_of_different_users_are_not_renamed() {
        const TEMPORARY: &str = ".x.0123456789abcdef.tmp";
        let folder = tempfile::tempdir().unwrap();
        let [journal, temporary, to] = [".data-pipeline-commit.0123456789abcdef", TEMPORARY, "x"]
            .map(|name| folder.path().join(name));
        let (own, other, root) = (Some(1000), Some(1001), Some(0));
        // Owners of journal, temporary file, destination and folder, and whether it is replaced.
        for (owners, is_replaced) in [
            ([own, own, own, root], true),
            ([other, other, other, own], true),
            ([own, own, None, root], true),
            ([own, own, other, own], true),
            ([root, root, own, own], true),
            ([other, own, own, own], false),
            ([own, other, own, own], false),
            ([own, own, other, root], false),
            ([other, own, None, own], false),
            ([other, other, own, own], false),
        ] {
            fs::write(&journal, format!("{BEGIN}\0{TEMPORARY}\0x\0{END}")).unwrap();
            fs::write(&temporary, "new").unwrap();
            fs::write(&to, "old").unwrap();
            let owner = |path: &Path| {
                let files = [&*journal, &*temporary, &*to, folder.path()];
                files.iter().position(|file| *file == path).and_then(|place| owners[place])
            };
            complete(&journal, owner).unwrap();
            let expected = if is_replaced { "new" } else { "old" };
            assert_eq!(fs::read_to_string(&to).unwrap(), expected, "{owners:?}");
            assert!(!journal.exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn owners_are_those_of_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let [own, missing] = ["own", "missing"].map(|name| folder.path().join(name));
        fs::write(&own, "").unwrap();
        let user = owner(folder.path()).unwrap();
        assert_eq!((owner(&own), owner(&missing)), (Some(user), None));
        if user == 0 {
            // Only root can give a file away.
            std::os::unix::fs::chown(&own, Some(12_345), None).unwrap();
            assert_eq!(owner(&own), Some(12_345));
        } else {
            // The root folder is of root.
            assert_eq!(owner(Path::new("/")), Some(0));
        }
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_utf8_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let name = path_of(b"x\xff").unwrap();
        let temporary = folder.join(path_of(b".x\xff.0123456789abcdef.tmp").unwrap());
        fs::write(&temporary, "new").unwrap();
        let journal = Journal::write([(&*temporary, &*folder.join(name))].into_iter()).unwrap();
        drop(journal);
        recover(&folder).unwrap();
        assert_eq!(fs::read(folder.join(name)).unwrap(), b"new");
    }

    #[test]
    fn long_lists_are_completed_and_longer_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let list = |count: usize| -> Vec<(PathBuf, PathBuf)> {
            let pair = |i: usize| {
                let name = format!("{i:0200}");
                (folder.join(format!(".{name}.0123456789abcdef.tmp")), folder.join(name))
            };
            (0..count).map(pair).collect()
        };
        let write = |list: &[(PathBuf, PathBuf)]| {
            Journal::write(list.iter().map(|(from, to)| (&**from, &**to)))
        };
        let long = list(60_000);
        let (temporary, to) = long.last().unwrap();
        fs::write(temporary, "new").unwrap();
        drop(write(&long).unwrap());
        recover(&folder).unwrap();
        assert_eq!(fs::read(to).unwrap(), b"new");
        let error = write(&list(170_000)).unwrap_err().to_string();
        assert!(error.contains("the list of 170000 outputs exceeds 64 MiB"), "{error}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn files_that_are_far_apart_have_journals_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let files = ["a/b/c/d/x", "e/y"].map(|name| {
            let to = folder.join(name);
            fs::create_dir_all(folder_of(&to)).unwrap();
            let name = to.file_name().unwrap().to_string_lossy().into_owned();
            let temporary = to.with_file_name(format!(".{name}.0123456789abcdef.tmp"));
            fs::write(&temporary, "new").unwrap();
            (temporary, to)
        });
        let journal = Journal::write(files.iter().map(|(from, to)| (&**from, &**to))).unwrap();
        let folders: Vec<&Path> = journal.0.iter().map(|(path, _)| folder_of(path)).collect();
        assert_eq!(folders, [folder.join("a/b/c/d"), folder.join("e")]);
        drop(journal);
        for (_, to) in &files {
            recover(folder_of(to)).unwrap();
            assert_eq!(fs::read(to).unwrap(), b"new");
        }
    }
}
