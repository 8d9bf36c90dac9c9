//! The data dictionary: every column of every table, derived from the descriptions with which the
//! tables are written.
//!
//! ```
//! let found = pipeline::dictionary::matching("rsi_4h_pctile");
//! assert_eq!(found[0].column, "rsi_{w}_pctile");
//! assert_eq!(found[0].tables, ["metrics", "state"]);
//! ```

use std::fmt::Write;

use bars::Window;
use serde::Serialize;
use stages::features::layout::{FeatureCell, FeatureLayout, LayoutOptions};
use stages::features::metric::MetricCatalog;
use stages::features::output::matches;
use stages::table::{ColumnSource, ColumnSpec, DType};

use crate::artifacts::series_file;
use crate::{leaderboards, leaderboards_panel};

/// A column of one or more tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Name, with `{w}` for the window: `rsi_{w}` stands for `rsi_1h`, `rsi_4h`, ...
    pub column: String,
    /// The tables that have it.
    pub tables: Vec<&'static str>,
    /// Type, as in the schema files.
    #[serde(rename = "type")]
    pub dtype: &'static str,
    /// Unit; empty for numbers without one and for text.
    pub unit: &'static str,
    /// Family tag, as in the schema files; empty in tables without families.
    pub family: &'static str,
    /// The definition in one line.
    pub definition: String,
    /// How the value differs from that of other programs, and by how much; empty if it does not.
    pub note: &'static str,
    /// Whether it follows from another column: percentile, mask, validity flag and the like.
    pub is_derived: bool,
}

impl Column {
    /// Returns the definition with the unit.
    pub fn text(&self) -> String {
        match self.unit {
            "" => self.definition.clone(),
            unit => format!("{}, {unit}", self.definition),
        }
    }
}

/// The tables, in the order of [`columns`], each with the command that writes it.
pub const TABLES: [(&str, &str); 10] = [
    ("bars", "import, sync, leaderboards"),
    ("leaderboards", "leaderboards"),
    ("leaderboards_snapshot", "leaderboards --from"),
    ("metrics", "metrics"),
    ("state", "state"),
    ("regime", "regime"),
    ("series", "metrics, regime"),
    ("imf_summary", "imf-stage"),
    ("imf_post_summary", "imf-postprocess"),
    ("imf_post_top_imfs", "imf-postprocess"),
];

/// Returns the columns of all tables, in the order of [`TABLES`] and of the files. A column with
/// the same definition in several tables is one entry.
pub fn columns() -> Vec<Column> {
    let mut all: Vec<Column> = Vec::new();
    let intraday = |is_imputed| features(stages::metrics::CATALOG, &INTRADAY_HOURS, is_imputed);
    let tables = [
        plain(bars()),
        plain(leaderboards::place_specs()),
        plain(leaderboards_panel::columns()),
        intraday(false),
        intraday(true),
        features(stages::regime::CATALOG, &DAILY_HOURS, true),
        plain(series()),
        plain(specs(stages::cycles::table::summary())),
        plain(specs(stages::cycles::table::post_summary())),
        plain(specs(stages::cycles::table::post_top())),
    ];
    for ((table, _), columns) in TABLES.into_iter().zip(tables) {
        for column in columns {
            let is_same = |other: &&mut Column| {
                (&other.column, &other.definition, other.dtype, other.note)
                    == (&column.column, &column.definition, column.dtype, column.note)
            };
            match all.iter_mut().find(is_same) {
                Some(known) => known.tables.push(table),
                None => all.push(Column { tables: vec![table], ..column }),
            }
        }
    }
    all
}

/// Returns the columns with names that match `pattern`: with `*` or `?` the whole name must match,
/// else a part of it. Case does not matter, and a window such as `4h` matches `{w}`.
pub fn matching(pattern: &str) -> Vec<Column> {
    let pattern = pattern.to_lowercase().replace("{w}", ANY_WINDOW);
    // The names of roll-ups contain windows, so the pattern itself is tried too.
    let patterns = [with_any_window(&pattern), pattern];
    let fits = |column: &Column| {
        let name = column.column.to_lowercase().replace("{w}", ANY_WINDOW);
        patterns.iter().any(|pattern| {
            if pattern.contains(['*', '?']) {
                matches(pattern, &name)
            } else {
                name.contains(pattern.as_str())
            }
        })
    };
    columns().into_iter().filter(fits).collect()
}

/// Returns `columns` as a table in Markdown, followed by the notes.
pub fn markdown(columns: &[Column]) -> String {
    let mut text = "| column | table | type | definition |\n| --- | --- | --- | --- |\n".to_owned();
    for column in columns {
        let (name, tables) = (&column.column, column.tables.join(", "));
        text += &format!("| `{name}` | {tables} | {} | {} |\n", column.dtype, column.text());
    }
    for column in columns.iter().filter(|column| !column.note.is_empty()) {
        text += &format!("\n`{}`: {}\n", column.column, column.note);
    }
    text
}

/// Returns `docs/columns.md`: all definitions in compact form.
pub fn page() -> String {
    let mut page = stages::features::page::columns() + &stages::cycles::table::page();
    let parts = [
        ("`leaderboards.parquet` (leaderboards)", leaderboards::place_specs()),
        ("`leaderboards_snapshot.parquet` (leaderboards --from)", leaderboards_panel::columns()),
        ("Bars: stores and cohort files (import, sync, leaderboards)", bars()),
        ("`--series-output` (metrics, regime)", series()),
    ];
    for (title, columns) in parts {
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {title}\n\n| column | type | what |\n| --- | --- | --- |\n");
        for column in columns {
            let unit = if column.unit.is_empty() { "" } else { ", " };
            let _ = writeln!(
                page,
                "| `{}` | {} | {}{unit}{} |",
                column.name,
                column.dtype.name(),
                column.description,
                column.unit
            );
        }
    }
    page
}

/// The windows over which all roll-ups are formed.
const INTRADAY_HOURS: [i32; 4] = [1, 4, 12, 24];
const DAILY_HOURS: [i32; 1] = [72];

/// The columns of a feature table, with `{w}` for the window.
fn features(catalog: MetricCatalog, hours: &[i32], is_imputed: bool) -> Vec<Column> {
    let windows: Vec<Window> =
        hours.iter().filter_map(|&hours| Window::from_hours(hours)).collect();
    let options = LayoutOptions { has_baseline: true, is_imputed };
    let layout = FeatureLayout::new(catalog, &windows, options);
    let first = windows.first().map(Window::to_string).unwrap_or_default();
    let of_first = layout
        .columns()
        .iter()
        .filter(|column| column.spec.window.is_empty() || column.spec.window == first);
    let column = |column: &stages::features::layout::FeatureColumn| {
        let spec = &column.spec;
        let text = |text: &str| {
            if spec.window.is_empty() { text.to_owned() } else { named(text, &first) }
        };
        let (note, is_derived) = match column.cell {
            FeatureCell::Value(_, metric) => (catalog.metrics[metric].note, false),
            FeatureCell::Symbol
            | FeatureCell::AsOf
            | FeatureCell::Coverage(_)
            | FeatureCell::IsOk(_)
            | FeatureCell::Rollup(_) => ("", false),
            FeatureCell::Enriched(..)
            | FeatureCell::IsValid(..)
            | FeatureCell::IsRollupValid(_)
            | FeatureCell::Mask(_) => ("", true),
        };
        Column {
            column: text(&spec.name),
            note,
            is_derived,
            definition: text(&spec.description),
            ..entry(spec)
        }
    };
    of_first.map(column).collect()
}

fn plain(specs: Vec<ColumnSpec>) -> Vec<Column> {
    specs.iter().map(entry).collect()
}

fn entry(spec: &ColumnSpec) -> Column {
    Column {
        column: spec.name.clone(),
        tables: Vec::new(),
        dtype: spec.dtype.name(),
        unit: spec.unit,
        family: spec.family,
        definition: spec.description.clone(),
        note: "",
        is_derived: false,
    }
}

fn specs<R>(columns: Vec<ColumnSource<R>>) -> Vec<ColumnSpec> {
    columns.into_iter().map(|column| column.spec).collect()
}

/// Replaces the window in column names of `text` by `{w}`.
fn named(text: &str, window: &str) -> String {
    text.replace(&format!("_{window}"), "_{w}")
}

/// The columns of bars.
fn bars() -> Vec<ColumnSpec> {
    let price =
        |name, what| ColumnSpec::new(name, DType::Float64, what).with_unit("quote currency");
    vec![
        ColumnSpec::new("symbol", DType::Utf8, "the symbol; in a store the name of the folder"),
        ColumnSpec::new("timestamp", DType::Timestamp, "open time of the minute"),
        price("open", "price of the minute's first trade"),
        price("high", "highest price"),
        price("low", "lowest price"),
        price("close", "price of the minute's last trade"),
        ColumnSpec::new("volume", DType::Float64, "traded volume").with_unit("base asset"),
        ColumnSpec::new("trades", DType::Int64, "number of trades, if the source has it"),
    ]
}

/// The columns of the history of the baselines.
fn series() -> Vec<ColumnSpec> {
    let metric = "one column per metric, named without window and suffix, such as `rv_close`";
    let mut columns = series_file::columns(&[]);
    columns.push(ColumnSpec::new("<metric>", DType::Float64, metric));
    columns
}

/// The window that stands for `{w}` while names are compared.
const ANY_WINDOW: &str = "1h";

/// Replaces the parts of a pattern that are windows by [`ANY_WINDOW`].
fn with_any_window(pattern: &str) -> String {
    let part = |part: &str| {
        let window = part.trim_end_matches(['*', '?']);
        match window.parse::<Window>() {
            Ok(_) => part.replace(window, ANY_WINDOW),
            Err(_) => part.to_owned(),
        }
    };
    pattern.split('_').map(part).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str) -> Vec<String> {
        matching(pattern).into_iter().map(|column| column.column).collect()
    }

    #[test]
    fn patterns_match_parts_or_whole_names() {
        assert_eq!(names("ADX_{w}*imputed").first().unwrap(), "adx_{w}_imputed");
        assert_eq!(names("macd_?ignal_24h"), ["macd_signal_{w}"]);
        assert_eq!(names("rv_close_1h_over_4h_ma?"), ["rv_close_1h_over_4h_mag"]);
        assert_eq!(names("adx_4h*")[..2], ["adx_{w}", "adx_{w}_pctile"]);
        assert!(names("no_such_column").is_empty());
        // The masks of `state` and `regime` are the same column.
        let mask = &matching("*atr_30d_mag_imputed")[0];
        assert_eq!((mask.tables.as_slice(), mask.family), (&["regime"][..], "imputed_flag"));
    }

    #[test]
    fn every_column_has_a_definition_and_no_window_but_its_own() {
        for column in columns() {
            assert!(!column.definition.is_empty(), "{column:?}");
            assert!(
                !column.column.contains("_1h_")
                    || column.column.contains("_over_")
                    || column.column.contains("_minus_"),
                "{column:?}"
            );
            assert!(
                !column.definition.contains("_1h ") && !column.definition.contains("_3d "),
                "{column:?}"
            );
        }
    }
}
