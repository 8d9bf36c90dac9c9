//! Section "Daily regime": metrics of daily bars.

use maud::Markup;

use super::section::{Section, as_of};
use crate::format::Fixed;
use crate::model::{REGIME_COLUMNS, RegimeColumn, RegimeRow, RegimeValue, Report};
use crate::table::{HtmlCell, HtmlColumn, table};

pub const SECTION: Section = Section {
    id: "regime",
    title: "Daily regime",
    description: "Metrics of daily bars over each window. The color is the percentile within the symbol's own history. No color: no percentile, because the window has too few days or the history too few values.",
    content,
    has_content: |report| !report.regime.is_empty(),
    time: |report| as_of(report.regime_asof),
};

fn content(report: &Report) -> Markup {
    let mut columns = vec![HtmlColumn::text("symbol"), HtmlColumn::number("window")];
    columns.extend(
        REGIME_COLUMNS
            .iter()
            .map(|column| HtmlColumn::number(column.title).tooltip(column.description)),
    );
    let cells = |row: &RegimeRow| {
        let mut cells =
            vec![HtmlCell::new(&row.symbol), HtmlCell::new(&row.window).sort_key(row.window_days)];
        cells.extend(REGIME_COLUMNS.iter().zip(&row.values).map(value_cell));
        cells
    };
    table("Regime by symbol and window", &columns, report.regime.iter().map(cells))
}

fn value_cell((column, value): (&RegimeColumn, &RegimeValue)) -> HtmlCell {
    let scaled = value.value * column.scale;
    HtmlCell::new(Fixed(scaled, column.decimals)).sort_key(scaled).percentile_pill(value.percentile)
}
