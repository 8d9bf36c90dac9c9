//! NumPy archives (`.npz`) of modes: `numpy.load` reads them.

use std::io::{BufReader, Cursor, ErrorKind, Read, Write};
use std::path::Path;

use bars::shortened;
use bars_io::atomic::{FinishedFile, TempFiles};
use bars_io::{Error, regular};
use emd::Decomposition;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::unexpected;

/// Maximum decompressed size of an array that is read: a small file can hold any size.
const MAX_ARRAY: u64 = 1 << 30;

/// Decompressed size that any array may have: ten modes of 800,000 samples.
const FREE_BYTES: u64 = 64 << 20;

/// Times its compressed size that a larger array may have. Modes hardly compress.
const MAX_RATIO: u64 = 20;

/// Bytes of an array that are decompressed at a time.
const CHUNK: u64 = 1 << 20;

/// An array of 64-bit floats, row by row.
struct Array<'a> {
    /// Its name in the archive.
    name: &'a str,
    /// Length per axis.
    shape: Vec<usize>,
    /// The rows.
    rows: Vec<&'a [f64]>,
}

/// How an archive is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Uncompressed: modes hardly compress, and reading is faster.
    Stored,
    /// Deflated at the fastest level.
    Deflated,
}

/// The bytes of an archive of `arrays`. It has no time stamps: the same arrays give the same bytes.
fn archive(arrays: &[Array<'_>], packing: Packing) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default().large_file(false);
    let options = match packing {
        Packing::Stored => options.compression_method(CompressionMethod::Stored),
        Packing::Deflated => {
            options.compression_method(CompressionMethod::Deflated).compression_level(Some(1))
        }
    };
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for array in arrays {
        archive.start_file(format!("{}.npy", array.name), options)?;
        let mut bytes = header(&array.shape);
        bytes.extend(array.rows.iter().flat_map(|row| row.iter()).flat_map(|x| x.to_le_bytes()));
        archive.write_all(&bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// A decomposition as the bytes of an archive: `imfs` (modes x samples), `residue` and
/// `imf_variances`.
///
/// # Errors
/// If it is too large for a ZIP archive.
pub fn modes(found: &Decomposition, packing: Packing) -> Result<Vec<u8>, ZipError> {
    let (variances, n) = (found.variances(), found.residue.len());
    let rows = found.modes.iter().map(Vec::as_slice).collect();
    let arrays = [
        Array { name: "imfs", shape: vec![found.modes.len(), n], rows },
        Array { name: "residue", shape: vec![n], rows: vec![&found.residue] },
        Array { name: "imf_variances", shape: vec![variances.len()], rows: vec![&variances] },
    ];
    archive(&arrays, packing)
}

/// Writes [`modes`], ready to be committed to `path`.
///
/// # Errors
/// If it cannot be written.
pub fn write_modes(
    path: &Path,
    found: &Decomposition,
    packing: Packing,
    temp: &TempFiles,
) -> bars_io::Result<FinishedFile> {
    let bytes = modes(found, packing).map_err(|e| Error::io("write", path, e.into()))?;
    temp.write_temp(path, &bytes)
}

/// The header of NumPy's format 1.0, padded so that the numbers begin at a multiple of 64 bytes.
fn header(shape: &[usize]) -> Vec<u8> {
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    // A one-element tuple needs its comma; others may have one.
    let text =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}", lengths.trim_end());
    let padded = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((padded as u16).to_le_bytes());
    header.extend(format!("{text:<width$}\n", width = padded - 1).bytes());
    header
}

/// Reads arrays of an archive by name, flat.
///
/// # Errors
/// If the file is not such an archive, lacks an array, or has it in another form than
/// [`write_modes`]; if an array takes more than 1 GiB, or more than 64 MiB and 20 times its
/// compressed size.
pub fn read<const N: usize>(path: &Path, names: [&str; N]) -> crate::Result<[Vec<f64>; N]> {
    let file = regular::open(path)?;
    let invalid = |reason: String| unexpected(path, reason);
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| unexpected(path, e))?;
    let mut arrays = [const { Vec::new() }; N];
    for (array, name) in arrays.iter_mut().zip(names) {
        let entry =
            archive.by_name(&format!("{name}.npy")).map_err(|e| invalid(format!("{name}: {e}")))?;
        let max = entry.compressed_size().saturating_mul(MAX_RATIO).clamp(FREE_BYTES, MAX_ARRAY);
        *array = numbers(entry, max).map_err(|reason| invalid(format!("{name}: {reason}")))?;
    }
    Ok(arrays)
}

/// The numbers of an array of at most `max` bytes in NumPy's format 1.0 with 64-bit floats in C
/// order.
fn numbers(entry: impl Read, max: u64) -> Result<Vec<f64>, String> {
    let mut entry = entry.take(max + 1);
    let unreadable = |e: std::io::Error| match e.kind() {
        ErrorKind::UnexpectedEof => "not a NumPy .npy array".to_owned(),
        _ => e.to_string(),
    };
    let mut start = [0; 10];
    entry.read_exact(&mut start).map_err(unreadable)?;
    if !start.starts_with(b"\x93NUMPY\x01") {
        return Err("not a NumPy .npy array".to_owned());
    }
    let mut header = vec![0; usize::from(u16::from_le_bytes([start[8], start[9]]))];
    entry.read_exact(&mut header).map_err(unreadable)?;
    let header = String::from_utf8_lossy(&header);
    let unsupported = || format!("unsupported array {}", shortened(&header, 200));
    if !header.contains("'<f8'") || header.contains("'fortran_order': True") {
        return Err(unsupported());
    }
    let (mut numbers, mut bytes) = (Vec::new(), Vec::new());
    loop {
        bytes.clear();
        entry.by_ref().take(CHUNK).read_to_end(&mut bytes).map_err(unreadable)?;
        if entry.limit() == 0 {
            return Err(format!(
                "decompresses to more than {} MiB, {MAX_RATIO} times its size in the file or more",
                max >> 20
            ));
        }
        let (whole, rest) = bytes.as_chunks::<8>();
        numbers.extend(whole.iter().map(|bytes| f64::from_le_bytes(*bytes)));
        if !rest.is_empty() {
            return Err(unsupported());
        }
        if (bytes.len() as u64) < CHUNK {
            return Ok(numbers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive with one array of zeros, as another program writes it.
    fn zeros(samples: usize) -> tempfile::NamedTempFile {
        let rows = vec![0.0; samples];
        let array = Array { name: "imfs", shape: vec![samples], rows: vec![&rows] };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), archive(&[array], Packing::Deflated).unwrap()).unwrap();
        file
    }

    #[test]
    fn arrays_that_take_far_more_than_the_file_are_refused() {
        let [small] = read(zeros(1_000_000).path(), ["imfs"]).unwrap();
        assert_eq!(small, vec![0.0; 1_000_000]);
        let bomb = zeros(10_000_000);
        assert!(bomb.as_file().metadata().unwrap().len() < 1_000_000);
        let error = read(bomb.path(), ["imfs"]).unwrap_err().to_string();
        assert!(error.contains("imfs: decompresses to more than 64 MiB"), "{error}");
        assert!(error.ends_with("regenerate it"), "{error}");
    }

    #[test]
    fn headers_are_padded() {
        for shape in [vec![3], vec![12, 130_000]] {
            let header = super::header(&shape);
            assert_eq!(header.len() % 64, 0);
            assert!(
                header.ends_with(b" \n")
                    && header.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr'")
            );
        }
    }
}
