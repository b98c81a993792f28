"""Writes collector/config/redact-stock.yaml: redaction with the public contrib image's processors only.

    python -m tools.contract

It carries over what of the rule set the stock `redaction` processor can say: names of keys as regular expressions, and
values that are secret by a pattern alone. What it cannot say is in docs/collector.md, "With the public image".
"""

# ruff: noqa: E501 - statements of the configuration are one line each
from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from aegis_otel.redaction.rules import DEFAULT, KeyRule, RuleSet

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "collector" / "config" / "redact-stock.yaml"

_SEPARATOR: Final = "[-_. ]?"
_GLUED: Final = 6
_NEUTRAL: Final = ("value", "hash", "hashed", "encrypted", "confirm", "confirmation", "number", "new", "old")

_LEFT_TO_CODE: Final = frozenset(
    ["opaque_digit", "phone_hint", "field", "basic", "secret", "luhn", "email", "ipv4", "ipv6"]
)
"""Checks without which a pattern masks too much that is no secret."""

_INSTEAD: Final = (
    # Cards by the first digits of their issuers, as there is no check digit here.
    r"\b(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6(?:011|5[0-9]{2}))(?:[ -]?[0-9]{4}){3}\b|\b3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}\b",
    r"(?i)\bbasic [A-Za-z0-9+/_\-]{12,}={0,2}",
    # A password in a URL, and addresses: one pattern, as the processor takes patterns in any order, and half of a
    # password before the @ can look like an address.
    r"""://[^\s/?#"'<>@:\\]*:[^\s/?#"'<>\\]+@|[A-Za-z0-9._%+'\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}""",
)
"""Patterns of their own for rules that need such a check."""


_IN_TEXT: Final = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "api key", "access key", "private key", "authorization",
    "cookie", "session", "session id", "credentials", "ssn", "social security number", "mrn", "medical record number", "dob",
    "birth", "cvv", "cvc", "otp", "pin", "passcode", "card", "card number", "account number", "iban", "patient name",
    "first name", "last name", "full name", "phone",
)  # fmt: skip
"""Names of keys that are looked for in texts; all names there are would cost far more."""

_GLUED_ENDS: Final = ("password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey")


def carried_keys(rules: RuleSet) -> list[KeyRule]:
    """The key rules that hold whatever the value is."""
    return [rule for rule in rules.keys if not rule.not_number]


def key_patterns(rules: RuleSet = DEFAULT) -> list[str]:
    """What a secret key looks like: snake, kebab and space, camel, glued, and exact names."""
    carried = carried_keys(rules)
    suffix = "(?:" + _SEPARATOR + "(?:" + "|".join(_NEUTRAL) + "))?[0-9]*$"
    loose = [name.split() for rule in carried if not rule.exact for name in rule.names]
    exact = [name.split() for rule in carried if rule.exact for name in rule.names]
    return [
        "(?i)(?:^|[^a-z0-9])" + _any(_SEPARATOR.join(words) for words in loose) + suffix,
        "[a-z0-9]" + _any("".join(word.capitalize() for word in words) for words in loose) + "[0-9]*$",
        *(case(name) + suffix for name in _GLUED_ENDS for case in (str.lower, str.upper)),
        "(?i)^" + _any(_SEPARATOR.join(words) for words in exact) + "$",
    ]


def value_patterns(rules: RuleSet = DEFAULT) -> list[str]:
    """What is secret wherever it stands, and `key=value` in a text. A match is masked as a whole."""
    value = r"""(?:"[^"]*"|'[^']*'|(?:(?:bearer|basic|digest|token) )?[^\s"'<>,;&)}\]]+)"""
    return [
        *(
            pattern
            for rule in rules.values
            for pattern in _light(rule.pattern)
            if not rule.key
            and rule.check not in _LEFT_TO_CODE
            and rule.kind not in rules.disable
            and "\\\\{0,6}" not in rule.pattern  # of JSON inside a text, which is parsed here
        ),
        *_INSTEAD,
        *(spelt + r"""\\?["']?\]?\s*(?:=>|[=:]) ?""" + value for name in _IN_TEXT for spelt in _spelt(name.split())),
    ]


def _spelt(words: list[str]) -> list[str]:
    """A name in the cases it is written in. Each begins with plain letters, which Go finds fast."""
    rest = [f"[{word[0]}{word[0].upper()}]{word[1:]}" for word in words[1:]]
    return [
        _SEPARATOR.join([words[0], *rest]),
        _SEPARATOR.join([words[0].capitalize(), *rest]),
        _SEPARATOR.join(word.upper() for word in words),
    ]


def _light(pattern: str) -> list[str]:
    """A pattern as several that begin with plain letters where it can be, and without its larger counts: what Go takes
    its fast ways with. They match no less.
    """
    pattern = re.sub(r"\{0,[0-9]{2,}\}", "*", pattern)
    pattern = re.sub(r"\{1,[0-9]{2,}\}", "+", pattern)
    pattern = re.sub(r"\{([0-9]),[0-9]{2,}\}", r"{\1,}", pattern)
    pattern = re.sub(r"\{(?:9|[1-9][0-9]),(?:[0-9]+)?\}", "{8,}", pattern)
    if pattern.startswith(r"\b") and "(?i)" not in pattern:
        alternatives = re.split(r"\|(?=\\b)", pattern)
        return [one.removeprefix(r"\b") if one[2:4].isalpha() else one for one in alternatives]
    return [pattern]


def _any(alternatives: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(set(alternatives))) + ")"


def _quoted(pattern: str) -> str:
    return "'" + pattern.replace("'", "''").replace("$", "$$") + "'"


def render(rules: RuleSet = DEFAULT) -> str:
    """The content of redact-stock.yaml."""
    indent = "\n      - "
    return _TEMPLATE.replace("KEY_PATTERNS", indent.join(map(_quoted, key_patterns(rules)))).replace(
        "VALUE_PATTERNS", indent.join(map(_quoted, value_patterns(rules)))
    )


_TEMPLATE: Final = """\
# Redaction, routing and Loki for those who must run the public contrib image: nothing here is of our own making.
#   otelcol-contrib --config receive-stock.yaml --config redact-stock.yaml --config tuning.yaml
# It masks less than redact.yaml and costs more: docs/collector.md, "With the public image", says what gets through.
# Generated from contract/redaction by `python -m tools.contract`, so don't edit it.
processors:
  # The redaction processor looks at any depth in a body that is a map, but not in attributes: so the whole record
  # becomes its body, which is Loki's line too. A statement that fails refuses the batch, so nothing gets past.
  transform/line:
    log_statements:
      - context: log
        error_mode: propagate
        statements:
          - set(log.cache["line"], {})
          - set(log.cache["line"]["timestamp"], FormatTime(log.time, "%Y-%m-%dT%H:%M:%S.%LZ"))
          - set(log.cache["line"]["level"], "info")
          - set(log.cache["line"]["level"], "debug") where log.severity_number > 0 and log.severity_number < 9
          - set(log.cache["line"]["level"], "warn") where log.severity_number >= 13
          - set(log.cache["line"]["level"], "error") where log.severity_number >= 17
          - set(log.cache["line"]["message"], log.body)
          - set(log.cache["line"]["service"], "unknown_service")
          - set(log.cache["line"]["service"], resource.attributes["service.name"]) where resource.attributes["service.name"] != nil
          - set(log.cache["line"]["environment"], "unknown")
          - set(log.cache["line"]["environment"], resource.attributes["deployment.environment.name"]) where resource.attributes["deployment.environment.name"] != nil
          - set(log.cache["line"]["traceId"], log.trace_id.string) where log.trace_id.string != "00000000000000000000000000000000"
          - set(log.cache["line"]["spanId"], log.span_id.string) where log.span_id.string != "0000000000000000"
          - set(log.cache["line"]["logger"], instrumentation_scope.name) where instrumentation_scope.name != ""
          - set(log.cache["line"]["complianceLevel"], "HIPAA") where log.attributes["auditAction"] != nil
          - merge_maps(log.cache["line"], log.attributes, "upsert")
          - set(log.body, log.cache["line"])
          - set(log.severity_text, "")
          - keep_keys(log.attributes, [])
          - set(log.attributes["level"], log.body["level"])
          - set(log.attributes["service"], log.body["service"])
          - set(log.attributes["environment"], log.body["environment"])
          - set(log.attributes["complianceLevel"], log.body["complianceLevel"]) where log.body["complianceLevel"] != nil
          - set(log.attributes["correlationId"], log.body["correlationId"]) where log.body["correlationId"] != nil
          - set(log.attributes["traceId"], log.body["traceId"]) where log.body["traceId"] != nil
      - context: log
        error_mode: silent # what looks like JSON and is none stays a text
        statements:
          - set(log.body["message"], ParseJSON(log.body["message"])) where IsString(log.body["message"]) and IsMatch(log.body["message"], "^\\\\s*[\\\\[{]")
      - context: scope
        error_mode: propagate
        statements:
          - set(scope.name, "")
          - keep_keys(scope.attributes, [])
      - context: resource
        error_mode: propagate
        statements:
          - keep_keys(resource.attributes, [])
  redaction:
    allow_all_keys: true
    redact_all_types: true
    summary: silent
    blocked_key_patterns:
      - KEY_PATTERNS
    blocked_values:
      - VALUE_PATTERNS
  groupbyattrs: # these become Loki's labels
    keys: [service, environment, level, complianceLevel]

connectors:
  routing:
    error_mode: propagate
    default_pipelines: [logs/loki-rest]
    table:
      - context: log
        condition: attributes["complianceLevel"] != nil
        pipelines: [logs/loki-audit]
      - context: log
        condition: severity_number >= 17
        pipelines: [logs/loki-error]

exporters:
  otlp_http/loki-audit: &loki
    logs_endpoint: ${env:AEGIS_LOKI_URL:-http://127.0.0.1:3100}/otlp/v1/logs # Loki's address
    compression: ${env:AEGIS_LOKI_COMPRESSION:-zstd} # compression of requests: zstd, gzip, lz4, none
    tls: # for an https address
      ca_file: ${env:AEGIS_LOKI_CA_FILE:-} # file with the CA of the store's certificate
      cert_file: ${env:AEGIS_LOKI_CERT_FILE:-} # file with the client certificate, for mTLS
      key_file: ${env:AEGIS_LOKI_KEY_FILE:-} # file with the private key of the client certificate
    timeout: ${env:AEGIS_EXPORT_TIMEOUT:-30s} # timeout of one request
    sending_queue: # if it is full, senders wait
      storage: file_storage
      sizer: bytes
      queue_size: 1073741824
      num_consumers: 1
      block_on_overflow: true
    retry_on_failure: # no limit
      initial_interval: ${env:AEGIS_RETRY_INITIAL:-1s} # wait before the first retry; it doubles with each retry
      max_interval: ${env:AEGIS_RETRY_MAX:-30s} # longest wait between retries
      max_elapsed_time: 0
  otlp_http/loki-error: *loki
  otlp_http/loki-rest: *loki

extensions:
  file_storage:
    directory: ${env:AEGIS_DATA_DIR:-.aegis}/queue-stock
    create_directory: true
    directory_permissions: "0700"
    fsync: ${env:AEGIS_QUEUE_FSYNC:-true} # false: faster, but a power cut loses the last records

service:
  extensions: [health_check, file_storage]
  pipelines:
    logs/in:
      receivers: [otlp]
      processors: [memory_limiter, transform/line, redaction]
      exporters: [routing]
    logs/loki-audit:
      receivers: [routing]
      processors: [groupbyattrs]
      exporters: [otlp_http/loki-audit]
    logs/loki-error:
      receivers: [routing]
      processors: [groupbyattrs]
      exporters: [otlp_http/loki-error]
    logs/loki-rest:
      receivers: [routing]
      processors: [groupbyattrs]
      exporters: [otlp_http/loki-rest]
"""
