//! Tables in Parquet, read for tests and benchmarks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use bars::AsOf;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// The value that JSON holds.
pub fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("JSON")
}

/// A row, by column.
pub type Record = BTreeMap<String, String>;

/// The rows of a Parquet file, each cell as text.
pub fn rows(path: &Path) -> Vec<Record> {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let columns: Vec<Vec<String>> = batch.columns().iter().map(cells).collect();
        for row in 0..batch.num_rows() {
            let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
            rows.push(names.zip(columns.iter().map(|cells| cells[row].clone())).collect());
        }
    }
    rows
}

fn cells(column: &ArrayRef) -> Vec<String> {
    if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
        let text = |at: i64| AsOf::from_epoch_micros(at).expect("a time").to_string();
        return times.iter().map(|at| at.map_or_else(String::new, text)).collect();
    }
    let options = FormatOptions::default();
    let cells = ArrayFormatter::try_new(column, &options).unwrap();
    (0..column.len()).map(|row| cells.value(row).to_string()).collect()
}

/// A cell's number; NaN where it is missing.
pub fn number(text: &str) -> f64 {
    if text.is_empty() { f64::NAN } else { text.parse().unwrap_or_else(|_| panic!("{text}")) }
}
