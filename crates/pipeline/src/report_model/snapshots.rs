//! The snapshots of `state` and `regime`.

use std::collections::BTreeMap;

use bars::{AsOf, Window};
use report::Report;
use report::model::{
    HeatmapMetric, HeatmapRow, MetricOutlier, REGIME_COLUMNS, RegimeRow, RegimeValue, StateHeatmap,
};
use serde::Deserialize;
use stages::features::baseline::MIN_BASELINE_N;

use super::OutputFiles;
use crate::artifacts::frame::Frame;
use crate::artifacts::read_json;
use crate::artifacts::table_file::Format;
use crate::error::Result;
use crate::snapshots::{schema_path, table_name};

/// Maximum number of unusual metrics.
const MAX_UNUSUAL: usize = 100;

#[derive(Default, Deserialize)]
struct Schema {
    columns: BTreeMap<String, SchemaColumn>,
}

#[derive(Deserialize)]
struct SchemaColumn {
    description: String,
}

/// A metric over a window: its column and the parts of its name.
struct Column {
    name: String,
    metric: String,
    window: Window,
}

/// A snapshot, reduced to the rows of its latest as-of.
struct Snapshot {
    frame: Frame,
    schema: Schema,
    rows: Vec<usize>,
    symbols: Vec<String>,
    asof: AsOf,
}

impl Snapshot {
    /// Reads the newest snapshot of a stage up to `asof`.
    fn read(
        outputs: &OutputFiles<'_>,
        stage: &str,
        asof: Option<AsOf>,
    ) -> Result<Option<Snapshot>> {
        for partition in outputs.partitions(stage, asof)? {
            let Some(path) = outputs.file(partition.join(table_name(stage, Format::Parquet)))
            else {
                continue;
            };
            let frame = Frame::read(&path)?;
            // The long form has no column per metric, which the tables of the report need.
            if frame.has("metric") {
                continue;
            }
            let times = frame.times("timestamp_asof_utc")?;
            let in_time =
                times.iter().flatten().filter(|time| asof.is_none_or(|asof| **time <= asof));
            let Some(latest) = in_time.max().copied() else {
                continue;
            };
            let schema = outputs.file(schema_path(&partition, stage));
            let schema: Option<Schema> = schema.map(|path| read_json(&path)).transpose()?;
            let schema = schema.unwrap_or_default();
            let rows: Vec<usize> =
                (0..times.len()).filter(|&row| times[row] == Some(latest)).collect();
            let symbols = frame.text("symbol")?;
            let symbols = rows.iter().map(|&row| symbols[row].clone()).collect();
            return Ok(Some(Snapshot { frame, schema, rows, symbols, asof: latest }));
        }
        Ok(None)
    }

    /// The metrics that have percentiles, in the order of the snapshot.
    fn columns(&self) -> Vec<Column> {
        let column = |name: &String| {
            let base = name.strip_suffix("_pctile")?;
            let (metric, window) = parts(base)?;
            Some(Column { name: base.to_owned(), metric, window })
        };
        self.frame.names().iter().filter_map(column).collect()
    }

    /// Returns a column, with NaN instead of imputed neutral values; all NaN if it was not written
    /// (a snapshot can have a choice of columns).
    fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        if !self.frame.has(name) {
            return Ok(vec![f64::NAN; self.rows.len()]);
        }
        let numbers = self.frame.numbers(name)?;
        let flag = format!("{name}_imputed");
        let imputed = if self.frame.has(&flag) {
            self.frame.numbers(&flag)?
        } else {
            vec![0.0; numbers.len()]
        };
        let known = |&row: &usize| if imputed[row] > 0.0 { f64::NAN } else { numbers[row] };
        Ok(self.rows.iter().map(known).collect())
    }

    /// Returns percentiles, NaN if the baseline is too small.
    fn percentiles(&self, column: &str) -> Result<Vec<f64>> {
        let (values, counts) =
            (self.numbers(&format!("{column}_pctile"))?, self.numbers(&format!("{column}_n"))?);
        let sound = |(value, count): (f64, f64)| {
            if count < MIN_BASELINE_N as f64 { f64::NAN } else { value }
        };
        Ok(values.into_iter().zip(counts).map(sound).collect())
    }
}

/// Splits a column such as `rv_close_24h_mag` into metric and window.
fn parts(column: &str) -> Option<(String, Window)> {
    let column = ["_mag", "_dir", "_pos"]
        .iter()
        .find_map(|kind| column.strip_suffix(kind))
        .unwrap_or(column);
    let (metric, window) = column.rsplit_once('_')?;
    Some((metric.to_owned(), window.parse().ok()?))
}

/// Reads the snapshot of `state` into `report`.
pub fn read_state(
    outputs: &OutputFiles<'_>,
    asof: Option<AsOf>,
    report: &mut Report,
) -> Result<()> {
    let Some(snapshot) = Snapshot::read(outputs, "state", asof)? else {
        return Ok(());
    };
    report.state_asof = Some(snapshot.asof);
    let columns = snapshot.columns();
    let mut unusual = Vec::new();
    for window in windows(&columns) {
        let mut metrics = Vec::new();
        let row = |symbol: &String| HeatmapRow { symbol: symbol.clone(), percentiles: Vec::new() };
        let mut rows: Vec<HeatmapRow> = snapshot.symbols.iter().map(row).collect();
        for column in columns.iter().filter(|column| column.window == window) {
            let percentiles = snapshot.percentiles(&column.name)?;
            let deviations = snapshot.numbers(&format!("{}_rz", column.name))?;
            for (row, (&percentile, &deviations)) in percentiles.iter().zip(&deviations).enumerate()
            {
                rows[row].percentiles.push(percentile);
                if !(5.0..=95.0).contains(&percentile)
                    && !percentile.is_nan()
                    && deviations.is_finite()
                {
                    unusual.push(MetricOutlier {
                        symbol: snapshot.symbols[row].clone(),
                        column: column.name.clone(),
                        percentile,
                        iqr_distance: deviations,
                    });
                }
            }
            metrics.push(HeatmapMetric {
                name: column.metric.clone(),
                description: snapshot
                    .schema
                    .columns
                    .get(&column.name)
                    .map(|of| of.description.clone())
                    .unwrap_or_default(),
            });
        }
        report.state.push(StateHeatmap { window: window.to_string(), metrics, rows });
    }
    unusual.sort_by(|a, b| {
        let order = b.iqr_distance.abs().total_cmp(&a.iqr_distance.abs());
        order.then_with(|| (&a.symbol, &a.column).cmp(&(&b.symbol, &b.column)))
    });
    unusual.truncate(MAX_UNUSUAL);
    report.outliers = unusual;
    Ok(())
}

fn windows(columns: &[Column]) -> Vec<Window> {
    let mut windows: Vec<Window> = columns.iter().map(|column| column.window).collect();
    windows.sort();
    windows.dedup();
    windows
}

/// Reads the snapshot of `regime` into `report`.
pub fn read_regime(
    outputs: &OutputFiles<'_>,
    asof: Option<AsOf>,
    report: &mut Report,
) -> Result<()> {
    let Some(snapshot) = Snapshot::read(outputs, "regime", asof)? else {
        return Ok(());
    };
    report.regime_asof = Some(snapshot.asof);
    let columns = snapshot.columns();
    const MISSING: RegimeValue = RegimeValue { value: f64::NAN, percentile: f64::NAN };
    for window in windows(&columns) {
        let mut rows = vec![[MISSING; REGIME_COLUMNS.len()]; snapshot.symbols.len()];
        for (place, shown) in REGIME_COLUMNS.iter().enumerate() {
            let is_it = |column: &&Column| column.window == window && column.metric == shown.metric;
            let Some(column) = columns.iter().find(is_it) else {
                continue;
            };
            let (values, percentiles) =
                (snapshot.numbers(&column.name)?, snapshot.percentiles(&column.name)?);
            for (row, figure) in values.into_iter().zip(percentiles).enumerate() {
                rows[row][place] = RegimeValue { value: figure.0, percentile: figure.1 };
            }
        }
        report.regime.extend(snapshot.symbols.iter().zip(rows).map(|(symbol, values)| RegimeRow {
            symbol: symbol.clone(),
            window: window.to_string(),
            window_days: f64::from(window.minutes()) / f64::from(bars::time::DAY),
            values,
        }));
    }
    // Ordered by symbol, so that the windows of a symbol are adjacent.
    let order = |symbol: &String| snapshot.symbols.iter().position(|other| other == symbol);
    report.regime.sort_by(|a, b| {
        order(&a.symbol)
            .cmp(&order(&b.symbol))
            .then_with(|| a.window_days.total_cmp(&b.window_days))
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_names_are_split_into_metric_and_window() {
        for (column, metric, window) in [
            ("rv_close_24h_mag", "rv_close", "24h"),
            ("roc_30d", "roc", "30d"),
            ("rsi_1h", "rsi", "1h"),
        ] {
            assert_eq!(parts(column), Some((metric.to_owned(), window.parse().unwrap())));
        }
        assert!(parts("timestamp_asof_utc").is_none());
    }
}
