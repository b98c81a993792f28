"""Joins log calls to the audit trail: audit records are sealed on their way; the trail is closed before the queue."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import wrapt

from aegis_otel.capture import Accept
from aegis_otel.deliver.queue import RecordQueue
from aegis_otel.schema import is_audit
from aegis_otel.settings import Settings

if TYPE_CHECKING:
    from aegis_otel.redaction import Redactor

_AUDIT: Final = "aegis_otel.audit.runtime"


class Queue(RecordQueue):
    """Has the audit trail closed first, while its last records can still be delivered."""

    def close(self, timeout: float) -> None:
        """Close the trail, then the queue."""
        if (module := sys.modules.get(_AUDIT)) is not None:
            module.close()
        super().close(timeout)


def audited(settings: Settings, redactor: Redactor | None, accept: Accept) -> Accept:
    """Have audit records sealed by these settings and delivered here; gives what takes the records of log calls."""
    # Its import costs as much as all others together, and most apps never call it.
    wrapt.register_post_import_hook(
        lambda module: module.use_later(lambda: module.made(settings, redactor, accept)), _AUDIT
    )
    if not settings.audit_enabled:
        return accept
    from aegis_otel.audit.runtime import seal

    return lambda record: None if is_audit(record) and seal(record) else accept(record)
