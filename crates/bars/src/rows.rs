//! Raw rows to bars: column names, the meaning of timestamps, and validation row by row.
//!
//! CSV, Parquet and Arrow readers turn their input into [`RawRow`]s; [`RowValidator`] decides which
//! of them are bars and counts the rest in [`Findings`]. So every input is cleaned by the same
//! rules.

use crate::clean::{Finding, Findings};
use crate::error::{Error, Result};
use crate::series::Bar;
use crate::symbol::Symbol;
use crate::time::{Minute, Stamp};

/// The end of the minute that a timestamp names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BarTime {
    /// The start, as Kraken and Binance label bars.
    #[default]
    Open,
    /// The end. Such bars are shifted back by one minute when they are read.
    Close,
}

impl BarTime {
    /// `open` or `close`.
    pub fn name(self) -> &'static str {
        match self {
            BarTime::Open => "open",
            BarTime::Close => "close",
        }
    }

    /// Returns the open time for a timestamp in nanoseconds since the epoch. A close label within
    /// the minute (Binance's `…:59.999`) means the end of that minute; an open label must be a
    /// whole minute.
    ///
    /// # Errors
    /// [`Finding::OffMinute`] for an open label within a minute, [`Finding::Timestamp`] outside
    /// [`Minute`]'s range.
    pub fn open_time(self, nanos: i128) -> Result<Minute, Finding> {
        const MINUTE: i64 = 60_000_000_000;
        // The years 1677 to 2262 fit 64 bits; 128-bit division is slow.
        if let (BarTime::Open, Ok(nanos)) = (self, i64::try_from(nanos)) {
            let minute = if nanos % MINUTE == 0 { Minute::new(nanos / MINUTE) } else { None };
            return minute.ok_or(Finding::OffMinute);
        }
        const WIDE: i128 = MINUTE as i128;
        let index = match self {
            BarTime::Open if nanos.rem_euclid(WIDE) != 0 => return Err(Finding::OffMinute),
            BarTime::Open => nanos.div_euclid(WIDE),
            BarTime::Close => (nanos + WIDE - 1).div_euclid(WIDE) - 1,
        };
        i64::try_from(index).ok().and_then(Minute::new).ok_or(Finding::Timestamp)
    }
}

/// How rows are read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The end of the minute that timestamps name.
    pub bar_time: BarTime,
    /// The symbol of all rows, for an input without a symbol column.
    pub symbol: Option<Symbol>,
    /// Only closes and volumes are needed: a missing open, high or low is replaced by the close.
    pub closes_only: bool,
}

/// The columns of a bar, each with its accepted names (matched ignoring case and surrounding
/// blanks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarColumn {
    /// The symbol.
    Symbol,
    /// The timestamp.
    Timestamp,
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Volume in units of the base asset.
    Volume,
    /// Number of trades; optional.
    Trades,
}

impl BarColumn {
    /// All columns, in the order of a bar file.
    pub const ALL: [BarColumn; 8] = [
        BarColumn::Symbol,
        BarColumn::Timestamp,
        BarColumn::Open,
        BarColumn::High,
        BarColumn::Low,
        BarColumn::Close,
        BarColumn::Volume,
        BarColumn::Trades,
    ];

    /// The column's own name.
    pub fn name(self) -> &'static str {
        self.names()[0]
    }

    /// All accepted names; the first is the column's own.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            BarColumn::Symbol => &["symbol", "sym", "ticker", "asset", "pair"],
            BarColumn::Timestamp => &["timestamp", "time", "date", "datetime", "open_time"],
            BarColumn::Open => &["open"],
            BarColumn::High => &["high"],
            BarColumn::Low => &["low"],
            BarColumn::Close => &["close"],
            BarColumn::Volume => &["volume", "vol", "qty", "quantity", "amount"],
            BarColumn::Trades => &["trades", "count", "num_trades"],
        }
    }

    /// The index of the column in a header; if several of its names occur, the first in
    /// [`BarColumn::names`] wins.
    pub fn find(self, header: &[String]) -> Option<usize> {
        let is = |have: &String, name: &str| have.trim().eq_ignore_ascii_case(name);
        self.names().iter().find_map(|name| header.iter().position(|have| is(have, name)))
    }

    /// Returns a notice with the candidates and the choice if more than one column of `header`
    /// matches.
    pub fn ambiguity(self, header: &[String]) -> Option<String> {
        let matches =
            |have: &&String| self.names().iter().any(|name| have.trim().eq_ignore_ascii_case(name));
        let candidates: Vec<&str> = header.iter().filter(matches).map(|name| name.trim()).collect();
        let index = self.find(header).filter(|_| candidates.len() > 1)?;
        Some(format!(
            "several columns match {}: {}; using \"{}\" (field {})",
            self.name(),
            candidates.join(", "),
            header[index].trim(),
            index + 1
        ))
    }
}

/// A header as one line for an error message: escaped, and cut after 200 characters.
pub fn header_excerpt(header: &[String]) -> String {
    const MAX_CHARACTERS: usize = 200;
    let text = header.join(", ").escape_debug().to_string();
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None if text.is_empty() => "none".to_owned(),
        None => text,
    }
}

/// The index of each bar column in an input.
#[derive(Clone, Copy, Debug)]
pub struct BarColumns([Option<usize>; 8]);

impl BarColumns {
    /// Finds the columns by name.
    ///
    /// # Errors
    /// [`Error::MissingColumns`]; `trades` is optional, `symbol` too if the options name one.
    pub fn find(header: &[String], options: &ReadOptions) -> Result<BarColumns> {
        let mut columns = BarColumns(BarColumn::ALL.map(|column| column.find(header)));
        if options.closes_only {
            for column in [BarColumn::Open, BarColumn::High, BarColumn::Low] {
                columns.0[column as usize] =
                    columns.index(column).or(columns.index(BarColumn::Close));
            }
        }
        let optional = |column| {
            column == BarColumn::Trades || (column == BarColumn::Symbol && options.symbol.is_some())
        };
        let missing: Vec<&'static str> = BarColumn::ALL
            .into_iter()
            .filter(|&column| columns.index(column).is_none() && !optional(column))
            .map(BarColumn::name)
            .collect();
        if missing.is_empty() {
            return Ok(columns);
        }
        Err(Error::MissingColumns { missing, found: header_excerpt(header) })
    }

    /// Columns at the given indices, for an input without a header.
    pub fn fixed(columns: &[(BarColumn, usize)]) -> BarColumns {
        BarColumns(BarColumn::ALL.map(|column| {
            columns.iter().find(|(have, _)| *have == column).map(|(_, index)| *index)
        }))
    }

    /// The index of `column`; `None` if the input does not have it.
    pub fn index(&self, column: BarColumn) -> Option<usize> {
        self.0[column as usize]
    }
}

/// The values of one row as read; an unreadable number is NaN.
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'a> {
    /// The symbol; `None` if the input has no symbol column.
    pub symbol: Option<&'a str>,
    /// The timestamp; `None` if it is missing or unreadable.
    pub stamp: Option<Stamp>,
    /// Open, high, low, close, volume.
    pub numbers: [f64; 5],
    /// Number of trades: `Ok(None)` if missing, `Err` if unreadable.
    pub trades: Result<Option<u32>, ()>,
}

/// Receives each row with a valid symbol: `Some(bar)`, or `None` for a rejected row.
pub type BarSink<'a, E> = dyn FnMut(&Symbol, Option<Bar>) -> Result<(), E> + 'a;

/// Validates the rows of one input and passes the valid bars on.
pub struct RowValidator<'a, E> {
    options: &'a ReadOptions,
    findings: &'a mut Findings,
    sink: &'a mut BarSink<'a, E>,
    symbol: Option<Symbol>,
    has_offsets: Option<bool>,
}

impl<'a, E> RowValidator<'a, E> {
    /// A validator for one input.
    pub fn new(
        options: &'a ReadOptions,
        findings: &'a mut Findings,
        sink: &'a mut BarSink<'a, E>,
    ) -> RowValidator<'a, E> {
        let symbol = options.symbol.clone();
        RowValidator { options, findings, sink, symbol, has_offsets: None }
    }

    /// Adds a notice about the input as a whole.
    pub fn note(&mut self, notice: String) {
        self.findings.note(notice);
    }

    /// Counts a row that could not be split into fields.
    pub fn reject(&mut self, finding: Finding, place: impl FnOnce() -> String) {
        self.findings.record(finding, place);
    }

    /// Validates one row. `place` returns its location for the findings, such as
    /// `bars.csv, line 7`.
    ///
    /// # Errors
    /// What the callback returns.
    pub fn row(&mut self, row: &RawRow<'_>, place: impl Fn() -> String) -> Result<(), E> {
        // Most rows repeat the symbol of the previous row, so it is parsed once.
        if let Some(text) = row.symbol
            && self.symbol.as_ref().is_none_or(|have| have.as_str() != text)
        {
            self.symbol = text.parse().ok();
        }
        let Some(symbol) = self.symbol.clone() else {
            self.findings.record(Finding::Symbol, place);
            return Ok(());
        };
        let bar = self.bar(row, &place);
        (self.sink)(&symbol, bar)
    }

    fn bar(&mut self, row: &RawRow<'_>, place: &impl Fn() -> String) -> Option<Bar> {
        let Some(stamp) = row.stamp else {
            self.findings.record(Finding::Timestamp, place);
            return None;
        };
        if let Some(offset) = stamp.offset
            && *self.has_offsets.get_or_insert(offset) != offset
        {
            self.findings.record(Finding::MixedOffsets, place);
        }
        let time = match self.options.bar_time.open_time(stamp.nanos) {
            Ok(time) => time,
            Err(finding) => {
                self.findings.record(finding, place);
                return None;
            }
        };
        let [open, high, low, close, volume] = row.numbers;
        let bar = Bar { time, open, high, low, close, volume, trades: row.trades.unwrap_or(None) };
        if !self.findings.admit(&bar, place) {
            return None;
        }
        if row.trades.is_err() {
            self.findings.record(Finding::Trades, place);
        }
        Some(bar)
    }
}

/// Converts a number of trades from a float, which must be a whole number in `0..=u32::MAX - 1`.
///
/// # Errors
/// The number is not such a number.
#[expect(clippy::result_unit_err, reason = "as in RawRow: there is only one failure")]
pub fn trades_from(number: f64) -> Result<Option<u32>, ()> {
    let whole = number.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(&number);
    if whole { Ok(Some(number as u32)) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_labels_shift_by_a_minute() {
        let second = |s: i128| s * 1_000_000_000;
        let open = |bar_time: BarTime, nanos| bar_time.open_time(nanos).map(Minute::index);
        assert_eq!(open(BarTime::Open, second(120)), Ok(2));
        assert_eq!(open(BarTime::Open, second(121)), Err(Finding::OffMinute));
        assert_eq!(open(BarTime::Close, second(120)), Ok(1));
        assert_eq!(open(BarTime::Close, second(120) - 1_000_000), Ok(1));
        assert_eq!(open(BarTime::Close, second(121)), Ok(2));
        assert_eq!(open(BarTime::Open, i128::MAX / 60 * 60), Err(Finding::OffMinute));
        assert_eq!(open(BarTime::Open, second(60 << 40)), Err(Finding::Timestamp));
    }

    #[test]
    fn headers_are_matched_by_synonym() {
        let header: Vec<String> =
            ["Pair ", " OPEN_TIME", "Open", "HIGH", "low", "close", "Qty", "count", "close_time"]
                .map(Into::into)
                .into();
        let columns = BarColumns::find(&header, &ReadOptions::default()).unwrap();
        assert_eq!(BarColumn::ALL.map(|c| columns.index(c)), [0, 1, 2, 3, 4, 5, 6, 7].map(Some));

        let error =
            BarColumns::find(&header[1..5], &ReadOptions::default()).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "no column \"symbol\", \"close\", \"volume\" (found:  OPEN_TIME, Open"
            ),
            "{error}"
        );
        let header = ["symbol", "time", "high", "close", "volume"].map(String::from);
        let closes = ReadOptions { closes_only: true, ..ReadOptions::default() };
        let columns = BarColumns::find(&header, &closes).unwrap();
        assert_eq!(
            [BarColumn::Open, BarColumn::High, BarColumn::Low].map(|c| columns.index(c)),
            [3, 2, 3].map(Some)
        );
        assert!(BarColumns::find(&header, &ReadOptions::default()).is_err());
    }

    #[test]
    fn ambiguous_columns_are_reported() {
        let header = ["symbol", "date", "Time", "close"].map(String::from);
        let sentence = BarColumn::Timestamp.ambiguity(&header).unwrap();
        assert_eq!(
            sentence,
            "several columns match timestamp: date, Time; using \"Time\" (field 3)"
        );
        assert_eq!(BarColumn::Close.ambiguity(&header), None);
    }
}
