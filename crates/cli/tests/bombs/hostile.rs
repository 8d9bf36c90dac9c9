//! Small files that state or repeat far more than they hold.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::None)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
        .set_data_page_row_count_limit(usize::MAX)
        .set_data_page_size_limit(1 << 20)
        .set_dictionary_page_size_limit(1 << 30)
        .set_offset_index_disabled(true)
}

/// The encodings that can repeat a long value in a few bytes; `None` for a dictionary.
pub const TEXT_ENCODINGS: [Option<Encoding>; 3] =
    [None, Some(Encoding::PLAIN), Some(Encoding::DELTA_BYTE_ARRAY)];

/// A Parquet file with the column `symbol`: the same text of `length` bytes in all rows.
pub fn long_texts(length: usize, rows: usize, encoding: Option<Encoding>) -> Vec<u8> {
    let schema = parse_message_type("message m { required binary symbol (UTF8); }").unwrap();
    let properties = properties().set_dictionary_enabled(encoding.is_none());
    let properties = match encoding {
        Some(encoding) => properties.set_encoding(encoding),
        None => properties,
    };
    let mut bytes = Vec::new();
    let mut file =
        SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties.build()))
            .unwrap();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let value = ByteArray::from(vec![b'A'; length]);
    let values = vec![value; 64];
    for _ in 0..rows / 64 {
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
    }
    column.close().unwrap();
    group.close().unwrap();
    file.close().unwrap();
    bytes
}

/// A Parquet file with the column `close`, null in all of `millions` of rows.
pub fn nulls(millions: usize) -> Vec<u8> {
    let schema = parse_message_type("message m { optional double close; }").unwrap();
    let mut bytes = Vec::new();
    let mut file =
        SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties().build()))
            .unwrap();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let levels = vec![0; 1_000_000];
    for _ in 0..millions {
        column.typed::<DoubleType>().write_batch(&[], Some(&levels), None).unwrap();
    }
    column.close().unwrap();
    group.close().unwrap();
    file.close().unwrap();
    bytes
}
