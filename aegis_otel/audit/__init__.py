"""An audit trail that can be proved: ``from aegis_otel.audit import audit``.

Each record is sealed by a hash over itself and the record before, kept in files that are synced before `audit()`
returns, and signed by checkpoints. `aegis-otel audit verify` proves that nothing was changed, left out or put in.
docs/audit.md says how far that goes, docs/audit-format.md has the format.

Needs the `audit` extra (cryptography) for signatures; without it checkpoints carry an HMAC, which proves less.
"""

from aegis_otel.audit._api import Audit, Scope, audit
from aegis_otel.audit._errors import AuditError, AuditUncertainError
from aegis_otel.audit._keys import AuditKeyError, Endorser, rotate, trust_line
from aegis_otel.audit._seal import Receipt

__all__ = [
    "Audit",
    "AuditError",
    "AuditKeyError",
    "AuditUncertainError",
    "Endorser",
    "Receipt",
    "Scope",
    "audit",
    "rotate",
    "trust_line",
]
