//! When to stop early.

use crate::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A deadline and a flag to stop by, looked at before each row of noise, mode and trial: the sifting in
/// hand is finished first (10 sifts of 130,000 samples take 2 ms, the most that a rule allows 0.3 s). The default never stops.
///
/// ```
/// use std::sync::atomic::AtomicBool;
/// use std::time::{Duration, Instant};
///
/// let asked_to_stop = AtomicBool::new(false);
/// let control = emd::Control::default()
///     .until(Instant::now() + Duration::from_secs(60))
///     .unless(&asked_to_stop);
/// assert_eq!(control.check(), Ok(()));
/// ```
#[derive(Clone, Copy, Default)]
pub struct Control<'a> {
    deadline: Option<Instant>,
    cancelled: Option<&'a AtomicBool>,
    told: Option<&'a (dyn Fn() + Sync)>,
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
    pub fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Stops once `cancelled` is true, with [`Error::Cancelled`].
    pub fn unless(self, cancelled: &'a AtomicBool) -> Self {
        Self { cancelled: Some(cancelled), ..self }
    }

    /// Calls `told` whenever a mode of a signal has been found, from whatever thread: there are at most log2 n of them in
    /// the standard preset.
    pub fn telling(self, told: &'a (dyn Fn() + Sync)) -> Self {
        Self { told: Some(told), ..self }
    }

    pub(crate) fn found_mode(&self) {
        if let Some(told) = self.told {
            told();
        }
    }

    /// Whether to go on.
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
