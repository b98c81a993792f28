"""Redacts records: maps and lists at any depth by key, all texts through `TextRedactor`."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from aegis_otel.redaction.keys import MAX_KEY, KeyMatcher
from aegis_otel.redaction.rules import DEFAULT, KeyRule, RuleSet
from aegis_otel.redaction.text import TextRedactor

FAILED: Final = "[REDACTION FAILED]"
"""Replaces a value that could not be redacted. Such a value is never passed on."""

MAX_DEPTH: Final = 32
"""Maximum levels of maps and lists; deeper values are masked as kind `depth`."""

MAX_TEXT: Final = 4 * 2**20
"""Maximum characters of one text; a longer one is masked as kind `length`."""

_MAX_NODES: Final = 200_000
_MAX_TEXTS: Final = 10_000
_KEY_CACHE: Final = 4096
_SMALLEST_NUMBER: Final = 10**8
_LARGEST_NUMBER: Final = 10**40
_NOT_HASHED: Final = re.compile(r"[^a-z0-9]+")
# The form of a key as a value: a name, a flag, or a reference such as FHIR's http://hl7.org/fhir/sid/us-ssn.
_NAME: Final = re.compile(r"[A-Za-z0-9_.\- ]{1,64}\Z", re.ASCII)
_FLAG: Final = re.compile(r"-{1,2}[A-Za-z][A-Za-z0-9_\-]{0,62}\Z", re.ASCII)
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.\-:/# ]{1,200}\Z", re.ASCII)
_NAME_FIELDS: Final = ("name", "key", "header", "field", "param", "system", "code", "type", "variable", "attribute")
_VALUE_FIELDS: Final = ("value", "val", "values", "content", "data")
_FHIR_CODES: Final = {"MR": "mrn", "SS": "ssn", "DL": "license", "PPN": "passport"}


class _Number:
    """A number of a JSON text, kept as it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class _Walk:
    """The progress of one call."""

    __slots__ = ("nodes", "parent", "path", "texts")

    def __init__(self) -> None:
        self.nodes = 0
        self.parent = ""
        self.texts = 0
        self.path: set[int] = set()


class Redactor:
    """Masks secrets and health identifiers; see the package's docstring for the rules.

    Safe to use from several threads. Nothing here raises, whatever the values are.

    Args:
        rules: the rule set; `load_rules` adds an operator's file to the default one.
        enable: kinds to switch on that are off by default (`ipv4`, `ipv6`).
        disable: kinds to switch off.
        hash_key: if given, masks carry the first 16 hex digits of HMAC-SHA256(key, kind + ":" + normalised value).
            With them, two records about one patient can be joined.
    """

    def __init__(
        self,
        rules: RuleSet = DEFAULT,
        *,
        enable: Iterable[str] = (),
        disable: Iterable[str] = (),
        hash_key: str | bytes | None = None,
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
        self._keys = KeyMatcher(rules.keys, rules.allow_keys, rules.neutral)
        self._text = TextRedactor(rules, self._keys, self._mask)
        who = replace(rules, disable=(*rules.disable, "email", "phone"))
        self._who_text = TextRedactor(who, self._keys, self._mask)
        self._identity = frozenset(rules.audit_keys)
        self._who = frozenset(rules.audit_who)
        self._plain_keys: set[str] = set()
        self._by_kind = {rule.kind: rule for rule in reversed(rules.keys)}

    def redact_text(self, text: str) -> str:
        """`text` with its secrets masked; the same object if it has no secrets."""
        try:
            return self._redact_text(text, self._text, 0)
        except Exception:
            return FAILED

    def redact_mapping(self, mapping: Mapping[str, Any], *, audit: bool = False) -> dict[str, Any]:
        """A record's attributes, redacted; the same object if it is a dict and nothing changes.

        With `audit` the identity fields at the top (who, what, when) are not masked by their key.
        A value that can't be redacted becomes `[REDACTION FAILED]`.
        """
        try:
            if type(mapping) is dict and self._is_plain(mapping):
                return mapping
            return self._redact_map(mapping, 0, _Walk(), None, audit, self._text)
        except Exception:
            return self._one_by_one(mapping, audit)

    def native_look(self, native: Any, max_text: int) -> Any:
        """Finds the records that need neither redaction nor cleaning; None if the rules don't allow it."""
        texts = self._text.native_look(native)
        return texts and native.Records((texts, self._plain_keys), _SMALLEST_NUMBER, max_text)

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
                if not -_SMALLEST_NUMBER < value < _SMALLEST_NUMBER:
                    return False
            elif value is not None and kind is not bool:
                return False
        return True

    def _is_plain_key(self, key: str) -> bool:
        if key in _VALUE_FIELDS or key == "text" or self._keys.match(key) is not None or not self._text.is_clean(key):
            return False
        if len(self._plain_keys) < _KEY_CACHE and len(key) <= MAX_KEY:
            self._plain_keys.add(key)
        return True

    def _one_by_one(self, mapping: Mapping[str, Any], audit: bool) -> dict[str, Any]:
        """Redacts each entry separately, so one entry that fails does not affect the others."""
        redacted: dict[str, Any] = {}
        try:
            for key in list(mapping):
                try:
                    redacted.update(self._redact_map({key: mapping[key]}, 0, _Walk(), None, audit, self._text))
                except Exception:
                    redacted[self.redact_text(key) if isinstance(key, str) else FAILED] = FAILED
        except Exception:
            redacted[FAILED] = FAILED
        return redacted

    def _mask(self, kind: str, secret: str | None) -> str:
        if self._hash_key is not None and secret is not None:
            normal = _NOT_HASHED.sub("", secret.lower())
            digest = hmac.new(self._hash_key, f"{kind}:{normal}".encode(), "sha256").hexdigest()
            kind = f"{kind}:{digest[:16]}"
        return self.rules.mask.replace("{kind}", kind)

    # Text

    def _redact_text(self, text: str, texts: TextRedactor, depth: int) -> str:
        if texts.is_clean(text):
            return text
        if len(text) > MAX_TEXT:
            return self._mask("length", None)
        stripped = text.strip()
        if stripped[:1] in ("{", "[") and stripped[-1:] in ("}", "]"):
            redacted = self._redact_json(stripped, texts, depth)
            if redacted is not None:
                return text if redacted is stripped else redacted
        return texts.redact(text)

    def _redact_json(self, text: str, texts: TextRedactor, depth: int) -> str | None:
        """The redacted JSON text, or None if `text` is not JSON."""
        try:
            value = json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_reject)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, (dict, list)):
            return None
        redacted = self._redact_any(value, depth + 1, _Walk(), None, texts)
        return text if redacted is value else _dump(redacted)

    # Structures

    def _redact_map(
        self,
        mapping: Mapping[Any, Any],
        depth: int,
        walk: _Walk,
        inherited: KeyRule | None,
        audit: bool,
        texts: TextRedactor,
    ) -> dict[Any, Any]:
        changes: dict[Any, Any] = {}
        renamed: dict[Any, str] = {}
        match = self._keys.match
        parent = walk.parent
        typed = self._typed_rule(mapping) if depth or len(mapping) > 1 else None
        for key, value in mapping.items():
            name = key if isinstance(key, str) else str(key)
            # If a key holds a secret, its redacted form chooses the rule: a second pass sees only that form.
            new_name = self._redact_text(name, texts, depth)
            if new_name != name:
                renamed[key] = new_name
            rule = match(new_name)
            used = texts
            if audit and name in self._identity:
                rule = None
                if name in self._who and isinstance(value, str):
                    used = self._who_text
            if rule is None:
                if typed is not None and name in _VALUE_FIELDS:
                    rule = typed
                elif name == "text" and ("family" in mapping or "given" in mapping):
                    rule = self._by_kind.get("name")
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
        walk: _Walk,
        inherited: KeyRule | None,
        texts: TextRedactor,
    ) -> Any:
        changed: list[Any] | None = None
        following = self._pair_rule(items) if len(items) == 2 else None
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

    def _under(self, rule: KeyRule | None, value: Any, depth: int, walk: _Walk, texts: TextRedactor) -> Any:
        """A value under a key that `rule` makes secret, or under any other key."""
        if rule is None:
            return self._redact_any(value, depth + 1, walk, None, texts)
        if value is None or value is True or value is False:
            return value
        if isinstance(value, (dict, list, tuple, Mapping)):
            if rule.not_number or rule.min_digits:
                return self._redact_any(value, depth + 1, walk, rule, texts)
            return self._mask(rule.kind, None) if value else value
        if isinstance(value, str):
            text = value
            if not text or texts.is_masked(text):
                return value
            if texts.is_prose(text):
                return self._redact_any(value, depth + 1, walk, None, texts)
        elif isinstance(value, (bytes, bytearray)):
            text = value.decode("utf-8", "replace")
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
        if rule.min_digits and sum(character in "0123456789" for character in text) < rule.min_digits:
            return self._redact_any(value, depth + 1, walk, None, texts)
        return self._mask(rule.kind, text)

    def _redact_any(self, value: Any, depth: int, walk: _Walk, inherited: KeyRule | None, texts: TextRedactor) -> Any:
        if isinstance(value, str):
            if texts.is_clean(value):
                return value
            walk.texts += 1
            if walk.texts > _MAX_TEXTS:
                raise ValueError("too many texts to look at closely")
            return self._redact_text(value, texts, depth)
        if value is None or value is True or value is False:
            return value
        if isinstance(value, (int, float)):
            return self._redact_number(value, _number_text(value), texts, depth)
        if isinstance(value, _Number):
            return self._redact_number(value, value.text, texts, depth)
        if isinstance(value, (bytes, bytearray)):
            text = value.decode("utf-8", "replace")
            redacted = self._redact_text(text, texts, depth)
            return value if redacted is text or redacted == text else redacted
        if isinstance(value, (dict, list, tuple, Mapping)):
            return self._redact_container(value, depth, walk, inherited, texts)
        if isinstance(value, (set, frozenset)):
            items = list(value)
            redacted_items = self._redact_container(items, depth, walk, inherited, texts)
            return value if redacted_items is items else redacted_items
        text = str(value)
        redacted = self._redact_text(text, texts, depth)
        return value if redacted is text or redacted == text else redacted

    def _redact_container(
        self, value: Any, depth: int, walk: _Walk, inherited: KeyRule | None, texts: TextRedactor
    ) -> Any:
        walk.nodes += len(value)
        if walk.nodes > _MAX_NODES:
            raise ValueError("too many values")
        if depth > MAX_DEPTH or id(value) in walk.path:
            return self._mask("depth", None)
        walk.path.add(id(value))
        try:
            if isinstance(value, (list, tuple)):
                return self._redact_list(value, depth, walk, inherited, texts)
            return self._redact_map(value, depth, walk, inherited, False, texts)
        finally:
            walk.path.discard(id(value))

    def _redact_number(self, value: Any, text: str, texts: TextRedactor, depth: int) -> Any:
        """A number that is too long for a count may be a card number."""
        if len(text) < 9 or not text.isdecimal():
            return value
        redacted = self._redact_text(text, texts, depth)
        return value if redacted is text or redacted == text else redacted

    # Keys that stand beside their value

    def _pair_rule(self, items: list[Any] | tuple[Any, ...]) -> KeyRule | None:
        """The rule for the second of a pair such as ("authorization", "Bearer …")."""
        first, second = items
        if isinstance(first, (bytes, bytearray)):
            first = first.decode("utf-8", "replace")
        if not isinstance(first, str) or not _NAME.match(first):
            return None
        rule = self._keys.match(first)
        if rule is not None and isinstance(second, str) and self._text.names_field(second):
            return None
        return rule

    def _flag_rule(self, item: str) -> KeyRule | None:
        """The rule for the value after a command line's `--password`."""
        return self._keys.match(item.lstrip("-")) if _FLAG.match(item) else None

    def _typed_rule(self, mapping: Mapping[Any, Any]) -> KeyRule | None:
        """The rule for the value of a map such as {"name": "Authorization", "value": "…"}."""
        if not any(field in mapping for field in _VALUE_FIELDS):
            return None
        for field in _NAME_FIELDS:
            named = mapping.get(field)
            if named is None:
                continue
            for text in _strings(named, 4):
                if text in _FHIR_CODES and field in ("type", "code"):
                    return self._by_kind.get(_FHIR_CODES[text])
                if _REFERENCE.match(text):
                    rule = self._keys.match(text)
                    if rule is not None and not rule.exact:
                        return rule
        return None


def _strings(value: Any, depth: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if depth and isinstance(value, dict):
        return [text for item in list(value.values())[:16] for text in _strings(item, depth - 1)]
    if depth and isinstance(value, (list, tuple)):
        return [text for item in value[:16] for text in _strings(item, depth - 1)]
    return []


def _number_text(value: float) -> str:
    """The decimal text of a number that might be an identifier, otherwise its shortest form."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value)) if abs(value) < _LARGEST_NUMBER else "number"
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
