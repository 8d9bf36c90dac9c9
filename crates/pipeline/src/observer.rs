//! Progress, messages and cancellation of jobs.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bars::{Findings, Minute, Symbol};

use crate::error::{Error, Result};

/// Receives progress and messages of a job, and decides about cancellation.
///
/// Jobs never print. The command line draws progress bars, Python raises warnings and checks for
/// Ctrl-C, tests collect events. Events come from several threads.
pub trait Observer: Sync {
    /// Receives an event.
    fn event(&self, event: Event<'_>) {
        let _ = event;
    }

    /// Returns whether the job should stop; it then ends with [`Error::Cancelled`] as soon as it
    /// can.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// An event of a job.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Work on `total` items begins.
    Started {
        /// Name of the work, such as `leaderboards`.
        work: &'a str,
        /// The unit of `total`.
        unit: Unit,
        /// Number of items.
        total: u64,
    },
    /// `count` more items are done.
    Advanced {
        /// Name of the work.
        work: &'a str,
        /// Items done since the last such event.
        count: u64,
    },
    /// More of the work is done, for the units that count work.
    Worked {
        /// Name of the work.
        work: &'a str,
        /// Share of the whole work since the last such event, from 0 to 1. The sum may exceed 1 if
        /// a time limit makes the job do work again.
        share: f64,
    },
    /// The work ended, with or without an error.
    Finished {
        /// Name of the work.
        work: &'a str,
    },
    /// A step of a job ended.
    Step {
        /// Name of the step, such as `ranking`.
        name: &'a str,
        /// How long it took.
        elapsed: Duration,
    },
    /// A message at normal verbosity.
    Info(&'a str),
    /// A detail at the first level of verbosity.
    Detail(&'a str),
    /// Details for a verbose log.
    Trace(&'a str),
    /// Results may not be what the user expects.
    Warning(&'a str),
    /// A stage of a run failed; the run goes on.
    StageFailed {
        /// The stage.
        stage: &'a str,
        /// Why.
        error: &'a Error,
    },
    /// A symbol failed; the job goes on.
    SymbolFailed {
        /// The symbol.
        symbol: &'a Symbol,
        /// Why.
        error: &'a Error,
        /// The minute at which to continue, if the next job does not know it.
        resume: Option<Minute>,
    },
    /// Rows of an input were rejected, replaced or unusual. Reported once per source.
    Findings(&'a Findings),
}

/// What progress counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Symbols.
    Symbols,
    /// Symbols; their work is reported in small shares by [`Event::Worked`].
    SymbolsAndWork,
    /// Work without items, reported by [`Event::Worked`].
    Work,
    /// As-ofs of a panel.
    AsOfs,
    /// Minutes of bars.
    Minutes,
    /// Bytes read.
    Bytes,
}

/// An observer that ignores everything and never cancels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// An observer that collects warnings and findings, for tests and callers that show them at the
/// end.
#[derive(Debug, Default)]
pub struct Collector {
    warnings: Mutex<Vec<String>>,
    findings: Mutex<Findings>,
}

impl Collector {
    /// The warnings so far, in order.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().map(|warnings| warnings.clone()).unwrap_or_default()
    }

    /// The findings so far, of all sources together.
    pub fn findings(&self) -> Findings {
        self.findings.lock().map(|findings| findings.clone()).unwrap_or_default()
    }
}

impl Observer for Collector {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Warning(text) => {
                if let Ok(mut warnings) = self.warnings.lock() {
                    warnings.push(text.to_owned());
                }
            }
            Event::Findings(found) => {
                if let Ok(mut findings) = self.findings.lock() {
                    findings.merge(found);
                }
            }
            _ => {}
        }
    }
}

/// Progress of one piece of work: reports its start, and its end when dropped.
pub(crate) struct Progress<'a> {
    observer: &'a dyn Observer,
    work: &'a str,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(
        observer: &'a dyn Observer,
        work: &'a str,
        unit: Unit,
        total: u64,
    ) -> Progress<'a> {
        observer.event(Event::Started { work, unit, total });
        Progress { observer, work }
    }

    /// Counts `count` more items as done.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if the observer cancels.
    pub(crate) fn advance(&self, count: u64) -> Result<()> {
        self.observer.event(Event::Advanced { work: self.work, count });
        self.observer.check()
    }

    /// Reports a detail of the work.
    pub(crate) fn trace(&self, text: impl AsRef<str>) {
        self.observer.trace(text);
    }

    /// Reports a share of the whole work.
    pub(crate) fn worked(&self, share: f64) {
        self.observer.event(Event::Worked { work: self.work, share });
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.observer.event(Event::Finished { work: self.work });
    }
}

impl dyn Observer + '_ {
    /// # Errors
    /// [`Error::Cancelled`] if the observer cancels.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    pub(crate) fn info(&self, text: impl AsRef<str>) {
        self.event(Event::Info(text.as_ref()));
    }

    pub(crate) fn trace(&self, text: impl AsRef<str>) {
        self.event(Event::Trace(text.as_ref()));
    }

    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        self.event(Event::Warning(text.as_ref()));
    }

    /// Runs a step and reports its duration.
    pub(crate) fn step<T>(&self, name: &str, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = work();
        self.event(Event::Step { name, elapsed: begun.elapsed() });
        result
    }
}
