"""Redacts maps and lists at any depth: by their keys, by keys that stand beside their value, and all texts in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from aegis_otel.redaction._contract import (
    CHECKED_DIGITS,
    COMMAND,
    FHIR_CODES,
    HUMAN_NAME,
    LARGEST_NUMBER,
    MAX_DEPTH,
    MAX_NODES,
    MAX_TEXT,
    MAX_TEXTS,
    NAME_FIELDS,
    NEIGHBOUR_DEPTH,
    NEIGHBOUR_VALUES,
    VALUE_FIELDS,
)
from aegis_otel.redaction._harmless import fits
from aegis_otel.redaction._repeats import Repeats
from aegis_otel.redaction.keys import KeyMatcher
from aegis_otel.redaction.rules import KeyRule, RuleSet
from aegis_otel.redaction.text import TextRedactor

# The form of a key as a value: a name, a flag, or a reference such as FHIR's http://hl7.org/fhir/sid/us-ssn.
_NAME: Final = re.compile(r"[A-Za-z0-9_.\- ]{1,64}\Z", re.ASCII)
_FLAG: Final = re.compile(r"-{1,2}[A-Za-z][A-Za-z0-9_\-]{0,62}\Z", re.ASCII)
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.\-:/# ]{1,200}\Z", re.ASCII)
_NAME_TEXT, _NAME_MEMBERS, _NAME_KIND = HUMAN_NAME


class _Number:
    """A number of a JSON text, kept as it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Walk:
    """The progress of one call: where it is, and how much it has seen."""

    __slots__ = ("found", "nodes", "parent", "path", "texts")

    def __init__(self, found: Repeats) -> None:
        self.found = found
        self.nodes = 0
        self.parent = ""
        self.texts = 0
        self.path: set[int] = set()


class Structures:
    """Redacts values of any type with one rule set.

    Args:
        mask: gets the kind and the secret text, or None for a map or a list, and returns the replacement.
        who: redacts texts of audit fields that say who.
    """

    def __init__(
        self, rules: RuleSet, keys: KeyMatcher, mask: Callable[[str, str | None], str], who: TextRedactor
    ) -> None:
        self._keys = keys
        self._mask = mask
        self._identity = frozenset(rules.audit_keys)
        self._who = frozenset(rules.audit_who)
        self._who_text = who
        self._by_kind = {rule.kind: rule for rule in reversed(rules.keys)}

    def text(self, text: str, texts: TextRedactor, depth: int, found: Repeats) -> str:
        """`text` with its secrets masked, which go into `found`; a JSON text as what it holds."""
        if texts.is_clean(text):
            return text
        if len(text) > MAX_TEXT:
            return self._mask("length", None)
        stripped = text.strip()
        if stripped[:1] in ("{", "[") and stripped[-1:] in ("}", "]"):
            redacted = self._redact_json(stripped, texts, depth, found)
            if redacted is not None:
                return text if redacted is stripped else redacted
        return texts.redact(text, found)

    def _redact_json(self, text: str, texts: TextRedactor, depth: int, found: Repeats) -> str | None:
        """The redacted JSON text, or None if `text` is not JSON."""
        try:
            value = json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_reject)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, (dict, list)):
            return None
        redacted = self._redact_any(value, depth + 1, Walk(found), None, texts)
        return text if redacted is value else _dump(redacted)

    # Structures

    def mapping(
        self,
        mapping: Mapping[Any, Any],
        depth: int,
        walk: Walk,
        inherited: KeyRule | None,
        audit: bool,
        texts: TextRedactor,
    ) -> dict[Any, Any]:
        """`mapping` with its secrets masked; the same object if it is a dict without any."""
        changes: dict[Any, Any] = {}
        renamed: dict[Any, str] = {}
        match = self._keys.match
        parent = walk.parent
        typed = self._typed_rule(mapping) if depth or len(mapping) > 1 else None
        for key, value in mapping.items():
            name = key if isinstance(key, str) else str(key)
            # If a key holds a secret, its redacted form chooses the rule: a second pass sees only that form.
            new_name = self.text(name, texts, depth, walk.found)
            if new_name != name:
                renamed[key] = new_name
            rule = match(new_name)
            if rule is not None and rule.value and parent:
                rule = match(f"{parent}.{new_name}") or rule
            used = texts
            if audit and name in self._identity:
                rule = None
                if name in self._who and isinstance(value, str):
                    used = self._who_text
            if rule is None:
                if typed is not None and name in VALUE_FIELDS:
                    rule = typed
                elif name == _NAME_TEXT and any(member in mapping for member in _NAME_MEMBERS):
                    rule = self._by_kind.get(_NAME_KIND)
                else:
                    # {"patient": {"name": …}} is patient.name; {"patients": [{"name": …}]} is, too.
                    rule = inherited or (match(f"{parent}.{new_name}") if parent else None)
            walk.parent = new_name.removesuffix("s")
            new = self._under(rule, value, depth, walk, used)
            if new is not value:
                changes[key] = new
        if not changes and not renamed and type(mapping) is dict:
            return mapping
        redacted: dict[Any, Any] = {}
        for key, value in mapping.items():
            new_key = renamed.get(key, key)
            if new_key in redacted or (key in renamed and new_key in mapping):
                new_key = next(free for number in range(2, 10**6) if (free := f"{new_key}#{number}") not in redacted)
            redacted[new_key] = changes.get(key, value)
        return redacted

    def _redact_list(
        self,
        items: list[Any] | tuple[Any, ...],
        depth: int,
        walk: Walk,
        inherited: KeyRule | None,
        texts: TextRedactor,
    ) -> Any:
        changed = self._command(items, texts, walk.found)
        if changed is not None:
            items = changed if isinstance(items, list) else tuple(changed)
        following = self._pair_rule(items, texts) if len(items) == 2 else None
        parent = walk.parent
        for index, value in enumerate(items):
            walk.parent = parent
            rule = following if index and following is not None else inherited
            new = self._under(rule, value, depth, walk, texts)
            following = self._flag_rule(value) if isinstance(value, str) and len(items) != 2 else following
            if index == 0 and len(items) == 2 and following is None and isinstance(value, str):
                following = self._flag_rule(value)
            if new is not value:
                if changed is None:
                    changed = list(items)
                changed[index] = new
        if changed is None:
            return items
        return tuple(changed) if isinstance(items, tuple) else changed

    def _under(self, rule: KeyRule | None, value: Any, depth: int, walk: Walk, texts: TextRedactor) -> Any:
        """A value under a key that `rule` makes secret, or under any other key."""
        if rule is None:
            return self._redact_any(value, depth + 1, walk, None, texts)
        if value is None or value is True or value is False:
            return value
        if isinstance(value, (dict, list, tuple, Mapping)):
            if rule.value:
                return self._redact_any(value, depth + 1, walk, None, texts)
            if rule.not_number or rule.min_digits:
                return self._redact_any(value, depth + 1, walk, rule, texts)
            return self._mask(rule.kind, None) if value else value
        if isinstance(value, str):
            text = value
            if not text or texts.is_masked(text):
                return value
            if texts.harmless.is_prose(text):
                return self._redact_any(value, depth + 1, walk, None, texts)
        elif isinstance(value, (bytes, bytearray, memoryview)):
            text = bytes(value).decode("utf-8", "replace")
        elif isinstance(value, _Number):
            text = value.text
        elif isinstance(value, (int, float)):
            if rule.not_number:
                return value
            text = _number_text(value)
        else:
            text = str(value)
        if not text:
            return value
        if rule.not_number and text.strip().replace(".", "").replace(",", "").replace("_", "").isdecimal():
            return value
        if not fits(rule, text):
            return self._redact_any(value, depth + 1, walk, None, texts)
        mask = self._mask(rule.kind, text)
        if mask == text:
            return value
        if not texts.holds_mask(text):
            walk.found.add(rule.kind, text)
        return mask

    def _redact_any(self, value: Any, depth: int, walk: Walk, inherited: KeyRule | None, texts: TextRedactor) -> Any:
        if isinstance(value, str):
            if texts.is_clean(value):
                return value
            walk.texts += 1
            if walk.texts > MAX_TEXTS:
                raise ValueError("too many texts to look at closely")
            return self.text(value, texts, depth, walk.found)
        if value is None or value is True or value is False:
            return value
        if isinstance(value, (int, float)):
            return self._redact_number(value, _number_text(value), texts, depth, walk)
        if isinstance(value, _Number):
            return self._redact_number(value, value.text, texts, depth, walk)
        if isinstance(value, (bytes, bytearray, memoryview)):
            text = bytes(value).decode("utf-8", "replace")
            redacted = self.text(text, texts, depth, walk.found)
            return value if redacted is text or redacted == text else redacted
        if isinstance(value, (dict, list, tuple, Mapping)):
            return self._redact_container(value, depth, walk, inherited, texts)
        if isinstance(value, (set, frozenset)):
            items = list(value)
            redacted_items = self._redact_container(items, depth, walk, inherited, texts)
            return value if redacted_items is items else redacted_items
        text = str(value)
        redacted = self.text(text, texts, depth, walk.found)
        return value if redacted is text or redacted == text else redacted

    def _redact_container(
        self, value: Any, depth: int, walk: Walk, inherited: KeyRule | None, texts: TextRedactor
    ) -> Any:
        walk.nodes += len(value)
        if walk.nodes > MAX_NODES:
            raise ValueError("too many values")
        if depth > MAX_DEPTH or id(value) in walk.path:
            return self._mask("depth", None)
        walk.path.add(id(value))
        try:
            if isinstance(value, (list, tuple)):
                return self._redact_list(value, depth, walk, inherited, texts)
            return self.mapping(value, depth, walk, inherited, False, texts)
        finally:
            walk.path.discard(id(value))

    def _redact_number(self, value: Any, text: str, texts: TextRedactor, depth: int, walk: Walk) -> Any:
        """A number that is too long for a count may be a card number."""
        if len(text) < CHECKED_DIGITS or not text.isdecimal():
            return value
        redacted = self.text(text, texts, depth, walk.found)
        return value if redacted is text or redacted == text else redacted

    def _command(self, items: list[Any] | tuple[Any, ...], texts: TextRedactor, found: Repeats) -> list[Any] | None:
        """A list of a command's arguments with the secrets that only the whole command shows masked; else None."""
        if len(items) < 2 or not all(isinstance(item, str) for item in items):
            return None
        if not any(item.startswith("-") for item in items):
            return None
        line = " ".join(items)
        if len(line) > COMMAND or texts.is_clean(line):
            return None
        changed: list[Any] | None = None
        spans = texts.find(line)
        end = 0
        for index, item in enumerate(items):
            start, end = end, end + len(item) + 1
            inside = [
                span._replace(start=max(span.start - start, 0), end=min(span.end - start, len(item)))
                for span in spans
                if span.start < end - 1 and span.end > start
            ]
            if inside:
                changed = list(items) if changed is None else changed
                changed[index] = texts.splice(item, inside, found)
        return changed

    # Keys that stand beside their value

    def _pair_rule(self, items: list[Any] | tuple[Any, ...], texts: TextRedactor) -> KeyRule | None:
        """The rule for the second of a pair such as ("authorization", "Bearer …")."""
        first, second = items
        if isinstance(first, (bytes, bytearray)):
            first = first.decode("utf-8", "replace")
        if not isinstance(first, str) or not _NAME.match(first):
            return None
        rule = self._keys.match(first)
        if rule is not None and isinstance(second, str) and texts.harmless.names_field(second):
            return None
        return rule

    def _flag_rule(self, item: str) -> KeyRule | None:
        """The rule for the value after a command line's `--password`."""
        return self._keys.match(item.lstrip("-")) if _FLAG.match(item) else None

    def _typed_rule(self, mapping: Mapping[Any, Any]) -> KeyRule | None:
        """The rule for the value of a map such as {"name": "Authorization", "value": "…"}."""
        if not any(field in mapping for field in VALUE_FIELDS):
            return None
        for field in NAME_FIELDS:
            named = mapping.get(field)
            if named is None:
                continue
            for text in _strings(named, NEIGHBOUR_DEPTH):
                if text in FHIR_CODES and field in ("type", "code"):
                    return self._by_kind.get(FHIR_CODES[text])
                if _REFERENCE.match(text):
                    rule = self._keys.match(text)
                    if rule is not None and not rule.exact:
                        return rule
        return None


def _strings(value: Any, depth: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if depth and isinstance(value, dict):
        return [text for item in list(value.values())[:NEIGHBOUR_VALUES] for text in _strings(item, depth - 1)]
    if depth and isinstance(value, (list, tuple)):
        return [text for item in value[:NEIGHBOUR_VALUES] for text in _strings(item, depth - 1)]
    return []


def _number_text(value: float) -> str:
    """The decimal text of a number that might be an identifier, otherwise its shortest form."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value)) if abs(value) < LARGEST_NUMBER else "number"
    return repr(value)


def _reject(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _dump(value: Any) -> str:
    """Compact JSON, keys in order, numbers as they were written."""
    if isinstance(value, _Number):
        return value.text
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_dump(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_dump(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
