//! What a run has done: of each stage the question it answered and the files that hold the answer, by their digests.
//!
//! A stage is current where the question is the same and the files are as they were. The question is the program, the
//! flags with all defaults, the state of the source, and the content of the inputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bars_io::{Entry, Error, Source};
use serde::{Deserialize, Serialize};

use crate::args::SourceFlags;
use crate::interrupt::temp_files;

pub mod digest;

/// The record's name in the output folder.
pub const NAME: &str = "run.json";

/// The stages that were done in a folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Record {
    stages: BTreeMap<String, Stage>,
}

/// A stage that was done.
#[derive(Debug, Serialize, Deserialize)]
struct Stage {
    /// The digest of what was asked.
    question: String,
    /// Files, relative to the folder, and their digests.
    outputs: BTreeMap<PathBuf, String>,
}

impl Record {
    /// The record of `dir`; nothing was done where there is none that can be read.
    pub fn read(dir: &Path) -> Record {
        let path = dir.join(NAME);
        let Ok(text) = std::fs::read(&path) else {
            return Record::default();
        };
        serde_json::from_slice(&text).unwrap_or_else(|e| {
            tracing::warn!("{} cannot be read ({e}), so every stage is done again", path.display());
            Record::default()
        })
    }

    /// Whether the outputs of a stage in `dir` are what it would give to this question.
    pub fn is_current(&self, dir: &Path, name: &str, question: &str) -> bool {
        self.stages.get(name).is_some_and(|stage| {
            let is_as_it_was = |(path, was): (&PathBuf, &String)| {
                digest::of_output(&dir.join(path)).is_ok_and(|is| is == *was)
            };
            stage.question == question && stage.outputs.iter().all(is_as_it_was)
        })
    }

    /// Forgets a stage before it is done again: whatever stops it, its outputs are not taken for the answer.
    pub fn forget(&mut self, dir: &Path, name: &str) -> bars_io::Result<()> {
        if self.stages.remove(name).is_some() { self.write(dir) } else { Ok(()) }
    }

    /// Notes that a stage was done, and its outputs: files and what is in folders, those of them that there are.
    pub fn note(
        &mut self,
        dir: &Path,
        name: &str,
        question: String,
        outputs: &[PathBuf],
    ) -> bars_io::Result<()> {
        let mut files = BTreeMap::new();
        if outputs.iter().all(|path| files_of(path).is_empty()) {
            let place = outputs.first().map_or(dir, PathBuf::as_path);
            return Err(Error::content(
                place,
                "the stage did not write it; see what its section of the configuration file says",
            ));
        }
        for path in outputs.iter().flat_map(|path| files_of(path)) {
            let relative = path.strip_prefix(dir).unwrap_or(&path).to_owned();
            files.insert(relative, digest::of_output(&path)?);
        }
        self.stages.insert(name.to_owned(), Stage { question, outputs: files });
        self.write(dir)
    }

    /// The files of a stage.
    pub fn outputs(&self, dir: &Path, name: &str) -> Vec<PathBuf> {
        let outputs = self.stages.get(name).into_iter().flat_map(|stage| stage.outputs.keys());
        outputs.map(|path| dir.join(path)).collect()
    }

    fn write(&self, dir: &Path) -> bars_io::Result<()> {
        let path = dir.join(NAME);
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| Error::content(&path, e.to_string()))?;
        text.push(b'\n');
        temp_files().write(&path, &text)
    }
}

/// A file itself, or the files in a folder, by name; nothing where there is neither.
fn files_of(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_output = |path: &PathBuf| {
        path.is_file() && path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
    };
    let mut files: Vec<PathBuf> = entries.filter(is_output).collect();
    files.sort();
    files
}

/// The state of a source in a text: of files their lengths and times of change, of a database its symbols and the spans of
/// their bars.
pub fn of_source(flags: &SourceFlags, source: &dyn Source, catalogue: &[Entry]) -> bars_io::Result<String> {
    let mut lines = vec![source.describe()];
    lines.extend(catalogue.iter().map(|entry| format!("{} {} {}", entry.symbol, entry.first, entry.last)));
    let path = flags.source.as_deref().map(Path::new).filter(|path| path.exists());
    for file in path.map(of_folder).transpose()?.unwrap_or_default() {
        let meta = file.metadata().map_err(|e| Error::io("read", &file, e))?;
        let changed = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        lines.push(format!("{} {} {:?}", file.display(), meta.len(), changed.unwrap_or_default()));
    }
    Ok(lines.join("\n"))
}

/// A file itself, or the files of a store: those in its symbols' folders.
fn of_folder(path: &Path) -> bars_io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|e| Error::io("read", path, e))?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders.iter().flat_map(|folder| files_of(folder)).collect())
}
