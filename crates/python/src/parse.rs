//! Arguments from Python as the types of the jobs.

use std::str::FromStr;

use bars::time::AsOfSpec;
use bars::{Symbol, Window};
use pyo3::prelude::*;

use crate::errors;

/// A whole number that is not negative; others are an error that names the parameter.
pub fn count<T: TryFrom<i64>>(
    py: Python<'_>,
    name: &str,
    value: Option<i64>,
) -> PyResult<Option<T>> {
    let convert = |value: i64| {
        T::try_from(value).map_err(|_| {
            errors::of_argument(py, format!("{name}: {value} is out of range; expected 0 or more"))
        })
    };
    value.map(convert).transpose()
}

/// An argument that has a text form. `name` is that of the parameter.
pub fn text<T: FromStr<Err: std::fmt::Display>>(
    py: Python<'_>,
    name: &str,
    value: &str,
) -> PyResult<T> {
    value.parse().map_err(|error| errors::of_argument(py, format!("{name}: {error}")))
}

/// An as-of: `latest`, a date, or a timestamp.
pub fn asof(py: Python<'_>, name: &str, value: &str) -> PyResult<AsOfSpec> {
    text(py, name, value)
}

/// An as-of, or the default of the stage.
pub fn optional_asof(py: Python<'_>, value: Option<&str>) -> PyResult<Option<AsOfSpec>> {
    value.map(|value| asof(py, "asof", value)).transpose()
}

/// Windows, such as `["1h", "4h"]`; `None` leaves the default.
pub fn windows(
    py: Python<'_>,
    values: Option<Vec<String>>,
    default: Vec<Window>,
) -> PyResult<Vec<Window>> {
    match values {
        Some(values) => values.iter().map(|value| text(py, "windows", value)).collect(),
        None => Ok(default),
    }
}

/// Symbols.
pub fn symbols(py: Python<'_>, values: &[String]) -> PyResult<Vec<Symbol>> {
    values.iter().map(|value| text(py, "symbols", value)).collect()
}
