//! What stands in the place of `logging.Logger._log`, and binds to a logger as that did.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::calls::Calls;
use crate::taken::taken;

/// Stands in the place of `logging.Logger._log`.
#[pyclass(frozen, module = "aegis_otel_native")]
pub struct LogMethod {
    calls: Py<Calls>,
    original: Py<PyAny>,
}

#[pymethods]
impl LogMethod {
    #[new]
    fn new(calls: Py<Calls>, original: Py<PyAny>) -> Self {
        Self { calls, original }
    }

    fn __get__(
        slf: Bound<'_, Self>,
        logger: &Bound<'_, PyAny>,
        _class: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        if logger.is_none() {
            return Ok(slf.into_any().unbind());
        }
        let py = slf.py();
        let bound = BoundLogMethod { method: slf.unbind(), logger: logger.clone().unbind() };
        Ok(Bound::new(py, bound)?.into_any().unbind())
    }

    /// As a function, called with the logger in front.
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: Bound<'py, PyTuple>,
        kwargs: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.original.bind(args.py()).call(args, kwargs.as_ref())
    }

    #[getter]
    fn __wrapped__(&self, py: Python<'_>) -> Py<PyAny> {
        self.original.clone_ref(py)
    }

    #[getter]
    #[allow(clippy::unused_self)]
    fn __name__(&self) -> &'static str {
        "_log"
    }
}

/// `LogMethod` of one logger.
#[pyclass(frozen, module = "aegis_otel_native")]
pub struct BoundLogMethod {
    method: Py<LogMethod>,
    logger: Py<PyAny>,
}

#[pymethods]
impl BoundLogMethod {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__(&self, args: Bound<'_, PyTuple>, kwargs: Option<Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
        let py = args.py();
        let logger = self.logger.bind(py);
        let method = self.method.get();
        if taken(|| method.calls.get().take(logger, &args, kwargs.as_ref()))? {
            return Ok(py.None());
        }
        let mut all = Vec::with_capacity(args.len() + 1);
        all.push(logger.clone());
        all.extend(args.iter());
        method.original.call(py, PyTuple::new(py, all)?, kwargs.as_ref())
    }
}
