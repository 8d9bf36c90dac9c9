use std::path::{Path, PathBuf};

use bars_io::Source;
use bars_io::atomic::TempFiles;

use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::source::check_strict;

/// The context of a job.
#[derive(Clone, Copy)]
pub struct JobContext<'a> {
    /// The source; `None` if none was given. Some jobs then read the bars of their input file.
    pub source: Option<&'a dyn Source>,
    /// Whether rejected or replaced rows are an error.
    pub is_strict: bool,
    /// Owner of unfinished files.
    pub temp: &'a TempFiles,
    /// Receives progress and messages.
    pub observer: &'a dyn Observer,
}

impl<'a> JobContext<'a> {
    /// The source.
    pub(crate) fn source(&self) -> Result<&'a dyn Source> {
        self.source.ok_or_else(|| Error::parameter("source", "is required"))
    }

    /// Fails with `is_strict` if rows of `source` were rejected or replaced.
    pub(super) fn check(&self, source: &dyn Source) -> Result<()> {
        if self.is_strict { check_strict(source) } else { Ok(()) }
    }
}

/// Checks that no output is the input, the source or another output, however the paths are written.
///
/// # Errors
/// [`Error::Parameter`] with the path.
pub fn check_outputs(input: &Path, source: Option<&Path>, outputs: &[&Path]) -> Result<()> {
    let mut taken = vec![("both the input and an output", real_path(input))];
    taken.extend(source.map(|source| ("both the source and an output", real_path(source))));
    for output in outputs {
        let path = real_path(output);
        if let Some((what, _)) = taken.iter().find(|(_, taken)| *taken == path) {
            return Err(Error::parameter(
                "output",
                format!("{} is {what}; give another path", output.display()),
            ));
        }
        taken.push(("the path of two outputs", path));
    }
    Ok(())
}

/// Returns the canonical path. For a file that does not exist yet: the canonical path of its
/// folder, and its name.
fn real_path(path: &Path) -> PathBuf {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let in_folder = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}
