//! Reads bars from a table.

use std::sync::{Mutex, PoisonError};

use mysql::prelude::Queryable;
use mysql::{Params, Row, Value};
use rayon::prelude::*;

use super::config::Config;
use super::connect::Database;
use super::table::Table;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::source::{Entry, Source};
use crate::warnings::Warnings;
use bars::clean::{Finding, Findings};
use bars::rows::{BarTime, trades_from};
use bars::series::{Bar, Closes, Series, SeriesBuilder};
use bars::symbol::Symbol;
use bars::time::{Minute, Span, StampReader};

/// A table of bars as a source.
#[derive(Debug)]
pub struct MySqlSource {
    database: Database,
    table: Table,
    bar_time: BarTime,
    ledger: Ledger,
    listed: Mutex<Option<Vec<Entry>>>,
}

impl MySqlSource {
    /// Connects and inspects the table. `warnings` receives a missing index and failed attempts.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or has no such table.
    pub fn open(config: &Config, bar_time: BarTime, warnings: &Warnings) -> Result<MySqlSource> {
        let database = Database::open(config, warnings)?;
        let table = Table::open(&database)?;
        if let Some(statement) = &table.missing_index {
            warnings.warn(format_args!(
                "{config}: no index on (symbol, timestamp), so every symbol reads the whole table; create one with: {statement}"
            ));
        }
        Ok(MySqlSource::from_table(database, table, bar_time))
    }

    /// Creates the source of an inspected table.
    pub(super) fn from_table(database: Database, table: Table, bar_time: BarTime) -> MySqlSource {
        MySqlSource {
            database,
            table,
            bar_time,
            ledger: Ledger::default(),
            listed: Mutex::default(),
        }
    }

    /// Returns the statement that creates the index for reads if it is missing.
    pub fn missing_index(&self) -> Option<&str> {
        self.table.missing_index.as_deref()
    }

    /// Returns the server's time zone in its own words. (Sessions of this program use UTC.)
    ///
    /// # Errors
    /// The request fails.
    pub fn server_time_zone(&self) -> Result<String> {
        let row: Option<(String, String)> =
            self.database.attempt("asking for the time zone", |connection| {
                connection.query_first(
                    "SELECT CAST(@@global.time_zone AS CHAR), CAST(@@system_time_zone AS CHAR)",
                )
            })?;
        let (zone, system) = row.unwrap_or_default();
        Ok(if zone.eq_ignore_ascii_case("system") {
            format!("{system} (of the system)")
        } else {
            zone
        })
    }

    /// Returns the condition on symbol and span, and its values.
    fn condition(&self, symbol: &Symbol, span: Span) -> (String, Vec<Value>) {
        let mut condition = format!("{} = ?", self.table.symbol());
        let mut values = vec![Value::from(symbol.as_str())];
        // A close label belongs to the minute before it: opens in [a, b) have labels in (a, b].
        let (from, to) = match self.bar_time {
            BarTime::Open => (">=", "<"),
            BarTime::Close => (">", "<="),
        };
        for (minute, open_end, compare) in
            [(span.start, Minute::MIN, from), (span.end, Minute::MAX, to)]
        {
            if minute != open_end {
                condition += &format!(" AND {} {compare} ?", self.table.time());
                values.push(Value::from(minute.plain()));
            }
        }
        (condition, values)
    }
}

/// A symbol's text, and the times of its first and last bar.
type Ends = (String, Value, Value);

/// First and last bars. Rejected rows do not count: they must not determine the newest bar.
impl MySqlSource {
    /// Returns the SQL condition for a valid bar.
    fn is_bar(&self) -> String {
        let [_, time, open, high, low, close, volume] = &self.table.columns;
        let whole_minute = match self.bar_time {
            BarTime::Open => format!(" AND SECOND({time}) = 0 AND MICROSECOND({time}) = 0"),
            BarTime::Close => String::new(),
        };
        format!(
            "{low} > 0 AND {high} >= {low} AND {open} > 0 AND {close} > 0 AND {volume} >= 0{whole_minute}"
        )
    }

    /// Jumps from symbol to symbol along the index, and reads the first and last bar of each.
    fn ends_by_index(&self) -> Result<Vec<Ends>> {
        let (symbol, time, name, is_bar) =
            (self.table.symbol(), self.table.time(), &self.table.name, self.is_bar());
        let names = format!(
            "SELECT CAST(s AS CHAR) FROM (SELECT DISTINCT {symbol} AS s FROM {name}) AS names"
        );
        let names: Vec<Option<String>> = self
            .database
            .attempt("listing the symbols", |connection| connection.exec(&names, ()))?;
        let end = |order| {
            format!(
                "(SELECT {time} FROM {name} WHERE {symbol} = ? AND {is_bar} ORDER BY {time} {order} LIMIT 1)"
            )
        };
        let statement = format!("SELECT {}, {}", end("ASC"), end("DESC"));
        let ends = |name: &String| {
            let ends: Option<(Value, Value)> =
                self.database.attempt("listing the symbols", |connection| {
                    connection.exec_first(&statement, (name, name))
                })?;
            Ok(ends.map(|(first, last)| (name.clone(), first, last)))
        };
        let names: Vec<String> = names.into_iter().flatten().collect();
        let ends: Vec<Option<Ends>> = names.par_iter().map(ends).collect::<Result<_>>()?;
        Ok(ends.into_iter().flatten().collect())
    }

    /// Every symbol with the span of its bars, ordered by symbol.
    fn list(&self) -> Result<Vec<Entry>> {
        let mut ends = if self.table.missing_index.is_some() {
            self.ends_by_scan()?
        } else {
            self.ends_by_index()?
        };
        let mut unreadable = Findings::default();
        let mut entries = Vec::with_capacity(ends.len());
        for (name, first, last) in ends.drain(..) {
            // A name with surrounding blanks would not be found by the trimmed symbol.
            let Some(symbol) = name.parse::<Symbol>().ok().filter(|symbol| symbol.as_str() == name)
            else {
                let place =
                    || format!("table {}, all rows of '{}'", self.table.name, name.escape_debug());
                unreadable.record(Finding::Symbol, place);
                continue;
            };
            let minute = |value: &Value| self.bar_time.open_time(nanos(value)?).ok();
            if let (Some(first), Some(last)) = (minute(&first), minute(&last)) {
                entries.push(Entry { symbol, first, last });
            }
        }
        self.ledger.note_of_all(unreadable);
        entries.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Ok(entries)
    }

    /// Reads the whole table once.
    fn ends_by_scan(&self) -> Result<Vec<Ends>> {
        let (symbol, time, name, is_bar) =
            (self.table.symbol(), self.table.time(), &self.table.name, self.is_bar());
        let statement = format!(
            "SELECT CAST({symbol} AS CHAR), MIN({time}), MAX({time}) FROM {name} WHERE {is_bar} GROUP BY {symbol}"
        );
        let ends: Vec<(Option<String>, Value, Value)> = self
            .database
            .attempt("listing the symbols", |connection| connection.exec(&statement, ()))?;
        Ok(ends.into_iter().filter_map(|(name, first, last)| Some((name?, first, last))).collect())
    }

    /// Returns an expression and its value: NULL, or the spelling of a row with a symbol that equals
    /// the requested one only under a case-insensitive collation.
    fn other_spelling(&self, asked: &Symbol) -> (String, Vec<Value>) {
        if !self.table.overlooks_case {
            return ("NULL".to_owned(), Vec::new());
        }
        let symbol = self.table.symbol();
        let exact = format!("CAST({symbol} AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin = ?");
        (format!("IF({exact}, NULL, CAST({symbol} AS CHAR))"), vec![Value::from(asked.as_str())])
    }
}

impl Source for MySqlSource {
    fn describe(&self) -> String {
        self.database.config.to_string()
    }

    fn catalog(&self) -> Result<Vec<Entry>> {
        // A run sees one state of the market, and listing it can take long.
        let known = || self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entries) = known().clone() {
            return Ok(entries);
        }
        let entries = self.list()?;
        *known() = Some(entries.clone());
        Ok(entries)
    }

    fn bars(&self, symbol: &Symbol, span: Span) -> Result<Series> {
        let (condition, values) = self.condition(symbol, span);
        let (spelling, asked) = self.other_spelling(symbol);
        let [_, time, open, high, low, close, volume] = &self.table.columns;
        let trades = self.table.trades.as_deref().unwrap_or("NULL");
        let statement = format!(
            "SELECT {time}, {open}, {high}, {low}, {close}, {volume}, {trades}, {spelling} FROM {} WHERE {condition} ORDER BY {time}{}",
            self.table.name, self.table.tie_break
        );
        let values = [asked, values].concat();
        let what = format!("reading {symbol}");
        let (series, findings, other) = self.database.attempt(&what, |connection| {
            let mut other = None;
            let mut findings = Findings::default();
            let mut builder = SeriesBuilder::default();
            for row in connection.exec_iter(&statement, Params::Positional(values.clone()))? {
                let row = row?;
                if let Value::Bytes(spelling) = &row[7] {
                    other = Some(String::from_utf8_lossy(spelling).into_owned());
                }
                let key = || {
                    format!(
                        "{symbol} {}",
                        row.as_ref(0).map(|v| v.as_sql(true)).unwrap_or_default()
                    )
                };
                let time = match nanos(&row[0])
                    .ok_or(Finding::Timestamp)
                    .and_then(|n| self.bar_time.open_time(n))
                {
                    Ok(time) => time,
                    Err(finding) => {
                        findings.record(finding, key);
                        continue;
                    }
                };
                let [open, high, low, close, volume] = [1, 2, 3, 4, 5].map(|i| number(&row, i));
                let trades = match &row[6] {
                    Value::NULL => Ok(None),
                    _ => trades_from(number(&row, 6)),
                };
                let bar =
                    Bar { time, open, high, low, close, volume, trades: trades.unwrap_or(None) };
                if findings.admit(&bar, key) {
                    if trades.is_err() {
                        findings.record(Finding::Trades, key);
                    }
                    builder.push(bar);
                }
            }
            let series = findings.series(symbol, builder);
            Ok((series, findings, other))
        })?;
        if let Some(other) = other {
            let reason = format!(
                "column {} treats {symbol} and {other} as equal; give it a binary collation (utf8mb4_bin) \
                 or rename one of them",
                self.table.symbol()
            );
            return Err(Error::Database { server: self.describe(), reason });
        }
        self.ledger.note(symbol, findings);
        Ok(series)
    }

    /// Reads three columns and lets the server check the others; a symbol with any finding is read
    /// completely instead, so that there is only one implementation of cleaning.
    fn closes(&self, symbol: &Symbol, span: Span, into: &mut Closes) -> Result<()> {
        let (condition, values) = self.condition(symbol, span);
        let (spelling, asked) = self.other_spelling(symbol);
        let [_, time, open, high, low, close, volume] = &self.table.columns;
        let statement = format!(
            "SELECT {time}, {close}, {volume}, {low} > 0 AND {volume} >= 0 AND {open} BETWEEN {low} AND {high} \
             AND {close} BETWEEN {low} AND {high} AND {spelling} IS NULL FROM {} WHERE {condition} ORDER BY {time}",
            self.table.name
        );
        let values = [asked, values].concat();
        let what = format!("reading {symbol}");
        let clean = self.database.attempt(&what, |connection| {
            into.clear();
            for row in connection.exec_iter(&statement, Params::Positional(values.clone()))? {
                let row = row?;
                let time = nanos(&row[0]).and_then(|n| self.bar_time.open_time(n).ok());
                let is_clean = matches!(row[3], Value::Int(1) | Value::UInt(1));
                let Some(time) =
                    time.filter(|time| is_clean && into.time.last().is_none_or(|last| last < time))
                else {
                    return Ok(false);
                };
                into.time.push(time);
                into.close.push(number(&row, 1));
                into.volume.push(number(&row, 2));
            }
            Ok(true)
        })?;
        if !clean {
            into.copy_from(&self.bars(symbol, span)?);
        }
        Ok(())
    }

    fn has_trades(&self, symbol: &Symbol, span: Span) -> Result<bool> {
        let Some(trades) = &self.table.trades else {
            return Ok(false);
        };
        let (condition, values) = self.condition(symbol, span);
        let statement = format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE {condition} AND {trades} IS NOT NULL)",
            self.table.name
        );
        let found: Option<u8> =
            self.database.attempt("looking for trade counts", |connection| {
                connection.exec_first(&statement, Params::Positional(values.clone()))
            })?;
        Ok(found == Some(1))
    }

    fn findings(&self) -> Findings {
        self.ledger.total()
    }
}

/// Converts a date to nanoseconds since the epoch.
fn nanos(value: &Value) -> Option<i128> {
    let Value::Date(year, month, day, hour, minute, second, micros) = *value else {
        let Value::Bytes(text) = value else {
            return None;
        };
        return Some(StampReader::default().read(std::str::from_utf8(text).ok()?)?.nanos);
    };
    let days = Minute::days_to_date(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )?;
    let seconds = i64::from(days) * 86_400
        + i64::from(hour) * 3600
        + i64::from(minute) * 60
        + i64::from(second);
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(micros) * 1000)
}

/// Converts a number of any numeric type; NaN if missing or not a number.
fn number(row: &Row, place: usize) -> f64 {
    match &row[place] {
        Value::Double(number) => *number,
        Value::Float(number) => f64::from(*number),
        Value::Int(number) => *number as f64,
        Value::UInt(number) => *number as f64,
        Value::Bytes(text) => {
            std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}
