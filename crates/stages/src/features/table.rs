//! Rows of feature tables, and their conversion to typed columns.

use std::sync::Arc;

use bars::{AsOf, Symbol};

use super::baseline::Quantiles;
use super::enrich::{Enriched, Enrichment};
use super::layout::{FeatureCell, FeatureColumn, FeatureLayout};
use super::metric::{MetricCatalog, Neutral};
use crate::stats::finite;
use crate::table::{DType, Table, Values};

/// The values of one window in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowValues {
    coverage: f64,
    is_ok: bool,
    values: Vec<f64>,
    enriched: Vec<Enriched>,
}

impl WindowValues {
    /// Creates the values of a window and compares each with its baseline `knots(metric)`. `values`
    /// is `None` if the coverage is too low; values that are not finite are missing. `min_n` is the
    /// minimum number of values in a baseline, see [`Enriched::new`].
    pub fn new(
        catalog: &MetricCatalog,
        coverage: f64,
        values: Option<&[f64]>,
        knots: impl Fn(usize) -> Option<Quantiles>,
        min_n: usize,
    ) -> WindowValues {
        let is_ok = values.is_some();
        let values = match values {
            Some(values) => values.iter().map(|&value| finite(value)).collect(),
            None => vec![f64::NAN; catalog.metrics.len()],
        };
        let enrich = |(m, (metric, value)): (usize, (&super::metric::Metric, &f64))| {
            Enriched::new(*value, knots(m).as_ref(), metric.transform, min_n)
        };
        let enriched = catalog.metrics.iter().zip(&values).enumerate().map(enrich).collect();
        WindowValues { coverage, is_ok, values, enriched }
    }

    /// Share of the window's minutes that have a bar.
    pub fn coverage(&self) -> f64 {
        self.coverage
    }

    /// Whether the coverage is sufficient.
    pub fn is_ok(&self) -> bool {
        self.is_ok
    }

    /// The metric at index `place`; NaN if missing.
    pub fn value(&self, place: usize) -> f64 {
        self.values[place]
    }

    /// The metric at index `place` relative to its baseline.
    pub fn enriched(&self, place: usize) -> &Enriched {
        &self.enriched[place]
    }
}

/// One row: a symbol at an as-of.
#[derive(Debug, Clone)]
pub struct FeatureRow {
    /// The symbol.
    pub symbol: Symbol,
    /// The as-of.
    pub asof: AsOf,
    windows: Vec<Arc<WindowValues>>,
    rollups: Vec<f64>,
}

impl FeatureRow {
    /// Creates a row from the values of its windows, in the order of `layout`.
    pub fn new(
        layout: &FeatureLayout,
        symbol: Symbol,
        asof: AsOf,
        windows: Vec<Arc<WindowValues>>,
    ) -> FeatureRow {
        let value = |metric: usize, minutes: i32| {
            let place = layout.windows.iter().position(|window| window.minutes() == minutes);
            place.map_or(f64::NAN, |place| windows[place].values[metric])
        };
        let rollups =
            layout.catalog.rollups.iter().map(|rollup| finite(rollup.value(value))).collect();
        FeatureRow { symbol, asof, windows, rollups }
    }

    /// The values of the window at index `place`.
    pub fn window(&self, place: usize) -> &WindowValues {
        &self.windows[place]
    }
}

/// Returns the columns of `rows` in the order of [`FeatureLayout::columns`].
pub fn fill(layout: &FeatureLayout, rows: &[FeatureRow]) -> Vec<Values> {
    layout.columns().iter().map(|column| fill_column(layout, column, rows)).collect()
}

/// Returns the rows as a table with the columns of `layout`.
pub fn to_table(layout: &FeatureLayout, rows: &[FeatureRow]) -> Table {
    let columns = layout.columns().iter().map(|column| column.spec.clone()).collect();
    Table { columns, values: fill(layout, rows) }
}

pub(super) fn fill_column(
    layout: &FeatureLayout,
    column: &FeatureColumn,
    rows: &[FeatureRow],
) -> Values {
    match column.spec.dtype {
        DType::Utf8 => {
            Values::Text(rows.iter().map(|row| text(layout, column.cell, row)).collect())
        }
        DType::Timestamp => Values::Time(rows.iter().map(|row| row.asof).collect()),
        DType::Float64 => {
            Values::Number(rows.iter().map(|row| filled(layout, column.cell, row)).collect())
        }
        DType::Int64 => {
            let whole = |row| {
                let value = filled(layout, column.cell, row);
                (!value.is_nan()).then_some(value as i64)
            };
            Values::Whole(rows.iter().map(whole).collect())
        }
        DType::Boolean => {
            Values::Flag(rows.iter().map(|row| flag(layout, column.cell, row)).collect())
        }
    }
}

/// The number in a cell; NaN if missing.
fn number(layout: &FeatureLayout, cell: FeatureCell, row: &FeatureRow) -> f64 {
    match cell {
        FeatureCell::Coverage(w) => row.windows[w].coverage,
        FeatureCell::Value(w, m) => row.windows[w].values[m],
        FeatureCell::Enriched(w, m, which) => {
            let enriched = &row.windows[w].enriched[m];
            match which {
                Enrichment::Pctile => enriched.pctile,
                Enrichment::Quintile => {
                    enriched.quintile.map_or(f64::NAN, |quintile| quintile as f64)
                }
                Enrichment::P25 => enriched.quartiles[0],
                Enrichment::P50 => enriched.quartiles[1],
                Enrichment::P75 => enriched.quartiles[2],
                Enrichment::N => enriched.n as f64,
                Enrichment::Rz => enriched.rz,
                Enrichment::AbsRz => enriched.rz.abs(),
                Enrichment::Direction => f64::NAN,
            }
        }
        FeatureCell::Rollup(r) => row.rollups[r],
        FeatureCell::Mask(of) => {
            f64::from(u8::from(number(layout, layout.columns()[of].cell, row).is_nan()))
        }
        FeatureCell::Symbol
        | FeatureCell::AsOf
        | FeatureCell::IsOk(_)
        | FeatureCell::IsValid(..)
        | FeatureCell::IsRollupValid(_) => f64::NAN,
    }
}

/// The number in a cell, or its neutral value if the layout asks for that.
fn filled(layout: &FeatureLayout, cell: FeatureCell, row: &FeatureRow) -> f64 {
    let value = number(layout, cell, row);
    if value.is_nan() && layout.options.is_imputed { neutral(layout, cell, row) } else { value }
}

fn neutral(layout: &FeatureLayout, cell: FeatureCell, row: &FeatureRow) -> f64 {
    match cell {
        FeatureCell::Value(w, m) => match layout.catalog.metrics[m].neutral {
            Neutral::Is(value) => value,
            Neutral::OwnMedian => {
                let median = row.windows[w].enriched[m].quartiles[1];
                if median.is_nan() { 0.0 } else { median }
            }
        },
        FeatureCell::Enriched(_, _, which) => which.neutral(),
        FeatureCell::Rollup(r) => layout.catalog.rollups[r].neutral,
        _ => 0.0,
    }
}

fn text(layout: &FeatureLayout, cell: FeatureCell, row: &FeatureRow) -> Option<String> {
    match cell {
        FeatureCell::Symbol => Some(row.symbol.to_string()),
        FeatureCell::Enriched(w, m, Enrichment::Direction) => {
            let direction = row.windows[w].enriched[m]
                .is_over
                .map(|is_over| if is_over { "over" } else { "under" });
            direction.or(layout.options.is_imputed.then_some("none")).map(str::to_owned)
        }
        _ => None,
    }
}

fn flag(layout: &FeatureLayout, cell: FeatureCell, row: &FeatureRow) -> bool {
    match cell {
        FeatureCell::IsOk(w) => row.windows[w].is_ok,
        FeatureCell::IsValid(w, family) => {
            let mut members = layout.catalog.metrics.iter().zip(&row.windows[w].values);
            members.any(|(metric, value)| metric.family == Some(family) && !value.is_nan())
        }
        FeatureCell::IsRollupValid(r) => !row.rollups[r].is_nan(),
        _ => false,
    }
}
