//! The project's own tasks, run as `cargo xtask <task>`.
//!
//! This program has no dependencies, so that it is built and at work in a second: it sees to what the tests and
//! benchmarks need and then starts them.

mod needs;

use std::path::Path;
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask <task>

  test     install what the tests need (Debian's packages, a private Python), then run all of them; further words go to cargo test
  picture  docs/report.png: the page of the sample market, as Chromium draws it
  bench    the benchmarks of docs/performance.md: speed and memory against their bounds";

/// The Python packages with which our outputs are read back.
const READERS: &[&str] = &["duckdb==2.0.0", "pandas==3.1.1", "polars==2.1.0", "pyarrow==26.0.1"];

/// What the decomposition is measured beside, and what it computes with.
const RIVALS: &[&str] = &["EMD-signal==1.10.0", "numpy==2.4.6", "scipy==1.17.1"];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let done = match words.next().as_deref() {
        Some("test") => test(words),
        Some("bench") => bench(words),
        Some("picture") => picture(),
        _ => Err(HELP.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every test; each that needs a MariaDB starts a private one, in a temporary folder on a free port, and stops it.
fn test(words: impl Iterator<Item = String>) -> Result<(), String> {
    needs::mariadb()?;
    needs::valgrind()?;
    needs::chromium()?;
    let python = needs::python(READERS)?;
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--lib", "--bins", "--tests"]).args(words);
    tests.env("DATA_PIPELINE_REQUIRE_MARIADB", "1").env("DATA_PIPELINE_REQUIRE_VALGRIND", "1");
    tests.env("DATA_PIPELINE_REQUIRE_CHROMIUM", "1");
    run(tests.env("DATA_PIPELINE_PYTHON", python))?;
    run(cargo().args(["test", "--workspace", "--doc"]))
}

fn bench(words: impl Iterator<Item = String>) -> Result<(), String> {
    needs::mariadb()?;
    needs::valgrind()?;
    let python = needs::python(&[READERS, RIVALS].concat())?;
    run(cargo().args(["build", "--release"]))?;
    let mut bench = cargo();
    bench.args(["bench", "--package", "data-pipeline"]);
    bench.args(["--bench", "leaderboards", "--bench", "features", "--bench", "cycles", "--bench", "run"]);
    bench.args(["--package", "emd", "--bench", "speed", "--"]).args(words);
    run(bench.env("DATA_PIPELINE_PYTHON", python))
}

/// The picture in the README.
fn picture() -> Result<(), String> {
    needs::chromium()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (demo, place) = (root.join("target/picture"), root.join("docs/report.png"));
    run(cargo().args(["run", "--release", "--", "demo", "--out-dir"]).arg(&demo))?;
    let mut chromium = Command::new("chromium");
    chromium.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=1200,1780",
    ]);
    chromium.arg("--blink-settings=preferredColorScheme=1").arg(format!("--screenshot={}", place.display()));
    // Without the boards' tables, so that the cycles come into the picture.
    let page = std::fs::read_to_string(demo.join("report.html")).map_err(|e| e.to_string())?;
    let shorter = demo.join("picture.html");
    let page = page.replace("</style>", "#boards { display: none }</style>");
    std::fs::write(&shorter, page).map_err(|e| e.to_string())?;
    run(chromium.arg(shorter))
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs `command`, which must succeed.
fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("failed: {command:?}")) }
}
