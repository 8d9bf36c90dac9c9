//! Rows of results, and the typed columns that they fill.

use std::sync::Arc;

use bars::{AsOf, Symbol};

use super::baseline::Knots;
use super::enrich::{Enriched, Enrichment, finite};
use super::layout::{Cell, Column, DType, Layout};
use super::metric::{Catalogue, Neutral};

/// A window's part of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    coverage: f64,
    is_ok: bool,
    values: Vec<f64>,
    enriched: Vec<Enriched>,
}

impl Reading {
    /// The metrics of a window and each against its baseline, `knots(metric)`. `values` is `None` where the window is not ok; a
    /// value that is not finite is missing.
    pub fn new(
        catalogue: &Catalogue,
        coverage: f64,
        values: Option<&[f64]>,
        knots: impl Fn(usize) -> Option<Knots>,
    ) -> Reading {
        let is_ok = values.is_some();
        let values = match values {
            Some(values) => values.iter().map(|&value| finite(value)).collect(),
            None => vec![f64::NAN; catalogue.metrics.len()],
        };
        let enrich = |(m, (metric, value)): (usize, (&super::metric::Metric, &f64))| {
            Enriched::new(*value, knots(m).as_ref(), metric.transform)
        };
        let enriched = catalogue.metrics.iter().zip(&values).enumerate().map(enrich).collect();
        Reading { coverage, is_ok, values, enriched }
    }

    /// Share of the window's time for which there are bars.
    pub fn coverage(&self) -> f64 {
        self.coverage
    }

    /// Whether that is enough for the window to have metrics.
    pub fn is_ok(&self) -> bool {
        self.is_ok
    }

    /// The metric at `place`; NaN where missing.
    pub fn value(&self, place: usize) -> f64 {
        self.values[place]
    }

    /// The metric at `place` against its baseline.
    pub fn enriched(&self, place: usize) -> &Enriched {
        &self.enriched[place]
    }
}

/// A row: a symbol at an as-of.
#[derive(Debug, Clone)]
pub struct Row {
    /// The symbol.
    pub symbol: Symbol,
    /// The as-of.
    pub asof: AsOf,
    windows: Vec<Arc<Reading>>,
    rollups: Vec<f64>,
}

impl Row {
    /// A row of the windows' readings, in the order of `layout`.
    pub fn new(layout: &Layout, symbol: Symbol, asof: AsOf, windows: Vec<Arc<Reading>>) -> Row {
        let value = |metric: usize, minutes: i32| {
            let place = layout.windows.iter().position(|window| window.minutes() == minutes);
            place.map_or(f64::NAN, |place| windows[place].values[metric])
        };
        let rollups = layout.catalogue.rollups.iter().map(|rollup| finite(rollup.value(value))).collect();
        Row { symbol, asof, windows, rollups }
    }

    /// The reading of the window at `place`.
    pub fn window(&self, place: usize) -> &Reading {
        &self.windows[place]
    }
}

/// The values of a column; `None` and NaN where missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Text.
    Text(Vec<Option<String>>),
    /// Times.
    Time(Vec<AsOf>),
    /// Numbers.
    Number(Vec<f64>),
    /// Whole numbers.
    Whole(Vec<Option<i64>>),
    /// Flags.
    Flag(Vec<bool>),
}

/// Fills the columns of `layout` from `rows`, in the order of [`Layout::columns`].
pub fn fill(layout: &Layout, rows: &[Row]) -> Vec<Values> {
    layout.columns().iter().map(|column| fill_column(layout, column, rows)).collect()
}

fn fill_column(layout: &Layout, column: &Column, rows: &[Row]) -> Values {
    match column.dtype {
        DType::Utf8 => Values::Text(rows.iter().map(|row| text(layout, column.cell, row)).collect()),
        DType::Timestamp => Values::Time(rows.iter().map(|row| row.asof).collect()),
        DType::Float64 => Values::Number(rows.iter().map(|row| filled(layout, column.cell, row)).collect()),
        DType::Int64 => {
            let whole = |row| {
                let value = filled(layout, column.cell, row);
                (!value.is_nan()).then_some(value as i64)
            };
            Values::Whole(rows.iter().map(whole).collect())
        }
        DType::Boolean => Values::Flag(rows.iter().map(|row| flag(layout, column.cell, row)).collect()),
    }
}

/// The number of a cell; NaN where missing.
fn number(layout: &Layout, cell: Cell, row: &Row) -> f64 {
    match cell {
        Cell::Coverage(w) => row.windows[w].coverage,
        Cell::Value(w, m) => row.windows[w].values[m],
        Cell::Enriched(w, m, which) => {
            let enriched = &row.windows[w].enriched[m];
            match which {
                Enrichment::Pctile => enriched.pctile,
                Enrichment::Quintile => enriched.quintile.map_or(f64::NAN, |quintile| quintile as f64),
                Enrichment::P25 => enriched.quartiles[0],
                Enrichment::P50 => enriched.quartiles[1],
                Enrichment::P75 => enriched.quartiles[2],
                Enrichment::N => enriched.n as f64,
                Enrichment::Rz => enriched.rz,
                Enrichment::AbsRz => enriched.rz.abs(),
                Enrichment::Direction => f64::NAN,
            }
        }
        Cell::Rollup(r) => row.rollups[r],
        Cell::Mask(of) => f64::from(u8::from(number(layout, layout.columns()[of].cell, row).is_nan())),
        Cell::Symbol | Cell::AsOf | Cell::IsOk(_) | Cell::IsValid(..) | Cell::IsRollupValid(_) => f64::NAN,
    }
}

/// The number of a cell, or its neutral value where that is wanted.
fn filled(layout: &Layout, cell: Cell, row: &Row) -> f64 {
    let value = number(layout, cell, row);
    if value.is_nan() && layout.extent.is_imputed { neutral(layout, cell, row) } else { value }
}

fn neutral(layout: &Layout, cell: Cell, row: &Row) -> f64 {
    match cell {
        Cell::Value(w, m) => match layout.catalogue.metrics[m].neutral {
            Neutral::Is(value) => value,
            Neutral::OwnMedian => {
                let median = row.windows[w].enriched[m].quartiles[1];
                if median.is_nan() { 0.0 } else { median }
            }
        },
        Cell::Enriched(_, _, which) => which.neutral(),
        Cell::Rollup(r) => layout.catalogue.rollups[r].neutral,
        _ => 0.0,
    }
}

fn text(layout: &Layout, cell: Cell, row: &Row) -> Option<String> {
    match cell {
        Cell::Symbol => Some(row.symbol.to_string()),
        Cell::Enriched(w, m, Enrichment::Direction) => {
            let direction =
                row.windows[w].enriched[m].is_over.map(|is_over| if is_over { "over" } else { "under" });
            direction.or(layout.extent.is_imputed.then_some("none")).map(str::to_owned)
        }
        _ => None,
    }
}

fn flag(layout: &Layout, cell: Cell, row: &Row) -> bool {
    match cell {
        Cell::IsOk(w) => row.windows[w].is_ok,
        Cell::IsValid(w, family) => {
            let mut members = layout.catalogue.metrics.iter().zip(&row.windows[w].values);
            members.any(|(metric, value)| metric.family == Some(family) && !value.is_nan())
        }
        Cell::IsRollupValid(r) => !row.rollups[r].is_nan(),
        _ => false,
    }
}
