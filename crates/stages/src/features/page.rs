//! The documentation page of columns, generated from the tables.

use std::fmt::Write;

use super::enrich::{Described, Enrichment};
use super::metric::{Family, Metric, MetricCatalog, Neutral, Transform};

/// The page `docs/columns.md`.
pub fn columns() -> String {
    let mut page = String::new();
    page.push_str(&HEAD.replace("ENRICHMENT", &enrichment()));
    catalog(
        &mut page,
        "Intraday: `metrics`, `state`",
        "`{w}` is the window: `1h`, `4h`, ...",
        &crate::metrics::CATALOG,
    );
    catalog(
        &mut page,
        "Daily: `regime`",
        "`{w}` is the window: `3d`, `7d`, ...",
        &crate::regime::CATALOG,
    );
    page
}

const HEAD: &str = "\
# Columns of `metrics`, `state` and `regime`

Generated from the tables of metrics (`cargo run --package stages --example columns docs/columns.md`); not to be edited by hand.

Keys: `symbol`, `timestamp_asof_utc`. Then window by window, ascending:

| column | type | family | what |
| --- | --- | --- | --- |
| `window_coverage_{w}` | Float64 | flag | share of the window's time for which there are bars, 0 to 1 |
| `window_ok_{w}` | Boolean | flag | whether that reaches the threshold; where not, the window has no metrics |
| each metric, below | Float64 | raw, mag, pos or dir | |
ENRICHMENT| `metrics_valid_<family>_{w}` | Boolean | flag | whether any metric of the family has a value |

The columns from `_pctile` on stand after each metric that has a baseline; with `--no-baseline` there are none. `state` and `regime` have no missing
numbers: a neutral value stands in place of one, and the column `<column>_imputed` (Int64, family imputed_flag), directly after it, is 1. Metrics have
the neutral value given below; a percentile 50, a quintile 3, a robust z 0; without a mask: knots 0, `_direction` `none`.
";

fn enrichment() -> String {
    let line = |column: &Described| {
        let (suffix, dtype, family, what) =
            (column.suffix, column.dtype.name(), column.family, column.description);
        format!("| `<metric>_{suffix}` | {dtype} | {family} | {what} |\n")
    };
    Enrichment::TABLE.iter().map(line).collect()
}

fn catalog(page: &mut String, title: &str, windows: &str, catalog: &MetricCatalog) {
    let _ = write!(
        page,
        "\n## {title}\n\n{windows}\n\n| column | what | baseline | percentile in | neutral | validity flag of |\n| --- | --- | --- | --- | --- | --- |\n"
    );
    for metric in catalog.metrics {
        let _ = writeln!(page, "{}", line(metric));
    }
    if !catalog.rollups.is_empty() {
        page.push_str(
            "\nAcross windows, as far as the windows were asked for; each with a flag `<column>_valid`:\n\n\
             | column | what | neutral |\n| --- | --- | --- |\n",
        );
        for rollup in catalog.rollups {
            let _ = writeln!(
                page,
                "| `{}` | {} | {} |",
                rollup.column, rollup.description, rollup.neutral
            );
        }
    }
}

fn line(metric: &Metric) -> String {
    let name = metric.column("{w}");
    let baseline = if metric.has_baseline { "yes" } else { "no" };
    let space = match metric.transform {
        Transform::Identity => "",
        Transform::Log => "log1p",
        Transform::SignedLog => "signed log1p",
    };
    let neutral = match metric.neutral {
        Neutral::Is(value) => value.to_string(),
        Neutral::OwnMedian => "p50, else 0".to_owned(),
    };
    let family = metric.family.map_or("", Family::name);
    format!("| `{name}` | {} | {baseline} | {space} | {neutral} | {family} |", metric.description)
}
