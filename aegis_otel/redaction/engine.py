"""Redacts records: `Redactor` is what the process works with."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from aegis_otel._fields import REDACTION_FAILED
from aegis_otel.redaction._contract import AUDIT_WHO_KINDS, HASH_BYTES, MAX_KEY, SMALLEST_NUMBER, VALUE_FIELDS
from aegis_otel.redaction._repeats import Repeats
from aegis_otel.redaction._structures import Structures, Walk
from aegis_otel.redaction.callback import Callback
from aegis_otel.redaction.keys import KeyMatcher
from aegis_otel.redaction.rules import DEFAULT, RuleSet
from aegis_otel.redaction.text import TextRedactor
from aegis_otel.schema import ErrorInfo, Record, is_audit, snapshot

FAILED: Final = REDACTION_FAILED
"""Replaces a value that could not be redacted. Such a value is never passed on."""

_KEY_CACHE: Final = 4096
_NOT_HASHED: Final = re.compile(r"[^a-z0-9]+")


class Redactor:
    """Masks secrets and health identifiers; see the package's docstring for the rules.

    Safe to use from several threads. Nothing here raises, whatever the values are.

    Args:
        rules: the rule set; `load_rules` adds an operator's file to the default one.
        enable: kinds to switch on that are off by default (`ipv4`, `ipv6`).
        disable: kinds to switch off.
        hash_key: if given, masks carry the first 16 hex digits of HMAC-SHA256(key, kind + ":" + normalised value).
            With them, two records about one patient can be joined.
        callback: gets the kind and the text of each match that is no map or list, and returns the text to show instead,
            or None to mask it. If it raises, the match is masked.
    """

    def __init__(
        self,
        rules: RuleSet = DEFAULT,
        *,
        enable: Iterable[str] = (),
        disable: Iterable[str] = (),
        hash_key: str | bytes | None = None,
        callback: Callback | None = None,
    ) -> None:
        """Compile the rules. Raises re.error only if `load_rules` has not checked the rule set."""
        off = (set(rules.disable) - set(rules.enable) - set(enable)) | set(disable)
        rules = replace(
            rules,
            disable=tuple(sorted(off)),
            enable=(),
            keys=tuple(rule for rule in rules.keys if rule.kind not in off),
        )
        self.rules: Final = rules
        key = hash_key.encode() if isinstance(hash_key, str) else hash_key
        self._hash_key = key or None
        self._callback = callback
        self._keys = KeyMatcher(rules.keys, rules.allow_keys, rules.neutral)
        self._text = TextRedactor(rules, self._keys, self._mask)
        who = replace(rules, disable=(*rules.disable, *AUDIT_WHO_KINDS))
        self._who_text = TextRedactor(who, self._keys, self._mask)
        self._structures = Structures(rules, self._keys, self._mask, self._who_text)
        self._plain_keys: set[str] = set()

    def redact(self, value: Any) -> Any:
        """Any value with its secrets masked, as a record would have it: bytes as text, objects as what they hold."""
        return self.redact_mapping({"": snapshot(value)})[""]

    def redact_text(self, text: str) -> str:
        """`text` with its secrets masked; the same object if it has no secrets."""
        if self._text.is_clean(text):
            return text
        found = Repeats(self._mask)
        text = self._one_text(text, found)
        return found.hide(text) if found else text

    def redact_mapping(self, mapping: Mapping[str, Any], *, audit: bool = False) -> dict[str, Any]:
        """A record's attributes, redacted; the same object if it is a dict and nothing changes.

        With `audit` the identity fields at the top (who, what, when) are not masked by their key.
        A value that can't be redacted becomes `[REDACTION FAILED]`.
        """
        found = Repeats(self._mask)
        redacted = self._one_mapping(mapping, audit, found)
        return self._hidden(redacted, audit, found) if found else redacted

    def redact_record(self, record: Record) -> None:
        """Redact all texts of a record in place; a secret also where it stands a second time without its mark."""
        found = Repeats(self._mask)
        audit = bool(record.attributes) and is_audit(record)
        if record.attributes:
            record.attributes = self._one_mapping(record.attributes, audit, found)
        record.message = self._one_text(record.message, found)
        if record.correlation_id is not None:
            record.correlation_id = self._one_text(record.correlation_id, found)
        if record.error is not None:
            name, message, stack = record.error
            record.error = ErrorInfo(name, self._one_text(message, found), self._one_text(stack, found))
        if found:
            if record.attributes:
                record.attributes = self._hidden(record.attributes, audit, found)
            record.message = found.hide(record.message)
            if record.error is not None:
                record.error = ErrorInfo(*map(found.hide, record.error))

    def _one_text(self, text: str, found: Repeats) -> str:
        try:
            return self._structures.text(text, self._text, 0, found)
        except Exception:
            return FAILED

    def _one_mapping(self, mapping: Mapping[str, Any], audit: bool, found: Repeats) -> dict[str, Any]:
        try:
            if type(mapping) is dict and self._is_plain(mapping):
                return mapping
            return self._structures.mapping(mapping, 0, Walk(found), None, audit, self._text)
        except Exception:
            return self._one_by_one(mapping, audit, found)

    def _hidden(self, mapping: dict[str, Any], audit: bool, found: Repeats) -> dict[str, Any]:
        hidden: dict[str, Any] = found.hide_in(mapping, self.rules.audit_keys if audit else ())
        return hidden

    def native_screen(self, native: Any, max_text: int) -> Any:
        """Finds the records that need neither redaction nor cleaning; None if the rules don't allow it."""
        texts = self._text.screen.native(native)
        return texts and native.RecordScreen((texts, self._plain_keys), SMALLEST_NUMBER, max_text)

    def _is_plain(self, mapping: dict[str, Any]) -> bool:
        """Whether each entry of a flat map shows that there is nothing to do: makes the usual case cheap."""
        plain_keys = self._plain_keys
        is_clean = self._text.is_clean
        for key, value in mapping.items():
            if key not in plain_keys and not self._is_plain_key(key):
                return False
            kind = type(value)
            if kind is str:
                if not is_clean(value):
                    return False
            elif kind is int or kind is float:
                if not -SMALLEST_NUMBER < value < SMALLEST_NUMBER:
                    return False
            elif value is not None and kind is not bool:
                return False
        return True

    def _is_plain_key(self, key: str) -> bool:
        if key in VALUE_FIELDS or key == "text" or self._keys.match(key) is not None or not self._text.is_clean(key):
            return False
        if len(self._plain_keys) < _KEY_CACHE and len(key) <= MAX_KEY:
            self._plain_keys.add(key)
        return True

    def _one_by_one(self, mapping: Mapping[str, Any], audit: bool, found: Repeats) -> dict[str, Any]:
        """Redacts each entry separately, so one entry that fails does not affect the others."""
        redacted: dict[str, Any] = {}
        try:
            for key in list(mapping):
                try:
                    redacted.update(
                        self._structures.mapping({key: mapping[key]}, 0, Walk(found), None, audit, self._text)
                    )
                except Exception:
                    redacted[self.redact_text(key) if isinstance(key, str) else FAILED] = FAILED
        except Exception:
            redacted[FAILED] = FAILED
        return redacted

    def _mask(self, kind: str, secret: str | None) -> str:
        if self._callback is not None and secret is not None:
            try:
                shown = self._callback(kind, secret)
            except Exception:
                shown = None
            if isinstance(shown, str):
                return shown
        if self._hash_key is not None and secret is not None:
            normal = _NOT_HASHED.sub("", secret.lower())
            digest = hmac.new(self._hash_key, f"{kind}:{normal}".encode(), "sha256").hexdigest()
            kind = f"{kind}:{digest[: 2 * HASH_BYTES]}"
        return self.rules.mask.replace("{kind}", kind)
