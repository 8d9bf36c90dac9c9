//! Arrays as numpy's archives: `numpy.load` reads them, and so do we.

use crate::interrupt::temp_files;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Write};
use std::path::Path;

use anyhow::bail;
use bars_io::Error;
use bars_io::atomic::FinishedFile;
use emd::Decomposition;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

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
    /// As it is: modes are noise to a compressor, and reading is faster.
    Stored,
    /// Deflated at the fastest level, which takes what little there is to be had.
    Deflated,
}

/// Writes `arrays` as an archive, ready to be put at `place`. Nothing in it tells when it was made.
fn write(place: &Path, arrays: &[Array<'_>], packing: Packing) -> bars_io::Result<FinishedFile> {
    let error = |e: zip::result::ZipError| Error::io("write", place, e.into());
    let options = SimpleFileOptions::default().large_file(false);
    let options = match packing {
        Packing::Stored => options.compression_method(CompressionMethod::Stored),
        Packing::Deflated => {
            options.compression_method(CompressionMethod::Deflated).compression_level(Some(1))
        }
    };
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for array in arrays {
        archive.start_file(format!("{}.npy", array.name), options).map_err(error)?;
        let mut bytes = header(&array.shape);
        bytes.extend(array.rows.iter().flat_map(|row| row.iter()).flat_map(|x| x.to_le_bytes()));
        archive.write_all(&bytes).map_err(|e| Error::io("write", place, e))?;
    }
    let bytes = archive.finish().map_err(error)?.into_inner();
    temp_files().write_temp(place, &bytes)
}

/// Writes what a series came apart into: `imfs` (a row per mode), `residue` and `imf_variances`.
pub fn write_modes(place: &Path, found: &Decomposition, packing: Packing) -> bars_io::Result<FinishedFile> {
    let (variances, n) = (found.variances(), found.residue.len());
    let rows = found.modes.iter().map(Vec::as_slice).collect();
    let arrays = [
        Array { name: "imfs", shape: vec![found.modes.len(), n], rows },
        Array { name: "residue", shape: vec![n], rows: vec![&found.residue] },
        Array { name: "imf_variances", shape: vec![variances.len()], rows: vec![&variances] },
    ];
    write(place, &arrays, packing)
}

/// The header of numpy's format, version 1.0: padded so that the numbers begin at a multiple of 64 bytes.
fn header(shape: &[usize]) -> Vec<u8> {
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    // A tuple of one needs its comma, and others are read with one.
    let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}", lengths.trim_end());
    let padded = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((padded as u16).to_le_bytes());
    header.extend(format!("{text:<width$}\n", width = padded - 1).bytes());
    header
}

/// Reads arrays of an archive by name, flat.
///
/// # Errors
/// Where the file is no such archive, lacks one of them, or has it in another form than [`write_modes`] gives it.
pub fn read<const N: usize>(path: &Path, names: [&str; N]) -> anyhow::Result<[Vec<f64>; N]> {
    let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    let mut archive = ZipArchive::new(BufReader::new(file))?;
    let mut arrays = [const { Vec::new() }; N];
    for (array, name) in arrays.iter_mut().zip(names) {
        let mut bytes = Vec::new();
        archive.by_name(&format!("{name}.npy"))?.read_to_end(&mut bytes)?;
        *array = numbers(&bytes)?;
    }
    Ok(arrays)
}

/// The numbers of an array in numpy's format, version 1.0, of 64-bit floats row by row: as this program writes them.
fn numbers(bytes: &[u8]) -> anyhow::Result<Vec<f64>> {
    let header = bytes.get(10..).zip(bytes.get(8..10)).and_then(|(rest, length)| {
        rest.split_at_checked(usize::from(u16::from_le_bytes([length[0], length[1]])))
    });
    let Some((header, body)) = header.filter(|_| bytes.starts_with(b"\x93NUMPY\x01")) else {
        bail!("no array of numpy's");
    };
    let header = String::from_utf8_lossy(header);
    if !header.contains("'<f8'") || header.contains("'fortran_order': True") || body.len() % 8 != 0 {
        bail!("an array of another kind: {header}");
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
            assert!(header.ends_with(b" \n") && header.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr'"));
        }
    }
}
