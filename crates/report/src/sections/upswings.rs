//! Section "Kinds of rises": clusters of upswings.

use maud::Markup;

use super::section::Section;
use crate::format::{Count, Fixed, Period};
use crate::model::{Report, UpswingCluster};
use crate::table::{HtmlCell, HtmlColumn, table};

pub const SECTION: Section = Section {
    id: "rises",
    title: "Kinds of rises",
    description: "Rises from trough to peak that are alike in height, length and volume, over the longest window in which a symbol has any. The imf_clusters files have all windows.",
    content,
    has_content: |report| !report.upswing_clusters.is_empty(),
    time: |_| None,
};

fn content(report: &Report) -> Markup {
    let columns = [
        HtmlColumn::text("symbol"),
        HtmlColumn::text("window"),
        HtmlColumn::number("rises").tooltip("how many are of this kind"),
        HtmlColumn::number("height %").tooltip("median"),
        HtmlColumn::number("length").tooltip("median"),
        HtmlColumn::number("volume").tooltip("median of the total volume of a rise"),
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
    table("Kinds of rises", &columns, report.upswing_clusters.iter().map(cells))
}

fn volume_cell(volume: f64) -> HtmlCell {
    let cell = if volume.is_finite() {
        HtmlCell::new(Count(volume.max(0.0) as usize))
    } else {
        HtmlCell::new(Fixed(volume, 0))
    };
    cell.sort_key(volume)
}
