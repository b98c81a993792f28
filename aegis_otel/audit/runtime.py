"""The audit trail of this process: made at the first audit record, closed at the process's end, anew after a fork."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

from aegis_otel import settings
from aegis_otel.audit import _keys
from aegis_otel.audit._canonical import DomainError, canonical
from aegis_otel.audit._committer import MOST_TOGETHER, Committer
from aegis_otel.audit._draft import Drafts, to_record
from aegis_otel.audit._errors import AuditError
from aegis_otel.audit._seal import UNSEALED, Members, Receipt
from aegis_otel.audit._trail import Result, Trail
from aegis_otel.redaction import DEFAULT, Redactor, RuleError, load_rules
from aegis_otel.schema import Record

_WARN_EVERY: Final = 60.0


@dataclass
class Runtime:
    """What `audit()` uses.

    Attributes:
        drafts: makes records.
        committer: None: nothing is sealed.
        raises: whether a failure is raised to the app.
        accept: takes log records on the way to the outputs; None: there are none.
    """

    drafts: Drafts
    committer: Committer | None
    raises: bool
    accept: Callable[[Record], None] | None
    _warned: float = -_WARN_EVERY
    _silent: int = 0

    def delivered(self, sealed: list[Members]) -> None:
        """Send what is committed the way of all records. Never raises."""
        if self.accept is None:
            return
        try:
            for members in sealed:
                self.accept(to_record(members))
        except Exception as error:
            self.warn(f"audit: a sealed record is in the trail and was not delivered: {type(error).__name__}")

    def commit(self, drafts: Sequence[Members]) -> list[Receipt]:
        """Have records in the trail, in order, and wait for it.

        Raises:
            AuditError: one of them is not there, if failures are raised. Others may be.
        """
        if self.committer is None:
            self.delivered(list(drafts))
            return [UNSEALED] * len(drafts)
        results: list[Result] = []
        for place in range(0, len(drafts), MOST_TOGETHER):
            results += self.committer.append(drafts[place : place + MOST_TOGETHER])
        return self.settled(drafts, results)

    def settled(self, drafts: Sequence[Members], results: Sequence[Result]) -> list[Receipt]:
        """The receipts; what failed is raised, or told and delivered without a seal."""
        receipts = []
        for draft, result in zip(drafts, results, strict=True):
            receipts.append(result if isinstance(result, Receipt) else self.failed(draft, result))
        return receipts

    def failed(self, draft: Members | None, error: AuditError) -> Receipt:
        """Raise, or go on: as the settings say."""
        if self.raises:
            raise error
        self.warn(f"audit: {error}")
        if draft is not None:
            self.delivered([draft])
        return UNSEALED

    def warn(self, text: str) -> None:
        """Tell people, on stderr, once a minute at most."""
        now = time.monotonic()
        if now - self._warned < _WARN_EVERY:
            self._silent += 1
            return
        more = f" ({self._silent} more before)" if self._silent else ""
        self._warned, self._silent = now, 0
        _say(f"{text}{more}")

    def close(self) -> None:
        """Close the chain, if one is open. Never raises."""
        if self.committer is None:
            return
        try:
            self.committer.close()
        except AuditError as error:
            self.warn(f"audit: the chain could not be closed: {error}")


def _say(text: str) -> None:
    try:
        sys.stderr.write(f"aegis-otel: {text}\n")
    except Exception:
        return


@dataclass
class _State:
    runtime: Runtime | None = None
    make: Callable[[], Runtime] | None = None
    hooked: bool = False


_state = _State()


def runtime() -> Runtime:
    """The one in use, made now if there is none.

    Raises:
        AuditError: the settings or the key do not allow one.
    """
    found = _state.runtime
    if found is None:
        made = (_state.make or _from_environment)()
        found = _state.runtime = _state.runtime or made
        _hook()
    return found


def use(found: Runtime | None) -> Runtime | None:
    """Have this one in use; gives the one before. For tests, and for the distribution."""
    before, _state.runtime = _state.runtime, found
    if found is not None:
        _hook()
    return before


def use_later(make: Callable[[], Runtime]) -> None:
    """Have the runtime made by this when it is needed."""
    _state.make = make


def seal(record: Record) -> bool:
    """Have an audit record that a log call made in the trail and delivered; whether that is done.

    Never raises: the app has called `logging`. If the record cannot be sealed, people are told.
    """
    try:
        found = runtime()
    except AuditError as error:
        _say(str(error))
        return False
    if found.committer is None:
        return False
    try:
        result: Result = found.committer.append([found.drafts.of_record(record)])[0]
    except (AuditError, DomainError) as error:
        result = AuditError(str(error))
    if isinstance(result, AuditError):
        found.warn(f"audit: a line is not sealed: {result}")
    return isinstance(result, Receipt)


def close() -> None:
    """Close the chain of this process, if there is one. Never raises."""
    if _state.runtime is not None:
        _state.runtime.close()


def _hook() -> None:
    if not _state.hooked:
        _state.hooked = True
        atexit.register(close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork_in_child)


def _after_fork_in_child() -> None:
    if _state.runtime is not None and _state.runtime.committer is not None:
        _state.runtime.committer.after_fork_in_child()


def _from_environment() -> Runtime:
    chosen = settings.read()
    rules = DEFAULT
    if chosen.redaction_rules is not None:
        try:
            rules = load_rules(chosen.redaction_rules)
        except RuleError as error:
            raise AuditError(f"the audit record is not written: {error}") from None
    redactor = Redactor(rules, enable=chosen.redaction_enable, hash_key=chosen.redaction_hash_key)
    return made(chosen, redactor if chosen.redaction_enabled else None, None)


def made(chosen: settings.Settings, redactor: Redactor | None, accept: Callable[[Record], None] | None) -> Runtime:
    """A runtime by settings.

    Raises:
        AuditError: the node key cannot be read or made.
    """
    drafts = Drafts(chosen.identity, redactor, chosen.max_text)
    found = Runtime(drafts, None, chosen.audit_on_failure == "raise", accept)
    if chosen.audit_enabled is False:
        return found
    try:
        new_key = _keys.chain_key_maker(chosen.audit_key_file)
    except _keys.AuditKeyError as error:
        raise AuditError(f"the audit record is not written: {error}") from None
    rules = None if redactor is None else rules_digest(redactor)
    trail = Trail(chosen.audit_dir, new_key, drafts.common, rules, found.delivered)
    found.committer = Committer(trail, found.warn)
    return found


def rules_digest(redactor: Redactor) -> str:
    """The digest of the rules in force, hash text; the keys that masks are hashed with are not part of it."""
    return sha256(b"aegis-otel-audit/1 rules\n" + canonical(_texts(asdict(redactor.rules)))).hexdigest()


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _texts(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_texts(member) for member in value]
    return value if value is None or isinstance(value, (bool, int)) else str(value)
