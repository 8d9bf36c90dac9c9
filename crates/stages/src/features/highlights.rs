//! What to look at first in rows of features: a window, and the most unusual metrics.

use bars::Window;

use super::layout::{FeatureCell, FeatureLayout};
use super::table::FeatureRow;

/// Percentiles from the first to the second are usual.
const USUAL_PERCENTILES: [f64; 2] = [5.0, 95.0];

/// Returns the index of the longest window up to `limit` that has enough bars for at least one row;
/// if there is none, of the longest window that has, else of the longest up to `limit`, else 0.
pub fn longest_window(layout: &FeatureLayout, rows: &[FeatureRow], limit: Window) -> usize {
    let fits = |index: &usize| layout.windows[*index] <= limit;
    let is_ok = |index: &usize| rows.iter().any(|row| row.window(*index).is_ok());
    let indices = || (0..layout.windows.len()).rev();
    let fitting = indices().filter(fits).find(is_ok);
    fitting.or(indices().find(is_ok)).or(indices().find(fits)).unwrap_or(0)
}

/// Returns up to `count` columns of metrics, of any window, below the 5th or above the 95th
/// percentile of the symbol's own history, with the percentile (0 to 100); the largest absolute
/// robust z-score first. Metrics without a baseline are left out.
pub fn most_unusual<'a>(
    layout: &'a FeatureLayout,
    row: &FeatureRow,
    count: usize,
) -> Vec<(&'a str, f64)> {
    let outside = layout.columns().iter().filter_map(|column| {
        let FeatureCell::Value(w, m) = column.cell else {
            return None;
        };
        let enriched = row.window(w).enriched(m);
        let [low, high] = USUAL_PERCENTILES;
        let is_out = enriched.pctile < low || enriched.pctile > high;
        let is_known = !enriched.rz.is_nan();
        (is_out && is_known).then_some((&*column.spec.name, enriched.rz.abs(), enriched.pctile))
    });
    let mut outside: Vec<_> = outside.collect();
    outside.sort_by(|a, b| b.1.total_cmp(&a.1));
    outside.truncate(count);
    outside.into_iter().map(|(name, _, percentile)| (name, percentile)).collect()
}
