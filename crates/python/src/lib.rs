//! The Python module `data_pipeline._core`.
//!
//! It calls the jobs of [`pipeline`], as the command line does, and returns their tables. The package
//! `data_pipeline` around it, in `python/src`, converts times and wraps the tables; no number is
//! computed there. Names and defaults of parameters are those of the Rust functions.

use pyo3::prelude::*;

mod cycles;
mod decompose;
mod errors;
mod features;
mod job;
mod leaderboards;
mod market;
mod parse;
mod source;
mod table;

/// Jobs over one-minute bars, in Rust.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::cycles::{Cycles, cohort_cycles, cycles, report};
    #[pymodule_export]
    use crate::decompose::{ceemdan, plain_emd};
    #[pymodule_export]
    use crate::features::{metrics, regime, state};
    #[pymodule_export]
    use crate::leaderboards::{Boards, leaderboards};
    #[pymodule_export]
    use crate::market::{check, columns, sample};
    #[pymodule_export]
    use crate::source::{Source, bars_of, open};
    #[pymodule_export]
    use crate::table::Batch;
}
