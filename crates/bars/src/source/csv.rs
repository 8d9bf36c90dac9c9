//! Bars from CSV: with a header, or one of the two headerless forms that exchanges publish.

use std::cell::Cell;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::clean::Finding;
use crate::error::{Error, Result};
use crate::source::decimal;
use crate::source::lines::{self, Record};
use crate::source::rows::{Column, Intake, Layout, ReadOptions, Row, trades_from};
use crate::time::StampReader;

/// The plain bytes of a file that may be compressed, told by its first bytes.
///
/// # Errors
/// Where the decompressor cannot start.
pub fn decompress<'a>(path: &Path, file: impl Read + 'a, magic: &[u8]) -> Result<Box<dyn Read + 'a>> {
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
const KRAKEN: [(Column, usize); 7] = [
    (Column::Timestamp, 0),
    (Column::Open, 1),
    (Column::High, 2),
    (Column::Low, 3),
    (Column::Close, 4),
    (Column::Volume, 5),
    (Column::Trades, 6),
];

/// Binance's klines: the first six of those, close time, quote volume, trades, and three more.
const BINANCE: [(Column, usize); 7] = [
    (Column::Timestamp, 0),
    (Column::Open, 1),
    (Column::High, 2),
    (Column::Low, 3),
    (Column::Close, 4),
    (Column::Volume, 5),
    (Column::Trades, 8),
];

/// Reads the rows of a CSV file.
///
/// # Errors
/// Where the file is empty, lacks a column, or ends in the middle of its compression.
pub fn read(path: &Path, bytes: impl Read, options: &ReadOptions, mut intake: Intake<'_>) -> Result<()> {
    let mut stamps = StampReader::default();
    // The places of the columns, and the number of fields of the first record.
    let mut form: Option<(Layout, usize)> = None;
    lines::for_each(path, bytes, &Cell::new(usize::MAX), &mut |record| {
        let (layout, fields) = match form {
            Some(form) => form,
            None => {
                let (layout, is_header) = layout(path, &record, options, &mut stamps)?;
                form = Some((layout, record.len()));
                if is_header {
                    return Ok(());
                }
                (layout, record.len())
            }
        };
        let place = || format!("{}, line {}", path.display(), record.line);
        if record.spans_lines() {
            let reason =
                format!("a quote that opens in line {} is not closed in it; mend the line", record.line);
            return Err(Error::content(path, reason));
        }
        if record.len() > fields {
            intake.set_aside(Finding::Fields, place);
            return Ok(());
        }
        intake.row(&row(&record, &layout, &mut stamps), place)
    })?;
    form.map(|_| ()).ok_or_else(|| empty(path))
}

/// Where the columns are, and whether the first record tells so, being a header.
fn layout(
    path: &Path,
    first: &Record<'_>,
    options: &ReadOptions,
    stamps: &mut StampReader,
) -> Result<(Layout, bool)> {
    let is_number = stamps.read(first.text(Some(0))).is_some_and(|stamp| stamp.offset.is_none());
    let (layout, is_header) = match (is_number, first.len()) {
        (true, 7) => (Layout::fixed(&KRAKEN), false),
        (true, 12) => (Layout::fixed(&BINANCE), false),
        // A header that looks like a number is none of ours: the columns will be missing.
        _ => (Layout::find(path, &names(first), options)?, !is_number),
    };
    if layout.place(Column::Symbol).is_none() && options.symbol.is_none() {
        return Err(Error::content(
            path,
            "no column symbol, and no header to find one; import it with --symbol NAME",
        ));
    }
    Ok((layout, is_header))
}

fn row<'a>(record: &Record<'a>, layout: &Layout, stamps: &mut StampReader) -> Row<'a> {
    let field = |column| record.text(layout.place(column));
    let number = |column| decimal::parse(field(column));
    let trades = match field(Column::Trades) {
        "" => Ok(None),
        text => text.parse().map(Some).or_else(|_| text.parse().map_err(|_| ()).and_then(trades_from)),
    };
    Row {
        symbol: layout.place(Column::Symbol).map(|_| field(Column::Symbol)),
        stamp: stamps.read(field(Column::Timestamp)),
        numbers: [Column::Open, Column::High, Column::Low, Column::Close, Column::Volume].map(number),
        trades,
    }
}

/// Hands the text of the column of symbols of each row to `take`.
///
/// # Errors
/// Where the file is empty or has no such column.
pub fn symbols(path: &Path, bytes: impl Read, take: &mut dyn FnMut(&str)) -> Result<()> {
    let mut place = None;
    let fields = Cell::new(usize::MAX);
    lines::for_each(path, bytes, &fields, &mut |record| {
        match place {
            Some(place) => take(record.text(Some(place))),
            None => {
                let found = Column::find_symbol(path, &names(&record))?;
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
        "the file is empty; it must begin with a header line such as symbol,timestamp,open,high,low,close,volume",
    )
}
