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
    name.starts_with('.') && end.is_some_and(|(_, random)| is_random(random))
}

/// The name of a journal of renames, without its random digits. Version 0.2.0 had journals without
/// them during its development.
const JOURNAL: &str = ".data-pipeline-commit";

/// Returns a new name for a journal. It is random, so that nothing can be in its way.
pub(super) fn journal_name(random: u64) -> String {
    format!("{JOURNAL}.{random:0width$x}", width = DIGITS)
}

/// Whether `name` is that of a journal.
pub(super) fn is_journal(name: &str) -> bool {
    let end = name.strip_prefix(JOURNAL);
    end.is_some_and(|end| end.is_empty() || end.strip_prefix('.').is_some_and(is_random))
}

fn is_random(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The folder of a file.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
