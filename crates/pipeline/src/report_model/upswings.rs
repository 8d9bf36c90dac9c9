//! The clusters of upswings of `imf-cluster`.

use std::collections::BTreeSet;

use bars::Window;
use report::Report;
use report::model::UpswingCluster;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::OutputFiles;
use crate::artifacts::{Cohort, read_json};
use crate::error::Result;

#[derive(Default, Deserialize)]
struct Kinds {
    gmm: Vec<Kind>,
    dbscan: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    count: usize,
    median_amplitude_pct: Option<f64>,
    median_duration_min: Option<f64>,
    median_total_volume: Option<f64>,
}

/// Reads the clusters of all cohorts into `report`: of each symbol those of its longest window with clusters. Returns whether there
/// was a file.
pub fn read(outputs: &OutputFiles<'_>, report: &mut Report) -> Result<bool> {
    let mut is_there = false;
    // A symbol has the same upswings in each of its cohorts.
    let mut seen = BTreeSet::new();
    for cohort in [Cohort::Overlaps, Cohort::Gainers, Cohort::Losers] {
        // Windows ascend.
        let path = outputs.named(&cohort.clusters_files()[0]);
        let symbols: Option<Map<String, Value>> = path.map(|path| read_json(&path)).transpose()?;
        is_there |= symbols.is_some();
        for (symbol, windows) in symbols.unwrap_or_default() {
            let Value::Object(windows) = windows else {
                continue;
            };
            if !seen.insert(symbol.clone()) {
                continue;
            }
            let kinds = |value: &Value| serde_json::from_value::<Kinds>(value.clone()).unwrap_or_default();
            let read = windows.iter().map(|(window, value)| (window, kinds(value)));
            let last = read.rev().find(|(_, kinds)| !kinds.gmm.is_empty() || !kinds.dbscan.is_empty());
            let Some((window, kinds)) = last else {
                continue;
            };
            let kinds = if kinds.gmm.is_empty() { kinds.dbscan } else { kinds.gmm };
            report.upswing_clusters.extend(kinds.into_iter().map(|kind| UpswingCluster {
                symbol: symbol.clone(),
                window: window.clone(),
                window_minutes:
                    window.parse::<Window>().map_or(f64::NAN, |window| f64::from(window.minutes())),
                count: kind.count,
                median_amplitude_pct: kind.median_amplitude_pct.unwrap_or(f64::NAN),
                median_duration_minutes: kind.median_duration_min.unwrap_or(f64::NAN),
                median_volume: kind.median_total_volume.unwrap_or(f64::NAN),
            }));
        }
    }
    Ok(is_there)
}
