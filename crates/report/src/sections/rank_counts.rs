//! Section "Ranks by bucket": how often each symbol was ranked.

use maud::{Markup, html};

use super::section::Section;
use crate::model::{RankCountRow, Report};
use crate::table::{HtmlCell, HtmlColumn, table};

pub const SECTION: Section = Section {
    id: "places",
    title: "Ranks by bucket",
    description: "How often each symbol ranked among the largest gains, losses, volume spikes and volume drops, by bucket length. Stronger color = higher count within the column.",
    content,
    has_content: |report| !report.rank_counts.rows.is_empty(),
    time: |_| None,
};

fn content(report: &Report) -> Markup {
    let counts = &report.rank_counts;
    let mut columns = vec![HtmlColumn::text("symbol")];
    columns.extend(
        counts
            .buckets
            .iter()
            .map(|bucket| HtmlColumn::heatmap(format!("{} {}", bucket.window, bucket.ranking))),
    );
    let highest: Vec<usize> = (0..counts.buckets.len())
        .map(|bucket| {
            counts
                .rows
                .iter()
                .filter_map(|row| row.counts.get(bucket))
                .max()
                .map_or(0, |&count| count)
        })
        .collect();
    let cells = |row: &RankCountRow| {
        let mut cells = vec![HtmlCell::new(&row.symbol)];
        cells.extend(
            row.counts.iter().zip(&highest).map(|(&count, &highest)| count_cell(count, highest)),
        );
        cells
    };
    html! {
        (table("Ranks by symbol and bucket", &columns, counts.rows.iter().map(cells)))
        @if counts.omitted_symbols > 0 {
            p class="about" {
                (counts.omitted_symbols)
                " symbols with fewer ranks are not shown; all are in leaderboards.parquet."
            }
        }
    }
}

/// A count, shaded by its share of the highest count of its column.
fn count_cell(count: usize, highest: usize) -> HtmlCell {
    const CLASSES: [&str; 9] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"];
    let shade = ((CLASSES.len() - 1) * count).div_ceil(highest.max(1)).min(CLASSES.len() - 1);
    let cell = if count == 0 { HtmlCell::empty() } else { HtmlCell::new(count) };
    cell.sort_key(count as f64).class(CLASSES[shade])
}
