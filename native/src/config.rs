//! The configuration of `Calls`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyString};

/// `aegis_otel.capture._native_calls.CallConfig`, which says what each field is. Read by attribute.
#[derive(FromPyObject)]
pub struct CallConfig {
    pub accept: Py<PyAny>,
    pub level: i64,
    pub last_resort: Option<(Py<PyAny>, i64)>,
    pub code_location: bool,
    pub skip_first: bool,
    pub logging: Py<PyDict>,
    pub factory: Py<PyAny>,
    pub source: Py<PyString>,
    pub methods: Vec<(Py<PyString>, Py<PyAny>)>,
    pub record_methods: Vec<(Py<PyString>, Py<PyAny>)>,
    pub last_standard: Py<PyString>,
    pub levels: Py<PyDict>,
    pub refused: Py<PyFrozenSet>,
    pub names: Py<PyDict>,
    pub least_level: Py<PyAny>,
    pub own_thread: Py<PyAny>,
    pub this_thread: Py<PyAny>,
    pub frame: Py<PyAny>,
    pub context: Py<PyAny>,
    pub current: Py<PyAny>,
    pub snapshot: Py<PyAny>,
    pub record: Py<PyAny>,
    pub location: Py<PyAny>,
    pub places: Py<PyDict>,
    pub code: Py<PyAny>,
}
