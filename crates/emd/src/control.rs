//! Deadline, cancellation and progress.

use crate::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// When to stop early, and where to report progress. The default does neither.
///
/// Deadline and cancel flag are checked before each row of noise, each mode and each trial; a
/// sifting that has begun is finished (10 sifts of 130,000 samples take 2 ms, the longest that a
/// stop rule allows 0.3 s).
///
/// ```
/// use std::sync::atomic::AtomicBool;
/// use std::time::{Duration, Instant};
///
/// let cancelled = AtomicBool::new(false);
/// let control = emd::Control::default()
///     .deadline(Instant::now() + Duration::from_secs(60))
///     .cancel_flag(&cancelled);
/// assert_eq!(control.check(), Ok(()));
/// ```
#[derive(Clone, Copy, Default)]
pub struct Control<'a> {
    deadline: Option<Instant>,
    cancelled: Option<&'a AtomicBool>,
    on_work: Option<&'a (dyn Fn(f64) + Sync)>,
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("deadline", &self.deadline)
            .field("cancelled", &self.cancelled)
            .finish()
    }
}

impl<'a> Control<'a> {
    /// Stops at `deadline`, with [`Error::DeadlinePassed`].
    pub fn deadline(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Stops once `cancelled` is true, with [`Error::Cancelled`].
    pub fn cancel_flag(self, cancelled: &'a AtomicBool) -> Self {
        Self { cancelled: Some(cancelled), ..self }
    }

    /// Calls `on_work` with shares of the expected work, from any thread, after each trial of a mode.
    /// The shares of a signal add up to 1, and so do those of a [`crate::NoiseEnsemble`].
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// let done = Mutex::new(0.0);
    /// let report = |share: f64| *done.lock().unwrap() += share;
    /// let signal: Vec<f64> = (0..99).map(|t| f64::from(t * t % 17)).collect();
    /// emd::Params::default().check()?.emd(&signal, emd::Control::default().on_work(&report))?;
    /// let done = done.into_inner().unwrap();
    /// assert!((done - 1.0).abs() < 1e-9);
    /// # Ok::<(), emd::Error>(())
    /// ```
    pub fn on_work(self, on_work: &'a (dyn Fn(f64) + Sync)) -> Self {
        Self { on_work: Some(on_work), ..self }
    }

    /// Reports a share of work, in units of the work on a signal: for callers that skip signals.
    pub fn worked(&self, share: f64) {
        if let Some(on_work) = self.on_work {
            on_work(share);
        }
    }

    /// Whether to continue.
    ///
    /// # Errors
    /// [`Error::Cancelled`] or [`Error::DeadlinePassed`].
    pub fn check(&self) -> Result<(), Error> {
        if self.cancelled.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(Error::Cancelled);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Error::DeadlinePassed);
        }
        Ok(())
    }
}
