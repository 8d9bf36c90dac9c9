//! A result as an Arrow table.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StructArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::Field;
use bars_io::atomic::TempFiles;
use pipeline::artifacts::commit;
use pipeline::artifacts::table_file::{self, Compression, Format};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use stages::table::Table;

use crate::errors;

/// The rows of a result. Other libraries read them through the Arrow interfaces, without a copy.
#[pyclass(frozen, module = "data_pipeline._core")]
pub struct Batch {
    batch: RecordBatch,
    /// What is written to files; bars have no such form.
    table: Option<Table>,
}

impl Batch {
    /// The rows of a table.
    pub fn of_table(table: Table) -> PyResult<Batch> {
        let batch = table.to_record_batch();
        let batch = batch.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        Ok(Batch { batch, table: Some(table) })
    }

    /// The rows of a record batch.
    pub fn of_batch(batch: RecordBatch) -> Batch {
        Batch { batch, table: None }
    }
}

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    /// The names of the columns.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The column of this name as a table of its own; `None` if there is none.
    fn column(&self, name: &str) -> PyResult<Option<Batch>> {
        let Ok(index) = self.batch.schema().index_of(name) else { return Ok(None) };
        let batch = self.batch.project(&[index]);
        let batch = batch.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        Ok(Some(Batch::of_batch(batch)))
    }

    /// The values of the first rows as text; empty if missing.
    fn texts(&self, rows: usize) -> PyResult<Vec<Vec<String>>> {
        let options = FormatOptions::default();
        let format = |column| ArrayFormatter::try_new(column, &options);
        let columns: Result<Vec<_>, _> =
            self.batch.columns().iter().map(|column| format(column.as_ref())).collect();
        let columns = columns.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        let row = |row| columns.iter().map(|column| column.value(row).to_string()).collect();
        Ok((0..rows.min(self.batch.num_rows())).map(row).collect())
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.batch.schema().as_ref())?)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let field = Field::new_struct("", self.batch.schema().fields().clone(), false);
        let array: ArrayRef = Arc::new(StructArray::from(self.batch.clone()));
        let reader = ArrayIterator::new([Ok(array)], field.into());
        Ok(to_stream_pycapsule(py, Box::new(reader), requested_schema)?)
    }

    /// Writes the rows as the command line does: Parquet if the extension is `parquet`, else CSV.
    fn write(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let Some(table) = &self.table else {
            return Err(errors::of_argument(
                py,
                "this table has no file of its own; use to_polars, to_pandas or to_pyarrow",
            ));
        };
        if !Format::is_supported(&path) {
            return Err(errors::of_argument(
                py,
                "path: expected a name that ends with .parquet or .csv",
            ));
        }
        let (table, temp) = (table.clone(), TempFiles::default());
        let written = py.detach(|| {
            let format = Format::from_path(&path);
            let file =
                table_file::write(&path, format, Compression::default(), false, table, &temp)?;
            commit(vec![file])
        });
        written.map_err(|error| errors::of_job(py, &error))
    }
}
