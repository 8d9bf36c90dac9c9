//! Digests of outputs.

use std::path::Path;

use bars_io::regular;

use crate::artifacts::names::CYCLES_CONFIG;
use crate::artifacts::run_config::RUN_KEY;
use crate::digest::{file_digest, text_digest};

/// Returns the digest of an output file; for `run_config.json` without its key `run`, which differs
/// between runs with the same parameters.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn output_digest(path: &Path) -> bars_io::Result<String> {
    if path.file_name().is_some_and(|name| name == CYCLES_CONFIG) {
        let text = regular::read(path)?;
        if let Ok(serde_json::Value::Object(mut config)) = serde_json::from_slice(&text) {
            config.remove(RUN_KEY);
            return Ok(text_digest(&serde_json::Value::Object(config).to_string()));
        }
    }
    file_digest(path)
}
