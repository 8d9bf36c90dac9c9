//! The panel behind the baselines as a table: a row per symbol, window and bucket.

use std::ops::Range;
use std::path::Path;

use bars::{AsOf, Symbol};
use bars_io::atomic::{FinishedFile, TempFiles};
use stages::features::metric::Metric;
use stages::features::panel::{Bucket, Panel};
use stages::table::{ColumnSpec, DType, Values};

use super::table_file::{Compression, FileColumns, Format, TableWriter};

/// A panel file being written; Parquet if its name says so, else CSV.
pub struct SeriesFile(TableWriter);

impl SeriesFile {
    /// Creates a file for the panels of `metrics`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(
        path: &Path,
        metrics: &[Metric],
        temp: &TempFiles,
    ) -> bars_io::Result<SeriesFile> {
        let keys = [
            ("symbol", DType::Utf8),
            ("window", DType::Utf8),
            ("window_start", DType::Timestamp),
            ("window_end", DType::Timestamp),
            ("coverage", DType::Float64),
        ];
        let metrics = metrics.iter().map(|metric| (metric.stem, DType::Float64));
        let columns: Vec<ColumnSpec> = keys
            .into_iter()
            .chain(metrics)
            .map(|(name, dtype)| ColumnSpec::new(name, dtype, ""))
            .collect();
        let columns = FileColumns::new(&columns);
        let format = Format::from_path(path);
        Ok(SeriesFile(TableWriter::create(path, format, Compression::default(), &columns, temp)?))
    }

    /// Appends the buckets of `panel` in `range` that have enough bars.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(
        &mut self,
        symbol: &Symbol,
        panel: &Panel,
        range: Range<usize>,
    ) -> bars_io::Result<()> {
        let buckets = &panel.buckets()[range];
        let (ok, values): (Vec<&Bucket>, Vec<&[f64]>) =
            buckets.iter().filter_map(|bucket| Some((bucket, panel.values(bucket)?))).unzip();
        let Some(width) = values.first().map(|row| row.len()) else {
            return Ok(());
        };
        let text = |text: String| Values::Text(vec![Some(text); ok.len()]);
        let ends = |shift: i32| {
            ok.iter().map(|bucket: &&Bucket| AsOf::start_of(bucket.start.plus(shift))).collect()
        };
        let mut columns = vec![
            text(symbol.to_string()),
            text(panel.window().to_string()),
            Values::Time(ends(0)),
            Values::Time(ends(panel.window().minutes())),
            Values::Number(ok.iter().map(|bucket| bucket.coverage).collect()),
        ];
        columns
            .extend((0..width).map(|m| Values::Number(values.iter().map(|row| row[m]).collect())));
        self.0.write(columns)
    }

    /// Ends the file, ready to be committed.
    ///
    /// # Errors
    /// If the rest cannot be written.
    pub fn finish(self) -> bars_io::Result<FinishedFile> {
        self.0.finish()
    }
}
