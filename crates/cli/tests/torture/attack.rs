//! What the campaigns share: bounded runs, and assertions about how the program ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use testkit::program::{Run, TestDir, finish};

/// Seconds after which a run counts as a hang. A slow exchange is asked again for up to 15 s.
const HANG: &str = "60";

/// Numbers of attacks by kind.
static TALLY: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

/// Counts an attack.
pub fn count(kind: &'static str) {
    *TALLY.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
}

/// The numbers of attacks so far.
pub fn tally() -> String {
    let tally = TALLY.lock().unwrap_or_else(PoisonError::into_inner);
    let list: Vec<String> = tally.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    list.join(", ")
}

/// Returns `command` under `limits` (words of the shell, such as `ulimit -n 20;`), stopped after
/// [`HANG`] seconds with status 124.
pub fn bounded(command: &Command, limits: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limits} exec timeout -k 5 {HANG} \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}

/// Runs `words` with a bound on time and on memory, and asserts that the program ended by itself.
pub fn run(test_dir: &TestDir, words: &[&str]) -> Run {
    run_within(6_000_000, test_dir, words)
}

/// [`run`] with a bound on virtual memory in kilobytes. Threads and allocators reserve more than they
/// use.
pub fn run_within(kilobytes: u32, test_dir: &TestDir, words: &[&str]) -> Run {
    let run = finish(bounded(&test_dir.command(words), &format!("ulimit -v {kilobytes};")));
    sound(&run, words);
    run
}

/// Asserts that a run ended with an exit status of the program, and with an error if it failed.
pub fn sound(run: &Run, words: &[&str]) {
    let shown = || format!("{words:?}: status {:?}\n{}\n{}", run.status, run.out, run.err);
    assert!(!run.err.contains("panicked") && !run.err.contains("please report it"), "{}", shown());
    assert!(matches!(run.status, Some(0..=2)), "{}", shown());
    assert!(run.status == Some(0) || run.err.contains("error: "), "{}", shown());
}

/// Returns whether a file is one that only a process at work has: a temporary file, or the journal of a
/// group of renames.
pub fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".tmp") || name.starts_with(".data-pipeline-commit")
}

/// The files below a folder that are compared between runs: not the records of the run itself.
pub fn outputs(test_dir: &TestDir, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut tree =
        if test_dir.file(folder).exists() { test_dir.tree(folder) } else { BTreeMap::new() };
    tree.retain(|path, _| !path.ends_with("run.json") && !path.ends_with("run_config.json"));
    tree
}

/// Copies the files below a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}
