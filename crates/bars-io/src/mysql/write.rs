//! Writes bars into a table: one transaction per symbol.

use mysql::prelude::Queryable;
use mysql::{Conn, Params, Value};

use super::config::{Config, check_name};
use super::connect::{Database, MAX_REASON, done, rows_of};
use super::read::MySqlSource;
use super::table::{CATALOG, MAX_COLUMNS, Table, quote};
use crate::error::{Error, Result};
use crate::source::{Entry, Source};
use crate::target::Target;
use crate::warnings::Warnings;
use bars::rows::BarTime;
use bars::series::Series;
use bars::shortened;
use bars::symbol::Symbol;

/// Rows per statement.
const BATCH: usize = 1000;

/// A table as a target.
#[derive(Debug)]
pub struct MySqlWriter {
    database: Database,
    table: Table,
}

impl MySqlWriter {
    /// Connects, and creates the table if it does not exist.
    ///
    /// # Errors
    /// The server refuses, or an existing table has no unique key on symbol and time.
    pub fn open(config: &Config, warnings: &Warnings) -> Result<MySqlWriter> {
        let database = Database::open(config, warnings)?;
        let problem = |reason: String| Error::Database { server: config.to_string(), reason };
        let name = check_name("table", &config.table)?;
        if Table::find(&database)?.is_none() {
            let statement = format!(
                "CREATE TABLE IF NOT EXISTS `{name}` (\
                 symbol VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, timestamp DATETIME NOT NULL, \
                 open DOUBLE NOT NULL, high DOUBLE NOT NULL, low DOUBLE NOT NULL, close DOUBLE NOT NULL, \
                 volume DOUBLE NOT NULL, trades INT NULL, PRIMARY KEY (symbol, timestamp)) ENGINE=InnoDB"
            );
            database.attempt("creating the table", |connection, _| {
                done(connection.query_iter(&statement)?)
            })?;
        }
        let table = Table::open(&database)?;
        if table.is_view {
            return Err(problem("this is a view; import into the table behind it".to_owned()));
        }
        if matches!(
            table.engine.to_ascii_lowercase().as_str(),
            "myisam" | "aria" | "memory" | "csv" | "archive"
        ) {
            return Err(problem(format!(
                "the engine {} has no transactions, so a kill could leave half a symbol; change it with: \
                 ALTER TABLE {} ENGINE=InnoDB;",
                table.engine, table.name
            )));
        }
        if !table.is_keyed {
            return Err(problem(format!(
                "no unique key on symbol and timestamp, so bars could be duplicated; create one with: \
                 ALTER TABLE {} ADD UNIQUE KEY symbol_timestamp ({}, {});",
                table.name,
                table.symbol(),
                table.time()
            )));
        }
        if table.trades.is_none() {
            warnings.warn(format_args!(
                "{config}: the table has no column for the number of trades: they are not stored"
            ));
        }
        let writer = MySqlWriter { database, table };
        writer.warn_of_lossy_columns()?;
        Ok(writer)
    }

    /// Warns if columns of an existing table round numbers.
    fn warn_of_lossy_columns(&self) -> Result<()> {
        let config = &self.database.config;
        let lossy: Vec<(String, String)> = self.database.rows(
            CATALOG,
            MAX_COLUMNS,
                "SELECT CAST(column_name AS CHAR), CAST(column_type AS CHAR) FROM information_schema.columns \
                 WHERE table_schema = ? AND table_name = ? AND data_type NOT IN ('double')",
                (&config.database, &config.table),
            )?;
        let numbers = &self.table.columns[2..];
        let lossy: Vec<String> = lossy
            .iter()
            .filter(|(name, _)| numbers.contains(&quote(name)))
            .map(|(name, kind)| format!("{name} {kind}"))
            .collect();
        if !lossy.is_empty() {
            self.database.warnings.warn(format_args!(
                "{config}: {} may round imported numbers; only DOUBLE columns store them exactly",
                shortened(&lossy.join(", "), MAX_REASON)
            ));
        }
        Ok(())
    }

    /// A short description of the table, without the password.
    pub fn describe(&self) -> String {
        self.database.config.to_string()
    }

    /// Every symbol of the table with the span of its bars, ordered by symbol.
    ///
    /// # Errors
    /// The server refuses, or the connection is lost for good.
    pub fn held(&self) -> Result<Vec<Entry>> {
        MySqlSource::from_table(self.database.clone(), self.table.clone(), BarTime::Open).catalog()
    }

    /// Stores the bars of `series`, all or none; they replace existing bars of the same minutes.
    /// Returns the number of new minutes.
    ///
    /// # Errors
    /// The server refuses, or the connection is lost for good; the symbol is then unchanged.
    pub fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize> {
        let Some((first, last)) = series.ends() else {
            return Ok(0);
        };
        let (name, key, time) = (&self.table.name, self.table.symbol(), self.table.time());
        let spelling = format!("SELECT CAST({key} AS CHAR) FROM {name} WHERE {key} = ? LIMIT 1");
        let have: Option<String> =
            self.database.row("checking for other spellings", &spelling, (symbol.as_str(),))?;
        if let Some(other) = have.filter(|have| have != symbol.as_str()) {
            let reason = format!(
                "column {key} treats {symbol} and the existing {} as equal; give it a binary collation (utf8mb4_bin)",
                shortened(&other, MAX_REASON)
            );
            return Err(Error::Database { server: self.describe(), reason });
        }
        let count =
            format!("SELECT COUNT(*) FROM {name} WHERE {key} = ? AND {time} BETWEEN ? AND ?");
        let range = (symbol.as_str(), first.plain(), last.plain());
        self.database.attempt(&format!("importing {symbol}"), |connection, answers| {
            let in_transaction = |connection: &mut Conn| {
                done(connection.query_iter("START TRANSACTION")?)?;
                let before = rows_of::<usize, _>(connection.exec_iter(&count, &range)?, 1)?.pop();
                for start in (0..series.len()).step_by(BATCH) {
                    let rows = start..(start + BATCH).min(series.len());
                    let values = self.values(symbol, series, rows.clone());
                    done(connection.exec_iter(self.insert(rows.len()), values)?)?;
                    answers.arrived();
                }
                let after = rows_of::<usize, _>(connection.exec_iter(&count, &range)?, 1)?.pop();
                done(connection.query_iter("COMMIT")?)?;
                Ok(after.unwrap_or(0).saturating_sub(before.unwrap_or(0)))
            };
            let result = in_transaction(connection);
            // After other errors the connection is closed, which rolls back as well.
            if matches!(result, Err(mysql::Error::MySqlError(_))) {
                done(connection.query_iter("ROLLBACK")?)?;
            }
            result
        })
    }

    fn insert(&self, rows: usize) -> String {
        let columns: Vec<&str> =
            self.table.columns.iter().chain(&self.table.trades).map(String::as_str).collect();
        let marks = format!("({})", vec!["?"; columns.len()].join(","));
        let updates: Vec<String> =
            columns[2..].iter().map(|column| format!("{column}=VALUES({column})")).collect();
        format!(
            "INSERT INTO {} ({}) VALUES {} ON DUPLICATE KEY UPDATE {}",
            self.table.name,
            columns.join(","),
            vec![marks; rows].join(","),
            updates.join(",")
        )
    }

    fn values(&self, symbol: &Symbol, series: &Series, rows: std::ops::Range<usize>) -> Params {
        let mut values = Vec::with_capacity(rows.len() * 8);
        for bar in rows.map(|i| series.bar(i)) {
            values.push(Value::from(symbol.as_str()));
            values.push(Value::from(bar.time.plain()));
            values.extend([bar.open, bar.high, bar.low, bar.close, bar.volume].map(Value::Double));
            if self.table.trades.is_some() {
                values.push(bar.trades.map_or(Value::NULL, |count| Value::UInt(count.into())));
            }
        }
        Params::Positional(values)
    }
}

impl Target for MySqlWriter {
    fn upsert(&self, symbol: &Symbol, series: &Series) -> Result<usize> {
        MySqlWriter::upsert(self, symbol, series)
    }

    fn held(&self) -> Result<Vec<Entry>> {
        MySqlWriter::held(self)
    }
}
