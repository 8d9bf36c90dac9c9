//! What decoding a Parquet file may take, by its size.
//!
//! A file of a kilobyte can hold a dictionary with a long value that every row repeats, pages that
//! decompress to gigabytes, or a billion rows of nulls. The page headers and, where texts may be
//! long, the lengths of the texts are read before anything is decoded. Columns that are not wanted
//! are not looked at.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Type};
use parquet::column::page::PageReader;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

use crate::decode_error::DecodeError;
use crate::page_header::{PageHeader, PageKind, each_page};
use crate::text_lengths::longest;

/// Rows per record batch if texts are short.
const BATCH_ROWS: u64 = 8192;

/// Maximum size of the texts of a record batch, in bytes.
const BATCH_TEXT: u64 = 32 << 20;

/// Maximum length of a text; symbols, times and tags are much shorter.
const MAX_TEXT: u64 = 1 << 16;

/// A page of texts of this size needs no look at its values.
const SMALL_PAGE: u64 = 1 << 8;

/// Rows that any file may have: 127 years of minutes.
const FREE_ROWS: u64 = 1 << 26;

/// Rows per byte of a larger file.
const ROWS_PER_BYTE: u64 = 64;

/// Bytes that the largest pages of any file may take.
const FREE_BYTES: u64 = 512 << 20;

/// Times its size that the largest pages of a larger file may take.
const MAX_RATIO: u64 = 100;

/// Most bytes that one byte of a deflated stream can become.
const MAX_DEFLATED: u64 = 1032;

/// The encodings `DELTA_LENGTH_BYTE_ARRAY` and `DELTA_BYTE_ARRAY` (their decoders keep two lengths per
/// value), and `PLAIN`.
const DELTA_TEXTS: [u32; 2] = [6, 7];
const PLAIN: u32 = 0;

/// What the pages of a column take.
#[derive(Default)]
struct Need {
    rows: u64,
    dictionary: u64,
    page: u64,
    /// Length of the longest text.
    text: u64,
}

/// Checks the pages of the columns with these indices, and returns the number of rows per batch.
///
/// # Errors
/// A page header is damaged, or a limit is passed.
pub(crate) fn batch_rows(
    file: &File,
    metadata: &ParquetMetaData,
    indices: &[usize],
) -> Result<usize, DecodeError> {
    let schema = metadata.file_metadata().schema_descr();
    let size = file.metadata()?.len();
    let leaves: Vec<usize> = (0..schema.num_columns())
        .filter(|&leaf| indices.contains(&schema.get_column_root_idx(leaf)))
        .collect();
    let mut needs = Vec::with_capacity(leaves.len());
    let mut unsure = Vec::new();
    for &leaf in &leaves {
        let column = schema.column(leaf);
        if column.path().parts().len() > 1 || column.max_rep_level() > 0 {
            let reason = "is nested; write it as a column of plain values";
            return Err(limit(column.path().parts().first(), reason));
        }
        let mut need = Need::default();
        for group in 0..metadata.num_row_groups() {
            let chunk = metadata.row_group(group).column(leaf);
            let (start, length) = chunk.byte_range();
            if start.checked_add(length).is_none_or(|end| end > size) {
                return Err(DecodeError::Damaged("a column chunk is truncated".to_owned()));
            }
            let pages = add_chunk(file, chunk, &mut need)?;
            if pages.contains(&true) {
                unsure.push((needs.len(), chunk, pages));
            }
        }
        needs.push(need);
    }
    let stated = metadata.row_groups().iter().map(|group| group.num_rows().cast_unsigned());
    check(&needs, stated.fold(0, u64::saturating_add), size)?;
    let shared = Arc::new(file.try_clone()?);
    for (index, chunk, pages) in unsure {
        let text = &mut needs[index].text;
        *text = longest_text(&shared, chunk, &pages)?.max(*text);
    }
    for (need, &leaf) in needs.iter().zip(&leaves) {
        if need.text > MAX_TEXT {
            let reason =
                format!("has a value of {} bytes; write it with shorter values", need.text);
            return Err(limit(schema.column(leaf).path().parts().first(), &reason));
        }
    }
    let text: u64 = needs.iter().map(|need| need.text).sum();
    let rows = BATCH_TEXT.checked_div(text).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS);
    Ok(usize::try_from(rows).unwrap_or(1))
}

fn limit(column: Option<&String>, reason: &str) -> DecodeError {
    let column = bars::excerpt(column.map_or("", |name| name), 40);
    DecodeError::Limit(format!("column \"{column}\" {reason}"))
}

/// Checks rows and pages against the size of the file. `stated` is the number of rows in the
/// metadata.
fn check(needs: &[Need], stated: u64, size: u64) -> Result<(), DecodeError> {
    let rows = needs.iter().map(|need| need.rows).fold(stated, u64::max);
    if rows > FREE_ROWS.max(size.saturating_mul(ROWS_PER_BYTE)) {
        let reason = format!("states {rows} rows in {size} bytes; write it again with fewer rows");
        return Err(DecodeError::Limit(reason));
    }
    // A dictionary is decoded while its page is in memory.
    let bytes: u64 = needs.iter().map(|need| 3 * need.dictionary + need.page).sum();
    if bytes > FREE_BYTES.max(size.saturating_mul(MAX_RATIO)) {
        let reason = format!(
            "its pages decompress to {bytes} bytes, more than {MAX_RATIO} times the size of the file; \
             write it again with smaller pages"
        );
        return Err(DecodeError::Limit(reason));
    }
    Ok(())
}

/// Adds the pages of a column chunk to `need`. Returns for each page whether the lengths of its
/// texts must be looked at.
fn add_chunk(
    file: &File,
    chunk: &ColumnChunkMetaData,
    need: &mut Need,
) -> Result<Vec<bool>, DecodeError> {
    let column = chunk.column_descr();
    let (is_text, width) = match column.physical_type() {
        Type::BYTE_ARRAY => (true, 0),
        Type::FIXED_LEN_BYTE_ARRAY => (true, u64::from(column.type_length().unsigned_abs())),
        _ => (false, 0),
    };
    need.text = need.text.max(width);
    let is_gzip = matches!(chunk.compression(), Compression::GZIP(_));
    let mut pages = Vec::new();
    let mut read = |at, length| read_at(file, at, length);
    each_page(chunk.byte_range(), &mut read, &mut |header, from| {
        if is_gzip {
            check_gzip(file, header, from)?;
        }
        let bytes = u64::from(header.decompressed.max(header.compressed));
        let is_delta = DELTA_TEXTS.contains(&header.encoding());
        // The indices of a dictionary have no texts.
        let has_texts = is_text && (header.encoding() == PLAIN || is_delta);
        match header.kind {
            PageKind::Index => return Ok(()),
            PageKind::Dictionary => need.dictionary = need.dictionary.max(bytes),
            PageKind::Data | PageKind::DataV2 => {
                let values = u64::from(header.values());
                need.rows += values;
                let lengths = if is_text && is_delta { 8 * values } else { 0 };
                need.page = need.page.max(bytes + lengths);
            }
        }
        // A dictionary's own encoding has two names.
        let has_texts = has_texts || (is_text && header.kind == PageKind::Dictionary);
        // Values of a fixed width, such as decimals, have that length.
        let has_texts = has_texts && width == 0;
        let is_unsure = has_texts && (bytes > SMALL_PAGE || is_delta);
        if has_texts && !is_unsure {
            need.text = need.text.max(bytes);
        }
        pages.push(is_unsure || (is_text && is_delta));
        Ok(())
    })?;
    Ok(pages)
}

/// Returns the length of the longest text in those pages of a column chunk that are marked.
fn longest_text(
    file: &Arc<File>,
    chunk: &ColumnChunkMetaData,
    pages: &[bool],
) -> Result<u64, DecodeError> {
    let mut reader = SerializedPageReader::new(file.clone(), chunk, 0, None)?;
    let mut found = 0;
    for &is_marked in pages {
        if reader.peek_next_page()?.is_none() {
            break;
        }
        if !is_marked {
            reader.skip_next_page()?;
        } else if let Some(page) = reader.get_next_page()? {
            found = found.max(longest(&page, chunk.column_descr())?);
        }
    }
    Ok(found)
}

fn read_at(mut file: &File, at: u64, length: u64) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.seek(SeekFrom::Start(at))?;
    let read = file.read(&mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Checks the size of a gzip page: its decoder does not stop at the size in the header.
fn check_gzip(mut file: &File, header: &PageHeader, from: u64) -> Result<(), DecodeError> {
    let (compressed, stated) = (u64::from(header.compressed), u64::from(header.decompressed));
    let Some(levels) = header.compressed_from().filter(|&levels| levels <= compressed) else {
        return Ok(());
    };
    if compressed.saturating_mul(MAX_DEFLATED) <= stated.max(1 << 20) {
        return Ok(());
    }
    file.seek(SeekFrom::Start(from + levels))?;
    let decoder = MultiGzDecoder::new(file.take(compressed - levels));
    // The decoder of the page reports other damage.
    match io::copy(&mut decoder.take(stated + 1), &mut io::sink()) {
        Ok(length) if length > stated => {
            let reason = "a page is larger than its header states".to_owned();
            Err(DecodeError::Damaged(reason))
        }
        _ => Ok(()),
    }
}
