//! Which source is meant: flags, then the environment, then the default store, then a person.

use std::env;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use bars_io::Source;
use bars_io::Target;
use bars_io::file::FileSource;
use bars_io::mysql::config::{HOST, PORT, Partial, Password, TABLE, check_name};
use bars_io::mysql::{Config, MySqlSource, MySqlWriter};
use bars_io::store::{Store, StoreWriter};

use crate::config;
use crate::explain;
use crate::flags::{DatabaseFlags, SourceFlags, is_mysql};
use crate::ui::Usage;

/// The embedded store that is used where nothing else is said.
pub const DEFAULT_STORE: &str = "data/bars";

/// The most connections to a database at once.
const CONNECTIONS: usize = 4;

/// An address, name or flag that cannot be used.
fn usage(error: bars_io::Error) -> Usage {
    Usage(error.to_string())
}

/// A source that was opened; the database is kept apart because `check` asks it more.
pub enum OpenSource {
    /// A store or a file.
    Files(Box<dyn Source>),
    /// A database.
    MySql(Box<MySqlSource>),
}

impl OpenSource {
    /// The source.
    pub fn source(&self) -> &dyn Source {
        match self {
            OpenSource::Files(source) => &**source,
            OpenSource::MySql(source) => &**source,
        }
    }
}

/// Opens the source that the flags, the environment or a person name, and says which it is.
pub fn source(flags: &SourceFlags) -> anyhow::Result<OpenSource> {
    open(
        place(flags.source.as_deref(), &flags.database, Prompt::Interactive)?
            .ok_or_else(no_source)?,
        flags,
    )
}

/// Like [`source`], for a command that can do without: `None` where none is named. A person is
/// asked only if `ask` says so.
pub fn optional_source(flags: &SourceFlags, ask: Prompt) -> anyhow::Result<Option<OpenSource>> {
    place(flags.source.as_deref(), &flags.database, ask)?
        .map(|place| open(place, flags))
        .transpose()
}

/// The same source with nothing left to be asked or looked up, for work that opens it again and
/// again.
pub fn resolve(flags: &SourceFlags) -> anyhow::Result<SourceFlags> {
    let place = place(flags.source.as_deref(), &flags.database, Prompt::Interactive)?
        .ok_or_else(no_source)?;
    let (source, database) = match place {
        // The address may hold what no flag does.
        Location::MySql(config) => (flags.source.clone(), DatabaseFlags::from_config(&config)),
        Location::Path(path) => (Some(path.display().to_string()), DatabaseFlags::default()),
    };
    Ok(SourceFlags { source, reading: flags.reading.clone(), database })
}

fn open(place: Location, flags: &SourceFlags) -> anyhow::Result<OpenSource> {
    let opened = match place {
        Location::MySql(config) => OpenSource::MySql(Box::new(MySqlSource::open(
            &config,
            flags.reading.bar_time(),
            &explain::warnings(),
        )?)),
        Location::Path(path) if path.is_dir() => {
            OpenSource::Files(Box::new(Store::open(&path, flags.reading.bar_time())?))
        }
        Location::Path(path) => {
            OpenSource::Files(Box::new(FileSource::open(&path, &flags.reading.options())?))
        }
    };
    say_once(&format!("reading bars from {}", opened.source().describe()));
    Ok(opened)
}

/// Says which source is read, if it is another than the last time: the stages of a run all read
/// one.
fn say_once(what: &str) {
    static LAST: Mutex<String> = Mutex::new(String::new());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if *last != what {
        tracing::info!("{what}");
        what.clone_into(&mut last);
    }
}

/// Opens the place that bars are brought into, and says which it is.
pub fn target(into: Option<&str>, database: &DatabaseFlags) -> anyhow::Result<Box<dyn Target>> {
    let place = match into {
        None if database.partial()?.is_empty() => Location::Path(DEFAULT_STORE.into()),
        into => place(into, database, Prompt::Interactive)?.ok_or_else(no_source)?,
    };
    Ok(match place {
        Location::MySql(config) => {
            let writer = MySqlWriter::open(&config, &explain::warnings())?;
            tracing::info!("writing bars into {}", writer.describe());
            Box::new(writer)
        }
        Location::Path(path) if path.is_file() => {
            return Err(bars_io::Error::content(
                &path,
                "this is a file; name a folder for the store, or mysql://...",
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

/// Whether [`target`] would make a new store.
pub fn is_new_store(into: Option<&str>, database: &DatabaseFlags) -> anyhow::Result<bool> {
    let path = match into {
        Some(into) => (!is_mysql(into)).then_some(into),
        None => database.partial()?.is_empty().then_some(DEFAULT_STORE),
    };
    Ok(path.is_some_and(|path| !Path::new(path).exists()))
}

/// The folder next to a store at `into`, for its other files.
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

/// Whether a person may be asked where the bars are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// On a terminal.
    Interactive,
    /// Never.
    Never,
}

/// Where the bars are; `None` where nothing tells.
fn place(
    named: Option<&str>,
    flags: &DatabaseFlags,
    ask: Prompt,
) -> anyhow::Result<Option<Location>> {
    let flags = flags.partial()?;
    let place = match named {
        Some("") => {
            return Err(Usage(
                "an empty place was named; name a folder, a file or mysql://...".to_owned(),
            )
            .into());
        }
        Some(address) if is_mysql(address) => {
            config::get().check_address(address)?;
            // Flags win over the address: they are what a person adds to it.
            let partial = flags.or(Partial::from_url(address).map_err(usage)?).or(environment()?);
            Location::MySql(Box::new(complete(or_configured(partial)?)?))
        }
        Some(address) if address.contains("://") => {
            let scheme = address.split(':').next().unwrap_or_default();
            return Err(Usage(format!(
                "'{scheme}://' is not a kind of source; use mysql://, a folder or a file"
            ))
            .into());
        }
        Some(path) if flags.is_empty() => Location::Path(path.into()),
        Some(path) => {
            return Err(Usage(format!(
                "both the path {path} and a database were named; leave out the path or the database flags (--host, --user, ...)"
            ))
            .into());
        }
        None => {
            let partial = flags.or(environment()?);
            let configured = config::get().database();
            let path = config::get().source().filter(|source| !is_mysql(source));
            if !partial.is_empty() || !configured.is_empty() {
                Location::MySql(Box::new(complete(or_configured(partial)?)?))
            } else if let Some(path) = path {
                Location::Path(path.into())
            } else if Path::new(DEFAULT_STORE).is_dir() {
                Location::Path(DEFAULT_STORE.into())
            } else if ask == Prompt::Interactive && is_interactive() {
                Location::MySql(Box::new(complete(prompt_for_all()?)?))
            } else {
                return Ok(None);
            }
        }
    };
    Ok(Some(place))
}

/// Fills what is missing from the configuration file, and says so where it is the password.
fn or_configured(partial: Partial) -> anyhow::Result<Partial> {
    let given = partial.password.clone();
    let mut filled = partial.or(config::get().database().clone());
    filled.password = match (given, config::get().password()) {
        (Some(given), _) => Some(given),
        (None, configured) => configured?.map(|(password, path)| {
            say_once(&format!("the password is that of {}", path.display()));
            password
        }),
    };
    Ok(filled)
}

pub fn no_source() -> Usage {
    Usage(format!(
        "no source of bars: name one with --source (mysql://user@host/database, the folder of a store, or a CSV or \
         Parquet file), or with --host, --user, --database (or DB_HOST, DB_USER, DB_NAME), or in data-pipeline.toml, or fill the default \
         store {DEFAULT_STORE} with 'data-pipeline import FILE' or 'data-pipeline sample --into {DEFAULT_STORE}'"
    ))
}

/// What `DB_HOST` and its kin tell. An empty one counts as absent, but for the password, which may
/// be empty.
fn environment() -> anyhow::Result<Partial> {
    let read = |name: &str| env::var(name).ok();
    let given = |name: &str| read(name).filter(|value| !value.is_empty());
    let port = given("DB_PORT").map(|port| {
        port.parse().map_err(|_| {
            Usage(format!("DB_PORT is '{port}', which is no port; use a number from 1 to 65535"))
        })
    });
    Ok(Partial {
        host: given("DB_HOST"),
        port: port.transpose()?,
        user: given("DB_USER"),
        password: read("DB_PASSWORD").map(Password),
        database: given("DB_NAME"),
        table: given("OHLCVT_TABLE"),
        ..Partial::default()
    })
}

/// Which variables made a database of the source, where any did: who did not mean one has to know.
fn meant_by_environment() -> String {
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
        " (a database is meant where any of these is set: {}; --source names a folder or file instead)",
        set.join(", ")
    )
}

/// Fills what is missing by default or by asking.
fn complete(partial: Partial) -> anyhow::Result<Config> {
    let ask = |value: Option<String>, what: &str, how: &str| match value {
        Some(value) => Ok(value),
        None if is_interactive() => prompt(&format!("MySQL {what}"), None),
        None => Err(anyhow::Error::from(Usage(format!(
            "the MySQL {what} is missing; give {how}{}",
            meant_by_environment()
        )))),
    };
    let user = ask(partial.user, "user", "--user or DB_USER, or write it in the mysql:// address")?;
    let database = ask(
        partial.database,
        "database",
        "--database or DB_NAME, or write it in the mysql:// address",
    )?;
    let password = match partial.password {
        Some(password) => password,
        None if is_interactive() => Password(
            rpassword::prompt_password(format!("Password of {user} (empty for none): "))
                .context("cannot read the password")?,
        ),
        None => {
            return Err(Usage(
                "the MySQL password is missing; give --password-file or DB_PASSWORD (empty for none)"
                    .to_owned(),
            )
            .into());
        }
    };
    let table = partial.table.unwrap_or_else(|| TABLE.to_owned());
    check_name("table", &table).map_err(usage)?;
    let host = partial.host.unwrap_or_else(|| HOST.to_owned());
    if let Some((name, port)) = host.split_once(':').filter(|(_, port)| !port.contains(':')) {
        return Err(Usage(format!(
            "the host '{host}' holds a port; give --host {name} --port {port}"
        ))
        .into());
    }
    Ok(Config {
        host,
        port: partial.port.unwrap_or(PORT),
        user,
        password,
        database,
        table,
        socket: partial.socket,
        ssl_mode: partial.ssl_mode.unwrap_or_default(),
        ssl_ca: partial.ssl_ca,
        connections: CONNECTIONS.min(rayon::current_num_threads()),
    })
}

fn prompt_for_all() -> anyhow::Result<Partial> {
    crate::ui::eprintln_above_progress(
        "No source was named and there is no store data/bars; which MySQL database holds the bars?",
    );
    Ok(Partial { host: Some(prompt("MySQL host", Some(HOST))?), ..Partial::default() })
}

/// Whether there is a person to ask.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line; an empty one means `default`, or is asked for again where there is none.
pub fn prompt(what: &str, default: Option<&str>) -> anyhow::Result<String> {
    loop {
        let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
        write!(io::stderr(), "{what}{shown}: ")?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            anyhow::bail!("no answer to '{what}'; give it as a flag");
        }
        match (line.trim(), default) {
            ("", Some(default)) => return Ok(default.to_owned()),
            ("", None) => {}
            (answer, _) => return Ok(answer.to_owned()),
        }
    }
}
