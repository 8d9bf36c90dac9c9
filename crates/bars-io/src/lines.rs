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

/// Maximum length of a line in bytes; a bar takes about a hundred. Without a limit, one line of a
/// small compressed file could take all memory.
pub(super) const MAX_LINE: usize = 1 << 20;

/// Maximum number of fields of a line.
pub(super) const MAX_FIELDS: usize = 1 << 16;

/// Size of the buffer of the `csv` crate.
const QUOTED_BUFFER: usize = 1 << 17;

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
}

/// A callback that receives a record.
pub(super) type Take<'a> = &'a mut dyn FnMut(Record<'_>) -> Result<()>;

/// Passes the records of `bytes`, with fields separated by `delimiter`, to `take`, including the
/// header; blank lines are skipped. Only the first `fields` fields of a record need to be split;
/// `take` may lower that once it knows the header.
///
/// # Errors
/// Those of `take`; the bytes cannot be read or are not CSV; a quote is not closed; a line is longer than [`MAX_LINE`] or
/// has more than [`MAX_FIELDS`] fields.
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
        if carry.len() + first > MAX_LINE + 1 {
            return Err(too_long(path, line + 1));
        }
        carry.extend_from_slice(&block[..first]);
        if carry.last() == Some(&b'\n') || (is_last && !carry.is_empty()) {
            line += 1;
            let text = carry.strip_suffix(b"\n").unwrap_or(&carry);
            let split = (delimiter, fields.get());
            plain(path, text, std::str::from_utf8(text).ok(), &mut ends, line, split, take)?;
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
            plain(path, &lines[start..end], text, &mut ends, line, split, take)?;
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
    path: &Path,
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
        return plain(path, &bytes[BOM.len()..], text, ends, 0, (delimiter, fields), take);
    }
    if bytes.is_empty() {
        return Ok(());
    }
    ends.clear();
    // One more than allowed, so that the excess is noticed.
    ends.extend(memchr::memchr_iter(delimiter, bytes).take(fields.min(MAX_FIELDS + 1)));
    if ends.len() < fields {
        ends.push(bytes.len());
    }
    if ends.len() > MAX_FIELDS {
        return Err(too_many_fields(path, line.max(1)));
    }
    take(Record { bytes, text, ends, gap: 1, line: line.max(1) })
}

/// Reads the rest of a file with quotes; `before` lines precede it.
fn quoted(path: &Path, bytes: impl Read, delimiter: u8, before: u64, take: Take<'_>) -> Result<()> {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(QUOTED_BUFFER);
    let left = Cell::new(0);
    let mut reader = builder.from_reader(Limited { bytes, left: &left });
    let (mut record, mut ends) = (csv::ByteRecord::new(), Vec::new());
    loop {
        // A part of the next record may already be in the buffer.
        left.set(MAX_LINE + QUOTED_BUFFER);
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(_) if left.get() == 0 => {
                return Err(too_long(path, before + reader.position().line()));
            }
            Err(error) => return Err(not_csv(path, error)),
        }
        ends.clear();
        ends.extend(
            (0..record.len()).filter_map(|place| record.range(place)).map(|range| range.end),
        );
        let line = before + record.position().map_or(0, csv::Position::line);
        if ends.len() > MAX_FIELDS {
            return Err(too_many_fields(path, line));
        }
        let bytes = record.as_slice();
        // A field with a line end would hide the rows up to the next quote.
        if memchr::memchr2(b'\n', b'\r', bytes).is_some() {
            let reason = format!(
                "line {line}: a quote is not closed, or a quoted text contains a line end; close it, or remove the line end"
            );
            return Err(Error::content(path, reason));
        }
        take(Record { bytes, text: std::str::from_utf8(bytes).ok(), ends: &ends, gap: 0, line })?;
    }
}

/// A reader that fails after a number of bytes.
struct Limited<'a, R> {
    bytes: R,
    left: &'a Cell<usize>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(self.left.get());
        if length == 0 {
            return Err(io::Error::other("the line is too long"));
        }
        let read = self.bytes.read(&mut into[..length])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

fn too_long(path: &Path, line: u64) -> Error {
    let reason = format!(
        "line {line} is longer than 1 MiB (not lines of bars, or a quote is not closed); give a CSV file"
    );
    Error::content(path, reason)
}

fn too_many_fields(path: &Path, line: u64) -> Error {
    let reason = format!("line {line} has more than {MAX_FIELDS} fields; give a CSV file of bars");
    Error::content(path, reason)
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
    // The decompressors only distinguish these by their messages.
    let reason = error.to_string();
    if reason.contains("too much memory for decoding") {
        let reason = "compressed with a window of more than 128 MiB; decompress it first (zstd -d --long=31)";
        return Error::content(path, reason);
    }
    if reason == "invalid gzip header" {
        let reason =
            "something else than gzip follows the compressed data; decompress it first (gzip -d)";
        return Error::content(path, reason);
    }
    Error::io("read", path, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Records = Vec<(u64, Vec<Vec<u8>>)>;

    fn records(bytes: impl Read) -> Records {
        try_records(bytes).unwrap()
    }

    fn try_records(bytes: impl Read) -> Result<Records> {
        let mut all = Vec::new();
        for_each(Path::new("x"), bytes, b',', &Cell::new(usize::MAX), &mut |record| {
            let fields =
                (0..record.len()).map(|place| record.get(place).unwrap().to_vec()).collect();
            assert_eq!(record.get(record.len()), None);
            all.push((record.line, fields));
            Ok(())
        })?;
        Ok(all)
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
        /// Equals the `csv` crate, whatever the buffer contains; quotes may come late. A line end within
        /// quotes is an error.
        #[test]
        fn records_are_those_of_csv(text in "[ab,,\n\n]{0,40}([ab,\"\r\n]{0,12})?", drop in 1_usize..20) {
            let mut expected = Vec::new();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let mut record = csv::ByteRecord::new();
            while reader.read_byte_record(&mut record).unwrap() {
                expected.push(record.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
            }
            let spans_lines = expected.iter().flatten().any(|field| field.contains(&b'\n') || field.contains(&b'\r'));
            let got = try_records(Drops(text.as_bytes(), drop));
            prop_assert_eq!(got.is_err(), spans_lines);
            let got = got.unwrap_or_default();
            let expected = if spans_lines { Vec::new() } else { expected };
            prop_assert_eq!(got.iter().map(|record| record.1.clone()).collect::<Vec<_>>(), expected);
        }
    }

    /// Counts the bytes that are read.
    struct Counted<'a, R>(R, &'a Cell<usize>);

    impl<R: Read> Read for Counted<'_, R> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(into)?;
            self.1.set(self.1.get() + read);
            Ok(read)
        }
    }

    /// Returns the error of `start`, then `byte` forever, and the number of bytes read.
    fn error_of_bomb(start: &str, byte: u8) -> (String, usize) {
        let count = Cell::new(0);
        let endless = Cursor::new(start).chain(io::repeat(byte).take(64 << 20));
        let bytes = Counted(endless, &count);
        let fields = Cell::new(usize::MAX);
        let result = for_each(Path::new("x"), bytes, b',', &fields, &mut |_| Ok(()));
        (result.map(|()| "no error".to_owned()).unwrap_or_else(|e| e.to_string()), count.get())
    }

    #[test]
    fn long_lines_and_many_fields_end_early() {
        for (start, byte, line) in [
            ("", b'0', 1),
            ("", b',', 1),
            ("", 0, 1),
            ("a,b\n", b' ', 2),
            ("a,\"b\"\n", b'0', 2),
            ("a,b\n1,\"", b'x', 2),
            ("a,b\r\n", b',', 2),
        ] {
            let (error, count) = error_of_bomb(start, byte);
            assert!(error.contains(&format!("x: line {line} is longer than 1 MiB")), "{error}");
            assert!(count <= 2 * MAX_LINE, "{count} bytes were read");
        }
        let fields = |n: usize, end: &str| {
            let text = ",".repeat(n - 1) + end;
            let mut found = 0;
            let result =
                for_each(Path::new("x"), text.as_bytes(), b',', &Cell::new(usize::MAX), &mut |r| {
                    found = r.len();
                    Ok(())
                });
            (found, result.map_err(|e| e.to_string()))
        };
        for end in ["", "\n", "\"\"", "\r\n"] {
            assert_eq!(fields(MAX_FIELDS, end), (MAX_FIELDS, Ok(())), "{end:?}");
            let (found, result) = fields(MAX_FIELDS + 1, end);
            let error = result.unwrap_err();
            assert!(found == 0 && error.contains("line 1 has more than 65536 fields"), "{error}");
        }
    }

    #[test]
    fn lines_up_to_the_limit_are_read() {
        for quote in ["", "\""] {
            let field = "x".repeat(MAX_LINE - 2 - 2 * quote.len());
            let text = format!("{quote}{field}{quote},b\n").repeat(3);
            let all = records(text.as_bytes());
            assert_eq!(all.len(), 3);
            assert!(all.iter().all(|(_, fields)| fields[0] == field.as_bytes()));
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
