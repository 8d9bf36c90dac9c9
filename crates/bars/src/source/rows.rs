//! Rows of a file on their way to becoming bars: which file, which columns, what time means.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use crate::clean::{Finding, Findings};
use crate::error::{Error, Result};
use crate::series::Bar;
use crate::source::{csv, parquet};
use crate::symbol::Symbol;
use crate::time::{Minute, Stamp};

/// What a row's timestamp names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BarTime {
    /// The minute's start, as Kraken and Binance label bars.
    #[default]
    Open,
    /// Its end; such bars are shifted by a minute as they are read.
    Close,
}

impl BarTime {
    /// The open time that a stamp in nanoseconds names. A close label within the minute (Binance's `…:59.999`)
    /// stands for the minute's end; an open label must be on a whole minute.
    pub fn open_time(self, nanos: i128) -> Result<Minute, Finding> {
        const MINUTE: i64 = 60_000_000_000;
        // The years 1677 to 2262; 128 bits divide slowly.
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

/// How a file is to be read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// What timestamps name.
    pub bar_time: BarTime,
    /// The symbol of all rows, where the file has no column of symbols.
    pub symbol: Option<Symbol>,
    /// Only closes and volumes are wanted: of a file without open, high or low the close stands for these.
    pub closes_only: bool,
}

/// Takes the bars of a file one by one, in file order; `None` stands for a row of the symbol that was set aside.
pub type Sink<'a> = &'a mut dyn FnMut(&Symbol, Option<Bar>) -> Result<()>;

/// The columns of a bar, and the names by which files call them (compared without case and surrounding blanks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The market.
    Symbol,
    /// When.
    Timestamp,
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Volume.
    Volume,
    /// Number of trades; optional.
    Trades,
}

impl Column {
    /// All of them, in the order of a bar file.
    pub const ALL: [Column; 8] = [
        Column::Symbol,
        Column::Timestamp,
        Column::Open,
        Column::High,
        Column::Low,
        Column::Close,
        Column::Volume,
        Column::Trades,
    ];

    /// Its names, the first being ours.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Column::Symbol => &["symbol", "sym", "ticker", "asset", "pair"],
            Column::Timestamp => &["timestamp", "time", "date", "datetime", "open_time"],
            Column::Open => &["open"],
            Column::High => &["high"],
            Column::Low => &["low"],
            Column::Close => &["close"],
            Column::Volume => &["volume", "vol", "qty", "quantity", "amount"],
            Column::Trades => &["trades", "count", "num_trades"],
        }
    }

    /// Its place in a header; of several of its names the first wins.
    pub fn find(self, header: &[String]) -> Option<usize> {
        let is = |have: &String, name: &str| have.trim().eq_ignore_ascii_case(name);
        self.names().iter().find_map(|name| header.iter().position(|have| is(have, name)))
    }

    /// Tells which of several columns is taken, where more than one could be meant.
    fn warn_of_rivals(self, path: &Path, header: &[String]) {
        let is_one = |have: &&String| self.names().iter().any(|name| have.trim().eq_ignore_ascii_case(name));
        let rivals: Vec<&str> = header.iter().filter(is_one).map(|name| name.trim()).collect();
        if let (Some(place), true) = (self.find(header), rivals.len() > 1) {
            tracing::warn!(
                "{}: each of the columns {} could be the {}; '{}', field {}, is read",
                path.display(),
                rivals.join(", "),
                self.names()[0],
                header[place].trim(),
                place + 1
            );
        }
    }

    /// The place of the column of symbols.
    ///
    /// # Errors
    /// Where there is none: names the columns that there are.
    pub(crate) fn find_symbol(path: &Path, header: &[String]) -> Result<usize> {
        let error = || {
            Error::content(
                path,
                format!("no column symbol; it has {}. Rename the one that holds the symbols", shown(header)),
            )
        };
        Column::Symbol.find(header).ok_or_else(error)
    }
}

/// A header for an error: what may be no text at all is made plain, and kept short.
pub(super) fn shown(header: &[String]) -> String {
    const MOST: usize = 200;
    let text = header.join(", ").escape_debug().to_string();
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None if text.is_empty() => "none".to_owned(),
        None => text,
    }
}

/// Where each column of a bar stands in a file.
#[derive(Clone, Copy, Debug)]
pub struct Layout([Option<usize>; 8]);

impl Layout {
    /// Finds the columns by their names; of two names for one column the one named first in [`Column::names`] wins.
    ///
    /// # Errors
    /// Names the columns that are missing and those that the file has.
    pub fn find(path: &Path, header: &[String], options: &ReadOptions) -> Result<Layout> {
        let mut layout = Layout(Column::ALL.map(|column| column.find(header)));
        if options.closes_only {
            for column in [Column::Open, Column::High, Column::Low] {
                layout.0[column as usize] = layout.place(column).or(layout.place(Column::Close));
            }
        }
        for column in Column::ALL {
            column.warn_of_rivals(path, header);
        }
        let optional =
            |column| column == Column::Trades || (column == Column::Symbol && options.symbol.is_some());
        let missing: Vec<&str> = Column::ALL
            .into_iter()
            .filter(|&column| layout.place(column).is_none() && !optional(column))
            .map(|column| column.names()[0])
            .collect();
        if missing.is_empty() {
            return Ok(layout);
        }
        let hint = if missing == ["symbol"] { "; or import it with --symbol NAME" } else { "" };
        Err(Error::content(
            path,
            format!(
                "no column {}; it has {}. Rename or add what is missing{hint}",
                missing.join(", "),
                shown(header)
            ),
        ))
    }

    /// Columns in the order given, none by name.
    pub fn fixed(columns: &[(Column, usize)]) -> Layout {
        Layout(
            Column::ALL
                .map(|column| columns.iter().find(|(have, _)| *have == column).map(|(_, place)| *place)),
        )
    }

    /// The place of `column`.
    pub fn place(&self, column: Column) -> Option<usize> {
        self.0[column as usize]
    }
}

/// A row's values as they were read; a number that could not be read is NaN.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The symbol's text, where the file has a column of symbols.
    pub symbol: Option<&'a str>,
    /// When, if that could be read.
    pub stamp: Option<Stamp>,
    /// Open, high, low, close, volume.
    pub numbers: [f64; 5],
    /// Number of trades: absent, read, or unreadable.
    pub trades: Result<Option<u32>, ()>,
}

/// Judges rows and hands the bars among them on.
pub struct Intake<'a> {
    options: &'a ReadOptions,
    findings: &'a mut Findings,
    sink: Sink<'a>,
    symbol: Option<Symbol>,
    offsets: Option<bool>,
}

impl<'a> Intake<'a> {
    /// An intake for one file.
    pub fn new(options: &'a ReadOptions, findings: &'a mut Findings, sink: Sink<'a>) -> Intake<'a> {
        let symbol = options.symbol.clone();
        Intake { options, findings, sink, symbol, offsets: None }
    }

    /// Counts a row that is none.
    pub(crate) fn set_aside(&mut self, finding: Finding, place: impl FnOnce() -> String) {
        self.findings.record(finding, place);
    }

    /// Takes a row, or sets it aside. `place` tells where it stands.
    pub fn row(&mut self, row: &Row<'_>, place: impl Fn() -> String) -> Result<()> {
        // Neighbouring rows mostly share their symbol: it is checked once.
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

    /// The row as a bar; `None` where it was set aside.
    fn bar(&mut self, row: &Row<'_>, place: &impl Fn() -> String) -> Option<Bar> {
        let Some(stamp) = row.stamp else {
            self.findings.record(Finding::Timestamp, place);
            return None;
        };
        if let Some(offset) = stamp.offset
            && *self.offsets.get_or_insert(offset) != offset
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

/// A number of trades as a file has it: a whole number from 0 up, as text or as a float.
pub(crate) fn trades_from(number: f64) -> Result<Option<u32>, ()> {
    let whole = number.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(&number);
    if whole { Ok(Some(number as u32)) } else { Err(()) }
}

/// Reads the bars of one CSV (plain, gzip or zstd) or Parquet file into `sink`, told apart by their first bytes.
///
/// # Errors
/// Where the file is missing, damaged or lacks a column.
pub fn read_file(path: &Path, options: &ReadOptions, findings: &mut Findings, sink: Sink<'_>) -> Result<()> {
    read_counted(path, options, findings, &|_| {}, sink)
}

/// [`read_file`], telling `progress` of the file's bytes as they are read.
pub(crate) fn read_counted(
    path: &Path,
    options: &ReadOptions,
    findings: &mut Findings,
    progress: &(dyn Fn(u64) + Sync),
    sink: Sink<'_>,
) -> Result<()> {
    let intake = Intake::new(options, findings, sink);
    match Opened::at(path, progress)? {
        Opened::Parquet(file, bytes) => {
            parquet::read(path, file, options, intake)?;
            progress(bytes);
            Ok(())
        }
        Opened::Csv(bytes) => csv::read(path, bytes, options, intake),
    }
}

/// The symbols that a file names in its column of symbols, each once, in the order of their first rows.
///
/// # Errors
/// Where the file is missing, damaged or has no such column.
pub fn symbols(path: &Path) -> Result<Vec<Symbol>> {
    let (mut seen, mut symbols) = (BTreeSet::new(), Vec::new());
    let mut last = String::new();
    let mut unreadable = BTreeSet::new();
    let mut take = |text: &str| {
        // Cohort files repeat a symbol some 40,000 times.
        if text != last {
            text.clone_into(&mut last);
            match text.parse::<Symbol>() {
                Ok(symbol) if seen.insert(symbol.clone()) => symbols.push(symbol),
                Ok(_) => {}
                Err(_) => {
                    unreadable.insert(text.escape_debug().to_string());
                }
            }
        }
    };
    match Opened::at(path, &|_| {})? {
        Opened::Parquet(file, _) => parquet::symbols(path, file, &mut take)?,
        Opened::Csv(bytes) => csv::symbols(path, bytes, &mut take)?,
    }
    if let Some(first) = unreadable.first() {
        let n = unreadable.len();
        tracing::warn!("{}: {n} texts are no symbols and passed over, the first '{first}'", path.display());
    }
    Ok(symbols)
}

/// A file whose form is known by its first bytes.
pub(super) enum Opened<'a> {
    Parquet(File, u64),
    Csv(Box<dyn Read + 'a>),
}

impl<'a> Opened<'a> {
    pub(super) fn at(path: &Path, progress: &'a (dyn Fn(u64) + Sync)) -> Result<Opened<'a>> {
        // Looked at before it is opened: opening a pipe would wait for its writer.
        let kind = std::fs::metadata(path).map_err(|e| Error::io("open", path, e))?;
        if !kind.is_file() {
            let what = if kind.is_dir() { "a folder" } else { "a pipe or device" };
            return Err(Error::content(
                path,
                format!("this is {what}, and a file is needed here; name a file"),
            ));
        }
        let mut file = File::open(path).map_err(|e| Error::io("open", path, e))?;
        let metadata = file.metadata().map_err(|e| Error::io("read", path, e))?;
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic).map_err(|e| Error::io("read", path, e))?;
        file.rewind().map_err(|e| Error::io("read", path, e))?;
        match magic[..] {
            [b'P', b'A', b'R', b'1'] => Ok(Opened::Parquet(file, metadata.len())),
            [b'P', b'K', 3, 4] => Err(Error::content(
                path,
                "this is a ZIP archive; bring it into a store with 'data-pipeline import'",
            )),
            _ => Ok(Opened::Csv(csv::decompress(path, Counted { file, progress }, &magic)?)),
        }
    }
}

/// A file that tells of the bytes read from it.
struct Counted<'a> {
    file: File,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        (self.progress)(read as u64);
        Ok(read)
    }
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
        let layout = Layout::find(Path::new("x.csv"), &header, &ReadOptions::default()).unwrap();
        assert_eq!(Column::ALL.map(|c| layout.place(c)), [0, 1, 2, 3, 4, 5, 6, 7].map(Some));

        let error =
            Layout::find(Path::new("x.csv"), &header[1..5], &ReadOptions::default()).unwrap_err().to_string();
        assert!(
            error.starts_with("x.csv: no column symbol, close, volume; it has  OPEN_TIME, Open"),
            "{error}"
        );
        let header = ["symbol", "time", "high", "close", "volume"].map(String::from);
        let closes = ReadOptions { closes_only: true, ..ReadOptions::default() };
        let layout = Layout::find(Path::new("x.csv"), &header, &closes).unwrap();
        assert_eq!([Column::Open, Column::High, Column::Low].map(|c| layout.place(c)), [3, 2, 3].map(Some));
        assert!(Layout::find(Path::new("x.csv"), &header, &ReadOptions::default()).is_err());
    }
}
