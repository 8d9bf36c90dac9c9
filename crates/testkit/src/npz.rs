//! Reads NumPy arrays.

use std::io::Read;
use std::path::Path;

/// An array of numbers in row-major order; integers are converted.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Length per axis.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Vec<f64>,
}

impl Array {
    /// Returns the rows of a two-dimensional array.
    pub fn rows(&self) -> Vec<&[f64]> {
        assert_eq!(self.shape.len(), 2, "an array of two axes");
        if self.shape[1] == 0 { Vec::new() } else { self.values.chunks(self.shape[1]).collect() }
    }
}

/// Reads the array `name` of an .npz file.
pub fn load(path: &Path, name: &str) -> Array {
    let file =
        std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = zip::ZipArchive::new(file).expect("an archive");
    let mut bytes = Vec::new();
    let mut entry =
        archive.by_name(&format!("{name}.npy")).unwrap_or_else(|_| panic!("no array {name}"));
    entry.read_to_end(&mut bytes).expect("an entry");
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Array {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\0", "version 1 of the format");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..start]).expect("text");
    assert!(header.contains("'fortran_order': False"), "{header}");
    let shape = header
        .split_once("'shape': (")
        .and_then(|(_, rest)| rest.split_once(')'))
        .expect("a shape")
        .0;
    let shape: Vec<usize> = shape
        .split(',')
        .filter(|x| !x.trim().is_empty())
        .map(|x| x.trim().parse().expect("a length"))
        .collect();
    let eights =
        bytes[start..].chunks_exact(8).map(|x| <[u8; 8]>::try_from(x).expect("eight bytes"));
    let values = if header.contains("'<f8'") {
        eights.map(f64::from_le_bytes).collect()
    } else {
        assert!(header.contains("'<i8'"), "{header}");
        eights.map(|x| i64::from_le_bytes(x) as f64).collect()
    };
    let array = Array { shape, values };
    assert_eq!(array.shape.iter().product::<usize>(), array.values.len());
    array
}
