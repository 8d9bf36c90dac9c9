//! The table of bars: its columns, and whether it has an index for reads.

use super::config::{Config, check_name};
use super::connect::{Database, MAX_REASON};
use crate::error::{Error, Result};
use crate::warnings::Warnings;
use bars::rows::BarColumn;
use bars::shortened;

/// The action in errors.
pub(super) const CATALOG: &str = "reading the catalog";

/// Maximum number of columns of a table, and of columns in its indexes: that of MySQL.
pub(super) const MAX_COLUMNS: u64 = 4096;

/// Maximum number of tables that are listed.
const MAX_TABLES: u64 = 20;

/// The table and its columns according to the server's catalog. Names are quoted for SQL.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// Symbol, timestamp, open, high, low, close, volume.
    pub(super) columns: [String; 7],
    pub(super) trades: Option<String>,
    /// The statement that creates a missing index.
    pub(super) missing_index: Option<String>,
    /// Whether (symbol, time) is unique.
    pub(super) is_keyed: bool,
    /// Additional columns for ordering, each preceded by a comma.
    pub(super) tie_break: String,
    /// Whether the collation of the symbol column treats different symbols as equal, for example
    /// ignoring case.
    pub(super) overlooks_case: bool,
    /// Whether it is a view; views have no indexes.
    pub(super) is_view: bool,
    /// Its storage engine.
    pub(super) engine: String,
}

/// Checks that the table exists and has the columns of bars.
///
/// # Errors
/// It does not, or the connection fails.
pub fn check_table(config: &Config) -> Result<()> {
    Table::open(&Database::open(config, &Warnings::default())?).map(drop)
}

impl Table {
    pub(super) fn symbol(&self) -> &str {
        &self.columns[0]
    }

    pub(super) fn time(&self) -> &str {
        &self.columns[1]
    }

    /// Finds the configured table; `None` if it does not exist.
    pub(super) fn find(database: &Database) -> Result<Option<Table>> {
        let config = &database.config;
        let problem = |reason: String| Error::Database { server: config.to_string(), reason };
        let name = check_name("table", &config.table)?;
        let columns: Vec<(String, String, Option<String>)> = database.rows(
            CATALOG,
            MAX_COLUMNS,
                "SELECT CAST(column_name AS CHAR), CAST(data_type AS CHAR), CAST(collation_name AS CHAR) FROM information_schema.columns \
                 WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
                (&config.database, name),
            )?;
        if columns.is_empty() {
            return Ok(None);
        }
        let find = |column: BarColumn| {
            let is =
                |name: &&str| columns.iter().find(|(have, _, _)| have.eq_ignore_ascii_case(name));
            column.names().iter().find_map(is)
        };
        let needed = &BarColumn::ALL[..7];
        let missing: Vec<&str> = needed
            .iter()
            .filter(|column| find(**column).is_none())
            .map(|column| column.names()[0])
            .collect();
        if !missing.is_empty() {
            let have: Vec<&str> = columns.iter().map(|(name, _, _)| name.as_str()).collect();
            return Err(problem(format!(
                "no column {} (found: {}); add it, or create a view that has it",
                missing.join(", "),
                shortened(&have.join(", "), MAX_REASON)
            )));
        }
        if let Some((column, kind, _)) = find(BarColumn::Timestamp)
            && !matches!(kind.to_ascii_lowercase().as_str(), "datetime" | "timestamp")
        {
            return Err(problem(format!(
                "column {column} has type {}, expected DATETIME or TIMESTAMP; create a view that converts it",
                shortened(kind, MAX_REASON)
            )));
        }
        let texts: Vec<String> = BarColumn::ALL[2..7]
            .iter()
            .filter_map(|column| find(*column))
            .filter(|(_, kind, _)| !is_numeric(kind))
            .map(|(name, kind, _)| format!("{name} ({kind})"))
            .collect();
        if !texts.is_empty() {
            // Texts are compared character by character: "9" is more than "10".
            return Err(problem(format!(
                "prices and volumes must be numbers, but these columns are not: {}; \
                 convert them to DOUBLE, or create a view that converts them",
                shortened(&texts.join(", "), MAX_REASON)
            )));
        }
        let quoted = |column: BarColumn| find(column).map(|(name, _, _)| quote(name));
        let columns = BarColumn::ALL.map(|column| quoted(column).unwrap_or_default());
        let [symbol, time, open, high, low, close, volume, _] = columns;
        let collation = find(BarColumn::Symbol).and_then(|(_, _, collation)| collation.as_deref());
        let overlooks_case = collation.is_some_and(|collation| !collation.ends_with("_bin"));
        let mut table = Table {
            name: quote(name),
            columns: [symbol, time, open, high, low, close, volume],
            trades: quoted(BarColumn::Trades),
            missing_index: None,
            is_keyed: false,
            tie_break: String::new(),
            overlooks_case,
            is_view: false,
            engine: String::new(),
        };
        table.look_at_indices(database)?;
        Ok(Some(table))
    }

    /// Opens the configured table.
    ///
    /// # Errors
    /// It does not exist; the message lists the tables of the database.
    pub(super) fn open(database: &Database) -> Result<Table> {
        if let Some(table) = Table::find(database)? {
            return Ok(table);
        }
        let config = &database.config;
        let tables: Vec<String> = database.rows(
            CATALOG,
            MAX_TABLES,
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = ? ORDER BY 1 LIMIT 20",
                (&config.database,),
            )?;
        let have = if tables.is_empty() {
            "it has no tables".to_owned()
        } else {
            format!("it has {}", shortened(&tables.join(", "), MAX_REASON))
        };
        let reason = format!(
            "no table \"{}\" in database \"{}\" ({have}); name another table, or import bars into it",
            config.table, config.database
        );
        Err(Error::Database { server: config.to_string(), reason })
    }

    fn look_at_indices(&mut self, database: &Database) -> Result<()> {
        let config = &database.config;
        // With names that differ in case only, there can be several.
        let kinds: Vec<(String, Option<String>)> = database.rows(
            CATALOG,
            MAX_TABLES,
            "SELECT CAST(table_type AS CHAR), CAST(engine AS CHAR) FROM information_schema.tables \
                 WHERE table_schema = ? AND table_name = ?",
            (&config.database, &config.table),
        )?;
        let (kind, engine) = kinds.into_iter().next().unwrap_or_default();
        self.is_view = kind.to_uppercase().contains("VIEW");
        self.engine = engine.unwrap_or_default();
        // The column of an index on an expression is missing.
        let rows: Vec<(String, u64, Option<String>)> = database.rows(
            CATALOG,
            MAX_COLUMNS,
                "SELECT CAST(index_name AS CHAR), non_unique, CAST(column_name AS CHAR) FROM information_schema.statistics \
                 WHERE table_schema = ? AND table_name = ? AND sub_part IS NULL ORDER BY index_name, seq_in_index",
                (&config.database, &config.table),
            )?;
        let mut covered = false;
        let mut primary = Vec::new();
        for index in rows.chunk_by(|a, b| a.0 == b.0) {
            let columns: Vec<String> = index
                .iter()
                .map(|(_, _, column)| column.as_deref().map(quote).unwrap_or_default())
                .collect();
            covered |=
                columns.len() >= 2 && columns[0] == self.symbol() && columns[1] == self.time();
            let both = columns.len() == 2
                && columns.contains(&self.columns[0])
                && columns.contains(&self.columns[1]);
            self.is_keyed |= both && index[0].1 == 0;
            if index[0].0 == "PRIMARY" {
                primary = columns;
            }
        }
        // Rows of equal time are ordered by the primary key, which is free along an index, or else
        // by their values, so that the last one is always the same.
        let order = match (self.is_keyed, primary.is_empty()) {
            (true, _) => &[][..],
            (false, false) => &primary,
            (false, true) => &self.columns[2..],
        };
        self.tie_break = order.iter().map(|column| format!(", {column}")).collect();
        if !covered && !self.is_view {
            let (name, symbol, time) = (&self.name, self.symbol(), self.time());
            self.missing_index =
                Some(format!("CREATE INDEX symbol_timestamp ON {name} ({symbol}, {time});"));
        }
        Ok(())
    }
}

/// Returns whether values of a type of the server's catalog are numbers.
fn is_numeric(kind: &str) -> bool {
    const KINDS: [&str; 11] = [
        "tinyint",
        "smallint",
        "mediumint",
        "int",
        "integer",
        "bigint",
        "decimal",
        "numeric",
        "float",
        "double",
        "real",
    ];
    KINDS.contains(&kind.to_ascii_lowercase().as_str())
}

/// Quotes a name with backticks. Names come from the catalog or are checked; a backtick inside is
/// doubled all the same.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
