//! What a run of imf-stage wrote down about itself.

use std::path::{Path, PathBuf};

use bars::{AsOf, Error};
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
    pub(super) fn find(named: Option<&Path>, folder: &Path) -> bars::Result<Option<RunConfig>> {
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
    pub(super) fn window_days(&self) -> Option<f64> {
        self.value["window_days"].as_f64()
    }

    /// The as-of, where there is one.
    ///
    /// # Errors
    /// Where it is no time.
    pub(super) fn asof(&self) -> bars::Result<Option<AsOf>> {
        let Some(text) = self.value["asof"].as_str() else { return Ok(None) };
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
pub(super) fn json(path: &Path) -> bars::Result<Value> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    serde_json::from_slice(&bytes).map_err(|e| {
        Error::content(path, format!("this is no JSON ({e}); name the file that imf-stage wrote"))
    })
}
