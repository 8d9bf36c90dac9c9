//! When to stop early.

use crate::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A deadline and a flag, looked at before each mode and trial: work in hand is finished first, which takes some
/// milliseconds. The default never stops.
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
#[derive(Clone, Copy, Debug, Default)]
pub struct Control<'a> {
    deadline: Option<Instant>,
    cancelled: Option<&'a AtomicBool>,
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
