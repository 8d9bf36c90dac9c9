//! Whether outputs are where they may be.

use std::path::{Path, PathBuf};

use crate::args::SourceFlags;
use crate::ui::Usage;

/// No output may be the input, the source or another output, however its path is written.
pub fn check_places(input: &Path, source: &SourceFlags, outputs: &[&Path]) -> anyhow::Result<()> {
    let mut taken = vec![("both the input and an output", real(input))];
    taken.extend(
        source.source.as_ref().map(|source| ("both the source and an output", real(Path::new(source)))),
    );
    for output in outputs {
        let place = real(output);
        if let Some((what, _)) = taken.iter().find(|(_, taken)| *taken == place) {
            return Err(Usage(format!("{} is {what}; name another", output.display())).into());
        }
        taken.push(("the place of two outputs", place));
    }
    Ok(())
}

/// The path without detours; of one that does not exist yet, the folder's and its name.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}
