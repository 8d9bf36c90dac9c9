//! Arrays as numpy's archives: `numpy.load` reads them.

use std::io::{Cursor, Write};
use std::path::Path;

use bars::Error;
use bars::atomic::{self, SealedFile};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An array of 64-bit floats, row by row.
pub struct Array<'a> {
    /// Its name in the archive.
    pub name: &'a str,
    /// Length per axis.
    pub shape: Vec<usize>,
    /// The rows.
    pub rows: Vec<&'a [f64]>,
}

/// Writes `arrays` as an archive, ready to be put at `place`. Nothing in it tells when it was made.
pub fn write(place: &Path, arrays: &[Array<'_>]) -> bars::Result<SealedFile> {
    let error = |e: zip::result::ZipError| Error::io("write", place, e.into());
    // Noise compresses badly, and reading is faster without.
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(false);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for array in arrays {
        archive.start_file(format!("{}.npy", array.name), options).map_err(error)?;
        let mut bytes = header(&array.shape);
        bytes.extend(array.rows.iter().flat_map(|row| row.iter()).flat_map(|x| x.to_le_bytes()));
        archive.write_all(&bytes).map_err(|e| Error::io("write", place, e))?;
    }
    let bytes = archive.finish().map_err(error)?.into_inner();
    atomic::sealed(place, &bytes)
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
