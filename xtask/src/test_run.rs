//! `cargo xtask test`: runs all tests and prints how many passed, failed and were not run.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::{cargo, needs, print_line, python};

/// The number of tests by how they ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Totals {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Totals {
    /// Adds a line such as
    /// `test result: ok. 5 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out`, which each
    /// test program prints at its end, or as `5 passed, 1 skipped in 0.10s`, which pytest prints. Other
    /// lines count nothing.
    fn add(&mut self, line: &str) {
        let of_cargo = line
            .strip_prefix("test result: ")
            .map(|result| result.split_once(". ").map_or(result, |(_, counts)| counts));
        let of_pytest = || {
            let (counts, time) = line.split_once(" in ")?;
            let is_time = time.ends_with('s') && time.starts_with(|c: char| c.is_ascii_digit());
            (is_time && line.starts_with(|c: char| c.is_ascii_digit())).then_some(counts)
        };
        let Some(counts) = of_cargo.or_else(of_pytest) else {
            return;
        };
        for count in counts.split([';', ',']) {
            let mut words = count.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<usize>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("error" | "errors") => self.failed += number,
                Some("ignored" | "skipped") => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// Installs what tests need and runs them; `words` go to `cargo test` and may select some. Each
/// test that needs a MariaDB starts a private one in a temporary folder on a free port, and stops
/// it.
pub fn run(words: impl Iterator<Item = String>) -> Result<(), String> {
    let words: Vec<String> = words.collect();
    let python = needs::setup()?;
    let mut totals = Totals::default();
    let mut tests = cargo();
    // Without --no-fail-fast the tests after a failure would be missing from the totals.
    tests.args(["test", "--no-fail-fast"]).args(scope(&words)).args(&words);
    tests.env("DATA_PIPELINE_REQUIRE_MARIADB", "1").env("DATA_PIPELINE_REQUIRE_VALGRIND", "1");
    tests.env("DATA_PIPELINE_REQUIRE_CHROMIUM", "1").env("DATA_PIPELINE_PYTHON", python);
    let mut result = count(&mut tests, &mut totals);
    // Words select tests of the Rust crates.
    if words.iter().all(|word| ["--locked", "--offline"].contains(&word.as_str())) {
        result = result.and(python::test(&mut totals));
    }
    let Totals { passed, failed, ignored } = totals;
    print_line(&format!("\n{passed} tests passed, {failed} failed, {}", not_run(ignored)));
    result
}

/// Returns the packages to test: all, unless `words` name some.
fn scope(words: &[String]) -> &'static [&'static str] {
    let is_package = |word: &String| {
        ["-p", "--package", "--manifest-path"].contains(&word.as_str())
            || word.starts_with("--package=")
    };
    if words.iter().take_while(|word| *word != "--").any(is_package) {
        &[]
    } else {
        &["--workspace"]
    }
}

fn not_run(ignored: usize) -> String {
    match ignored {
        0 => "none skipped".to_owned(),
        n => format!(
            "{n} not run for lack of data or of a permission (see \"Tests that are not run\" in CONTRIBUTING.md)"
        ),
    }
}

/// Runs a test command, prints its output as it comes, and adds up its results.
pub fn count(command: &mut Command, totals: &mut Totals) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let cannot = |e: std::io::Error| format!("cannot run {program}: {e}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(cannot)?;
    if let Some(output) = child.stdout.take() {
        let mut out = std::io::stdout().lock();
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(cannot)?;
            totals.add(&String::from_utf8_lossy(&line));
            // A reader that has gone away must not stop the tests.
            let _ =
                out.write_all(&line).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
        }
    }
    let status = child.wait().map_err(cannot)?;
    if status.success() { Ok(()) } else { Err(format!("failed: {command:?}")) }
}

#[cfg(test)]
mod tests {
    use super::{Totals, not_run};

    #[test]
    fn results_of_all_test_programs_are_added_up() {
        let mut totals = Totals::default();
        for line in [
            "running 7 tests",
            "test result_is_finite ... ok",
            "test result: ok. 5 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 1.20s",
            "47 passed, 2 failed, 1 skipped, 1 warning in 4.76s",
            "3 tests in 2 files",
        ] {
            totals.add(line);
        }
        assert_eq!(totals, Totals { passed: 55, failed: 3, ignored: 3 });
    }

    #[test]
    fn summary_counts_tests_that_were_not_run() {
        assert_eq!(not_run(0), "none skipped");
        assert!(not_run(3).starts_with("3 not run for lack of data"));
    }
}
