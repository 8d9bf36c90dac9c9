//! Deadline, cancellation and progress.

use crate::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// When to stop early, and whom to notify of progress. The default does neither.
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
    on_mode: Option<&'a (dyn Fn() + Sync)>,
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

    /// Calls `on_mode` for each mode of a signal that has been found, from any thread. In the
    /// standard preset a signal has at most `log2 n` modes.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let modes = AtomicUsize::new(0);
    /// let count = || drop(modes.fetch_add(1, Ordering::Relaxed));
    /// let signal: Vec<f64> = (0..99).map(|t| f64::from(t * t % 17)).collect();
    /// let found = emd::Params::default().check()?.emd(&signal, emd::Control::default().on_mode(&count))?;
    /// assert_eq!(found.modes.len(), modes.into_inner());
    /// # Ok::<(), emd::Error>(())
    /// ```
    pub fn on_mode(self, on_mode: &'a (dyn Fn() + Sync)) -> Self {
        Self { on_mode: Some(on_mode), ..self }
    }

    pub(crate) fn found_mode(&self) {
        if let Some(on_mode) = self.on_mode {
            on_mode();
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
