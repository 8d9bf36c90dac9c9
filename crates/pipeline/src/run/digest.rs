//! SHA-256 digests, in hexadecimal.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::artifacts::names::CYCLES_CONFIG;
use bars_io::Error;
use sha2::{Digest, Sha256};

/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 16;

/// The digest of an output file; of `run_config.json` without its key `run`, which differs between runs with the same parameters.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn output_digest(path: &Path) -> bars_io::Result<String> {
    let error = |e| Error::io("read", path, e);
    if path.file_name().is_some_and(|name| name == CYCLES_CONFIG) {
        let text = std::fs::read(path).map_err(error)?;
        if let Ok(serde_json::Value::Object(mut config)) = serde_json::from_slice(&text) {
            config.remove("run");
            return Ok(hex(Sha256::digest(serde_json::Value::Object(config).to_string()).as_slice()));
        }
    }
    file_digest(path).map_err(error)
}

/// The digest of a file.
///
/// # Errors
/// If it cannot be read.
pub fn file_digest(path: &Path) -> io::Result<String> {
    let (mut file, mut digest, mut chunk) = (File::open(path)?, Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(digest.finalize().as_slice())),
            n => digest.update(&chunk[..n]),
        }
    }
}

/// The digest of a text.
pub(super) fn text_digest(text: &str) -> String {
    hex(Sha256::digest(text).as_slice())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
