//! The files of a run, for its summary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::artifacts::names;

/// More files of modes than this in a folder are one group.
const MAX_LISTED_MODES: usize = 5;

/// A file, or many files of one kind in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileGroup {
    /// The file; for several `<folder>/*.<extension>`.
    pub path: PathBuf,
    /// Number of files.
    pub count: usize,
    /// Total size; a file that does not exist counts as 0.
    pub bytes: u64,
}

/// Groups files, ordered by path: each file alone, except that the modes of many symbols are one
/// group.
pub fn group_files(files: &[PathBuf]) -> Vec<FileGroup> {
    let mut kinds: BTreeMap<(PathBuf, String), Vec<FileGroup>> = BTreeMap::new();
    for path in files {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let end = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = path.metadata().map_or(0, |meta| meta.len());
        let file = FileGroup { path: path.clone(), count: 1, bytes };
        kinds.entry((folder, end)).or_default().push(file);
    }
    let mut groups = Vec::new();
    for ((folder, end), files) in kinds {
        if files.len() > MAX_LISTED_MODES && folder.ends_with(names::CYCLES_MODES) {
            let bytes = files.iter().map(|file| file.bytes).sum();
            let path = folder.join(format!("*.{end}"));
            groups.push(FileGroup { path, count: files.len(), bytes });
        } else {
            groups.extend(files);
        }
    }
    groups.sort_by(|a, b| a.path.cmp(&b.path));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_of_many_symbols_are_one_group() {
        let folder = tempfile::tempdir().unwrap();
        let modes = folder.path().join(names::CYCLES_MODES);
        std::fs::create_dir(&modes).unwrap();
        let mut files: Vec<PathBuf> = (0..6).map(|i| modes.join(format!("{i}.npz"))).collect();
        files.iter().for_each(|file| std::fs::write(file, "ab").unwrap());
        files.push(folder.path().join("absent.csv"));
        let group = |path: PathBuf, count, bytes| FileGroup { path, count, bytes };
        let expected = [group(files[6].clone(), 1, 0), group(modes.join("*.npz"), 6, 12)];
        assert_eq!(group_files(&files), expected);
        assert_eq!(group_files(&files[..5]).len(), 5);
    }
}
