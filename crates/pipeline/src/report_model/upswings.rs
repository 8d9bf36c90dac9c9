//! The clusters of upswings of `imf-cluster`.

use std::collections::BTreeSet;

use report::Report;
use report::model::UpswingCluster;

use super::OutputFiles;
use crate::artifacts::{Cohort, upswing_clusters};
use crate::error::Result;

/// Reads the clusters of all cohorts into `report`, for each symbol those of its longest window
/// with clusters. Returns whether there was a file.
pub fn read(outputs: &OutputFiles<'_>, report: &mut Report) -> Result<bool> {
    let mut is_there = false;
    // A symbol has the same upswings in each of its cohorts.
    let mut seen = BTreeSet::new();
    for cohort in [Cohort::Overlaps, Cohort::Gainers, Cohort::Losers] {
        let path = outputs.named(&cohort.clusters_files()[0]);
        let Some(symbols) = path.map(|path| upswing_clusters::read(&path)).transpose()? else {
            continue;
        };
        is_there = true;
        for symbol in symbols {
            if !seen.insert(symbol.symbol.clone()) {
                continue;
            }
            let mut longest_first = symbol.windows.into_iter().rev();
            let last =
                longest_first.find(|(_, found)| !found.gmm.is_empty() || !found.dbscan.is_empty());
            let Some((window, found)) = last else { continue };
            let clusters = if found.gmm.is_empty() { found.dbscan } else { found.gmm };
            report.upswing_clusters.extend(clusters.into_iter().map(|cluster| UpswingCluster {
                symbol: symbol.symbol.clone(),
                window: window.to_string(),
                window_minutes: f64::from(window.minutes()),
                count: cluster.count,
                median_amplitude_pct: cluster.median_amplitude_pct.unwrap_or(f64::NAN),
                median_duration_minutes: cluster.median_duration_min.unwrap_or(f64::NAN),
                median_volume: cluster.median_total_volume.unwrap_or(f64::NAN),
            }));
        }
    }
    Ok(is_there)
}
