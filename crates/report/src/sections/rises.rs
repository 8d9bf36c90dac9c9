//! What kinds of rises a cohort has.

use super::Section;
use crate::html::{count, number, period};
use crate::model::{Report, Rise};
use crate::table::{Cell, Column, render as table};

pub const SECTION: Section = Section {
    id: "rises",
    title: "Kinds of rises",
    about: "Rises from trough to peak that are alike in height, length and volume, over the longest window in which a symbol has any. The imf_clusters files have all windows.",
    render,
    is_there: |report| !report.rises.is_empty(),
    of: super::of_page,
};

fn render(report: &Report, out: &mut String) {
    let columns = [
        Column::text("symbol"),
        Column::text("window"),
        Column::number("rises").about("how many are of this kind"),
        Column::number("height %").about("median"),
        Column::number("length").about("median"),
        Column::number("volume").about("median of the total volume of a rise"),
    ];
    let row = |rise: &Rise| {
        vec![
            Cell::text(&rise.symbol),
            Cell::text(&rise.window).by(rise.window_minutes),
            Cell::text(&count(rise.count)).by(rise.count as f64),
            Cell::text(&number(rise.amplitude_pct, 1)),
            Cell::text(&period(rise.minutes / 1440.0)).by(rise.minutes),
            volume(rise.volume),
        ]
    };
    table(out, "Kinds of rises", &columns, &report.rises.iter().map(row).collect::<Vec<_>>());
}

fn volume(volume: f64) -> Cell {
    let text = if volume.is_finite() { count(volume.max(0.0) as usize) } else { number(volume, 0) };
    Cell::text(&text).by(volume)
}
