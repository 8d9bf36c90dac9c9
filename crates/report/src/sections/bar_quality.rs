//! Section "Data quality": completeness of the bars of each symbol.

use maud::Markup;

use super::section::Section;
use crate::format::{Count, Fixed, Period};
use crate::model::{BarQuality, Report};
use crate::table::{HtmlCell, HtmlColumn, table};

pub const SECTION: Section = Section {
    id: "quality",
    title: "Data quality",
    description: "Bars of each symbol over the lookback of the boards. A minute without trades has no bar; long runs of such minutes are outages or halts.",
    content,
    has_content: |report| !report.bar_quality.is_empty(),
    time: |_| None,
};

fn content(report: &Report) -> Markup {
    let columns = [
        HtmlColumn::text("symbol"),
        HtmlColumn::number("bars"),
        HtmlColumn::number("missing %")
            .tooltip("share of minutes without a bar, from the first bar on"),
        HtmlColumn::number("longest gap"),
        HtmlColumn::number("no volume %").tooltip("share of bars without volume"),
        HtmlColumn::number("age of last bar").tooltip("time from the last bar to the as-of"),
        HtmlColumn::text("warnings"),
    ];
    let cells = |quality: &BarQuality| {
        let minutes = |minutes: f64| HtmlCell::new(Period(minutes / 1440.0)).sort_key(minutes);
        vec![
            HtmlCell::new(&quality.symbol),
            HtmlCell::new(Count(quality.bar_count)).sort_key(quality.bar_count as f64),
            HtmlCell::new(Fixed(100.0 * quality.missing_share, 2)),
            minutes(quality.longest_gap_minutes as f64),
            HtmlCell::new(Fixed(100.0 * quality.zero_volume_share, 2)),
            minutes(quality.minutes_behind as f64),
            HtmlCell::new(quality.warnings.join(", ")).class("warn"),
        ]
    };
    table("Data quality", &columns, report.bar_quality.iter().map(cells))
}
