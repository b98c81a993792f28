//! From a log call to a record, without `logging`'s own record in between, where nobody else would see that one.
//!
//! `LogMethod` (method.rs) stands where `logging.Logger._log` stood. Whatever is unusual (a handler on the way to the root, a filter,
//! a record factory, an exception, a name that is taken, …) goes to the method that was there, which leads to
//! `StdlibCapture.capture`: the same record by the longer way.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyWeakrefMethods, PyWeakrefReference};

use crate::config::CallConfig;
use crate::taken::{
    field, is_marked, is_plain, is_usual_level, message_of, needs, rendered, severity_of, signature, taken, Left, Taken,
};

/// How many places in the app's code are remembered.
const REMEMBERED: usize = 4_096;
/// Loggers above a logger that are asked for handlers.
const MAX_PARENTS: usize = 64;

/// Nobody has put anything in the place of a method.
fn needs_methods(class: &Bound<'_, PyAny>, methods: &[(Py<PyString>, Py<PyAny>)]) -> Taken<()> {
    for (name, method) in methods {
        needs(class.getattr(name)?.is(method))?;
    }
    Ok(())
}

/// Makes records of log calls, as a `CallConfig` says.
#[pyclass(frozen, module = "aegis_otel_native")]
pub struct Calls {
    config: CallConfig,
    known: Known,
}

/// What is remembered between calls. Its locks are held to read or change an entry and never while Python code runs, so
/// they neither wait for each other nor are held while the process forks.
#[derive(Default)]
struct Known {
    /// Code objects by address, kept alive by being here; whether they are `logging`'s own.
    codes: Mutex<HashMap<usize, (Py<PyAny>, bool)>>,
    /// Where the app logged, by code object and instruction.
    sites: Mutex<HashMap<(usize, i64), Py<PyAny>>>,
    /// The context of the latest record, and what was found in it.
    context: Mutex<Option<(Py<PyWeakrefReference>, Py<PyTuple>)>>,
}

#[pymethods]
impl Calls {
    #[new]
    fn new(config: CallConfig) -> Self {
        Self { config, known: Known::default() }
    }

    /// Makes a record of one of `logging`'s and passes it on. False: it is unusual, nothing was done.
    fn capture(&self, record: &Bound<'_, PyAny>, own_fields: usize) -> PyResult<bool> {
        taken(|| self.take_record(record, own_fields))
    }
}

impl Calls {
    /// Takes the call `logger._log(*args, **kwargs)`.
    pub fn take(
        &self,
        logger: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> Taken<()> {
        let py = logger.py();
        needs(args.len() == 3)?;
        let extra = match kwargs {
            Some(kwargs) if !kwargs.is_empty() => {
                needs(kwargs.len() == 1)?;
                kwargs.get_item(intern!(py, "extra"))?.ok_or(Left::Unusual).map(Some)?
            }
            _ => None,
        };
        let level = args.get_item(0)?;
        let levelno: i64 = level.cast_exact::<PyInt>()?.extract()?;
        let level = self.config.levels.bind(py).get_item(level)?.ok_or(Left::Unusual)?;
        needs(is_usual_level(levelno, &level)?)?;
        let name = logger.getattr(intern!(py, "name"))?;
        let name = name.cast_exact::<PyString>()?;
        self.nobody_else_sees(logger, levelno)?;
        let severity = severity_of(levelno);
        if severity < self.config.level || self.is_ignored(name, levelno)? {
            return Ok(());
        }
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Left::Unusual)?.as_nanos();
        let time = u64::try_from(time).map_err(|_| Left::Unusual)?;
        let attributes = match &extra {
            Some(extra) if !extra.is_none() => self.attributes(extra.cast_exact::<PyDict>()?, 0)?,
            _ => None,
        };
        let message = message_of(&args.get_item(1)?, &args.get_item(2)?)?;
        let code = if self.config.code_location { Some(self.location(py)?) } else { None };
        self.pass_on(time, severity, message, name, attributes, code)
    }

    /// Takes a record of `logging` that others see as well; its fields are those that `logging` gives it, `own` of them.
    fn take_record(&self, record: &Bound<'_, PyAny>, own: usize) -> Taken<()> {
        let py = record.py();
        needs(record.get_type().is(&self.config.factory))?;
        needs_methods(self.config.factory.bind(py), &self.config.record_methods)?;
        let fields = record.getattr(intern!(py, "__dict__"))?;
        let fields = fields.cast_exact::<PyDict>()?;
        needs(!field(fields, intern!(py, "exc_info"))?.is_truthy()?)?;
        needs(!field(fields, intern!(py, "stack_info"))?.is_truthy()?)?;
        let levelno: i64 = field(fields, intern!(py, "levelno"))?.cast_exact::<PyInt>()?.extract()?;
        needs(is_usual_level(levelno, &field(fields, intern!(py, "levelname"))?)?)?;
        let process: u32 = field(fields, intern!(py, "process"))?.cast_exact::<PyInt>()?.extract()?;
        needs(process == std::process::id())?;
        let severity = severity_of(levelno);
        let name = field(fields, intern!(py, "name"))?;
        let name = name.cast_exact::<PyString>()?;
        if severity < self.config.level || self.is_ignored(name, levelno)? {
            return Ok(());
        }
        let created: f64 = field(fields, intern!(py, "created"))?.cast_exact::<PyFloat>()?.extract()?;
        needs(created > 0.0 && created < 1e10)?;
        let time = (created * 1e9) as u64;
        let relative = intern!(py, "relativeCreated");
        let passed: f64 = field(fields, relative)?.cast_exact::<PyFloat>()?.extract()?;
        if is_marked(passed, created) {
            return Ok(());
        }
        let attributes = self.attributes(fields, own)?;
        let message = rendered(&field(fields, intern!(py, "msg"))?, &field(fields, intern!(py, "args"))?)?;
        let code = if self.config.code_location {
            let place = (
                field(fields, intern!(py, "pathname"))?,
                field(fields, intern!(py, "lineno"))?,
                field(fields, intern!(py, "funcName"))?,
            );
            match self.config.places.bind(py).get_item(&place)? {
                Some(known) => Some(known.unbind()),
                None => Some(self.config.code.bind(py).call1((record,))?.unbind()),
            }
        } else {
            None
        };
        self.pass_on(time, severity, message, name, attributes, code)?;
        fields.set_item(relative, passed.floor() + signature(created))?;
        Ok(())
    }

    fn pass_on(
        &self,
        time: u64,
        severity: i64,
        message: Bound<'_, PyString>,
        name: &Bound<'_, PyString>,
        attributes: Option<Bound<'_, PyDict>>,
        code: Option<Py<PyAny>>,
    ) -> Taken<()> {
        let py = name.py();
        let context = self.context_of_call(py)?;
        let context = context.bind(py);
        let record = self.config.record.bind(py).call1((
            time,
            severity,
            message,
            name,
            context.get_item(0)?,
            context.get_item(1)?,
            context.get_item(2)?,
            context.get_item(3)?,
            attributes,
            code,
        ))?;
        self.config.accept.bind(py).call1((record,))?;
        Ok(())
    }

    /// Nothing but our own hook would see logging's record, and no part of `logging` was replaced.
    fn nobody_else_sees(&self, logger: &Bound<'_, PyAny>, levelno: i64) -> Taken<()> {
        let py = logger.py();
        needs(Self::has_no_handlers(logger)?)?;
        needs_methods(&logger.get_type(), &self.config.methods)?;
        needs_methods(self.config.factory.bind(py), &self.config.record_methods)?;
        let own = logger.getattr(intern!(py, "__dict__"))?;
        let own = own.cast_exact::<PyDict>()?;
        // A logger has nine attributes; with more, one of them may stand in a method's place.
        if own.len() > 9 {
            for (name, _) in &self.config.methods {
                needs(!own.contains(name)?)?;
            }
        }
        let logging = self.config.logging.bind(py);
        let factory = logging.get_item(intern!(py, "_logRecordFactory"))?;
        needs(factory.is_some_and(|factory| factory.is(&self.config.factory)))?;
        let source = logging.get_item(intern!(py, "_srcfile"))?;
        needs(source.is_some_and(|source| source.is(&self.config.source)))?;
        needs(!logger.getattr(intern!(py, "disabled"))?.is_truthy()?)?;
        needs(logger.getattr(intern!(py, "filters"))?.cast_exact::<PyList>()?.is_empty())?;
        if let Some((last_resort, least)) = &self.config.last_resort {
            let now = logging.get_item(intern!(py, "lastResort"))?;
            needs(levelno < *least && now.is_some_and(|now| now.is(last_resort)))?;
        }
        Ok(())
    }

    /// Whether no logger from this one up has a handler that would get the record.
    fn has_no_handlers(logger: &Bound<'_, PyAny>) -> Taken<bool> {
        let py = logger.py();
        let mut logger = logger.clone();
        for _ in 0..MAX_PARENTS {
            if !logger.getattr(intern!(py, "handlers"))?.cast_exact::<PyList>()?.is_empty() {
                return Ok(false);
            }
            if !logger.getattr(intern!(py, "propagate"))?.is_truthy()? {
                return Ok(true);
            }
            logger = logger.getattr(intern!(py, "parent"))?;
            if logger.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_ignored(&self, name: &Bound<'_, PyString>, levelno: i64) -> Taken<bool> {
        let py = name.py();
        let least = match self.config.names.bind(py).get_item(name)? {
            Some(least) => least,
            None => self.config.least_level.bind(py).call1((name,))?,
        };
        if levelno < least.extract()? {
            return Ok(true);
        }
        let thread = self.config.this_thread.bind(py).call0()?;
        Ok(self.config.own_thread.bind(py).call1((thread,))?.is_truthy()?)
    }

    /// What the app gave besides the message, without the first `skip` fields, which are `logging`'s own.
    fn attributes<'py>(&self, given: &Bound<'py, PyDict>, skip: usize) -> Taken<Option<Bound<'py, PyDict>>> {
        let py = given.py();
        let mut members = given.iter();
        if skip > 0 {
            // One of `logging`'s own fields may have been removed, or moved behind others.
            let (last, _) = members.nth(skip - 1).ok_or(Left::Unusual)?;
            let expected = self.config.last_standard.bind(py);
            needs(last.is(expected) || last.eq(expected)?)?;
        }
        if given.len() <= skip {
            return Ok(None);
        }
        let refused = self.config.refused.bind(py);
        let attributes = PyDict::new(py);
        let mut later = Vec::new();
        for (key, value) in members {
            let key = key.cast_into_exact::<PyString>().map_err(|_| Left::Unusual)?;
            needs(!refused.contains(&key)?)?;
            let plain = is_plain(&value)?;
            attributes.set_item(&key, &value)?;
            if !plain {
                later.push((key, value));
            }
        }
        // Copying may run code of the app, which may change what was just gone through.
        for (key, value) in later {
            attributes.set_item(key, self.config.snapshot.bind(py).call1((value,))?)?;
        }
        Ok(Some(attributes))
    }

    /// Where the app called, as a `CodeLocation`.
    fn location(&self, py: Python<'_>) -> Taken<Py<PyAny>> {
        let mut frame = self.config.frame.bind(py).call1((0,))?;
        if self.config.skip_first {
            frame = frame.getattr(intern!(py, "f_back"))?;
        }
        loop {
            let code = frame.getattr(intern!(py, "f_code"))?;
            let address = code.as_ptr() as usize;
            let instruction: i64 = frame.getattr(intern!(py, "f_lasti"))?.extract()?;
            let found =
                self.known.sites.lock().ok().and_then(|sites| Some(sites.get(&(address, instruction))?.clone_ref(py)));
            if let Some(found) = found {
                return Ok(found);
            }
            if self.is_loggings_own(&code)? {
                frame = frame.getattr(intern!(py, "f_back"))?;
                needs(!frame.is_none())?;
                continue;
            }
            let path = code.getattr(intern!(py, "co_filename"))?;
            let line = frame.getattr(intern!(py, "f_lineno"))?;
            needs(line.is_exact_instance_of::<PyInt>())?;
            let function = code.getattr(intern!(py, "co_name"))?;
            let location = self.config.location.bind(py).call1((path, line, function))?.unbind();
            if self.is_kept(&code) {
                if let Ok(mut sites) = self.known.sites.lock() {
                    if sites.len() < REMEMBERED {
                        sites.insert((address, instruction), location.clone_ref(py));
                    }
                }
            }
            return Ok(location);
        }
    }

    fn is_loggings_own(&self, code: &Bound<'_, PyAny>) -> Taken<bool> {
        let py = code.py();
        let address = code.as_ptr() as usize;
        if let Ok(codes) = self.known.codes.lock() {
            if let Some((_, own)) = codes.get(&address) {
                return Ok(*own);
            }
        }
        let path = code.getattr(intern!(py, "co_filename"))?;
        let path = path.cast_exact::<PyString>()?.to_str()?;
        // Which frames of the import system count as `logging`'s own differs by version.
        needs(!path.contains("importlib"))?;
        let own = path == self.config.source.bind(py).to_str()?;
        if let Ok(mut codes) = self.known.codes.lock() {
            if codes.len() < REMEMBERED {
                codes.insert(address, (code.clone().unbind(), own));
            }
        }
        Ok(own)
    }

    /// Whether a code object is kept alive by us, so that its address stays its own.
    fn is_kept(&self, code: &Bound<'_, PyAny>) -> bool {
        let address = code.as_ptr() as usize;
        self.known.codes.lock().is_ok_and(|codes| codes.contains_key(&address))
    }

    /// `correlation.current()`; contexts never change, and the records of one request come from the same one.
    fn context_of_call(&self, py: Python<'_>) -> Taken<Py<PyTuple>> {
        let context = self.config.context.bind(py).call0()?;
        let latest = match self.known.context.lock() {
            Ok(latest) => latest.as_ref().map(|(context, found)| (context.clone_ref(py), found.clone_ref(py))),
            Err(_) => None,
        };
        if let Some((known, found)) = latest {
            if known.bind(py).upgrade().is_some_and(|known| known.is(&context)) {
                return Ok(found);
            }
        }
        let found = self.config.current.bind(py).call0()?.cast::<PyTuple>()?.clone().unbind();
        let entry = (PyWeakrefReference::new(&context)?.unbind(), found.clone_ref(py));
        let before = self.known.context.lock().ok().and_then(|mut latest| latest.replace(entry));
        drop(before); // after the lock: it may be the last reference
        Ok(found)
    }
}
