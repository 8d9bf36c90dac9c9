//! The reader of `imf_summary.parquet`, whatever program wrote it last.

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use bars::AsOf;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use stages::cycles::postprocess::RecordedCycle;
use stages::cycles::{SignalKind, Status};

use crate::error::{Error, Result};

/// The rows of `imf_summary.parquet`.
#[derive(Debug)]
pub struct CyclesTable {
    /// The rows, stubs included.
    pub cycles: Vec<RecordedCycle>,
    /// The cluster of each row within its symbol; `None` for a stub.
    pub asset_clusters: Vec<Option<String>>,
    /// The latest as-of.
    pub latest: Option<AsOf>,
}

impl CyclesTable {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it is missing, not a Parquet file, or not a table of cycles.
    pub fn read(path: &Path) -> Result<CyclesTable> {
        let damaged = |e: &dyn std::fmt::Display| {
            Error::artifact(
                path,
                format!("this is no readable Parquet file ({e}); name the imf_summary.parquet of imf-stage"),
            )
        };
        if path.is_dir() {
            return Err(damaged(&"it is a folder"));
        }
        let file = File::open(path).map_err(|e| bars_io::Error::io("open", path, e))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| damaged(&e))?;
        let reader = reader.build().map_err(|e| damaged(&e))?;
        let mut summary = CyclesTable { cycles: Vec::new(), asset_clusters: Vec::new(), latest: None };
        for batch in reader {
            summary.add(path, &batch.map_err(|e| damaged(&e))?)?;
        }
        Ok(summary)
    }

    fn add(&mut self, path: &Path, batch: &RecordBatch) -> Result<()> {
        let before = self.cycles.len();
        let table = Part { path, batch, before };
        let (symbol, series, status) = (table.text("symbol")?, table.text("series")?, table.text("status")?);
        let (id, size) = (table.whole("imf_id")?, table.whole("cluster_size_global")?);
        let (period, amp) = (table.number("period_days")?, table.number("amp_pct")?);
        let energy = table.number("energy_share")?;
        let (corr, ratio) = (table.number("vol_amp_corr")?, table.number("vol_period_ratio")?);
        let cluster = table.text("cluster_id_global")?;
        let mad_period = table.number("cluster_mad_pct_period_global")?;
        let mad_amp = table.number("cluster_mad_pct_amp_global")?;
        for row in 0..batch.num_rows() {
            let known = |column: &[Option<String>], name: &str| {
                column[row].clone().ok_or_else(|| table.bad(row, &format!("has no {name}")))
            };
            let series = known(&series, "series")?;
            let cycle = RecordedCycle {
                symbol: known(&symbol, "symbol")?,
                series: SignalKind::named(&series).ok_or_else(|| {
                    table.bad(row, &format!("is of the series '{series}', which is neither price nor volume"))
                })?,
                status: known(&status, "status")?,
                imf_id: id[row].unwrap_or(-1),
                period_days: period[row],
                amp_pct: amp[row],
                energy_share: energy[row],
                vol_amp_corr: corr[row],
                vol_period_ratio: ratio[row],
                cluster_id_global: cluster[row].clone().unwrap_or_default(),
                cluster_size_global: size[row].unwrap_or(0),
                cluster_mad_pct_period_global: mad_period[row],
                cluster_mad_pct_amp_global: mad_amp[row],
            };
            let is_cycle = cycle.status == Status::Ok.name();
            let sizes = [cycle.period_days, cycle.amp_pct, cycle.energy_share];
            let is_sound = cycle.period_days > 0.0 && sizes.iter().all(|x| x.is_finite() && *x >= 0.0);
            if is_cycle && !is_sound {
                let what =
                    "is a cycle (status ok) whose period, depth or energy is missing, negative or infinite";
                return Err(table.bad(row, what));
            }
            self.cycles.push(cycle);
        }
        self.asset_clusters.extend(table.text("cluster_id_asset")?);
        let latest = table.times("asof")?.into_iter().flatten().max();
        self.latest = self.latest.max(latest);
        Ok(())
    }
}

/// A record batch of the table; another program may have changed the types of its columns.
struct Part<'a> {
    path: &'a Path,
    batch: &'a RecordBatch,
    /// Rows before the batch.
    before: usize,
}

impl Part<'_> {
    fn column(&self, name: &str, to: &DataType) -> Result<arrow_array::ArrayRef> {
        let Some(column) = self.batch.column_by_name(name) else {
            let has: Vec<&str> = self.batch.schema_ref().fields().iter().map(|f| f.name().as_str()).collect();
            let mut has = has.join(", ");
            if let Some((end, _)) = has.char_indices().nth(200) {
                has.truncate(end);
                has.push_str("...");
            }
            let reason = format!(
                "this is no summary of imf-stage: it has no column {name}, but {has}; name the imf_summary.parquet that \
                 'data-pipeline imf-stage' wrote"
            );
            return Err(Error::artifact(self.path, reason));
        };
        cast(column, to).map_err(|e| {
            let reason = format!("the column {name} is of another type than imf-stage writes: {e}");
            Error::artifact(self.path, reason)
        })
    }

    fn text(&self, name: &str) -> Result<Vec<Option<String>>> {
        let column = self.column(name, &DataType::Utf8)?;
        Ok(column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
    }

    fn number(&self, name: &str) -> Result<Vec<f64>> {
        let column = self.column(name, &DataType::Float64)?;
        Ok(column.as_primitive::<Float64Type>().iter().map(|x| x.unwrap_or(f64::NAN)).collect())
    }

    fn whole(&self, name: &str) -> Result<Vec<Option<i64>>> {
        let column = self.column(name, &DataType::Int64)?;
        Ok(column.as_primitive::<Int64Type>().iter().collect())
    }

    fn times(&self, name: &str) -> Result<Vec<Option<AsOf>>> {
        // Times are UTC, with or without a zone.
        let column = self.column(name, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
        let micros = column.as_primitive::<TimestampMicrosecondType>();
        Ok(micros.iter().map(|at| at.and_then(AsOf::from_epoch_micros)).collect())
    }

    fn bad(&self, row: usize, what: &str) -> Error {
        Error::artifact(
            self.path,
            format!("row {} {what}; write it anew with 'data-pipeline imf-stage'", self.before + row + 1),
        )
    }
}
