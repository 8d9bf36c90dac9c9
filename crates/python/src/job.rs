//! Jobs on a thread of their own, while the thread of the caller watches for Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bars::Findings;
use pipeline::observer::{Event, Observer};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors;

/// How often Ctrl-C is looked for.
const WATCH: Duration = Duration::from_millis(50);

/// Collects the messages of a job, and cancels it.
#[derive(Debug, Default)]
pub struct JobObserver {
    warnings: Mutex<Vec<String>>,
    findings: Mutex<Findings>,
    is_cancelled: AtomicBool,
}

impl Observer for JobObserver {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Warning(text) => {
                self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
            }
            Event::Findings(found) => {
                self.findings.lock().unwrap_or_else(PoisonError::into_inner).merge(found);
            }
            _ => {}
        }
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

impl JobObserver {
    /// Becomes true when the job should stop.
    pub fn flag(&self) -> &AtomicBool {
        &self.is_cancelled
    }

    /// Issues the messages as Python warnings.
    fn warn(&self, py: Python<'_>) -> PyResult<()> {
        let mut texts =
            std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner));
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        if !findings.is_empty() {
            texts.push(findings.to_string());
        }
        texts.iter().try_for_each(|text| errors::warn(py, text))
    }
}

/// Runs a job without the interpreter's lock. Python handles signals only on its main thread, so the
/// job has a thread of its own, and this one looks for Ctrl-C; it then cancels the job and waits for
/// its end. Warnings and findings become Python warnings.
pub fn run<T: Send>(
    py: Python<'_>,
    job: impl FnOnce(&JobObserver) -> pipeline::Result<T> + Send,
) -> PyResult<T> {
    let observer = JobObserver::default();
    let (result, interrupt) = py.detach(|| watched(&observer, job));
    if let Some(interrupt) = interrupt {
        return Err(interrupt);
    }
    let done = match result {
        Ok(done) => done.map_err(|error| errors::of_job(py, &error)),
        Err(reason) => Err(PyRuntimeError::new_err(reason)),
    };
    observer.warn(py)?;
    done
}

/// The result of a job, or why it has none, and the exception of a signal.
type Watched<T> = (Result<pipeline::Result<T>, String>, Option<PyErr>);

fn watched<T: Send>(
    observer: &JobObserver,
    job: impl FnOnce(&JobObserver) -> pipeline::Result<T> + Send,
) -> Watched<T> {
    let (sender, receiver) = mpsc::channel();
    let mut interrupt = None;
    let result = thread::scope(|scope| {
        let work = move || {
            let _ = sender.send(job(observer));
        };
        let builder = thread::Builder::new().name("data_pipeline".to_owned());
        let worker = match builder.spawn_scoped(scope, work) {
            Ok(worker) => worker,
            Err(error) => return Err(format!("cannot start a thread: {error}")),
        };
        loop {
            match receiver.recv_timeout(WATCH) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Timeout) if interrupt.is_none() => {
                    interrupt = Python::attach(|py| py.check_signals()).err();
                    observer.is_cancelled.store(interrupt.is_some(), Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The thread panicked.
                Err(RecvTimeoutError::Disconnected) => {
                    let panic = worker.join().err();
                    let text = panic.and_then(|panic| panic.downcast::<String>().ok());
                    let text = text.map_or_else(|| "panic".to_owned(), |text| *text);
                    return Err(format!("bug in data_pipeline, please report it: {text}"));
                }
            }
        }
    });
    (result, interrupt)
}
