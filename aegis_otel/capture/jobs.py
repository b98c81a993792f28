"""Jobs of RQ and Dramatiq carry the ids of whoever asks for them; all that is logged for a job has its sender's id.

The headers that an outgoing call would carry go along with the job: in RQ's `meta`, in Dramatiq's message options, as
`aegis_otel`. A worker without this package ignores them. (Celery has an instrumentation of OpenTelemetry.)
"""

from __future__ import annotations

from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import propagate
from opentelemetry.context import Context

from aegis_otel.capture._hooks import Hook, Method, fault, install, wrap
from aegis_otel.correlation import get_correlation_id

_KEY: Final = "aegis_otel"


def instrument() -> None:
    """Put the hooks in, once for a process; imports nothing of what they stand in."""
    install(_HOOKS)


def _carried() -> dict[str, str]:
    carrier: dict[str, str] = {}
    try:
        if get_correlation_id() is not None:
            propagate.inject(carrier)
    except Exception as error:
        fault("jobs that are sent", error)
    return carrier


def _brought(carrier: Any) -> Context:
    """The context that a job brings; an empty one where it brings none, since jobs share a thread."""
    try:
        if isinstance(carrier, dict):
            return propagate.extract({str(name): str(value) for name, value in carrier.items()}, Context())
    except Exception as error:
        fault("jobs that are received", error)
    return Context()


def _hook_rq_job(module: Any) -> None:
    create = module.Job.__dict__["create"].__func__

    def create_with_ids(cls: Any, *args: Any, **kwargs: Any) -> Any:
        job = create(cls, *args, **kwargs)
        carrier = _carried()
        if carrier:
            try:
                job.meta.setdefault(_KEY, carrier)
            except Exception as error:
                fault("RQ's jobs", error)
        return job

    create_with_ids.__doc__ = create.__doc__
    module.Job.create = classmethod(create_with_ids)


def _hook_rq_worker(module: Any) -> None:
    for kind in {owner for found in vars(module).values() if isinstance(found, type) for owner in found.__mro__}:
        if "perform_job" in vars(kind):
            wrap(kind, "perform_job", _perform_job)
        if "handle_exception" in vars(kind):
            wrap(kind, "handle_exception", _handle_exception)


def _perform_job(original: Method) -> Method:
    def perform_job(self: Any, job: Any, *args: Any, **kwargs: Any) -> Any:
        token = otel_context.attach(_brought((getattr(job, "meta", None) or {}).get(_KEY)))
        try:
            return original(self, job, *args, **kwargs)
        finally:
            otel_context.detach(token)

    return perform_job


class _TellsError:
    """RQ's logger, while it tells of a job that failed: it has the stack in its text only, the record gets it too."""

    def __init__(self, log: Any, error: Any) -> None:
        self._log = log
        self._error = error

    def error(self, *args: Any, **kwargs: Any) -> Any:
        extra = kwargs.pop("extra", None)
        kwargs.setdefault("stacklevel", 2)
        return self._log.error(*args, extra={**(extra or {}), "error": self._error}, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def _handle_exception(original: Method) -> Method:
    def handle_exception(self: Any, job: Any, *exc_info: Any) -> Any:
        log = getattr(self, "log", None)
        if log is None or len(exc_info) < 2 or not isinstance(exc_info[1], BaseException):
            return original(self, job, *exc_info)
        self.log = _TellsError(log, exc_info[1])
        try:
            return original(self, job, *exc_info)
        finally:
            self.log = log

    return handle_exception


def _hook_dramatiq_actor(module: Any) -> None:
    def message_with_options(original: Method) -> Method:
        def message_with_options(self: Any, *args: Any, **options: Any) -> Any:
            carrier = _carried()
            if carrier:
                options.setdefault(_KEY, carrier)
            return original(self, *args, **options)

        return message_with_options

    wrap(module.Actor, "message_with_options", message_with_options)


def _hook_dramatiq_worker(module: Any) -> None:
    def process_message(original: Method) -> Method:
        def process_message(self: Any, message: Any, *args: Any, **kwargs: Any) -> Any:
            token = otel_context.attach(_brought((getattr(message, "options", None) or {}).get(_KEY)))
            try:
                return original(self, message, *args, **kwargs)
            finally:
                otel_context.detach(token)

        return process_message

    kind = getattr(module, "_WorkerThread", None) or module.WorkerThread
    wrap(kind, "process_message", process_message)


_HOOKS: Final[dict[str, Hook]] = {
    "rq.job": _hook_rq_job,
    "rq.worker": _hook_rq_worker,
    "dramatiq.actor": _hook_dramatiq_actor,
    "dramatiq.worker": _hook_dramatiq_worker,
}
