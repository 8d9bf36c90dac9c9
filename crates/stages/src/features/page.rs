//! Generates the documentation page of columns.

use std::fmt::Write;

use super::enrich::{Described, Enrichment};
use super::metric::{Family, Metric, MetricCatalog, Neutral, Transform};

/// Returns the first part of `docs/columns.md`: the columns of `metrics`, `state` and `regime`.
pub fn columns() -> String {
    let mut page = String::new();
    page.push_str(&HEAD.replace("ENRICHMENT", &enrichment()));
    catalog(
        &mut page,
        "Intraday metrics: `metrics`, `state`",
        "`{w}` is the window: `1h`, `4h`, ...",
        &crate::metrics::CATALOG,
    );
    catalog(
        &mut page,
        "Daily metrics: `regime`",
        "`{w}` is the window: `3d`, `7d`, ...",
        &crate::regime::CATALOG,
    );
    page
}

const HEAD: &str = "\
# Columns: `data-pipeline columns [PATTERN]`

Every column of every table, generated from the program's own descriptions
(`data-pipeline columns --format markdown > docs/columns.md`); do not edit by hand.

The command prints the definitions in the terminal:

```sh
data-pipeline columns                          # all columns
data-pipeline columns rsi                      # columns with rsi in their names
data-pipeline columns 'adx_4h*'                # with * and ?, the whole name must match
data-pipeline columns rv_close --format json   # for programs
```

`{w}` stands for a window, and a pattern may name one: `rsi_4h` finds `rsi_{w}`.

| flag | default | meaning |
| --- | --- | --- |
| `--format` | `text` | `text`; `markdown`: a table, without PATTERN this page; `json`: an array of objects with `column`, `tables`, `type`, `unit`, `family`, `definition`, `note`, `is_derived` |

## Structure of `metrics`, `state` and `regime`

The keys are `symbol` and `timestamp_asof_utc`. Then follow, per window in ascending order:

| column | type | family | definition |
| --- | --- | --- | --- |
| `window_coverage_{w}` | Float64 | flag | share of the window's minutes (regime: days) that have a bar, 0 to 1 |
| `window_ok_{w}` | Boolean | flag | whether the coverage reaches the threshold; if not, all metrics of the window are missing |
| the metrics listed below | Float64 | raw, mag, pos or dir | |
ENRICHMENT| `metrics_valid_<family>_{w}` | Boolean | flag | whether any metric of the family has a value |

- The columns from `_pctile` to `_abs_rz` follow each metric with a baseline. `--no-baseline`
  omits them.
- `state` and `regime` have no missing numbers. A neutral value replaces a missing one, and the mask
  `<column>_imputed` (Int64, family imputed_flag), which directly follows the column, is 1.
- Neutral values: for metrics as listed below; 50 for a percentile, 3 for a quintile, 0 for a robust
  z. Columns without a mask: 0 for `_p25`, `_p50`, `_p75` and `_n`; `none` for `_direction`.
";

/// The source of the figures in notes of metrics.
const NOTES: &str = "
The figures come from six pairs of Binance in February 2024, bins of 1 minute (1h) and 20 minutes
(24h); those of daily metrics from four pairs of the sample market over 500 days. To get the values
of a chart, compute the indicator over the whole history, as the series functions of `indicators` do.
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
        "\n## {title}\n\n{windows}\n\n| column | definition | baseline | percentile scale | neutral | validity flag |\n| --- | --- | --- | --- | --- | --- |\n"
    );
    for metric in catalog.metrics {
        let _ = writeln!(page, "{}", line(metric));
    }
    let noted = || catalog.metrics.iter().filter(|metric| !metric.note.is_empty());
    if noted().next().is_some() {
        page.push_str("\nDifferences from TA-Lib and charts:\n\n");
        for metric in noted() {
            let item = format!("- `{}`: {}", metric.column("{w}"), metric.note);
            let lines = textwrap::Options::new(100).subsequent_indent("  ");
            let _ = writeln!(page, "{}", textwrap::fill(&item, lines));
        }
        page.push_str(NOTES);
    }
    if !catalog.rollups.is_empty() {
        page.push_str(
            "\nRoll-ups across windows, present if their windows are computed; each has a flag `<column>_valid`:\n\n\
             | column | definition | neutral |\n| --- | --- | --- |\n",
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
