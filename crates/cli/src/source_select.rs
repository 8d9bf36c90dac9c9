//! Selects the source: flags, then the environment, then the configuration file, then the default
//! store, then prompts.

use std::env;
use std::path::{Path, PathBuf};

use bars_io::address::{is_mysql, unsupported};
use bars_io::file::FileSource;
use bars_io::mysql::config::{
    CONNECT_TIMEOUT, HOST, PORT, Partial, Password, READ_TIMEOUT, TABLE, check_name, parse_port,
};
use bars_io::mysql::{Config, MySqlSource, MySqlWriter};
use bars_io::store::{Store, StoreWriter};
use bars_io::{Source, Target};

use crate::config;
use crate::explain;
use crate::flags::{DatabaseFlags, SourceFlags};
use crate::prompts::{self, Purpose};
use crate::ui::Usage;

/// The store that is used if no source is given.
pub const DEFAULT_STORE: &str = "data/bars";

/// Maximum number of connections to a database.
const MAX_CONNECTIONS: usize = 4;

/// Converts the error of an invalid address, name or flag.
fn usage(error: bars_io::Error) -> Usage {
    Usage(error.to_string())
}

/// An open source. The database is a variant of its own because `check` also queries its settings.
pub enum OpenSource {
    /// A store or a file, and its path.
    Files(Box<dyn Source>, PathBuf),
    /// A database.
    MySql(Box<MySqlSource>),
}

impl OpenSource {
    /// Returns the source.
    pub fn source(&self) -> &dyn Source {
        match self {
            OpenSource::Files(source, _) => &**source,
            OpenSource::MySql(source) => &**source,
        }
    }

    /// Returns the path of a store or file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            OpenSource::Files(_, path) => Some(path),
            OpenSource::MySql(_) => None,
        }
    }
}

/// Opens the source given by flags, environment, configuration file or prompts, and logs it.
pub fn source(flags: &SourceFlags) -> anyhow::Result<OpenSource> {
    open(
        location(flags.source.as_deref(), &flags.database, Prompt::Interactive, Purpose::Read)?
            .ok_or_else(no_source)?,
        flags,
    )
}

/// Like [`source`], but returns `None` if no source is given. Prompts only if `ask` allows it.
pub fn optional_source(flags: &SourceFlags, ask: Prompt) -> anyhow::Result<Option<OpenSource>> {
    location(flags.source.as_deref(), &flags.database, ask, Purpose::Read)?
        .map(|place| open(place, flags))
        .transpose()
}

fn open(place: Location, flags: &SourceFlags) -> anyhow::Result<OpenSource> {
    let opened = match place {
        Location::MySql(config) => OpenSource::MySql(Box::new(MySqlSource::open(
            &config,
            flags.reading.bar_time(),
            &explain::warnings(),
        )?)),
        Location::Path(path) if path.is_dir() => {
            OpenSource::Files(Box::new(Store::open(&path, flags.reading.bar_time())?), path)
        }
        Location::Path(path) => {
            OpenSource::Files(Box::new(FileSource::open(&path, &flags.reading.options())?), path)
        }
    };
    tracing::info!("reading bars from {}", opened.source().describe());
    Ok(opened)
}

/// The place of a target.
pub struct TargetPlace(Location);

/// Opens the target that bars are written to, and logs it.
pub fn target(into: Option<&str>, database: &DatabaseFlags) -> anyhow::Result<Box<dyn Target>> {
    open_target(find_target(into, database)?)
}

/// Finds the place of the target, with its password. Nothing is created or opened.
pub fn find_target(into: Option<&str>, database: &DatabaseFlags) -> anyhow::Result<TargetPlace> {
    Ok(TargetPlace(match into {
        None if database.partial()?.is_empty() => Location::Path(DEFAULT_STORE.into()),
        into => {
            location(into, database, Prompt::Interactive, Purpose::Write)?.ok_or_else(no_source)?
        }
    }))
}

/// Opens the target at a place, and logs it.
pub fn open_target(place: TargetPlace) -> anyhow::Result<Box<dyn Target>> {
    Ok(match place.0 {
        Location::MySql(config) => {
            let writer = MySqlWriter::open(&config, &explain::warnings())?;
            tracing::info!("writing bars into {}", writer.describe());
            Box::new(writer)
        }
        Location::Path(path) if path.is_file() => {
            return Err(bars_io::Error::content(
                &path,
                "this is a file; give a folder for the store, or mysql://...",
            )
            .into());
        }
        Location::Path(path) => {
            let writer = StoreWriter::open(&path, crate::interrupt::temp_files())?;
            tracing::info!("writing bars into store {}", path.display());
            Box::new(writer)
        }
    })
}

/// Returns whether [`target`] would create a new store.
pub fn is_new_store(into: Option<&str>, database: &DatabaseFlags) -> anyhow::Result<bool> {
    let path = match into {
        Some(into) => (!is_mysql(into)).then_some(into),
        None => database.partial()?.is_empty().then_some(DEFAULT_STORE),
    };
    Ok(path.is_some_and(|path| !Path::new(path).exists()))
}

/// Returns the folder that contains the store `into`, or the working directory for a database.
pub fn sibling_folder(into: &str) -> PathBuf {
    if is_mysql(into) {
        return PathBuf::from(".");
    }
    Path::new(into).parent().unwrap_or(Path::new(".")).to_owned()
}

enum Location {
    MySql(Box<Config>),
    Path(PathBuf),
}

/// Whether to prompt for a missing source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Prompt on a terminal.
    Interactive,
    /// Never prompt.
    Never,
}

/// Settings of a database, and where they come from.
type Layer = (Origin, Partial);

/// Where a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A flag.
    Flag,
    /// The `mysql://` address of the source.
    Address,
    /// An environment variable.
    Environment,
    /// The configuration file.
    File,
    /// The default store, which exists.
    DefaultStore,
}

/// The source that was chosen, before missing settings are asked for.
enum Choice {
    Path(PathBuf, Origin),
    /// Earlier settings override later ones.
    Database(Vec<Layer>),
    Nothing,
}

/// Chooses the source from flags, environment, configuration file and default store.
fn choose(named: Option<&str>, flags: &DatabaseFlags) -> anyhow::Result<Choice> {
    let flags = flags.partial()?;
    let configured = || (Origin::File, config::get().database().clone());
    Ok(match named {
        Some("") => {
            return Err(Usage(
                "--source is empty; give a folder, a file or mysql://...".to_owned(),
            )
            .into());
        }
        Some(address) if is_mysql(address) => {
            config::get().check_address(address)?;
            let address = Partial::from_url(address).map_err(usage)?;
            Choice::Database(vec![
                (Origin::Flag, flags),
                (Origin::Address, address),
                (Origin::Environment, environment()?),
                configured(),
            ])
        }
        Some(path) => match unsupported(path) {
            Some(reason) => return Err(Usage(reason).into()),
            None if flags.is_empty() => Choice::Path(path.into(), Origin::Flag),
            None => {
                return Err(Usage(format!(
                    "both the path {path} and database flags were given; drop one of them"
                ))
                .into());
            }
        },
        None => {
            let layers =
                vec![(Origin::Flag, flags), (Origin::Environment, environment()?), configured()];
            let path = config::get().source().filter(|source| !is_mysql(source));
            if layers.iter().any(|(_, partial)| !partial.is_empty()) {
                Choice::Database(layers)
            } else if let Some(address) = path.and_then(unsupported) {
                return Err(Usage(address).into());
            } else if let Some(path) = path {
                Choice::Path(path.into(), Origin::File)
            } else if Path::new(DEFAULT_STORE).is_dir() {
                Choice::Path(DEFAULT_STORE.into(), Origin::DefaultStore)
            } else {
                Choice::Nothing
            }
        }
    })
}

/// Returns the location of the bars, or `None` if no source is given.
fn location(
    named: Option<&str>,
    flags: &DatabaseFlags,
    ask: Prompt,
    purpose: Purpose,
) -> anyhow::Result<Option<Location>> {
    Ok(match choose(named, flags)? {
        Choice::Path(path, _) => Some(Location::Path(path)),
        Choice::Database(layers) => Some(Location::MySql(Box::new(complete(merged(layers)?)?))),
        Choice::Nothing if ask == Prompt::Interactive && prompts::is_interactive() => {
            let mut partial = Partial::default();
            prompts::server(&mut partial, purpose)?;
            Some(Location::MySql(Box::new(complete(partial)?)))
        }
        Choice::Nothing => None,
    })
}

/// A setting of the source for `config show`: flag, value (`None` if it is not set) and origin.
pub type Setting = (&'static str, Option<String>, String);

/// Returns the settings of the source or target `named`, without opening it. Passwords are `***`.
/// `flag` names it.
///
/// # Errors
/// As for [`source`], if settings are invalid.
pub fn settings(
    flag: &'static str,
    named: Option<&str>,
    flags: &DatabaseFlags,
) -> anyhow::Result<Vec<Setting>> {
    let file = || config::get().path().map_or_else(String::new, |path| path.display().to_string());
    let choice = match named {
        // A target does not come from the environment or from `source` in the file.
        None if flag == "into" && flags.partial()?.is_empty() => {
            return Ok(vec![(flag, Some(DEFAULT_STORE.to_owned()), "default".to_owned())]);
        }
        named => choose(named, flags)?,
    };
    let layers = match choice {
        Choice::Nothing => return Ok(vec![(flag, None, "prompt".to_owned())]),
        Choice::Path(path, origin) => {
            let origin = match origin {
                Origin::File => file(),
                Origin::DefaultStore => "default".to_owned(),
                _ => "command line".to_owned(),
            };
            return Ok(vec![(flag, Some(path.display().to_string()), origin)]);
        }
        Choice::Database(layers) => layers,
    };
    let setting = |name: &'static str,
                   variable: &str,
                   default: &str,
                   get: &dyn Fn(&Partial) -> Option<String>| {
        let found = layers.iter().find_map(|(origin, partial)| Some((*origin, get(partial)?)));
        match found {
            Some((Origin::File, value)) => (name, Some(value), config::get().database_key(name)),
            Some((Origin::Environment, value)) => {
                (name, Some(value), format!("environment ({variable})"))
            }
            Some((Origin::Address, value)) => (name, Some(value), format!("--{flag}")),
            Some((_, value)) => (name, Some(value), "command line".to_owned()),
            None if default.is_empty() => (name, None, "prompt".to_owned()),
            None => (name, Some(default.to_owned()), "default".to_owned()),
        }
    };
    let mut settings = vec![
        setting("host", "DB_HOST", HOST, &|partial| partial.host.clone()),
        setting("port", "DB_PORT", &PORT.to_string(), &|partial| {
            partial.port.map(|port| port.to_string())
        }),
        setting("user", "DB_USER", "", &|partial| partial.user.clone()),
        setting("password", "DB_PASSWORD", "", &|partial| {
            partial.password.as_ref().map(|_| "***".to_owned())
        }),
        setting("database", "DB_NAME", "", &|partial| partial.database.clone()),
        setting("table", "OHLCVT_TABLE", TABLE, &|partial| partial.table.clone()),
        setting("ssl-mode", "", "preferred", &|partial| {
            partial.ssl_mode.map(|mode| mode.to_string())
        }),
        setting("connect-timeout", "", &CONNECT_TIMEOUT.to_string(), &|partial| {
            partial.connect_timeout.map(|seconds| seconds.to_string())
        }),
        setting("read-timeout", "", &READ_TIMEOUT.to_string(), &|partial| {
            partial.read_timeout.map(|seconds| seconds.to_string())
        }),
    ];
    if let Some(path) = config::get().password_file()
        && layers[..layers.len() - 1].iter().all(|(_, partial)| partial.password.is_none())
    {
        let key = config::get().database_key("password-file");
        settings[3] = ("password-file", Some(path.display().to_string()), key);
    }
    type Get = fn(&Partial) -> Option<&PathBuf>;
    let paths: [(_, Get); 3] = [
        ("ssl-ca", |partial| partial.ssl_ca.as_ref()),
        ("server-public-key", |partial| partial.server_public_key.as_ref()),
        ("socket", |partial| partial.socket.as_ref()),
    ];
    for (name, get) in paths {
        let path = |partial: &Partial| get(partial).map(|path| path.display().to_string());
        let setting = setting(name, "", "", &path);
        if setting.1.is_some() {
            settings.push(setting);
        }
    }
    settings.insert(0, (flag, Some("a database".to_owned()), "the following settings".to_owned()));
    Ok(settings)
}

/// Merges the settings. Logs if the password comes from the configuration file.
fn merged(layers: Vec<Layer>) -> anyhow::Result<Partial> {
    let is_given =
        |(origin, partial): &Layer| *origin != Origin::File && partial.password.is_some();
    let is_given = layers.iter().any(is_given);
    let all = layers.into_iter().map(|(_, partial)| partial);
    let mut merged = all.fold(Partial::default(), Partial::or);
    if !is_given {
        merged.password = config::get().password()?.map(|(password, path)| {
            tracing::info!("using the password in {}", path.display());
            password
        });
    }
    Ok(merged)
}

/// The error if no source is given.
pub fn no_source() -> Usage {
    Usage(format!(
        "no source of bars; give --source (a store folder, a CSV or Parquet file, or mysql://user@host/database), \
         or create the default store {DEFAULT_STORE} with 'data-pipeline import FILE' or \
         'data-pipeline sample --into {DEFAULT_STORE}'"
    ))
}

/// Reads `DB_HOST` and the other variables. Empty ones count as unset, except for the password.
fn environment() -> anyhow::Result<Partial> {
    let read = |name: &str| env::var(name).ok();
    let given = |name: &str| read(name).filter(|value| !value.is_empty());
    let port = given("DB_PORT")
        .map(|port| parse_port(&port).map_err(|e| Usage(e.to_string().replace("port", "DB_PORT"))));
    let partial = Partial {
        host: given("DB_HOST"),
        port: port.transpose()?,
        user: given("DB_USER"),
        password: read("DB_PASSWORD").map(Password),
        database: given("DB_NAME"),
        table: given("OHLCVT_TABLE"),
        ..Partial::default()
    };
    partial.check_user().map_err(|e| Usage(format!("DB_USER: {e}")))?;
    Ok(partial.split_host().map_err(usage)?)
}

/// Lists the variables that selected a database as the source, for users who did not intend one.
fn selected_by_environment() -> String {
    const NAMES: [&str; 6] =
        ["DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME", "OHLCVT_TABLE"];
    let mut set: Vec<&str> = NAMES.into_iter().filter(|name| env::var_os(name).is_some()).collect();
    if !config::get().database().is_empty() {
        set.push("[mysql] or source in the configuration file");
    }
    if set.is_empty() {
        return String::new();
    }
    format!(
        " (a database is the source because of {}; use --source to read a folder or file)",
        set.join(", ")
    )
}

/// Fills missing settings from prompts if this is a terminal, and from defaults.
fn complete(mut partial: Partial) -> anyhow::Result<Config> {
    if prompts::is_interactive() {
        prompts::complete(&mut partial)?;
    }
    let missing = |what: &str, how: &str| {
        let because = selected_by_environment();
        Usage(format!("missing MySQL {what}; give {how}{because}"))
    };
    if let Some(name) = &partial.table {
        check_name("table", name).map_err(usage)?;
    }
    if partial.user.is_none() {
        return Err(missing("user", "--user, DB_USER or a mysql:// address with it").into());
    }
    if partial.database.is_none() {
        return Err(missing("database", "--database, DB_NAME or a mysql:// address with it").into());
    }
    if partial.password.is_none() {
        return Err(missing("password", "--password-file or DB_PASSWORD (empty for none)").into());
    }
    Ok(partial.with_defaults(MAX_CONNECTIONS.min(rayon::current_num_threads())))
}
