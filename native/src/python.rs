//! What Python sees of this crate.

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::{encode, log, method, screen};

/// What the Python side must know this by; raised when anything it relies on changes.
const INTERFACE: u32 = 4;

/// Runs `work`; a panic comes out as a `RuntimeError`, where pyo3's own would pass by every `except Exception`.
pub fn guarded<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(PyRuntimeError::new_err("a fault in aegis_otel_native; Python takes over")))
}

#[pymodule(gil_used = true)]
fn aegis_otel_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", INTERFACE)?;
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<encode::Encoder>()?;
    module.add_class::<log::Calls>()?;
    module.add_class::<method::LogMethod>()?;
    module.add_class::<screen::Texts>()?;
    module.add_class::<screen::Records>()?;
    Ok(())
}
