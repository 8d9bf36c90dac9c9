//! The reader of persisted modes.

use std::path::Path;

use super::{npz, unexpected};
use crate::error::Result;

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
