//! `cargo xtask compare`: runs every command with two versions of the program and compares
//! everything that they write.
//!
//! Each version works in a folder of its own with the same inputs under the same relative paths.
//! After each command the files that changed are compared byte by byte, then standard output and
//! the exit status. The differences that are allowed are listed in [`normalize`].

mod cases;
mod database;
mod exchange;
mod inputs;
mod json;
mod normalize;
mod zip;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use cases::{CASES, Case};
use database::Database;
use exchange::Exchange;
use normalize::{Content, Printed};

use crate::print_line;

/// The help text of this task.
const HELP: &str = "\
Run every command with two versions of the program and compare their outputs byte by byte

Usage: cargo xtask compare --old REV [--only WORD]
       cargo xtask compare --old-bin FILE --new-bin FILE [--only WORD]

  --old REV       Build the old program from this revision, in a worktree below target/compare
  --old-bin FILE  Use this program as the old one
  --new-bin FILE  Use this program as the new one [default: build the working tree]
  --only WORD     Run only the cases with WORD in their name or command line, and those that they need
  --list          List the cases and exit

Real bars are read from DATA_PIPELINE_SHARED, else from ../shared; without them their cases are skipped.
Exits with 1 if anything differs that xtask/src/compare/normalize.rs does not allow.";

/// The names of the two folders. They have the same length, so that paths in tables do.
const SIDES: [&str; 2] = ["old", "new"];

/// At most this many characters of a difference are shown.
const MAX_SHOWN: usize = 160;

#[derive(Debug, Default)]
struct Flags {
    old: Option<String>,
    bins: [Option<PathBuf>; 2],
    only: Option<String>,
    list: bool,
    help: bool,
}

impl Flags {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Flags, String> {
        let mut flags = Flags::default();
        while let Some(word) = words.next() {
            let mut value =
                || words.next().ok_or_else(|| format!("{word} needs a value\n\n{HELP}"));
            match word.as_str() {
                "--old" => flags.old = Some(value()?),
                "--old-bin" => flags.bins[0] = Some(value()?.into()),
                "--new-bin" => flags.bins[1] = Some(value()?.into()),
                "--only" => flags.only = Some(value()?),
                "--list" => flags.list = true,
                "--help" | "-h" => flags.help = true,
                _ => return Err(format!("unexpected argument \"{word}\"\n\n{HELP}")),
            }
        }
        Ok(flags)
    }

    /// Returns the cases to run: those that `--only` selects and all that they need.
    fn cases(&self) -> Result<Vec<&'static Case>, String> {
        let only = self.only.as_deref().unwrap_or("");
        let is_selected = |case: &&Case| case.name.contains(only) || case.line.contains(only);
        let mut wanted: BTreeSet<&str> =
            CASES.iter().filter(is_selected).map(|case| case.name).collect();
        // A case comes after those that it needs, so one pass from the last to the first finds all.
        for case in CASES.iter().rev() {
            if wanted.contains(case.name) {
                wanted.extend(case.needs);
            }
        }
        if wanted.is_empty() {
            return Err(format!("no case contains \"{only}\"; list them with --list"));
        }
        Ok(CASES.iter().filter(|case| wanted.contains(case.name)).collect())
    }
}

/// Runs the task; returns an error if there are differences.
pub fn run(words: impl Iterator<Item = String>) -> Result<(), String> {
    let flags = Flags::parse(words)?;
    if flags.help {
        print_line(HELP);
        return Ok(());
    }
    let cases = flags.cases()?;
    if flags.list {
        cases.iter().for_each(|case| print_line(&format!("{:34} {}", case.name, case.line)));
        return Ok(());
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let target = std::path::absolute(target).map_err(|e| e.to_string())?;
    let folder = target.join("compare");
    let programs = programs(&flags, &folder)?;

    let data = data_folder();
    let exchange = Exchange::start(data.as_ref().map(|data| data.join("kraken_rest")))?;
    let wants_database = cases.iter().any(|case| case.line.contains("DB"));
    let database = if wants_database { Database::start(&SIDES)? } else { None };
    let mut sides = Vec::new();
    for (name, program) in SIDES.into_iter().zip(programs) {
        let root = folder.join(name);
        prepare(&root, data.as_deref())
            .map_err(|e| format!("cannot prepare {}: {e}", root.display()))?;
        sides.push(Side { name, program, root, seen: BTreeMap::new() });
    }
    let [mut old, mut new] = <[Side; 2]>::try_from(sides).map_err(|_| "there are two sides")?;
    // Inputs are the same on both sides.
    old.changed()
        .and_then(|_| new.changed())
        .map_err(|e| format!("cannot read the inputs: {e}"))?;

    let begun = Instant::now();
    let mut total = Total::default();
    for case in cases {
        let lacks = match case {
            _ if case.line.contains("../data/") && data.is_none() => Some("no shared data"),
            _ if case.needs.iter().any(|name| total.skipped.contains(name)) => {
                Some("a case that it needs was skipped")
            }
            _ if case.line.contains("DB")
                && !case.line.contains("DB_HOST")
                && !case.line.contains("DB_PASSWORD")
                && database.is_none() =>
            {
                Some("MariaDB is not installed")
            }
            _ => None,
        };
        if let Some(why) = lacks {
            print_line(&format!("skipped    {:34} {why}", case.name));
            total.skipped.insert(case.name);
            continue;
        }
        let prepared = |side: &Side| side.command(case, &exchange, database.as_ref());
        let (first, second) = (prepared(&old), prepared(&new));
        let (first, second) = std::thread::scope(|scope| {
            let second = scope.spawn(|| finish(second));
            (finish(first), second.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())))
        });
        let outcome = compare(case, (&mut old, first?), (&mut new, second?), database.as_ref())?;
        outcome.print(case);
        total.add(&outcome);
    }
    let messages = folder.join("messages.txt");
    fs::write(&messages, &total.messages)
        .map_err(|e| format!("cannot write {}: {e}", messages.display()))?;
    if !total.messages.is_empty() {
        print_line(&format!(
            "\nMessages differ in {} commands: see {}",
            total.commands_with_messages,
            messages.display()
        ));
    }
    let skipped = match total.skipped.len() {
        0 => String::new(),
        n => format!(", {n} commands skipped"),
    };
    print_line(&format!(
        "\n{} commands, {} files compared, {} differences{skipped} ({:.0} s)",
        total.commands,
        total.files,
        total.differences,
        begun.elapsed().as_secs_f64()
    ));
    if total.differences == 0 { Ok(()) } else { Err("the outputs differ".to_owned()) }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the folder of real bars, if there is one.
fn data_folder() -> Option<PathBuf> {
    let shared = std::env::var_os("DATA_PIPELINE_SHARED");
    let data = shared.map_or_else(|| root().join("../shared"), PathBuf::from).join("data");
    data.is_dir().then_some(data)
}

/// Returns the two programs, built where no file is given.
fn programs(flags: &Flags, folder: &Path) -> Result<[PathBuf; 2], String> {
    let given = |path: &PathBuf| {
        path.canonicalize().map_err(|e| format!("cannot read {}: {e}", path.display()))
    };
    let old = match (&flags.bins[0], &flags.old) {
        (Some(path), None) => given(path)?,
        (None, Some(revision)) => build(&worktree(revision, folder)?, folder, "old-bin")?,
        _ => return Err(format!("give either --old or --old-bin\n\n{HELP}")),
    };
    let new = match &flags.bins[1] {
        Some(path) => given(path)?,
        None => build(&root(), folder, "new-bin")?,
    };
    Ok([old, new])
}

/// Returns a worktree of `revision` below `folder`.
fn worktree(revision: &str, folder: &Path) -> Result<PathBuf, String> {
    let git = |dir: &Path, words: &[&str]| -> Result<String, String> {
        let mut git = Command::new("git");
        git.arg("-C").arg(dir).args(words);
        let output = git.output().map_err(|e| format!("cannot run git: {e}"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(format!("failed: {git:?}\n{}", String::from_utf8_lossy(&output.stderr))),
        }
    };
    let commit = git(&root(), &["rev-parse", "--verify", &format!("{revision}^{{commit}}")])?;
    let place = folder.join(format!("source-{}", &commit[..12]));
    if place.join("Cargo.toml").is_file() && git(&place, &["rev-parse", "HEAD"])? == commit {
        return Ok(place);
    }
    git(&root(), &["worktree", "prune"])?;
    git(&root(), &["worktree", "add", "--force", "--detach", &place.to_string_lossy(), &commit])?;
    Ok(place)
}

/// Builds the release program of a source tree and returns a copy of it. Both versions are built in
/// one target folder, so that what they have in common is compiled once.
fn build(source: &Path, folder: &Path, name: &str) -> Result<PathBuf, String> {
    print_line(&format!("building {name} from {}", source.display()));
    let target = folder.join("build");
    let mut build = crate::cargo();
    // Debug information takes much of the time of a build and changes no result.
    build.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "data-pipeline",
        "--config",
        "profile.release.debug=false",
    ]);
    build.arg("--target-dir").arg(&target).current_dir(source);
    crate::run(&mut build)?;
    let place = folder.join(name);
    let binary =
        target.join("release").join(format!("data-pipeline{}", std::env::consts::EXE_SUFFIX));
    fs::copy(&binary, &place).map_err(|e| format!("cannot copy {}: {e}", binary.display()))?;
    Ok(place)
}

/// Makes an empty folder with the inputs and a copy of the real bars.
fn prepare(root: &Path, data: Option<&Path>) -> std::io::Result<()> {
    match fs::remove_dir_all(root) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    fs::create_dir_all(root)?;
    if let Some(data) = data {
        copy(data, &root.join("data"))?;
    }
    inputs::write(&root.join("inputs"), &root.join("data"))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            // Not with the permissions of the original, which may be read-only.
            fs::write(place, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// One of the two programs, and the folder in which it works.
struct Side {
    name: &'static str,
    program: PathBuf,
    root: PathBuf,
    /// The files that there were after the last command.
    seen: BTreeMap<String, (SystemTime, u64)>,
}

impl Side {
    /// Returns the command of a case, with nothing of the caller's environment that could affect
    /// it.
    fn command(&self, case: &Case, exchange: &Exchange, database: Option<&Database>) -> Command {
        let (variables, words) = self.words(case, exchange, database);
        let folder = case.name.split('/').next().unwrap_or_default();
        let folder = self.root.join(folder);
        let mut command = Command::new(&self.program);
        command.env_clear().args(words).current_dir(&folder).stdin(Stdio::null());
        for name in ["PATH", "HOME", "TMPDIR", "SYSTEMROOT", "TEMP"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(variables);
        // A folder that cannot be made shows when the program starts.
        let _ = fs::create_dir_all(folder);
        command
    }

    /// Returns the variables and the words of a case's line.
    fn words(
        &self,
        case: &Case,
        exchange: &Exchange,
        database: Option<&Database>,
    ) -> (Vec<(String, String)>, Vec<String>) {
        let is_variable = |word: &&str| {
            let name = word.split_once('=').map_or("", |(name, _)| name);
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        let mut words = case.line.split_whitespace().peekable();
        let mut variables = Vec::new();
        while let Some((name, value)) =
            words.next_if(is_variable).and_then(|word| word.split_once('='))
        {
            variables.push((name.to_owned(), value.to_owned()));
        }
        let word = |word: &str| match (word, database) {
            ("DB", Some(database)) => database.address(self.name, "ohlcvt"),
            ("DB_other", Some(database)) => database.address(self.name, "other"),
            _ => match word.strip_prefix("API") {
                Some(path) => format!("{}{path}", exchange.address),
                None => word.to_owned(),
            },
        };
        (variables, words.map(word).collect())
    }

    /// Returns the files that were written, changed or removed since the last call, by the name
    /// under which they are compared. A file that is no longer there has no path.
    fn changed(&mut self) -> std::io::Result<BTreeMap<String, Option<PathBuf>>> {
        let mut now = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let about = path.symlink_metadata()?;
                let name = path
                    .strip_prefix(&self.root)
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .replace('\\', "/");
                if about.is_dir() {
                    folders.push(path);
                    // An empty folder that is left behind is a difference, too.
                    now.insert(format!("{name}/"), (SystemTime::UNIX_EPOCH, 0));
                } else if !normalize::is_new(&name) {
                    now.insert(name, (about.modified()?, about.len()));
                }
            }
        }
        let mut changed = BTreeMap::new();
        for name in now.keys().filter(|name| now.get(*name) != self.seen.get(*name)) {
            let compared = normalize::file_name(name);
            // Both names of a sidecar at once are an error, which shows as a file that the other
            // side does not have.
            let key = if changed.contains_key(&compared) { name.clone() } else { compared };
            changed.insert(key, Some(self.root.join(name)));
        }
        for name in self.seen.keys().filter(|name| !now.contains_key(*name)) {
            changed.entry(normalize::file_name(name)).or_insert(None);
        }
        self.seen = now;
        Ok(changed)
    }

    /// Returns the present path of a file that did not change.
    fn unchanged(&self, name: &str) -> Option<PathBuf> {
        let name = self.seen.keys().find(|seen| normalize::file_name(seen) == name)?;
        Some(self.root.join(name))
    }
}

/// How a command ended.
struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    time: Duration,
    words: Vec<String>,
}

fn finish(mut command: Command) -> Result<Ended, String> {
    let begun = Instant::now();
    let output = command.output().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    Ok(Ended {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        time: begun.elapsed(),
        words: command.get_args().map(|word| word.to_string_lossy().into_owned()).collect(),
    })
}

/// What came out of one comparison.
#[derive(Default)]
struct Outcome {
    files: usize,
    differences: Vec<String>,
    /// Both texts of standard error and of the logs, if they differ.
    messages: Option<String>,
    status: Option<i32>,
    times: [Duration; 2],
}

impl Outcome {
    fn print(&self, case: &Case) {
        let word = if self.differences.is_empty() { "same" } else { "DIFFERENT" };
        let status =
            self.status.map_or_else(|| "signal".to_owned(), |status| format!("exit {status}"));
        let messages = if self.messages.is_some() { ", messages differ" } else { "" };
        print_line(&format!(
            "{word:10} {:34} {:4} files, {status}, {:.1} s / {:.1} s{messages}",
            case.name,
            self.files,
            self.times[0].as_secs_f64(),
            self.times[1].as_secs_f64()
        ));
        for difference in &self.differences {
            print_line(&format!("           {}", difference.replace('\n', "\n             ")));
        }
    }
}

#[derive(Default)]
struct Total {
    commands: usize,
    files: usize,
    differences: usize,
    skipped: BTreeSet<&'static str>,
    commands_with_messages: usize,
    messages: String,
}

impl Total {
    fn add(&mut self, outcome: &Outcome) {
        self.commands += 1;
        self.files += outcome.files;
        self.differences += outcome.differences.len();
        self.commands_with_messages += usize::from(outcome.messages.is_some());
        self.messages.extend(outcome.messages.as_deref());
    }
}

/// Compares what the two programs did.
fn compare(
    case: &Case,
    (old, first): (&mut Side, Ended),
    (new, second): (&mut Side, Ended),
    database: Option<&Database>,
) -> Result<Outcome, String> {
    let mut outcome =
        Outcome { status: first.status, times: [first.time, second.time], ..Outcome::default() };
    if first.status != second.status {
        let difference = format!("exit status {:?} / {:?}", first.status, second.status);
        outcome.differences.push(format!(
            "{difference}\n{}\n{}",
            last_line(&first.stderr),
            last_line(&second.stderr)
        ));
    }
    let printed = Printed::by(&first.words);
    let words = |side: &Side, text: &str| {
        text.replace(&format!("market_{}", side.name), "market")
            .replace(&*side.root.to_string_lossy(), "<folder>")
    };
    let texts = [
        normalize::stdout(printed, &words(old, &first.stdout), "<folder>"),
        normalize::stdout(printed, &words(new, &second.stdout), "<folder>"),
    ];
    if texts[0] != texts[1] {
        let shown = first_difference(texts[0].as_bytes(), texts[1].as_bytes());
        outcome.differences.push(format!("standard output {shown}"));
    }
    let messages = [
        normalize::stderr(&words(old, &first.stderr), "<folder>"),
        normalize::stderr(&words(new, &second.stderr), "<folder>"),
    ];
    if messages[0] != messages[1] {
        outcome.messages = Some(format!(
            "== {}: {}\n-- old\n{}\n-- new\n{}\n\n",
            case.name, case.line, messages[0], messages[1]
        ));
    }
    if let Some(database) = database.filter(|_| case.name.starts_with("database/")) {
        outcome.files += 1;
        let dumps = (database.dump(old.name)?, database.dump(new.name)?);
        if dumps.0 != dumps.1 {
            let shown = first_difference(dumps.0.as_bytes(), dumps.1.as_bytes());
            outcome.differences.push(format!("the tables of the database {shown}"));
        }
    }
    compare_files(old, new, &mut outcome)
        .map_err(|e| format!("{}: cannot compare files: {e}", case.name))?;
    Ok(outcome)
}

/// Compares the files that changed on either side.
fn compare_files(old: &mut Side, new: &mut Side, outcome: &mut Outcome) -> std::io::Result<()> {
    let (olds, news) = (old.changed()?, new.changed()?);
    let names: BTreeSet<&String> = olds.keys().chain(news.keys()).collect();
    for name in names {
        let path =
            |side: &Side, changed: &BTreeMap<String, Option<PathBuf>>| match changed.get(name) {
                Some(path) => path.clone(),
                None => side.unchanged(name),
            };
        let (first, second) = match (path(old, &olds), path(new, &news)) {
            (None, None) => continue,
            (Some(_), None) => {
                outcome.differences.push(format!("{name}: only the old program writes it"));
                continue;
            }
            (None, Some(_)) => {
                outcome.differences.push(format!("{name}: only the new program writes it"));
                continue;
            }
            (Some(first), Some(second)) => (first, second),
        };
        if name.ends_with('/') {
            continue;
        }
        outcome.files += 1;
        let bytes = (fs::read(&first)?, fs::read(&second)?);
        if bytes.0 == bytes.1 {
            continue;
        }
        match (normalize::content(name, bytes.0), normalize::content(name, bytes.1)) {
            (Content::Words, Content::Words) => {}
            (Content::Bytes(first), Content::Bytes(second)) if first == second => {}
            (Content::Bytes(first), Content::Bytes(second)) => {
                outcome.differences.push(format!("{name} {}", first_difference(&first, &second)));
            }
            _ => outcome.differences.push(format!("{name}: words and bytes")),
        }
    }
    Ok(())
}

fn last_line(text: &str) -> &str {
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default()
}

/// Describes where two contents begin to differ.
fn first_difference(old: &[u8], new: &[u8]) -> String {
    let at = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let line = old[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let about =
        format!("differs at byte {at}, line {line} ({} and {} bytes)", old.len(), new.len());
    let is_text = !old.iter().chain(new).any(|byte| *byte == 0);
    if !is_text {
        return about;
    }
    let shown = |bytes: &[u8]| {
        let start =
            bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |start| start + 1);
        let start = start.max(at.saturating_sub(MAX_SHOWN / 2));
        let text = String::from_utf8_lossy(&bytes[start..]).into_owned();
        text.lines().next().unwrap_or_default().chars().take(MAX_SHOWN).collect::<String>()
    };
    format!("{about}\nold: {}\nnew: {}", shown(old), shown(new))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CASES, Flags};

    #[test]
    fn names_are_unique_and_needs_come_first() {
        let mut names = BTreeSet::new();
        for case in CASES {
            for need in case.needs {
                assert!(names.contains(need), "{} needs {need}", case.name);
            }
            assert!(names.insert(case.name), "{} occurs twice", case.name);
        }
    }

    #[test]
    fn only_selects_what_it_needs() {
        let flags = Flags { only: Some("sample/state-panel-csv".to_owned()), ..Flags::default() };
        let names: Vec<&str> = flags.cases().unwrap().iter().map(|case| case.name).collect();
        assert_eq!(names, ["sample/market", "sample/leaderboards", "sample/state-panel-csv"]);
        let flags = Flags { only: Some("nonsense".to_owned()), ..Flags::default() };
        assert!(flags.cases().is_err());
    }

    #[test]
    fn every_command_is_compared() {
        let commands = [
            "demo",
            "run",
            "report",
            "leaderboards",
            "metrics",
            "state",
            "regime",
            "emd",
            "imf-stage",
            "imf-postprocess",
            "imf-cluster",
            "fetch-history",
            "kraken-losers",
            "import",
            "sync",
            "check",
            "sample",
            "completions",
            "man",
        ];
        for command in commands {
            let runs =
                |line: &str| line.split(' ').find(|word| !word.contains('=')) == Some(command);
            assert!(
                CASES.iter().any(|case| runs(case.line) && !case.line.contains("--help")),
                "{command}"
            );
        }
    }
}
