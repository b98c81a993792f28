"""What `audit()` raises."""

from __future__ import annotations


class AuditError(Exception):
    """The audit record does not exist: it was refused, or could not be written."""


class AuditUncertainError(AuditError):
    """The audit record may exist: the disk failed while it was written."""
