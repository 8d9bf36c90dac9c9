//! Page headers of a Parquet file, read before the pages are decoded.
//!
//! A header states the size of the decompressed page, for which the decoder allocates memory. Only
//! the short form of fields is accepted, which every writer uses: what is read here is then what the
//! decoder reads.

use crate::decode_error::DecodeError;
use crate::thrift::{Stop, byte, skip_value, varint};

/// Bytes of a header that are read at first; most headers are shorter.
const FIRST_READ: u64 = 256;

/// Maximum size of a header; long ones have statistics with long texts.
const MAX_HEADER: u64 = 1 << 20;

/// Thrift's type of a 32-bit integer, and of a structure.
const INT: u8 = 5;
const STRUCT: u8 = 12;

/// The kind of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PageKind {
    /// Values.
    #[default]
    Data,
    /// Nothing that is read.
    Index,
    /// The distinct values of the following pages.
    Dictionary,
    /// Values, with levels that are not compressed.
    DataV2,
}

/// Values of a page and their encoding.
#[derive(Clone, Copy, Debug, Default)]
struct Content {
    values: u32,
    encoding: u32,
    /// Bytes of levels before the compressed values, in pages of version 2.
    levels: u64,
    is_plain: bool,
}

/// The header of a page.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageHeader {
    pub(crate) kind: PageKind,
    /// Size in the file.
    pub(crate) compressed: u32,
    /// Stated size after decompression.
    pub(crate) decompressed: u32,
    content: Content,
}

impl PageHeader {
    /// Stated number of values, including nulls.
    pub(crate) fn values(&self) -> u32 {
        self.content.values
    }

    /// The number of the encoding in Parquet's specification.
    pub(crate) fn encoding(&self) -> u32 {
        self.content.encoding
    }

    /// Where the compressed bytes begin within the page; `None` if the page is not compressed.
    pub(crate) fn compressed_from(&self) -> Option<u64> {
        (!self.content.is_plain).then_some(self.content.levels)
    }

    /// Parses the header at the start of `bytes`; also returns its length.
    fn parse(bytes: &[u8]) -> Result<(PageHeader, usize), Stop> {
        let mut header = PageHeader::default();
        let mut contents = [Content::default(); 3];
        let mut kind = None;
        let mut rest = bytes;
        each_field(&mut rest, |id, form, bytes| {
            match id {
                1 => kind = Some(int(form, bytes)?),
                2 => header.decompressed = int(form, bytes)?,
                3 => header.compressed = int(form, bytes)?,
                5 => contents[0] = content(form, bytes, false)?,
                7 => contents[1] = content(form, bytes, false)?,
                8 => contents[2] = content(form, bytes, true)?,
                _ => skip_field(form, bytes)?,
            }
            Ok(())
        })?;
        (header.kind, header.content) = match kind {
            Some(0) => (PageKind::Data, contents[0]),
            Some(1) => (PageKind::Index, Content::default()),
            Some(2) => (PageKind::Dictionary, contents[1]),
            Some(3) => (PageKind::DataV2, contents[2]),
            _ => return Err(Stop::Damaged),
        };
        Ok((header, bytes.len() - rest.len()))
    }
}

type Take<'a> = &'a mut dyn FnMut(u8, u8, &mut &[u8]) -> Result<(), Stop>;

/// Passes id and type of each field of a structure to `take`, which reads its value.
fn each_field(
    bytes: &mut &[u8],
    mut take: impl FnMut(u8, u8, &mut &[u8]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let take: Take<'_> = &mut take;
    let mut id = 0_u8;
    loop {
        let header = byte(bytes)?;
        if header == 0 {
            return Ok(());
        }
        let step = header >> 4;
        id = id.checked_add(step).filter(|_| step > 0).ok_or(Stop::Damaged)?;
        take(id, header & 0x0f, bytes)?;
    }
}

fn skip_field(form: u8, bytes: &mut &[u8]) -> Result<(), Stop> {
    match form {
        // A boolean is in the header of its field.
        1 | 2 => Ok(()),
        form => skip_value(bytes, form, 0),
    }
}

/// Reads a 32-bit integer that is not negative.
fn int(form: u8, bytes: &mut &[u8]) -> Result<u32, Stop> {
    if form != INT {
        return Err(Stop::Damaged);
    }
    let zigzag = varint(bytes)?;
    let value = i32::try_from(zigzag >> 1).ok().filter(|_| zigzag & 1 == 0);
    value.map(i32::cast_unsigned).ok_or(Stop::Damaged)
}

/// Reads the part of a header that depends on the kind of the page.
fn content(form: u8, bytes: &mut &[u8], is_v2: bool) -> Result<Content, Stop> {
    if form != STRUCT {
        return Err(Stop::Damaged);
    }
    let mut content = Content::default();
    each_field(bytes, |id, form, bytes| {
        match (id, is_v2) {
            (1, _) => content.values = int(form, bytes)?,
            (2, false) | (4, true) => content.encoding = int(form, bytes)?,
            (5 | 6, true) => content.levels += u64::from(int(form, bytes)?),
            (7, true) => content.is_plain = form == 2,
            _ => skip_field(form, bytes)?,
        }
        Ok(())
    })?;
    Ok(content)
}

/// Passes the header of each page of a column chunk to `visit`, with the position of the page's
/// content. `read` returns a number of bytes at a position of the file.
///
/// # Errors
/// The chunk cannot be read, or a header is damaged; what `visit` returns.
pub(crate) fn each_page(
    (start, length): (u64, u64),
    read: &mut dyn FnMut(u64, u64) -> Result<Vec<u8>, DecodeError>,
    visit: &mut dyn FnMut(&PageHeader, u64) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let damaged = || DecodeError::Damaged("a page header is damaged".to_owned());
    let end = start.checked_add(length).ok_or_else(damaged)?;
    let mut at = start;
    while at < end {
        let left = end - at;
        let parsed = match PageHeader::parse(&read(at, left.min(FIRST_READ))?) {
            Err(_) if left > FIRST_READ => PageHeader::parse(&read(at, left.min(MAX_HEADER))?),
            parsed => parsed,
        };
        let (header, length) = parsed.map_err(|_| damaged())?;
        let from = at + length as u64;
        at = from + u64::from(header.compressed);
        if at > end {
            return Err(damaged());
        }
        visit(&header, from)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page of 1,000 bytes, 300 in the file, with 7 dictionary indices.
    const HEADER: [u8; 17] = [
        0x15, 0x00, 0x15, 0xd0, 0x0f, 0x15, 0xd8, 0x04, 0x2c, 0x15, 0x0e, 0x15, 0x10, 0x15, 0x06,
        0x00, 0x00,
    ];

    fn parse(bytes: &[u8]) -> Option<(PageHeader, usize)> {
        PageHeader::parse(bytes).ok()
    }

    #[test]
    fn headers_are_parsed() {
        let (header, length) = parse(&[&HEADER[..], &[1, 2, 3]].concat()).unwrap();
        assert_eq!((header.kind, length), (PageKind::Data, HEADER.len()));
        assert_eq!((header.compressed, header.decompressed), (300, 1000));
        assert_eq!((header.values(), header.encoding()), (7, 8));
        for end in 0..HEADER.len() {
            assert!(parse(&HEADER[..end]).is_none(), "{end}");
        }
    }

    #[test]
    fn unusual_forms_are_refused() {
        // A field with a full id, and an end that only some parsers accept.
        assert!(parse(&[0x05, 0x02, 0x00, 0x00]).is_none());
        assert!(parse(&[&HEADER[..16], &[0x10]].concat()).is_none());
        // A negative size.
        let negative = HEADER.map(|byte| if byte == 0xd0 { 0xd1 } else { byte });
        assert!(parse(&negative).is_none());
    }
}
