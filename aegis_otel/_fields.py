"""What a record is called: names of fields, levels, the test for audit records.

Generated from contract/ by `python -m tools.contract`: don't edit it.
"""

from typing import Final

RESERVED: Final = ('timestamp', 'level', 'message', 'service', 'environment', 'correlationId', 'traceId', 'spanId', 'logger')
RESERVED_WITH_ERROR: Final = ('errorName', 'errorMessage', 'error')
CORRELATION_ID: Final = 'correlationId'
CODE_FILE, CODE_LINE, CODE_FUNCTION = ('code.file.path', 'code.line.number', 'code.function.name')
EXTRA_PREFIX: Final = 'extra.'
AUDIT_FIELDS: Final = ('auditAction', 'complianceLevel')
AUDIT_KEPT: Final = ('auditAction', 'complianceLevel', 'operation', 'auditTimestamp')
AUDIT_PREFIX: Final = 'AUDIT:'
REDACTION_FAILED: Final = '[REDACTION FAILED]'

# name, least severity number; the highest first
LEVELS: Final[tuple[tuple[str, int], ...]] = (
    ('error', 17),
    ('warn', 13),
    ('info', 9),
    ('debug', 1),
)
DEFAULT_LEVEL: Final = 'info'
SEVERITIES: Final[dict[str, int]] = {'DEBUG': 5, 'INFO': 9, 'WARN': 13, 'ERROR': 17, 'FATAL': 21}
