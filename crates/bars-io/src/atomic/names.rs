//! Names of temporary files.

use std::path::Path;

/// Number of random digits in a temporary name.
const DIGITS: usize = 16;

/// Returns a new temporary name for a file.
pub(super) fn temporary_name(name: &str, random: u64) -> String {
    format!(".{name}.{random:0width$x}.tmp", width = DIGITS)
}

/// Whether `name` is `.<name>.<random>.tmp`.
pub(super) fn is_temporary(name: &str) -> bool {
    let end = name.strip_suffix(".tmp").and_then(|stem| stem.rsplit_once('.'));
    let is_random =
        |text: &str| text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
    name.starts_with('.') && end.is_some_and(|(_, random)| is_random(random))
}

/// The folder of a file.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
