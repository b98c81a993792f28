//! One record to OTLP bytes. What is unusual in it is left to the Python encoder.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::contract::{CODE_KEYS, CORRELATION, ERROR_KEYS, SEVERITIES};
use crate::wire::{field_size, put_field, put_pair, put_string_pair, put_string_value, put_varint, tag, varint_size};

/// Lists and maps that nest deeper are Python's.
const MAX_DEPTH: usize = 32;

/// Why a record is not written here: Python has to do it. Carries nothing, since nothing is lost by it.
struct Unusual;

impl<E: Into<PyErr>> From<E> for Unusual {
    fn from(_: E) -> Self {
        Self
    }
}

type Done = Result<(), Unusual>;

/// Writes one record after the other, and remembers of the last ones what the next one often has as well.
#[derive(Default)]
pub struct Writer<'py> {
    out: Vec<u8>,
    scratch: Vec<u8>,
    context: Option<Context<'py>>,
    site: Option<(Bound<'py, PyAny>, Vec<u8>)>,
}

struct Context<'py> {
    given: [Bound<'py, PyAny>; 4],
    encoded: Vec<u8>,
}

impl<'py> Writer<'py> {
    pub fn write(&mut self, record: &Bound<'py, PyAny>, one: &Bound<'py, PyAny>) -> PyResult<&[u8]> {
        self.out.clear();
        if self.usual(record).is_err() {
            let encoded: Bound<'py, PyBytes> = one.call1((record,))?.cast_into()?;
            self.out.clear();
            self.out.extend_from_slice(encoded.as_bytes());
        }
        Ok(&self.out)
    }

    fn usual(&mut self, record: &Bound<'py, PyAny>) -> Done {
        let py = record.py();
        let time: u64 = record.getattr(intern!(py, "time_ns"))?.extract()?;
        self.out.push(tag::TIME);
        self.out.extend_from_slice(&time.to_le_bytes());
        self.out.push(tag::OBSERVED_TIME);
        self.out.extend_from_slice(&time.to_le_bytes());
        put_severity(&mut self.out, record.getattr(intern!(py, "severity"))?.extract()?)?;
        let message = record.getattr(intern!(py, "message"))?;
        let message = message.cast_exact::<PyString>()?.to_str()?;
        self.out.push(tag::BODY);
        put_string_value(&mut self.out, message);
        let has_correlation = self.put_context(record)?;
        let attributes = record.getattr(intern!(py, "attributes"))?;
        let error = record.getattr(intern!(py, "error"))?;
        let code = record.getattr(intern!(py, "code"))?;
        if !attributes.is_none() {
            let owned = Owned { correlation: has_correlation, error: !error.is_none(), code: !code.is_none() };
            self.put_attributes(attributes.cast_exact::<PyDict>()?, &owned)?;
        }
        if !error.is_none() {
            put_error(&mut self.out, &mut self.scratch, error.cast::<PyTuple>()?)?;
        }
        if !code.is_none() {
            self.put_code(code)?;
        }
        let event_name = record.getattr(intern!(py, "event_name"))?;
        if event_name.is_truthy()? {
            put_field(&mut self.out, tag::EVENT_NAME, event_name.cast_exact::<PyString>()?.to_str()?.as_bytes());
        }
        Ok(())
    }

    /// Writes flags, trace id, span id and the correlation id; true if there is one.
    fn put_context(&mut self, record: &Bound<'py, PyAny>) -> Result<bool, Unusual> {
        let py = record.py();
        let given = [
            record.getattr(intern!(py, "trace_id"))?,
            record.getattr(intern!(py, "span_id"))?,
            record.getattr(intern!(py, "trace_flags"))?,
            record.getattr(intern!(py, "correlation_id"))?,
        ];
        if let Some(known) = &self.context {
            if known.given.iter().zip(&given).all(|(known, given)| known.is(given)) {
                self.out.extend_from_slice(&known.encoded);
                return Ok(!given[3].is_none() || !known.encoded.is_empty() && has_trace(&given)?);
            }
        }
        let mut encoded = Vec::with_capacity(96);
        let traced = has_trace(&given)?;
        let flags: u8 = given[2].extract()?;
        if flags != 0 {
            encoded.push(tag::FLAGS);
            encoded.extend_from_slice(&u32::from(flags).to_le_bytes());
        }
        let mut uuid = None;
        if traced {
            let digits = given[0].call_method1(intern!(py, "to_bytes"), (16, intern!(py, "big")))?;
            let digits = digits.cast::<PyBytes>()?;
            put_field(&mut encoded, tag::TRACE_ID, digits.as_bytes());
            uuid = Some(uuid_text(digits.as_bytes()));
        }
        let span: u64 = given[1].extract()?;
        if span != 0 {
            put_field(&mut encoded, tag::SPAN_ID, &span.to_be_bytes());
        }
        let has_correlation = if given[3].is_none() {
            if let Some(uuid) = &uuid {
                put_string_pair(&mut encoded, tag::ATTRIBUTE, CORRELATION, uuid);
            }
            uuid.is_some()
        } else {
            let text = given[3].cast_exact::<PyString>()?.to_str()?;
            put_string_pair(&mut encoded, tag::ATTRIBUTE, CORRELATION, text);
            true
        };
        self.out.extend_from_slice(&encoded);
        self.context = Some(Context { given, encoded });
        Ok(has_correlation)
    }

    fn put_attributes(&mut self, attributes: &Bound<'py, PyDict>, owned: &Owned) -> Done {
        for (key, value) in attributes.iter() {
            let key = key.cast_exact::<PyString>()?.to_str()?;
            if owned.has(key) {
                continue;
            }
            if let Ok(text) = value.cast_exact::<PyString>() {
                put_string_pair(&mut self.out, tag::ATTRIBUTE, key, text.to_str()?);
            } else {
                self.scratch.clear();
                put_value(&mut self.scratch, &value, 0)?;
                put_pair(&mut self.out, tag::ATTRIBUTE, key, &self.scratch);
            }
        }
        Ok(())
    }

    fn put_code(&mut self, code: Bound<'py, PyAny>) -> Done {
        if let Some((known, encoded)) = &self.site {
            if known.is(&code) {
                self.out.extend_from_slice(encoded);
                return Ok(());
            }
        }
        let mut encoded = Vec::with_capacity(160);
        for (key, value) in CODE_KEYS.iter().zip(code.cast::<PyTuple>()?.iter()) {
            self.scratch.clear();
            put_value(&mut self.scratch, &value, 0)?;
            put_pair(&mut encoded, tag::ATTRIBUTE, key, &self.scratch);
        }
        self.out.extend_from_slice(&encoded);
        self.site = Some((code, encoded));
        Ok(())
    }
}

/// Which fields the record writes itself, so that no attribute of the same name may.
struct Owned {
    correlation: bool,
    error: bool,
    code: bool,
}

impl Owned {
    fn has(&self, key: &str) -> bool {
        match key.as_bytes().first() {
            Some(b'c') => self.correlation && key == CORRELATION || self.code && CODE_KEYS.contains(&key),
            Some(b'e') => self.error && ERROR_KEYS.contains(&key),
            _ => false,
        }
    }
}

fn has_trace(given: &[Bound<'_, PyAny>; 4]) -> PyResult<bool> {
    given[0].is_truthy()
}

fn put_severity(out: &mut Vec<u8>, number: u8) -> Done {
    if number > 24 {
        return Err(Unusual);
    }
    let text = SEVERITIES.iter().find(|(known, _)| *known == number).map_or("", |(_, text)| text);
    if number != 0 {
        out.extend_from_slice(&[tag::SEVERITY_NUMBER, number]);
    }
    if !text.is_empty() {
        put_field(out, tag::SEVERITY_TEXT, text.as_bytes());
    }
    Ok(())
}

fn uuid_text(digits: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(36);
    for (index, byte) in digits.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(HEX[usize::from(byte >> 4)] as char);
        text.push(HEX[usize::from(byte & 0xf)] as char);
    }
    text
}

/// `errorName`, `errorMessage` and `error` {name, message, stack}.
fn put_error(out: &mut Vec<u8>, scratch: &mut Vec<u8>, error: &Bound<'_, PyTuple>) -> Done {
    let mut texts = Vec::with_capacity(3);
    for part in error.iter() {
        texts.push(part.cast_into_exact::<PyString>().map_err(|_| Unusual)?);
    }
    let [name, message, stack] = &texts[..] else {
        return Err(Unusual);
    };
    let (name, message, stack) = (name.to_str()?, message.to_str()?, stack.to_str()?);
    put_string_pair(out, tag::ATTRIBUTE, ERROR_KEYS[0], name);
    put_string_pair(out, tag::ATTRIBUTE, ERROR_KEYS[1], message);
    scratch.clear();
    for (key, text) in [("name", name), ("message", message), ("stack", stack)] {
        put_string_pair(scratch, tag::MEMBER, key, text);
    }
    let mut value = Vec::with_capacity(scratch.len() + 8);
    put_varint(&mut value, field_size(scratch.len()) as u64);
    put_field(&mut value, tag::MAP, scratch);
    put_pair(out, tag::ATTRIBUTE, ERROR_KEYS[2], &value);
    Ok(())
}

/// A value as an `AnyValue`, its length in front.
fn put_value(out: &mut Vec<u8>, value: &Bound<'_, PyAny>, depth: usize) -> Done {
    if let Ok(text) = value.cast_exact::<PyString>() {
        put_string_value(out, text.to_str()?);
    } else if let Ok(number) = value.cast_exact::<PyInt>() {
        let number = number.extract::<i64>()? as u64;
        put_varint(out, 1 + varint_size(number) as u64);
        out.push(tag::INT);
        put_varint(out, number);
    } else if let Ok(number) = value.cast_exact::<PyFloat>() {
        out.extend_from_slice(&[9, tag::DOUBLE]);
        out.extend_from_slice(&number.extract::<f64>()?.to_le_bytes());
    } else if value.is_none() {
        out.push(0);
    } else if let Ok(truth) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(&[2, tag::BOOL, u8::from(truth.is_true())]);
    } else if depth >= MAX_DEPTH {
        return Err(Unusual);
    } else if let Ok(members) = value.cast_exact::<PyDict>() {
        let mut inner = Vec::with_capacity(members.len() * 32);
        let mut member = Vec::new();
        for (key, value) in members.iter() {
            member.clear();
            put_value(&mut member, &value, depth + 1)?;
            put_pair(&mut inner, tag::MEMBER, key.cast_exact::<PyString>()?.to_str()?, &member);
        }
        put_varint(out, field_size(inner.len()) as u64);
        put_field(out, tag::MAP, &inner);
    } else if let Ok(members) = value.cast_exact::<PyList>() {
        let mut inner = Vec::with_capacity(members.len() * 16);
        for member in members.iter() {
            inner.push(tag::MEMBER);
            put_value(&mut inner, &member, depth + 1)?;
        }
        put_varint(out, field_size(inner.len()) as u64);
        put_field(out, tag::ARRAY, &inner);
    } else {
        return Err(Unusual);
    }
    Ok(())
}
