//! The form in which feature rows are written: a choice of columns, wide or long.
//!
//! ```
//! use stages::features::layout::{FeatureLayout, LayoutOptions};
//! use stages::features::output::{OutputOptions, OutputShape};
//!
//! let options = LayoutOptions { has_baseline: true, is_imputed: true };
//! let layout = FeatureLayout::new(stages::metrics::CATALOG, &["1h".parse()?], options);
//! let options = OutputOptions { select: vec!["rsi_*".to_owned()], no_masks: true, ..Default::default() };
//! let shape = OutputShape::new(&layout, &options)?;
//! let names: Vec<&str> = shape.columns().iter().map(|column| column.name.as_str()).collect();
//! assert_eq!(names[..4], ["symbol", "timestamp_asof_utc", "rsi_1h", "rsi_1h_pctile"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::enrich::Enrichment;
use super::layout::{FeatureCell, FeatureLayout};
use super::table::{FeatureRow, fill_column};
use crate::error::{Error, Result};
use crate::table::{ColumnSpec, DType, Table, Values};

/// Which columns are written, and in which form. The default is all columns, wide.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct OutputOptions {
    /// Patterns of the columns to keep; empty: all. The keys are always kept.
    pub select: Vec<String>,
    /// Patterns of the columns to omit.
    pub drop: Vec<String>,
    /// Whether to omit the columns that only mark missing values.
    pub no_masks: bool,
    /// Whether to write a row per symbol, as-of, window and metric.
    pub is_long: bool,
}

impl OutputOptions {
    /// Whether all columns are written, wide.
    pub fn is_default(&self) -> bool {
        *self == OutputOptions::default()
    }
}

/// The columns of an output, derived from the columns of a layout.
#[derive(Debug, Clone)]
pub struct OutputShape {
    columns: Vec<ColumnSpec>,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// The indices of the layout's columns.
    Wide(Vec<usize>),
    /// The rows that each row of the layout becomes, and the source of each column.
    Long { lines: Vec<Line>, sources: Vec<Source> },
}

/// A metric of a window, or a roll-up.
#[derive(Debug, Clone)]
struct Line {
    window: Option<String>,
    metric: &'static str,
}

/// The values of a column of the long form.
#[derive(Debug, Clone)]
enum Source {
    /// The key at this index of the layout.
    Key(usize),
    Window,
    Metric,
    /// Per line, the index of the layout's column; `None`: missing.
    Cells(Vec<Option<usize>>),
}

impl OutputShape {
    /// Chooses the columns of `layout`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a pattern matches no column, or no column but the keys is left.
    pub fn new(layout: &FeatureLayout, options: &OutputOptions) -> Result<OutputShape> {
        let kept = kept(layout, options)?;
        if options.is_long {
            return Ok(OutputShape::long(layout, &kept));
        }
        let columns = kept.iter().map(|&index| layout.columns()[index].spec.clone()).collect();
        Ok(OutputShape { columns, form: Form::Wide(kept) })
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    /// Number of rows that a row of the layout becomes: 1, or the number of metrics if long.
    pub fn rows_per_row(&self) -> usize {
        match &self.form {
            Form::Wide(_) => 1,
            Form::Long { lines, .. } => lines.len(),
        }
    }

    /// Converts rows to this form. `column(i)` returns the values of the layout's column at index
    /// `i`; only those that are needed are asked for.
    pub fn values(&self, column: impl Fn(usize) -> Values) -> Vec<Values> {
        match &self.form {
            Form::Wide(kept) => kept.iter().map(|&index| column(index)).collect(),
            Form::Long { lines, sources } => {
                let rows = column(0).len();
                let zipped = self.columns.iter().zip(sources);
                zipped.map(|(spec, of)| long_column(spec, of, lines, rows, &column)).collect()
            }
        }
    }

    /// Returns `rows` in this form.
    pub fn fill(&self, layout: &FeatureLayout, rows: &[FeatureRow]) -> Vec<Values> {
        self.values(|index| fill_column(layout, &layout.columns()[index], rows))
    }

    /// Returns `rows` in this form as a table.
    pub fn to_table(&self, layout: &FeatureLayout, rows: &[FeatureRow]) -> Table {
        Table { columns: self.columns.clone(), values: self.fill(layout, rows) }
    }

    fn long(layout: &FeatureLayout, kept: &[usize]) -> OutputShape {
        let mut lines: Vec<(Base, Line)> = Vec::new();
        // The columns of the long form in order of appearance, with the cells of each line.
        let mut found: Vec<(ColumnSpec, Vec<Option<usize>>)> = Vec::new();
        for &index in kept {
            let Some((base, spec)) = long_cell(layout, index) else {
                continue;
            };
            let line = lines.iter().position(|(known, _)| *known == base).unwrap_or_else(|| {
                let line = match base {
                    Base::Metric(w, m) => Line {
                        window: Some(layout.windows[w].to_string()),
                        metric: layout.catalog.metrics[m].stem,
                    },
                    Base::Rollup(r) => {
                        Line { window: None, metric: layout.catalog.rollups[r].column }
                    }
                };
                lines.push((base, line));
                lines.len() - 1
            });
            let column = found.iter().position(|(known, _)| known.name == spec.name);
            let column = column.unwrap_or_else(|| {
                found.push((spec, Vec::new()));
                found.len() - 1
            });
            let cells = &mut found[column].1;
            cells.resize(cells.len().max(line + 1), None);
            cells[line] = Some(index);
        }
        found.sort_by_key(|(spec, _)| LONG_ORDER.iter().position(|name| spec.name == *name));
        let key = |index: usize| (layout.columns()[index].spec.clone(), Source::Key(index));
        let text = |name: &str, about: &str| ColumnSpec {
            family: "key",
            ..ColumnSpec::new(name, DType::Utf8, about)
        };
        let (mut columns, mut sources): (Vec<ColumnSpec>, Vec<Source>) = [
            key(0),
            key(1),
            (text("window", "the window; missing for a roll-up"), Source::Window),
            (
                text("metric", "the metric, named without window and suffix; or the roll-up"),
                Source::Metric,
            ),
        ]
        .into_iter()
        .unzip();
        for (spec, mut cells) in found {
            cells.resize(lines.len(), None);
            columns.push(spec);
            sources.push(Source::Cells(cells));
        }
        let lines = lines.into_iter().map(|(_, line)| line).collect();
        OutputShape { columns, form: Form::Long { lines, sources } }
    }
}

/// What a line of the long form is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// Indices of window and metric.
    Metric(usize, usize),
    /// Index of the roll-up.
    Rollup(usize),
}

/// The order of the long form's columns after the keys.
const LONG_ORDER: [&str; 15] = [
    "value",
    "imputed",
    "pctile",
    "pctile_imputed",
    "quintile",
    "quintile_imputed",
    "p25",
    "p50",
    "p75",
    "n",
    "direction",
    "rz",
    "rz_imputed",
    "abs_rz",
    "abs_rz_imputed",
];

/// Returns the line and the column of the long form to which the column at `index` belongs, if any.
fn long_cell(layout: &FeatureLayout, index: usize) -> Option<(Base, ColumnSpec)> {
    let spec = |name: String, dtype: DType, family: &'static str, about: &str| ColumnSpec {
        family,
        ..ColumnSpec::new(name, dtype, about)
    };
    let column = &layout.columns()[index];
    let value = || spec("value".to_owned(), DType::Float64, "", "the metric");
    let mask = "1 if the column before is missing and a neutral value was inserted, else 0";
    match column.cell {
        FeatureCell::Value(w, m) => Some((Base::Metric(w, m), value())),
        FeatureCell::Rollup(r) => Some((Base::Rollup(r), value())),
        FeatureCell::Enriched(w, m, which) => {
            let of = Enrichment::TABLE.iter().find(|of| of.which == which)?;
            let spec = spec(of.suffix.to_owned(), of.dtype, of.family, of.description);
            Some((Base::Metric(w, m), spec))
        }
        FeatureCell::Mask(of) => {
            let (base, masked) = long_cell(layout, of)?;
            let name = match masked.name.as_str() {
                "value" => "imputed".to_owned(),
                name => format!("{name}_imputed"),
            };
            Some((base, spec(name, DType::Int64, "imputed_flag", mask)))
        }
        FeatureCell::Symbol
        | FeatureCell::AsOf
        | FeatureCell::Coverage(_)
        | FeatureCell::IsOk(_)
        | FeatureCell::IsValid(..)
        | FeatureCell::IsRollupValid(_) => None,
    }
}

fn long_column(
    spec: &ColumnSpec,
    source: &Source,
    lines: &[Line],
    rows: usize,
    column: &impl Fn(usize) -> Values,
) -> Values {
    let cells = match source {
        Source::Key(index) => {
            let of_row = |row: usize| std::iter::repeat_n(row, lines.len());
            return column(*index).gather(&(0..rows).flat_map(of_row).collect::<Vec<_>>());
        }
        Source::Window => return repeated(lines, rows, |line| line.window.clone()),
        Source::Metric => return repeated(lines, rows, |line| Some(line.metric.to_owned())),
        Source::Cells(cells) => cells,
    };
    let wide: Vec<Option<Values>> = cells.iter().map(|index| index.map(column)).collect();
    let pairs = || (0..rows).flat_map(|row| wide.iter().map(move |values| (row, values.as_ref())));
    match spec.dtype {
        DType::Float64 => Values::Number(
            pairs()
                .map(|(row, values)| match values {
                    Some(Values::Number(values)) => values[row],
                    // Sign agreements are whole.
                    Some(Values::Whole(values)) => {
                        values[row].map_or(f64::NAN, |value| value as f64)
                    }
                    _ => f64::NAN,
                })
                .collect(),
        ),
        DType::Int64 => Values::Whole(
            pairs()
                .map(|(row, values)| match values {
                    Some(Values::Whole(values)) => values[row],
                    _ => None,
                })
                .collect(),
        ),
        DType::Utf8 | DType::Timestamp | DType::Boolean => Values::Text(
            pairs()
                .map(|(row, values)| match values {
                    Some(Values::Text(values)) => values[row].clone(),
                    _ => None,
                })
                .collect(),
        ),
    }
}

fn repeated(lines: &[Line], rows: usize, text: impl Fn(&Line) -> Option<String>) -> Values {
    let texts: Vec<Option<String>> = lines.iter().map(text).collect();
    Values::Text((0..rows).flat_map(|_| texts.iter().cloned()).collect())
}

/// The indices of the columns that are kept, ascending.
fn kept(layout: &FeatureLayout, options: &OutputOptions) -> Result<Vec<usize>> {
    let columns = layout.columns();
    for (name, patterns) in [("select", &options.select), ("drop", &options.drop)] {
        for pattern in patterns {
            if !columns.iter().any(|column| matches(pattern, &column.spec.name)) {
                let problem = format!("'{pattern}' matches no column of this output");
                return Err(Error::invalid(name, problem));
            }
        }
    }
    let is_any = |patterns: &[String], name: &str| patterns.iter().any(|p| matches(p, name));
    let is_kept = |index: &usize| {
        let column = &columns[*index];
        let name = column.spec.name.as_str();
        let is_mask = matches!(
            column.cell,
            FeatureCell::Mask(_)
                | FeatureCell::IsOk(_)
                | FeatureCell::IsValid(..)
                | FeatureCell::IsRollupValid(_)
        );
        let is_key = matches!(column.cell, FeatureCell::Symbol | FeatureCell::AsOf);
        is_key
            || (options.select.is_empty() || is_any(&options.select, name))
                && !is_any(&options.drop, name)
                && !(options.no_masks && is_mask)
                && !(options.is_long && long_cell(layout, *index).is_none())
    };
    let kept: Vec<usize> = (0..columns.len()).filter(is_kept).collect();
    if kept.len() <= 2 {
        let name = if options.select.is_empty() { "drop" } else { "select" };
        return Err(Error::invalid(name, "leaves no column but the keys"));
    }
    Ok(kept)
}

/// Returns whether a column name matches `pattern`, in which `*` stands for any text, `?` for any
/// character and `{w}` for any window.
///
/// ```
/// use stages::features::output::matches;
/// assert!(matches("rsi_{w}", "rsi_4h") && matches("*_pctile", "rsi_4h_pctile"));
/// assert!(!matches("rsi", "rsi_4h") && !matches("rsi_{w}", "rsi_4h_pctile"));
/// ```
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once("{w}") {
        // A window has no underscore, so it ends at the next one or at the end.
        Some((before, after)) => (0..name.len()).any(|start| {
            name.get(..start).is_some_and(|head| glob(before.as_bytes(), head.as_bytes()))
                && name.get(start..).is_some_and(|rest| {
                    let end = rest.find('_').unwrap_or(rest.len());
                    rest[..end].parse::<bars::Window>().is_ok() && matches(after, &rest[end..])
                })
        }),
        None => glob(pattern.as_bytes(), name.as_bytes()),
    }
}

fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skip| glob(rest, &name[skip..])),
        (Some((b'?', rest)), Some((_, name))) => glob(rest, name),
        (Some((wanted, rest)), Some((found, name))) => wanted == found && glob(rest, name),
        _ => false,
    }
}
