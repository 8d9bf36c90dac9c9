//! SHA-256 digests in hexadecimal.

use std::io::Read;
use std::path::Path;

use bars_io::{Error, regular};
use sha2::{Digest, Sha256};

/// Size of the read buffer.
const CHUNK_BYTES: usize = 1 << 16;

/// The digest of a file.
///
/// # Errors
/// If it cannot be read, or is not a regular file.
pub fn file_digest(path: &Path) -> bars_io::Result<String> {
    let (mut file, mut digest, mut chunk) =
        (regular::open(path)?, Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut chunk).map_err(|e| Error::io("read", path, e))? {
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
