"""`audit`: what an app calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar, cast

from aegis_otel.audit import runtime as runtimes
from aegis_otel.audit._actor import actor_scope, current_actor, set_actor
from aegis_otel.audit._canonical import DomainError
from aegis_otel.audit._errors import AuditError
from aegis_otel.audit._seal import Members, Receipt
from aegis_otel.audit._trail import Result

_P = ParamSpec("_P")
_T = TypeVar("_T")
_NAMED: Final = ("operation", "resource", "actor", "patient", "outcome", "purpose", "source")
_MEMBER: Final = {"patient": "patientId"}


def _given(named: Mapping[str, object], details: Mapping[str, object]) -> dict[str, object]:
    """The members of a record, from the arguments of a call.

    Raises:
        DomainError: who, what or which is given as a map or list: it is an id, not content.
    """
    given: dict[str, object] = {}
    for name, value in named.items():
        if value is None:
            continue
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            raise DomainError(f"{name} must be an id, not a {type(value).__name__}")
        given[_MEMBER.get(name, name)] = value if type(value) is str else str(value)
    if "actor" not in given and (actor := current_actor()) is not None:
        given["actor"] = actor
    return {**details, **given}


class Audit:
    """Record who did what to which record, so that it can be proved later. Call it: ``audit("READ", resource=…)``.

    A call returns when the record is on disk in the trail (`AEGIS_AUDIT_DIR`). Then the record goes the way of all
    log records, with its seal. See docs/audit.md.
    """

    def __call__(
        self,
        action: str,
        *,
        operation: str | None = None,
        resource: str | None = None,
        actor: str | None = None,
        patient: str | None = None,
        outcome: str | None = "success",
        purpose: str | None = None,
        source: str | None = None,
        **details: object,
    ) -> Receipt:
        """Record something and wait until it is on disk.

        Args:
            action: CREATE, READ, UPDATE, DELETE, LOGIN, …
            operation: what it is called in the app; `action` where None.
            resource: which record, by id: ``Chart/17``.
            actor: who, by id; `current_actor` where None.
            patient: whose data, by id (the field `patientId`).
            outcome: success, failure, …
            purpose: why.
            source: from where, such as an address.
            details: further fields. Floats, times and integers beyond 2^53 become text. They are redacted.

        Returns:
            Where the record stands in the trail. Not sealed (`Receipt.sealed`) if the trail is off, or if it failed and
            `AEGIS_AUDIT_ON_FAILURE` is ``continue``.

        Raises:
            AuditUncertainError: the disk failed while it was written; it may exist.
            AuditError: it was refused or could not be written; it does not exist.
        """
        named = {
            "operation": operation or action,
            "resource": resource,
            "actor": actor,
            "patient": patient,
            "outcome": outcome,
            "purpose": purpose,
            "source": source,
        }
        found = runtimes.runtime()
        return _commit(found, [_draft(found, action, named, details)])[0]

    async def aio(
        self,
        action: str,
        *,
        operation: str | None = None,
        resource: str | None = None,
        actor: str | None = None,
        patient: str | None = None,
        outcome: str | None = "success",
        purpose: str | None = None,
        source: str | None = None,
        **details: object,
    ) -> Receipt:
        """The same for asyncio: the event loop goes on meanwhile. A task that is cancelled leaves its record."""
        named = {
            "operation": operation or action,
            "resource": resource,
            "actor": actor,
            "patient": patient,
            "outcome": outcome,
            "purpose": purpose,
            "source": source,
        }
        found = runtimes.runtime()
        return await _commit_later(found, _draft(found, action, named, details))

    def many(self, action: str, entries: Iterable[Mapping[str, object]], **common: object) -> list[Receipt]:
        """Record many things of one kind with few waits for the disk: one for each 512 of them.

        Args:
            action: as in a call.
            entries: for each record its arguments, by name.
            common: arguments that all have.

        Returns:
            A receipt for each.

        Raises:
            AuditError: at least one of them could not be recorded; others may be. If one is refused for its content,
                none is.
        """
        found = runtimes.runtime()
        drafts = []
        for entry in entries:
            arguments = {"outcome": "success", **common, **entry}
            named = {name: arguments.pop(name, None) for name in _NAMED}
            named["operation"] = named["operation"] or action
            drafts.append(_draft(found, action, named, arguments))
        return _commit(found, drafts)

    def scope(self, action: str, **arguments: object) -> Scope:
        """Record an attempt before, and its outcome after: ``with audit.scope("UPDATE", resource="Chart/17") as a:``.

        Also with ``async with``, and as a decorator of a function or a coroutine function; then an argument may be a
        function of the decorated one's arguments.

        Args:
            action: as in a call.
            arguments: as in a call, without `outcome`.
        """
        return Scope(action, arguments)

    set_actor = staticmethod(set_actor)
    actor = staticmethod(actor_scope)
    current_actor = staticmethod(current_actor)


class Scope:
    """What `Audit.scope` gives."""

    def __init__(self, action: str, arguments: Mapping[str, object]) -> None:
        self._action = action
        self._arguments = dict(arguments)
        self._outcome = "success"
        self.attempt: Receipt | None = None
        """Of the record before; None outside of the block."""
        self.receipt: Receipt | None = None
        """Of the record after; None until then."""

    def outcome(self, outcome: str, **details: object) -> None:
        """Say how it went, and what else the record after holds. If the block raises, the outcome is ``failure``."""
        self._outcome = outcome
        self._arguments.update(details)

    def __enter__(self) -> Scope:
        found = runtimes.runtime()
        self.attempt = _commit(found, [self._before(found)])[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        found = runtimes.runtime()
        self.receipt = _commit(found, [self._after(found, kind)])[0]

    async def __aenter__(self) -> Scope:
        found = runtimes.runtime()
        self.attempt = await _commit_later(found, self._before(found))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        found = runtimes.runtime()
        self.receipt = await _commit_later(found, self._after(found, kind))

    def __call__(self, function: Callable[_P, _T]) -> Callable[_P, _T]:
        """Decorate a function, or a coroutine function."""
        if inspect.iscoroutinefunction(function):
            call = cast("Callable[..., Awaitable[Any]]", function)

            @functools.wraps(function)
            async def recorded_later(*args: Any, **kwargs: Any) -> Any:
                async with self._for(args, kwargs):
                    return await call(*args, **kwargs)

            return cast("Callable[_P, _T]", recorded_later)

        @functools.wraps(function)
        def recorded(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            with self._for(args, kwargs):
                return function(*args, **kwargs)

        return recorded

    def _for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Scope:
        arguments = {
            name: value(*args, **kwargs) if callable(value) else value for name, value in self._arguments.items()
        }
        return Scope(self._action, arguments)

    def _before(self, found: runtimes.Runtime) -> Members | AuditError:
        return self._record(found, "attempt", {})

    def _after(self, found: runtimes.Runtime, kind: type[BaseException] | None) -> Members | AuditError:
        more: dict[str, object] = {}
        if kind is not None:
            self._outcome = "failure"
            more["errorName"] = kind.__name__
        if self.attempt is not None and self.attempt.sealed:
            more["attempt"] = self.attempt.hash
        return self._record(found, self._outcome, more)

    def _record(self, found: runtimes.Runtime, outcome: str, more: Mapping[str, object]) -> Members | AuditError:
        arguments = {**self._arguments, **more, "outcome": outcome}
        named = {name: arguments.pop(name, None) for name in _NAMED}
        named["operation"] = named["operation"] or self._action
        return _draft(found, self._action, named, arguments)


def _draft(
    found: runtimes.Runtime, action: str, named: Mapping[str, object], details: Mapping[str, object]
) -> Members | AuditError:
    try:
        return found.drafts.of_call(action, _given(named, details))
    except DomainError as error:
        return AuditError(f"the audit record is refused: {error}")


def _commit(found: runtimes.Runtime, drafts: list[Members | AuditError]) -> list[Receipt]:
    for each in drafts:
        if isinstance(each, AuditError):
            return [found.failed(None, each)] * len(drafts)
    return found.commit(cast("list[Members]", drafts))


async def _commit_later(found: runtimes.Runtime, draft: Members | AuditError) -> Receipt:
    if isinstance(draft, AuditError):
        return found.failed(None, draft)
    if found.committer is None:
        return found.commit([draft])[0]
    import asyncio  # an app without an event loop need not load it

    loop = asyncio.get_running_loop()
    future: asyncio.Future[list[Result]] = loop.create_future()

    def settle(results: list[Result]) -> None:
        if not future.done():
            future.set_result(results)

    def done(results: list[Result]) -> None:
        try:
            loop.call_soon_threadsafe(settle, results)
        except RuntimeError:  # the loop is closed, and nobody waits
            return

    found.committer.submit([draft], done)
    return found.settled([draft], await future)[0]


audit: Final = Audit()
"""See `Audit`."""
