//! Digests: SHA-256, in hexadecimal.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bars_io::Error;
use sha2::{Digest, Sha256};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// The digest of what a stage is asked: its `command` with all flags, the state of the source, and the content of `inputs`, by this
/// very program.
pub fn of_question(command: &str, state_of_source: &str, inputs: &[PathBuf]) -> bars_io::Result<String> {
    let mut parts = vec![of_program().to_owned(), command.to_owned(), state_of_source.to_owned()];
    for path in inputs {
        // An input that there may be, and is not.
        let content = if path.is_file() { of_output(path)? } else { "none".to_owned() };
        parts.push(format!("{} {content}", path.display()));
    }
    Ok(hex(Sha256::digest(parts.join("\n\n")).as_slice()))
}

/// The program's own digest: another build may give other answers.
fn of_program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let own = std::env::current_exe().ok().and_then(|path| of_file(&path).ok());
        own.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned())
    })
}

/// The digest of an output. Of `run_config.json` without what differs between runs of the same question.
pub fn of_output(path: &Path) -> bars_io::Result<String> {
    let error = |e| Error::io("read", path, e);
    if path.file_name().is_some_and(|name| name == "run_config.json") {
        let text = std::fs::read(path).map_err(error)?;
        if let Ok(serde_json::Value::Object(mut config)) = serde_json::from_slice(&text) {
            config.remove("run");
            return Ok(hex(Sha256::digest(serde_json::Value::Object(config).to_string()).as_slice()));
        }
    }
    of_file(path).map_err(error)
}

fn of_file(path: &Path) -> io::Result<String> {
    let (mut file, mut digest, mut chunk) = (File::open(path)?, Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(digest.finalize().as_slice())),
            n => digest.update(&chunk[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
