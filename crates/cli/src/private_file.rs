//! Files with passwords: the configuration file and `--password-file`.

use std::path::Path;
use std::sync::Once;

use bars_io::regular;

use crate::secrets;

/// Reads a password: the first line of the file at `path`. Warns once if other users can read it:
/// secrets that are mounted into a container often have fixed permissions, so it is not refused.
///
/// # Errors
/// The file cannot be read. A path that may be the password itself is not repeated.
pub fn password_in(path: &Path) -> anyhow::Result<String> {
    static WARN: Once = Once::new();
    if secrets::shown(Some("password-file"), &path.to_string_lossy()) == secrets::HIDDEN {
        anyhow::bail!(
            "no such file with a password; check its path, which is not shown because it may be the password"
        );
    }
    let text = std::fs::read_to_string(path).map_err(|e| bars_io::Error::io("read", path, e))?;
    if regular::is_open_to_others(path) {
        WARN.call_once(|| {
            let path = path.display();
            tracing::warn!(
                "other users can read the password file {path}; run 'chmod 600 {path}' if it is yours"
            );
        });
    }
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
