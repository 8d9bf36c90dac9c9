//! The stages of a run, one after the other.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bars_io::Error;

use super::record::{Record, digest};
use crate::args::{self, Command, SourceFlags};
use crate::ui;

/// A stage of a run.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is called: a command, and its cohort.
    pub name: String,
    /// The command line.
    pub words: Vec<String>,
    /// Files that it reads, besides the source.
    pub inputs: Vec<PathBuf>,
    /// Files that it may write, and folders for all that is in them.
    pub outputs: Vec<PathBuf>,
}

/// What became of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done, in this time.
    Done(Duration),
    /// Its outputs are what it would give.
    Current,
    /// It failed.
    Failed,
}

/// A run under way.
#[derive(Debug)]
pub struct Course {
    dir: PathBuf,
    source: SourceFlags,
    state_of_source: String,
    force: bool,
    record: Record,
    steps: usize,
    at: usize,
    done: Vec<(Step, Outcome)>,
    _lock: File,
}

impl Course {
    /// Begins a run in `dir`, which no other may be at.
    pub fn begin(
        dir: &Path,
        source: SourceFlags,
        state_of_source: String,
        force: bool,
        steps: usize,
    ) -> anyhow::Result<Course> {
        std::fs::create_dir_all(dir).map_err(|e| Error::io("make the folder", dir, e))?;
        let lock = lock(dir)?;
        let record = Record::read(dir);
        Ok(Course {
            dir: dir.to_owned(),
            source,
            state_of_source,
            force,
            record,
            steps,
            at: 0,
            done: Vec::new(),
            _lock: lock,
        })
    }

    /// Does a stage unless it is current; tells whether its outputs can be built on.
    pub fn step(&mut self, step: Step) -> bool {
        self.at += 1;
        let began = Instant::now();
        let outcome = match self.attempt(&step) {
            Ok(true) => Outcome::Done(began.elapsed()),
            Ok(false) => Outcome::Current,
            Err(error) => {
                tracing::error!("{} failed: {error:#}", step.name);
                Outcome::Failed
            }
        };
        let is_sound = outcome != Outcome::Failed;
        self.done.push((step, outcome));
        is_sound
    }

    /// Whether the stage was done, rather than left out as current.
    fn attempt(&mut self, step: &Step) -> anyhow::Result<bool> {
        let title = format!("[{}/{}] {}", self.at, self.steps, step.name);
        let mut command = args::parse(&step.words)?.command;
        let reads_source = match command.source_mut() {
            // What is asked of the source counts here, and not how it is reached.
            Some(source) => {
                *source = SourceFlags { reading: self.source.reading.clone(), ..SourceFlags::default() };
                true
            }
            None => false,
        };
        command.pin();
        let state = if reads_source { self.state_of_source.as_str() } else { "" };
        let question = digest::of_question(&format!("{command:?}"), state, &step.inputs)?;
        if !self.force && self.record.is_current(&self.dir, &step.name, &question) {
            tracing::info!("{title}: current");
            return Ok(false);
        }
        tracing::info!("{title}");
        self.record.forget(&self.dir, &step.name)?;
        if let Some(source) = command.source_mut() {
            *source = self.source.clone();
        }
        if let Command::Report(flags) = &mut command {
            flags.only = Some(step.inputs.clone());
        }
        let name = step.name.as_str();
        ui::hushed(|| crate::logging::timed_stage(name, || crate::dispatch(&command)))?;
        self.record.note(&self.dir, name, question, &step.outputs)?;
        Ok(true)
    }

    /// Of a database only the spans of symbols are known, so that bars which were mended in between go unseen.
    pub fn tell_of_trust(&self) {
        let is_database = self.source.database.partial().is_ok_and(|database| !database.is_empty());
        if is_database && self.done.iter().any(|(_, outcome)| *outcome == Outcome::Current) {
            tracing::info!(
                "a database is judged by the first and last bars of its symbols; --force if others were changed"
            );
        }
    }

    /// Counts stages that there is nothing to do for.
    pub fn pass_over(&mut self, steps: usize) {
        self.at += steps;
    }

    /// Whether a stage did not fail.
    pub fn is_sound(&self, name: &str) -> bool {
        self.done.iter().all(|(step, outcome)| step.name != name || *outcome != Outcome::Failed)
    }

    /// The stages that failed.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.done.iter().filter(|(_, outcome)| *outcome == Outcome::Failed);
        failed.map(|(step, _)| step.name.as_str()).collect()
    }

    /// The stages in their order, and what became of them.
    pub fn done(&self) -> impl Iterator<Item = (&str, &Outcome)> {
        self.done.iter().map(|(step, outcome)| (step.name.as_str(), outcome))
    }

    /// The files of the stages that did not fail.
    pub fn outputs(&self) -> Vec<PathBuf> {
        let sound = self.done.iter().filter(|(_, outcome)| *outcome != Outcome::Failed);
        sound.flat_map(|(step, _)| self.record.outputs(&self.dir, &step.name)).collect()
    }

    /// Every file of the run: the outputs, the list of leaders, and the record.
    pub fn files(&self) -> Vec<PathBuf> {
        let own = [super::LEADERS, super::record::NAME].map(|name| self.dir.join(name));
        self.outputs().into_iter().chain(own.into_iter().filter(|path| path.is_file())).collect()
    }

    /// Whether any stage did not fail.
    pub fn has_outputs(&self) -> bool {
        self.done.iter().any(|(_, outcome)| *outcome != Outcome::Failed)
    }
}

/// The right to run in a folder, which ends with the process.
fn lock(dir: &Path) -> anyhow::Result<File> {
    let path = dir.join(".run.lock");
    let lock = File::create(&path).map_err(|e| Error::io("write", &path, e))?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::content(
            dir,
            "another run is at work in this folder; wait for it, or name another --out-dir",
        )
        .into()),
        Err(TryLockError::Error(e)) if e.kind() != std::io::ErrorKind::Unsupported => {
            Err(Error::io("lock", &path, e).into())
        }
        _ => Ok(lock),
    }
}
