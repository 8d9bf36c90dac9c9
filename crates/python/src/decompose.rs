//! CEEMDAN and EMD of any series.

use emd::{Control, Decomposer, Decomposition, Params, Preset};
use numpy::{AllowTypeChange, PyArray1, PyArray2, PyArrayLike1, PyArrayMethods};
use pyo3::prelude::*;

use crate::{errors, job, parse};

/// The modes (modes x samples), and the residue.
pub type Modes<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>);

/// The parameters of a decomposition, a dictionary in Python.
#[derive(Default, FromPyObject)]
pub struct DecomposerArguments {
    #[pyo3(item)]
    trials: Option<i64>,
    #[pyo3(item)]
    seed: Option<i64>,
    #[pyo3(item)]
    preset: Option<String>,
    #[pyo3(item)]
    epsilon: Option<f64>,
    #[pyo3(item)]
    sifting: Option<String>,
}

impl DecomposerArguments {
    /// The decomposer with these parameters; missing ones have the defaults of the preset.
    pub fn decomposer(self, py: Python<'_>) -> PyResult<Decomposer> {
        let preset = match self.preset.as_deref() {
            None | Some("standard") => Preset::Standard,
            Some("pyemd") => Preset::Pyemd,
            Some(other) => {
                let shown = other.escape_debug();
                let reason =
                    format!("preset: unknown value \"{shown}\"; expected standard or pyemd");
                return Err(errors::of_argument(py, reason));
            }
        };
        let mut params = Params::new(preset);
        if let Some(trials) = parse::count(py, "trials", self.trials)? {
            params = params.trials(trials);
        }
        if let Some(seed) = parse::count(py, "seed", self.seed)? {
            params = params.seed(seed);
        }
        if let Some(epsilon) = self.epsilon {
            params = params.epsilon(epsilon);
        }
        if let Some(sifting) = self.sifting {
            params = params.sifting(parse::text(py, "sifting", &sifting)?);
        }
        params.check().map_err(|error| errors::of_argument(py, error))
    }
}

/// Decomposes a series by CEEMDAN.
#[pyfunction]
pub fn ceemdan<'py>(
    py: Python<'py>,
    x: PyArrayLike1<'py, f64, AllowTypeChange>,
    decomposer: DecomposerArguments,
) -> PyResult<Modes<'py>> {
    let decomposer = decomposer.decomposer(py)?;
    let signal: Vec<f64> = x.as_array().to_vec();
    let found = job::run(py, |observer| {
        let control = Control::default().cancel_flag(observer.flag());
        Ok(decomposer.ceemdan_streamed(&signal, control)?)
    })?;
    arrays(py, found)
}

/// Decomposes a series by plain EMD.
#[pyfunction(name = "emd")]
pub fn plain_emd<'py>(
    py: Python<'py>,
    x: PyArrayLike1<'py, f64, AllowTypeChange>,
    decomposer: DecomposerArguments,
) -> PyResult<Modes<'py>> {
    let decomposer = decomposer.decomposer(py)?;
    let signal: Vec<f64> = x.as_array().to_vec();
    let found = job::run(py, |observer| {
        let control = Control::default().cancel_flag(observer.flag());
        Ok(decomposer.emd(&signal, control)?)
    })?;
    arrays(py, found)
}

/// Modes as arrays.
pub fn arrays(py: Python<'_>, found: Decomposition) -> PyResult<Modes<'_>> {
    let shape = [found.modes.len(), found.residue.len()];
    let modes = PyArray1::from_vec(py, found.modes.concat()).reshape(shape)?;
    Ok((modes, PyArray1::from_vec(py, found.residue)))
}
