//! `data-pipeline config`

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Subcommand, ValueEnum};
use serde::Serialize;

use crate::config::{self, NAME};
use crate::explain;
use crate::flags::{DatabaseFlags, examples};
use crate::interrupt::temp_files;
use crate::secrets;
use crate::source_select;
use crate::ui::{self, Usage};

/// Flags of `config`.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The action.
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// Write a configuration file that lists every setting with its default.
    #[command(after_help = examples("configuration", &["data-pipeline config init", "data-pipeline config init market.toml"]))]
    Init(InitFlags),
    /// Show the settings of a command and where each comes from.
    #[command(after_help = examples("configuration", &["data-pipeline config show", "data-pipeline config show state", "data-pipeline config show --format json run --top-n 30"]))]
    Show(ShowFlags),
}

/// Flags of `config init`.
#[derive(Debug, Clone, Args)]
struct InitFlags {
    /// File to write.
    #[arg(value_name = "FILE", default_value = NAME)]
    file: PathBuf,
}

/// Flags of `config show`.
#[derive(Debug, Clone, Args)]
struct ShowFlags {
    /// Command to show [default: all commands, changed settings only].
    #[arg(value_name = "COMMAND")]
    of: Option<String>,
    /// Flags of the command, as if it was run with them.
    #[arg(value_name = "FLAGS", trailing_var_arg = true, allow_hyphen_values = true)]
    given: Vec<String>,
    /// Output format; must precede COMMAND.
    #[arg(long, value_enum, default_value = "text")]
    format: ShowFormat,
}

/// The format of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ShowFormat {
    /// Tables for the terminal.
    Text,
    /// A JSON object.
    Json,
}

/// Runs the command.
pub fn run(flags: &Flags, program: clap::Command) -> anyhow::Result<()> {
    match &flags.action {
        Action::Init(flags) => init(&flags.file, program),
        Action::Show(flags) => show(flags, program),
    }
}

/// A setting of a command.
#[derive(Debug, Serialize)]
struct Setting {
    /// The flag without dashes, or the name of an argument.
    setting: String,
    /// The value; `None` if there is none.
    value: Option<String>,
    /// Where it comes from.
    from: String,
}

/// All settings of a command.
#[derive(Debug, Serialize)]
struct CommandSettings {
    command: String,
    settings: Vec<Setting>,
}

/// The origin of defaults.
const DEFAULT: &str = "default";

/// Prints the settings, even with `--quiet`.
fn show(flags: &ShowFlags, program: clap::Command) -> anyhow::Result<()> {
    let is_shown = |name: &str| !["help", "config"].contains(&name);
    let names = program.get_subcommands().map(|command| command.get_name().to_owned());
    let names: Vec<String> = names.filter(|name| is_shown(name)).collect();
    let chosen = match &flags.of {
        Some(name) if names.contains(name) => vec![name.clone()],
        Some(name) => {
            return Err(Usage(format!(
                "unknown command \"{name}\": expected one of {}",
                names.join(", ")
            ))
            .into());
        }
        None => names,
    };
    let mut commands = Vec::new();
    for command in chosen {
        let mut settings = settings(&command, &flags.given, &program)?;
        if flags.of.is_none() {
            settings.retain(|setting| ![DEFAULT, "prompt"].contains(&&*setting.from));
        }
        commands.push(CommandSettings { command, settings });
    }
    commands.retain(|command| !command.settings.is_empty());
    let file = config::get().path().map(|path| path.display().to_string());
    let text = match flags.format {
        ShowFormat::Json => {
            let all = serde_json::json!({ "configuration_file": file, "commands": commands });
            serde_json::to_string_pretty(&all)? + "\n"
        }
        ShowFormat::Text => text(file.as_deref(), &commands),
    };
    ui::print_always(&text)
}

/// Returns the settings of a command that is run with the flags `given`.
fn settings(name: &str, given: &[String], program: &clap::Command) -> anyhow::Result<Vec<Setting>> {
    let words: Vec<OsString> = ["data-pipeline", name]
        .into_iter()
        .chain(given.iter().map(String::as_str))
        .map(OsString::from)
        .collect();
    // Required arguments may be missing here.
    let optional = |command: clap::Command| command.mut_args(|arg| arg.required(false));
    let program = program.clone().mut_subcommand(name, optional);
    let typed = config::typed(program.clone(), &words);
    let mut configured = config::get().apply(program.clone(), &typed);
    let matches = match configured.try_get_matches_from_mut(words.clone()) {
        Ok(matches) => matches,
        Err(error) => match (program.try_get_matches_from(words), config::get().path()) {
            // Without the file there is no error.
            (Ok(_), Some(path)) => {
                let reason = explain::reason(&error);
                let path = path.display();
                return Err(Usage(format!("invalid configuration in {path}: {reason}")).into());
            }
            _ => explain::exit(error),
        },
    };
    let (_, matches) = matches.subcommand().context("no subcommand")?;
    let command = configured.find_subcommand(name).context("no subcommand")?;
    let source = source(matches)?;
    let mut settings = Vec::new();
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        if let Some((_, source)) = source.as_ref().filter(|(flag, _)| *flag == id) {
            let own = source.iter().map(|(setting, value, from)| Setting {
                setting: (*setting).to_owned(),
                value: value.as_deref().map(|value| secrets::shown(Some(*setting), value)),
                from: from.clone(),
            });
            settings.extend(own);
            continue;
        }
        let is_database = config::DATABASE_FLAGS.contains(&arg.get_long().unwrap_or_default());
        if !["help", "version"].contains(&id) && !is_database {
            settings.push(setting(command, arg, matches, &typed));
        }
    }
    Ok(settings)
}

/// Returns the flag that names the source or target, and its settings.
fn source(
    matches: &ArgMatches,
) -> anyhow::Result<Option<(&'static str, Vec<source_select::Setting>)>> {
    let flag = ["source", "into"]
        .into_iter()
        .find(|flag| matches.try_contains_id(flag).is_ok())
        .filter(|_| matches.try_contains_id("ssl_mode").is_ok());
    let Some(flag) = flag else { return Ok(None) };
    let named = matches.get_one::<String>(flag).map(String::as_str);
    let database = DatabaseFlags::from_arg_matches(matches)?;
    Ok(Some((flag, source_select::settings(flag, named, &database)?)))
}

fn setting(
    command: &clap::Command,
    arg: &Arg,
    matches: &ArgMatches,
    typed: &ArgMatches,
) -> Setting {
    let id = arg.get_id().as_str();
    let values = matches.get_raw(id).into_iter().flatten();
    let shown = |value: &OsStr| secrets::shown(arg.get_long(), &value.to_string_lossy());
    let values: Vec<String> = values.map(shown).collect();
    let mut value = (!values.is_empty()).then(|| values.join(","));
    value = value.or_else(|| stated_default(arg));
    let is_typed = matches.value_source(id) == Some(ValueSource::CommandLine);
    let from = match config::get().origin(command, arg, typed) {
        _ if is_typed => "command line".to_owned(),
        Some(from) => from,
        None => DEFAULT.to_owned(),
    };
    let mut from = from;
    if !is_typed && let Some((variable, text)) = of_environment(command.get_name(), id) {
        (value, from) = (Some(text), format!("environment ({variable})"));
    }
    let name = arg.get_long().map_or_else(|| value_name(arg), str::to_owned);
    Setting { setting: name, value, from }
}

/// Returns the variables that set a file of `fetch-history`, and the value.
fn of_environment(command: &str, id: &str) -> Option<(String, String)> {
    let variables = super::fetch_history::variables(id).filter(|_| command == "fetch-history")?;
    let set = variables.into_iter().filter_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some((name, secrets::shown(Some("source"), &value)))
    });
    let (names, values): (Vec<_>, Vec<_>) = set.unzip();
    (!names.is_empty()).then(|| (names.join(", "), values.join(", ")))
}

/// Returns whether the flag takes the value.
fn is_valid(arg: &Arg, value: &str) -> bool {
    let flag = format!("--{}", arg.get_long().unwrap_or_default());
    let command = clap::Command::new("").arg(
        Arg::new("value")
            .long(arg.get_long().unwrap_or_default().to_owned())
            .value_parser(arg.get_value_parser().clone()),
    );
    !value.contains(' ') && command.try_get_matches_from(["", &flag, value]).is_ok()
}

/// Returns the default that the help of a flag states, for flags without a default of clap.
fn stated_default(arg: &Arg) -> Option<String> {
    let help = arg.get_help()?.to_string();
    Some(help.split("[default: ").nth(1)?.split(']').next()?.to_owned())
}

fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or_else(|| arg.get_id().as_str().to_uppercase(), |name| name.to_string())
}

fn text(file: Option<&str>, commands: &[CommandSettings]) -> String {
    let file = match file {
        Some(file) => file.to_owned(),
        None => format!("none (no {NAME} in the working directory)"),
    };
    let mut text = format!("configuration file: {file}\n");
    for command in commands {
        let row = |setting: &Setting| {
            let value = setting.value.clone().unwrap_or_else(|| "-".to_owned());
            vec![setting.setting.clone(), value, setting.from.clone()]
        };
        let rows = command.settings.iter().map(row);
        let table = ui::table(&["setting", "value", "from"], &[], rows);
        text += &format!("\n{}\n{table}\n", ui::heading(&command.command));
    }
    match commands {
        [] => {
            text += "\nall settings have their defaults; 'data-pipeline config show COMMAND' shows them\n"
        }
        [run] if run.command == "run" => {
            text += "\nThe stages of run take their other settings from their own sections of the file:\n\
                     'data-pipeline config show leaderboards' shows those of leaderboards.\n";
        }
        _ => {}
    }
    text
}

/// Writes a configuration file with all settings as comments.
fn init(path: &Path, mut program: clap::Command) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(Usage(format!(
            "{} already exists; delete it, or give another name: 'data-pipeline config init other.toml'",
            path.display()
        ))
        .into());
    }
    program.build();
    temp_files().write(path, template(&program).as_bytes())?;
    let path = path.display();
    ui::print(&format!("wrote {path}; uncomment a line to change its setting"))
}

const TEMPLATE_HEAD: &str = "\
# Settings of data-pipeline. A line that begins with # has no effect: remove the # to change the
# setting. The values are the defaults; a word in capitals stands for a value without default.
# A flag overrides an environment variable, which overrides this file. 'data-pipeline config show'
# shows where each value comes from.

# Source of the bars for all commands: a store folder, a CSV or Parquet file, or
# mysql://user@host/database
#source = \"data/bars\"
";

fn template(program: &clap::Command) -> String {
    let mut text = TEMPLATE_HEAD.to_owned();
    let commands = || program.get_subcommands().filter(|command| command.get_name() != "help");
    let is_own = |arg: &&Arg| arg.get_long().is_some_and(config::is_settable);
    let is_shared = |arg: &Arg| {
        arg.is_global_set() || config::SHARED_FLAGS.contains(&arg.get_long().unwrap_or_default())
    };
    let is_database =
        |arg: &Arg| config::DATABASE_FLAGS.contains(&arg.get_long().unwrap_or_default());
    // Flags of all commands, as the first command has them.
    let state = || commands().filter(|command| command.get_name() == "state");
    for arg in state().flat_map(clap::Command::get_arguments).filter(is_own) {
        if is_shared(arg) {
            text += &entry(arg);
        }
    }
    text += "\n# Setting one of these makes the database the source.\n[mysql]\n";
    for arg in state().flat_map(clap::Command::get_arguments).filter(is_own) {
        if is_database(arg) {
            text += &entry(arg);
        }
    }
    for command in commands() {
        let name = command.get_name();
        let own = command.get_arguments().filter(is_own).filter(|arg| {
            let flag = arg.get_long().unwrap_or_default();
            !is_shared(arg)
                && !is_database(arg)
                && flag != config::SOURCE
                && !config::COHORT_FLAGS.contains(&(name, flag))
        });
        let entries: String = own.map(entry).collect();
        if !entries.is_empty() {
            text += &format!("\n[{name}]\n{entries}");
        }
    }
    text
}

/// Returns the lines of a flag: its help and its default, as comments.
fn entry(arg: &Arg) -> String {
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let stated = stated_default(arg);
    if let Some(stated) = &stated {
        help = help.replace(&format!(" [default: {stated}]"), "");
    }
    if arg.get_long() == Some("password") {
        help = "Password; only read from a file that no other user can read".to_owned();
    }
    let choices = arg.get_possible_values();
    let choices: Vec<&str> = choices.iter().map(|choice| choice.get_name()).collect();
    if !choices.is_empty() && arg.get_action().takes_values() {
        help += &format!(" (values: {})", choices.join(", "));
    }
    let values: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    // A string of JSON is one of TOML too.
    let quoted = |text: &String| serde_json::Value::from(text.as_str()).to_string();
    let plain_or_quoted = |text: &String| match text.parse::<f64>() {
        Ok(number) if number.is_finite() => text.clone(),
        _ => quoted(text),
    };
    let value = match &values[..] {
        _ if matches!(arg.get_action(), ArgAction::SetTrue) => "false".to_owned(),
        _ if matches!(arg.get_action(), ArgAction::Count) => "0".to_owned(),
        // A default in words, such as "all cores", is not a value.
        [] => match stated.filter(|stated| is_valid(arg, stated)) {
            Some(stated) => plain_or_quoted(&stated),
            None => quoted(&value_name(arg)),
        },
        [one] => plain_or_quoted(one),
        several => format!("[{}]", several.iter().map(quoted).collect::<Vec<_>>().join(", ")),
    };
    let help: String = textwrap::wrap(&help, 98).iter().map(|line| format!("# {line}\n")).collect();
    format!("{help}#{} = {value}\n", arg.get_long().unwrap_or_default())
}
