//! CSV records, one at a time.
//!
//! Most bar files are plain: no quotes, and lines end with a line feed. Those are split here, on
//! slices of the buffer. From the first quote or carriage return on, the `csv` crate reads the
//! rest.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::ops::Range;
use std::path::Path;

use crate::error::{Error, Result};

/// The byte order mark that some programs write before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A record: its fields, and its first line number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    bytes: &'a [u8],
    /// The record as text if all of it is UTF-8; checked at once, because checking short pieces is
    /// slow.
    text: Option<&'a str>,
    ends: &'a [usize],
    /// 1 if fields are separated by a byte, 0 if they are adjacent.
    gap: usize,
    /// Line number, from 1.
    pub(super) line: u64,
}

impl<'a> Record<'a> {
    /// The number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn range(&self, place: usize) -> Option<Range<usize>> {
        let start = if place == 0 { 0 } else { self.ends.get(place - 1)? + self.gap };
        Some(start..*self.ends.get(place)?)
    }

    /// Returns a field's bytes, or `None` past the last.
    pub(super) fn get(&self, place: usize) -> Option<&'a [u8]> {
        self.bytes.get(self.range(place)?)
    }

    /// Returns a field without surrounding blanks; empty if it is missing or not UTF-8.
    pub(super) fn text(&self, place: Option<usize>) -> &'a str {
        let range = place.and_then(|place| self.range(place));
        let field = range.and_then(|range| match self.text {
            Some(text) => text.get(range),
            None => std::str::from_utf8(self.bytes.get(range)?).ok(),
        });
        field.unwrap_or("").trim_ascii()
    }

    /// Returns whether a field contains a line feed, which means that it was quoted.
    pub(super) fn spans_lines(&self) -> bool {
        self.gap == 0 && self.bytes.contains(&b'\n')
    }
}

/// A callback that receives a record.
pub(super) type Take<'a> = &'a mut dyn FnMut(Record<'_>) -> Result<()>;

/// Passes the records of `bytes`, with fields separated by `delimiter`, to `take`, including the
/// header; blank lines are skipped. Only the first `fields` fields of a record need to be split;
/// `take` may lower that once it knows the header.
///
/// # Errors
/// Those of `take`; the bytes cannot be read or are not CSV.
pub(super) fn for_each(
    path: &Path,
    bytes: impl Read,
    delimiter: u8,
    fields: &Cell<usize>,
    take: Take<'_>,
) -> Result<()> {
    let mut reader = BufReader::with_capacity(1 << 18, bytes);
    let mut ends = Vec::new();
    // The start of a line that ends in the next buffer.
    let mut carry: Vec<u8> = Vec::new();
    let mut line = 0;
    loop {
        let block = reader.fill_buf().map_err(|e| unreadable(path, e))?;
        if memchr::memchr2(b'"', b'\r', block).is_some() {
            return quoted(path, Cursor::new(carry).chain(reader), delimiter, line, take);
        }
        let is_last = block.is_empty();
        // The first line, joined with the carried start; the other lines are slices of the buffer.
        let first = memchr::memchr(b'\n', block).map_or(block.len(), |end| end + 1);
        carry.extend_from_slice(&block[..first]);
        if carry.last() == Some(&b'\n') || (is_last && !carry.is_empty()) {
            line += 1;
            let text = carry.strip_suffix(b"\n").unwrap_or(&carry);
            let split = (delimiter, fields.get());
            plain(text, std::str::from_utf8(text).ok(), &mut ends, line, split, take)?;
            carry.clear();
        }
        let whole = memchr::memrchr(b'\n', block).map_or(first, |end| end + 1);
        let lines = &block[first..whole];
        let text = std::str::from_utf8(lines).ok();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            line += 1;
            let text = text.and_then(|text| text.get(start..end));
            let split = (delimiter, fields.get());
            plain(&lines[start..end], text, &mut ends, line, split, take)?;
            start = end + 1;
        }
        carry.extend_from_slice(&block[whole..]);
        if is_last {
            return Ok(());
        }
        let length = block.len();
        reader.consume(length);
    }
}

/// A line without quotes: split at the delimiter into at most a number of fields.
fn plain(
    bytes: &[u8],
    text: Option<&str>,
    ends: &mut Vec<usize>,
    line: u64,
    (delimiter, fields): (u8, usize),
    take: Take<'_>,
) -> Result<()> {
    // A byte order mark is not part of the first field.
    if line == 1 && bytes.starts_with(BOM) {
        let text = text.and_then(|text| text.get(BOM.len()..));
        return plain(&bytes[BOM.len()..], text, ends, 0, (delimiter, fields), take);
    }
    if bytes.is_empty() {
        return Ok(());
    }
    ends.clear();
    ends.extend(memchr::memchr_iter(delimiter, bytes).take(fields));
    if ends.len() < fields {
        ends.push(bytes.len());
    }
    take(Record { bytes, text, ends, gap: 1, line: line.max(1) })
}

/// Reads the rest of a file with quotes; `before` lines precede it.
fn quoted(path: &Path, bytes: impl Read, delimiter: u8, before: u64, take: Take<'_>) -> Result<()> {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(1 << 17);
    let mut reader = builder.from_reader(bytes);
    let (mut record, mut ends) = (csv::ByteRecord::new(), Vec::new());
    while reader.read_byte_record(&mut record).map_err(|e| not_csv(path, e))? {
        ends.clear();
        ends.extend(
            (0..record.len()).filter_map(|place| record.range(place)).map(|range| range.end),
        );
        let line = before + record.position().map_or(0, csv::Position::line);
        let bytes = record.as_slice();
        take(Record { bytes, text: std::str::from_utf8(bytes).ok(), ends: &ends, gap: 0, line })?;
    }
    Ok(())
}

fn not_csv(path: &Path, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(e) => unreadable(path, e),
        kind => Error::content(path, format!("not valid CSV: {kind:?}")),
    }
}

pub(super) fn unreadable(path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Error::content(path, "truncated compressed file; download or write it again");
    }
    Error::io("read", path, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records(bytes: impl Read) -> Vec<(u64, Vec<Vec<u8>>)> {
        let mut all = Vec::new();
        for_each(Path::new("x"), bytes, b',', &Cell::new(usize::MAX), &mut |record| {
            let fields =
                (0..record.len()).map(|place| record.get(place).unwrap().to_vec()).collect();
            assert_eq!(record.get(record.len()), None);
            all.push((record.line, fields));
            Ok(())
        })
        .unwrap();
        all
    }

    /// A reader that returns a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(into.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    proptest! {
        /// Equals the `csv` crate, whatever the buffer contains; quotes may come late.
        #[test]
        fn records_are_those_of_csv(text in "[ab,,\n\n]{0,40}([ab,\"\r\n]{0,12})?", drop in 1_usize..20) {
            let mut expected = Vec::new();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let mut record = csv::ByteRecord::new();
            while reader.read_byte_record(&mut record).unwrap() {
                expected.push(record.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
            }
            let got = records(Drops(text.as_bytes(), drop));
            prop_assert_eq!(got.iter().map(|record| record.1.clone()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn lines_are_counted() {
        // (After a blank line the `csv` crate reports the line of the blank.)
        let text = b"a,b\n1,2\n\"x\",3\n4,5";
        for drop in [4, 100] {
            let lines: Vec<u64> =
                records(Drops(text, drop)).iter().map(|record| record.0).collect();
            assert_eq!(lines, [1, 2, 3, 4], "{drop}");
        }
    }

    #[test]
    fn byte_order_mark_is_skipped() {
        for text in [&b"\xef\xbb\xbfa,b\n1,2\n"[..], b"\xef\xbb\xbf\"a\",b\r\n1,2\n"] {
            let fields: Vec<_> = records(text).into_iter().map(|record| record.1).collect();
            assert_eq!(fields, [[b"a", b"b"], [b"1", b"2"]]);
        }
    }

    #[test]
    fn only_the_needed_fields_are_split() {
        let record = |record: Record<'_>| {
            assert_eq!((record.len(), record.text(Some(0)), record.text(Some(1))), (1, "ab", ""));
            Ok(())
        };
        let text = &b"ab,c\n ab ,\n"[..];
        for_each(Path::new("x"), text, b',', &Cell::new(1), &mut { record }).unwrap();
    }
}
