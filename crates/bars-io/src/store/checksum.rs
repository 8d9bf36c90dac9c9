//! Checksums of a part: a CRC-32 of each column chunk and one of the facts in the footer that decide
//! what is read. They are in the footer's metadata, where other readers ignore them.
//!
//! They detect damage: a flipped bit on a disk or on the way from it. zstd alone does not, because its
//! frames are written without a checksum, and a flipped bit in a price decodes to another price.

use std::io::{self, Write};

use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;

/// Metadata key. Its value: CRC-32 values of eight hexadecimal digits, separated by spaces; the first
/// is that of the footer, the others are those of the column chunks, by row group.
const KEY: &str = "data_pipeline.crc32";

/// The checksums of an open part.
pub(super) struct Checksums(Vec<u32>);

impl Checksums {
    /// Reads the checksums from a footer and checks the footer; `None` for a part of a version before
    /// 0.2.0, which has none.
    pub(super) fn of(metadata: &ParquetMetaData) -> Result<Option<Checksums>, ParquetError> {
        let pairs = metadata.file_metadata().key_value_metadata();
        let Some(pair) = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == KEY)) else {
            return Ok(None);
        };
        let text = pair.value.as_deref().unwrap_or_default();
        let values = text.split(' ').map(|word| u32::from_str_radix(word, 16));
        let groups = metadata.row_groups();
        match values.collect::<Result<Vec<_>, _>>() {
            Ok(mut values) if values.first() == Some(&footer(groups)) => {
                values.remove(0);
                Ok(Some(Checksums(values)))
            }
            _ => Err(wrong("the footer")),
        }
    }

    /// Checks the bytes of the column `place` of the row group `group`; a row group has `columns`
    /// columns.
    pub(super) fn check(
        &self,
        (group, place): (usize, usize),
        columns: usize,
        bytes: &[u8],
    ) -> Result<(), ParquetError> {
        match self.0.get(group * columns + place) {
            Some(&checksum) if checksum == crc32fast::hash(bytes) => Ok(()),
            _ => Err(wrong(&format!("column {place} of row group {group}"))),
        }
    }
}

fn wrong(what: &str) -> ParquetError {
    ParquetError::General(format!("{what} does not match its checksum"))
}

/// The checksum of the facts by which rows are found: numbers of rows, places of the chunks, and the
/// statistics.
fn footer(groups: &[RowGroupMetaData]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for group in groups {
        hasher.update(&group.num_rows().to_le_bytes());
        for column in group.columns() {
            // As they are in a damaged footer, too: `byte_range` panics at negative ones.
            hasher.update(&column.dictionary_page_offset().unwrap_or(-1).to_le_bytes());
            hasher.update(&column.data_page_offset().to_le_bytes());
            hasher.update(&column.compressed_size().to_le_bytes());
            let statistics = column.statistics();
            let missing = statistics.and_then(Statistics::null_count_opt).unwrap_or(0);
            hasher.update(&missing.to_le_bytes());
            for bound in [Statistics::min_bytes_opt, Statistics::max_bytes_opt] {
                hasher.update(statistics.and_then(bound).unwrap_or_default());
            }
        }
    }
    hasher.finalize()
}

/// Passes the bytes of a part on, and keeps those of the current row group for its checksums.
pub(super) struct Recorder<W> {
    out: W,
    bytes: Vec<u8>,
    /// Offset of `bytes` in the file.
    start: u64,
    checksums: Vec<u32>,
}

impl<W> Recorder<W> {
    pub(super) fn new(out: W) -> Recorder<W> {
        Recorder { out, bytes: Vec::new(), start: 0, checksums: Vec::new() }
    }
}

impl<W: Write> Write for Recorder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Records the checksums of the row group that was just closed.
pub(super) fn close_group<W: Write + Send>(
    file: &mut SerializedFileWriter<Recorder<W>>,
) -> Result<(), ParquetError> {
    file.flush()?;
    let ranges: Vec<(u64, u64)> = file
        .flushed_row_groups()
        .last()
        .into_iter()
        .flat_map(|group| group.columns().iter().map(|column| column.byte_range()))
        .collect();
    let recorder = file.inner_mut();
    for (start, length) in ranges {
        let from = usize::try_from(start - recorder.start)?;
        let bytes = &recorder.bytes[from..from + usize::try_from(length)?];
        recorder.checksums.push(crc32fast::hash(bytes));
    }
    recorder.start += recorder.bytes.len() as u64;
    recorder.bytes.clear();
    Ok(())
}

/// Adds the checksums of all row groups to the footer, which is written next.
pub(super) fn close_file<W: Write + Send>(file: &mut SerializedFileWriter<Recorder<W>>) {
    let first = footer(file.flushed_row_groups());
    let all = [&[first], &file.inner().checksums[..]].concat();
    let text = all.iter().map(|value| format!("{value:08x}")).collect::<Vec<_>>().join(" ");
    file.append_key_value_metadata(KeyValue::new(KEY.to_owned(), text));
}
