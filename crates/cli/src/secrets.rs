//! Passwords in mistyped words: what may go to the terminal and to the log.
//!
//! [`shown`] decides about a word. The words of the command line, the environment and the
//! configuration file are [noted](note) at the start, and replaced wherever a message repeats them.

use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

use bars_io::address::{is_login, is_login_or_password, without_password};
use bars_io::mysql::SslMode;
use bars_io::mysql::config::{parse_port, parse_seconds, split_port};
use clap::{ArgAction, Command};
use pipeline::printable::replace_word;

/// What replaces a word that may hold a password.
pub const HIDDEN: &str = "***";

/// Flags with values that may have a colon: times, formats, symbols, columns and names of outputs.
const WITH_COLONS: [&str; 25] = [
    "asof",
    "cohorts",
    "column",
    "columns",
    "dir",
    "drop",
    "end",
    "exclude",
    "from",
    "leaders",
    "out",
    "out-dir",
    "output",
    "output-csv",
    "pairs",
    "quote",
    "schema-version",
    "select",
    "series-output",
    "since",
    "summary",
    "symbol",
    "symbols",
    "timestamp-format",
    "to",
];

/// Flags with values that results may repeat, and that may be an address or a login in part.
const OF_ADDRESSES: [&str; 8] =
    ["base-url", "database", "host", "into", "port", "source", "table", "user"];

/// A word that may hold a password.
struct Noted {
    word: String,
    /// What replaces it.
    shown: String,
    /// Whether it is replaced in results too.
    is_address: bool,
}

/// The noted words, longest first: a word may be part of another.
static NOTED: Mutex<Vec<Noted>> = Mutex::new(Vec::new());

/// Returns a value of the flag, variable or key `name` (`None` for a word without one) as it may be
/// shown and logged: without a password. It is `***` if it is not what `name` needs and may be a
/// password, alone or with a user.
pub fn shown(name: Option<&str>, value: &str) -> String {
    let is_hidden = match name {
        Some("password-file") => is_login_or_password(value),
        Some("host") => split_port(value).is_err(),
        Some("port") => parse_port(value).is_err() && !is_number(value),
        Some("connect-timeout" | "read-timeout") => {
            parse_seconds("timeout", value).is_err() && !is_number(value)
        }
        Some("ssl-mode") => value.parse::<SslMode>().is_err(),
        Some("user" | "database" | "table") => value.contains(':'),
        Some(name) if is_like_password(name) => true,
        Some(name) if WITH_COLONS.contains(&name) => false,
        _ => is_login(value),
    };
    if is_hidden { HIDDEN.to_owned() } else { without_password(value) }
}

/// Whether a flag is `--password`, or a mistyped form of it.
fn is_like_password(name: &str) -> bool {
    name == "p" || name.starts_with("pas") || name.starts_with("pw") || name.starts_with("psw")
}

/// Whether a flag is `--password` with a password that follows without a space or `=`.
fn has_password(name: &str) -> bool {
    name.strip_prefix("password").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('-'))
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Notes a value, so that messages that repeat it are without its password.
pub fn note(name: Option<&str>, value: &str) {
    if note_word(name, value) {
        // The parts of a list are repeated alone.
        let parts = value.split(',').filter(|part| *part != value && part.contains([':', '@']));
        parts.for_each(|part| add(part, HIDDEN.to_owned(), true));
    }
}

/// Notes a value without its parts. Returns whether it may hold a password.
fn note_word(name: Option<&str>, value: &str) -> bool {
    // An ordinary word would be replaced where it means something else.
    if !value.contains([':', '@', '=', '/']) {
        return false;
    }
    let shown = shown(name, value);
    let may_hold_one = shown != value;
    if may_hold_one {
        let is_address = name.is_some_and(|name| OF_ADDRESSES.contains(&name));
        add(value, shown, is_address || without_password(value) != value);
    }
    may_hold_one
}

fn add(word: &str, shown: String, is_address: bool) {
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    noted.push(Noted { word: word.to_owned(), shown, is_address });
    noted.sort_by_key(|noted| std::cmp::Reverse(noted.word.len()));
}

/// Notes the words of the command line (the first is the program's name) and the variables of the
/// database.
pub fn note_all(words: &[OsString], program: &Command) {
    let mut flag: Option<String> = None;
    for word in words.iter().skip(1) {
        let word = word.to_string_lossy();
        let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        match (name.and_then(|name| name.split_once('=')), name) {
            (Some((name, value)), _) => {
                note(Some(name), value);
                // The name may be part of what is mistyped. Parts of a list are those of the value.
                note_word(None, &word);
            }
            // A password that is not separate from its flag.
            (None, Some(name)) if has_password(name) => add(&word, HIDDEN.to_owned(), true),
            (None, Some(name)) => note(None, name),
            (None, None) => note(flag.as_deref(), &word),
        }
        flag = name.filter(|name| !is_switch(name, program)).map(str::to_owned);
    }
    for (variable, name) in [
        ("DB_HOST", "host"),
        ("DB_PORT", "port"),
        ("DB_USER", "user"),
        ("DB_NAME", "database"),
        ("OHLCVT_TABLE", "table"),
    ] {
        if let Ok(value) = std::env::var(variable) {
            note(Some(name), &value);
        }
    }
}

/// Whether a flag has no value.
fn is_switch(name: &str, program: &Command) -> bool {
    let is_it = |arg: &&clap::Arg| arg.get_long() == Some(name);
    let mut commands = std::iter::once(program).chain(program.get_subcommands());
    commands.find_map(|command| command.get_arguments().find(is_it)).is_some_and(|arg| {
        matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse | ArgAction::Count)
    })
}

/// Returns a result without the passwords of noted addresses. Other words stay: results are data, and
/// a word that may be a password elsewhere is most likely a symbol or a file here.
pub fn without_addresses(result: &str) -> String {
    replace(result, |noted| noted.is_address)
}

/// Returns a message without the passwords of the noted words.
pub fn without_noted(message: &str) -> String {
    replace(message, |_| true)
}

fn replace(text: &str, is_replaced: impl Fn(&Noted) -> bool) -> String {
    let noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    let noted = noted.iter().filter(|noted| is_replaced(noted));
    noted.fold(text.to_owned(), |text, noted| replace_word(&text, &noted.word, &noted.shown))
}

/// Returns a message without passwords: those of the noted words, and of addresses from elsewhere.
pub fn without_passwords(message: &str) -> String {
    let message = without_noted(message);
    let shown = |word: &str| {
        // The punctuation of the sentence.
        let start = word.len() - word.trim_start_matches('(').len();
        let end = word.trim_end_matches([':', ',', ';', '.', ')']).len().max(start);
        format!("{}{}{}", &word[..start], without_password(&word[start..end]), &word[end..])
    };
    message.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_punctuation() {
        for (message, expected) in [
            ("mysql://h:1: no connection; check it", "mysql://h:1: no connection; check it"),
            (
                "no mysql://me:x@h:1; check (mysql://h/d).",
                "no mysql://me:***@h:1; check (mysql://h/d).",
            ),
            ("bad mysql//me:x@h: no", "bad ***: no"),
        ] {
            assert_eq!(without_passwords(message), expected);
        }
    }

    #[test]
    fn words_that_may_hold_a_password_are_hidden() {
        for (name, value, expected) in [
            (Some("password"), "x", HIDDEN),
            (Some("pasword"), "x", HIDDEN),
            (Some("pairs"), "A/B", "A/B"),
            (Some("user"), "me", "me"),
            (Some("user"), "me:x", HIDDEN),
            (Some("host"), "db.example:3306", "db.example:3306"),
            (Some("host"), "[::1]:3306", "[::1]:3306"),
            (Some("host"), "me:x:y", HIDDEN),
            (Some("host"), "mysql://me:x@h:3306", HIDDEN),
            (Some("port"), "70000", "70000"),
            (Some("port"), "x", HIDDEN),
            (Some("ssl-mode"), "required", "required"),
            (Some("ssl-mode"), "x", HIDDEN),
            (Some("password-file"), "x", HIDDEN),
            (Some("password-file"), "aB3/x9+Qz==", HIDDEN),
            (Some("password-file"), "x/y/z", HIDDEN),
            (Some("password-file"), "/run/secrets/db", "/run/secrets/db"),
            (Some("password-file"), "./db", "./db"),
            (Some("password-file"), "../secrets/db", "../secrets/db"),
            (Some("password-file"), "~/db", "~/db"),
            (Some("password-file"), "src/db", "src/db"),
            (Some("source"), "me:x", HIDDEN),
            (Some("source"), "C:\\bars", "C:\\bars"),
            (Some("out"), "panel/of:today", "panel/of:today"),
            (Some("out-dir"), "lb_10:30am", "lb_10:30am"),
            (Some("out-dir"), "mysql://me:x@h/d", "mysql://me:***@h/d"),
            (Some("exclude"), "BTC:USD", "BTC:USD"),
            (Some("quote"), "X:USD", "X:USD"),
            (Some("column"), "close:last", "close:last"),
            (Some("cohorts"), "a:gainers", "a:gainers"),
            (Some("schema-version"), "v1:beta", "v1:beta"),
            (Some("end"), "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
            (Some("base-url"), "localhost:8080", "localhost:8080"),
            (None, "BTC:USD.csv", "BTC:USD.csv"),
            (None, " mysql://me:x@h/d", "mysql://me:***@h/d"),
            (Some("asof"), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            (Some("sifting"), "fixed:10", "fixed:10"),
        ] {
            assert_eq!(shown(name, value), expected, "{name:?} {value}");
        }
    }
}
