//! SHA-256 digests in hexadecimal.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Size of the read buffer.
const CHUNK_BYTES: usize = 1 << 16;

/// The digest of a file.
///
/// # Errors
/// If it cannot be read.
pub fn file_digest(path: &Path) -> io::Result<String> {
    let (mut file, mut digest, mut chunk) =
        (File::open(path)?, Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(digest.finalize().as_slice())),
            n => digest.update(&chunk[..n]),
        }
    }
}

/// The digest of a text.
pub(crate) fn text_digest(text: &str) -> String {
    hex(Sha256::digest(text).as_slice())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
