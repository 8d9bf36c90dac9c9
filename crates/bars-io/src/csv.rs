//! Bars from CSV: with a header, or in one of the two headerless formats of exchanges.

use std::cell::Cell;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::decimal;
use crate::decompressed::{Bounded, max_decompressed};
use crate::dialect::{self, Dialect, Layout};
use crate::error::{Error, Result};
use crate::header::{find_columns, find_symbol};
use crate::lines::{self, Record};
use bars::DecimalMark;
use bars::clean::Finding;
use bars::rows::{
    BarColumn, BarColumns, RawRow, ReadOptions, RowValidator, named_value, trades_from,
};
use bars::time::{Stamp, StampReader};

/// Returns a reader of the decompressed bytes of a file of `size` bytes; its first bytes determine
/// the compression. The reader fails after 1 GiB if that is more than 200 times the file's size.
///
/// # Errors
/// The decompressor cannot start.
pub fn decompress<'a>(
    path: &Path,
    file: impl Read + 'a,
    size: u64,
    magic: &[u8],
) -> Result<Box<dyn Read + 'a>> {
    const PROBLEM: &str =
        "it decompresses to more than 1 GiB and 200 times its size; decompress it first";
    let max = max_decompressed(size);
    Ok(match magic {
        [0x1f, 0x8b, ..] => {
            let bytes = MultiGzDecoder::new(BufReader::new(file));
            Box::new(BufReader::with_capacity(1 << 16, Bounded::new(bytes, max, PROBLEM)))
        }
        // The second form is a frame without data, with which some programs (pzstd) begin.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            let bytes = zstd::Decoder::new(file).map_err(|e| Error::io("read", path, e))?;
            Box::new(Bounded::new(bytes, max, PROBLEM))
        }
        _ => Box::new(file),
    })
}

/// Kraken's archive: epoch seconds, open, high, low, close, volume, trades.
const KRAKEN: [(BarColumn, usize); 7] = [
    (BarColumn::Timestamp, 0),
    (BarColumn::Open, 1),
    (BarColumn::High, 2),
    (BarColumn::Low, 3),
    (BarColumn::Close, 4),
    (BarColumn::Volume, 5),
    (BarColumn::Trades, 6),
];

/// Binance klines: open time, open, high, low, close, volume, then close time, quote volume, trades
/// and three more.
const BINANCE: [(BarColumn, usize); 7] = [
    (BarColumn::Timestamp, 0),
    (BarColumn::Open, 1),
    (BarColumn::High, 2),
    (BarColumn::Low, 3),
    (BarColumn::Close, 4),
    (BarColumn::Volume, 5),
    (BarColumn::Trades, 8),
];

/// The columns with decimal numbers.
const NUMBERS: [BarColumn; 5] =
    [BarColumn::Open, BarColumn::High, BarColumn::Low, BarColumn::Close, BarColumn::Volume];

/// Reads the rows of a CSV file. Delimiter and decimal mark are detected unless the options state
/// them.
///
/// # Errors
/// The file is empty, lacks a column, or is truncated; its delimiter or decimal mark is ambiguous.
pub fn read(
    path: &Path,
    bytes: impl Read,
    options: &ReadOptions,
    validator: &mut RowValidator<'_, Error>,
) -> Result<()> {
    let mut stamps = StampReader::new(options.stamp_format.clone());
    let (dialect, bytes) = dialect::detect(path, bytes, options, &mut |header| {
        let columns = match headerless(header, options, &mut stamps) {
            Some(columns) => BarColumn::ALL.map(|column| columns.index(column)),
            None => BarColumn::ALL.map(|column| options.columns.find(column, header)),
        };
        let numbers = NUMBERS.into_iter().filter_map(|column| columns[column as usize]);
        Layout { known: columns.into_iter().flatten().count(), numbers: numbers.collect() }
    })?;
    // The names of the columns; of one in a file without a header its own.
    let mut header = Vec::new();
    // The indices of the columns, and the number of fields of the first record.
    let mut form: Option<(BarColumns, usize)> = None;
    lines::for_each(path, bytes, dialect.delimiter, &Cell::new(usize::MAX), &mut |record| {
        let (columns, fields) = match form {
            Some(form) => form,
            None => {
                let first = names(&record);
                let (columns, is_header) =
                    columns(path, &first, options, &mut stamps, &mut |notice| {
                        validator.note(notice)
                    })?;
                form = Some((columns, record.len()));
                if is_header {
                    header = first;
                    return Ok(());
                }
                (columns, record.len())
            }
        };
        let place = |column: Option<BarColumn>| {
            let value = column.and_then(|column| {
                let index = columns.index(column)?;
                let name = header.get(index).map_or(column.name(), |name| name);
                let text = record.text(Some(index));
                let remark =
                    if NUMBERS.contains(&column) { dialect.remark(text) } else { String::new() };
                Some(format!(": {}{remark}", named_value(name, text)))
            });
            format!("{}, line {}{}", path.display(), record.line, value.unwrap_or_default())
        };
        if record.len() > fields {
            validator.reject(Finding::Fields, || {
                format!("{}: {} instead of {fields}", place(None), record.len())
            });
            return Ok(());
        }
        validator.row(&row(&record, &columns, dialect, &mut stamps), place)
    })?;
    form.map(|_| ()).ok_or_else(|| empty(path))
}

/// Returns the columns, and whether the first record is a header.
fn columns(
    path: &Path,
    first: &[String],
    options: &ReadOptions,
    stamps: &mut StampReader,
    note: &mut dyn FnMut(String),
) -> Result<(BarColumns, bool)> {
    let fixed = headerless(first, options, stamps);
    let is_header = fixed.is_none();
    let columns = match fixed {
        Some(columns) => columns,
        // A header that looks like a number is not one of the known formats: the columns will be
        // missing.
        None => find_columns(path, first, options, note)
            .map_err(|error| no_header(path, first).unwrap_or(error))?,
    };
    if columns.index(BarColumn::Symbol).is_none() && options.symbol.is_none() {
        return Err(Error::content(path, "no header and no symbol column; name its symbol"));
    }
    Ok((columns, is_header))
}

/// Returns the columns of a file without a header; `None` if the first record is not a row of a
/// known format. If the options name columns, it is a header.
fn headerless(
    first: &[String],
    options: &ReadOptions,
    stamps: &mut StampReader,
) -> Option<BarColumns> {
    let format = match first.len() {
        7 => &KRAKEN,
        12 => &BINANCE,
        _ => return None,
    };
    let is_stamp = |stamp: Stamp| stamp.offset.is_none() || options.stamp_format.is_some();
    let is_row = options.columns.is_empty() && stamps.read(&first[0]).is_some_and(is_stamp);
    is_row.then(|| BarColumns::fixed(format))
}

fn row<'a>(
    record: &Record<'a>,
    columns: &BarColumns,
    dialect: Dialect,
    stamps: &mut StampReader,
) -> RawRow<'a> {
    let field = |column| record.text(columns.index(column));
    let trades = match field(BarColumn::Trades) {
        "" => Ok(None),
        text => {
            text.parse().map(Some).or_else(|_| text.parse().map_err(|_| ()).and_then(trades_from))
        }
    };
    RawRow {
        symbol: columns.index(BarColumn::Symbol).map(|_| field(BarColumn::Symbol)),
        stamp: stamps.read(field(BarColumn::Timestamp)),
        // One decision per row, not per number.
        numbers: match dialect.decimal {
            DecimalMark::Point => NUMBERS.map(|column| decimal::parse(field(column))),
            DecimalMark::Comma => NUMBERS.map(|column| decimal::parse_with_comma(field(column))),
        },
        trades,
    }
}

/// Passes the symbol of each row to `take`.
///
/// # Errors
/// The file is empty or has no such column.
pub fn symbols(path: &Path, bytes: impl Read, take: &mut dyn FnMut(&str)) -> Result<()> {
    let mut layout = |header: &[String]| Layout {
        known: usize::from(BarColumn::Symbol.find(header).is_some()),
        numbers: Vec::new(),
    };
    let (dialect, bytes) = dialect::detect(path, bytes, &ReadOptions::default(), &mut layout)?;
    let mut place = None;
    let fields = Cell::new(usize::MAX);
    lines::for_each(path, bytes, dialect.delimiter, &fields, &mut |record| {
        match place {
            Some(place) => take(record.text(Some(place))),
            None => {
                let found = find_symbol(path, &names(&record))?;
                place = Some(found);
                fields.set(found + 1);
            }
        }
        Ok(())
    })?;
    place.map(|_| ()).ok_or_else(|| empty(path))
}

fn names(record: &Record<'_>) -> Vec<String> {
    let name = |place| String::from_utf8_lossy(record.get(place).unwrap_or_default()).into_owned();
    (0..record.len()).map(name).collect()
}

/// The error of a first record that is not a header, because the file has none or is not CSV.
fn no_header(path: &Path, first: &[String]) -> Option<Error> {
    const EXPECTED: &str =
        "a header such as symbol,timestamp,open,high,low,close,volume is expected";
    let is_binary = ['\0', char::REPLACEMENT_CHARACTER];
    let is_number = |name: &String| name.trim().parse::<f64>().is_ok();
    let reason = if first.iter().any(|name| name.contains(is_binary)) {
        "not a CSV or Parquet file (binary content); give another file".to_owned()
    } else if first.iter().all(is_number) {
        format!(
            "no header, the first line has {} numbers; add one: {EXPECTED}, or the 7 columns of \
             Kraken or 12 of Binance",
            first.len()
        )
    } else if let [line] = first
        && !line.contains([',', ';', '|', '\t'])
        && BarColumn::ALL.iter().all(|column| column.find(first).is_none())
    {
        let start: String = line.chars().take(40).collect();
        format!(
            "not a CSV file with a header, the first line is \"{}\"; {EXPECTED}",
            start.escape_debug()
        )
    } else {
        return None;
    };
    Some(Error::content(path, reason))
}

fn empty(path: &Path) -> Error {
    Error::content(
        path,
        "empty file; expected a header such as symbol,timestamp,open,high,low,close,volume",
    )
}
