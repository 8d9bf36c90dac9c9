//! `run_config.json`: parameters and provenance of cycles. Written by [`Cycles::write`](crate::cycles::Cycles::write), read
//! here.

use std::path::{Path, PathBuf};

use bars::AsOf;
use serde::Deserialize;
use serde_json::Value;
use stages::cycles::{Coverage, Lookback};

use super::names::CYCLES_CONFIG;
use super::read_json;
use crate::error::{Error, Result};

/// A `run_config.json` that was read.
#[derive(Debug)]
pub struct RunConfig {
    path: PathBuf,
    value: Value,
}

impl RunConfig {
    /// Reads the file `named`, or that in `folder`, if there is one.
    ///
    /// # Errors
    /// If the named file is missing, or either is not JSON.
    pub fn find(named: Option<&Path>, folder: &Path) -> Result<Option<RunConfig>> {
        let path = named.map_or_else(|| folder.join(CYCLES_CONFIG), Path::to_owned);
        if named.is_none() && !path.exists() {
            return Ok(None);
        }
        Ok(Some(RunConfig { value: read_json(&path)?, path }))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length of the window in days; `None` if the file does not say.
    ///
    /// # Errors
    /// If it is not a positive number.
    pub fn window_days(&self) -> Result<Option<f64>> {
        match &self.value["window_days"] {
            Value::Null => Ok(None),
            days => match days.as_f64() {
                Some(days) if days > 0.0 => Ok(Some(days)),
                _ => {
                    let reason = format!(
                        "its key \"window_days\" is {days}, not the length of a window; give window_days"
                    );
                    Err(Error::artifact(&self.path, reason))
                }
            },
        }
    }

    /// The as-of; `None` if the file does not say.
    ///
    /// # Errors
    /// If it is not a time.
    pub fn asof(&self) -> Result<Option<AsOf>> {
        let text = match &self.value["asof"] {
            Value::Null => return Ok(None),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let spec: Result<bars::time::AsOfSpec, String> = text.parse();
        match spec {
            // The as-of does not depend on the months.
            Ok(spec) => Ok(spec.moment().map(|moment| Lookback::new(spec, moment, 1).asof)),
            Err(e) => Err(Error::artifact(
                &self.path,
                format!("its asof cannot be read: {e}; give the as-of (asof)"),
            )),
        }
    }

    /// The share of a symbol's minutes without a bar, 0 to 1.
    pub fn missing_share(&self, symbol: &str) -> Option<f64> {
        self.value["bars_per_symbol"][symbol]["missing_share"].as_f64()
    }
}

/// The fields of `run_config.json` that the report shows.
#[derive(Debug, Deserialize)]
pub(crate) struct ReportedConfig {
    pub(crate) window_start: String,
    pub(crate) window_end: String,
    pub(crate) leaders: Vec<String>,
    pub(crate) detrend: bool,
    bars_per_symbol: std::collections::BTreeMap<String, ReportedCoverage>,
}

#[derive(Debug, Deserialize)]
struct ReportedCoverage {
    bars_before: usize,
    bars_after: usize,
    missing_share: f64,
    longest_gap: usize,
}

impl ReportedConfig {
    /// Whether so many bars of a symbol are missing that fast cycles may come from the gaps.
    pub(crate) fn is_poor(&self, symbol: &str) -> bool {
        self.bars_per_symbol.get(symbol).is_some_and(|coverage| {
            let &ReportedCoverage { bars_before, bars_after, missing_share, longest_gap } = coverage;
            Coverage { bars_before, bars_after, missing_share, longest_gap }.is_poor()
        })
    }
}
