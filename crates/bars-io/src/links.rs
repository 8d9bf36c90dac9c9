//! Symbolic links that lead out of a folder.

use std::fs;
use std::path::Path;

/// Returns whether `path` is a symbolic link to something outside of `folder`, or to nothing.
pub(crate) fn leads_out(path: &Path, folder: &Path) -> bool {
    if !fs::symlink_metadata(path).is_ok_and(|kind| kind.is_symlink()) {
        return false;
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match fs::canonicalize(path).ok().zip(fs::canonicalize(folder).ok()) {
        Some((target, folder)) => !target.starts_with(folder),
        None => true,
    }
}
