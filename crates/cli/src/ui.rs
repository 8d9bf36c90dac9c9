//! Terminal output: results on standard output; progress, warnings and errors on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI8, Ordering};

use anyhow::Context;
use indicatif::{MultiProgress, ProgressDrawTarget};
pub use pipeline::text::{bar, bytes, count, minutes, pluralize, spark};
use pipeline::text_table::TextTable;
use pipeline::{printable, text_table};

use crate::secrets;

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
    let message = secrets::without_passwords(message);
    let message = printable::message(&message);
    let (problem, remedy) = split_remedy(&message);
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

/// Writes `text` and a newline to standard output, unless `--quiet` is set. Control characters other
/// than line ends are escaped.
///
/// # Errors
/// Standard output cannot be written; see [`is_broken_pipe`] for a closed pipe.
pub fn print(text: &str) -> anyhow::Result<()> {
    if verbosity() >= 0 {
        let mut out = anstream::stdout().lock();
        let text = secrets::without_addresses(text);
        writeln!(out, "{}", printable::output(&text)).context("cannot write to standard output")?;
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

/// Formats a table that fits the terminal. Control characters are escaped; `numbers` are the indices of
/// right-aligned columns.
pub fn table(
    header: &[&str],
    numbers: &[usize],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let cell = |cell: String| printable::message(&cell).into_owned();
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    text_table::format(header, numbers, &rows, width())
}

/// Maximum number of symbols in the table of a stage.
pub const MAX_SYMBOLS_SHOWN: usize = 20;

/// Prints a table.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_table(shown: TextTable) -> anyhow::Result<()> {
    let header: Vec<&str> = shown.header.iter().map(String::as_str).collect();
    print(&table(&header, &shown.numbers, shown.rows))
}

/// Prints the first `max` rows of a table, and the number of the others.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_first(max: usize, mut shown: TextTable) -> anyhow::Result<()> {
    let more = shown.rows.len().saturating_sub(max);
    shown.rows.truncate(max);
    print_table(shown)?;
    if more > 0 { print(&format!("and {more} more")) } else { Ok(()) }
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
}
