//! How log calls and records of `logging` are read, and how an unusual one is left to Python.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyMapping, PyString, PyTuple};

use crate::guard::guarded;

/// Why a call is not taken here; nothing is lost by it, since the longer way does it all again.
pub enum Left {
    Unusual,
    /// The app is being ended (KeyboardInterrupt and the like): no business of ours.
    Interrupted(PyErr),
}

impl From<PyErr> for Left {
    fn from(error: PyErr) -> Self {
        Python::attach(
            |py| {
                if error.is_instance_of::<PyException>(py) {
                    Self::Unusual
                } else {
                    Self::Interrupted(error)
                }
            },
        )
    }
}

impl From<pyo3::CastError<'_, '_>> for Left {
    fn from(_: pyo3::CastError<'_, '_>) -> Self {
        Self::Unusual
    }
}

pub type Taken<T> = Result<T, Left>;

/// Lets a log call be taken by the longer way unless it holds.
pub fn needs(condition: bool) -> Taken<()> {
    if condition {
        Ok(())
    } else {
        Err(Left::Unusual)
    }
}

pub fn field<'py>(fields: &Bound<'py, PyDict>, name: &Bound<'py, PyString>) -> Taken<Bound<'py, PyAny>> {
    fields.get_item(name)?.ok_or(Left::Unusual)
}

pub fn severity_of(levelno: i64) -> i64 {
    match levelno {
        50.. => 21,
        40.. => 17,
        30.. => 13,
        20.. => 9,
        _ => 5,
    }
}

/// Whether a level's name says no more than its number does.
pub fn is_usual_level(levelno: i64, name: &Bound<'_, PyAny>) -> Taken<bool> {
    let py = name.py();
    let usual = match levelno {
        10 => intern!(py, "DEBUG"),
        20 => intern!(py, "INFO"),
        30 => intern!(py, "WARNING"),
        40 => intern!(py, "ERROR"),
        _ => return Ok(false),
    };
    Ok(name.is(usual) || name.cast_exact::<PyString>()?.to_str()? == usual.to_str()?)
}

/// The mark of a record that was recorded, as in `aegis_otel/capture/_logrecord.py`: it lies below the millisecond in
/// `relativeCreated` and follows from `created`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a time since 1970
pub fn signature(created: f64) -> f64 {
    let ticks = (created * 4_194_304.0) as u64;
    let bits = ((ticks.wrapping_mul(0x9E37_79B1) >> 11) & 0xF_FFFF) as u32 | 1;
    f64::from(bits) / 1_048_576.0
}

/// Whether a record carries the mark.
#[allow(clippy::float_cmp)] // both have 20 bits after the point
pub fn is_marked(relative: f64, created: f64) -> bool {
    relative - relative.floor() == signature(created)
}

/// Whether a value may be kept as it is: `schema.snapshot` would give it back.
pub fn is_plain(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if value.is_exact_instance_of::<PyString>() || value.is_none() || value.is_exact_instance_of::<PyBool>() {
        return Ok(true);
    }
    if let Ok(number) = value.cast_exact::<PyInt>() {
        return Ok(number.extract::<i64>().is_ok());
    }
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        return Ok(number.extract::<f64>()?.is_finite());
    }
    Ok(false)
}

/// The message, rendered as `logging.LogRecord` does.
pub fn message_of<'py>(message: &Bound<'py, PyAny>, args: &Bound<'py, PyAny>) -> Taken<Bound<'py, PyString>> {
    let args = args.cast_exact::<PyTuple>()?;
    if args.len() == 1 {
        // A single mapping is what the names in the format are looked up in.
        let only = args.get_item(0)?;
        needs(is_plain(&only)? || only.cast::<PyMapping>().is_err())?;
    }
    rendered(message, args)
}

pub fn rendered<'py>(message: &Bound<'py, PyAny>, args: &Bound<'py, PyAny>) -> Taken<Bound<'py, PyString>> {
    let message = message.cast_exact::<PyString>()?;
    if !args.is_truthy()? {
        return Ok(message.clone());
    }
    message.rem(args)?.cast_into_exact::<PyString>().map_err(|_| Left::Unusual)
}

/// Whether `work` could be done here. A fault of ours counts as no.
pub fn taken(work: impl FnOnce() -> Taken<()>) -> PyResult<bool> {
    let done = guarded(|| match work() {
        Ok(()) => Ok(true),
        Err(Left::Unusual) => Ok(false),
        Err(Left::Interrupted(error)) => Err(error),
    });
    match done {
        Err(error) if Python::attach(|py| error.is_instance_of::<PyException>(py)) => Ok(false),
        done => done,
    }
}
