//! Batches of records to OTLP requests.
//!
//! Writes what aegis_otel/deliver/otlp/_encoder.py writes; that module says where the format comes from.

use std::collections::HashMap;
use std::io::Write;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::guard::guarded;
use crate::record::Writer;
use crate::wire::{field_size, put_field, put_head, tag};

/// Encodes records of one resource. Keeps no state, so any number of threads may use it.
///
/// `resource` and `resource_url` are the encoded fields; `limit` and `record_limit` are in bytes. `one` encodes a
/// record that is unusual, `cut` one that is too large, `scope` a logger's name that is no UTF-8.
#[pyclass(frozen, module = "aegis_otel_native")]
pub struct Encoder {
    resource: Vec<u8>,
    resource_url: Vec<u8>,
    limit: usize,
    record_limit: usize,
    one: Py<PyAny>,
    cut: Py<PyAny>,
    scope: Py<PyAny>,
}

#[pymethods]
impl Encoder {
    #[new]
    #[pyo3(signature = (*, resource, resource_url, limit, record_limit, one, cut, scope))]
    fn new(
        resource: Vec<u8>,
        resource_url: Vec<u8>,
        limit: usize,
        record_limit: usize,
        one: Py<PyAny>,
        cut: Py<PyAny>,
        scope: Py<PyAny>,
    ) -> Self {
        Self { resource, resource_url, limit, record_limit, one, cut, scope }
    }

    /// The records as few requests as the limit allows: pairs of bytes and how many records they hold.
    fn encode<'py>(&self, records: &Bound<'py, PyAny>) -> PyResult<Vec<(Bound<'py, PyBytes>, usize)>> {
        guarded(|| self.requests(records))
    }
}

impl Encoder {
    fn requests<'py>(&self, records: &Bound<'py, PyAny>) -> PyResult<Vec<(Bound<'py, PyBytes>, usize)>> {
        let py = records.py();
        let mut requests = Vec::new();
        let mut groups = Groups::default();
        let mut writer = Writer::default();
        let (mut size, mut count) = (0, 0);
        for record in records.try_iter()? {
            let record = record?;
            let logger = record.getattr(intern!(py, "logger"))?;
            let mut encoded = writer.write(&record, self.one.bind(py))?;
            let cut: Bound<'py, PyBytes>;
            if encoded.len() > self.record_limit {
                cut = self.cut.bind(py).call1((&record,))?.cast_into()?;
                encoded = cut.as_bytes();
            }
            let full = size + encoded.len() > self.limit;
            if full && count > 0 {
                requests.push((self.request(py, &groups)?, count));
                groups = Groups::default();
                (size, count) = (0, 0);
            }
            let (group, added) = groups.of(&logger, self.scope.bind(py))?;
            size += added;
            put_field(group, tag::LOG_RECORD, encoded);
            size += encoded.len() + 4;
            count += 1;
        }
        if count > 0 {
            requests.push((self.request(py, &groups)?, count));
        }
        Ok(requests)
    }

    fn request<'py>(&self, py: Python<'py>, groups: &Groups<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let inner: usize = groups.written.iter().map(|group| field_size(group.len())).sum();
        let size = self.resource.len() + inner + self.resource_url.len();
        let mut head = Vec::with_capacity(16);
        put_head(&mut head, tag::RESOURCE_LOGS, size);
        PyBytes::new_with(py, head.len() + size, |mut out| {
            out.write_all(&head)?;
            out.write_all(&self.resource)?;
            for group in &groups.written {
                head.clear();
                put_head(&mut head, tag::SCOPE_LOGS, group.len());
                out.write_all(&head)?;
                out.write_all(group)?;
            }
            out.write_all(&self.resource_url)?;
            Ok(())
        })
    }
}

/// The records of each logger, in the order in which the loggers came.
#[derive(Default)]
struct Groups<'py> {
    written: Vec<Vec<u8>>,
    known: HashMap<Vec<u8>, usize>,
    latest: Option<(Bound<'py, PyAny>, usize)>,
}

impl<'py> Groups<'py> {
    /// The group of a logger, and by how much it makes the request larger if it is new.
    fn of(&mut self, logger: &Bound<'py, PyAny>, scope: &Bound<'py, PyAny>) -> PyResult<(&mut Vec<u8>, usize)> {
        if let Some((latest, index)) = &self.latest {
            if latest.is(logger) {
                let index = *index;
                return Ok((&mut self.written[index], 0));
            }
        }
        let name = logger.cast::<PyString>()?;
        let odd: Option<Bound<'py, PyBytes>> = match name.to_str() {
            Ok(_) => None,
            Err(_) => Some(scope.call1((name,))?.cast_into()?),
        };
        let key = match &odd {
            Some(scope) => scope.as_bytes(),
            None => name.to_str()?.as_bytes(),
        };
        let mut added = 0;
        let index = if let Some(index) = self.known.get(key) {
            *index
        } else {
            let mut group = Vec::with_capacity(4_096);
            match &odd {
                Some(scope) => group.extend_from_slice(scope.as_bytes()),
                None => put_scope(&mut group, key),
            }
            added = group.len() + 16;
            self.known.insert(key.to_vec(), self.written.len());
            self.written.push(group);
            self.written.len() - 1
        };
        self.latest = Some((logger.clone(), index));
        Ok((&mut self.written[index], added))
    }
}

fn put_scope(out: &mut Vec<u8>, name: &[u8]) {
    let name = &name[..name.len().min(512)];
    if name.is_empty() {
        put_head(out, 0x0a, 0);
    } else {
        put_head(out, 0x0a, field_size(name.len()));
        put_field(out, 0x0a, name);
    }
}
