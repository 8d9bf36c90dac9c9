//! The reader and the writers of modes.

use std::path::Path;

use bars_io::atomic::{FinishedFile, TempFiles};
use emd::Decomposition;
use serde::Serialize;
use stages::table::{ColumnSpec, DType, Table, Values};

use super::{npz, parquet_file, unexpected};
use crate::error::Result;

/// The format of a file of modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ModesFormat {
    /// NumPy archive with the arrays `imfs` (modes x samples), `residue` and `imf_variances`.
    Npz,
    /// Parquet with the columns of [`modes_table`]; the footer has `imf_variances` as JSON.
    Parquet,
}

impl ModesFormat {
    /// Returns the format by the extension, in any case; `None` unless it is `npz` or `parquet`.
    pub fn from_path(path: &Path) -> Option<ModesFormat> {
        let end = path.extension()?.to_string_lossy().to_lowercase();
        match &*end {
            "npz" => Some(ModesFormat::Npz),
            "parquet" => Some(ModesFormat::Parquet),
            _ => None,
        }
    }

    /// Writes a decomposition, ready to be committed to `path`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(
        self,
        path: &Path,
        found: &Decomposition,
        temp: &TempFiles,
    ) -> bars_io::Result<FinishedFile> {
        match self {
            ModesFormat::Npz => npz::write_modes(path, found, npz::Packing::Stored, temp),
            ModesFormat::Parquet => {
                let variances = serde_json::Value::from(found.variances()).to_string();
                let metadata = [("imf_variances", variances)];
                parquet_file::write(path, &modes_table(found), &metadata, temp)
            }
        }
    }
}

/// Returns a table with a row per sample: its index from 0, a column per mode (`imf_01`, `imf_02`,
/// ... from fast to slow) and the residue, all in the unit of the signal, without missing values.
pub fn modes_table(found: &Decomposition) -> Table {
    let samples = (0..found.residue.len() as i64).map(Some).collect();
    let mut columns = vec![ColumnSpec::new("sample", DType::Int64, "index of the sample, from 0")];
    let mut values = vec![Values::Whole(samples)];
    for (k, mode) in found.modes.iter().enumerate() {
        let name = format!("imf_{:02}", k + 1);
        let description = "intrinsic mode function, from fast to slow";
        columns.push(ColumnSpec::new(name, DType::Float64, description));
        values.push(Values::Number(mode.clone()));
    }
    columns.push(ColumnSpec::new("residue", DType::Float64, "signal minus the sum of the modes"));
    values.push(Values::Number(found.residue.clone()));
    Table { columns, values }
}

/// The modes of a series, from fast to slow, and the residue.
#[derive(Debug)]
pub struct Modes {
    /// Mode after mode.
    modes: Vec<f64>,
    residue: Vec<f64>,
}

impl Modes {
    /// Reads a NumPy archive written by [`npz::write_modes`].
    ///
    /// # Errors
    /// If it is missing, damaged or has another form.
    pub fn read(path: &Path) -> Result<Modes> {
        let [modes, residue] = npz::read(path, ["imfs", "residue"])?;
        if residue.is_empty() || modes.len() % residue.len() != 0 {
            return Err(unexpected(path, "modes and residue differ in length"));
        }
        Ok(Modes { modes, residue })
    }

    /// Number of modes.
    pub fn len(&self) -> usize {
        self.modes.len() / self.residue.len()
    }

    /// Whether there are no modes.
    pub fn is_empty(&self) -> bool {
        self.modes.is_empty()
    }

    /// The mode at `index`, which must be below [`Modes::len`].
    pub fn mode(&self, index: usize) -> &[f64] {
        let n = self.residue.len();
        &self.modes[index * n..(index + 1) * n]
    }

    /// The residue and the modes from `first` on: the series without its faster modes.
    pub fn sum_from(&self, first: usize) -> Vec<f64> {
        let mut sum = self.residue.clone();
        for index in (first..self.len()).rev() {
            sum.iter_mut().zip(self.mode(index)).for_each(|(sum, value)| *sum += value);
        }
        sum
    }
}
