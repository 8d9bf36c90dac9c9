//! Builds the wheel of the Python package, installs it into an environment of its own, and runs its
//! tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::test_run::{Totals, count};
use crate::{BUILDERS, READERS, TESTERS, needs, run};

/// Tests the Python package. The command line must have been built before, because the tests compare
/// the two.
pub fn test(totals: &mut Totals) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().map_err(|e| format!("{}: {e}", root.display()))?;
    let wheel = wheel(&root)?;
    let python = clean_environment(&root, &wheel)?;
    let tests = root.join("python/tests");
    let pytest = |words: &[&str]| {
        let mut pytest = Command::new(&python);
        pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).args(words);
        pytest.env("DATA_PIPELINE_PROGRAM", root.join("target/debug/data-pipeline"));
        // Elsewhere than in the folder of the sources: what is installed is tested.
        pytest.current_dir(root.join("target"));
        pytest
    };
    let all = count(pytest(&[]).arg(&tests), totals);
    let examples = count(&mut pytest(&["--doctest-modules", "--pyargs", "data_pipeline"]), totals);
    let mut mypy = Command::new(&python);
    let types = run(mypy
        .args(["-m", "mypy", "--no-error-summary", "--cache-dir"])
        .arg(root.join("target/mypy"))
        .args(["tests", "src"])
        .current_dir(root.join("python")));
    all.and(examples).and(types)
}

/// Builds the wheel as tests are built, and returns it.
fn wheel(root: &Path) -> Result<PathBuf, String> {
    let python = needs::python(BUILDERS)?;
    let folder = root.join("target/wheels");
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    run(Command::new(&python)
        .args(["-m", "maturin", "build", "--profile", "dev", "--quiet", "--out"])
        .arg(&folder)
        .arg("--interpreter")
        .arg(&python)
        .current_dir(root.join("python")))?;
    let mut entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let wheel = entries.find(|entry| entry.file_name().to_string_lossy().ends_with(".whl"));
    wheel.map(|entry| entry.path()).ok_or_else(|| "maturin built no wheel".to_owned())
}

/// Installs the wheel and what its tests need into an empty environment.
fn clean_environment(root: &Path, wheel: &Path) -> Result<PathBuf, String> {
    let folder = root.join("target/python-wheel");
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let python = folder.join("bin/python");
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .arg(wheel)
        .args(TESTERS)
        .args(READERS))?;
    Ok(python)
}
