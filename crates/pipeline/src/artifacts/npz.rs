//! NumPy archives (`.npz`) of modes: `numpy.load` reads them.

use std::io::{BufReader, Cursor, Read, Write};
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
/// [`write_modes`].
pub fn read<const N: usize>(path: &Path, names: [&str; N]) -> crate::Result<[Vec<f64>; N]> {
    let file = regular::open(path)?;
    let invalid = |reason: String| unexpected(path, reason);
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| unexpected(path, e))?;
    let mut arrays = [const { Vec::new() }; N];
    for (array, name) in arrays.iter_mut().zip(names) {
        let mut bytes = Vec::new();
        let entry =
            archive.by_name(&format!("{name}.npy")).map_err(|e| invalid(format!("{name}: {e}")))?;
        let read = entry.take(MAX_ARRAY + 1).read_to_end(&mut bytes);
        read.map_err(|e| invalid(format!("{name}: {e}")))?;
        if bytes.len() as u64 > MAX_ARRAY {
            return Err(invalid(format!("{name}: decompresses to more than 1 GiB")));
        }
        *array = numbers(&bytes).map_err(|reason| invalid(format!("{name}: {reason}")))?;
    }
    Ok(arrays)
}

/// The numbers of an array in NumPy's format 1.0 with 64-bit floats in C order.
fn numbers(bytes: &[u8]) -> Result<Vec<f64>, String> {
    let header = bytes.get(10..).zip(bytes.get(8..10)).and_then(|(rest, length)| {
        rest.split_at_checked(usize::from(u16::from_le_bytes([length[0], length[1]])))
    });
    let Some((header, body)) = header.filter(|_| bytes.starts_with(b"\x93NUMPY\x01")) else {
        return Err("not a NumPy .npy array".to_owned());
    };
    let header = String::from_utf8_lossy(header);
    if !header.contains("'<f8'") || header.contains("'fortran_order': True") || body.len() % 8 != 0
    {
        return Err(format!("unsupported array {}", shortened(&header, 200)));
    }
    let (numbers, _) = body.as_chunks::<8>();
    Ok(numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
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
