//! What to look at first in rows of features: a window, a few metrics, and the most unusual ones.

use bars::Window;

use super::layout::{FeatureCell, FeatureLayout};
use super::table::FeatureRow;
use crate::metrics::Intraday;
use crate::regime::Daily;

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

/// A metric of a [`SummaryTable`].
#[derive(Debug, Clone, Copy)]
pub struct SummaryMetric {
    /// Column title, after the window.
    pub title: &'static str,
    /// Index of the metric in its catalog.
    pub index: usize,
    /// Factor from the metric to the value shown.
    pub scale: f64,
    /// Decimal places.
    pub digits: usize,
}

impl SummaryMetric {
    const fn new(title: &'static str, index: usize, scale: f64, digits: usize) -> SummaryMetric {
        SummaryMetric { title, index, scale, digits }
    }

    /// Formats the value with its percentile in brackets; `-` if it is missing.
    fn cell(&self, row: &FeatureRow, window: usize) -> String {
        let window = row.window(window);
        let value = window.value(self.index) * self.scale;
        let (percentile, digits) = (window.enriched(self.index).pctile, self.digits);
        if value.is_nan() {
            "-".to_owned()
        } else if percentile.is_nan() {
            format!("{value:.digits$}")
        } else {
            format!("{value:.digits$} ({percentile:.0})")
        }
    }
}

/// The metrics of `metrics` and `state` to look at first.
pub const INTRADAY: &[SummaryMetric] = &[
    SummaryMetric::new("change %", Intraday::ChangePct as usize, 1.0, 2),
    SummaryMetric::new("volatility %", Intraday::RvClose as usize, 100.0, 3),
    SummaryMetric::new("RSI", Intraday::Rsi as usize, 1.0, 0),
    SummaryMetric::new("ADX", Intraday::Adx as usize, 1.0, 0),
];

/// The metrics of `regime` to look at first.
pub const DAILY: &[SummaryMetric] = &[
    SummaryMetric::new("change %", Daily::ChangePct as usize, 1.0, 2),
    SummaryMetric::new("volatility %", Daily::RvClose as usize, 100.0, 2),
    SummaryMetric::new("ADX", Daily::Adx as usize, 1.0, 0),
    SummaryMetric::new("breakouts up %", Daily::BreakoutHiShare as usize, 100.0, 0),
];

/// Maximum number of unusual metrics per symbol in a [`SummaryTable`].
const MAX_UNUSUAL: usize = 2;

/// One line per symbol for people: a few metrics, with percentiles in brackets, and the most unusual
/// metrics of any window, if there are baselines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryTable {
    /// The column titles; the first is `symbol`, those of the metrics begin with the window.
    pub header: Vec<String>,
    /// The cells of each symbol, in the order of the rows.
    pub lines: Vec<Vec<String>>,
}

impl SummaryTable {
    /// Formats `metrics` in the [`longest_window`] up to `limit`.
    pub fn new(
        layout: &FeatureLayout,
        rows: &[FeatureRow],
        metrics: &[SummaryMetric],
        limit: Window,
    ) -> SummaryTable {
        let index = longest_window(layout, rows, limit);
        let window = layout.windows[index];
        let has_baseline = layout.options.has_baseline;
        let mut header = vec!["symbol".to_owned()];
        header.extend(metrics.iter().map(|metric| format!("{window} {}", metric.title)));
        if has_baseline {
            header.push("most unusual (percentile)".to_owned());
        }
        let line = |row: &FeatureRow| {
            let mut line = vec![row.symbol.to_string()];
            line.extend(metrics.iter().map(|metric| metric.cell(row, index)));
            if has_baseline {
                line.push(unusual(layout, row));
            }
            line
        };
        SummaryTable { header, lines: rows.iter().map(line).collect() }
    }
}

/// Formats the most unusual metrics of any window.
fn unusual(layout: &FeatureLayout, row: &FeatureRow) -> String {
    let unusual = most_unusual(layout, row, MAX_UNUSUAL);
    let named = unusual.iter().map(|(name, percentile)| format!("{name} ({percentile:.0})"));
    if unusual.is_empty() { "-".to_owned() } else { named.collect::<Vec<_>>().join(", ") }
}
