//! Section "Upswing clusters": clusters of upswings.

use maud::Markup;

use super::section::Section;
use crate::format::{Count, Fixed, Period};
use crate::model::{Report, UpswingCluster};
use crate::table::{HtmlCell, HtmlColumn, table};

pub const SECTION: Section = Section {
    id: "rises",
    title: "Upswing clusters",
    description: "An upswing is a rise of the price from one peak of a mode (a component of the price) to the next, of at least 2 % by default. The clusters have upswings of similar amplitude, duration and volume activity. The longest window with clusters is shown; the imf_clusters files have all windows.",
    content,
    has_content: |report| !report.upswing_clusters.is_empty(),
    time: |_| None,
};

fn content(report: &Report) -> Markup {
    let columns = [
        HtmlColumn::text("symbol"),
        HtmlColumn::text("window"),
        HtmlColumn::number("upswings").tooltip("number of upswings in the cluster"),
        HtmlColumn::number("amplitude %").tooltip("median rise from one peak to the next, in percent"),
        HtmlColumn::number("duration").tooltip("median time from one peak to the next"),
        HtmlColumn::number("volume activity")
            .tooltip("median over the upswings: the volume in all volume cycles that start or end during the upswing. Minutes count once per mode, so this is more than the traded volume"),
    ];
    let cells = |cluster: &UpswingCluster| {
        vec![
            HtmlCell::new(&cluster.symbol),
            HtmlCell::new(&cluster.window).sort_key(cluster.window_minutes),
            HtmlCell::new(Count(cluster.count)).sort_key(cluster.count as f64),
            HtmlCell::new(Fixed(cluster.median_amplitude_pct, 1)),
            HtmlCell::new(Period(cluster.median_duration_minutes / 1440.0))
                .sort_key(cluster.median_duration_minutes),
            volume_cell(cluster.median_volume),
        ]
    };
    table("Upswing clusters", &columns, report.upswing_clusters.iter().map(cells))
}

fn volume_cell(volume: f64) -> HtmlCell {
    let cell = if volume.is_finite() {
        HtmlCell::new(Count(volume.max(0.0) as usize))
    } else {
        HtmlCell::new(Fixed(volume, 0))
    };
    cell.sort_key(volume)
}
