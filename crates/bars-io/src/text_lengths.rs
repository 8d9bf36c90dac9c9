//! Lengths of the values of text columns in a Parquet file, found without decoding them.
//!
//! A page of some bytes can hold thousands of values of a megabyte each: repeated by index from a
//! dictionary, or as lengths of prefixes that a value shares with the previous one.

use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::schema::types::ColumnDescriptor;

use crate::decode_error::DecodeError;

/// Returns the length of the longest value in a page of a text column; 0 if its values are indices
/// of the dictionary.
///
/// # Errors
/// The page is damaged.
pub(crate) fn longest(page: &Page, column: &ColumnDescriptor) -> Result<u64, DecodeError> {
    let length = match page {
        Page::DictionaryPage { buf, .. } => Some(plain(buf)),
        Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } => {
            let values = match (column.max_def_level(), def_level_encoding) {
                (0, _) => Some(&buf[..]),
                // The length of the levels, and the levels.
                (_, Encoding::RLE) => {
                    let length = buf.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
                    length.and_then(|length| buf.get(4 + length as usize..))
                }
                (_, _) => buf.get((*num_values as usize).div_ceil(8)..),
            };
            values.and_then(|values| encoded(values, *encoding, *num_values))
        }
        Page::DataPageV2 {
            buf,
            num_values,
            encoding,
            def_levels_byte_len,
            rep_levels_byte_len,
            ..
        } => {
            let levels = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
            buf.get(levels..).and_then(|values| encoded(values, *encoding, *num_values))
        }
    };
    length.ok_or_else(|| DecodeError::Damaged("a page of texts is damaged".to_owned()))
}

fn encoded(bytes: &[u8], encoding: Encoding, values: u32) -> Option<u64> {
    match encoding {
        Encoding::PLAIN => Some(plain(bytes)),
        // A page of nulls only.
        Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY if bytes.is_empty() => {
            Some(0)
        }
        Encoding::DELTA_LENGTH_BYTE_ARRAY => {
            let mut longest = 0;
            deltas(&mut &bytes[..], values, |length| longest = longest.max(length))?;
            u64::try_from(longest).ok()
        }
        Encoding::DELTA_BYTE_ARRAY => {
            let (mut rest, mut prefixes) = (bytes, Vec::new());
            deltas(&mut rest, values, |length| prefixes.push(length))?;
            let (mut longest, mut prefixes) = (0, prefixes.into_iter());
            deltas(&mut rest, values, |length| {
                let prefix = prefixes.next().unwrap_or(0);
                longest = longest.max(i64::from(prefix) + i64::from(length));
            })?;
            u64::try_from(longest).ok()
        }
        _ => Some(0),
    }
}

/// The longest of values that each follow their length. The decoder finds a length beyond the end.
fn plain(mut bytes: &[u8]) -> u64 {
    let mut longest = 0;
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = u32::from_le_bytes(*length);
        longest = longest.max(length);
        let Some(rest) = rest.get(length as usize..) else {
            break;
        };
        bytes = rest;
    }
    u64::from(longest)
}

/// Passes integers in the encoding `DELTA_BINARY_PACKED`, at most `max` of them, to `take`.
fn deltas(bytes: &mut &[u8], max: u32, mut take: impl FnMut(i32)) -> Option<()> {
    let block = varint(bytes)?;
    let parts = varint(bytes)?;
    let mut left = varint(bytes).filter(|&total| total <= u64::from(max))?;
    let mut value = zigzag(varint(bytes)?);
    let per_part = usize::try_from(block.checked_div(parts)?).ok()?;
    if left == 0 {
        return Some(());
    }
    take(value);
    left -= 1;
    while left > 0 {
        let least = zigzag(varint(bytes)?);
        let (widths, rest) = bytes.split_at_checked(usize::try_from(parts).ok()?)?;
        *bytes = rest;
        for &width in widths {
            if left == 0 {
                break;
            }
            let width = usize::from(width);
            if width > 32 || per_part == 0 {
                return None;
            }
            let (packed, rest) = bytes.split_at_checked(width.checked_mul(per_part)? / 8)?;
            *bytes = rest;
            for index in 0..per_part.min(usize::try_from(left).ok()?) {
                let step = unpack(packed, index * width, width).cast_signed();
                value = value.wrapping_add(least).wrapping_add(step);
                take(value);
                left -= 1;
            }
        }
    }
    Some(())
}

/// The `width` bits from bit `from` on, lowest first.
fn unpack(packed: &[u8], from: usize, width: usize) -> u32 {
    let mut word = [0; 8];
    let bytes = packed.get(from / 8..).unwrap_or_default();
    let length = bytes.len().min(8);
    word[..length].copy_from_slice(&bytes[..length]);
    let bits = u64::from_le_bytes(word) >> (from % 8);
    (bits & ((1 << width) - 1)) as u32
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    crate::thrift::varint(bytes).ok()
}

fn zigzag(value: u64) -> i32 {
    ((value >> 1) as i32) ^ -((value & 1) as i32)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Encoding;
    use parquet::column::page::PageReader;
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
    use parquet::file::reader::FileReader;
    use parquet::file::serialized_reader::SerializedFileReader;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use proptest::prelude::*;

    use super::*;

    /// The lengths found in the pages of a column of these texts.
    fn longest_of(
        texts: &[Option<String>],
        version: WriterVersion,
        encoding: Option<Encoding>,
    ) -> u64 {
        let schema = parse_message_type("message m { optional binary t (UTF8); }").unwrap();
        let properties = WriterProperties::builder()
            .set_writer_version(version)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_dictionary_enabled(encoding.is_none());
        let properties = match encoding {
            Some(encoding) => properties.set_encoding(encoding),
            None => properties,
        };
        let mut bytes = Vec::new();
        let mut writer =
            SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties.build()))
                .unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
        let values: Vec<ByteArray> =
            texts.iter().flatten().map(|text| ByteArray::from(text.as_str())).collect();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let column = reader.metadata().row_group(0).column(0).column_descr_ptr();
        let mut pages: Box<dyn PageReader> =
            reader.get_row_group(0).unwrap().get_column_page_reader(0).unwrap();
        let mut found = 0;
        while let Some(page) = pages.get_next_page().unwrap() {
            found = found.max(longest(&page, &column).unwrap());
        }
        found
    }

    proptest! {
        #[test]
        fn lengths_are_those_of_the_values(
            texts in prop::collection::vec(prop::option::of("[ab]{0,70}"), 1..300),
            is_new: bool,
        ) {
            let expected = texts.iter().flatten().map(String::len).max().unwrap_or(0) as u64;
            let version =
                if is_new { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
            for encoding in [
                None,
                Some(Encoding::PLAIN),
                Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
                Some(Encoding::DELTA_BYTE_ARRAY),
            ] {
                prop_assert_eq!(longest_of(&texts, version, encoding), expected, "{:?}", encoding);
            }
        }
    }

    #[test]
    fn more_values_than_the_page_states_are_refused() {
        // A block of 2^31 values, 3 of them, each equal to the first: no bytes but the header.
        let three = [0x80, 0x80, 0x80, 0x80, 0x08, 0x01, 0x03, 0x0a, 0x00, 0x00];
        let mut found = Vec::new();
        assert!(deltas(&mut &three[..], 3, |value| found.push(value)).is_some());
        assert_eq!(found, [5, 5, 5]);
        assert!(deltas(&mut &three[..], 2, |_| {}).is_none());
    }
}
