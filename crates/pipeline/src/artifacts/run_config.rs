//! `run_config.json`: parameters and provenance of cycles. Written by
//! [`Cycles::write`](crate::cycles::Cycles::write).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bars::AsOf;
use bars::time::AsOfSpec;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stages::cycles::{Coverage, Lookback};

use super::names::CYCLES_CONFIG;
use super::read_json;
use crate::error::{Error, Result};

/// The key of values that differ between runs with the same parameters.
pub(crate) const RUN_KEY: &str = "run";

/// The file as it is written.
#[derive(Debug, Serialize)]
pub(crate) struct RunConfig<'a> {
    pub(crate) asof: AsOf,
    pub(crate) window_start: String,
    pub(crate) window_end: String,
    pub(crate) window_minutes: usize,
    pub(crate) window_days: f64,
    pub(crate) leaders: Vec<&'a str>,
    pub(crate) bar_time: &'static str,
    pub(crate) lookback_months: u32,
    pub(crate) min_cycle_depth_pct: f64,
    pub(crate) detrend: bool,
    pub(crate) winsorize: bool,
    pub(crate) cluster_mixed: bool,
    pub(crate) persist_imfs: bool,
    pub(crate) max_seconds_per_asset: Option<f64>,
    pub(crate) decomposition: DecompositionConfig,
    pub(crate) clustering: ClusteringConfig,
    pub(crate) pools: BTreeMap<&'static str, PoolConfig<'a>>,
    pub(crate) bars_per_symbol: BTreeMap<&'a str, Coverage>,
    pub(crate) paths: PathsConfig,
    pub(crate) versions: BTreeMap<&'static str, &'static str>,
    /// Has the key [`RUN_KEY`].
    pub(crate) run: RunTiming<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DecompositionConfig {
    pub(crate) method: &'static str,
    pub(crate) preset: String,
    pub(crate) sifting: String,
    pub(crate) noise_scale: String,
    pub(crate) epsilon: f64,
    pub(crate) trials: usize,
    pub(crate) seed: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct ClusteringConfig {
    pub(crate) min_cluster_size: usize,
    pub(crate) k_means_most: usize,
    pub(crate) k_means_starts: usize,
    pub(crate) k_means_seed: u64,
    pub(crate) ward_distance: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct PoolConfig<'a> {
    pub(crate) cycles: usize,
    pub(crate) method: &'static str,
    pub(crate) scaler: ScalerConfig<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ScalerConfig<'a> {
    pub(crate) features: &'a [&'static str],
    pub(crate) center: &'a [f64],
    pub(crate) scale: &'a [f64],
}

#[derive(Debug, Serialize)]
pub(crate) struct PathsConfig {
    pub(crate) summary: &'static str,
    pub(crate) cards: Vec<String>,
    pub(crate) imfs: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct RunTiming<'a> {
    pub(crate) source: &'a str,
    pub(crate) threads: usize,
    pub(crate) n_jobs: usize,
    pub(crate) noise_seconds: f64,
    pub(crate) seconds_per_symbol: BTreeMap<&'a str, Option<f64>>,
}

/// The fields of the file that summaries of cycles need. All are optional, because users also pass
/// files of other programs.
#[derive(Debug)]
pub struct RecordedRun {
    path: PathBuf,
    keys: RecordedKeys,
}

#[derive(Debug, Deserialize)]
struct RecordedKeys {
    #[serde(default)]
    asof: Value,
    #[serde(default)]
    window_days: Value,
    #[serde(default)]
    bars_per_symbol: Value,
}

impl RecordedRun {
    /// Reads the file `named`, or else the one in `folder`, if it exists.
    ///
    /// # Errors
    /// If the named file is missing, or either is not JSON.
    pub fn find(named: Option<&Path>, folder: &Path) -> Result<Option<RecordedRun>> {
        let path = named.map_or_else(|| folder.join(CYCLES_CONFIG), Path::to_owned);
        if named.is_none() && !path.exists() {
            return Ok(None);
        }
        Ok(Some(RecordedRun { keys: read_json(&path)?, path }))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length of the window in days; `None` if the file does not have it.
    ///
    /// # Errors
    /// If it is not a positive number.
    pub fn window_days(&self) -> Result<Option<f64>> {
        match &self.keys.window_days {
            Value::Null => Ok(None),
            days => match days.as_f64() {
                Some(days) if days > 0.0 => Ok(Some(days)),
                _ => {
                    let reason = format!(
                        "its key \"window_days\" is {days}, not a valid length; give window_days"
                    );
                    Err(Error::artifact(&self.path, reason))
                }
            },
        }
    }

    /// The as-of; `None` if the file does not have it.
    ///
    /// # Errors
    /// If it is not a time.
    pub fn asof(&self) -> Result<Option<AsOf>> {
        let text = match &self.keys.asof {
            Value::Null => return Ok(None),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match text.parse::<AsOfSpec>() {
            // The as-of does not depend on the months.
            Ok(spec) => Ok(spec.moment().map(|moment| Lookback::new(spec, moment, 1).asof)),
            Err(e) => Err(Error::artifact(
                &self.path,
                format!("its key \"asof\" is invalid: {e}; give asof"),
            )),
        }
    }

    /// The share of a symbol's minutes without a bar, 0 to 1.
    pub fn missing_share(&self, symbol: &str) -> Option<f64> {
        self.keys.bars_per_symbol[symbol]["missing_share"].as_f64()
    }
}

/// The fields of the file that the report shows.
#[derive(Debug, Deserialize)]
pub(crate) struct ReportedRun {
    pub(crate) window_start: String,
    pub(crate) window_end: String,
    pub(crate) leaders: Vec<String>,
    pub(crate) detrend: bool,
    bars_per_symbol: BTreeMap<String, Coverage>,
}

impl ReportedRun {
    /// Returns whether enough bars of a symbol are missing that fast cycles may come from the
    /// gaps.
    pub(crate) fn is_poor(&self, symbol: &str) -> bool {
        self.bars_per_symbol.get(symbol).is_some_and(Coverage::is_poor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_round_trips() {
        let coverage =
            Coverage { bars_before: 4, bars_after: 8, missing_share: 0.5, longest_gap: 3 };
        let asof: AsOf = AsOf::from_epoch_micros(86_400_000_000).unwrap();
        let written = RunConfig {
            asof,
            window_start: "1969-12-31T00:00:00Z".to_owned(),
            window_end: asof.to_string(),
            window_minutes: 8,
            window_days: 2.5,
            leaders: vec!["A", "B"],
            bar_time: "open",
            lookback_months: 1,
            min_cycle_depth_pct: 2.0,
            detrend: true,
            winsorize: true,
            cluster_mixed: false,
            persist_imfs: false,
            max_seconds_per_asset: None,
            decomposition: DecompositionConfig {
                method: "ceemdan",
                preset: String::new(),
                sifting: String::new(),
                noise_scale: String::new(),
                epsilon: 0.1,
                trials: 1,
                seed: 2,
            },
            clustering: ClusteringConfig {
                min_cluster_size: 1,
                k_means_most: 1,
                k_means_starts: 1,
                k_means_seed: 1,
                ward_distance: 1.0,
            },
            pools: BTreeMap::new(),
            bars_per_symbol: BTreeMap::from([("A", coverage)]),
            paths: PathsConfig { summary: "", cards: Vec::new(), imfs: None },
            versions: BTreeMap::new(),
            run: RunTiming {
                source: "",
                threads: 1,
                n_jobs: 1,
                noise_seconds: 0.0,
                seconds_per_symbol: BTreeMap::new(),
            },
        };
        let written = serde_json::to_value(&written).unwrap();
        assert!(written.get(RUN_KEY).is_some());
        let keys = serde_json::from_value(written.clone()).unwrap();
        let recorded = RecordedRun { path: PathBuf::new(), keys };
        assert_eq!(recorded.asof().unwrap(), Some(asof));
        assert_eq!(recorded.window_days().unwrap(), Some(2.5));
        assert_eq!((recorded.missing_share("A"), recorded.missing_share("B")), (Some(0.5), None));
        let reported: ReportedRun = serde_json::from_value(written).unwrap();
        assert!(reported.is_poor("A") && !reported.is_poor("B") && reported.detrend);
        assert_eq!(reported.window_start, "1969-12-31T00:00:00Z");
        assert_eq!((reported.window_end, reported.leaders.len()), (asof.to_string(), 2));
    }
}
