//! Terminal output: results on standard output; progress, warnings and errors on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicI8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
pub use pipeline::observer::Unit;
pub use pipeline::text::{bytes, count, minutes, pluralize};

use indicatif::{
    HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};

static VERBOSITY: AtomicI8 = AtomicI8::new(0);
static BARS: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));

/// Interval between progress lines if standard error is not a terminal.
const PROGRESS_LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Sets the verbosity: -1 errors only, 0 normal, 1 and 2 more.
pub fn set_verbosity(verbosity: i8) {
    VERBOSITY.store(verbosity, Ordering::Relaxed);
}

/// Returns the verbosity: -1 errors only, 0 normal, 1 and 2 more.
pub fn verbosity() -> i8 {
    VERBOSITY.load(Ordering::Relaxed)
}

/// Writes a line to standard error, above any progress bar.
pub fn eprintln_above_progress(line: &str) {
    // Nothing can be reported if standard error is closed.
    BARS.suspend(|| {
        let _ = writeln!(io::stderr(), "{line}");
    });
}

/// Writes an error to standard error, above any progress bar. Messages have the form `problem;
/// remedy`: the remedy goes on a line of its own.
pub fn eprint_error(message: &str) {
    let (problem, remedy) = split_remedy(message);
    let help = remedy.map(|remedy| format!("\nhelp: {remedy}")).unwrap_or_default();
    eprintln_above_progress(&format!("error: {problem}{help}"));
}

/// Splits `problem; remedy` at the first semicolon outside of quotes and brackets.
fn split_remedy(message: &str) -> (&str, Option<&str>) {
    let (mut is_quoted, mut depth) = (false, 0_i32);
    for (at, c) in message.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' => depth += 1,
            ')' => depth -= 1,
            ';' if !is_quoted && depth <= 0 && message[at..].starts_with("; ") => {
                return (&message[..at], Some(&message[at + 2..]));
            }
            _ => {}
        }
    }
    (message, None)
}

/// Prints the message of an interrupted process.
pub fn interrupted() {
    let _ = BARS.clear();
    let _ = writeln!(io::stderr(), "interrupted; unfinished files were removed");
}

/// Writes `text` and a newline to standard output, unless `--quiet` is set.
///
/// # Errors
/// Standard output cannot be written; see [`is_broken_pipe`] for a closed pipe.
pub fn print(text: &str) -> anyhow::Result<()> {
    if verbosity() >= 0 {
        let mut out = anstream::stdout().lock();
        writeln!(out, "{text}").context("cannot write to standard output")?;
    }
    Ok(())
}

/// Writes `text` to standard output, even with `--quiet`: it is what the command is for.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_always(text: &str) -> anyhow::Result<()> {
    anstream::stdout().lock().write_all(text.as_bytes()).context("cannot write to standard output")
}

/// Formats a heading, bold on a terminal.
pub fn heading(text: &str) -> String {
    format!("\x1b[1m{text}\x1b[0m")
}

/// Returns whether the error is a closed pipe, such as of `| head`, which is not a failure.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Wrong usage of a command: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Returns the width of the terminal in characters, or `None` if standard output is not a terminal.
pub fn width() -> Option<usize> {
    let size = io::stdout().is_terminal().then(terminal_size::terminal_size)??;
    Some(usize::from(size.0.0))
}

/// Text columns narrower than this make the titles of number columns wrap.
const MIN_TEXT_WIDTH: usize = 16;

/// Formats a table that fits the terminal; `numbers` are the indices of right-aligned columns. If
/// the terminal is narrow, text columns wrap first, then the titles of number columns; the first
/// column never wraps.
pub fn table(
    header: &[&str],
    numbers: &[usize],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let mut whole = vec![0];
    if let Some(width) = width() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width as u16);
        let content = |place: usize| {
            let cells =
                rows.iter().filter_map(|row| row.get(place)).map(|cell| cell.chars().count());
            cells.max().unwrap_or(0).max(header.get(place).map_or(0, |title| title.chars().count()))
        };
        let fixed: usize = [0].iter().chain(numbers).map(|&place| content(place) + 2).sum();
        let texts = header.len().saturating_sub(1 + numbers.len());
        if fixed + texts * MIN_TEXT_WIDTH <= width {
            whole.extend(numbers);
        }
    }
    table.set_header(header);
    table.add_rows(rows);
    for place in whole {
        if let Some(column) = table.column_mut(place) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    for &place in numbers {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// Draws a bar of up to 20 characters. `share` is clamped to 0..1.
pub fn bar(share: f64) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (share.clamp(0.0, 1.0) * 160.0).round() as usize;
    let (whole, rest) = (eighths / 8, eighths % 8);
    format!("{}{}", "█".repeat(whole), EIGHTHS[rest]).trim_end().to_owned()
}

/// Draws a sparkline of up to `width` characters; missing values are blank.
pub fn spark(values: &[f64], width: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) =
        (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let columns = width.min(values.len());
    let level = |column: usize| {
        let value = values[column * values.len() / columns];
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        if value.is_finite() { LEVELS[(share * 7.0).round() as usize] } else { ' ' }
    };
    (0..columns).map(level).collect()
}

/// Progress of long work: a bar on a terminal, else a line every ten seconds; nothing with `--quiet`.
#[derive(Debug)]
pub struct Progress {
    what: String,
    unit: Unit,
    total: u64,
    done: AtomicU64,
    /// Modes found so far, if the unit is symbols and modes.
    modes: Arc<AtomicU64>,
    begun: Instant,
    bar: Option<ProgressBar>,
    plain: Mutex<Instant>,
}

impl Progress {
    /// Starts the progress of `what`, from 0 to `total` units.
    pub fn new(what: &str, unit: Unit, total: u64) -> Progress {
        let modes = Arc::new(AtomicU64::new(0));
        let bar = (verbosity() >= 0 && io::stderr().is_terminal()).then(|| {
            let counts = match unit {
                Unit::Symbols => "{pos}/{len} symbols, {rate}",
                Unit::SymbolsAndModes => "{pos}/{len} symbols, {modes} modes",
                Unit::Modes => "{pos} modes, at most {len}",
                Unit::Minutes => "{pos}/{len} minutes, {rate}",
                Unit::Bytes => "{bytes}/{total_bytes}, {bytes_per_sec}",
                _ => "{pos}/{len}",
            };
            let template = format!("{{msg}} [{{bar:30}}] {counts}, {{left}} left");
            let style = ProgressStyle::with_template(&template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            // indicatif's own rate has four decimals.
            let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{:.0}/s", state.per_sec());
            };
            // Unknown before the first unit is done.
            let left = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = match state.pos() {
                    0 => write!(out, "?"),
                    _ => write!(out, "{:#}", HumanDuration(state.eta())),
                };
            };
            let found = modes.clone();
            let found = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{}", found.load(Ordering::Relaxed));
            };
            let style =
                style.with_key("rate", rate).with_key("left", left).with_key("modes", found);
            let bar = BARS.add(ProgressBar::new(total).with_style(style.progress_chars("=> ")));
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let now = Instant::now();
        Progress {
            what: what.to_owned(),
            unit,
            total,
            done: AtomicU64::new(0),
            modes,
            begun: now,
            bar,
            plain: Mutex::new(now),
        }
    }

    /// Adds `n` finished units.
    pub fn add(&self, n: u64) {
        self.done.fetch_add(n, Ordering::Relaxed);
        match &self.bar {
            Some(bar) => bar.inc(n),
            None => self.print_line(),
        }
    }

    /// Adds a mode that was found in one of the symbols.
    pub fn add_mode(&self) {
        self.modes.fetch_add(1, Ordering::Relaxed);
        // A bar redraws periodically.
        if self.bar.is_none() {
            self.print_line();
        }
    }

    /// Prints a progress line, at most one per interval.
    fn print_line(&self) {
        if verbosity() >= 0 {
            let mut last = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() >= PROGRESS_LINE_INTERVAL {
                *last = Instant::now();
                eprintln_above_progress(&self.line(self.done.load(Ordering::Relaxed)));
            }
        }
    }

    fn line(&self, done: u64) -> String {
        let (what, share) = (&self.what, 100.0 * done as f64 / self.total.max(1) as f64);
        let left = self.begun.elapsed().as_secs_f64() * (self.total.saturating_sub(done)) as f64
            / done.max(1) as f64;
        match self.unit {
            Unit::Symbols => {
                format!("{what}: {done} of {} symbols, {share:.0} %, {left:.0} s left", self.total)
            }
            Unit::SymbolsAndModes => {
                let modes = self.modes.load(Ordering::Relaxed);
                format!("{what}: {done} of {} symbols, {share:.0} %, {modes} modes", self.total)
            }
            Unit::Modes => format!("{what}: {done} modes, at most {}", self.total),
            Unit::Minutes => {
                format!("{what}: {done} of {} minutes, {share:.0} %, {left:.0} s left", self.total)
            }
            Unit::Bytes => {
                format!(
                    "{what}: {} of {} MB, {share:.0} %, {left:.0} s left",
                    done >> 20,
                    self.total >> 20
                )
            }
            _ => format!("{what}: {done} of {}, {share:.0} %", self.total),
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

#[cfg(test)]
mod tests {
    #[test]
    fn remedies_follow_the_first_semicolon_outside_of_quotes_and_brackets() {
        let split = super::split_remedy;
        assert_eq!(split("no file; give one; or two"), ("no file", Some("give one; or two")));
        assert_eq!(split("bad \"a; b\" (x; y); fix it"), ("bad \"a; b\" (x; y)", Some("fix it")));
        assert_eq!(split("cannot read a"), ("cannot read a", None));
    }

    #[test]
    fn sparklines_and_bars_have_the_expected_width() {
        assert_eq!(super::spark(&[1.0, f64::NAN, 4.5, 8.0], 10), "▁ ▅█");
        assert_eq!(super::spark(&[1.0, 2.0, 3.0, 4.0], 2), "▁▆");
        assert_eq!(super::spark(&[7.0, 7.0], 9), "▅▅");
        assert_eq!(super::spark(&[], 9), "");
        assert_eq!(
            [0.0, 0.5, 1.0, 7.0, f64::NAN].map(|share| super::bar(share).chars().count()),
            [0, 10, 20, 20, 0]
        );
    }
}
