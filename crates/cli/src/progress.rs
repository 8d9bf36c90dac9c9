//! Progress of long work: a bar on a terminal, else a line every ten seconds; nothing with `--quiet`.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
pub use pipeline::observer::Unit;

use crate::ui::{self, BARS};

/// Interval between lines if standard error is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The time left is unknown before this time and this share of the work: the first items say little
/// about the rest.
const MIN_ELAPSED: Duration = Duration::from_secs(2);
const MIN_SHARE: f64 = 0.02;

/// Interval at which a bar is drawn.
const TICK: Duration = Duration::from_millis(200);

/// Length of a bar in its own units.
const BAR_LENGTH: u64 = 1000;

/// Progress of one piece of work.
#[derive(Debug)]
pub struct Progress {
    what: String,
    state: Arc<State>,
    bar: Option<ProgressBar>,
    last_line: Mutex<Instant>,
}

#[derive(Debug)]
struct State {
    unit: Unit,
    total: u64,
    done: AtomicU64,
    /// Share of the work that is done, if it is reported apart from items.
    share: Mutex<f64>,
    begun: Instant,
}

impl Progress {
    /// Starts the progress of `what`, from 0 to `total` units.
    pub fn new(what: &str, unit: Unit, total: u64) -> Progress {
        let begun = Instant::now();
        let state =
            Arc::new(State { unit, total, done: AtomicU64::new(0), share: Mutex::new(0.0), begun });
        let bar = (ui::verbosity() >= 0 && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{msg} [{bar:30}] {counts}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let shown = state.clone();
            let counts = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                // Writing to a String cannot fail.
                let _ = write!(out, "{}", shown.text());
            };
            let style = style.with_key("counts", counts).progress_chars("=> ");
            let bar = BARS.add(ProgressBar::new(BAR_LENGTH).with_style(style));
            bar.set_message(what.to_owned());
            tick(&bar);
            bar
        });
        Progress { what: what.to_owned(), state, bar, last_line: Mutex::new(begun) }
    }

    /// Adds `n` finished units.
    pub fn add(&self, n: u64) {
        self.state.done.fetch_add(n, Ordering::Relaxed);
        self.show();
    }

    /// Adds a share of the work, from 0 to 1.
    pub fn add_share(&self, share: f64) {
        *self.state.share.lock().unwrap_or_else(PoisonError::into_inner) += share;
        self.show();
    }

    /// Moves the bar, or prints a line, at most one per interval.
    fn show(&self) {
        if let Some(bar) = &self.bar {
            bar.set_position((self.state.share() * BAR_LENGTH as f64) as u64);
        } else if ui::verbosity() >= 0 {
            let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() >= LINE_INTERVAL {
                *last = Instant::now();
                ui::eprintln_above_progress(&format!("{}: {}", self.what, self.state.text()));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            BARS.remove(bar);
        }
    }
}

impl State {
    /// The share of the work that is done, from 0 to 1.
    fn share(&self) -> f64 {
        let share = match self.unit {
            Unit::Work | Unit::SymbolsAndWork => {
                *self.share.lock().unwrap_or_else(PoisonError::into_inner)
            }
            _ => self.done.load(Ordering::Relaxed) as f64 / self.total.max(1) as f64,
        };
        share.min(1.0)
    }

    /// Counts, rate and time left.
    fn text(&self) -> String {
        let elapsed = self.begun.elapsed();
        let (done, share) = (self.done.load(Ordering::Relaxed), self.share());
        let left = time_left(elapsed, share).map(|left| format!(", {left} left"));
        format!("{}{}", self.counts(done, share, elapsed), left.unwrap_or_default())
    }

    fn counts(&self, done: u64, share: f64, elapsed: Duration) -> String {
        let total = self.total;
        let percent = (100.0 * share).floor();
        let rate = done as f64 / elapsed.as_secs_f64().max(0.1);
        match self.unit {
            Unit::Work => format!("{percent} %"),
            Unit::SymbolsAndWork => format!("{done} of {total} symbols, {percent} %"),
            Unit::Symbols => format!("{done} of {total} symbols, {rate:.0}/s"),
            Unit::AsOfs => format!("{done} of {total} as-ofs, {rate:.0}/s"),
            Unit::Minutes => {
                let [done, total, rate] = [done, total, rate as u64].map(ui::count);
                format!("{done} of {total} minutes, {rate}/s")
            }
            Unit::Bytes => {
                let [done, total, rate] = [done, total, rate as u64].map(ui::bytes);
                format!("{done} of {total}, {rate}/s")
            }
            _ => format!("{done} of {total}, {percent} %"),
        }
    }
}

/// Draws the bar again and again while it exists, so that its time goes on during long steps.
fn tick(bar: &ProgressBar) {
    let bar = bar.downgrade();
    let tick = move || {
        while let Some(bar) = bar.upgrade().filter(|bar| !bar.is_finished()) {
            bar.tick();
            drop(bar);
            thread::sleep(TICK);
        }
    };
    // Without this thread the bar is only drawn when work is done.
    let _ = thread::Builder::new().name("progress".to_owned()).spawn(tick);
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

    fn state(unit: Unit, total: u64, done: u64, share: f64) -> State {
        let (done, share) = (AtomicU64::new(done), Mutex::new(share));
        State { unit, total, done, share, begun: Instant::now() }
    }

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
        let halfway = state(Unit::SymbolsAndWork, 10, 0, 0.5);
        assert_eq!(halfway.counts(0, halfway.share(), Duration::ZERO), "0 of 10 symbols, 50 %");
        // Work that is done again after a timeout is not counted twice.
        assert_eq!(state(Unit::SymbolsAndWork, 10, 0, 1.2).share(), 1.0);
        let bytes = state(Unit::Bytes, 10_000_000, 5_000_000, 0.0);
        assert_eq!(
            bytes.counts(5_000_000, bytes.share(), Duration::from_secs(5)),
            "5.0 MB of 10.0 MB, 1.0 MB/s"
        );
    }
}
