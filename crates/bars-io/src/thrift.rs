//! Lengths of lists in the metadata of a Parquet file, checked before it is parsed.
//!
//! The parser of the `parquet` crate allocates the list of row groups by the length that the file
//! states; a length of some billions ends the process. The metadata is in Thrift's compact protocol.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Length of the end of a file: the length of the metadata, and the magic bytes.
const END: usize = 8;

/// Maximum depth of structures; that of Parquet is 7.
const MAX_DEPTH: usize = 32;

/// Returns whether a list in the metadata of a Parquet file states more elements than bytes follow.
/// Other damage is left to the parser. The position in `file` is its start afterwards.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn has_oversized_list(mut file: &File) -> io::Result<bool> {
    let size = file.seek(SeekFrom::End(0))?;
    let mut end = [0; END];
    let mut metadata = Vec::new();
    if let Some(start) = size.checked_sub(END as u64) {
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut end)?;
        let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        if let Some(start) = start.checked_sub(length) {
            file.seek(SeekFrom::Start(start))?;
            file.take(length).read_to_end(&mut metadata)?;
        }
    }
    file.rewind()?;
    Ok(skip_struct(&mut &metadata[..], 0) == Err(Stop::OversizedList))
}

/// Why the metadata is not read further.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    OversizedList,
    Damaged,
}

pub(crate) fn byte(bytes: &mut &[u8]) -> Result<u8, Stop> {
    let (first, rest) = bytes.split_first().ok_or(Stop::Damaged)?;
    *bytes = rest;
    Ok(*first)
}

pub(crate) fn varint(bytes: &mut &[u8]) -> Result<u64, Stop> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let part = byte(bytes)?;
        value |= u64::from(part & 0x7f) << shift;
        if part & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Stop::Damaged)
}

fn skip(bytes: &mut &[u8], length: u64) -> Result<(), Stop> {
    let length = usize::try_from(length).map_err(|_| Stop::Damaged)?;
    *bytes = bytes.get(length..).ok_or(Stop::Damaged)?;
    Ok(())
}

fn skip_struct(bytes: &mut &[u8], depth: usize) -> Result<(), Stop> {
    if depth > MAX_DEPTH {
        return Err(Stop::Damaged);
    }
    loop {
        let header = byte(bytes)?;
        if header == 0 {
            return Ok(());
        }
        if header & 0xf0 == 0 {
            varint(bytes)?;
        }
        match header & 0x0f {
            // A boolean field is in its header.
            1 | 2 => {}
            kind => skip_value(bytes, kind, depth)?,
        }
    }
}

pub(crate) fn skip_value(bytes: &mut &[u8], kind: u8, depth: usize) -> Result<(), Stop> {
    match kind {
        1..=3 => skip(bytes, 1),
        4..=6 => varint(bytes).map(|_| ()),
        7 => skip(bytes, 8),
        8 => {
            let length = varint(bytes)?;
            skip(bytes, length)
        }
        9 | 10 => skip_list(bytes, depth + 1),
        12 => skip_struct(bytes, depth + 1),
        _ => Err(Stop::Damaged),
    }
}

fn skip_list(bytes: &mut &[u8], depth: usize) -> Result<(), Stop> {
    if depth > MAX_DEPTH {
        return Err(Stop::Damaged);
    }
    let header = byte(bytes)?;
    let length = match header >> 4 {
        15 => varint(bytes)?,
        short => u64::from(short),
    };
    // Every element has at least one byte.
    if length > bytes.len() as u64 {
        return Err(Stop::OversizedList);
    }
    (0..length).try_for_each(|_| skip_value(bytes, header & 0x0f, depth))
}
