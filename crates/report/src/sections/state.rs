//! Section "Intraday state": percentiles of intraday metrics.

use maud::{Markup, html};

use super::section::{Section, as_of};
use crate::format::{Fixed, Signed};
use crate::model::{HeatmapRow, MetricOutlier, Report, StateHeatmap};
use crate::table::{HtmlCell, HtmlColumn, table};
use crate::tabs::tabs;

pub const SECTION: Section = Section {
    id: "state",
    title: "Intraday state",
    description: "Percentiles within each symbol's own history: blue is low, orange is high, pale is near the median. Blank: no percentile, because the window has too few bars or the history too few values. Each window is divided into bins: of 1 minute in 1h, 3 minutes in 4h, 10 in 12h and 20 in 24h.",
    content,
    has_content: |report| !report.state.is_empty(),
    time: |report| as_of(report.state_asof),
};

fn content(report: &Report) -> Markup {
    let has_values =
        |map: &StateHeatmap| map.rows.iter().any(|row| row.percentiles.iter().any(|p| !p.is_nan()));
    let selected = report.state.iter().rposition(has_values).unwrap_or(0);
    let panels: Vec<(String, Markup)> =
        report.state.iter().map(|map| (map.window.clone(), heatmap(map))).collect();
    html! {
        (tabs("window", &panels, selected))
        @if !report.outliers.is_empty() {
            h3 { "Most unusual metrics" }
            (outlier_table(&report.outliers))
        }
    }
}

fn heatmap(map: &StateHeatmap) -> Markup {
    let mut columns = vec![HtmlColumn::text("symbol")];
    columns.extend(
        map.metrics
            .iter()
            .map(|metric| HtmlColumn::heatmap(&metric.name).tooltip(&metric.description)),
    );
    let cell = |&percentile: &f64| {
        if percentile.is_nan() {
            HtmlCell::empty()
        } else {
            HtmlCell::new(Fixed(percentile, 0)).percentile_fill(percentile)
        }
    };
    let cells = |row: &HeatmapRow| {
        std::iter::once(HtmlCell::new(&row.symbol))
            .chain(row.percentiles.iter().map(cell))
            .collect()
    };
    table(&format!("Percentiles over {}", map.window), &columns, map.rows.iter().map(cells))
}

fn outlier_table(outliers: &[MetricOutlier]) -> Markup {
    let columns = [
        HtmlColumn::text("symbol"),
        HtmlColumn::text("metric"),
        HtmlColumn::number("percentile"),
        HtmlColumn::number("distance")
            .tooltip("distance from the symbol's own median, in interquartile ranges"),
    ];
    let cells = |outlier: &MetricOutlier| {
        vec![
            HtmlCell::new(&outlier.symbol),
            HtmlCell::new(&outlier.column),
            HtmlCell::new(Fixed(outlier.percentile, 0))
                .sort_key(outlier.percentile)
                .percentile_pill(outlier.percentile),
            HtmlCell::new(Signed(outlier.iqr_distance, 1)).sort_key(outlier.iqr_distance.abs()),
        ]
    };
    table("Most unusual", &columns, outliers.iter().map(cells))
}
