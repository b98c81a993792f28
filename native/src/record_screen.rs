//! Finds, in a batch, the records that need neither redaction nor cleaning: most do not.
//!
//! The rest is Python's (`aegis_otel.deliver.queue`), which is also what decides which keys are harmless.

use std::sync::OnceLock;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PySet, PyString};

use crate::text_screen::{Vocabulary, WordScreen};

const MAX_NAME: usize = 256;

/// The screen for texts, of one rule set.
///
/// Args:
///     names, literals, plain, hints, neutral: words; see `Screen` (aegis_otel/redaction/screen.py).
///     known: texts that Python found to be clean.
#[pyclass(frozen, module = "aegis_otel_native")]
pub struct TextScreen {
    words: Vocabulary,
    compiled: OnceLock<Option<WordScreen>>,
    known: Py<PyDict>,
}

#[pymethods]
impl TextScreen {
    #[new]
    fn new(
        names: Vec<Vec<String>>,
        literals: Vec<String>,
        plain: Vec<String>,
        hints: Vec<String>,
        neutral: Vec<String>,
        known: Py<PyDict>,
    ) -> PyResult<Self> {
        if names.iter().any(|name| name.iter().any(String::is_empty)) {
            return Err(PyValueError::new_err("a word without letters"));
        }
        let words = Vocabulary { names, literals, plain, hints, neutral };
        Ok(Self { words, compiled: OnceLock::new(), known })
    }

    /// Whether nothing in `text` can be a secret; never wrongly true.
    #[pyo3(name = "is_clean")]
    fn py_is_clean(&self, text: &Bound<'_, PyString>) -> PyResult<bool> {
        crate::guard::guarded(|| Ok(text.to_str().is_ok_and(|text| self.is_clean(text))))
    }
}

impl TextScreen {
    /// The words are compiled when they are first needed, off the start of the app.
    fn is_clean(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| WordScreen::new(&self.words).ok());
        compiled.as_ref().is_some_and(|screen| screen.is_clean(text))
    }

    fn is_known(&self, text: &Bound<'_, PyString>) -> bool {
        self.known.bind(text.py()).contains(text).unwrap_or(false)
    }
}

/// The screen for records.
///
/// Args:
///     texts: the screen for texts; None where nothing is redacted.
///     plain_keys: keys that Python found to be harmless; None where nothing is redacted.
///     number_limit: numbers from here on may be somebody's.
///     max_text: how many characters a text may have.
#[pyclass(frozen, module = "aegis_otel_native")]
pub struct RecordScreen {
    redaction: Option<(Py<TextScreen>, Py<PySet>)>,
    number_limit: i64,
    max_text: usize,
}

#[pymethods]
impl RecordScreen {
    #[new]
    fn new(redaction: Option<(Py<TextScreen>, Py<PySet>)>, number_limit: i64, max_text: usize) -> Self {
        Self { redaction, number_limit, max_text }
    }

    /// The places in `records` of those that Python has to prepare.
    fn left(&self, records: &Bound<'_, PyList>) -> PyResult<Vec<usize>> {
        crate::guard::guarded(|| {
            Ok(records
                .iter()
                .enumerate()
                .filter(|(_, record)| !self.is_done(record).unwrap_or(false))
                .map(|(place, _)| place)
                .collect())
        })
    }
}

impl RecordScreen {
    fn is_done(&self, record: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = record.py();
        if !record.getattr(intern!(py, "error"))?.is_none() {
            return Ok(false);
        }
        let attributes = record.getattr(intern!(py, "attributes"))?;
        if !attributes.is_none() && !self.attributes_are_done(attributes.cast_exact::<PyDict>()?)? {
            return Ok(false);
        }
        let message = record.getattr(intern!(py, "message"))?;
        if !self.text_is_done(message.cast_exact::<PyString>()?) {
            return Ok(false);
        }
        let correlation = record.getattr(intern!(py, "correlation_id"))?;
        if let (Some((texts, _)), false) = (&self.redaction, correlation.is_none()) {
            let correlation = correlation.cast_exact::<PyString>()?;
            let texts = texts.get();
            if !texts.is_known(correlation) && !texts.is_clean(correlation.to_str()?) {
                return Ok(false);
            }
        }
        let logger = record.getattr(intern!(py, "logger"))?;
        Ok(logger.cast_exact::<PyString>()?.to_str()?.is_ascii())
    }

    fn attributes_are_done(&self, attributes: &Bound<'_, PyDict>) -> PyResult<bool> {
        for (key, value) in attributes.iter() {
            let key = key.cast_exact::<PyString>()?;
            if let Some((_, plain_keys)) = &self.redaction {
                if !plain_keys.bind(key.py()).contains(key)? {
                    return Ok(false);
                }
            }
            let name = key.to_str()?;
            if name.len() > MAX_NAME || !name.is_ascii() || !self.value_is_done(&value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn value_is_done(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Ok(text) = value.cast_exact::<PyString>() {
            return Ok(self.text_is_done(text));
        }
        if value.is_none() || value.is_exact_instance_of::<PyBool>() {
            return Ok(true);
        }
        let limit = self.number_limit;
        if let Ok(number) = value.cast_exact::<PyInt>() {
            return Ok(self.redaction.is_none() || number.extract::<i64>().is_ok_and(|n| -limit < n && n < limit));
        }
        if let Ok(number) = value.cast_exact::<PyFloat>() {
            let number: f64 = number.extract()?;
            #[allow(clippy::cast_precision_loss)]
            let limit = limit as f64;
            return Ok(self.redaction.is_none() || -limit < number && number < limit);
        }
        Ok(false)
    }

    fn text_is_done(&self, text: &Bound<'_, PyString>) -> bool {
        // What is no UTF-8 has a lone surrogate, which Python mends.
        let Ok(content) = text.to_str() else {
            return false;
        };
        if content.len() > self.max_text || !content.is_ascii() {
            return false;
        }
        match &self.redaction {
            None => true,
            Some((texts, _)) => texts.get().is_clean(content),
        }
    }
}
