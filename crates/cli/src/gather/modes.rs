//! The modes that `imf-stage --persist-imfs` wrote.

use std::path::Path;

use anyhow::{Context, bail};

use crate::output::npz;

/// The modes of a series, from fast to slow, and what they leave.
#[derive(Debug)]
pub struct Modes {
    /// Row by row.
    modes: Vec<f64>,
    residue: Vec<f64>,
}

impl Modes {
    /// Reads an archive of numpy's.
    pub fn read(path: &Path) -> anyhow::Result<Modes> {
        let damaged = || {
            format!("{} is no archive of modes; write it anew with 'data-pipeline imf-stage'", path.display())
        };
        let [modes, residue] = npz::read(path, ["imfs", "residue"]).with_context(damaged)?;
        if residue.is_empty() || modes.len() % residue.len() != 0 {
            bail!(damaged());
        }
        Ok(Modes { modes, residue })
    }

    /// How many modes there are.
    pub fn len(&self) -> usize {
        self.modes.len() / self.residue.len()
    }

    /// The mode at `place`, which must be below [`Modes::len`].
    pub fn mode(&self, place: usize) -> &[f64] {
        let n = self.residue.len();
        &self.modes[place * n..(place + 1) * n]
    }

    /// What is left and the modes from `first` on: the series without what is faster.
    pub fn sum_from(&self, first: usize) -> Vec<f64> {
        let mut sum = self.residue.clone();
        for place in (first..self.len()).rev() {
            sum.iter_mut().zip(self.mode(place)).for_each(|(sum, value)| *sum += value);
        }
        sum
    }
}
