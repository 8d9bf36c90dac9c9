//! Errors of the jobs as Python exceptions.
//!
//! The classes are in `data_pipeline.errors`, because an exception that is also a `ValueError` needs
//! two base classes, which only Python can give it.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The module with the exceptions.
const MODULE: &str = "data_pipeline.errors";

/// The exception for an error of a job.
pub fn of_job(py: Python<'_>, error: &pipeline::Error) -> PyErr {
    use pipeline::Error;
    let class = match error {
        Error::Io(error) => return of_source(py, error),
        // Other names in Python, where `from` is a keyword.
        Error::Parameter { name: "from", reason } => {
            return of_argument(py, format!("start: {reason}"));
        }
        Error::Parameter { name: "to", reason } => {
            return of_argument(py, format!("end: {reason}"));
        }
        Error::EmptySource { .. } | Error::EmptyFile { .. } | Error::NoRows { .. } => "SourceError",
        _ => "InputError",
    };
    new(py, class, with_causes(error))
}

/// The exception for an error of a source.
pub fn of_source(py: Python<'_>, error: &bars_io::Error) -> PyErr {
    let class = match error {
        bars_io::Error::Input(_) | bars_io::Error::Bars(_) => "InputError",
        _ => "SourceError",
    };
    new(py, class, with_causes(error))
}

/// The exception for an invalid argument.
pub fn of_argument(py: Python<'_>, message: impl std::fmt::Display) -> PyErr {
    new(py, "InputError", message.to_string())
}

fn new(py: Python<'_>, class: &str, message: String) -> PyErr {
    match py.import(MODULE).and_then(|module| module.getattr(class)) {
        Ok(class) => match class.call1((message,)) {
            Ok(error) => PyErr::from_value(error),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

/// Warns with the class `DataQualityWarning`.
pub fn warn(py: Python<'_>, message: &str) -> PyResult<()> {
    let class =
        py.import(MODULE)?.getattr(intern!(py, "DataQualityWarning"))?.cast_into::<PyType>()?;
    let message = std::ffi::CString::new(message.replace('\0', " ")).unwrap_or_default();
    PyErr::warn(py, &class, &message, 2)
}

/// An error with the causes that its own message does not repeat.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
