//! Tasks of the project, run as `cargo xtask <task>`.
//!
//! This program has no dependencies, so that it is built and starts in a second: it sets up what
//! tests and benchmarks need, and then runs them.

mod compare;
mod fuzz;
mod needs;
mod python;
mod test_run;

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

const HELP: &str = "\
Tasks of the project

Usage: cargo xtask <task>

Tasks:
  setup    Install what the tests need: MariaDB, Chromium, valgrind and a private Python with pandas, polars and DuckDB
  test     Run setup, then all tests; further arguments go to cargo test
  bench    Run the benchmarks of docs/performance.md and check speed and memory against their bounds
  torture  Attack the program at random: kills, damaged files, hostile servers (--minutes N, --seed S)
  fuzz     Run the fuzz targets, each with a million inputs (--runs N, names of targets)
  compare  Run every command with two versions of the program and compare their outputs byte by byte
  spelling Check the spelling of every file with typos
  picture  Draw docs/report.png, the report of the sample market

Setup installs Debian packages; on other systems it prints what to install. It can be run any number of times.";

/// The Python packages with which tests read the program's outputs.
const READERS: &[&str] = &["duckdb==2.0.0", "pandas==3.1.1", "polars==2.1.0", "pyarrow==26.0.1"];

/// The Python packages that build and test ours.
const BUILDERS: &[&str] = &["maturin==1.16.0"];
const TESTERS: &[&str] = &["mypy==2.4.1", "numpy==2.4.6", "pytest==9.2.0"];

/// The spelling checker, which comes as a Python package.
const TYPOS: &str = "typos==1.52.0";

/// The Python package with which benchmarks compare the decomposition, and its dependencies.
const RIVALS: &[&str] = &["EMD-signal==1.10.0", "numpy==2.4.6", "scipy==1.17.1"];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let result = match words.next().as_deref() {
        Some("setup") => needs::setup().map(|_| ()),
        Some("test") => test_run::run(words),
        Some("bench") => bench(words),
        Some("torture") => torture(words),
        Some("fuzz") => fuzz::fuzz(words),
        Some("compare") => compare::run(words),
        Some("spelling") => spelling(),
        Some("picture") => picture(),
        Some("--help" | "-h" | "help") => {
            print_line(HELP);
            Ok(())
        }
        Some(word) => Err(format!("unknown task \"{word}\"\n\n{HELP}")),
        None => Err(HELP.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn bench(words: impl Iterator<Item = String>) -> Result<(), String> {
    needs::mariadb()?;
    needs::valgrind()?;
    let python = needs::python(&[READERS, RIVALS].concat())?;
    run(cargo().args(["build", "--release"]))?;
    let mut bench = cargo();
    bench.args(["bench", "--package", "data-pipeline"]);
    bench.args([
        "--bench",
        "leaderboards",
        "--bench",
        "features",
        "--bench",
        "cycles",
        "--bench",
        "run",
    ]);
    bench.args(["--package", "emd", "--bench", "speed", "--"]).args(words);
    run(bench.env("DATA_PIPELINE_PYTHON", python))
}

/// Attacks the program at random.
fn torture(words: impl Iterator<Item = String>) -> Result<(), String> {
    needs::mariadb()?;
    needs::strace()?;
    let mut attacks = cargo();
    // With the features of the whole workspace, so that the crates are those of the other tests.
    attacks.args(["test", "--workspace", "--test", "torture", "--"]);
    run(attacks.args(words))
}

/// Checks the spelling, as configured in `_typos.toml`.
fn spelling() -> Result<(), String> {
    let python = needs::python(&[TYPOS])?;
    run(Command::new(python.with_file_name("typos"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")))
}

/// Draws the picture in the README.
fn picture() -> Result<(), String> {
    needs::chromium()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (demo, picture) = (root.join("target/picture"), root.join("docs/report.png"));
    run(cargo().args(["run", "--release", "--", "demo", "--out-dir"]).arg(&demo))?;
    let mut chromium = Command::new("chromium");
    chromium.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=1200,1780",
    ]);
    chromium
        .arg("--blink-settings=preferredColorScheme=1")
        .arg(format!("--screenshot={}", picture.display()));
    // The tables of the boards are hidden, so that the cycles are in the picture.
    let page = std::fs::read_to_string(demo.join("report.html")).map_err(|e| e.to_string())?;
    let shorter = demo.join("picture.html");
    let page = page.replace("</style>", "#boards { display: none }</style>");
    std::fs::write(&shorter, page).map_err(|e| e.to_string())?;
    run(chromium.arg(shorter))
}

/// Prints a line; a reader that has gone away is no error.
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs `command` and returns an error if it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("failed: {command:?}")) }
}
