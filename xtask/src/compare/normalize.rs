//! The differences that are allowed between two versions of the program. This is the whole list:
//!
//! 1. The schema sidecars of `state` and `regime` may have a leading underscore in their name
//!    ([`file_name`]).
//! 2. Version numbers after `data-pipeline` or `data_pipeline` are equal ([`version`]).
//! 3. `run.json` is compared by its stages and the names of their files; fingerprints and digests
//!    are left out, since the files are compared themselves ([`run_record`]).
//! 4. `run_config.json` is compared without the value of its key `run` ([`run_config`]).
//! 5. White space of HTML pages does not count, nor does the spelling of empty elements
//!    (`<path></path>`, `<path/>`) and of apostrophes (`&#39;`, `'`) ([`html`]).
//! 6. Manual pages and completion scripts are words; they must exist. Help texts are compared by
//!    their flags, values and defaults ([`help`]). The flag `--shard` and the page of the command
//!    `merge`, new in 0.2, are left out ([`is_new`]), and so is the number of manual pages.
//! 7. On standard output, durations and file sizes are replaced, and so is the folder of the
//!    program's working directory. Of `run` and `demo` the width of columns does not count and the
//!    list of files may be in another order, since the name of a sidecar changes both ([`stdout`]).
//! 8. Standard error is words with times: a difference is reported and not counted. Log files
//!    repeat those words; they must exist.

use std::collections::BTreeSet;

use super::json;

/// Returns the name under which a file is compared: the name without underscore for a schema
/// sidecar.
pub fn file_name(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    match name {
        "_state_snapshot.schema.json" | "_regime_snapshot.schema.json" if folder.is_empty() => {
            name[1..].to_owned()
        }
        "_state_snapshot.schema.json" | "_regime_snapshot.schema.json" => {
            format!("{folder}/{}", &name[1..])
        }
        _ => path.to_owned(),
    }
}

/// Returns whether only the newer version writes this file.
pub fn is_new(path: &str) -> bool {
    path.rsplit_once('/').map_or(path, |(_, name)| name) == "data-pipeline-merge.1"
}

/// How the content of a file is compared.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes must be equal.
    Bytes(Vec<u8>),
    /// The file must exist; its text is words.
    Words,
}

/// Returns what is compared of a file.
pub fn content(path: &str, bytes: Vec<u8>) -> Content {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    Content::Bytes(match (name, extension) {
        (_, "log" | "1") => return Content::Words,
        ("run.json", _) => run_record(bytes),
        ("run_config.json", _) => version(&run_config(bytes)),
        (_, "html") => version(&html(&bytes)),
        (_, "parquet") => version(&bytes),
        _ => bytes,
    })
}

/// Replaces the version number after the program's name, as in `data_pipeline 0.1.0` or
/// `"data_pipeline": "0.1.0"`.
pub fn version(bytes: &[u8]) -> Vec<u8> {
    let names: [&[u8]; 2] = [b"data_pipeline", b"data-pipeline"];
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let Some(name) = names.iter().find(|name| bytes[at..].starts_with(name)) else {
            out.push(bytes[at]);
            at += 1;
            continue;
        };
        let end = at + name.len();
        let gap = bytes[end..].iter().take(4).take_while(|byte| b" \":/".contains(byte)).count();
        let digits =
            bytes[end + gap..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
        let digits = digits.count();
        let number = &bytes[end + gap..end + gap + digits];
        let number = number.strip_suffix(b".").unwrap_or(number);
        let is_version = gap > 0 && number.split(|byte| *byte == b'.').count() == 3;
        out.extend_from_slice(&bytes[at..end + gap]);
        at = end + gap;
        if is_version {
            out.extend_from_slice(b"<version>");
            at += number.len();
        }
    }
    out
}

/// Returns the stages of a `run.json` and the names of their files, a line each.
fn run_record(bytes: Vec<u8>) -> Vec<u8> {
    let Some(node) = json::parse(&bytes) else {
        return bytes;
    };
    let Some(stages) = node.get("stages") else {
        return bytes;
    };
    let mut lines = Vec::new();
    for (stage, node) in &stages.members {
        let outputs = node.get("outputs").into_iter().flat_map(|outputs| &outputs.members);
        lines.extend(outputs.map(|(path, _)| format!("{stage}: {}", file_name(path))));
        lines.push(format!("{stage}:"));
    }
    lines.sort();
    lines.join("\n").into_bytes()
}

/// Returns a `run_config.json` without what differs between runs of the same question.
fn run_config(mut bytes: Vec<u8>) -> Vec<u8> {
    let span = json::parse(&bytes).and_then(|node| Some(node.get("run")?.span.clone()));
    if let Some(span) = span {
        bytes.splice(span, *b"null");
    }
    bytes
}

/// Collapses white space to one space, removes it next to tags, and writes empty elements as
/// `<name/>`.
fn html(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut is_space = false;
    for &byte in bytes {
        if byte.is_ascii_whitespace() {
            is_space = true;
            continue;
        }
        let is_next_to_tag = byte == b'<' || out.last().is_none_or(|last| *last == b'>');
        if is_space && !is_next_to_tag {
            out.push(b' ');
        }
        is_space = false;
        out.push(byte);
        if byte == b'>' {
            close_empty_element(&mut out);
        } else if out.ends_with(b"&#39;") {
            out.truncate(out.len() - 5);
            out.push(b'\'');
        }
    }
    out
}

/// Replaces `<name ...></name>` at the end of `out` by `<name .../>`.
fn close_empty_element(out: &mut Vec<u8>) {
    let Some(close) =
        out.iter().rposition(|byte| *byte == b'<').filter(|at| out[*at..].starts_with(b"</"))
    else {
        return;
    };
    let name = out[close + 2..out.len() - 1].to_vec();
    let Some(open) = out[..close].iter().rposition(|byte| *byte == b'<') else { return };
    let tag = &out[open + 1..close];
    let is_its = tag.ends_with(b">")
        && tag.starts_with(&name)
        && matches!(tag.get(name.len()), Some(b' ' | b'>'));
    if is_its {
        out.truncate(close - 1);
        out.extend_from_slice(b"/>");
    }
}

/// What a command prints, by how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    /// A help text.
    Help,
    /// A completion script.
    Script,
    /// The summary of `run` or `demo`.
    Summary,
    /// Anything else.
    Tables,
}

impl Printed {
    /// Returns what the command line `words` prints.
    pub fn by(words: &[String]) -> Printed {
        let is = |word: &str| words.iter().any(|given| given == word);
        match words.first().map(String::as_str) {
            _ if is("--help") || is("-h") => Printed::Help,
            Some("help") => Printed::Help,
            Some("completions") => Printed::Script,
            Some("run" | "demo") => Printed::Summary,
            _ => Printed::Tables,
        }
    }
}

/// Returns what is compared of standard output; `root` is the folder in which the program ran.
pub fn stdout(printed: Printed, text: &str, root: &str) -> String {
    let text = text.replace(root, "<folder>");
    let text = String::from_utf8_lossy(&version(text.as_bytes())).into_owned();
    match printed {
        Printed::Help => help(&text),
        Printed::Script => format!("a script: {}", !text.trim().is_empty()),
        Printed::Tables => {
            text.lines().map(|line| measures(&manual_pages(line))).collect::<Vec<_>>().join("\n")
        }
        Printed::Summary => summary(&text),
    }
}

/// Replaces the number of manual pages, of which there is one per command.
fn manual_pages(line: &str) -> String {
    match line.strip_prefix("Written: ").and_then(|rest| rest.split_once(" pages in ")) {
        Some((count, rest)) if count.parse::<u32>().is_ok() => {
            format!("Written: <pages> pages in {rest}")
        }
        _ => line.to_owned(),
    }
}

/// Returns the flags of a help text with their values, defaults and possible values, sorted.
fn help(text: &str) -> String {
    let mut found = BTreeSet::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('-') && !line.starts_with("--shard") {
            found.insert(line.split("  ").next().unwrap_or(line).to_owned());
        }
        for mark in ["[default: ", "[possible values: "] {
            let values = line.split(mark).skip(1).filter_map(|rest| rest.split(']').next());
            found.extend(values.map(|value| format!("{mark}{value}]")));
        }
    }
    found.into_iter().collect::<Vec<_>>().join("\n")
}

/// Returns the summary of a run: columns of any width, no bars of time, the list of files sorted.
fn summary(text: &str) -> String {
    let mut lines = Vec::new();
    let mut files = Vec::new();
    let mut is_file = false;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let line = measures(&words.join(" "));
        let line = match line.split_once("<time>") {
            Some((before, _)) => format!("{before}<time>"),
            None => line,
        };
        is_file |= line == "Files";
        if is_file {
            files.push(line.replace("/_state_snapshot", "/state_snapshot"));
        } else {
            lines.push(line);
        }
    }
    let mut files: Vec<String> =
        files.iter().map(|line| line.replace("/_regime_snapshot", "/regime_snapshot")).collect();
    files.sort();
    lines.extend(files);
    lines.join("\n")
}

/// Replaces durations (`0.8 s`) and file sizes (`12.2 MB`) in a line.
fn measures(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..at]);
        let number = rest[at..].find(|c: char| !(c.is_ascii_digit() || ".,".contains(c)));
        let (number, after) = rest[at..].split_at(number.unwrap_or(rest.len() - at));
        let is_number_alone = out.is_empty() || out.ends_with([' ', '(']);
        let unit = [
            (" s", "<time>"),
            (" B", "<size>"),
            (" kB", "<size>"),
            (" MB", "<size>"),
            (" GB", "<size>"),
        ]
        .into_iter()
        .filter(|_| is_number_alone)
        .find(|(unit, _)| {
            let end = after.strip_prefix(unit).map(|after| after.chars().next());
            end.is_some_and(|next| next.is_none_or(|c| !c.is_alphanumeric()))
        });
        match unit {
            Some((unit, mark)) => {
                out.push_str(mark);
                rest = &after[unit.len()..];
            }
            None => {
                out.push_str(number);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Returns what is reported of standard error: without times, so that equal words are equal.
pub fn stderr(text: &str, root: &str) -> String {
    let text = text.replace(root, "<folder>");
    // Progress depends on how fast the machine is.
    let is_progress =
        |line: &&str| line.contains(" s left") || line.contains(" % ") || line.contains(" %, ");
    let lines = text.lines().filter(|line| !is_progress(line));
    lines.map(measures).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_elements_are_equal_in_both_spellings() {
        let closed = html(b"<svg><path d=\"M0\"></path> <g></g>\n<td>1</td></svg>");
        assert_eq!(closed, html(b"<svg><path d=\"M0\"/><g/><td>1</td></svg>"));
        assert_eq!(closed, b"<svg><path d=\"M0\"/><g/><td>1</td></svg>");
    }

    fn bytes(path: &str, text: &str) -> String {
        match content(path, text.as_bytes().to_vec()) {
            Content::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
            Content::Words => "words".to_owned(),
        }
    }

    #[test]
    fn sidecars_are_compared_under_one_name() {
        assert_eq!(
            file_name("a/dt=1/_state_snapshot.schema.json"),
            "a/dt=1/state_snapshot.schema.json"
        );
        assert_eq!(file_name("_regime_snapshot.schema.json"), "regime_snapshot.schema.json");
        assert_eq!(file_name("a/_other.json"), "a/_other.json");
        assert!(is_new("manual/data-pipeline-merge.1") && !is_new("manual/data-pipeline-run.1"));
        assert_eq!(manual_pages("Written: 20 pages in m"), manual_pages("Written: 21 pages in m"));
        assert_ne!(manual_pages("Written: 20 pages in m"), manual_pages("Written: 20 pages in n"));
    }

    #[test]
    fn versions_of_the_program_are_equal_and_no_other_number() {
        assert_eq!(bytes("x.parquet", "data_pipeline 0.1.0\0"), "data_pipeline <version>\0");
        assert_eq!(bytes("x.html", "by data-pipeline 0.2.0. No"), "by data-pipeline <version>. No");
        assert_eq!(
            bytes("x.html", "by data-pipeline 0.2 and 1.2.3"),
            "by data-pipeline 0.2 and 1.2.3"
        );
        assert_eq!(bytes("x.csv", "data_pipeline 0.1.0"), "data_pipeline 0.1.0");
        let config = "{\"versions\": {\"data_pipeline\": \"0.1.0\", \"libm\": \"0.2.1\"}}";
        let expected = config.replace("0.1.0", "<version>");
        assert_eq!(bytes("run_config.json", config), expected);
    }

    #[test]
    fn records_of_runs_are_compared_by_stages_and_files() {
        let old = r#"{"stages": {"state": {"question": "1", "outputs": {"d/state_snapshot.schema.json": "2", "d/a": "3"}}}}"#;
        let new = r#"{"version": 2, "stages": {"state": {"fingerprint": {"a": 1},
            "outputs": {"d/_state_snapshot.schema.json": "4", "d/a": "5"}}}}"#;
        assert_eq!(bytes("run.json", old), bytes("run.json", new));
        assert_ne!(bytes("run.json", old), bytes("run.json", &new.replace("d/a", "d/b")));
        assert_ne!(
            bytes("run.json", old),
            bytes("run.json", &new.replace("\"state\"", "\"regime\""))
        );
    }

    #[test]
    fn run_config_is_compared_without_its_run() {
        let text = |threads: u32, seed: u32| {
            format!("{{\"seed\": {seed}, \"run\": {{\"threads\": {threads}}}}}")
        };
        assert_eq!(
            bytes("d/run_config.json", &text(1, 1)),
            bytes("d/run_config.json", &text(2, 1))
        );
        assert_ne!(
            bytes("d/run_config.json", &text(1, 1)),
            bytes("d/run_config.json", &text(1, 2))
        );
    }

    #[test]
    fn white_space_of_pages_does_not_count() {
        assert_eq!(bytes("x.html", "<p>\n a  b </p>\n"), "<p>a b</p>");
    }

    #[test]
    fn times_and_sizes_are_replaced() {
        assert_eq!(measures("12 modes in 0.8 s"), "12 modes in <time>");
        assert_eq!(measures(" out/a.csv  12.2 MB"), " out/a.csv  <size>");
        assert_eq!(measures("3 symbols, 0.8 seconds, v1 s"), "3 symbols, 0.8 seconds, v1 s");
    }

    #[test]
    fn help_is_its_flags() {
        let text = "Do it.\n\n      --top-n <N>\n          How many\n\n          [default: 20]\n  -q, --quiet   Say less\n";
        assert_eq!(help(text), "--top-n <N>\n-q, --quiet\n[default: 20]");
    }
}
