//! What a person is shown of features: where each symbol stands, and what about it is most unusual.

use bars::Window;
use stages::features::layout::{Cell, Layout};
use stages::features::table::Row;

use crate::ui;

/// A figure that is shown of each symbol.
#[derive(Debug, Clone, Copy)]
pub struct Pick {
    /// Its title.
    pub title: &'static str,
    /// The place of the metric.
    pub metric: usize,
    /// What it is multiplied by.
    pub scale: f64,
    /// Digits after the point.
    pub digits: usize,
}

/// The most symbols that are shown.
const MOST: usize = 20;

/// The most unusual metrics that are named of a symbol.
const UNUSUAL: usize = 2;

/// The fewest windows of a baseline of which a percentile is shown: of three windows it tells nothing.
const FEWEST: usize = 10;

/// Prints a line per symbol: figures of the longest window up to `longest` that is ok for any of them, each with its percentile
/// in brackets.
pub fn print(layout: &Layout, rows: &[Row], picks: &[Pick], longest: Window) -> anyhow::Result<()> {
    let fits = |place: &usize| layout.windows[*place] <= longest;
    let is_ok = |place: &usize| rows.iter().any(|row| row.window(*place).is_ok());
    let places = || (0..layout.windows.len()).rev();
    let place =
        places().filter(fits).find(is_ok).or(places().find(is_ok)).or(places().find(fits)).unwrap_or(0);
    let window = layout.windows[place];
    let mut header = vec!["symbol".to_owned()];
    header.extend(picks.iter().map(|pick| format!("{window} {}", pick.title)));
    let has_baseline = layout.extent.has_baseline;
    if has_baseline {
        header.push("most unusual for it (percentile)".to_owned());
    }
    let lines = rows.iter().take(MOST).map(|row| {
        let mut line = vec![row.symbol.to_string()];
        line.extend(picks.iter().map(|pick| figure(row, place, pick)));
        if has_baseline {
            line.push(unusual(layout, row));
        }
        line
    });
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let numbers: Vec<usize> = (1..=picks.len()).collect();
    ui::print(&ui::table(&header, &numbers, lines))?;
    if rows.len() > MOST {
        ui::print(&format!("and {} more", rows.len() - MOST))?;
    }
    Ok(())
}

/// A value, and its percentile in brackets.
fn figure(row: &Row, place: usize, pick: &Pick) -> String {
    let reading = row.window(place);
    let value = reading.value(pick.metric) * pick.scale;
    if value.is_nan() {
        return "-".to_owned();
    }
    let enriched = reading.enriched(pick.metric);
    let (percentile, digits) = (enriched.pctile, pick.digits);
    if enriched.n < FEWEST {
        format!("{value:.digits$}")
    } else {
        format!("{value:.digits$} ({percentile:.0})")
    }
}

/// The metrics, of whatever window, that stand furthest out in their baselines.
fn unusual(layout: &Layout, row: &Row) -> String {
    let outside = layout.columns().iter().filter_map(|column| {
        let Cell::Value(w, m) = column.cell else {
            return None;
        };
        let enriched = row.window(w).enriched(m);
        let is_out = enriched.n >= FEWEST && !(5.0..=95.0).contains(&enriched.pctile);
        is_out.then_some((column.name.as_str(), enriched.rz.abs(), enriched.pctile))
    });
    let mut outside: Vec<_> = outside.filter(|(_, rz, _)| !rz.is_nan()).collect();
    outside.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named: Vec<String> = outside
        .iter()
        .take(UNUSUAL)
        .map(|(name, _, percentile)| format!("{name} ({percentile:.0})"))
        .collect();
    if named.is_empty() { "-".to_owned() } else { named.join(", ") }
}
