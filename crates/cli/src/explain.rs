//! Errors in terms of the command line: parameters become flags, and remedies name commands.
//!
//! Every message has the form `problem; remedy`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use bars_io::Warnings;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use pipeline::Error;
use pipeline::artifacts::{Cohort, names};
use report::model::Part;

use crate::secrets;
use crate::ui::Usage;

/// Parameters in messages that are replaced by flags.
const PARAMETERS: [&str; 24] = [
    "allow_future",
    "amp_bands",
    "bar_time",
    "base_url",
    "breakout_lookback_days",
    "connect_timeout",
    "coverage_threshold",
    "include_partial",
    "include_stale",
    "lookback_days",
    "lookback_months",
    "max_seconds_per_asset",
    "min_amplitude_pct",
    "min_baseline_n",
    "min_cycle_depth_pct",
    "min_energy_share",
    "min_points",
    "min_volume",
    "noise_scale",
    "output_csv",
    "read_timeout",
    "server_public_key",
    "top_n",
    "window_days",
];

/// Remedies in messages of the libraries, and their replacements with flags, variables and commands.
const REMEDIES: [(&str, &str); 32] = [
    (
        "write a panel of boards that has them",
        "write them with 'data-pipeline leaderboards --from TIME --to TIME'",
    ),
    ("name a source for others", "name others with --source"),
    ("give a source of bars", "give a store folder, a file of bars or a database with --source"),
    ("check user and password", "check user and password (--user, --password-file, DB_PASSWORD)"),
    ("check the database's name", "check the database's name (--database, DB_NAME)"),
    ("check the table's name", "check the table's name (--table, OHLCVT_TABLE)"),
    ("check host and port", "check host and port (--host, --port)"),
    (
        "name another table, or import bars into it",
        "name it with --table, or fill it with 'data-pipeline import'",
    ),
    (
        "; import bars into it",
        "; fill it with 'data-pipeline import FILE --into DIR' or 'data-pipeline sample --into DIR'",
    ),
    ("import it into a store", "import it into a store with 'data-pipeline import'"),
    ("name its symbol", "import it with --symbol NAME"),
    ("not the given symbol", "not the --symbol"),
    ("give no symbol", "drop --symbol"),
    ("drop symbol", "drop --symbol"),
    ("choose one with symbol", "choose one with --symbol"),
    ("check symbol", "check --symbol"),
    ("use fewer threads", "use fewer with --threads"),
    ("turn log off", "drop --log"),
    ("state the delimiter", "import it with --delimiter, such as --delimiter ','"),
    ("state the decimal mark", "import it with --decimal . or --decimal ,"),
    ("or state the format", "or import with --timestamp-format"),
    ("correct the stated format, or state none", "correct --timestamp-format, or drop it"),
    ("or state their names", "or import with --columns, such as --columns open=Open"),
    ("correct the stated name", "correct --columns"),
    ("or allow longer bars", "or pass --allow-coarse"),
    ("give the password separately", "give the password with --password-file or DB_PASSWORD"),
    ("residue, epsilon 0.2", "residue --epsilon 0.2"),
    ("give them with pairs", "give them with --pairs"),
    ("turn trades off to skip this", "--no-trades skips this"),
    ("omit the series to write less", "--no-persist-imfs omits the series"),
    ("strict: ", "--strict: "),
    ("or turn strict off", "or drop --strict"),
];

/// Replaces parameters by flags, and remedies by commands.
pub fn with_flags(text: &str) -> String {
    let mut out = text.to_owned();
    for parameter in PARAMETERS {
        if out.contains(parameter) {
            out = replace_words(&out, parameter, &flag(parameter));
        }
    }
    for (remedy, here) in REMEDIES {
        if !out.contains(here) {
            out = out.replace(remedy, here);
        }
    }
    // Ordinary words are parameters only at the start of a message.
    for parameter in ["windows", "months", "trials", "epsilon"] {
        if let Some(rest) = out.strip_prefix(parameter).filter(|rest| rest.starts_with([' ', ':']))
        {
            out = format!("--{parameter}{rest}");
        }
    }
    out
}

fn flag(parameter: &str) -> String {
    format!("--{}", parameter.replace('_', "-"))
}

/// Replaces `word` unless it is part of a longer word or quoted (then it is the key of a file).
fn replace_words(text: &str, word: &str, by: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '/');
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let is_file =
            after.strip_prefix('.').is_some_and(|end| end.starts_with(char::is_alphanumeric));
        let whole = !before.ends_with(is_part) && !after.starts_with(is_part) && !is_file;
        out.push_str(before);
        out.push_str(if whole { by } else { word });
        rest = after;
    }
    out + rest
}

/// Replaces the reasons of the standard library and of clap for values that cannot be parsed, and
/// drops a second "invalid".
pub fn plain_reasons(text: &str) -> String {
    let text = without_second_invalid(&plain_range(text));
    [
        ("invalid digit found in string", "expected a whole number, such as 20"),
        ("cannot parse integer from empty string", "expected a whole number, such as 20"),
        ("number too large to fit in target type", "the number is too large"),
        ("number too small to fit in target type", "the number is too small"),
        ("invalid float literal", "expected a number, such as 0.8"),
        ("cannot parse float from empty string", "expected a number, such as 0.8"),
    ]
    .into_iter()
    .fold(text, |text, (reason, plain)| text.replace(reason, plain))
}

/// Replaces `invalid value '0' for '--threads <N>': 0 is not in 1..=1024` by
/// `--threads 0 is out of range: expected 1 to 1024`, the form of the libraries.
fn plain_range(text: &str) -> String {
    let plain = || {
        let (before, after) = text.split_once(" is not in ")?;
        let (range, rest) = after.split_at(after.find('\n').unwrap_or(after.len()));
        let (low, high) = range.split_once("..")?;
        let high = high.trim_start_matches('=');
        let expected = match high.parse::<u64>() {
            Ok(high) if high < u64::from(u32::MAX) - 1 => format!("{low} to {high}"),
            _ => format!("{low} or more"),
        };
        let (start, named) = before.split_once("invalid value '")?;
        let (value, named) = named.split_once("' for '")?;
        let (flag, _) = named.split_once("': ")?;
        // Without the name of the value, which may be styled.
        let (name, end) = flag.split_once(" <").unwrap_or((flag, ""));
        let style = end.split_once('>').map_or("", |(_, style)| style);
        Some(format!("{start}{name}{style} {value} is out of range: expected {expected}{rest}"))
    };
    plain().unwrap_or_else(|| text.to_owned())
}

/// Removes `invalid time "x": ` from `invalid value 'x' for '--asof': invalid time "x": expected`.
fn without_second_invalid(text: &str) -> String {
    let plain = || {
        let (before, after) = text.split_once("': invalid ")?;
        let (what, reason) = after.split_once("\": ")?;
        let (_, value) = what.split_once('"')?;
        // The value is quoted, and may have a style.
        let is_same = [format!("'{value}'"), format!("m{value}\u{1b}[")];
        let is_same = is_same.iter().any(|quoted| before.contains(quoted));
        is_same.then(|| format!("{before}': {reason}"))
    };
    plain().unwrap_or_else(|| text.to_owned())
}

/// Prints an error of clap without passwords (or the help that was asked for), and exits.
pub fn exit(mut error: clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let text = hide_secret(&mut error);
    let rendered = error.render().ansi().to_string();
    let rendered = match text {
        // The reason repeats the value.
        Some(value) => rendered.replace(&format!("\"{value}\""), "\"***\""),
        None => rendered,
    };
    let mut text = secrets::without_noted(&rendered);
    if error.kind() == ErrorKind::ValueValidation {
        text = plain_reasons(&text);
    }
    // Nothing can be reported if standard error is closed.
    let _ = write!(anstream::stderr(), "{text}");
    std::process::exit(error.exit_code())
}

/// Replaces an invalid value that may be a password in an error of clap, and returns it.
fn hide_secret(error: &mut clap::Error) -> Option<String> {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (flag, value) = context(ContextKind::InvalidArg).zip(context(ContextKind::InvalidValue))?;
    // `--port <PORT>`
    let name = flag.strip_prefix("--").and_then(|flag| flag.split([' ', '=', '[']).next());
    let shown = secrets::shown(name, &value);
    if shown == value {
        return None;
    }
    error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    Some(value)
}

/// Returns the reason of an error of clap, without the usage of the command line: for values of the
/// configuration file. It is one line.
pub fn reason(error: &clap::Error) -> String {
    let text = secrets::without_noted(&plain_reasons(&error.to_string()));
    let text = text.trim_start_matches("error: ").split("\n\nUsage:").next().unwrap_or_default();
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a handler that logs warnings about servers, with flags.
pub fn warnings() -> Warnings {
    Warnings::new(|text| tracing::warn!("{}", with_flags(text)))
}

/// Wraps an error of a job that takes its input from the flag `input`.
pub fn with_input(error: Error, input: &'static str) -> anyhow::Error {
    anyhow::Error::from(JobError { error, input })
}

/// Returns the error of a job with an input that is not a cohort file, even if it is named like
/// one: the remedy of a missing file is then not to run a command.
pub fn with_plain_io(error: Error) -> anyhow::Error {
    match error {
        Error::Io(error) => error.into(),
        error => error.into(),
    }
}

/// An error of a job, and the flag that gives its input.
#[derive(Debug, thiserror::Error)]
#[error("{}", job_error(error, Some(input)))]
struct JobError {
    error: Error,
    input: &'static str,
}

/// Returns the message of a job's error, with flags and remedy. `input` is the flag that gives the
/// job's input.
pub fn job_error(error: &Error, input: Option<&str>) -> String {
    let input = input.unwrap_or("--input");
    let text = match error {
        Error::EmptySource { findings } if !findings.is_empty() => {
            format!("{error}; correct the rows, or give another source with --source")
        }
        Error::EmptySource { .. } => {
            format!("{error}; fill it with 'data-pipeline import', or give another with --source")
        }
        Error::EmptyFile { .. } | Error::NoSymbols { .. } => {
            format!(
                "{error}; run 'data-pipeline leaderboards' first, or give another file with {input}"
            )
        }
        Error::NotInSource { .. } => {
            format!("{error}; list the symbols of the source with 'data-pipeline check'")
        }
        Error::NoBarsInSpan { .. } => {
            format!("{error} (list them with 'data-pipeline check')")
        }
        Error::AsofBeforeBars { .. } => format!("{error}; use a later --asof or, for a panel, a later --to"),
        Error::NothingToReport { .. } => {
            format!(
                "{error}; create the outputs with 'data-pipeline run', or give another folder with --dir"
            )
        }
        Error::MissingParts { missing, parts } => match missing[..] {
            [part] => format!("{error}; run it with --shard {part}/{parts}"),
            _ => format!("{error}; run them with --shard I/{parts}"),
        },
        Error::FolderInUse { .. } => format!("{error}, or give another --out-dir"),
        Error::Stage(stage) if stage.parameter() == Some("months") => {
            error.to_string().replace("none for no baseline", "--no-baseline")
        }
        Error::Stage(stage) if matches!(stage.parameter(), Some("select" | "drop")) => {
            format!("--{error}; 'data-pipeline columns' lists the columns")
        }
        Error::UnexpectedFormat { path, .. } => match writer(path) {
            Some(command) => error
                .to_string()
                .replace("regenerate it", &format!("run 'data-pipeline {command}' again")),
            None => error.to_string(),
        },
        Error::Parameter { name: "window_days", reason } => {
            format!(
                "{reason}; give it with --window-days, or give the run's file with --run-config"
            )
        }
        Error::Parameter { name: name @ ("symbols" | "quote"), reason } => {
            format!("--{name}: {reason}; 'data-pipeline check' lists the symbols of a source")
        }
        Error::Memory { .. } => error.to_string().replace("fewer trials", "fewer --trials"),
        Error::NothingToSync => {
            "no symbols to update: give some with --pairs XBT/USD,ETH/USD, or import an archive first with \
             'data-pipeline import FILE'"
                .to_owned()
        }
        Error::AmbiguousSymbol { .. } => format!("--{error}"),
        Error::Parameter { name: "out", reason } => format!("--out {reason}"),
        Error::Parameter { name: "output" | "symbol", reason } => reason.clone(),
        Error::Parameter { name, reason } => format!("{}: {reason}", flag(name)),
        Error::Io(io @ bars_io::Error::LooseFiles { .. }) => io_error(io),
        Error::Io(bars_io::Error::Missing { path, .. }) if Cohort::is_bars_file(path) => {
            format!(
                "no cohort file {}; run 'data-pipeline leaderboards' first, or give a file with {input}",
                path.display()
            )
        }
        other => other.to_string(),
    };
    with_flags(&text)
}

/// Returns the message of an error of `bars-io`, with the command that helps.
fn io_error(error: &bars_io::Error) -> String {
    match error {
        bars_io::Error::LooseFiles { path, .. } => error.to_string().replace(
            "import them into a store",
            &format!("import them with 'data-pipeline import {}'", path.display()),
        ),
        other => other.to_string(),
    }
}

/// Returns the command that writes files of this name.
fn writer(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match name {
        _ if begins(&["leaderboards", "habitual_"]) => Some("leaderboards"),
        _ if begins(&["state_snapshot"]) => Some("state"),
        _ if begins(&["regime_snapshot"]) => Some("regime"),
        _ if begins(&["imf_clusters_"]) => Some("imf-cluster"),
        _ if begins(&[names::POST_SUMMARY, names::POST_TOP]) => Some("imf-postprocess"),
        _ if begins(&["cluster_cards_"]) || name.ends_with(".npz") => Some("imf-stage"),
        names::CYCLES_SUMMARY | names::CYCLES_CONFIG => Some("imf-stage"),
        _ => None,
    }
}

/// Returns what the report prints for a part without data: the command that creates it.
pub fn part_remedy(part: Part) -> &'static str {
    match part {
        Part::Boards => "data-pipeline leaderboards",
        Part::State => "data-pipeline state",
        Part::Regime => "data-pipeline regime",
        Part::LeaderPrice => "data-pipeline imf-stage --persist-imfs",
        Part::DominantCycles => {
            "data-pipeline imf-postprocess --series both --summary data/imf/dt=DATE/imf_summary.parquet"
        }
        Part::UpswingClusters => "data-pipeline imf-cluster overlaps",
        _ => "data-pipeline imf-stage --leaders-csv habitual_overlaps.csv --persist-imfs",
    }
}

/// Returns the message of an error and its causes, with flags. Causes that a message already
/// contains are not repeated.
pub fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.downcast_ref().map_or_else(|| cause.to_string(), io_error);
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    with_flags(&text)
}

/// Prints and logs an error; `locate` names the place of a flag that was not typed. Returns the exit
/// status: 2 for wrong usage, else 1.
pub fn report(error: &anyhow::Error, locate: impl Fn(String) -> String) -> ExitCode {
    let job = error.chain().find_map(|cause| {
        let with_input = cause.downcast_ref::<JobError>().map(|error| &error.error);
        with_input.or_else(|| cause.downcast_ref::<Error>())
    });
    let text = match (error.downcast_ref::<Error>(), job) {
        // No context was added.
        (Some(error), _) => job_error(error, None),
        _ => message(error),
    };
    tracing::error!("{}", locate(text));
    let is_usage =
        error.chain().any(|cause| cause.is::<Usage>()) || job.is_some_and(Error::is_usage);
    if is_usage { ExitCode::from(2) } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_printed_once() {
        let io = std::io::Error::other("no room");
        let error =
            anyhow::Error::from(bars_io::Error::io("write", std::path::Path::new("a.csv"), io));
        assert_eq!(
            message(&error.context("after 3 of 5")),
            "after 3 of 5: cannot write a.csv: no room"
        );
    }

    #[test]
    fn reasons_of_clap_are_plain() {
        for (text, plain) in [
            (
                "error: invalid value '0' for '--threads <N>': 0 is not in 1..=1024\n\nFor more",
                "error: --threads 0 is out of range: expected 1 to 1024\n\nFor more",
            ),
            (
                "error: invalid value '\u{1b}[33m0\u{1b}[0m' for '\u{1b}[1m--top-n <N>\u{1b}[0m': \
                 0 is not in 1..4294967295",
                "error: \u{1b}[1m--top-n\u{1b}[0m \u{1b}[33m0\u{1b}[0m is out of range: expected 1 or more",
            ),
            (
                "error: invalid value 'x' for '--asof <TIME>': invalid time \"x\": expected latest",
                "error: invalid value 'x' for '--asof <TIME>': expected latest",
            ),
            (
                "error: invalid value '\u{1b}[33mx\u{1b}[0m' for 'y': invalid time \"x\": expected latest",
                "error: invalid value '\u{1b}[33mx\u{1b}[0m' for 'y': expected latest",
            ),
            (
                "error: invalid value 'fixed:0' for '--sifting <RULE>': invalid number of sifts \"0\": x",
                "error: invalid value 'fixed:0' for '--sifting <RULE>': invalid number of sifts \"0\": x",
            ),
            ("error: unexpected argument '--x' found", "error: unexpected argument '--x' found"),
        ] {
            assert_eq!(plain_reasons(text), plain);
        }
    }

    #[test]
    fn remedies_name_flags_once() {
        let text = with_flags("no connection; check host and port and that the server is up");
        assert_eq!(
            text,
            "no connection; check host and port (--host, --port) and that the server is up"
        );
        assert_eq!(with_flags(&text), text);
    }

    #[test]
    fn parameters_become_flags() {
        assert_eq!(
            with_flags("in a/top_n.csv top_n, or b/top_n"),
            "in a/top_n.csv --top-n, or b/top_n"
        );
        assert_eq!(with_flags("top_n 0 is too few"), "--top-n 0 is too few");
        assert_eq!(
            with_flags("months 0 is out of range: expected 1 to 120; use months"),
            "--months 0 is out of range: expected 1 to 120; use months"
        );
        assert_eq!(
            with_flags("my_top_n stays, lookback_days not"),
            "my_top_n stays, --lookback-days not"
        );
        assert_eq!(
            with_flags("its key \"top_n\" is 0; give top_n"),
            "its key \"top_n\" is 0; give --top-n"
        );
    }
}
