//! Where symbols stand within the day.

use super::Section;
use crate::html::{escape, number, put, signed};
use crate::model::{Report, Standing};
use crate::table::{Cell, Column, render as table};

pub const SECTION: Section = Section {
    id: "state",
    title: "State within the day",
    about: "Percentiles against each symbol's own past: blue is low, orange is high, pale is ordinary.",
    render,
    is_there: |report| !report.state.is_empty(),
};

fn render(report: &Report, out: &mut String) {
    out.push_str("<div class=\"tabs\">");
    for (place, standing) in report.state.iter().enumerate() {
        put!(
            out,
            "<input type=\"radio\" name=\"window\" id=\"window-{place}\"{}><label for=\"window-{place}\">{}</label>",
            if place + 1 == report.state.len() { " checked" } else { "" },
            escape(&standing.window)
        );
    }
    for standing in &report.state {
        out.push_str("<div class=\"tab\">");
        heatmap(standing, out);
        out.push_str("</div>");
    }
    out.push_str("</div>");
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
