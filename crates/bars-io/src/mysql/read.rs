//! Reads bars from a table.

use std::sync::{Mutex, PoisonError};

use mysql::prelude::Queryable;
use mysql::{Params, Row, Value};
use rayon::prelude::*;

use super::config::Config;
use super::connect::{Database, MAX_REASON, each_row};
use super::table::Table;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::source::{Entry, Source};
use crate::warnings::Warnings;
use bars::clean::{Finding, Findings};
use bars::rows::{BarTime, trades_from};
use bars::series::{Bar, Closes, Series, SeriesBuilder};
use bars::shortened;
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
        let row: Option<(String, String)> = self.database.row(
            "asking for the time zone",
            "SELECT CAST(@@global.time_zone AS CHAR), CAST(@@system_time_zone AS CHAR)",
            (),
        )?;
        let (zone, system) = row.unwrap_or_default();
        let [zone, system] = [zone, system].map(|name| shortened(&name, MAX_REASON));
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

/// The number of symbols after which listing reports how many there are so far.
const SYMBOLS_PER_REPORT: u64 = 100_000;

/// Maximum number of symbols of a table.
const MAX_SYMBOLS: u64 = 4_000_000;

/// Maximum number of rows of a symbol: 63 years of minutes.
const MAX_ROWS: u64 = 1 << 25;

/// Maximum number of bytes of a text of the server that are kept; a symbol has fewer.
const MAX_TEXT: usize = 128;

/// The times of the first and last row, in nanoseconds since the epoch; `None` if there are no rows, or
/// the time is invalid.
type Ends = (Option<i128>, Option<i128>);

/// A group of rows with symbols that the server treats as equal.
struct Group {
    /// The symbol of one of the rows, as stored.
    name: Option<String>,
    /// Whether the server treats the symbol as equal to itself without blanks at the end.
    ignores_blanks: bool,
    /// The times of the first and last row.
    ends: Ends,
    /// Whether these rows are valid bars.
    are_bars: bool,
}

impl Group {
    /// Returns the symbol; `None` if it is invalid, or has blanks at its ends so that the rows are
    /// not found under the trimmed symbol.
    fn symbol(&self) -> Option<Symbol> {
        let name = self.name.as_deref()?;
        let name = if self.ignores_blanks { name.trim_end_matches(' ') } else { name };
        name.parse().ok().filter(|symbol: &Symbol| symbol.as_str() == name)
    }
}

/// First and last bars. Rejected rows do not count: they must not determine the newest bar.
impl MySqlSource {
    /// Returns the SQL condition for a valid bar.
    ///
    /// Dates such as 0000-00-00, 2024-01-00 or 2024-02-31 can be stored, but are not read. Neither
    /// are years that [`Minute`] does not have.
    fn is_bar(&self) -> String {
        let [_, time, open, high, low, close, volume] = &self.table.columns;
        // The label of a close names the minute before it.
        let (first_year, whole_minute) = match self.bar_time {
            BarTime::Open => (1, format!(" AND SECOND({time}) = 0 AND MICROSECOND({time}) = 0")),
            BarTime::Close => (2, String::new()),
        };
        format!(
            "{low} > 0 AND {high} >= {low} AND {open} > 0 AND {close} > 0 AND {volume} >= 0{whole_minute} \
             AND YEAR({time}) BETWEEN {first_year} AND 6000 AND DAY({time}) BETWEEN 1 AND DAY(LAST_DAY({time}))"
        )
    }

    /// Lists the symbols with the times of their first and last rows.
    ///
    /// Along an index the server jumps from symbol to symbol, and looks up whether the ends are
    /// valid bars. Without one it reads the whole table once, for the ends of the valid bars.
    fn groups(&self) -> Result<Vec<Group>> {
        let (symbol, time, name, is_bar) =
            (self.table.symbol(), self.table.time(), &self.table.name, self.is_bar());
        let is_scan = self.table.missing_index.is_some();
        let end = |function: &str| match is_scan {
            true => format!("{function}(IF({is_bar}, {time}, NULL))"),
            false => format!("{function}({time})"),
        };
        let check = |end: &str| match is_scan {
            true => format!("groups_of_rows.{end} IS NOT NULL"),
            false => format!(
                "EXISTS (SELECT 1 FROM {name} WHERE {symbol} = groups_of_rows.symbol_of_rows \
                 AND {time} = groups_of_rows.{end} AND {is_bar})"
            ),
        };
        let statement = format!(
            "SELECT CAST(symbol_of_rows AS CHAR), symbol_of_rows = TRIM(TRAILING ' ' FROM symbol_of_rows), \
             first_of_rows, last_of_rows, {} AND {} \
             FROM (SELECT {symbol} AS symbol_of_rows, {} AS first_of_rows, {} AS last_of_rows \
             FROM {name} GROUP BY {symbol}) AS groups_of_rows",
            check("first_of_rows"),
            check("last_of_rows"),
            end("MIN"),
            end("MAX")
        );
        let is_true = |value: &Value| matches!(value, Value::Int(1) | Value::UInt(1));
        self.database.attempt("listing the symbols", |connection, answers| {
            let mut groups = Vec::new();
            let answer = connection.exec_iter(&statement, ())?;
            each_row(answer, (MAX_SYMBOLS, "symbols"), |row| {
                let count = answers.arrived();
                if count.is_multiple_of(SYMBOLS_PER_REPORT) {
                    let what = self.describe();
                    self.database.warnings.warn(format_args!("{what}: {count} symbols so far"));
                }
                groups.push(Group {
                    name: match &row[0] {
                        Value::Bytes(name) => Some(text(name)),
                        _ => None,
                    },
                    ignores_blanks: is_true(&row[1]),
                    ends: (nanos(&row[2]), nanos(&row[3])),
                    are_bars: is_true(&row[4]),
                });
                Ok(())
            })?;
            Ok(groups)
        })
    }

    /// Returns the times of the first and last bar of a symbol.
    fn ends(&self, symbol: &Symbol) -> Result<Ends> {
        let (name, time, is_bar) = (&self.table.name, self.table.time(), self.is_bar());
        let end = |order| {
            format!(
                "(SELECT {time} FROM {name} WHERE {} = ? AND {is_bar} ORDER BY {time} {order} LIMIT 1)",
                self.table.symbol()
            )
        };
        let statement = format!("SELECT {}, {}", end("ASC"), end("DESC"));
        let symbol = symbol.as_str();
        let ends = self.database.row("listing the symbols", &statement, (symbol, symbol))?;
        let (first, last) = ends.unwrap_or((Value::NULL, Value::NULL));
        Ok((nanos(&first), nanos(&last)))
    }

    /// Returns the symbol with the span of its bars. The rows of a symbol without a valid bar become
    /// findings.
    fn entry(&self, symbol: Symbol, group: &Group) -> Result<Option<Entry>> {
        let is_known = group.are_bars || self.table.missing_index.is_some();
        let ends = if is_known { group.ends } else { self.ends(&symbol)? };
        let minute = |nanos: Option<i128>| self.bar_time.open_time(nanos?).ok();
        if let (Some(first), Some(last)) = (minute(ends.0), minute(ends.1)) {
            return Ok(Some(Entry { symbol, first, last }));
        }
        let series = self.bars(&symbol, Span::ALL)?;
        Ok(series.ends().map(|(first, last)| Entry { symbol, first, last }))
    }

    /// Every symbol with the span of its bars, ordered by symbol.
    fn list(&self) -> Result<Vec<Entry>> {
        let groups = self.groups()?;
        let mut unreadable = Findings::default();
        let mut named = Vec::with_capacity(groups.len());
        for group in &groups {
            match group.symbol() {
                Some(symbol) => named.push((symbol, group)),
                None => unreadable.record(Finding::Symbol, || {
                    let name = match &group.name {
                        Some(name) => format!("of '{}'", name.escape_debug()),
                        None => "without a symbol".to_owned(),
                    };
                    format!("table {}, all rows {name}", self.table.name)
                }),
            }
        }
        self.ledger.note_of_all(unreadable);
        let entries = named.into_par_iter().map(|(symbol, group)| self.entry(symbol, group));
        let entries: Vec<Option<Entry>> = entries.collect::<Result<_>>()?;
        let mut entries: Vec<Entry> = entries.into_iter().flatten().collect();
        entries.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Ok(entries)
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
        let (series, findings, other) = self.database.attempt(&what, |connection, answers| {
            let mut other = None;
            let mut findings = Findings::default();
            let mut builder = SeriesBuilder::default();
            let answer = connection.exec_iter(&statement, Params::Positional(values.clone()))?;
            each_row(answer, (MAX_ROWS, "rows of a symbol"), |row| {
                answers.arrived();
                if let Value::Bytes(spelling) = &row[7] {
                    other = Some(text(spelling));
                }
                let key = || {
                    let time = row.as_ref(0).map(|value| value.as_sql(true)).unwrap_or_default();
                    format!("{symbol} {}", shortened(&time, MAX_TEXT))
                };
                let time = match nanos(&row[0])
                    .ok_or(Finding::Timestamp)
                    .and_then(|n| self.bar_time.open_time(n))
                {
                    Ok(time) => time,
                    Err(finding) => {
                        findings.record(finding, key);
                        return Ok(());
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
                Ok(())
            })?;
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
        let clean = self.database.attempt(&what, |connection, answers| {
            into.clear();
            let mut is_clean = true;
            let answer = connection.exec_iter(&statement, Params::Positional(values.clone()))?;
            each_row(answer, (MAX_ROWS, "rows of a symbol"), |row| {
                answers.arrived();
                let time = nanos(&row[0]).and_then(|n| self.bar_time.open_time(n).ok());
                is_clean &= matches!(row[3], Value::Int(1) | Value::UInt(1));
                let time = time.filter(|time| into.time.last().is_none_or(|last| last < time));
                // The rest is only read so that the connection can be used again.
                let Some(time) = time.filter(|_| is_clean) else {
                    is_clean = false;
                    return Ok(());
                };
                into.time.push(time);
                into.close.push(number(&row, 1));
                into.volume.push(number(&row, 2));
                Ok(())
            })?;
            Ok(is_clean)
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
        let found: Option<u8> = self.database.row(
            "looking for trade counts",
            &statement,
            Params::Positional(values),
        )?;
        Ok(found == Some(1))
    }

    fn findings(&self) -> Findings {
        self.ledger.total()
    }
}

/// Returns a text of the server, cut if it is longer than any symbol.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT)]).into_owned()
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
