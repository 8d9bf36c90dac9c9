//! What a run of imf-stage wrote down about itself.

use std::path::{Path, PathBuf};

use bars::AsOf;
use bars_io::Error;
use serde_json::Value;
use stages::cycles::Lookback;

/// A run_config.json.
#[derive(Debug)]
pub(super) struct RunConfig {
    path: PathBuf,
    value: Value,
}

impl RunConfig {
    /// The one that was named, else that in `folder`, if there is one.
    ///
    /// # Errors
    /// Where the one that was named is missing, or either is not JSON.
    pub(super) fn find(named: Option<&Path>, folder: &Path) -> bars_io::Result<Option<RunConfig>> {
        let path = named.map_or_else(|| folder.join("run_config.json"), Path::to_owned);
        if named.is_none() && !path.exists() {
            return Ok(None);
        }
        Ok(Some(RunConfig { value: json(&path)?, path }))
    }

    /// Where it stands.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Length of the window.
    ///
    /// # Errors
    /// Where it is none.
    pub(super) fn window_days(&self) -> bars_io::Result<Option<f64>> {
        match &self.value["window_days"] {
            Value::Null => Ok(None),
            days => match days.as_f64() {
                Some(days) if days > 0.0 => Ok(Some(days)),
                _ => {
                    let reason = format!(
                        "its window_days, {days}, is no length of a window; give it with --window-days"
                    );
                    Err(Error::content(&self.path, reason))
                }
            },
        }
    }

    /// The as-of, where there is one.
    ///
    /// # Errors
    /// Where it is no time.
    pub(super) fn asof(&self) -> bars_io::Result<Option<AsOf>> {
        let text = match &self.value["asof"] {
            Value::Null => return Ok(None),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let spec: Result<bars::time::AsOfSpec, String> = text.parse();
        match spec {
            // Months do not matter to the as-of.
            Ok(spec) => Ok(spec.moment().map(|moment| Lookback::new(spec, moment, 1).asof)),
            Err(e) => {
                Err(Error::content(&self.path, format!("its asof cannot be read: {e}; give it with --asof")))
            }
        }
    }

    /// The share of a symbol's minutes that had no bar.
    pub(super) fn missing_share(&self, symbol: &str) -> Option<f64> {
        self.value["bars_per_symbol"][symbol]["missing_share"].as_f64()
    }
}

/// The JSON in a file.
pub(super) fn json(path: &Path) -> bars_io::Result<Value> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    serde_json::from_slice(&bytes).map_err(|e| {
        Error::content(path, format!("this is no JSON ({e}); name the file that imf-stage wrote"))
    })
}
