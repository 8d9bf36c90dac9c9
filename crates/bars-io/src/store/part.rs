//! One Parquet file of the store: writing it, and reading a time range of it.
//!
//! Columns are plain (minute prices and volumes compress better without a dictionary) with zstd,
//! times are delta-packed. All columns but `trades` are required, so a column chunk decodes
//! straight into a vector.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::reader::{ColumnReaderImpl, get_column_reader, get_typed_column_reader};
use parquet::data_type::{DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use super::checksum::{self, Checksums, Recorder};
use crate::decode::{DecodeError, catch_panic, check_metadata};
use crate::error::{Error, Result};
use crate::page_header::each_page;
use crate::regular;
use bars::series::{Closes, ColumnsMut, Series};
use bars::time::{Minute, Span};

/// Rows per row group: 22 days, a quarter of a megabyte per column before compression.
pub const ROW_GROUP: usize = 1 << 15;

/// Maximum number of rows per row group that are read; early versions wrote larger ones.
const MAX_ROW_GROUP: usize = 4 * ROW_GROUP;

/// Rows per page, the unit of decoding. 64 kB per column, so that its buffer stays in the cache.
const PAGE: usize = 1 << 14;

/// Metadata key that marks parts of this program; its value is the version of the format.
const FORMAT_KEY: &str = "data_pipeline.bars";
const FORMAT: &str = "1";

/// The name of this program as the writer of a file. Other programs that rewrite a part put their own
/// there.
const WRITER: &str = "data_pipeline";

const COMPRESSION_LEVEL: i32 = 3;

/// Indices of the columns in a part.
const TIME: usize = 0;
const OPEN: usize = 1;
const HIGH: usize = 2;
const LOW: usize = 3;
const CLOSE: usize = 4;
const VOLUME: usize = 5;
const TRADES: usize = 6;

/// An open part.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
    metadata: ParquetMetaData,
    checksums: Option<Checksums>,
    number: u64,
    first: Minute,
    last: Minute,
}

impl Part {
    /// Opens the part at `path`, with the content of the file `from`, which is the same file or will
    /// be renamed to it; `None` if another program wrote it.
    pub(super) fn open(path: &Path, from: &Path) -> Result<Option<Part>> {
        let file = regular::open(from)?;
        let open = || {
            check_metadata(&file).map_err(|e| ParquetError::General(e.to_string()))?;
            ParquetMetaDataReader::new().parse_and_finish(&file)
        };
        let metadata = decode(open).map_err(|e| damaged(path, &e))?;
        let keys = metadata.file_metadata().key_value_metadata();
        let format = keys
            .and_then(|keys| keys.iter().find(|pair| pair.key == FORMAT_KEY))
            .map(|pair| pair.value.clone());
        let writer = metadata.file_metadata().created_by();
        let is_ours = writer.is_some_and(|writer| writer.starts_with(WRITER));
        let other = |what: &str| match is_ours {
            true => Err(damaged(path, &ParquetError::General(what.to_owned()))),
            false => Ok(None),
        };
        let Some(format) = format else {
            return other("the footer has no version");
        };
        if format.as_deref() != Some(FORMAT) {
            return Err(Error::content(
                path,
                "written by a newer version of data-pipeline; use that version",
            ));
        }
        // Another program may have rewritten the file and kept the mark.
        let have = metadata.file_metadata().schema_descr();
        let ours = schema(have.num_columns() > TRADES).map_err(|e| damaged(path, &e))?;
        if have.root_schema().get_fields() != ours.get_fields() {
            return other("the footer has other columns");
        }
        let number = number_of(path).ok_or_else(|| {
            Error::content(path, "unexpected file name; expected part-<number>.parquet")
        })?;
        let checksums = decode(|| Checksums::of(&metadata)).map_err(|e| damaged(path, &e))?;
        let spans: Option<Vec<_>> = metadata.row_groups().iter().map(span_of).collect();
        let ends = spans.as_ref().and_then(|spans| Some((spans.first()?.0, spans.last()?.1)));
        let Some((first, last)) = ends else {
            return Err(Error::content(
                path,
                "row groups without time statistics; import the symbol again",
            ));
        };
        let length = file.len();
        let path = path.to_owned();
        Ok(Some(Part { path, file, length, metadata, checksums, number, first, last }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn first(&self) -> Minute {
        self.first
    }

    pub(super) fn last(&self) -> Minute {
        self.last
    }

    pub(super) fn rows(&self) -> usize {
        usize::try_from(self.metadata.file_metadata().num_rows()).unwrap_or(0)
    }

    pub(super) fn has_trades(&self) -> bool {
        self.metadata.file_metadata().schema_descr().num_columns() > TRADES
    }

    /// Whether, by the statistics alone, a bar of `span` has a number of trades.
    pub(super) fn surely_has_trades(&self, span: Span) -> bool {
        let is_sure = |group: &RowGroupMetaData| {
            let is_inside = |(first, last)| span.start <= first && last < span.end;
            let missing = group.column(TRADES).statistics().and_then(Statistics::null_count_opt);
            span_of(group).is_some_and(is_inside)
                && missing.is_some_and(|missing| (missing as i64) < group.num_rows())
        };
        self.has_trades() && self.metadata.row_groups().iter().any(is_sure)
    }

    /// Calls `take` with each row group that may contain bars of `span`.
    fn groups(
        &self,
        span: Span,
        mut take: impl FnMut(RowGroup<'_>) -> Result<(), ParquetError>,
    ) -> Result<()> {
        for (index, group) in self.metadata.row_groups().iter().enumerate() {
            if span_of(group).is_some_and(|(first, last)| span.touches(first, last)) {
                let read = decode(|| take(RowGroup { part: self, index }));
                read.map_err(|e| damaged(&self.path, &e))?;
            }
        }
        Ok(())
    }
}

/// A row group of an open part.
#[derive(Clone, Copy)]
struct RowGroup<'a> {
    part: &'a Part,
    index: usize,
}

impl RowGroup<'_> {
    fn rows(self) -> usize {
        usize::try_from(self.part.metadata.row_group(self.index).num_rows()).unwrap_or(0)
    }

    /// Reads the column `place`, checks its checksum and returns a reader of its values.
    fn column<T: DataType>(self, place: usize) -> Result<ColumnReaderImpl<T>, ParquetError> {
        let group = self.part.metadata.row_group(self.index);
        let column = group.column(place);
        let (start, length) = column.byte_range();
        if start.checked_add(length).is_none_or(|end| end > self.part.length) {
            return Err(ParquetError::General(format!("column {place} is truncated")));
        }
        if self.rows() > MAX_ROW_GROUP {
            return Err(ParquetError::General(format!("a row group of {} rows", self.rows())));
        }
        let bytes = self.part.file.get_bytes(start, usize::try_from(length)?)?;
        if let Some(checksums) = &self.part.checksums {
            checksums.check((self.index, place), group.num_columns(), &bytes)?;
        }
        check_pages(&bytes)?;
        let chunk = Arc::new(Chunk { start, bytes });
        let pages = SerializedPageReader::new(chunk, column, self.rows(), None)?;
        let reader = get_column_reader(column.column_descr_ptr(), Box::new(pages));
        Ok(get_typed_column_reader(reader))
    }
}

/// Checks the sizes that the pages of a column chunk state: memory is allocated for them.
fn check_pages(chunk: &Bytes) -> Result<(), ParquetError> {
    /// Values and levels of a row group take less.
    const MAX_PAGE: u32 = 16 * MAX_ROW_GROUP as u32;
    let mut read = |at: u64, length: u64| {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        Ok(chunk.get(at..).unwrap_or_default().iter().take(length as usize).copied().collect())
    };
    let checked = each_page((0, chunk.len() as u64), &mut read, &mut |page, _| {
        if page.decompressed.max(page.values()) > MAX_PAGE {
            return Err(DecodeError::Damaged("a page is too large".to_owned()));
        }
        Ok(())
    });
    checked.map_err(|e| ParquetError::General(e.to_string()))
}

/// A column chunk in memory, addressed by the offsets of the file.
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    /// Returns the place in the chunk of an offset in the file.
    fn place(&self, offset: u64) -> Result<u64, ParquetError> {
        let outside = || ParquetError::EOF(format!("a page begins at byte {offset}"));
        offset.checked_sub(self.start).ok_or_else(outside)
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Chunk {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        self.bytes.get_read(self.place(start)?)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.bytes.get_bytes(self.place(start)?, length)
    }
}

/// The number in `part-<number>.parquet`.
fn number_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.strip_prefix("part-")?.parse().ok()
}

/// First and last open time of a row group according to its statistics.
fn span_of(group: &RowGroupMetaData) -> Option<(Minute, Minute)> {
    let Some(Statistics::Int64(times)) = group.column(TIME).statistics() else {
        return None;
    };
    let minute = |micros: i64| Minute::new(micros.div_euclid(60_000_000));
    Some((minute(*times.min_opt()?)?, minute(*times.max_opt()?)?))
}

/// Runs a step of decoding; a panic becomes an error.
fn decode<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_panic(step).unwrap_or_else(|e| Err(ParquetError::General(e.to_string())))
}

fn damaged(path: &Path, error: &ParquetError) -> Error {
    if let ParquetError::External(e) = error
        && let Some(e) = e.downcast_ref::<std::io::Error>()
        && e.raw_os_error().is_some()
    {
        // The system refused; the file may be intact.
        return Error::content(path, format!("cannot read: {e}"));
    }
    Error::content(path, format!("damaged ({error}); delete this file and import the symbol again"))
}

/// Appends rows `range` of the column `place` of a row group to `into`. Other pages are not
/// decoded.
fn column<T: DataType>(
    group: RowGroup<'_>,
    place: usize,
    range: &Range<usize>,
    into: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    let mut reader = group.column::<T>(place)?;
    let mut left = range.len();
    if left > 0 && range.start > 0 && reader.skip_records(range.start)? < range.start {
        return Err(ParquetError::General(format!("column {place} is truncated")));
    }
    while left > 0 {
        let (read, _, _) = reader.read_records(left, None, None, into)?;
        if read == 0 {
            return Err(ParquetError::General(format!("column {place} lacks {left} rows")));
        }
        left -= read;
    }
    Ok(())
}

/// Appends the column of trade counts, `None` for bars without one.
fn trades(group: RowGroup<'_>, into: &mut Vec<Option<u32>>) -> Result<(), ParquetError> {
    let mut reader = group.column::<Int64Type>(TRADES)?;
    let rows = group.rows();
    let (mut levels, mut counts) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    while levels.len() < rows {
        let (read, _, _) =
            reader.read_records(rows - levels.len(), Some(&mut levels), None, &mut counts)?;
        if read == 0 {
            return Err(ParquetError::General("column trades is truncated".to_owned()));
        }
    }
    let mut counts = counts.into_iter();
    into.extend(levels.iter().map(|&level| {
        (level > 0).then(|| counts.next()).flatten().and_then(|n| u32::try_from(n).ok())
    }));
    Ok(())
}

/// Appends the times of a row group and returns which of its rows lie within `span`.
fn times(
    group: RowGroup<'_>,
    span: Span,
    scratch: &mut Vec<i64>,
    into: &mut Vec<Minute>,
) -> Result<Range<usize>, ParquetError> {
    scratch.clear();
    column::<Int64Type>(group, TIME, &(0..group.rows()), scratch)?;
    let (start, end) = (span.start.epoch_micros(), span.end.epoch_micros());
    let from = scratch.partition_point(|&t| t < start);
    let to = scratch.partition_point(|&t| t < end).max(from);
    for &micros in &scratch[from..to] {
        let minute = Minute::new(micros.div_euclid(60_000_000));
        into.push(
            minute.ok_or_else(|| ParquetError::General(format!("invalid bar time {micros}")))?,
        );
    }
    Ok(from..to)
}

/// Truncates the values appended to `column` since `before` to the rows of `range`.
fn cut<T>(column: &mut Vec<T>, before: usize, range: &Range<usize>) {
    column.truncate(before + range.end);
    column.drain(before..before + range.start);
}

/// Parts contain valid bars only; an invalid row means damage that the compression did not detect.
fn no_bar(time: Minute) -> ParquetError {
    ParquetError::General(format!("row of {time}: not a valid bar"))
}

/// Close and volume of `parts` within `span`.
pub(super) fn closes(parts: &[Part], span: Span, into: &mut Closes) -> Result<()> {
    into.clear();
    let mut scratch = Vec::new();
    for part in parts {
        part.groups(span, |group| {
            let before = into.time.len();
            let range = times(group, span, &mut scratch, &mut into.time)?;
            for (place, column_into) in [(CLOSE, &mut into.close), (VOLUME, &mut into.volume)] {
                column::<DoubleType>(group, place, &range, column_into)?;
            }
            let sound = |(close, volume): (&f64, &f64)| {
                close.is_finite() && *close > 0.0 && volume.is_finite() && *volume >= 0.0
            };
            let mut rows = into.close[before..].iter().zip(&into.volume[before..]);
            rows.position(|row| !sound(row))
                .map_or(Ok(()), |at| Err(no_bar(into.time[before + at])))
        })?;
    }
    Ok(())
}

/// All columns of `parts` within `span`.
pub(super) fn series(parts: &[Part], span: Span) -> Result<Series> {
    let mut series = Series::default();
    read(parts, span, true, &mut series)?;
    Ok(series)
}

/// All columns of `parts` within `span` except the numbers of trades, replacing the content of
/// `into`.
pub(super) fn prices(parts: &[Part], span: Span, into: &mut Series) -> Result<()> {
    read(parts, span, false, into)
}

fn read(parts: &[Part], span: Span, wants_trades: bool, into: &mut Series) -> Result<()> {
    into.refill(|ColumnsMut { time, mut numbers, trades: counts }| {
        let mut scratch = Vec::new();
        for part in parts {
            part.groups(span, |group| {
                let before = time.len();
                let range = times(group, span, &mut scratch, time)?;
                for (into, place) in numbers.iter_mut().zip([OPEN, HIGH, LOW, CLOSE, VOLUME]) {
                    column::<DoubleType>(group, place, &range, into)?;
                }
                if wants_trades && part.has_trades() {
                    // Earlier parts may not have counts.
                    counts.resize(before, None);
                    trades(group, counts)?;
                    cut(counts, before, &range);
                }
                check(time, &numbers, before).map_or(Ok(()), |time| Err(no_bar(time)))
            })?;
        }
        if !counts.is_empty() {
            counts.resize(time.len(), None);
        }
        Ok(())
    })
}

/// Returns the time of the first row from `from` on that is not a valid bar or not after the
/// previous one.
fn check(time: &[Minute], numbers: &[&mut Vec<f64>; 5], from: usize) -> Option<Minute> {
    let [open, high, low, close, volume] = numbers;
    let is_bar = |i: usize| {
        let positive = |x: f64| x > 0.0 && x < f64::INFINITY;
        let prices = positive(open[i]) & positive(high[i]) & positive(low[i]) & positive(close[i]);
        prices & (volume[i] >= 0.0) & (volume[i] < f64::INFINITY) & (high[i] >= low[i])
    };
    let ascends = |i: usize| i == 0 || time[i - 1] < time[i];
    (from..time.len()).find(|&i| !(is_bar(i) & ascends(i))).map(|i| time[i])
}

fn schema(has_trades: bool) -> Result<TypePtr, ParquetError> {
    let trades = if has_trades { "optional int64 trades;" } else { "" };
    parse_message_type(&format!(
        "message bars {{ required int64 timestamp (TIMESTAMP(MICROS,true)); required double open; required double high; \
         required double low; required double close; required double volume; {trades} }}"
    ))
    .map(Arc::new)
}

fn properties() -> Result<WriterPropertiesPtr, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(COMPRESSION_LEVEL)?))
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_column_encoding(ColumnPath::from("timestamp"), Encoding::DELTA_BINARY_PACKED)
        .set_data_page_row_count_limit(PAGE)
        .set_created_by(format!("{WRITER} {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![KeyValue::new(FORMAT_KEY.to_owned(), FORMAT.to_owned())]))
        .build();
    Ok(Arc::new(properties))
}

/// Writes `series`, which must not be empty, as a part.
pub(super) fn write<W: Write + Send>(series: &Series, out: W) -> Result<(), ParquetError> {
    let mut file = SerializedFileWriter::new(
        Recorder::new(out),
        schema(series.trades().is_some())?,
        properties()?,
    )?;
    let mut scratch = Vec::with_capacity(ROW_GROUP.min(series.len()));
    for start in (0..series.len()).step_by(ROW_GROUP) {
        let rows = start..(start + ROW_GROUP).min(series.len());
        let mut group = file.next_row_group()?;
        scratch.clear();
        scratch.extend(series.time()[rows.clone()].iter().map(|time| time.epoch_micros()));
        write_column::<_, Int64Type>(&mut group, &scratch, None)?;
        for column in [series.open(), series.high(), series.low(), series.close(), series.volume()]
        {
            write_column::<_, DoubleType>(&mut group, &column[rows.clone()], None)?;
        }
        if let Some(trades) = series.trades() {
            let levels: Vec<i16> =
                trades[rows.clone()].iter().map(|count| i16::from(count.is_some())).collect();
            let counts: Vec<i64> =
                trades[rows].iter().flatten().map(|&count| count.into()).collect();
            write_column::<_, Int64Type>(&mut group, &counts, Some(&levels))?;
        }
        group.close()?;
        checksum::close_group(&mut file)?;
    }
    checksum::close_file(&mut file);
    file.close().map(|_| ())
}

fn write_column<W: Write + Send, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(values, levels, None)?;
        column.close()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::store::Store;
    use bars::rows::BarTime;
    use bars::series::Bar;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_span_reads_what_was_written(
            minutes in prop::collection::btree_set(-50_i64..50, 1..40),
            with_trades in any::<bool>(),
            start in -60_i64..60,
            length in 0_i64..60,
        ) {
            let series: Series = minutes.iter().map(|&m| {
                let p = 2.5 + m.unsigned_abs() as f64 * 0.1;
                let trades = (with_trades && m % 3 != 0).then_some(m.unsigned_abs() as u32);
                let time = Minute::new(m).unwrap();
                Bar { time, open: p, high: p + 1.0, low: p - 1.0, close: p, volume: m as f64 * m as f64, trades }
            }).collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("part-7.parquet");
            write(&series, File::create(&path).unwrap()).unwrap();
            let part = Part::open(&path, &path).unwrap().unwrap();
            prop_assert_eq!((part.number(), part.rows()), (7, series.len()));
            prop_assert_eq!(Some((part.first(), part.last())), series.ends());

            let span = Span { start: Minute::new(start).unwrap(), end: Minute::new(start + length).unwrap() };
            let expected = series.clone().within(span);
            let parts = [part];
            prop_assert_eq!(&super::series(&parts, span).unwrap(), &expected);
            // Never wrong, and sure of whole files.
            prop_assert!(!parts[0].surely_has_trades(span) || expected.trades().is_some());
            prop_assert_eq!(parts[0].surely_has_trades(Span::ALL), series.trades().is_some());
            let without: Series = expected.iter().map(|bar| Bar { trades: None, ..bar }).collect();
            let mut prices = series.clone();
            super::prices(&parts, span, &mut prices).unwrap();
            prop_assert_eq!(prices, without);
            let (mut closes, mut wanted) = (Closes::default(), Closes::default());
            wanted.copy_from(&expected);
            super::closes(&parts, span, &mut closes).unwrap();
            prop_assert_eq!(closes, wanted);
        }
    }

    /// Bars with all columns.
    fn minutes(rows: usize) -> Series {
        let bar = |m: usize| {
            let p = 100.0 + (m as f64 * 0.7).sin();
            let (time, volume) = (Minute::new(m as i64).unwrap(), m as f64);
            let trades = Some(m as u32);
            Bar { time, open: p, high: p + 1.0, low: p - 1.0, close: p, volume, trades }
        };
        (0..rows).map(bar).collect()
    }

    #[test]
    fn no_flipped_bit_changes_a_bar() {
        let series = minutes(40);
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("symbol=A")).unwrap();
        let path = folder.path().join("symbol=A/part-000001.parquet");
        let mut sound = Vec::new();
        write(&series, &mut sound).unwrap();
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let store = Store::open(folder.path(), BarTime::Open)?;
            store.bars(&"A".parse().unwrap(), Span::ALL)
        };
        assert_eq!(read(&sound).unwrap(), series);
        let mut found = 0;
        for bit in 0..sound.len() * 8 {
            let mut bytes = sound.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match read(&bytes) {
                Err(error) => {
                    found += 1;
                    assert!(error.to_string().contains("symbol=A"), "bit {bit}: {error}");
                }
                // In a text that nothing depends on, such as a name of the footer's metadata.
                Ok(same) => assert!(same == series, "bit {bit} changes bars"),
            }
        }
        // At least the chunks, the schema and the statistics are protected.
        assert!(found * 10 > sound.len() * 8 * 5, "{found} of {}", sound.len() * 8);
    }

    #[test]
    fn parts_without_checksums_are_read() {
        let series = minutes(600);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part-1.parquet");
        let mut bytes = Vec::new();
        write(&series, &mut bytes).unwrap();
        let key = b"data_pipeline.crc32";
        let at = bytes.windows(key.len()).position(|window| window == key).unwrap();
        bytes[at] = b'e';
        std::fs::write(&path, bytes).unwrap();
        let part = Part::open(&path, &path).unwrap().unwrap();
        assert!(part.checksums.is_none());
        assert_eq!(super::series(&[part], Span::ALL).unwrap(), series);
    }

    #[test]
    fn pages_that_state_gigabytes_are_refused() {
        // A data page of 7 values; 1,000 bytes or 1 GiB after decompression, none in the file.
        let check = |size: &[u8]| {
            let end = [0x15, 0x00, 0x2c, 0x15, 0x0e, 0x15, 0x10, 0x15, 0x06, 0x00, 0x00];
            let page = [&[0x15, 0x00, 0x15][..], size, &end[..]].concat();
            check_pages(&Bytes::from(page)).map_err(|e| e.to_string())
        };
        assert_eq!(check(&[0xd0, 0x0f]), Ok(()));
        let error = check(&[0x80, 0x80, 0x80, 0x80, 0x08]).unwrap_err();
        assert!(error.contains("a page is too large"), "{error}");
    }

    #[test]
    fn pages_outside_of_the_span_are_skipped() {
        let series = minutes(2 * ROW_GROUP + 777);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part-1.parquet");
        write(&series, File::create(&path).unwrap()).unwrap();
        let parts = [Part::open(&path, &path).unwrap().unwrap()];
        let edges = [
            0,
            1,
            PAGE - 1,
            PAGE,
            PAGE + 1,
            3 * PAGE + 5,
            ROW_GROUP,
            ROW_GROUP + PAGE + 1,
            series.len(),
        ];
        for &start in &edges {
            for &end in &edges {
                let minute = |m: usize| Minute::new(m as i64).unwrap();
                let span = Span { start: minute(start), end: minute(end) };
                assert_eq!(
                    super::series(&parts, span).unwrap(),
                    series.clone().within(span),
                    "{start} {end}"
                );
            }
        }
    }
}
