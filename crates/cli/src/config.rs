//! The configuration file: `data-pipeline.toml` in the working directory, or the one that
//! `--config` names.
//!
//! Its values are defaults: they become those of the flags themselves, so that a flag wins over
//! them, `--help` shows them, and they are checked as what is typed is. Only the source goes its
//! own way, as the environment comes before the file there ([`crate::source_select`]).

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;
use bars_io::mysql::config::{Partial, Password};
use clap::builder::OsStr;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use toml::{Table, Value};

use crate::ui::Usage;

/// The file's name in the working directory.
pub const NAME: &str = "data-pipeline.toml";

/// Names at the top of the file and of a command's section that are those of the source.
const SOURCE: &str = "source";
const DATABASE: &str = "mysql";

/// Flags that say where bars are; they stand in the file once for all commands.
const OF_DATABASE: [&str; 9] = [
    "host",
    "port",
    "user",
    "password",
    "password-file",
    "database",
    "table",
    "ssl-mode",
    "ssl-ca",
];

/// Flags that mean the same in every command that has them. Others, such as `--out`, do not.
const SHARED: [&str; 2] = ["bar-time", "strict"];

/// Flags of `fetch-history` whose environment variables depend on the cohort: these come before the
/// file, which could not tell.
const OF_COHORTS: [(&str, &str); 2] =
    [("fetch-history", "input-csv"), ("fetch-history", "output-csv")];

static CONFIG: OnceLock<Config> = OnceLock::new();

/// What the file says.
#[derive(Debug, Default)]
pub struct Config {
    path: PathBuf,
    table: Table,
    source: Option<String>,
    database: Partial,
    password_file: Option<PathBuf>,
}

/// The configuration of this process; nothing where there is no file.
pub fn get() -> &'static Config {
    CONFIG.get_or_init(Config::default)
}

/// Reads the file named by `--config`, or that of the working directory if there is one.
///
/// # Errors
/// Where a file that was named is missing, or a file cannot be read, or says what is not
/// understood.
pub fn load(typed: &ArgMatches, program: &Command) -> anyhow::Result<()> {
    let path = match typed.try_get_one::<PathBuf>("config").ok().flatten() {
        Some(path) => path.clone(),
        None if Path::new(NAME).is_file() => NAME.into(),
        None => return Ok(()),
    };
    let text = std::fs::read_to_string(&path).map_err(|e| bars_io::Error::io("read", &path, e))?;
    let config = Config::parse(&path, &text, program)
        .map_err(|what| Usage(format!("{}: {what}", path.display())))?;
    // It is loaded once, at the very beginning.
    let _ = CONFIG.set(config);
    Ok(())
}

/// Whether others than its owner may read a file.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_path: &Path) -> bool {
    // Rights are another matter there, and cannot be judged from here.
    true
}

impl Config {
    /// Where it was read; `None` where there is no file.
    pub fn path(&self) -> Option<&Path> {
        (!self.path.as_os_str().is_empty()).then_some(&*self.path)
    }

    /// The source that it names.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// What it says of a database, its address included.
    pub fn database(&self) -> &Partial {
        &self.database
    }

    /// The password that it has or names a file for, and the file where it stands; `None` where it
    /// says nothing of one.
    ///
    /// # Errors
    /// Where the password stands in a file that others may read, or the file that is named cannot
    /// be read.
    pub fn password(&self) -> anyhow::Result<Option<(Password, &Path)>> {
        if let Some(path) = &self.password_file {
            let password = crate::flags::password_in(path);
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

    /// A file with a password is for its owner alone.
    fn must_be_private(&self) -> Result<(), Usage> {
        if !is_open(&self.path) {
            return Ok(());
        }
        Err(Usage(format!(
            "{0} holds a password, and others on this machine may read it: 'chmod 600 {0}', or name a file with password-file instead",
            self.path.display()
        )))
    }

    /// Refuses an address with a password that became the default of a flag, unless the file is
    /// private.
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

    fn parse(path: &Path, text: &str, program: &Command) -> Result<Config, String> {
        let table: Table = text.parse().map_err(|e| format!("{e}"))?;
        let source = match table.get(SOURCE) {
            Some(Value::String(source)) => Some(source.clone()),
            Some(_) => return Err(format!("{SOURCE} is a text: {SOURCE} = \"data/bars\"")),
            None => None,
        };
        let (section, password_file) = match table.get(DATABASE) {
            Some(Value::Table(section)) => database(section)?,
            Some(_) => {
                return Err(format!(
                    "[{DATABASE}] is a section: [{DATABASE}], and below it host = \"...\""
                ));
            }
            None => Default::default(),
        };
        let is_address = source.as_deref().is_some_and(crate::flags::is_mysql);
        if source.is_some() && !is_address && (!section.is_empty() || password_file.is_some()) {
            return Err(format!(
                "both {SOURCE}, a path, and [{DATABASE}] say where the bars are; leave one out"
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
        // What is not understood is told before anything is done.
        config.applied(program.clone(), &ArgMatches::default())?;
        Ok(config)
    }

    /// `program` with what the file says as the defaults of its flags, but for those that one of
    /// `typed` rules out.
    pub fn apply(&self, program: Command, typed: &ArgMatches) -> Command {
        // It was understood when it was read.
        self.applied(program.clone(), typed).unwrap_or(program)
    }

    /// The flags of a stage as in `run`: defaults, then those of its section. `words` are its
    /// required arguments.
    ///
    /// # Errors
    /// If a value in the section is invalid.
    pub fn stage_flags<F: Args>(&self, command: &'static str, words: &[&str]) -> anyhow::Result<F> {
        let stage = F::augment_args(Command::new(command));
        let program = Command::new("data-pipeline").subcommand(stage);
        let all = std::iter::once(command).chain(words.iter().copied());
        let all = std::iter::once("data-pipeline").chain(all);
        let none = ArgMatches::default();
        let invalid = |reason: &dyn std::fmt::Display| {
            let text = reason.to_string();
            let text = text
                .trim_start_matches("error: ")
                .split("\n\n")
                .next()
                .unwrap_or_default()
                .to_owned();
            Usage(format!("invalid [{command}] in {}: {text}", self.path.display()))
        };
        let mut program = program;
        if let Some(Value::Table(section)) = self.table.get(command) {
            for (flag, value) in section {
                let values = values(value).map_err(|e| invalid(&e))?;
                program = program
                    .mut_subcommand(command, |stage| with_default(stage, flag, &values, &none));
            }
        }
        for flag in SHARED {
            if let Some(value) = self.table.get(flag) {
                let values = values(value).map_err(|e| invalid(&e))?;
                program = program
                    .mut_subcommand(command, |stage| with_default(stage, flag, &values, &none));
            }
        }
        let matches = program.try_get_matches_from(all).map_err(|e| invalid(&e))?;
        let (_, matches) = matches.subcommand().context("no subcommand")?;
        F::from_arg_matches(matches).map_err(|e| invalid(&e).into())
    }

    fn applied(&self, mut program: Command, typed: &ArgMatches) -> Result<Command, String> {
        let commands: Vec<String> =
            program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        for (name, value) in &self.table {
            match value {
                _ if name == SOURCE || name == DATABASE => {}
                Value::Table(section) if commands.contains(name) => {
                    for (flag, value) in section {
                        let values =
                            values(value).map_err(|what| format!("[{name}] {flag} {what}"))?;
                        check(name, flag, &program)?;
                        program = program.mut_subcommand(name, |command| {
                            with_default(command, flag, &values, typed)
                        });
                    }
                }
                Value::Table(_) => {
                    return Err(format!(
                        "there is no command for the section [{name}]{}",
                        near(name, &commands)
                    ));
                }
                value => {
                    let values = values(value).map_err(|what| format!("{name} {what}"))?;
                    program = everywhere(program, name, &values, &commands, typed)?;
                }
            }
        }
        Ok(program)
    }
}

/// The default of a flag of all commands that have it.
fn everywhere(
    program: Command,
    flag: &str,
    values: &[OsStr],
    commands: &[String],
    typed: &ArgMatches,
) -> Result<Command, String> {
    if has(&program, flag) {
        return Ok(with_default(program, flag, values, typed));
    }
    let having: Vec<&String> = commands
        .iter()
        .filter(|name| program.find_subcommand(name).is_some_and(|command| has(command, flag)))
        .collect();
    if having.is_empty() || !SHARED.contains(&flag) {
        let common = program.get_arguments().filter_map(|arg| arg.get_long());
        let known: Vec<String> = [SOURCE]
            .into_iter()
            .chain(SHARED)
            .chain(common)
            .filter(|name| is_settable(name))
            .map(str::to_owned)
            .collect();
        return Err(format!(
            "'{flag}' is no setting of all commands, and that of one stands in its section, such as [leaderboards]{}",
            near(flag, &known)
        ));
    }
    Ok(having.into_iter().fold(program, |program, name| {
        program.mut_subcommand(name, |command| with_default(command, flag, values, typed))
    }))
}

fn is_settable(flag: &str) -> bool {
    !["help", "version", "config"].contains(&flag)
}

fn has(command: &Command, flag: &str) -> bool {
    is_settable(flag) && command.get_arguments().any(|arg| arg.get_long() == Some(flag))
}

/// Whether a section may set a flag.
fn check(command: &str, flag: &str, program: &Command) -> Result<(), String> {
    if flag == SOURCE || OF_DATABASE.contains(&flag) {
        return Err(format!(
            "[{command}] {flag} says where the bars are: that stands at the top for all commands, as {SOURCE} or in [{DATABASE}]"
        ));
    }
    if OF_COHORTS.contains(&(command, flag)) {
        return Err(format!(
            "[{command}] {flag} cannot be set here, as each cohort has its own; set its variable (see 'data-pipeline {command} --help')"
        ));
    }
    let Some(of) = program.find_subcommand(command).filter(|of| !has(of, flag)) else {
        return Ok(());
    };
    let known: Vec<String> =
        of.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned).collect();
    Err(format!("[{command}] has no '{flag}'{}", near(flag, &known)))
}

/// `command` with the default of a flag that it has.
fn with_default(command: Command, flag: &str, values: &[OsStr], typed: &ArgMatches) -> Command {
    let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == Some(flag)) else {
        return command;
    };
    let takes_several = arg.get_value_delimiter().is_some()
        || arg.get_num_args().is_some_and(|n| n.max_values() > 1);
    // A list for a flag that takes a text, such as --windows, is that list with commas.
    let values: Vec<OsStr> = if takes_several {
        values.to_vec()
    } else {
        vec![values.iter().map(text).collect::<Vec<_>>().join(",").into()]
    };
    if rivals(&command, arg).iter().any(|rival| is_typed(rival, typed)) {
        return command;
    }
    let (id, is_switch) = (arg.get_id().clone(), matches!(arg.get_action(), ArgAction::SetTrue));
    let is_secret = values.iter().any(|value| {
        Partial::from_url(&text(value)).is_ok_and(|partial| partial.password.is_some())
    });
    command.mut_arg(id, |arg| {
        let arg = arg.default_values(values).required(false).hide_default_value(is_secret);
        // So that --strict=false can take back what the file says.
        let switch = |arg: Arg| {
            let arg = arg.action(ArgAction::Set).value_parser(clap::value_parser!(bool));
            arg.num_args(0..=1).require_equals(true).default_missing_value("true")
        };
        if is_switch { switch(arg) } else { arg }
    })
}

/// The flags that cannot stand beside `arg`, whichever of the two says so.
fn rivals<'a>(command: &'a Command, arg: &'a Arg) -> Vec<&'a Arg> {
    let mut rivals = command.get_arg_conflicts_with(arg);
    let says_so = |other: &&Arg| {
        command.get_arg_conflicts_with(other).iter().any(|rival| rival.get_id() == arg.get_id())
    };
    rivals.extend(command.get_arguments().filter(says_so));
    rivals
}

/// Whether `arg` was given on the command line, to the program or its command.
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

/// A value as it would be typed: one, or those of a list.
fn values(value: &Value) -> Result<Vec<OsStr>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone().into()),
        Value::Integer(number) => Ok(number.to_string().into()),
        Value::Float(number) => Ok(number.to_string().into()),
        Value::Boolean(flag) => Ok(flag.to_string().into()),
        Value::Datetime(time) => Ok(time.to_string().into()),
        Value::Array(_) | Value::Table(_) => {
            Err("is neither a text, a number, true or false, nor a list of these".to_owned())
        }
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

/// What the section of the database says.
fn database(section: &Table) -> Result<(Partial, Option<PathBuf>), String> {
    let (mut partial, mut password_file) = (Partial::default(), None);
    for (name, value) in section {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            _ => return Err(format!("[{DATABASE}] {name} is a text or a number")),
        };
        match name.as_str() {
            "host" => partial.host = Some(text),
            "port" => {
                let port = text
                    .parse()
                    .map_err(|_| format!("[{DATABASE}] port is {text}, which is none"))?;
                partial.port = Some(port);
            }
            "user" => partial.user = Some(text),
            "password" => partial.password = Some(Password(text)),
            "password-file" => password_file = Some(text.into()),
            "database" => partial.database = Some(text),
            "table" => partial.table = Some(text),
            "ssl-mode" => {
                partial.ssl_mode =
                    Some(text.parse().map_err(|e| format!("[{DATABASE}] {name}: {e}"))?)
            }
            "ssl-ca" => partial.ssl_ca = Some(text.into()),
            other => {
                let known = OF_DATABASE.map(str::to_owned);
                return Err(format!("[{DATABASE}] has no '{other}'{}", near(other, &known)));
            }
        }
    }
    Ok((partial, password_file))
}

/// What may have been meant.
fn near(name: &str, known: &[String]) -> String {
    let likeness = |other: &&String| strsim::jaro_winkler(name, other);
    let best = known
        .iter()
        .filter(|other| likeness(other) > 0.8)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(best) => format!("; did you mean '{best}'?"),
        None => format!("; known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::CommandFactory;

    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        Config::parse(Path::new(NAME), text, &crate::app::Cli::command())
    }

    fn parse(text: &str, words: &[&str]) -> crate::app::Cli {
        let words: Vec<OsString> = std::iter::once("data-pipeline")
            .chain(words.iter().copied())
            .map(OsString::from)
            .collect();
        crate::app::parse_words(&read(text).unwrap(), &words).unwrap()
    }

    fn typed(text: &str, words: &[&str]) -> crate::app::Command {
        parse(text, words).command
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let text = "[leaderboards]\ntop-n = 7\nwindows = [\"6h\", \"24h\"]\ninclude-stale = true\ninclude-partial = false";
        let of = |words: &[&str]| match typed(text, words) {
            crate::app::Command::Leaderboards(flags) => {
                (flags.top_n, flags.windows, flags.include_stale, flags.include_partial)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(of(&["leaderboards"]), (Some(7), "6h,24h".to_owned(), true, false));
        assert_eq!(
            of(&["leaderboards", "--top-n", "3", "--windows", "1h"]),
            (Some(3), "1h".to_owned(), true, false)
        );
    }

    #[test]
    fn what_is_typed_wins_over_its_rivals_and_over_switches() {
        let stale = |words: &[&str]| match typed("[leaderboards]\ninclude-stale = true", words) {
            crate::app::Command::Leaderboards(flags) => flags.include_stale,
            other => panic!("{other:?}"),
        };
        assert!(stale(&["leaderboards"]) && stale(&["leaderboards", "--include-stale"]));
        assert!(!stale(&["leaderboards", "--include-stale=false"]));
        let verbosity = |words: &[&str]| {
            let words: Vec<&str> = std::iter::once("check").chain(words.iter().copied()).collect();
            parse("quiet = true", &words).common.verbosity()
        };
        assert_eq!(
            (verbosity(&[]), verbosity(&["-v"]), verbosity(&["--verbose", "-v"])),
            (-1, 1, 2)
        );
    }

    #[test]
    fn lists_and_pairs() {
        match typed("[run]\ncohorts = [\"gainers\", \"losers\"]\n[state]\nstrict = true", &["run"])
        {
            crate::app::Command::Run(flags) => assert_eq!(flags.cohorts.len(), 2),
            other => panic!("{other:?}"),
        }
        typed(
            "[imf-postprocess]\namp-bands = [3, 8.5]",
            &["imf-postprocess", "--summary", "x.parquet"],
        );
        // A flag that must be typed otherwise may stand in the file.
        typed("[imf-postprocess]\nsummary = \"x.parquet\"", &["imf-postprocess"]);
        typed("threads = 2\nstrict = true\nbar-time = \"close\"", &["state"]);
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (text, words) in [
            ("[leaderboard]\ntop-n = 3", "did you mean 'leaderboards'?"),
            ("[leaderboards]\ntopn = 3", "did you mean 'top-n'?"),
            ("[leaderboards]\nsource = \"x\"", "stands at the top"),
            ("[fetch-history]\ninput-csv = \"x\"", "cannot be set here"),
            ("top-n = 3", "such as [leaderboards]"),
            ("config = \"other.toml\"", "no setting of all commands"),
            ("threds = 4", "did you mean 'threads'?"),
            ("source = 3", "is a text"),
            ("source = \"bars\"\n[mysql]\nhost = \"h\"", "leave one out"),
            ("[mysql]\nhosts = \"h\"", "did you mean 'host'?"),
            ("[mysql]\nport = 99999", "port"),
            ("[mysql]\nssl-mode = \"maybe\"", "ssl-mode"),
            ("mysql = 3", "[mysql] is a section"),
            ("[leaderboards]\ntop-n = { a = 1 }", "neither a text"),
            ("[leaderboards\n", "TOML parse error at line 1"),
        ] {
            let told = read(text).map(|_| ()).unwrap_err();
            assert!(told.contains(words), "{text}: {told}");
        }
    }
}
