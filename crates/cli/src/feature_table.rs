//! The terminal table of features: a few metrics per symbol with percentiles, and the most unusual
//! metrics.

use bars::Window;
use stages::features::highlights::{longest_window, most_unusual};
use stages::features::layout::FeatureLayout;
use stages::features::table::FeatureRow;
use stages::metrics::Intraday;
use stages::regime::Daily;

use crate::ui;

/// A metric in the table.
#[derive(Debug, Clone, Copy)]
pub struct SummaryMetric {
    /// Column title, after the window.
    pub title: &'static str,
    /// Index of the metric in its table.
    pub index: usize,
    /// Factor from the metric to the printed value.
    pub scale: f64,
    /// Decimal places.
    pub digits: usize,
}

/// Maximum number of unusual metrics printed per symbol.
const MAX_UNUSUAL: usize = 2;

/// Prints one line per symbol: the metrics, with percentiles in brackets, of the longest window up
/// to `longest` that has enough bars for at least one symbol.
pub fn print(
    layout: &FeatureLayout,
    rows: &[FeatureRow],
    metrics: &[SummaryMetric],
    longest: Window,
) -> anyhow::Result<()> {
    let index = longest_window(layout, rows, longest);
    let window = layout.windows[index];
    let mut header = vec!["symbol".to_owned()];
    header.extend(metrics.iter().map(|metric| format!("{window} {}", metric.title)));
    let has_baseline = layout.options.has_baseline;
    if has_baseline {
        header.push("most unusual (percentile)".to_owned());
    }
    let lines = rows.iter().map(|row| {
        let mut line = vec![row.symbol.to_string()];
        line.extend(metrics.iter().map(|metric| figure(row, index, metric)));
        if has_baseline {
            line.push(unusual(layout, row));
        }
        line
    });
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let numbers: Vec<usize> = (1..=metrics.len()).collect();
    ui::print_first(ui::MAX_SYMBOLS_SHOWN, &header, &numbers, lines)
}

/// Formats a value with its percentile in brackets.
fn figure(row: &FeatureRow, window: usize, metric: &SummaryMetric) -> String {
    let window = row.window(window);
    let value = window.value(metric.index) * metric.scale;
    if value.is_nan() {
        return "-".to_owned();
    }
    let enriched = window.enriched(metric.index);
    let (percentile, digits) = (enriched.pctile, metric.digits);
    if percentile.is_nan() {
        format!("{value:.digits$}")
    } else {
        format!("{value:.digits$} ({percentile:.0})")
    }
}

/// Formats the most unusual metrics of any window.
fn unusual(layout: &FeatureLayout, row: &FeatureRow) -> String {
    let unusual = most_unusual(layout, row, MAX_UNUSUAL);
    let named = unusual.iter().map(|(name, percentile)| format!("{name} ({percentile:.0})"));
    if unusual.is_empty() { "-".to_owned() } else { named.collect::<Vec<_>>().join(", ") }
}

/// The table of `metrics` and `state`.
pub const INTRADAY: &[SummaryMetric] = &[
    SummaryMetric { title: "change %", index: Intraday::ChangePct as usize, scale: 1.0, digits: 2 },
    SummaryMetric {
        title: "volatility %",
        index: Intraday::RvClose as usize,
        scale: 100.0,
        digits: 3,
    },
    SummaryMetric { title: "RSI", index: Intraday::Rsi as usize, scale: 1.0, digits: 0 },
    SummaryMetric { title: "ADX", index: Intraday::Adx as usize, scale: 1.0, digits: 0 },
];

/// The table of `regime`.
pub const DAILY: &[SummaryMetric] = &[
    SummaryMetric { title: "change %", index: Daily::ChangePct as usize, scale: 1.0, digits: 2 },
    SummaryMetric {
        title: "volatility %",
        index: Daily::RvClose as usize,
        scale: 100.0,
        digits: 2,
    },
    SummaryMetric { title: "ADX", index: Daily::Adx as usize, scale: 1.0, digits: 0 },
    SummaryMetric {
        title: "breakouts up %",
        index: Daily::BreakoutHiShare as usize,
        scale: 100.0,
        digits: 0,
    },
];
