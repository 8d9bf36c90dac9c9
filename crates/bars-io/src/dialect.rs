//! The dialect of a CSV file: the delimiter of its fields and the decimal mark of its numbers.
//!
//! Both are detected from the first bytes. The delimiter is the one that splits the header into the
//! most known columns. A number decides the decimal mark if it can be read in one way only: `0,5`
//! has a decimal comma, `0.5` and `1,234.5` have a decimal point; `1,234` can be either. What
//! remains ambiguous is an error: a guess would be off by a factor of a thousand.

use std::io::{Chain, Cursor, Read};
use std::path::Path;

use bars::rows::named_value;
use bars::{DecimalMark, ReadOptions, excerpt};

use crate::error::{Error, Result};
use crate::{decimal, lines};

/// The first bytes of a file, from which its dialect is detected: some hundred rows.
const HEAD: u64 = 1 << 15;
/// Maximum number of characters of a value in a message.
const MAX_SHOWN: usize = 40;
/// Maximum number of records that are looked at.
const MAX_RECORDS: usize = 200;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter and the decimal mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) decimal: DecimalMark,
}

impl Dialect {
    /// Parses a number; NaN if it is not one in this dialect.
    pub(crate) fn parse(self, text: &str) -> f64 {
        match self.decimal {
            DecimalMark::Point => decimal::parse(text),
            DecimalMark::Comma => decimal::parse_with_comma(text),
        }
    }

    /// Explains why a text is not a number in this dialect; empty if there is nothing to add.
    pub(crate) fn remark(self, text: &str) -> String {
        let (own, other) = match self.decimal {
            DecimalMark::Point => ('.', ','),
            DecimalMark::Comma => (',', '.'),
        };
        let plain = text.replace(other, "");
        if !self.parse(text).is_nan() || !text.contains(other) {
            return String::new();
        }
        match Reading::of(text) {
            Reading::Point | Reading::Comma if !text.contains(own) => match self.decimal {
                DecimalMark::Point => {
                    " (decimal comma, but the file has decimal points)".to_owned()
                }
                DecimalMark::Comma => {
                    " (decimal point, but the file has decimal commas)".to_owned()
                }
            },
            Reading::Unreadable => String::new(),
            _ if plain.len() > MAX_SHOWN || self.parse(&plain).is_nan() => String::new(),
            _ => format!(" (thousands separators; write {plain})"),
        }
    }
}

/// What a header means to the reader that wants it.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The number of columns that it knows.
    pub(crate) known: usize,
    /// The indices of the columns with numbers.
    pub(crate) numbers: Vec<usize>,
}

/// All bytes of a file after its start has been read.
pub(crate) type Replayed<R> = Chain<Cursor<Vec<u8>>, R>;

/// Returns the dialect of a file, and all of its bytes again. `layout` interprets the first record,
/// split into fields.
///
/// # Errors
/// The bytes cannot be read; [`Error::AmbiguousDelimiter`], [`Error::AmbiguousDecimal`].
pub(crate) fn detect<R: Read>(
    path: &Path,
    mut bytes: R,
    options: &ReadOptions,
    layout: &mut dyn FnMut(&[String]) -> Layout,
) -> Result<(Dialect, Replayed<R>)> {
    let mut head = Vec::new();
    let read = bytes.by_ref().take(HEAD).read_to_end(&mut head);
    read.map_err(|e| lines::unreadable(path, e))?;
    let is_whole = (head.len() as u64) < HEAD;
    let dialect = Sample { path, head: &head, is_whole }.dialect(options, layout)?;
    Ok((dialect, Cursor::new(head).chain(bytes)))
}

struct Sample<'a> {
    path: &'a Path,
    head: &'a [u8],
    /// Whether the file ends with the sample.
    is_whole: bool,
}

impl Sample<'_> {
    fn dialect(
        &self,
        options: &ReadOptions,
        layout: &mut dyn FnMut(&[String]) -> Layout,
    ) -> Result<Dialect> {
        let delimiter = match options.delimiter {
            Some(delimiter) => delimiter,
            None => self.delimiter(layout)?,
        };
        let decimal = match options.decimal {
            Some(decimal) => decimal,
            // Without quotes no field of such a file contains a comma.
            None if delimiter == b',' && !self.head.contains(&b'"') => DecimalMark::Point,
            None => self.decimal(delimiter, layout)?,
        };
        Ok(Dialect { delimiter, decimal })
    }

    fn delimiter(&self, layout: &mut dyn FnMut(&[String]) -> Layout) -> Result<u8> {
        let (mut best, mut most) = (Vec::new(), 0);
        for delimiter in DELIMITERS {
            let Some((_, first)) = self.records(delimiter, 1).pop() else {
                continue;
            };
            let known = if first.len() > 1 { layout(&first).known } else { 0 };
            if known > most {
                (best, most) = (vec![delimiter], known);
            } else if known == most && known > 0 {
                best.push(delimiter);
            }
        }
        match best[..] {
            [delimiter] => Ok(delimiter),
            // No column is known: the error shows the columns of the likeliest split.
            [] => Ok(self.most_even().unwrap_or(b',')),
            _ => Err(Error::AmbiguousDelimiter {
                path: self.path.to_owned(),
                candidates: best.into_iter().map(char::from).collect(),
            }),
        }
    }

    /// The delimiter that splits the first two records into most fields, as many in both.
    fn most_even(&self) -> Option<u8> {
        let fields = |delimiter: &u8| {
            let lengths: Vec<usize> =
                self.records(*delimiter, 2).iter().map(|(_, fields)| fields.len()).collect();
            let is_even = lengths.windows(2).all(|pair| pair[0] == pair[1]);
            lengths.first().copied().filter(|&length| is_even && length > 1)
        };
        let even =
            DELIMITERS.into_iter().filter_map(|delimiter| Some((fields(&delimiter)?, delimiter)));
        even.max_by_key(|(length, _)| *length).map(|(_, delimiter)| delimiter)
    }

    fn decimal(
        &self,
        delimiter: u8,
        layout: &mut dyn FnMut(&[String]) -> Layout,
    ) -> Result<DecimalMark> {
        let records = self.records(delimiter, MAX_RECORDS);
        let Some(((_, header), rows)) = records.split_first() else {
            return Ok(DecimalMark::Point);
        };
        let numbers = layout(header).numbers;
        let (mut point, mut comma, mut either) = (None, None, None);
        // Without a header the first record is a row too; a header has no numbers.
        for (line, row) in [&records[0]].into_iter().chain(rows) {
            for &index in &numbers {
                let Some(text) = row.get(index).map(|text| text.trim()) else {
                    continue;
                };
                let seen = match Reading::of(text) {
                    Reading::Point => &mut point,
                    Reading::Comma => &mut comma,
                    Reading::Either => &mut either,
                    Reading::Whole | Reading::Unreadable => continue,
                };
                seen.get_or_insert_with(|| {
                    let name = header.get(index).map_or("", |name| name);
                    (*line, named_value(name, text), text.to_owned())
                });
            }
        }
        let at = |(line, value, _): &(u64, String, String)| format!("line {line}: {value}");
        let values = match (&point, &comma, &either) {
            (Some(point), Some(comma), _) => {
                format!("both decimal points ({}) and decimal commas ({})", at(point), at(comma))
            }
            (_, Some(_), _) => return Ok(DecimalMark::Comma),
            (None, None, Some(either)) => {
                let [fraction, whole] =
                    [".", ""].map(|mark| excerpt(&either.2.replace(',', mark), MAX_SHOWN));
                format!("{} can be {fraction} or {whole}", at(either))
            }
            _ => return Ok(DecimalMark::Point),
        };
        Err(Error::AmbiguousDecimal { path: self.path.to_owned(), values })
    }

    /// The first `count` records with their line numbers, and fields without surrounding blanks.
    fn records(&self, delimiter: u8, count: usize) -> Vec<(u64, Vec<String>)> {
        let mut records = Vec::new();
        let (mut fields, mut field) = (Vec::new(), Vec::new());
        let (mut is_quoted, mut line, mut first_line) = (false, 1, 1);
        let head = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.head);
        let text = |field: &mut Vec<u8>| {
            let text = String::from_utf8_lossy(field).trim().to_owned();
            field.clear();
            text
        };
        let mut end = |fields: &mut Vec<String>, field: &mut Vec<u8>, line: u64| {
            fields.push(text(field));
            let record = std::mem::take(fields);
            if record.len() > 1 || !record[0].is_empty() {
                records.push((line, record));
            }
            records.len()
        };
        for &byte in head {
            match byte {
                b'"' => is_quoted = !is_quoted,
                b'\n' if !is_quoted => {
                    line += 1;
                    if end(&mut fields, &mut field, first_line) == count {
                        return records;
                    }
                    first_line = line;
                }
                _ if byte == delimiter && !is_quoted => fields.push(text(&mut field)),
                _ => {
                    line += u64::from(byte == b'\n');
                    field.push(byte);
                }
            }
        }
        // A record that the sample cuts is not looked at.
        if self.is_whole && (!fields.is_empty() || !field.is_empty()) {
            end(&mut fields, &mut field, first_line);
        }
        records
    }
}

/// How a number can be read.
#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// No decimal mark, no thousands separators.
    Whole,
    /// With a decimal point only.
    Point,
    /// With a decimal comma only.
    Comma,
    /// The comma is a decimal mark or separates thousands.
    Either,
    /// Not a number.
    Unreadable,
}

impl Reading {
    fn of(text: &str) -> Reading {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let is_mark = |c| matches!(c, '.' | ',');
        if !digits.chars().all(|c| c.is_ascii_digit() || is_mark(c))
            || !digits.contains(|c: char| c.is_ascii_digit())
        {
            return Reading::Unreadable;
        }
        let count = |mark: char| digits.matches(mark).count();
        // Groups of three digits after the first, which has one to three and does not begin with 0.
        let is_grouped = |text: &str, mark: char| {
            let mut groups = text.split(mark);
            let first = groups.next().unwrap_or_default();
            (1..=3).contains(&first.len())
                && !first.starts_with('0')
                && groups.all(|group| group.len() == 3)
        };
        match (count(','), count('.')) {
            (0, 0) => Reading::Whole,
            (0, 1) => Reading::Point,
            (1, 0) if is_grouped(digits, ',') => Reading::Either,
            (1, 0) => Reading::Comma,
            (_, 0) if is_grouped(digits, ',') => Reading::Point,
            (0, _) if is_grouped(digits, '.') => Reading::Comma,
            (_, 1) => match digits.rsplit_once('.') {
                Some((whole, rest)) if !rest.contains(',') && is_grouped(whole, ',') => {
                    Reading::Point
                }
                _ if count(',') == 1 => Reading::mixed(digits, is_grouped),
                _ => Reading::Unreadable,
            },
            (1, _) => Reading::mixed(digits, is_grouped),
            _ => Reading::Unreadable,
        }
    }

    /// Thousands separated by points, and a decimal comma.
    fn mixed(digits: &str, is_grouped: impl Fn(&str, char) -> bool) -> Reading {
        match digits.rsplit_once(',') {
            Some((whole, rest)) if !rest.contains('.') && is_grouped(whole, '.') => Reading::Comma,
            _ => Reading::Unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, options: &ReadOptions) -> Result<Dialect> {
        let mut layout = |header: &[String]| Layout {
            known: header.iter().filter(|name| ["a", "b", "c"].contains(&name.as_str())).count(),
            numbers: (1..header.len()).collect(),
        };
        let (dialect, mut rest) =
            detect(Path::new("x.csv"), text.as_bytes(), options, &mut layout)?;
        let mut all = String::new();
        rest.read_to_string(&mut all).unwrap();
        assert_eq!(all, text);
        Ok(dialect)
    }

    #[test]
    fn delimiter_and_decimal_mark_are_detected() {
        use DecimalMark::{Comma, Point};
        for (text, delimiter, decimal) in [
            ("a,b,c\nx,1.5,2\n", b',', Point),
            ("a;b;c\nx;1,5;2\n", b';', Comma),
            ("\u{feff}\"a\";\"b\";\"c\"\r\n\"x\";\"1,5\";2\r\n", b';', Comma),
            ("a;b;c\nx;1.5;2", b';', Point),
            ("a\tb\tc\nx\t0,5\t2\n", b'\t', Comma),
            ("a|b|c\nx|12|1,234.5\n", b'|', Point),
            ("a|b|c\nx|12|1.234,5\n", b'|', Comma),
            ("a,b,c\nx,\"1,5\",2\n", b',', Comma),
            ("a,b,c\nx,\"1,234\",0.5\n", b',', Point),
            ("a,b;b,c\nx,\"1,234\",0.5\n", b',', Point),
            ("a;b;c\n\nx;1,234;0,543\n", b';', Comma),
            ("a\n1,5\n", b',', Point),
            ("x;y;z\n1;2;3\n", b';', Point),
            ("", b',', Point),
        ] {
            let dialect = of(text, &ReadOptions::default()).unwrap();
            assert_eq!(dialect, Dialect { delimiter, decimal }, "{text:?}");
        }
    }

    #[test]
    fn ambiguous_dialects_are_refused() {
        let error = |text| of(text, &ReadOptions::default()).unwrap_err().to_string();
        let either = error("a;b;c\nx;1,234;2\n");
        assert!(either.contains("line 2: b \"1,234\" can be 1.234 or 1234"), "{either}");
        let both = error("a;b;c\nx;1,5;2\nx;1;0.25\n");
        assert!(
            both.contains("points (line 3: c \"0.25\") and decimal commas (line 2: b \"1,5\")")
        );
        let delimiters = error("a,x;b\n1,2;3\n");
        assert!(delimiters.contains("\",\" or \";\""), "{delimiters}");
        let options = ReadOptions {
            delimiter: Some(b';'),
            decimal: Some(DecimalMark::Comma),
            ..ReadOptions::default()
        };
        assert_eq!(of("a;b;c\nx;1,234;2.5\n", &options).unwrap().decimal, DecimalMark::Comma);
        assert_eq!(of("a,x;b\n1,2;3\n", &options).unwrap().delimiter, b';');
    }

    #[test]
    fn remarks_name_thousands_separators() {
        let point = Dialect { delimiter: b',', decimal: DecimalMark::Point };
        let comma = Dialect { decimal: DecimalMark::Comma, ..point };
        assert_eq!(point.remark("1,234.5"), " (thousands separators; write 1234.5)");
        assert_eq!(point.remark("1,234"), " (thousands separators; write 1234)");
        assert_eq!(comma.remark("1.234,5"), " (thousands separators; write 1234,5)");
        assert!(point.remark("1,5").contains("decimal comma"));
        assert!(comma.remark("1.5").contains("decimal point"));
        for (dialect, text) in [(point, "0"), (point, "x"), (point, "1,2,3"), (comma, "1,5")] {
            assert_eq!(dialect.remark(text), "", "{text}");
        }
        assert_eq!((comma.parse("1,5"), comma.parse("-1e3"), comma.parse("7")), (1.5, -1e3, 7.0));
        assert!(comma.parse("1.5").is_nan() && comma.parse("1,5,0").is_nan());
    }
}
