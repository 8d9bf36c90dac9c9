//! Runs stages one after the other, skipping those that are up to date.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bars::{AsOf, Symbol};
use bars_io::atomic::{make_folder, open_lock};

use super::digest::output_digest;
use super::record::{RunRecord, VERSION};
use super::stage_call::{StageCall, StageOutput};
use super::{RunRequest, StageReport};
use crate::artifacts::names;
use crate::digest::text_digest;
use crate::error::{Error, Result};
use crate::jobs::JobContext;
use crate::observer::Event;

/// The outcome of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageStatus {
    /// It ran, in this time.
    Done(Duration),
    /// It was skipped: its outputs are up to date.
    UpToDate,
    /// It failed; the error was reported to the observer.
    Failed,
}

/// A run in progress.
pub(super) struct RunExecutor<'a> {
    request: &'a RunRequest,
    context: JobContext<'a>,
    asof: AsOf,
    source_state: String,
    record: RunRecord,
    total: usize,
    index: usize,
    reports: Vec<StageReport>,
    on_output: &'a mut dyn FnMut(&StageCall, &StageOutput),
    _lock: File,
}

impl<'a> RunExecutor<'a> {
    /// Starts a run of `total` stages at an as-of in the folder of `request`. `source` is the state
    /// of the source. Locks the folder against other runs.
    pub(super) fn new(
        request: &'a RunRequest,
        context: JobContext<'a>,
        (asof, source_state): (AsOf, String),
        total: usize,
        on_output: &'a mut dyn FnMut(&StageCall, &StageOutput),
    ) -> Result<RunExecutor<'a>> {
        let dir = &request.out_dir;
        make_folder(dir)?;
        let lock = lock(dir)?;
        let record = RunRecord::read(dir, context.observer);
        let reports = Vec::new();
        Ok(RunExecutor {
            request,
            context,
            asof,
            source_state,
            record,
            total,
            index: 0,
            reports,
            on_output,
            _lock: lock,
        })
    }

    /// Runs a stage unless it is up to date. Returns whether its outputs can be used; an error of
    /// the stage is reported to the observer.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(super) fn stage(&mut self, call: &StageCall, leaders: &[Symbol]) -> Result<bool> {
        self.index += 1;
        let begun = Instant::now();
        let name = call.name();
        let status = match self.attempt(call, &name, leaders) {
            Ok(true) => StageStatus::Done(begun.elapsed()),
            Ok(false) => StageStatus::UpToDate,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                let event = Event::StageFailed { stage: &name, error: &error };
                self.context.observer.event(event);
                StageStatus::Failed
            }
        };
        self.reports.push(StageReport { name, status });
        Ok(status != StageStatus::Failed)
    }

    /// Runs the stage if needed; returns whether it ran.
    fn attempt(&mut self, call: &StageCall, name: &str, leaders: &[Symbol]) -> Result<bool> {
        let (dir, observer) = (&self.request.out_dir, self.context.observer);
        let fingerprint = self.fingerprint(call)?;
        let title = format!("[{}/{}] {name}", self.index, self.total);
        if !self.request.force && self.record.is_up_to_date(dir, name, &fingerprint) {
            observer.info(format!("{title}: up to date"));
            return Ok(false);
        }
        observer.info(&title);
        self.record.forget(dir, name, self.context.temp)?;
        let output = observer.step(name, || call.run(&self.context))?;
        (self.on_output)(call, &output);
        self.record.note(
            dir,
            name,
            fingerprint,
            &call.outputs(self.asof, leaders),
            self.context.temp,
        )?;
        Ok(true)
    }

    /// Digest of everything that the stage's outputs depend on.
    fn fingerprint(&self, call: &StageCall) -> Result<String> {
        let content = |path: &PathBuf| {
            let digest = if path.is_file() { output_digest(path)? } else { "none".to_owned() };
            Ok(serde_json::json!([path, digest]))
        };
        let inputs = call.inputs().iter().map(content).collect::<Result<Vec<_>>>()?;
        let (source, is_strict) = match call.reads_source() {
            true => (self.source_state.as_str(), self.context.is_strict),
            false => ("", false),
        };
        let parts = serde_json::json!({
            "version": VERSION,
            "program": self.request.program,
            "strict": is_strict,
            "stage": call,
            "source": source,
            "inputs": inputs,
        });
        Ok(text_digest(&parts.to_string()))
    }

    /// Skips stages that are not needed.
    pub(super) fn skip(&mut self, stages: usize) {
        self.index += stages;
    }

    /// Whether a stage did not fail, or was not part of the run.
    pub(super) fn is_usable(&self, name: &str) -> bool {
        self.reports
            .iter()
            .all(|report| report.name != name || report.status != StageStatus::Failed)
    }

    /// The output files of the stages that did not fail.
    pub(super) fn outputs(&self) -> Vec<PathBuf> {
        let usable = self.reports.iter().filter(|report| report.status != StageStatus::Failed);
        usable.flat_map(|report| self.record.outputs(&self.request.out_dir, &report.name)).collect()
    }

    /// Whether any stage did not fail.
    pub(super) fn has_outputs(&self) -> bool {
        self.reports.iter().any(|report| report.status != StageStatus::Failed)
    }

    /// Ends the run. Returns the stages in order, their outputs, and all files of the run.
    pub(super) fn finish(self) -> (Vec<StageReport>, Vec<PathBuf>, Vec<PathBuf>) {
        let outputs = self.outputs();
        let own =
            [names::RUN_LEADERS, names::RUN_RECORD].map(|name| self.request.out_dir.join(name));
        let files =
            outputs.iter().cloned().chain(own.into_iter().filter(|path| path.is_file())).collect();
        (self.reports, outputs, files)
    }
}

/// The lock of a folder, held until the file is closed.
fn lock(dir: &Path) -> Result<File> {
    let path = dir.join(".run.lock");
    let lock = open_lock(&path)?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::FolderInUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(e)) if e.kind() != std::io::ErrorKind::Unsupported => {
            Err(bars_io::Error::io("lock", &path, e).into())
        }
        _ => Ok(lock),
    }
}
