//! Opens regular files only: opening a pipe waits for another process, and a device may never end.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::links::leads_out;

/// Opens a file for reading. Links are followed.
///
/// # Errors
/// [`Error::Missing`] with similar names; [`Error::Content`] for a folder, a pipe or a device;
/// [`Error::Io`] if the system refuses.
pub fn open(path: &Path) -> Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// Returns whether users other than its owner can read a file.
#[cfg(unix)]
pub fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub fn is_open_to_others(_path: &Path) -> bool {
    // Other systems have other permission models: assume the worst.
    true
}

/// Opens a file for appending, creating it if it does not exist.
///
/// # Errors
/// [`Error::Content`] for a folder, a pipe, a device or a link out of the folder; [`Error::Io`] if the
/// system refuses.
pub fn append(path: &Path) -> Result<File> {
    if leads_out(path, path.parent().unwrap_or(Path::new("."))) {
        return Err(Error::content(path, "a symbolic link out of its folder; remove it"));
    }
    open_with(OpenOptions::new().append(true).create(true), path)
}

/// Reads a file.
///
/// # Errors
/// Those of [`open`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(|e| Error::io("read", path, e))?;
    Ok(bytes)
}

/// Reads a text file in UTF-8.
///
/// # Errors
/// Those of [`open`]; the file is not UTF-8.
pub fn read_to_string(path: &Path) -> Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text).map_err(|e| Error::io("read", path, e))?;
    Ok(text)
}

fn open_with(options: &mut OpenOptions, path: &Path) -> Result<File> {
    // Opening some devices has an effect, so they are refused before.
    if let Ok(kind) = fs::metadata(path) {
        must_be_regular(path, &kind)?;
    }
    // The path may have become a pipe since.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NONBLOCK);
    let file = options.open(path).map_err(|e| Error::io("open", path, e))?;
    must_be_regular(path, &file.metadata().map_err(|e| Error::io("read", path, e))?)?;
    Ok(file)
}

fn must_be_regular(path: &Path, kind: &fs::Metadata) -> Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_dir() { "a folder" } else { "a pipe or device" };
    Err(Error::content(path, format!("this is {what}, not a file; give a file")))
}
