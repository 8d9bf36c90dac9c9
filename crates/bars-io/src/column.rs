//! Reads one numeric column of a CSV or Parquet file, grouped by symbol if the file has a symbol
//! column.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::DataType;

use crate::decode::ParquetFile;
use crate::dialect::{self, Layout};
use crate::error::{Error, Result};
use crate::reader::OpenFile;
use crate::{lines, parquet as parquet_bars};
use bars::rows::{BarColumn, header_excerpt};
use bars::{ReadOptions, Symbol, excerpt};

/// Maximum number of characters of a value in a message.
const MAX_SHOWN: usize = 40;

/// Maximum number of rows: 127 years of minutes. A small compressed file can hold any number.
const MAX_ROWS: u64 = 1 << 26;

/// Rows that any file may have: 31 years of minutes.
const FREE_ROWS: u64 = 1 << 24;

/// Rows per byte of a larger file.
const ROWS_PER_BYTE: u64 = 4;

/// The numbers of a column, in the order of the file's rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// The numbers; NaN if missing.
    pub values: Vec<f64>,
    /// Row numbers in the file, from 1, without the header.
    pub rows: Vec<u64>,
}

/// A numeric column of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbered {
    /// The file has no symbol column.
    One(Numbers),
    /// One group per symbol, ordered by first row.
    BySymbol(Vec<(Symbol, Numbers)>),
}

/// Reads the column `name` (ignoring case) of a CSV (with a header, plain or compressed) or Parquet
/// file.
///
/// # Errors
/// The file is missing or damaged, or has no such column; the column is not numeric; there are more
/// than 67,108,864 rows, or more than 16,777,216 and more than 4 per byte of the file.
pub fn read(path: &Path, name: &str) -> Result<Numbered> {
    let mut gathered = Gathered::default();
    let max_rows = |size: u64| size.saturating_mul(ROWS_PER_BYTE).clamp(FREE_ROWS, MAX_ROWS);
    match OpenFile::at(path, &|_| {})? {
        OpenFile::Parquet(file, size) => {
            gathered.max_rows = max_rows(size);
            of_parquet(path, file, name, &mut gathered)?;
        }
        OpenFile::Csv(bytes, size) => {
            gathered.max_rows = max_rows(size);
            of_csv(path, bytes, name, &mut gathered)?;
        }
    }
    Ok(if gathered.has_symbols {
        Numbered::BySymbol(gathered.groups)
    } else {
        Numbered::One(gathered.groups.pop().map(|(_, numbers)| numbers).unwrap_or_default())
    })
}

#[derive(Default)]
struct Gathered {
    has_symbols: bool,
    groups: Vec<(Symbol, Numbers)>,
    places: HashMap<String, usize>,
    row: u64,
    max_rows: u64,
}

impl Gathered {
    fn push(&mut self, path: &Path, symbol: Option<&str>, value: f64) -> Result<()> {
        self.row += 1;
        if self.row > self.max_rows {
            let reason = format!("has more than {} rows; give a part of it", self.max_rows);
            return Err(Error::content(path, reason));
        }
        // The only group of a file without symbols needs a key.
        let key = symbol.unwrap_or("-");
        let place = match self.places.get(key) {
            Some(&place) => place,
            None => {
                let symbol = key.parse().map_err(|_| {
                    let reason = format!("row {}: missing or invalid symbol", self.row);
                    Error::content(path, reason)
                })?;
                self.groups.push((symbol, Numbers::default()));
                self.places.insert(key.to_owned(), self.groups.len() - 1);
                self.groups.len() - 1
            }
        };
        let numbers = &mut self.groups[place].1;
        numbers.values.push(value);
        numbers.rows.push(self.row);
        Ok(())
    }
}

/// Returns the indices of the column and of the symbol column in a header.
fn places(path: &Path, header: &[String], name: &str) -> Result<(usize, Option<usize>)> {
    let alike: Vec<usize> = (0..header.len())
        .filter(|&i| header[i].trim().eq_ignore_ascii_case(name) && !name.is_empty())
        .collect();
    let exact: Vec<usize> = alike.iter().copied().filter(|&i| header[i].trim() == name).collect();
    match (&exact[..], &alike[..]) {
        ([place], _) | ([], [place]) => Ok((*place, BarColumn::Symbol.find(header))),
        ([], []) => Err(Error::content(
            path,
            format!("no column \"{name}\" (found: {})", header_excerpt(header)),
        )),
        _ => Err(Error::content(
            path,
            format!("several columns are named \"{name}\"; rename all but one"),
        )),
    }
}

fn of_csv(
    path: &Path,
    bytes: Box<dyn Read + '_>,
    name: &str,
    gathered: &mut Gathered,
) -> Result<()> {
    let mut layout = |header: &[String]| {
        let numbers: Vec<usize> =
            (0..header.len()).filter(|&i| header[i].eq_ignore_ascii_case(name)).collect();
        let known = numbers.len() + usize::from(BarColumn::Symbol.find(header).is_some());
        Layout { known, numbers }
    };
    let (dialect, bytes) = dialect::detect(path, bytes, &ReadOptions::default(), &mut layout)?;
    let mut form = None;
    // The `csv` crate skips blank lines, but in a file with one column they are missing values.
    let (mut fields, mut line) = (0, 0);
    lines::for_each(path, bytes, dialect.delimiter, &Cell::new(usize::MAX), &mut |record| {
        let Some((number, symbol)) = form else {
            let header: Vec<String> =
                (0..record.len()).map(|i| record.text(Some(i)).to_owned()).collect();
            let places = places(path, &header, name)?;
            gathered.has_symbols = places.1.is_some();
            (fields, line) = (record.len(), record.line);
            form = Some(places);
            return Ok(());
        };
        for _ in line + 1..if fields == 1 { record.line } else { 0 } {
            gathered.push(path, None, f64::NAN)?;
        }
        line = record.line;
        if record.len() > fields {
            let reason =
                format!("line {line} has {} fields, but the header has {fields}", record.len());
            return Err(Error::content(path, reason));
        }
        let text = record.text(Some(number));
        let value = dialect.parse(text);
        let is_missing = ["", "nan", "null", "na", "n/a", "none"]
            .iter()
            .any(|none| text.eq_ignore_ascii_case(none));
        if value.is_nan() && !is_missing {
            let reason = format!(
                "line {}: \"{}\" in column \"{name}\" is not a number",
                record.line,
                excerpt(text, MAX_SHOWN)
            );
            return Err(Error::content(path, reason));
        }
        gathered.push(path, symbol.map(|place| record.text(Some(place))), value)
    })?;
    form.map(|_| ()).ok_or_else(|| {
        Error::content(path, format!("empty file; expected a header with \"{name}\" and rows"))
    })
}

fn of_parquet(path: &Path, file: File, name: &str, gathered: &mut Gathered) -> Result<()> {
    let damaged = |e: String| parquet_bars::damaged(path, e);
    let undecodable = |e| parquet_bars::undecodable(path, e);
    let parquet = ParquetFile::open(file).map_err(undecodable)?;
    let header = parquet.names();
    let (number, symbol) = places(path, &header, name)?;
    gathered.has_symbols = symbol.is_some();
    let wanted: Vec<usize> = [number].into_iter().chain(symbol).collect();
    for batch in parquet.columns(&wanted).map_err(undecodable)? {
        let batch = batch.map_err(undecodable)?;
        let column = |place: usize| {
            batch.column_by_name(&header[place]).ok_or_else(|| damaged("missing column".into()))
        };
        let values = column(number)?;
        let kind = values.data_type().clone();
        let not_numbers =
            || Error::content(path, format!("column \"{name}\" of type {kind} is not numeric"));
        if !(kind.is_numeric() || kind == DataType::Utf8 || kind == DataType::LargeUtf8) {
            return Err(not_numbers());
        }
        // A text that is not a number is an error, not a missing value.
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let numbers =
            cast_with_options(values, &DataType::Float64, &strict).map_err(|_| not_numbers())?;
        let numbers = numbers.as_primitive::<Float64Type>();
        let symbols = symbol.map(column).transpose()?;
        let symbols = symbols
            .map(|array| cast(array, &DataType::Utf8).map_err(|e| damaged(e.to_string())))
            .transpose()?;
        let texts = symbols.as_ref().map(|array| array.as_string::<i32>());
        for i in 0..batch.num_rows() {
            let value = if numbers.is_valid(i) { numbers.value(i) } else { f64::NAN };
            let symbol = texts.map(|texts| if texts.is_valid(i) { texts.value(i) } else { "" });
            gathered.push(path, symbol, value)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    #[test]
    fn numeric_columns_are_read() {
        let file = file("when,Height\n1,2.5\n2,\n3,1e3\n");
        let Ok(Numbered::One(numbers)) = read(file.path(), "height") else { panic!("one series") };
        assert_eq!((numbers.values[0], numbers.values[2], numbers.rows), (2.5, 1e3, vec![1, 2, 3]));
        assert!(numbers.values[1].is_nan());
    }

    #[test]
    fn blank_lines_are_missing_values() {
        let file = file("close\n1\n\n\n2\n\n");
        let Ok(Numbered::One(numbers)) = read(file.path(), "close") else { panic!("one series") };
        assert_eq!((numbers.values.len(), numbers.values[3]), (4, 2.0));
        assert!(numbers.values[1].is_nan() && numbers.values[2].is_nan());
    }

    #[test]
    fn groups_are_in_order_of_first_rows() {
        let file = file("symbol,close\nB,1\nA,2\nB,3\n");
        let Ok(Numbered::BySymbol(groups)) = read(file.path(), "close") else {
            panic!("by symbol")
        };
        let seen: Vec<_> = groups
            .iter()
            .map(|(symbol, n)| (symbol.as_str(), n.values.clone(), n.rows.clone()))
            .collect();
        assert_eq!(seen, [("B", vec![1.0, 3.0], vec![1, 3]), ("A", vec![2.0], vec![2])]);
    }

    #[test]
    fn errors_name_row_and_column() {
        let message = |text: &str| {
            read(file(text).path(), "close").err().map(|e| e.to_string()).unwrap_or_default()
        };
        assert!(message("a,b\n1,2\n").contains("no column \"close\" (found: a, b)"));
        assert!(message("close\n1,5\n").contains("line 2 has 2 fields, but the header has 1"));
        assert!(message("close,close\n1,5\n").contains("several columns are named \"close\""));
        assert!(message("").contains("empty"));
        assert!(
            message("close\nhigh\n").contains("line 2: \"high\""),
            "{}",
            message("close\nhigh\n")
        );
    }
}
