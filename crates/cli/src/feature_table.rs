//! The terminal table of features: a few metrics per symbol with their percentiles, and the most
//! unusual ones.

use bars::Window;
use stages::features::layout::{FeatureCell, FeatureLayout};
use stages::features::table::FeatureRow;

use stages::metrics::Intraday;
use stages::regime::Daily;

use crate::ui;

/// A metric shown for each symbol.
#[derive(Debug, Clone, Copy)]
pub struct SummaryMetric {
    /// The column title, after the window.
    pub title: &'static str,
    /// Index of the metric in its table.
    pub index: usize,
    /// Factor from the metric to what is shown.
    pub scale: f64,
    /// Digits after the point.
    pub digits: usize,
}

/// Symbols shown at most.
const MAX_SYMBOLS_SHOWN: usize = 20;

/// Unusual metrics named per symbol at most.
const MAX_UNUSUAL: usize = 2;

/// Values that a baseline needs before its percentiles are shown.
const MIN_BASELINE: usize = 10;

/// Prints a line per symbol: figures of the longest window up to `longest` that is ok for any of
/// them, each with its percentile in brackets.
pub fn print(
    layout: &FeatureLayout,
    rows: &[FeatureRow],
    metrics: &[SummaryMetric],
    longest: Window,
) -> anyhow::Result<()> {
    let fits = |place: &usize| layout.windows[*place] <= longest;
    let is_ok = |place: &usize| rows.iter().any(|row| row.window(*place).is_ok());
    let places = || (0..layout.windows.len()).rev();
    let place = places()
        .filter(fits)
        .find(is_ok)
        .or(places().find(is_ok))
        .or(places().find(fits))
        .unwrap_or(0);
    let window = layout.windows[place];
    let mut header = vec!["symbol".to_owned()];
    header.extend(metrics.iter().map(|metric| format!("{window} {}", metric.title)));
    let has_baseline = layout.options.has_baseline;
    if has_baseline {
        header.push("most unusual for it (percentile)".to_owned());
    }
    let lines = rows.iter().take(MAX_SYMBOLS_SHOWN).map(|row| {
        let mut line = vec![row.symbol.to_string()];
        line.extend(metrics.iter().map(|metric| figure(row, place, metric)));
        if has_baseline {
            line.push(unusual(layout, row));
        }
        line
    });
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let numbers: Vec<usize> = (1..=metrics.len()).collect();
    ui::print(&ui::table(&header, &numbers, lines))?;
    if rows.len() > MAX_SYMBOLS_SHOWN {
        ui::print(&format!("and {} more", rows.len() - MAX_SYMBOLS_SHOWN))?;
    }
    Ok(())
}

/// A value, and its percentile in brackets.
fn figure(row: &FeatureRow, place: usize, metric: &SummaryMetric) -> String {
    let reading = row.window(place);
    let value = reading.value(metric.index) * metric.scale;
    if value.is_nan() {
        return "-".to_owned();
    }
    let enriched = reading.enriched(metric.index);
    let (percentile, digits) = (enriched.pctile, metric.digits);
    if enriched.n < MIN_BASELINE {
        format!("{value:.digits$}")
    } else {
        format!("{value:.digits$} ({percentile:.0})")
    }
}

/// The metrics, of whatever window, that stand furthest out in their baselines.
fn unusual(layout: &FeatureLayout, row: &FeatureRow) -> String {
    let outside = layout.columns().iter().filter_map(|column| {
        let FeatureCell::Value(w, m) = column.cell else {
            return None;
        };
        let enriched = row.window(w).enriched(m);
        let is_out = enriched.n >= MIN_BASELINE && !(5.0..=95.0).contains(&enriched.pctile);
        is_out.then_some((column.spec.name.as_str(), enriched.rz.abs(), enriched.pctile))
    });
    let mut outside: Vec<_> = outside.filter(|(_, rz, _)| !rz.is_nan()).collect();
    outside.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named: Vec<String> = outside
        .iter()
        .take(MAX_UNUSUAL)
        .map(|(name, _, percentile)| format!("{name} ({percentile:.0})"))
        .collect();
    if named.is_empty() { "-".to_owned() } else { named.join(", ") }
}

/// Metrics of `metrics` and `state`.
pub const INTRADAY: &[SummaryMetric] = &[
    SummaryMetric { title: "change %", index: Intraday::Roc as usize, scale: 1.0, digits: 2 },
    SummaryMetric {
        title: "volatility %",
        index: Intraday::RvClose as usize,
        scale: 100.0,
        digits: 3,
    },
    SummaryMetric { title: "RSI", index: Intraday::Rsi as usize, scale: 1.0, digits: 0 },
    SummaryMetric { title: "ADX", index: Intraday::Adx as usize, scale: 1.0, digits: 0 },
];

/// Metrics of `regime`.
pub const DAILY: &[SummaryMetric] = &[
    SummaryMetric { title: "change %", index: Daily::Roc as usize, scale: 1.0, digits: 2 },
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
