//! How far a piece of work is, as people read it.
//!
//! ```
//! use pipeline::meter::Meter;
//! use pipeline::observer::Unit;
//!
//! let meter = Meter::new(Unit::Symbols, 4);
//! meter.add(1);
//! assert_eq!(meter.share(), 0.25);
//! assert!(meter.text().starts_with("1 of 4 symbols, "));
//! ```

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::observer::Unit;
use crate::text;

/// The time left is unknown before this time and this share of the work: the first items say little
/// about the rest.
const MIN_ELAPSED: Duration = Duration::from_secs(2);
const MIN_SHARE: f64 = 0.02;

/// The progress of one piece of work since its start. Threads may share it.
#[derive(Debug)]
pub struct Meter {
    unit: Unit,
    total: u64,
    done: AtomicU64,
    /// Share of the work that is done, if it is reported apart from items.
    share: Mutex<f64>,
    begun: Instant,
}

impl Meter {
    /// Starts work on `total` units.
    pub fn new(unit: Unit, total: u64) -> Meter {
        let (done, share) = (AtomicU64::new(0), Mutex::new(0.0));
        Meter { unit, total, done, share, begun: Instant::now() }
    }

    /// Adds `count` finished units.
    pub fn add(&self, count: u64) {
        self.done.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds a share of the work, from 0 to 1, for the units that count work.
    pub fn add_share(&self, share: f64) {
        *self.share.lock().unwrap_or_else(PoisonError::into_inner) += share;
    }

    /// Returns the share of the work that is done, from 0 to 1.
    pub fn share(&self) -> f64 {
        let share = match self.unit {
            Unit::Work | Unit::SymbolsAndWork => {
                *self.share.lock().unwrap_or_else(PoisonError::into_inner)
            }
            _ => self.done.load(Ordering::Relaxed) as f64 / self.total.max(1) as f64,
        };
        share.min(1.0)
    }

    /// Returns counts, rate and, as soon as it can be estimated, the time left, such as
    /// `5 of 20 symbols, 2/s, 8 s left`.
    pub fn text(&self) -> String {
        let (elapsed, share) = (self.begun.elapsed(), self.share());
        let counts = self.counts(share, elapsed);
        match time_left(elapsed, share) {
            Some(left) => format!("{counts}, {left} left"),
            None => counts,
        }
    }

    fn counts(&self, share: f64, elapsed: Duration) -> String {
        let (done, total) = (self.done.load(Ordering::Relaxed), self.total);
        let percent = (100.0 * share).floor();
        let rate = done as f64 / elapsed.as_secs_f64().max(0.1);
        match self.unit {
            Unit::Work => format!("{percent} %"),
            Unit::SymbolsAndWork => format!("{done} of {total} symbols, {percent} %"),
            Unit::Symbols => format!("{done} of {total} symbols, {rate:.0}/s"),
            Unit::AsOfs => format!("{done} of {total} as-ofs, {rate:.0}/s"),
            Unit::Minutes => {
                let [done, total, rate] = [done, total, rate as u64].map(text::count);
                format!("{done} of {total} minutes, {rate}/s")
            }
            Unit::Bytes => {
                let [done, total, rate] = [done, total, rate as u64].map(text::bytes);
                format!("{done} of {total}, {rate}/s")
            }
        }
    }
}

/// Estimates the time left from the average speed so far; `None` before it can be known, and at the
/// end.
fn time_left(elapsed: Duration, share: f64) -> Option<String> {
    if elapsed < MIN_ELAPSED || !(MIN_SHARE..1.0).contains(&share) {
        return None;
    }
    let seconds = elapsed.as_secs_f64() * (1.0 - share) / share;
    Some(match seconds {
        s if s < 90.0 => format!("{:.0} s", s.max(1.0)),
        s if s < 90.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_silent_before_it_is_known_and_never_rises_at_a_steady_pace() {
        assert_eq!(time_left(Duration::from_millis(500), 0.5), None);
        assert_eq!(time_left(Duration::from_secs(60), 0.01), None);
        assert_eq!(time_left(Duration::from_secs(60), 1.0), None);
        let times = [(2, 0.02), (25, 0.25), (75, 0.75), (99, 0.99)]
            .map(|(elapsed, share)| time_left(Duration::from_secs(elapsed), share).unwrap());
        assert_eq!(times, ["2 min", "75 s", "25 s", "1 s"]);
        assert_eq!(time_left(Duration::from_secs(3600), 0.25).unwrap(), "3.0 h");
    }

    #[test]
    fn decompositions_are_counted_by_work_not_by_symbols() {
        let halfway = Meter::new(Unit::SymbolsAndWork, 10);
        halfway.add_share(0.5);
        assert_eq!(halfway.counts(halfway.share(), Duration::ZERO), "0 of 10 symbols, 50 %");
        // Work that is done again after a timeout is not counted twice.
        halfway.add_share(0.7);
        assert_eq!(halfway.share(), 1.0);
        let bytes = Meter::new(Unit::Bytes, 10_000_000);
        bytes.add(5_000_000);
        assert_eq!(
            bytes.counts(bytes.share(), Duration::from_secs(5)),
            "5.0 MB of 10.0 MB, 1.0 MB/s"
        );
    }
}
