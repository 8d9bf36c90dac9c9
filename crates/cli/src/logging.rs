//! Messages: standard error for the user, `pipeline.log` for the record.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bars::Minute;
use bars_io::regular;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use pipeline::printable;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::clock;
use crate::flags::Common;
use crate::secrets;
use crate::ui;

/// File name of the log.
const LOG: &str = "pipeline.log";

/// Target of messages that only go to the log.
const RECORD_ONLY: &str = "record_only";

/// Sends messages to standard error and to the log in `out_dir`. `--no-log-file` and dry runs (unless
/// `--log-file` is given) write no log.
pub fn install(common: &Common, out_dir: &Path, is_dry: bool) {
    let path = common.log_file.clone().unwrap_or_else(|| out_dir.join(LOG));
    let log = if common.no_log_file || (is_dry && common.log_file.is_none()) {
        Ok(None)
    } else {
        open(&path).map(Some)
    };
    let (file, problem) = match log {
        Ok(file) => (file.map(Mutex::new), None),
        Err(e) => (None, Some(e)),
    };
    let subscriber = tracing_subscriber::registry().with(Messages { file });
    // Fails only if a subscriber was set before; this is the only call.
    let _ = tracing::subscriber::set_global_default(subscriber);
    if let Some(e) = problem {
        tracing::warn!(
            "cannot write the log {}: {e}; give another with --log-file",
            path.display()
        );
    }
}

/// Opens the log; the error is the reason without the path.
fn open(path: &Path) -> Result<File, String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    }
    regular::append(path).map_err(|e| match e {
        bars_io::Error::Io { source, .. } => source.to_string(),
        bars_io::Error::Content { reason, .. } => {
            reason.split(';').next().unwrap_or_default().to_owned()
        }
        e => e.to_string(),
    })
}

/// Runs `work`, and logs the command line (`line`) and the duration.
pub fn timed<T>(
    name: &str,
    line: &str,
    work: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    tracing::trace!(target: RECORD_ONLY, "data-pipeline {} started: {line}", env!("CARGO_PKG_VERSION"));
    let begun = Instant::now();
    let result = work();
    let how = if result.is_ok() { "done" } else { "failed" };
    tracing::trace!(target: RECORD_ONLY, "{name} {how} after {:.2} s", begun.elapsed().as_secs_f64());
    result
}

/// Returns the flags that were typed, as they may be logged: as parsed, without secrets. The words
/// themselves are never logged, because a password may be anywhere in a mistyped one.
pub fn command_line(command: &Command, typed: &ArgMatches) -> String {
    let mut line = command.get_name().to_owned();
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        if typed.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let flag = arg.get_long().map(|flag| format!(" --{flag}")).unwrap_or_default();
        let values = typed.get_raw(id).into_iter().flatten();
        let values: Vec<String> = values.map(|value| logged(arg, value)).collect();
        match arg.get_action() {
            ArgAction::SetTrue | ArgAction::SetFalse | ArgAction::Count => line.push_str(&flag),
            _ if arg.get_value_delimiter().is_some() => {
                line.push_str(&format!("{flag} {}", values.join(",")));
            }
            _ => values.iter().for_each(|value| line.push_str(&format!("{flag} {value}"))),
        }
    }
    line
}

/// Returns the value of a flag as it may be logged.
fn logged(arg: &Arg, value: &OsStr) -> String {
    // Words of another command line.
    let is_misplaced = arg.is_trailing_var_arg_set();
    let value = match is_misplaced {
        true => secrets::HIDDEN.to_owned(),
        false => secrets::shown(arg.get_long(), &value.to_string_lossy()),
    };
    let is_plain =
        !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_plain { value } else { format!("{value:?}") }
}

struct Messages {
    file: Option<Mutex<File>>,
}

impl<S: Subscriber> Layer<S> for Messages {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let target = metadata.target();
        let record_only = target == RECORD_ONLY;
        let ours =
            record_only || ["bars", "data_pipeline"].iter().any(|name| target.starts_with(name));
        if !ours {
            return;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        let message = secrets::without_passwords(&message.0);
        let message = printable::message(&message);
        let level = *metadata.level();
        let shown = match level {
            Level::ERROR => -1,
            Level::WARN | Level::INFO => 0,
            Level::DEBUG => 1,
            Level::TRACE => 2,
        };
        if !record_only && ui::verbosity() >= shown {
            match level {
                Level::ERROR => ui::eprint_error(&message),
                Level::WARN => ui::eprintln_above_progress(&format!("warning: {message}")),
                _ => ui::eprintln_above_progress(&message),
            }
        }
        if let Some(file) = &self.file {
            let level = if record_only { Level::INFO } else { level };
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // A failing log must not stop the work.
            let _ = writeln!(file, "{} {level} {message}", now());
        }
    }
}

/// Returns the wall clock time, for the log only.
fn now() -> String {
    let seconds = clock::epoch_seconds();
    let minute = Minute::new(seconds / 60).unwrap_or(Minute::MAX).to_string();
    format!("{}{:02}Z", &minute[..17], seconds % 60)
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, arg};

    use super::command_line;

    #[test]
    fn the_logged_command_line_has_no_secrets() {
        let mut program = Command::new("state")
            .arg(arg!(--source <ADDRESS>))
            .arg(arg!(--password <TEXT>))
            .arg(arg!(--host <HOST>))
            .arg(arg!(--symbols <LIST>).value_delimiter(','))
            .arg(arg!(--strict))
            .arg(arg!(--threads <N>).default_value("1"))
            .arg(arg!([FILE]));
        let words = [
            "state",
            "a file",
            "--strict",
            "--source",
            "mysql://me:secret@h/d",
            "--password=secret",
            "--host",
            "me:secret",
            "--symbols",
            "A,B",
        ];
        let typed = program.try_get_matches_from_mut(words).unwrap();
        let line = "state --source mysql://me:***@h/d --password *** --host *** --symbols A,B --strict \"a file\"";
        assert_eq!(command_line(&program, &typed), line);
    }
}
