//! `run.json`: per stage the fingerprint of its inputs and parameters, and checksums of its
//! outputs.
//!
//! A stage is up to date if its fingerprint is the same and its outputs are unchanged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bars_io::atomic::TempFiles;
use bars_io::regular;
use serde::{Deserialize, Serialize};

use super::digest::output_digest;
use crate::artifacts::json_bytes;
use crate::artifacts::names::RUN_RECORD;
use crate::error::{Error, Result};
use crate::observer::Observer;

/// Version of `run.json` and of fingerprints. A record of another version is ignored: every stage
/// runs again.
pub(super) const VERSION: u32 = 1;

/// The stages that ran in a folder.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunRecord {
    version: u32,
    stages: BTreeMap<String, StageRecord>,
}

/// A stage that ran.
#[derive(Debug, Serialize, Deserialize)]
struct StageRecord {
    /// Digest of its inputs and parameters.
    fingerprint: String,
    /// Files, relative to the folder, and their digests.
    outputs: BTreeMap<PathBuf, String>,
}

impl Default for RunRecord {
    fn default() -> RunRecord {
        RunRecord { version: VERSION, stages: BTreeMap::new() }
    }
}

impl RunRecord {
    /// Reads the record in `dir`; empty if there is none of this version.
    pub(super) fn read(dir: &Path, observer: &dyn Observer) -> RunRecord {
        let path = dir.join(RUN_RECORD);
        let text = match regular::read(&path) {
            Err(bars_io::Error::Missing { .. }) => return RunRecord::default(),
            text => text.map_err(|e| e.to_string()),
        };
        let record = text
            .and_then(|text| serde_json::from_slice::<RunRecord>(&text).map_err(|e| e.to_string()));
        let why = match record {
            Ok(record) if record.version == VERSION => return record,
            Ok(record) => format!("it has version {}", record.version),
            Err(why) => why,
        };
        observer.warn(format!("cannot read {} ({why}): every stage runs again", path.display()));
        RunRecord::default()
    }

    /// Returns whether a stage has this fingerprint and its outputs are unchanged.
    pub(super) fn is_up_to_date(&self, dir: &Path, name: &str, fingerprint: &str) -> bool {
        self.stages.get(name).is_some_and(|stage| {
            let is_unchanged = |(path, digest): (&PathBuf, &String)| {
                output_digest(&dir.join(path)).is_ok_and(|now| now == *digest)
            };
            stage.fingerprint == fingerprint && stage.outputs.iter().all(is_unchanged)
        })
    }

    /// Removes a stage before it runs again, so that its outputs do not count as complete if it is
    /// interrupted.
    pub(super) fn forget(&mut self, dir: &Path, name: &str, temp: &TempFiles) -> Result<()> {
        if self.stages.remove(name).is_some() { self.write(dir, temp) } else { Ok(()) }
    }

    /// Records a stage and those of its `outputs` (files, and the files in folders) that exist.
    pub(super) fn note(
        &mut self,
        dir: &Path,
        name: &str,
        fingerprint: String,
        outputs: &[PathBuf],
        temp: &TempFiles,
    ) -> Result<()> {
        let mut files = BTreeMap::new();
        if outputs.iter().all(|path| files_of(path).is_empty()) {
            let path = outputs.first().map_or(dir, PathBuf::as_path);
            return Err(Error::artifact(path, "the stage did not write it"));
        }
        for path in outputs.iter().flat_map(|path| files_of(path)) {
            let relative = path.strip_prefix(dir).unwrap_or(&path).to_owned();
            files.insert(relative, output_digest(&path)?);
        }
        self.stages.insert(name.to_owned(), StageRecord { fingerprint, outputs: files });
        self.write(dir, temp)
    }

    /// The files of a stage.
    pub(super) fn outputs(&self, dir: &Path, name: &str) -> Vec<PathBuf> {
        let outputs = self.stages.get(name).into_iter().flat_map(|stage| stage.outputs.keys());
        outputs.map(|path| dir.join(path)).collect()
    }

    fn write(&self, dir: &Path, temp: &TempFiles) -> Result<()> {
        let path = dir.join(RUN_RECORD);
        Ok(temp.write(&path, &json_bytes(&path, self)?)?)
    }
}

/// The file itself, or the files in a folder by name, without hidden ones; empty if there is
/// neither.
pub(super) fn files_of(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_output = |path: &PathBuf| {
        path.is_file()
            && path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
    };
    let mut files: Vec<PathBuf> = entries.filter(is_output).collect();
    files.sort();
    files
}
