//! Terminal output: results on standard output; progress, warnings and errors on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI8, Ordering};

use anyhow::Context;
pub use pipeline::text::{bytes, count, minutes, pluralize};

use indicatif::{MultiProgress, ProgressDrawTarget};

use crate::terminal_table;

static VERBOSITY: AtomicI8 = AtomicI8::new(0);
/// The progress bars on the terminal.
pub static BARS: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));

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

/// Formats a table that fits the terminal; `numbers` are the indices of right-aligned columns.
pub fn table(
    header: &[&str],
    numbers: &[usize],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    terminal_table::format(header, numbers, &rows, width())
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
