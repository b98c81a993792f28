"""Redaction: secrets and health identifiers never leave a record readable.

One contract (`contract/`, its `spec.md` in words) serves two engines: this one, in the process, and the Collector's
`aegis_redact` processor. `_contract.py` and the Collector's configuration are generated from it. Both engines pass
`contract/vectors.json` and each rule's own examples.
"""

from aegis_otel.redaction.callback import Callback, CallbackError, load_callback
from aegis_otel.redaction.engine import FAILED, Redactor
from aegis_otel.redaction.load import RuleError, add_rules, load_rules, unknown_kinds
from aegis_otel.redaction.rules import DEFAULT, KeyRule, RuleSet, ValueRule

__all__ = [
    "DEFAULT",
    "FAILED",
    "Callback",
    "CallbackError",
    "KeyRule",
    "Redactor",
    "RuleError",
    "RuleSet",
    "ValueRule",
    "add_rules",
    "load_callback",
    "load_rules",
    "unknown_kinds",
]
