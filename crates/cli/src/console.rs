//! The observer that shows the events of jobs on the terminal and in the log.

use std::sync::{Mutex, PoisonError};

use bars::Findings;
use pipeline::jobs::JobContext;
use pipeline::observer::{Event, Observer};
use pipeline::source::check_findings;

use crate::explain;
use crate::interrupt::temp_files;
use crate::progress::Progress;
use crate::source_select::OpenSource;

/// Shows progress, warnings and findings of jobs.
#[derive(Debug, Default)]
pub struct Console {
    /// With `--strict`, findings that make the job fail are part of its error and not shown twice.
    is_strict: bool,
    progress: Mutex<Vec<(String, Progress)>>,
    /// The last findings shown: all stages of a run that read the same source report the same.
    findings: Mutex<String>,
}

impl Console {
    /// Creates a console for a command with or without `--strict`.
    pub fn new(is_strict: bool) -> Console {
        Console { is_strict, ..Console::default() }
    }

    /// Returns the context of a job that reads `source`.
    pub fn context<'a>(&'a self, source: Option<&'a OpenSource>) -> JobContext<'a> {
        JobContext {
            source: source.map(OpenSource::source),
            is_strict: self.is_strict,
            temp: temp_files(),
            observer: self,
        }
    }

    /// Fails with `--strict` if `findings` have rows that were rejected or replaced.
    pub fn check_findings(&self, findings: &Findings) -> pipeline::Result<()> {
        if self.is_strict { check_findings(findings) } else { Ok(()) }
    }

    fn with_progress(&self, work: &str, then: impl FnOnce(&Progress)) {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, progress)) = progress.iter().find(|(name, _)| name == work) {
            then(progress);
        }
    }
}

impl Observer for Console {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Started { work, unit, total } => {
                let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
                progress.push((work.to_owned(), Progress::new(work, unit, total)));
            }
            Event::Advanced { work, count } => {
                self.with_progress(work, |progress| progress.add(count))
            }
            Event::Worked { work, share } => {
                self.with_progress(work, |progress| progress.add_share(share))
            }
            Event::Finished { work } => {
                let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
                progress.retain(|(name, _)| name != work);
            }
            Event::Step { name, elapsed } => {
                tracing::debug!("{name}: {:.3} s", elapsed.as_secs_f64())
            }
            Event::Info(text) => tracing::info!("{}", explain::with_flags(text)),
            Event::Detail(text) => tracing::debug!("{text}"),
            Event::Trace(text) => tracing::trace!("{text}"),
            Event::Warning(text) => tracing::warn!("{}", explain::with_flags(text)),
            Event::StageFailed { stage, error } => {
                tracing::error!("{stage} failed: {}", explain::job_error(error, None));
            }
            Event::SymbolFailed { symbol, error, resume } => {
                let error = explain::with_flags(&error.to_string());
                let hint = resume.map(|at| format!("; continue with --since {at}"));
                tracing::error!("{symbol}: {error}{}", hint.unwrap_or_default());
            }
            Event::Findings(findings) if self.is_strict && findings.breaks_strict() => {}
            Event::Findings(findings) => {
                let text = explain::with_flags(&findings.to_string());
                let mut last = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
                if *last != text {
                    tracing::warn!("{text}");
                    *last = text;
                }
            }
            _ => {}
        }
    }
}
