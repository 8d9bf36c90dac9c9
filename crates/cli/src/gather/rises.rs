//! The kinds of rises of `imf-cluster`.

use std::collections::BTreeSet;

use bars::Window;
use report::Report;
use report::model::Rise;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Outputs, json};

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

/// Reads the kinds of all cohorts into `report`, of each symbol those of its longest window that has any; tells whether there was a
/// file.
pub fn read(outputs: &Outputs<'_>, report: &mut Report) -> anyhow::Result<bool> {
    let mut is_there = false;
    // A symbol of several cohorts has the same rises in each.
    let mut told = BTreeSet::new();
    for cohort in ["overlaps", "gainers", "losers"] {
        // Windows ascend.
        let path = outputs.named(&format!("imf_clusters_{cohort}.json"));
        let symbols: Option<Map<String, Value>> = path.map(|path| json(&path)).transpose()?;
        is_there |= symbols.is_some();
        for (symbol, windows) in symbols.unwrap_or_default() {
            let Value::Object(windows) = windows else {
                continue;
            };
            if !told.insert(symbol.clone()) {
                continue;
            }
            let kinds = |value: &Value| serde_json::from_value::<Kinds>(value.clone()).unwrap_or_default();
            let read = windows.iter().map(|(window, value)| (window, kinds(value)));
            let last = read.rev().find(|(_, kinds)| !kinds.gmm.is_empty() || !kinds.dbscan.is_empty());
            let Some((window, kinds)) = last else {
                continue;
            };
            let kinds = if kinds.gmm.is_empty() { kinds.dbscan } else { kinds.gmm };
            report.rises.extend(kinds.into_iter().map(|kind| Rise {
                symbol: symbol.clone(),
                window: window.clone(),
                window_minutes:
                    window.parse::<Window>().map_or(f64::NAN, |window| f64::from(window.minutes())),
                count: kind.count,
                amplitude_pct: kind.median_amplitude_pct.unwrap_or(f64::NAN),
                minutes: kind.median_duration_min.unwrap_or(f64::NAN),
                volume: kind.median_total_volume.unwrap_or(f64::NAN),
            }));
        }
    }
    Ok(is_there)
}
