//! The configuration file: `data-pipeline.toml` in the working directory, or the one that
//! `--config` names.
//!
//! Its values become the defaults of the flags. So a flag overrides them, `--help` shows them, and
//! they are validated like flags. The source is the exception, because there the environment comes
//! before the file ([`crate::source_select`]).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;
use bars_io::mysql::config::{Partial, Password};
use clap::builder::OsStr;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use pipeline::text::did_you_mean;
use toml::{Table, Value};

use crate::explain;
use crate::private_file;
use crate::secrets;
use crate::ui::Usage;

/// The file's name in the working directory.
pub const NAME: &str = "data-pipeline.toml";

/// The top-level key of the source.
pub const SOURCE: &str = "source";
/// The section of the database.
const DATABASE: &str = "mysql";

/// Flags of the database connection; the file has them once, for all commands.
pub const DATABASE_FLAGS: [&str; 12] = [
    "host",
    "port",
    "user",
    "password",
    "password-file",
    "database",
    "table",
    "ssl-mode",
    "ssl-ca",
    "server-public-key",
    "connect-timeout",
    "read-timeout",
];

/// Flags with the same meaning in every command, allowed as top-level keys. Others, such as `--out`,
/// differ.
pub const SHARED_FLAGS: [&str; 2] = ["bar-time", "strict"];

/// Flags with defaults that depend on the cohort, so that one value in the file cannot set them.
pub const COHORT_FLAGS: [(&str, &str); 2] =
    [("fetch-history", "input-csv"), ("fetch-history", "output-csv")];

static CONFIG: OnceLock<Config> = OnceLock::new();

/// The settings of the file.
#[derive(Debug, Default)]
pub struct Config {
    path: PathBuf,
    table: Table,
    source: Option<String>,
    database: Partial,
    password_file: Option<PathBuf>,
}

/// Returns the configuration of this process; empty if there is no file.
pub fn get() -> &'static Config {
    CONFIG.get_or_init(Config::default)
}

/// Reads the file given by `--config`, or the one in the working directory if it exists.
///
/// # Errors
/// The file given by `--config` does not exist, or a file cannot be read or has an invalid setting.
pub fn load(typed: &ArgMatches, program: &Command) -> anyhow::Result<()> {
    let path = match typed.try_get_one::<PathBuf>("config").ok().flatten() {
        Some(path) => path.clone(),
        None if Path::new(NAME).is_file() => NAME.into(),
        None => return Ok(()),
    };
    let text = bars_io::regular::read_to_string(&path)?;
    let config = Config::parse(&path, &text, program)
        .map_err(|what| Usage(format!("{}: {what}", path.display())))?;
    // Loaded once per process.
    let _ = CONFIG.set(config);
    Ok(())
}

impl Config {
    /// Returns the path of the file, or `None` if there is none.
    pub fn path(&self) -> Option<&Path> {
        (!self.path.as_os_str().is_empty()).then_some(&*self.path)
    }

    /// Returns the top-level `source`.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Returns the settings of the database, including those in a `mysql://` source.
    pub fn database(&self) -> &Partial {
        &self.database
    }

    /// Returns the `password-file` of the database.
    pub fn password_file(&self) -> Option<&Path> {
        self.password_file.as_deref()
    }

    /// Returns the file and the key that set `name` for the database.
    pub fn database_key(&self, name: &str) -> String {
        let section = self.table.get(DATABASE).and_then(Value::as_table);
        match section.is_some_and(|section| section.contains_key(name)) {
            true => format!("{} [{DATABASE}]", self.path.display()),
            false => format!("{} {SOURCE}", self.path.display()),
        }
    }

    /// Returns the file, with the section, that sets the default of `arg` in `command`; `None` if
    /// the file does not, or if a flag in `typed` conflicts with it.
    pub fn origin(&self, command: &Command, arg: &Arg, typed: &ArgMatches) -> Option<String> {
        let flag = arg.get_long()?;
        if rivals(command, arg).iter().any(|rival| is_typed(rival, typed)) {
            return None;
        }
        let path = self.path.display();
        let name = command.get_name();
        let section = self.table.get(name).and_then(Value::as_table);
        if section.is_some_and(|section| section.contains_key(flag)) {
            return Some(format!("{path} [{name}]"));
        }
        let is_shared = arg.is_global_set() || SHARED_FLAGS.contains(&flag);
        (is_shared && self.table.contains_key(flag)).then(|| path.to_string())
    }

    /// Returns the password and the file that contains it, or `None` if there is none.
    ///
    /// # Errors
    /// Other users can read the configuration file with the password, or the password file cannot be
    /// read.
    pub fn password(&self) -> anyhow::Result<Option<(Password, &Path)>> {
        if let Some(path) = &self.password_file {
            let password = private_file::password_in(path);
            let password =
                password.with_context(|| format!("password-file in {}", self.path.display()))?;
            return Ok(Some((Password(password), path)));
        }
        let Some(password) = &self.database.password else {
            return Ok(None);
        };
        self.must_be_private()?;
        Ok(Some((password.clone(), &self.path)))
    }

    /// Checks that only the owner can read the file.
    fn must_be_private(&self) -> Result<(), Usage> {
        if !bars_io::regular::is_open_to_others(&self.path) {
            return Ok(());
        }
        Err(Usage(format!(
            "{0} contains a password and other users can read it; run 'chmod 600 {0}' or use password-file",
            self.path.display()
        )))
    }

    /// Refuses an address with a password in a section of the file, unless only the owner can read
    /// the file.
    pub fn check_address(&self, address: &str) -> Result<(), Usage> {
        let is_own = |value: &Value| value.as_str() == Some(address);
        let is_in_section =
            |value: &Value| value.as_table().is_some_and(|section| section.values().any(is_own));
        let has_password =
            || Partial::from_url(address).is_ok_and(|partial| partial.password.is_some());
        if self.table.values().any(is_in_section) && has_password() {
            self.must_be_private()
        } else {
            Ok(())
        }
    }

    /// Reads the settings in `text`, the content of the file at `path`.
    ///
    /// # Errors
    /// The first invalid setting.
    pub fn parse(path: &Path, text: &str, program: &Command) -> Result<Config, String> {
        let table: Table = text.parse().map_err(|e| syntax_error(text, &e))?;
        note(&table);
        let source = match table.get(SOURCE) {
            Some(Value::String(source)) => Some(source.clone()),
            Some(_) => return Err(format!("{SOURCE} must be a string: {SOURCE} = \"data/bars\"")),
            None => None,
        };
        let (section, password_file) = match table.get(DATABASE) {
            Some(Value::Table(section)) => database(section)?,
            Some(_) => {
                return Err(format!(
                    "{DATABASE} must be a section: [{DATABASE}] with host = \"...\" below it"
                ));
            }
            None => Default::default(),
        };
        let is_address = source.as_deref().is_some_and(bars_io::address::is_mysql);
        if source.is_some() && !is_address && (!section.is_empty() || password_file.is_some()) {
            return Err(format!(
                "both {SOURCE} (a path) and [{DATABASE}] are set; drop one of them"
            ));
        }
        let address = source
            .as_deref()
            .filter(|_| is_address)
            .map(Partial::from_url)
            .transpose()
            .map_err(|e| e.to_string())?;
        let database = section.or(address.unwrap_or_default());
        let config = Config { path: path.to_owned(), table, source, database, password_file };
        // Report invalid settings before anything runs.
        config.settings(program)?;
        Ok(config)
    }

    /// Returns `program` with the settings of the file as defaults of its flags, except for flags that
    /// conflict with one of `typed`.
    pub fn apply(&self, program: Command, typed: &ArgMatches) -> Command {
        // Validated when the file was read.
        let settings = self.settings(&program).unwrap_or_default();
        settings.into_iter().fold(program, |program, Setting { command, flag, values }| {
            let set = |command: Command| with_default(command, flag, &values, typed);
            match command {
                Some(name) => program.mut_subcommand(name, set),
                None => set(program),
            }
        })
    }

    /// Returns the flags of a stage for `run`: defaults, overridden by its section. `words` are its
    /// required arguments.
    ///
    /// # Errors
    /// A value in the section is invalid.
    pub fn stage_flags<F: Args>(&self, command: &'static str, words: &[&str]) -> anyhow::Result<F> {
        let stage = F::augment_args(Command::new(command));
        let mut program = Command::new("data-pipeline").subcommand(stage);
        let invalid = |reason: String| {
            Usage(format!("invalid [{command}] in {}: {reason}", self.path.display()))
        };
        let section = self.table.get(command).and_then(Value::as_table);
        let shared =
            SHARED_FLAGS.into_iter().filter_map(|flag| Some((flag, self.table.get(flag)?)));
        let own = section.into_iter().flatten().map(|(flag, value)| (flag.as_str(), value));
        for (flag, value) in own.chain(shared) {
            let (values, none) = (values(value).map_err(invalid)?, ArgMatches::default());
            program =
                program.mut_subcommand(command, |stage| with_default(stage, flag, &values, &none));
        }
        let all = ["data-pipeline", command].into_iter().chain(words.iter().copied());
        let invalid = |error: clap::Error| invalid(explain::reason(&error));
        let matches = program.try_get_matches_from(all).map_err(invalid)?;
        let (_, matches) = matches.subcommand().context("no subcommand")?;
        F::from_arg_matches(matches).map_err(|error| invalid(error).into())
    }

    /// Names the file, the section and the key in a message that begins with a flag, if the value
    /// comes from this file and not from the command line.
    pub fn locate(&self, message: String, command: &str, typed: &ArgMatches) -> String {
        let Some(rest) = message.strip_prefix("--") else { return message };
        let (flag, rest) = rest.split_at(rest.find([' ', ':', ';']).unwrap_or(rest.len()));
        let id = flag.replace('-', "_");
        let is_typed = typed.subcommand().is_some_and(|(_, own)| {
            own.try_contains_id(&id).is_ok_and(|is_known| is_known)
                && own.value_source(&id) == Some(ValueSource::CommandLine)
        });
        let has = |name: &&String| {
            let section = self.table.get(*name).and_then(Value::as_table);
            section.is_some_and(|section| section.contains_key(flag))
        };
        let own = command.to_owned();
        // `run` takes the parameters of its stages from their sections.
        let stages: Vec<&String> = self.table.keys().filter(has).collect();
        let section = match &stages[..] {
            _ if has(&&own) => Some(&own),
            [stage] if command == "run" => Some(*stage),
            _ => None,
        };
        let path = self.path.display();
        match section {
            _ if is_typed => message,
            Some(section) => format!("{path}: [{section}] {flag}{rest}"),
            None if self.table.contains_key(flag) => format!("{path}: {flag}{rest}"),
            None => message,
        }
    }

    /// Returns the defaults that the file sets.
    ///
    /// # Errors
    /// The first setting that `program` does not have.
    fn settings(&self, program: &Command) -> Result<Vec<Setting<'_>>, String> {
        let commands: Vec<String> =
            program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let mut settings = Vec::new();
        for (name, value) in &self.table {
            match value {
                _ if name == SOURCE || name == DATABASE => {}
                Value::Table(section) if commands.contains(name) => {
                    for (flag, value) in section {
                        let values =
                            values(value).map_err(|what| format!("[{name}] {flag} {what}"))?;
                        check(name, flag, program)?;
                        settings.push(Setting { command: Some(name.clone()), flag, values });
                    }
                }
                Value::Table(_) => {
                    return Err(format!(
                        "unknown section [{name}]{}",
                        did_you_mean(name, &commands)
                    ));
                }
                value => {
                    let values = values(value).map_err(|what| format!("{name} {what}"))?;
                    let commands = commands_with(program, name, &commands)?.into_iter();
                    settings.extend(commands.map(|command| Setting {
                        command,
                        flag: name,
                        values: values.clone(),
                    }));
                }
            }
        }
        Ok(settings)
    }
}

/// A default that the file sets.
struct Setting<'a> {
    /// The command that has the flag; `None` if all have it.
    command: Option<String>,
    flag: &'a str,
    values: Vec<OsStr>,
}

/// Returns the commands that have a flag of the top level, or one `None` if all have it.
fn commands_with(
    program: &Command,
    flag: &str,
    commands: &[String],
) -> Result<Vec<Option<String>>, String> {
    if has(program, flag) {
        return Ok(vec![None]);
    }
    let having: Vec<Option<String>> = commands
        .iter()
        .filter(|name| program.find_subcommand(name).is_some_and(|command| has(command, flag)))
        .map(|name| Some(name.clone()))
        .collect();
    if having.is_empty() || !SHARED_FLAGS.contains(&flag) {
        let common = program.get_arguments().filter_map(|arg| arg.get_long());
        let known: Vec<String> = [SOURCE]
            .into_iter()
            .chain(SHARED_FLAGS)
            .chain(common)
            .filter(|name| is_settable(name))
            .map(str::to_owned)
            .collect();
        return Err(format!(
            "unknown top-level key \"{flag}\" (keys of one command belong in its section, such as [leaderboards]){}",
            did_you_mean(flag, &known)
        ));
    }
    Ok(having)
}

/// Returns whether the file may set a flag of this name.
pub fn is_settable(flag: &str) -> bool {
    !["help", "version", "config"].contains(&flag)
}

fn has(command: &Command, flag: &str) -> bool {
    is_settable(flag) && command.get_arguments().any(|arg| arg.get_long() == Some(flag))
}

/// The flags on the command line, without defaults; invalid ones are skipped.
pub fn typed(program: Command, words: &[OsString]) -> ArgMatches {
    let program = program.ignore_errors(true).disable_help_flag(true).disable_version_flag(true);
    program.try_get_matches_from(words).unwrap_or_default()
}

/// Checks that a section may set a flag.
fn check(command: &str, flag: &str, program: &Command) -> Result<(), String> {
    if flag == SOURCE || DATABASE_FLAGS.contains(&flag) {
        return Err(format!(
            "[{command}] {flag}: the source applies to all commands; set it at the top as {SOURCE} or in [{DATABASE}]"
        ));
    }
    if COHORT_FLAGS.contains(&(command, flag)) {
        return Err(format!(
            "[{command}] {flag} differs per cohort and cannot be set here; use its environment variable (see 'data-pipeline {command} --help')"
        ));
    }
    let Some(of) = program.find_subcommand(command).filter(|of| !has(of, flag)) else {
        return Ok(());
    };
    let known: Vec<String> =
        of.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned).collect();
    Err(format!("unknown key \"{flag}\" in [{command}]{}", did_you_mean(flag, &known)))
}

/// Returns `command` with another default for one of its flags.
fn with_default(command: Command, flag: &str, values: &[OsStr], typed: &ArgMatches) -> Command {
    let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == Some(flag)) else {
        return command;
    };
    let takes_several = arg.get_value_delimiter().is_some()
        || arg.get_num_args().is_some_and(|n| n.max_values() > 1);
    // A list for a flag with one string value, such as --windows, is joined with commas.
    let values: Vec<OsStr> = if takes_several {
        values.to_vec()
    } else {
        vec![values.iter().map(text).collect::<Vec<_>>().join(",").into()]
    };
    if rivals(&command, arg).iter().any(|rival| is_typed(rival, typed)) {
        return command;
    }
    let (id, is_switch) = (arg.get_id().clone(), matches!(arg.get_action(), ArgAction::SetTrue));
    let is_secret =
        values.iter().any(|value| secrets::shown(Some(flag), &text(value)) != text(value));
    command.mut_arg(id, |arg| {
        let arg = arg.default_values(values).required(false).hide_default_value(is_secret);
        // Allows --strict=false to override the file.
        let switch = |arg: Arg| {
            let arg = arg.action(ArgAction::Set).value_parser(clap::value_parser!(bool));
            arg.num_args(0..=1).require_equals(true).default_missing_value("true")
        };
        if is_switch { switch(arg) } else { arg }
    })
}

/// Returns the flags that conflict with `arg`, declared on either side.
fn rivals<'a>(command: &'a Command, arg: &'a Arg) -> Vec<&'a Arg> {
    let mut rivals = command.get_arg_conflicts_with(arg);
    let says_so = |other: &&Arg| {
        command.get_arg_conflicts_with(other).iter().any(|rival| rival.get_id() == arg.get_id())
    };
    rivals.extend(command.get_arguments().filter(says_so));
    rivals
}

/// Returns whether `arg` was given on the command line.
fn is_typed(arg: &Arg, typed: &ArgMatches) -> bool {
    let id = arg.get_id().as_str();
    let is_given = |matches: &ArgMatches| {
        matches.try_contains_id(id).is_ok()
            && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    is_given(typed) || typed.subcommand().is_some_and(|(_, matches)| is_given(matches))
}

fn text(value: &OsStr) -> String {
    value.to_string_lossy().into_owned()
}

/// Notes the texts of the file, at the top and in sections, so that messages that repeat them are
/// without passwords.
fn note(table: &Table) {
    for (key, value) in table {
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let texts = items.iter().filter_map(Value::as_str);
        texts.filter(|_| key != "password").for_each(|text| secrets::note(Some(key), text));
        if let Value::Table(section) = value {
            note(section);
        }
        secrets::note(None, key);
    }
}

/// Converts a value, or the items of a list, to command-line strings.
fn values(value: &Value) -> Result<Vec<OsStr>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone().into()),
        Value::Integer(number) => Ok(number.to_string().into()),
        Value::Float(number) => Ok(number.to_string().into()),
        Value::Boolean(flag) => Ok(flag.to_string().into()),
        Value::Datetime(time) => Ok(time.to_string().into()),
        Value::Array(_) | Value::Table(_) => {
            Err("must be a string, a number, true, false, or a list of these".to_owned())
        }
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

/// Describes a syntax error by its place. The line itself may contain a password.
fn syntax_error(text: &str, error: &toml::de::Error) -> String {
    let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}: {}", error.message().replace('\n', "; "))
}

/// Parses the section of the database.
fn database(section: &Table) -> Result<(Partial, Option<PathBuf>), String> {
    let (mut partial, mut password_file) = (Partial::default(), None);
    for (name, value) in section {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            _ => return Err(format!("[{DATABASE}] {name} must be a string or a number")),
        };
        if name == "password-file" {
            password_file = Some(text.into());
            continue;
        }
        let is_known = partial.set(name, &text).map_err(|e| match name.as_str() {
            "ssl-mode" => format!("[{DATABASE}] {name}: {e}"),
            _ => format!("[{DATABASE}] {e}"),
        })?;
        if !is_known {
            let known = DATABASE_FLAGS.map(str::to_owned);
            return Err(format!(
                "unknown key \"{name}\" in [{DATABASE}]{}",
                did_you_mean(name, &known)
            ));
        }
    }
    partial.check_user().map_err(|e| format!("[{DATABASE}] {e}"))?;
    let partial = partial.split_host().map_err(|e| format!("[{DATABASE}] {e}"))?;
    Ok((partial, password_file))
}
