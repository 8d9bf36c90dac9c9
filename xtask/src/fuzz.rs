//! Runs the fuzz targets.

use std::path::{Path, PathBuf};

use crate::{cargo, print_line, run};

/// The version of cargo-fuzz that is installed if there is none.
const CARGO_FUZZ: &str = "0.13.2";

/// Number of inputs per target, without `--runs`.
const RUNS: &str = "1000000";

/// A mebibyte count beyond which a target fails, and a time limit per input in seconds.
const LIMITS: [&str; 2] = ["-rss_limit_mb=2048", "-timeout=20"];

/// Runs the targets in `words`, or all, from the seeds in `fuzz/seeds` and the corpus of earlier
/// runs in `fuzz/corpus`.
pub fn fuzz(words: impl Iterator<Item = String>) -> Result<(), String> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let (mut runs, mut chosen) = (RUNS.to_owned(), Vec::new());
    let mut words = words;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--runs" => runs = words.next().ok_or("--runs needs a number")?,
            _ => chosen.push(word),
        }
    }
    runs.parse::<u64>().map_err(|_| format!("--runs {runs}: expected a number"))?;
    let all = targets(&fuzz)?;
    if let Some(unknown) = chosen.iter().find(|target| !all.contains(target)) {
        return Err(format!("no target {unknown}; the targets are {}", all.join(", ")));
    }
    let tool = tool(&fuzz)?;
    for target in if chosen.is_empty() { all } else { chosen } {
        print_line(&format!("{target}: {runs} inputs"));
        let [corpus, seeds] = ["corpus", "seeds"].map(|folder| fuzz.join(folder).join(&target));
        std::fs::create_dir_all(&corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
        // Without a sanitizer, which needs a nightly compiler: the targets have no unsafe code.
        let mut command = std::process::Command::new(&tool);
        command.args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]).arg(&fuzz);
        command.arg(&target).args([corpus, seeds]);
        command.arg("--").arg(format!("-runs={runs}")).args(LIMITS).arg("-print_final_stats=1");
        // Targets write their inputs to files.
        if Path::new("/dev/shm").is_dir() {
            command.env("TMPDIR", "/dev/shm");
        }
        run(&mut command)?;
    }
    Ok(())
}

/// Returns the names of the targets.
fn targets(fuzz: &Path) -> Result<Vec<String>, String> {
    let folder = fuzz.join("fuzz_targets");
    let files = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let name = |file: std::io::Result<std::fs::DirEntry>| {
        Some(file.ok()?.path().file_stem()?.to_string_lossy().into_owned())
    };
    let mut names: Vec<String> = files.filter_map(name).collect();
    names.sort();
    Ok(names)
}

/// Returns cargo-fuzz, installed below the target folder if it is not there.
fn tool(fuzz: &Path) -> Result<PathBuf, String> {
    let root = fuzz.join("../target/tools");
    let tool = root.join("bin/cargo-fuzz");
    if !tool.is_file() {
        let mut install = cargo();
        install.args(["install", "--locked", "cargo-fuzz", "--version", CARGO_FUZZ, "--root"]);
        run(install.arg(root))?;
    }
    Ok(tool)
}
