//! Prompts on a terminal. Every answer is checked before the next question; an answer that fails is
//! asked for again.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context;
use bars_io::mysql::config::{
    HOST, PORT, Partial, Password, TABLE, check_name, parse_port, split_port,
};
use bars_io::mysql::{self, Login};

use crate::explain;
use crate::ui;

/// How often a question is asked before its error ends the program.
const MAX_ATTEMPTS: usize = 3;

/// What a database is opened for. A target's table may be missing, because an import creates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// As a source.
    Read,
    /// As a target.
    Write,
}

/// Returns whether prompts are possible: standard input and error are terminals.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Prompts for a line. An empty answer selects `default`, or repeats the prompt if there is none.
///
/// # Errors
/// The input ends.
pub fn line(what: &str, default: Option<&str>) -> anyhow::Result<String> {
    loop {
        let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
        write!(io::stderr(), "{what}{shown}: ")?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            anyhow::bail!("no answer to \"{what}\"; give it as a flag");
        }
        match (line.trim(), default) {
            ("", Some(default)) => return Ok(default.to_owned()),
            ("", None) => {}
            (answer, _) => return Ok(answer.to_owned()),
        }
    }
}

/// Prompts until `check` accepts the answer, at most [`MAX_ATTEMPTS`] times.
///
/// # Errors
/// The last error of `check`, or the input ends.
pub fn checked<T>(
    what: &str,
    default: Option<&str>,
    mut check: impl FnMut(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    repeated(|| line(what, default), |answer| check(answer))
}

fn repeated<T>(
    mut ask: impl FnMut() -> anyhow::Result<String>,
    mut check: impl FnMut(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    for _ in 1..MAX_ATTEMPTS {
        match check(&ask()?) {
            Ok(value) => return Ok(value),
            Err(e) => ui::eprint_error(&explain::message(&e)),
        }
    }
    check(&ask()?)
}

/// Prompts for host, port, user, password, database and table.
///
/// # Errors
/// An answer fails its check three times, or the input ends.
pub fn server(partial: &mut Partial, purpose: Purpose) -> anyhow::Result<()> {
    ui::eprintln_above_progress(
        "No source given and no store data/bars: connecting to MySQL or MariaDB.",
    );
    repeated(
        || line("MySQL host", Some(HOST)),
        |answer| {
            let (host, port) = split_port(answer)?;
            let port = match port {
                Some(port) => port,
                None => checked("Port", Some(&PORT.to_string()), |text| Ok(parse_port(text)?))?,
            };
            mysql::check_host(host, port, partial.with_defaults(1).connect_timeout)?;
            (partial.host, partial.port) = (Some(host.to_owned()), Some(port));
            Ok(())
        },
    )?;
    complete(partial)?;
    let table = checked("Table", Some(TABLE), |name| {
        let named = Partial { table: Some(name.to_owned()), ..partial.clone() };
        let config = named.with_defaults(1);
        match purpose {
            Purpose::Read => mysql::check_table(&config)?,
            Purpose::Write => drop(check_name("table", name)?),
        }
        Ok(name.to_owned())
    })?;
    partial.table = Some(table);
    Ok(())
}

/// Prompts for user, password and database, as far as they are missing.
///
/// # Errors
/// An answer fails its check three times, the server fails for another reason, or the input ends.
pub fn complete(partial: &mut Partial) -> anyhow::Result<()> {
    if partial.user.is_none() {
        partial.user = Some(checked("MySQL user", None, |name| {
            let named = Partial { user: Some(name.to_owned()), ..Partial::default() };
            named.check_user()?;
            Ok(name.to_owned())
        })?);
    }
    let databases = match (&partial.password, &partial.database) {
        (None, _) => password(partial)?,
        (Some(_), None) => databases(partial)?,
        (Some(_), Some(_)) => return Ok(()),
    };
    if partial.database.is_none() {
        // Most users may use one only.
        let default = if let [name] = &databases[..] { Some(name.as_str()) } else { None };
        let name = checked("MySQL database", default, |name| {
            let named = Partial { database: Some(name.to_owned()), ..partial.clone() };
            mysql::check_database(&named.with_defaults(1))?;
            Ok(name.to_owned())
        })?;
        partial.database = Some(name);
    }
    Ok(())
}

/// Logs in and returns the databases that the user may use.
fn databases(partial: &Partial) -> anyhow::Result<Vec<String>> {
    match mysql::check_login(&partial.with_defaults(1))? {
        Login::Accepted { databases } => Ok(databases),
        Login::Refused(e) => Err(e.into()),
    }
}

/// Prompts for the password and returns the databases that the user may use. Only a refusal is
/// worth another attempt.
fn password(partial: &mut Partial) -> anyhow::Result<Vec<String>> {
    let what = format!("Password of {} (empty for none): ", partial.user.as_deref().unwrap_or(""));
    let mut ask = || {
        let answer = rpassword::prompt_password(&what).context("cannot read the password")?;
        partial.password = Some(Password(answer));
        Ok::<Login, anyhow::Error>(mysql::check_login(&partial.with_defaults(1))?)
    };
    for _ in 1..MAX_ATTEMPTS {
        match ask()? {
            Login::Accepted { databases } => return Ok(databases),
            Login::Refused(e) => ui::eprint_error(&explain::message(&e.into())),
        }
    }
    match ask()? {
        Login::Accepted { databases } => Ok(databases),
        Login::Refused(e) => Err(e.into()),
    }
}
