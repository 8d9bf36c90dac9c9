//! How sound the bars are.

use super::Section;
use crate::html::{count, number, period};
use crate::model::{Quality, Report};
use crate::table::{Cell, Column, render as table};

pub const SECTION: Section = Section {
    id: "quality",
    title: "Data quality",
    about: "The bars of each symbol over the lookback of the boards. Minutes without a bar are rightly absent where nothing was traded; long runs of them are outages, halts or listings.",
    render,
    is_there: |report| !report.quality.is_empty(),
    of: super::of_page,
};

fn render(report: &Report, out: &mut String) {
    let columns = [
        Column::text("symbol"),
        Column::number("bars"),
        Column::number("missing %").about("minutes without a bar, from the first one on"),
        Column::number("longest gap"),
        Column::number("no volume %").about("minutes with a bar but without any volume"),
        Column::number("behind").about("from the last bar to the as-of"),
        Column::text("to be minded"),
    ];
    let row = |quality: &Quality| {
        let minutes = |minutes: f64| Cell::text(&period(minutes / 1440.0)).by(minutes);
        vec![
            Cell::text(&quality.symbol),
            Cell::text(&count(quality.bars)).by(quality.bars as f64),
            Cell::text(&number(100.0 * quality.missing, 2)),
            minutes(quality.longest_gap as f64),
            Cell::text(&number(100.0 * quality.idle, 2)),
            minutes(quality.behind as f64),
            Cell::text(&quality.notes.join(", ")).class("warn"),
        ]
    };
    table(out, "Data quality", &columns, &report.quality.iter().map(row).collect::<Vec<_>>());
}
