//! Bars from CSV: with a header, or in one of the two headerless formats of exchanges.

use std::cell::Cell;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::decimal;
use crate::error::{Error, Result};
use crate::header::{find_columns, find_symbol};
use crate::lines::{self, Record};
use bars::clean::Finding;
use bars::rows::{BarColumn, BarColumns, RawRow, ReadOptions, RowValidator, trades_from};
use bars::time::StampReader;

/// Returns a reader of the decompressed bytes of a file; its first bytes determine the compression.
///
/// # Errors
/// The decompressor cannot start.
pub fn decompress<'a>(
    path: &Path,
    file: impl Read + 'a,
    magic: &[u8],
) -> Result<Box<dyn Read + 'a>> {
    Ok(match magic {
        [0x1f, 0x8b, ..] => {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(BufReader::new(file))))
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            Box::new(zstd::Decoder::new(file).map_err(|e| Error::io("read", path, e))?)
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

/// Reads the rows of a CSV file.
///
/// # Errors
/// The file is empty, lacks a column, or is truncated.
pub fn read(
    path: &Path,
    bytes: impl Read,
    options: &ReadOptions,
    mut validator: RowValidator<'_, Error>,
) -> Result<()> {
    let mut stamps = StampReader::default();
    // The indices of the columns, and the number of fields of the first record.
    let mut form: Option<(BarColumns, usize)> = None;
    lines::for_each(path, bytes, &Cell::new(usize::MAX), &mut |record| {
        let (columns, fields) = match form {
            Some(form) => form,
            None => {
                let (columns, is_header) =
                    columns(path, &record, options, &mut stamps, &mut |notice| {
                        validator.note(notice)
                    })?;
                form = Some((columns, record.len()));
                if is_header {
                    return Ok(());
                }
                (columns, record.len())
            }
        };
        let place = || format!("{}, line {}", path.display(), record.line);
        if record.spans_lines() {
            let reason = format!("line {}: unclosed quote", record.line);
            return Err(Error::content(path, reason));
        }
        if record.len() > fields {
            validator.reject(Finding::Fields, place);
            return Ok(());
        }
        validator.row(&row(&record, &columns, &mut stamps), place)
    })?;
    form.map(|_| ()).ok_or_else(|| empty(path))
}

/// Returns the columns, and whether the first record is a header.
fn columns(
    path: &Path,
    first: &Record<'_>,
    options: &ReadOptions,
    stamps: &mut StampReader,
    note: &mut dyn FnMut(String),
) -> Result<(BarColumns, bool)> {
    let is_number = stamps.read(first.text(Some(0))).is_some_and(|stamp| stamp.offset.is_none());
    let (columns, is_header) = match (is_number, first.len()) {
        (true, 7) => (BarColumns::fixed(&KRAKEN), false),
        (true, 12) => (BarColumns::fixed(&BINANCE), false),
        // A header that looks like a number is not one of the known formats: the columns will be
        // missing.
        _ => (find_columns(path, &names(first), options, note)?, !is_number),
    };
    if columns.index(BarColumn::Symbol).is_none() && options.symbol.is_none() {
        return Err(Error::content(path, "no header and no symbol column; name its symbol"));
    }
    Ok((columns, is_header))
}

fn row<'a>(record: &Record<'a>, columns: &BarColumns, stamps: &mut StampReader) -> RawRow<'a> {
    let field = |column| record.text(columns.index(column));
    let number = |column| decimal::parse(field(column));
    let trades = match field(BarColumn::Trades) {
        "" => Ok(None),
        text => {
            text.parse().map(Some).or_else(|_| text.parse().map_err(|_| ()).and_then(trades_from))
        }
    };
    RawRow {
        symbol: columns.index(BarColumn::Symbol).map(|_| field(BarColumn::Symbol)),
        stamp: stamps.read(field(BarColumn::Timestamp)),
        numbers: [
            BarColumn::Open,
            BarColumn::High,
            BarColumn::Low,
            BarColumn::Close,
            BarColumn::Volume,
        ]
        .map(number),
        trades,
    }
}

/// Passes the symbol of each row to `take`.
///
/// # Errors
/// The file is empty or has no such column.
pub fn symbols(path: &Path, bytes: impl Read, take: &mut dyn FnMut(&str)) -> Result<()> {
    let mut place = None;
    let fields = Cell::new(usize::MAX);
    lines::for_each(path, bytes, &fields, &mut |record| {
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

fn empty(path: &Path) -> Error {
    Error::content(
        path,
        "empty file; expected a header such as symbol,timestamp,open,high,low,close,volume",
    )
}
