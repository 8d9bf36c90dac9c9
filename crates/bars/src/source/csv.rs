//! Bars from CSV: with a header, or one of the two headerless forms that exchanges publish.

use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::clean::Finding;
use crate::error::{Error, Result};
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
    let (mut reader, mut record) = open(path, bytes)?;
    let mut stamps = StampReader::default();
    let numbered =
        stamps.read(&text(record.get(0).unwrap_or_default())).is_some_and(|stamp| stamp.offset.is_none());
    let layout = match (numbered, record.len()) {
        (true, 7) => Layout::fixed(&KRAKEN),
        (true, 12) => Layout::fixed(&BINANCE),
        _ => Layout::find(path, &record.iter().map(text).collect::<Vec<_>>(), options)?,
    };
    if layout.place(Column::Symbol).is_none() && options.symbol.is_none() {
        return Err(Error::content(
            path,
            "no column symbol, and no header to find one; import it with --symbol NAME",
        ));
    }
    let fields = record.len();
    let mut more = numbered || reader.read_byte_record(&mut record).map_err(|e| error(path, e))?;
    while more {
        let field = |column| text_of(&record, layout.place(column));
        let number = |column| field(column).parse().unwrap_or(f64::NAN);
        let trades = match field(Column::Trades) {
            "" => Ok(None),
            text => text.parse().map(Some).or_else(|_| text.parse().map_err(|_| ()).and_then(trades_from)),
        };
        let row = Row {
            symbol: layout.place(Column::Symbol).map(|_| field(Column::Symbol)),
            stamp: stamps.read(field(Column::Timestamp)),
            numbers: [Column::Open, Column::High, Column::Low, Column::Close, Column::Volume].map(number),
            trades,
        };
        let line = record.position().map_or(0, csv::Position::line);
        let place = || format!("{}, line {line}", path.display());
        if record.iter().any(|field| field.contains(&b'\n')) {
            let reason = format!("a quote that opens in line {line} is not closed in it; mend the line");
            return Err(Error::content(path, reason));
        }
        if record.len() > fields {
            intake.set_aside(Finding::Fields, place);
        } else {
            intake.row(&row, place)?;
        }
        more = reader.read_byte_record(&mut record).map_err(|e| error(path, e))?;
    }
    Ok(())
}

/// Hands the text of the column of symbols of each row to `take`.
///
/// # Errors
/// Where the file is empty or has no such column.
pub fn symbols(path: &Path, bytes: impl Read, take: &mut dyn FnMut(&str)) -> Result<()> {
    let (mut reader, mut record) = open(path, bytes)?;
    let place = Column::find_symbol(path, &record.iter().map(text).collect::<Vec<_>>())?;
    while reader.read_byte_record(&mut record).map_err(|e| error(path, e))? {
        take(text_of(&record, Some(place)));
    }
    Ok(())
}

/// A reader, and the file's first record.
fn open<R: Read>(path: &Path, bytes: R) -> Result<(csv::Reader<R>, csv::ByteRecord)> {
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.has_headers(false).flexible(true).buffer_capacity(1 << 17).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    if reader.read_byte_record(&mut record).map_err(|e| error(path, e))? {
        return Ok((reader, record));
    }
    Err(Error::content(
        path,
        "the file is empty; it must begin with a header line such as symbol,timestamp,open,high,low,close,volume",
    ))
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

/// A field without surrounding blanks; empty where it is absent or not UTF-8.
fn text_of(record: &csv::ByteRecord, place: Option<usize>) -> &str {
    place
        .and_then(|place| record.get(place))
        .map_or("", |field| std::str::from_utf8(field).unwrap_or("").trim_ascii())
}

fn error(path: &Path, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            Error::content(path, "the file ends in the middle of its compression; fetch or write it again")
        }
        csv::ErrorKind::Io(e) => Error::io("read", path, e),
        kind => Error::content(path, format!("not readable as CSV: {kind:?}")),
    }
}
