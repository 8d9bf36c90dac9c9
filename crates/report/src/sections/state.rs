//! Where symbols stand within the day.

use super::{Section, tabs};
use crate::html::{number, signed};
use crate::model::{Report, Standing};
use crate::table::{Cell, Column, render as table};

pub const SECTION: Section = Section {
    id: "state",
    title: "State within the day",
    about: "Percentiles against each symbol's own past: blue is low, orange is high, pale is ordinary; blank where that past has fewer than ten windows.",
    render,
    is_there: |report| !report.state.is_empty(),
    of: |report| super::as_of(report.state_asof),
};

fn render(report: &Report, out: &mut String) {
    let parts: Vec<(String, &Standing)> =
        report.state.iter().map(|standing| (standing.window.clone(), standing)).collect();
    let has_values =
        |standing: &&Standing| standing.rows.iter().any(|(_, row)| row.iter().any(|p| !p.is_nan()));
    let first = parts.iter().rposition(|(_, standing)| has_values(standing)).unwrap_or(0);
    tabs(out, "window", &parts, first, |standing, out| heatmap(standing, out));
    if !report.unusual.is_empty() {
        out.push_str("<h3>Most unusual</h3>");
        let columns = [
            Column::text("symbol"),
            Column::text("metric"),
            Column::number("percentile"),
            Column::number("distance").about("from the median of its own past, in interquartile ranges"),
        ];
        let row = |unusual: &crate::model::Unusual| {
            vec![
                Cell::text(&unusual.symbol),
                Cell::text(&unusual.metric),
                Cell::text(&number(unusual.percentile, 0)).by(unusual.percentile).pill(unusual.percentile),
                Cell::text(&signed(unusual.deviations, 1)).by(unusual.deviations.abs()),
            ]
        };
        table(out, "Most unusual", &columns, &report.unusual.iter().map(row).collect::<Vec<_>>());
    }
}

fn heatmap(standing: &Standing, out: &mut String) {
    let mut columns = vec![Column::text("symbol")];
    let title = |metric: &crate::model::Metric| Column::heat(&metric.name).about(&metric.about);
    columns.extend(standing.metrics.iter().map(title));
    let row = |(symbol, percentiles): &(String, Vec<f64>)| {
        let cell = |&value: &f64| {
            let text = if value.is_nan() { String::new() } else { number(value, 0) };
            Cell::text(&text).percentile(value)
        };
        std::iter::once(Cell::text(symbol)).chain(percentiles.iter().map(cell)).collect()
    };
    let rows: Vec<Vec<Cell>> = standing.rows.iter().map(row).collect();
    table(out, &format!("Percentiles over {}", standing.window), &columns, &rows);
}
