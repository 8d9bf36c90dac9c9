//! Who takes places where.

use super::Section;
use crate::html::put;
use crate::model::Report;
use crate::table::{Cell, Column, render as table};

pub const SECTION: Section = Section {
    id: "places",
    title: "Places by bucket",
    about: "How often each symbol was among the biggest gains, losses, spikes and drops of volume, by length of the bucket. The darker, the nearer to the most of its column.",
    render,
    is_there: |report| !report.places.rows.is_empty(),
    of: super::of_page,
};

/// Shades of a column.
const SHADES: f64 = 8.0;

fn render(report: &Report, out: &mut String) {
    let places = &report.places;
    let mut columns = vec![Column::text("symbol")];
    columns.extend(places.buckets.iter().map(|(window, kind)| Column::heat(&format!("{window} {kind}"))));
    let most: Vec<usize> = (0..places.buckets.len())
        .map(|bucket| places.rows.iter().map(|(_, counts)| counts[bucket]).max().unwrap_or(0))
        .collect();
    let row = |(symbol, counts): &(String, Vec<usize>)| {
        let cell = |(&count, &most): (&usize, &usize)| {
            let shade = (SHADES * count as f64 / most.max(1) as f64).ceil();
            let text = if count == 0 { String::new() } else { count.to_string() };
            Cell::text(&text).by(count as f64).class(&format!("s{shade}"))
        };
        let mut cells = vec![Cell::text(symbol)];
        cells.extend(counts.iter().zip(&most).map(cell));
        cells
    };
    let rows: Vec<Vec<Cell>> = places.rows.iter().map(row).collect();
    table(out, "Places by symbol and bucket", &columns, &rows);
    if places.more > 0 {
        put!(
            out,
            "<p class=\"about\">{} symbols with fewer places are left out; leaderboards.parquet has them.</p>",
            places.more
        );
    }
}
