//! Progress of long work: a bar on a terminal, else a line every ten seconds; nothing with `--quiet`.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use pipeline::meter::Meter;
pub use pipeline::observer::Unit;

use crate::ui::{self, BARS};

/// Interval between lines if standard error is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Interval at which a bar is drawn.
const TICK: Duration = Duration::from_millis(200);

/// Length of a bar in its own units.
const BAR_LENGTH: u64 = 1000;

/// Progress of one piece of work.
#[derive(Debug)]
pub struct Progress {
    what: String,
    meter: Arc<Meter>,
    bar: Option<ProgressBar>,
    last_line: Mutex<Instant>,
}

impl Progress {
    /// Starts the progress of `what`, from 0 to `total` units.
    pub fn new(what: &str, unit: Unit, total: u64) -> Progress {
        let meter = Arc::new(Meter::new(unit, total));
        let bar = (ui::verbosity() >= 0 && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{msg} [{bar:30}] {counts}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let shown = meter.clone();
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
        Progress { what: what.to_owned(), meter, bar, last_line: Mutex::new(Instant::now()) }
    }

    /// Adds `n` finished units.
    pub fn add(&self, n: u64) {
        self.meter.add(n);
        self.show();
    }

    /// Adds a share of the work, from 0 to 1.
    pub fn add_share(&self, share: f64) {
        self.meter.add_share(share);
        self.show();
    }

    /// Moves the bar, or prints a line, at most one per interval.
    fn show(&self) {
        if let Some(bar) = &self.bar {
            bar.set_position((self.meter.share() * BAR_LENGTH as f64) as u64);
        } else if ui::verbosity() >= 0 {
            let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() >= LINE_INTERVAL {
                *last = Instant::now();
                ui::eprintln_above_progress(&format!("{}: {}", self.what, self.meter.text()));
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
