//! Small files that state or repeat far more than they hold.
#![allow(dead_code)]

use std::io::{Cursor, Write};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

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

/// Kraken's row of one minute, many times, as zstd.
pub fn equal_rows(rows: usize) -> Vec<u8> {
    let block = "1704067200,1,2,1,2,0.5,3\n".repeat(10_000);
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..rows / 10_000 {
        zstd.write_all(block.as_bytes()).unwrap();
    }
    zstd.finish().unwrap()
}

/// `start`, then lines of `width` bytes with spaces, `size` bytes of them, then the line `1`; as zstd.
pub fn lines(start: &str, width: usize, size: usize) -> Vec<u8> {
    let mut line = vec![b' '; width - 1];
    line.push(b'\n');
    let block = line.repeat((1 << 20) / width);
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zstd.write_all(start.as_bytes()).unwrap();
    for _ in 0..size.div_ceil(block.len()) {
        zstd.write_all(&block).unwrap();
    }
    zstd.write_all(b"1\n").unwrap();
    zstd.finish().unwrap()
}

/// A ZIP archive with `entries` entries of `size` bytes of spaces.
pub fn archive(entries: usize, size: usize) -> Vec<u8> {
    let mut first = ZipWriter::new(Cursor::new(Vec::new()));
    first.start_file("A0_1.csv", SimpleFileOptions::default()).unwrap();
    for _ in 0..size >> 20 {
        first.write_all(&[b' '; 1 << 20]).unwrap();
    }
    let mut first = ZipArchive::new(first.finish().unwrap()).unwrap();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..entries {
        let entry = first.by_index_raw(0).unwrap();
        zip.raw_copy_file_rename(entry, format!("A{i}_1.csv")).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A NumPy archive of modes: zeros of `samples` samples.
pub fn modes(samples: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["imfs", "residue", "imf_variances"] {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({samples}, ), }}");
        zip.write_all(b"\x93NUMPY\x01\x00\x76\x00").unwrap();
        zip.write_all(format!("{text:<117}\n").as_bytes()).unwrap();
        let block = vec![0; 8 << 17];
        for _ in 0..samples >> 17 {
            zip.write_all(&block).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}
