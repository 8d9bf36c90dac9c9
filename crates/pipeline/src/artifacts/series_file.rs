//! The history of the baselines as a table: a row per symbol, window and bucket.

use std::ops::Range;
use std::path::Path;

use bars::{AsOf, Symbol};
use bars_io::atomic::{FinishedFile, TempFiles};
use stages::features::metric::Metric;
use stages::features::panel::{Bucket, Panel};
use stages::table::{ColumnSpec, DType, Values};

use super::table_file::{Compression, FileColumns, Format, TableWriter};

/// Returns the columns of a panel file.
pub(crate) fn columns(metrics: &[Metric]) -> Vec<ColumnSpec> {
    let keys = [
        ("symbol", DType::Utf8, "the symbol"),
        ("window", DType::Utf8, "the window, such as `4h`"),
        ("window_start", DType::Timestamp, "start of the bucket"),
        ("window_end", DType::Timestamp, "end of the bucket, by which all of its bars have closed"),
        (
            "coverage",
            DType::Float64,
            "share of the bucket's minutes (regime: days) that have a bar",
        ),
    ];
    let metrics = metrics.iter().map(|metric| (metric.stem, DType::Float64, metric.description));
    let column = |(name, dtype, description)| ColumnSpec::new(name, dtype, description);
    keys.into_iter().chain(metrics).map(column).collect()
}

/// A panel file being written; Parquet if its name ends in `.parquet`, else CSV.
pub struct SeriesFile(TableWriter);

impl SeriesFile {
    /// Creates a file for the panels of `metrics`; for `csv_safe` see [`TableWriter::csv_safe`].
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(
        path: &Path,
        metrics: &[Metric],
        csv_safe: bool,
        temp: &TempFiles,
    ) -> bars_io::Result<SeriesFile> {
        let columns = FileColumns::new(&columns(metrics));
        let format = Format::from_path(path);
        let writer = TableWriter::create(path, format, Compression::default(), &columns, temp)?;
        Ok(SeriesFile(writer.csv_safe(csv_safe)))
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
