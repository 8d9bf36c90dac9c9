//! Digests of outputs.

use std::path::Path;

use bars_io::Error;

use crate::artifacts::names::CYCLES_CONFIG;
use crate::artifacts::run_config::RUN_KEY;
use crate::digest::{file_digest, text_digest};

/// Returns the digest of an output file; for `run_config.json` without its key `run`, which differs
/// between runs with the same parameters.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn output_digest(path: &Path) -> bars_io::Result<String> {
    let error = |e| Error::io("read", path, e);
    if path.file_name().is_some_and(|name| name == CYCLES_CONFIG) {
        let text = std::fs::read(path).map_err(error)?;
        if let Ok(serde_json::Value::Object(mut config)) = serde_json::from_slice(&text) {
            config.remove(RUN_KEY);
            return Ok(text_digest(&serde_json::Value::Object(config).to_string()));
        }
    }
    file_digest(path).map_err(error)
}
