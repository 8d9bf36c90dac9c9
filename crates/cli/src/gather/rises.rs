//! The kinds of rises of `imf-cluster`.

use std::path::Path;

use report::Report;
use report::model::Rise;
use serde::Deserialize;
use serde_json::{Map, Value};

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

/// Reads the kinds of all cohorts into `report`: of each symbol those of its longest window that has any.
pub fn read(dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    for cohort in ["overlaps", "gainers", "losers"] {
        // Windows stand in the order in which they were asked for: ascending, unless someone asked otherwise.
        let symbols: Option<Map<String, Value>> =
            super::json(&dir.join(format!("imf_clusters_{cohort}.json")))?;
        for (symbol, windows) in symbols.unwrap_or_default() {
            let Value::Object(windows) = windows else {
                continue;
            };
            let kinds = |value: &Value| serde_json::from_value::<Kinds>(value.clone()).unwrap_or_default();
            let read = windows.iter().map(|(window, value)| (window, kinds(value)));
            let last = read.rev().find(|(_, kinds)| !kinds.gmm.is_empty() || !kinds.dbscan.is_empty());
            let Some((window, kinds)) = last else {
                continue;
            };
            let kinds = if kinds.gmm.is_empty() { kinds.dbscan } else { kinds.gmm };
            report.rises.extend(kinds.into_iter().map(|kind| Rise {
                cohort: cohort.to_owned(),
                symbol: symbol.clone(),
                window: window.clone(),
                count: kind.count,
                amplitude_pct: kind.median_amplitude_pct.unwrap_or(f64::NAN),
                minutes: kind.median_duration_min.unwrap_or(f64::NAN),
                volume: kind.median_total_volume.unwrap_or(f64::NAN),
            }));
        }
    }
    Ok(())
}
