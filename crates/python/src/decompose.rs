//! CEEMDAN and EMD of any series.

use emd::{Control, Decomposition, Params, Preset};
use numpy::{AllowTypeChange, PyArray1, PyArray2, PyArrayLike1};
use pyo3::prelude::*;

use crate::{errors, job, parse};

/// The modes (modes x samples), the residue, and per mode the mean number of sifts and how many
/// trials have it.
type Modes<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>);

/// Decomposes a series into intrinsic mode functions.
#[pyfunction]
#[pyo3(signature = (x, *, trials=None, seed=None, preset="standard", epsilon=None, sifting=None))]
pub fn ceemdan<'py>(
    py: Python<'py>,
    x: PyArrayLike1<'py, f64, AllowTypeChange>,
    trials: Option<usize>,
    seed: Option<u32>,
    preset: &str,
    epsilon: Option<f64>,
    sifting: Option<&str>,
) -> PyResult<Modes<'py>> {
    let preset = match preset {
        "standard" => Preset::Standard,
        "pyemd" => Preset::Pyemd,
        other => {
            let shown = other.escape_debug();
            let reason = format!("preset: unknown value \"{shown}\"; expected standard or pyemd");
            return Err(errors::of_argument(py, reason));
        }
    };
    let mut params = Params::new(preset);
    if let Some(trials) = trials {
        params = params.trials(trials);
    }
    if let Some(seed) = seed {
        params = params.seed(seed);
    }
    if let Some(epsilon) = epsilon {
        params = params.epsilon(epsilon);
    }
    if let Some(sifting) = sifting {
        params = params.sifting(parse::text(py, "sifting", sifting)?);
    }
    let decomposer = params.check().map_err(|error| errors::of_argument(py, error))?;
    let signal: Vec<f64> = x.as_array().to_vec();
    let found = job::run(py, |observer| {
        let control = Control::default().cancel_flag(observer.flag());
        Ok(decomposer.ceemdan_streamed(&signal, control)?)
    })?;
    arrays(py, found)
}

fn arrays(py: Python<'_>, found: Decomposition) -> PyResult<Modes<'_>> {
    let rows = found.modes.len();
    let samples = found.residue.len();
    let modes = PyArray1::from_vec(py, found.modes.concat());
    let modes = numpy::PyArrayMethods::reshape(&modes, [rows, samples])?;
    Ok((modes, PyArray1::from_vec(py, found.residue)))
}
