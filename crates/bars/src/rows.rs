//! Raw rows to bars: column names, the meaning of timestamps, and validation row by row.
//!
//! CSV, Parquet and Arrow readers turn their input into [`RawRow`]s; [`RowValidator`] decides which
//! of them are bars and counts the rest in [`Findings`]. So every input is cleaned by the same
//! rules.

use std::str::FromStr;

use crate::clean::{Finding, Findings};
use crate::error::{Error, Result};
use crate::excerpt::excerpt;
use crate::series::Bar;
use crate::symbol::Symbol;
use crate::time::{DAY, Minute, Span, Stamp, StampFormat};

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
    /// The format of timestamps; `None` for the forms of [`StampReader`](crate::time::StampReader).
    pub stamp_format: Option<StampFormat>,
    /// The input's names of columns that have other names than [`BarColumn::names`].
    pub columns: ColumnNames,
    /// The byte between the fields of a text; `None` to detect it.
    pub delimiter: Option<u8>,
    /// The decimal mark of the numbers in a text; `None` to detect it.
    pub decimal: Option<DecimalMark>,
    /// The present. Bars before 2009, when Bitcoin began, or after the next day are kept and
    /// counted as [`Finding::Implausible`]; `None` for no check.
    pub now: Option<Minute>,
}

/// The character before the decimals of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1.5`
    Point,
    /// `1,5`
    Comma,
}

/// The names that an input has for columns of a bar, such as `open=Open,timestamp=Date`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnNames([Option<String>; 8]);

impl ColumnNames {
    /// The input's name of `column`; `None` if [`BarColumn::names`] apply.
    pub fn get(&self, column: BarColumn) -> Option<&str> {
        self.0[column as usize].as_deref()
    }

    /// Whether no column is named.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The index of `column` in a header: of the stated name, or of one of [`BarColumn::names`].
    /// Names are matched ignoring case and surrounding blanks; an exact match is preferred.
    pub fn find(&self, column: BarColumn, header: &[String]) -> Option<usize> {
        let Some(name) = self.get(column) else {
            return column.find(header);
        };
        let exact = header.iter().position(|have| have.trim() == name);
        exact.or_else(|| header.iter().position(|have| have.trim().eq_ignore_ascii_case(name)))
    }
}

impl FromStr for ColumnNames {
    type Err = Error;

    /// Parses `ours=theirs` pairs, separated by commas.
    ///
    /// # Errors
    /// [`Error::NotColumnNames`]: not such a list, an unknown column, or one that occurs twice.
    fn from_str(text: &str) -> Result<ColumnNames> {
        let mut names = ColumnNames::default();
        for pair in text.split(',') {
            let parts = pair.split_once('=').map(|(ours, theirs)| (ours.trim(), theirs.trim()));
            let Some((ours, theirs)) = parts.filter(|(_, theirs)| !theirs.is_empty()) else {
                return Err(Error::NotColumnNames(format!(
                    "invalid pair \"{}\": expected column=name, such as open=Open",
                    pair.escape_debug()
                )));
            };
            let Some(column) = BarColumn::ALL.into_iter().find(|column| column.name() == ours)
            else {
                return Err(Error::NotColumnNames(format!(
                    "unknown column \"{}\": expected one of {}",
                    ours.escape_debug(),
                    BarColumn::ALL.map(BarColumn::name).join(", ")
                )));
            };
            if names.0[column as usize].replace(theirs.to_owned()).is_some() {
                return Err(Error::NotColumnNames(format!("column \"{ours}\" occurs twice")));
            }
        }
        Ok(names)
    }
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
        let names = header.iter().filter(matches).map(|name| name.trim());
        let candidates: Vec<&str> = names.take(MAX_CANDIDATES).collect();
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

/// Maximum number of columns in a notice about an ambiguous header.
const MAX_CANDIDATES: usize = 8;

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

/// A column's name and a value for a message: both escaped, and cut after 40 characters.
pub fn named_value(name: &str, value: &str) -> String {
    const MAX_CHARACTERS: usize = 40;
    let (name, value) = (name.trim(), excerpt(value, MAX_CHARACTERS));
    format!("{} \"{value}\"", excerpt(name, MAX_CHARACTERS))
}

/// The index of each bar column in an input.
#[derive(Clone, Copy, Debug)]
pub struct BarColumns([Option<usize>; 8]);

impl BarColumns {
    /// Finds the columns by name.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] if the options state a name that the header does not have;
    /// [`Error::MissingColumns`]: `trades` is optional, `symbol` too if the options name one.
    pub fn find(header: &[String], options: &ReadOptions) -> Result<BarColumns> {
        let find = |column| options.columns.find(column, header);
        let mut columns = BarColumns(BarColumn::ALL.map(find));
        for column in BarColumn::ALL {
            if let (Some(name), None) = (options.columns.get(column), columns.index(column)) {
                return Err(Error::UnknownColumn {
                    column: column.name(),
                    name: name.to_owned(),
                    found: header_excerpt(header),
                });
            }
        }
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
    /// Whether the first timestamp is a number of days.
    has_day_numbers: Option<bool>,
    has_dates: bool,
    has_clocks: bool,
    plausible: Option<Span>,
}

impl<'a, E> RowValidator<'a, E> {
    /// A validator for one input.
    pub fn new(
        options: &'a ReadOptions,
        findings: &'a mut Findings,
        sink: &'a mut BarSink<'a, E>,
    ) -> RowValidator<'a, E> {
        let symbol = options.symbol.clone();
        RowValidator {
            options,
            findings,
            sink,
            symbol,
            has_offsets: None,
            has_day_numbers: None,
            has_dates: false,
            has_clocks: false,
            plausible: options.now.map(plausible),
        }
    }

    /// Whether there were timestamps, and all were dates without a time of day: the bars are days.
    pub fn has_only_dates(&self) -> bool {
        self.has_dates && !self.has_clocks
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
    /// `bars.csv, line 7`, with the value of a column if it is given one.
    ///
    /// # Errors
    /// What the callback returns.
    pub fn row(
        &mut self,
        row: &RawRow<'_>,
        place: impl Fn(Option<BarColumn>) -> String,
    ) -> Result<(), E> {
        // Most rows repeat the symbol of the previous row, so it is parsed once.
        if let Some(text) = row.symbol
            && self.symbol.as_ref().is_none_or(|have| have.as_str() != text)
        {
            self.symbol = text.parse().ok();
        }
        // Taken and put back: a clone would count references twice per row.
        let Some(symbol) = self.symbol.take() else {
            self.findings.record(Finding::Symbol, || place(Some(BarColumn::Symbol)));
            return Ok(());
        };
        let bar = self.bar(row, &place);
        let taken = (self.sink)(&symbol, bar);
        self.symbol = Some(symbol);
        taken
    }

    fn bar(
        &mut self,
        row: &RawRow<'_>,
        place: &impl Fn(Option<BarColumn>) -> String,
    ) -> Option<Bar> {
        let at_stamp = || place(Some(BarColumn::Timestamp));
        let Some(stamp) = row.stamp else {
            let finding = match self.options.stamp_format {
                Some(_) => Finding::OtherFormat,
                None => Finding::Timestamp,
            };
            self.findings.record(finding, at_stamp);
            return None;
        };
        self.has_dates |= stamp.is_date;
        self.has_clocks |= !stamp.is_date;
        match stamp.offset {
            Some(offset) if *self.has_offsets.get_or_insert(offset) != offset => {
                self.findings.record(Finding::MixedOffsets, at_stamp);
            }
            None if self.is_day_number(stamp) => {
                let place = || format!("{} looks like an Excel date", at_stamp());
                self.findings.record(Finding::DayNumber, place);
                return None;
            }
            _ => {}
        }
        let time = match self.options.bar_time.open_time(stamp.nanos) {
            Ok(time) => time,
            Err(finding) => {
                self.findings.record(finding, at_stamp);
                return None;
            }
        };
        let [open, high, low, close, volume] = row.numbers;
        let bar = Bar { time, open, high, low, close, volume, trades: row.trades.unwrap_or(None) };
        if !self.findings.admit(&bar, || place(invalid_column(&bar))) {
            return None;
        }
        if row.trades.is_err() {
            self.findings.record(Finding::Trades, || place(Some(BarColumn::Trades)));
        }
        if self.plausible.is_some_and(|span| !span.contains(time)) {
            let place = || format!("{} is {time}", at_stamp());
            self.findings.record(Finding::Implausible, place);
        }
        Some(bar)
    }

    /// Whether an epoch number is rather a number of days since 1899-12-30, as spreadsheets store
    /// dates. The first timestamp decides, so that bars of 1970 that start at the epoch are read.
    fn is_day_number(&mut self, stamp: Stamp) -> bool {
        /// The days 2000-01-01 to 2099-12-31, in nanoseconds if taken for seconds.
        const DAYS: std::ops::Range<i128> = 36_526 * 1_000_000_000..73_051 * 1_000_000_000;
        let is_in_range = || DAYS.contains(&stamp.nanos);
        *self.has_day_numbers.get_or_insert_with(is_in_range) && is_in_range()
    }
}

/// The open times from 2009 to the day after `now`.
fn plausible(now: Minute) -> Span {
    const DAYS_TO_2009: i32 = 14_245;
    let epoch = now.plus(-now.index());
    let tomorrow = now.index().div_euclid(DAY) + 1;
    Span { start: epoch.plus(DAYS_TO_2009 * DAY), end: epoch.plus((tomorrow + 1) * DAY) }
}

/// Returns the column with the value that makes `bar` invalid; `None` for a valid bar.
fn invalid_column(bar: &Bar) -> Option<BarColumn> {
    let prices = [
        (BarColumn::Open, bar.open),
        (BarColumn::High, bar.high),
        (BarColumn::Low, bar.low),
        (BarColumn::Close, bar.close),
    ];
    match Finding::from_bar(bar)? {
        Finding::Volume => Some(BarColumn::Volume),
        Finding::HighBelowLow => Some(BarColumn::High),
        _ => {
            prices.into_iter().find(|(_, p)| !(p.is_finite() && *p > 0.0)).map(|(column, _)| column)
        }
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
    fn plausible_times_begin_in_2009_and_end_after_tomorrow() {
        let at = |seconds| Minute::from_epoch_seconds(seconds).unwrap();
        let span = plausible(at(1_700_000_040));
        assert_eq!(span.start.to_string(), "2009-01-01T00:00:00Z");
        assert_eq!(span.end.to_string(), "2023-11-16T00:00:00Z");
    }

    #[test]
    fn stated_names_replace_the_known_ones() {
        let header = ["Ticker", "When", "Open", "High", "Low", "Close", "Adj Close", "Volume"];
        let header = header.map(String::from);
        let options =
            |list: &str| ReadOptions { columns: list.parse().unwrap(), ..ReadOptions::default() };
        let columns = BarColumns::find(&header, &options("timestamp=when, close=Adj Close"));
        let columns = columns.unwrap();
        assert_eq!(
            BarColumn::ALL.map(|c| columns.index(c)),
            [Some(0), Some(1), Some(2), Some(3), Some(4), Some(6), Some(7), None]
        );
        let error = BarColumns::find(&header, &options("timestamp=Then")).unwrap_err().to_string();
        assert!(
            error.starts_with("no column \"Then\" for timestamp (found: Ticker, When"),
            "{error}"
        );
        for (list, reason) in [
            ("opne=Open", "unknown column \"opne\": expected one of symbol, timestamp, open"),
            ("open", "invalid pair \"open\""),
            ("open=", "invalid pair"),
            ("open=a,open=b", "\"open\" occurs twice"),
        ] {
            let error = list.parse::<ColumnNames>().unwrap_err().to_string();
            assert!(error.contains(reason), "{list}: {error}");
        }
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
