//! The module that Python imports.

use pyo3::prelude::*;

use crate::{calls, encode, method, record_screen};

/// What the Python side must know this by; raised when anything it relies on changes.
const INTERFACE: u32 = 7;

#[pymodule(gil_used = true)]
fn aegis_otel_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", INTERFACE)?;
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<encode::Encoder>()?;
    module.add_class::<calls::Calls>()?;
    module.add_class::<method::LogMethod>()?;
    module.add_class::<record_screen::TextScreen>()?;
    module.add_class::<record_screen::RecordScreen>()?;
    Ok(())
}
