//! The slow context.

use super::Section;
use crate::html::number;
use crate::model::{Figure, REGIME, Regime, RegimeColumn, Report};
use crate::table::{Cell, Column, render as table};

pub const SECTION: Section = Section {
    id: "regime",
    title: "Regime over days",
    about: "Figures of daily bars over each window; the colour is the percentile against the symbol's own past, where that has ten windows or more.",
    render,
    is_there: |report| !report.regime.is_empty(),
    of: |report| super::as_of(report.regime_asof),
};

fn render(report: &Report, out: &mut String) {
    let mut columns = vec![Column::text("symbol"), Column::number("window")];
    columns.extend(REGIME.iter().map(|column| Column::number(column.title)));
    let row = |regime: &Regime| {
        let mut cells = vec![Cell::text(&regime.symbol), Cell::text(&regime.window).by(regime.days)];
        cells.extend(REGIME.iter().zip(&regime.figures).map(figure));
        cells
    };
    table(out, "Regime by symbol and window", &columns, &report.regime.iter().map(row).collect::<Vec<_>>());
}

fn figure((column, figure): (&RegimeColumn, &Figure)) -> Cell {
    let value = figure.value * column.scale;
    Cell::text(&number(value, column.digits)).by(value).pill(figure.percentile)
}
