"""Redacts one text: a message, a string attribute, a stack trace, a URL.

There are two ways to find secrets. Both run on the text itself and, if it is disguised, on its folded form. The first
finds `key=value` and `key: value` with a secret key; it is code, because no regular expression can decide
which key is secret and where a value ends. The second uses the rule set's patterns. This module knows no
structures: the engine handles maps, lists and messages that are JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from aegis_otel.redaction.checks import CHECKS, opaque, without_ids
from aegis_otel.redaction.fold import fold, needs_folding
from aegis_otel.redaction.keys import KeyMatcher, split_words
from aegis_otel.redaction.prefilter import Prefilter
from aegis_otel.redaction.rules import KeyRule, RuleSet, ValueRule

MAX_ROUNDS: Final = 8
"""A changed text is searched again until nothing changes, so a second redaction changes nothing more."""

MASKED: Final = "\x01"
"""Replaces each character of a mask while rules run, so that no rule can match inside a mask."""

_CLEAN_CACHE: Final = 4096
_CLEAN_LENGTH: Final = 256
_MAX_KEY: Final = 64
_MAX_PARENTHESIS: Final = 32
_MAX_INDEX: Final = 8
_MAX_WORDS: Final = 8
_BUDGET_FLOOR: Final = 1_000_000
_BUDGET_FACTOR: Final = 20

_KEY_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_QUOTES: Final = "\"'`"
_CLOSING: Final = {"{": "}", "[": "]", "(": ")"}
_MAX_CALL: Final = 200
_BLANK: Final = re.compile(r"\s", re.ASCII)
_SPACE: Final = " \t\r\n\f\v\0"
_PROSE_STRIP: Final = "<>[](){}*.!,;:'\"` "

_SEPARATOR: Final = re.compile(r"=+>?|:=|:| -> |\u2192", re.ASCII)
_CLOSED: Final = r"[,;&\"'`)\]}>|.:]*(?:[\s\x01]|\Z|\\+[nrt\"'])"
_NEXT_KEY: Final = r"[\"'\\]*[A-Za-z_][A-Za-z0-9_.\-\[\]]*[\"'\\]*\s?[=:]"
# A character ends an unquoted value only before one of these: separators, and closing brackets and quotes.
_AFTER_SEPARATOR: Final = re.compile(rf"{_CLOSED}|\s?{_NEXT_KEY}|[\"'\[({{]", re.ASCII)
_AFTER_AMPERSAND: Final = re.compile(rf"{_CLOSED}|[A-Za-z_][A-Za-z0-9_.\-\[\]%]*=", re.ASCII)
_AFTER_CLOSING: Final = re.compile(rf"{_CLOSED}|[\"'`)\]}}>]*[,;&|]\s?(?:{_NEXT_KEY}|[\"'\[({{])", re.ASCII)
_BOUNDARIES: Final = {
    **dict.fromkeys(",;", _AFTER_SEPARATOR),
    **dict.fromkeys("&|", _AFTER_AMPERSAND),
    **dict.fromkeys("\"'`)]}>", _AFTER_CLOSING),
}
_ESCAPED_BREAK: Final = re.compile(r"\\+[nrt](?:\s|\Z|\\|[A-Za-z_][A-Za-z0-9_.\-]*[=:])", re.ASCII)
_LINE_END: Final = re.compile(r"[\r\n]|\\+[nr]", re.ASCII)
_PREFIX: Final = re.compile(r"[bBuUrRfF]{0,2}(\\*)([\"'`])", re.ASCII)
_YAML_BLOCK: Final = re.compile(r"([|>][-+0-9]{0,2}[ \t]*\r?\n[ \t]+)[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*", re.ASCII)
_TAG: Final = re.compile(r"<(?:/|!--|!\[|!D|[A-Za-z][A-Za-z0-9:\-]*(?:\s[^<>]{0,200})?/?>)", re.ASCII)
_SCHEME: Final = re.compile(
    r"(bearer|basic|digest|token|negotiate|ntlm|apikey|hawk|oauth|aws4-hmac-sha256) +(?=\S)", re.ASCII | re.IGNORECASE
)
_LINE_SCHEMES: Final = frozenset(["digest", "hawk", "oauth", "aws4-hmac-sha256"])
_NEXT_WORD: Final = re.compile(r",? +([A-Z0-9\x80-\U0010ffff][^\s,;&\"'<>()\[\]{}|=:\x01]*)(\s*[=:])?", re.ASCII)
_NEXT_DATE_WORD: Final = re.compile(
    r",? ?((?:[0-9]|\([0-9]|-[0-9]|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\b)"
    r"[^\s,;&\"'<>\[\]{}|=:\x01]*)(\s*[=:])?",
    re.ASCII | re.IGNORECASE,
)
_FIELD_NAME: Final = re.compile(r"(?:[a-z]+(?:[_ -][a-z]+)*|[a-z]+(?:[A-Z][a-z]+)*)\Z", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9][0-9.,_]*", re.ASCII)
# Several words written as one: a name in a program or a header, not a word of a sentence.
_IDENTIFIER: Final = re.compile(r"[^\s]*(?:[A-Za-z0-9][_\-][A-Za-z]|[a-z][A-Z])[^\s]*", re.ASCII)
_NO_TYPE: Final = re.compile(r"[A-Za-z]{8,}|[A-Za-z]*[0-9][A-Za-z0-9]*", re.ASCII)
_INSERT: Final = re.compile(r"\binsert\s+into\s+[^\s(]+\s*\(([^()]*)\)\s*values\s*(?=\()", re.ASCII | re.IGNORECASE)
# A text without any of these has no `key=value` and no disguise.
_ACTIVE: Final = re.compile(r"[=:@<>\"'%\\|&_`\x1b]", re.ASCII)
# SQLAlchemy's errors: [SQL: INSERT … VALUES (?, ?)]\n[parameters: ('x', 'y')]
_PARAMETERS: Final = re.compile(r"\]?\s*\[parameters: \[?", re.ASCII)
_DIGIT_RUN: Final = re.compile(r"[0-9][0-9 ().\-/_+]{6,}[0-9]", re.ASCII)
_NINE_DIGITS: Final = re.compile(r"[0-9](?:[ ().\-/_+]{0,3}[0-9]){8}", re.ASCII)


class Span(NamedTuple):
    """A part of the text to mask. Of overlapping spans, the one with the lowest priority number names the kind."""

    start: int
    end: int
    priority: int
    kind: str
    wrap: str = ""


class TextRedactor:
    """Redacts texts with one rule set."""

    def __init__(self, rules: RuleSet, keys: KeyMatcher, mask: Callable[[str, str], str]) -> None:
        """`mask` gets the kind and the secret text and returns the replacement."""
        self._keys = keys
        self._mask = mask
        self._prose = frozenset(rules.prose_values)
        self._placeholder = re.compile(f"(?:{rules.not_secret})\\Z", re.ASCII) if rules.not_secret else None
        prefix, _, suffix = rules.mask.partition("{kind}")
        kind = r"[a-z0-9_]+(?::[0-9a-f]{16})?" if "{kind}" in rules.mask else ""
        self.mask_pattern: Final = re.compile(
            re.escape(prefix) + kind + re.escape(suffix) + r"|\[REDACTED(?::[a-z0-9_]+)*\]|\[REDACTION FAILED\]",
            re.ASCII,
        )
        self._mask_starts = ("[REDACT", prefix) if prefix and not prefix.startswith("[REDACT") else ("[REDACT",)
        off = frozenset(rules.disable)
        self._values = tuple(
            _Pattern(priority, rule) for priority, rule in enumerate(rules.values, start=1) if rule.kind not in off
        )
        names = [words for rule in rules.keys for name in rule.names if (words := split_words(name))]
        self._spaced_tails = frozenset(words[-1] for words in names if len(words) > 1) | frozenset(rules.neutral)
        literals: set[str] = set()
        hints: set[str] = set()
        for pattern in self._values:
            (hints if pattern.rule.check == "phone_hint" else literals).update(pattern.rule.literals)
        literals = {literal for literal in literals if len(literal) > 1}
        plain = {literal for literal in literals if not (_ACTIVE.search(literal) or " -" in literal)}
        self._has_stem = Prefilter((), names).hits
        self._has_literal = Prefilter(literals).hits
        self._has_phone_hint = Prefilter(hints).hits
        self._plain_gate = Prefilter(plain).hits
        self._ungated = tuple(pattern for pattern in self._values if not (pattern.rule.literals or pattern.rule.digits))
        self._wants_all = any(pattern.rule.kind in ("ipv4", "ipv6") for pattern in self._values)
        self._words = (names, literals, plain, hints)
        self._clean: dict[str, None] = {}

    def is_clean(self, text: str) -> bool:
        """Whether a quick search already shows that nothing in `text` can be a secret."""
        if text in self._clean:
            return True
        if not text.isascii():
            return False
        if _ACTIVE.search(text) is not None or " -" in text:
            lower = text.lower()
            suspect = "@" in text or needs_folding(text) or self._has_stem(lower) or self._has_literal(lower)
        else:
            suspect = self._plain_gate(text.lower())
        if suspect or self._wants_all or (self._ungated and any(pattern.search(text) for pattern in self._ungated)):
            return False
        if self._has_number(text) and ((shorter := without_ids(text)) == text or self._has_number(shorter)):
            return False
        self._remember(text)
        return True

    def _has_number(self, text: str) -> bool:
        return _DIGIT_RUN.search(text) is not None and (
            _NINE_DIGITS.search(text) is not None or self._has_phone_hint(text.lower())
        )

    def native_look(self, native: Any) -> Any:
        """`is_clean` by the extension, which says no if it is not sure; None if the rules don't allow it."""
        if self._ungated or self._wants_all:
            return None
        names, literals, plain, hints = self._words
        return native.Texts(
            [list(words) for words in names], sorted(literals), sorted(plain), sorted(hints), self._clean
        )

    def redact(self, text: str) -> str:
        """`text` with its secrets masked; the same object if it has no secrets."""
        if self.is_clean(text):
            return text
        current = text
        for _ in range(MAX_ROUNDS):
            changed = self._round(current)
            if changed == current:
                break
            current = changed
        if current == text:
            self._remember(text)
            return text
        return current

    def is_masked(self, text: str) -> bool:
        """Whether `text` is only a mask."""
        return self.mask_pattern.fullmatch(text) is not None

    def is_prose(self, text: str) -> bool:
        """Whether `text` is a word that is never secret (`required`, `null`) or a placeholder (`$1`, `****`)."""
        return text.strip(_PROSE_STRIP).lower() in self._prose or (
            self._placeholder is not None and self._placeholder.match(text) is not None
        )

    def names_field(self, text: str) -> bool:
        """Whether `text` is itself the name of a secret field, as in a list of fields."""
        return _FIELD_NAME.match(text) is not None and self._keys.match(text) is not None

    def _remember(self, text: str) -> None:
        if len(text) <= _CLEAN_LENGTH:
            if len(self._clean) >= _CLEAN_CACHE:
                self._clean.clear()
            self._clean[text] = None

    def _round(self, text: str) -> str:
        spans = self._find(text)
        if spans:
            text = self._splice(text, spans)
        if needs_folding(text):
            folded = fold(text)
            if folded is not None:
                plain, starts, ends = folded
                spans = self._find(plain)
                if spans:
                    moved = [span._replace(start=starts[span.start], end=ends[span.end - 1]) for span in spans]
                    text = self._splice(text, moved)
        return text

    def _find(self, text: str) -> list[Span]:
        """All spans to mask, in order, none overlapping."""
        if any(start in text for start in self._mask_starts):
            text = self.mask_pattern.sub(lambda mask: MASKED * len(mask.group()), text)
        lower = text.lower()
        if len(lower) != len(text):
            lower = "".join(character.lower() if character.isascii() else character for character in text)
        spans: list[Span] = []
        has_stem = self._has_stem(lower)
        if has_stem:
            spans.extend(self._find_pairs(text))
            if "insert" in lower:
                spans.extend(self._find_inserts(text))
        has_run = self._wants_all or _DIGIT_RUN.search(text) is not None
        has_number = has_run and (self._wants_all or _NINE_DIGITS.search(text) is not None)
        has_literal = self._has_literal(lower)
        for pattern in self._values:
            rule = pattern.rule
            if rule.key and not has_stem:
                continue
            if rule.literals:
                if pattern.needs_literal and not (has_run if rule.check == "phone_hint" else has_literal):
                    continue
                if not any(literal in lower for literal in rule.literals):
                    continue
            elif rule.digits and not has_number:
                continue
            spans.extend(self._find_values(text, pattern))
        return _merge(_whole_masks(text, spans))

    def _splice(self, text: str, spans: list[Span]) -> str:
        parts: list[str] = []
        done = 0
        for start, end, _, kind, wrap in spans:
            parts.append(text[done:start])
            parts.append(f"{wrap}{self._mask(kind, text[start:end])}{wrap}")
            done = end
        parts.append(text[done:])
        return "".join(parts)

    # Patterns

    def _find_values(self, text: str, pattern: _Pattern) -> Iterator[Span]:
        rule = pattern.rule
        position = 0
        while position <= len(text):
            match = pattern.search(text, position)
            if match is None:
                return
            start, end = match.span(rule.group)
            position = max(match.end(), position + 1)
            if start < 0 or start == end:
                continue
            kind: str | None = rule.kind
            if rule.key:
                kind = self._kind_of_pair(match.group(rule.key), text[start:end])
                if kind is None:
                    position = max(start, match.start() + 1)
                    continue
            if self._checks_out(rule.check, text, start, end):
                yield Span(start, end, pattern.priority, kind or rule.kind)
            elif rule.key:
                position = max(start, match.start() + 1)
            elif rule.digits:
                position = start + 1

    def _kind_of_pair(self, key: str, value: str) -> str | None:
        rule = self._keys.match(key.strip())
        return rule.kind if rule is not None and _fits(rule, value) else None

    def _checks_out(self, check: str, text: str, start: int, end: int) -> bool:
        if not check:
            return True
        if check == "secret":
            return not self.is_prose(text[start:end])
        if check == "field":
            value = text[start:end]
            return not self.is_prose(value) and not self.names_field(value)
        if not CHECKS[check](text, start, end):
            return False
        return not check.startswith("opaque") or not self.is_prose(text[start:end])

    # key=value, key: value

    def _find_pairs(self, text: str) -> Iterator[Span]:
        position = 0
        budget = _BUDGET_FLOOR + _BUDGET_FACTOR * len(text)
        while True:
            separator = _SEPARATOR.search(text, position)
            if separator is None:
                return
            position = separator.end()
            found = self._key_before(text, separator.start())
            if found is None:
                continue
            rule, key_start, quote = found
            if rule.quoted and not quote:
                continue
            value = _value_after(text, position, rule, key_start, self._keys)
            if value is None:
                continue
            start, end, quoted = value
            budget -= end - start
            if budget < 0:
                raise ValueError("a text built to make redaction slow")
            if self.is_prose(text[start:end]) or not _fits(rule, text[start:end]):
                continue
            if not (quote or quoted) and _is_harmless(text, key_start, separator, rule, start, end):
                continue
            yield Span(start, end, 0, rule.kind, "" if quoted else quote)
            position = end

    def _key_before(self, text: str, end: int) -> tuple[KeyRule, int, str] | None:
        """The rule of the key that ends before `end`, the start of the key, and its quote with its backslashes."""
        end = _skip_back(text, end)
        if end and text[end - 1] == ")":
            opening = text.rfind("(", max(0, end - _MAX_PARENTHESIS), end)
            if opening < 0:
                return None
            for column in text[opening + 1 : end - 1].split(","):
                rule = self._keys.match(column.strip())
                if rule is not None:
                    return rule, opening, ""
            end = _skip_back(text, opening)
        if end and text[end - 1] == "]":
            opening = text.rfind("[", max(0, end - _MAX_INDEX), end)
            end = opening if opening >= 0 and not text[opening + 1 : end - 1].strip("0123456789") else end - 1
        if end and text[end - 1] in _QUOTES:
            quote = text[end - 1]
            key_end = end - 1
            while key_end and text[key_end - 1] == "\\":
                key_end -= 1
            opening = text.rfind(quote, max(0, key_end - _MAX_KEY), key_end)
            if opening >= 0:
                key = text[opening + 1 : key_end]
                rule = self._keys.match(key)
                return None if rule is None else (rule, opening, text[key_end:end])
            end = key_end
        start = end
        limit = max(0, end - _MAX_KEY)
        while start > limit and text[start - 1] in _KEY_CHARACTERS:
            start -= 1
        if start == end:
            return None
        if start and text[start - 1] == "\\" and text[start] in "nrt":
            start += 1
        run = text[start:end]
        rule = self._keys.match(run)
        if rule is None:
            words = split_words(run)
            if (words and words[-1] not in self._spaced_tails) or self._keys.is_allowed(run):
                return None
        found = None if rule is None else (rule, start, "")
        for _ in range(3):
            before = start - 1
            if before < 1 or text[before] != " " or text[before - 1] not in _KEY_CHARACTERS:
                break
            start = before
            while start > limit and text[start - 1] in _KEY_CHARACTERS:
                start -= 1
            key = text[start:end]
            if self._keys.is_allowed(key):
                return None
            if found is None:
                rule = self._keys.match(key)
                if rule is not None and not rule.exact:
                    found = rule, start, ""
        return found

    # INSERT INTO t (name, password) VALUES ('x', 'y'), …

    def _find_inserts(self, text: str) -> Iterator[Span]:
        position = 0
        for insert in _INSERT.finditer(text):
            if insert.start() < position:
                continue
            rules = [self._keys.match(column.strip(" \t\r\n`\"'[]")) for column in insert.group(1).split(",")]
            if not any(rules):
                continue
            position = insert.end()
            while position < len(text) and text[position] == "(":
                close = _matching(text, position)
                inside = close - 1 if text[close - 1] == ")" else close
                for rule, (start, end) in zip(rules, _split_values(text, position + 1, inside), strict=False):
                    if rule is None or start >= end:
                        continue
                    candidate = text[start:end]
                    if not self.is_prose(candidate) and _fits(rule, candidate):
                        yield Span(start, end, 0, rule.kind)
                position = close
                while position < len(text) and text[position] in ", \t\r\n":
                    position += 1
                parameters = _PARAMETERS.match(text, position)
                if parameters is not None:
                    position = parameters.end()


class _Pattern:
    """A value rule. Its pattern is compiled at first use: most are never used, and compiling takes 1 ms."""

    __slots__ = ("_search", "needs_literal", "priority", "rule")

    def __init__(self, priority: int, rule: ValueRule) -> None:
        self.priority = priority
        self.rule = rule
        self.needs_literal = all(len(literal) > 1 for literal in rule.literals)
        self._search: Callable[[str, int], re.Match[str] | None] | None = None

    def search(self, text: str, position: int = 0) -> re.Match[str] | None:
        if self._search is None:
            self._search = re.compile(self.rule.pattern, re.ASCII).search
        return self._search(text, position)


def _fits(rule: KeyRule, value: str) -> bool:
    """Whether a value is of the type that `rule` covers."""
    if rule.not_number and _NUMBER.fullmatch(value.strip()):
        return False
    return not rule.min_digits or sum(character in "0123456789" for character in value) >= rule.min_digits


def _is_harmless(text: str, key_start: int, separator: re.Match[str], rule: KeyRule, start: int, end: int) -> bool:
    """Whether a bare `key: value` is code (`password=password`), part of a path, or prose (`session: active`)."""
    key = text[key_start : separator.start()].rstrip()
    if text[start:end].lower() == key.lower().rpartition(".")[2]:
        return True
    if not rule.opaque or separator.group() != ":":
        return False
    if start == separator.end():
        return key_start > 0 and text[key_start - 1] == ":"
    return not (
        text[start] in _CLOSING
        or text.find("=", start, end) >= 0
        or _SCHEME.match(text, start, end) is not None
        or opaque(text, start, end)
        or (_IDENTIFIER.fullmatch(key) is not None and _NO_TYPE.fullmatch(text, start, end) is not None)
    )


def _skip_back(text: str, end: int) -> int:
    while end and text[end - 1] in " \t":
        end -= 1
    return end


def _value_after(
    text: str, position: int, rule: KeyRule, key_start: int, keys: KeyMatcher
) -> tuple[int, int, bool] | None:
    """Start and end of the value that begins at `position`, and whether it is quoted."""
    length = len(text)
    while position < length and text[position] in " \t":
        position += 1
    if position == length:
        return None
    block = _YAML_BLOCK.match(text, position)
    if block is not None:
        return block.end(1), block.end(), False
    opening = _PREFIX.match(text, position)
    if opening is not None:
        quotes = opening.group(2) * 3
        if text.startswith(quotes, opening.start(2)):
            start = opening.start(2) + 3
            end = text.find(quotes, start)
            return (start, end if end > 0 else len(text), True) if start < len(text) else None
        start = opening.end()
        end = _closing_quote(text, start, len(opening.group(1)), opening.group(2))
        return (start, end, True) if end > start else None
    if text[position] in _CLOSING:
        end = _matching(text, position)
        if text[position] == "(" and rule.text in ("words", "date"):
            end = _words_end(text, end, rule.text, keys)
        return position, end, False
    if rule.text == "line":
        end = _line_end(text, position, key_start)
    else:
        scheme = _SCHEME.match(text, position)
        if scheme is None:
            end = _token_end(text, position)
        elif scheme.group(1).lower() in _LINE_SCHEMES:
            end = _line_end(text, position, key_start)
        else:
            end = _token_end(text, scheme.end())
        if rule.text in ("words", "date"):
            end = _words_end(text, end, rule.text, keys)
    return (position, end, False) if end > position else None


def _closing_quote(text: str, start: int, backslashes: int, quote: str) -> int:
    """The end of the quoted text that starts at `start`; the end of the text if it is never closed."""
    length = len(text)
    if backslashes:
        position = start
        while True:
            position = text.find("\\" * backslashes + quote, position)
            if position < 0:
                return length
            if position == start or text[position - 1] != "\\":
                return position
            position += backslashes + 1
    position = start
    while position < length:
        character = text[position]
        if character == "\\":
            position += 2
        elif character == quote:
            if quote != "'" or text[position + 1 : position + 2] != quote:
                return position
            position += 2
        else:
            position += 1
    return length


def _matching(text: str, position: int, limit: int | None = None) -> int:
    """The position after the bracket that closes the one at `position`; if none does, `limit` or the text's end."""
    length = len(text) if limit is None else limit
    open_brackets: list[str] = []
    while position < length:
        character = text[position]
        if character in _CLOSING:
            open_brackets.append(_CLOSING[character])
        elif open_brackets and character == open_brackets[-1]:
            open_brackets.pop()
            if not open_brackets:
                return position + 1
        elif character == "\\":
            position += 1
        elif character in "\"'":
            closing = _closing_quote(text, position + 1, 0, character)
            if closing < len(text):
                position = closing
        position += 1
    return length


def _token_end(text: str, position: int) -> int:
    """The end of an unquoted value: at white space, or at punctuation before something new."""
    start = position
    length = len(text)
    while position < length:
        character = text[position]
        if character in _SPACE:
            break
        boundary = _BOUNDARIES.get(character)
        if boundary is not None:
            if boundary.match(text, position + 1):
                break
        elif character in _CLOSING:
            closed = _matching(text, position, min(length, position + _MAX_CALL))
            inside = text[position + 1 : closed]
            if inside and text[closed - 1] == _CLOSING[character] and (inside[0] in "\"'" or not _BLANK.search(inside)):
                position = closed
                continue
        elif character == "<":
            if position > start and _TAG.match(text, position):
                break
        elif character == "\\" and position > start:
            after = position + 1
            while text[after : after + 1] == "\\":
                after += 1
            if text[after : after + 1] in ('"', "'") and _AFTER_CLOSING.match(text, after + 1):
                break
            if _ESCAPED_BREAK.match(text, position):
                break
        position += 1
    return position


def _words_end(text: str, position: int, mode: str, keys: KeyMatcher) -> int:
    """The end of a name or an address (further words with a capital or a digit), or of a date or a number."""
    pattern = _NEXT_WORD if mode == "words" else _NEXT_DATE_WORD
    for _ in range(_MAX_WORDS):
        word = pattern.match(text, position)
        if word is None or word.group(2) is not None or keys.match(word.group(1)) is not None:
            break
        position = word.end(1)
    return position


def _line_end(text: str, position: int, key_start: int) -> int:
    """The end of the line, or of the quoted text that starts directly before the key."""
    line = _LINE_END.search(text, position)
    end = line.start() if line else len(text)
    if key_start and text[key_start - 1] in "\"'":
        quote = text[key_start - 1]
        backslashes = 0
        while key_start - 2 - backslashes >= 0 and text[key_start - 2 - backslashes] == "\\":
            backslashes += 1
        end = min(end, _closing_quote(text, position, backslashes, quote))
    while end > position and text[end - 1] in " \t":
        end -= 1
    return end


def _split_values(text: str, position: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of each comma-separated SQL value, inside its quotes."""
    while position < end:
        while position < end and text[position] in " \t\r\n":
            position += 1
        prefix = _PREFIX.match(text, position, end)
        if prefix is None and text[position : position + 1] in ("N", "E"):
            prefix = _PREFIX.match(text, position + 1, end)
        if prefix is not None:
            start = prefix.end()
            close = min(end, _closing_quote(text, start, len(prefix.group(1)), prefix.group(2)))
            yield start, close
            position = close
            comma = text.find(",", close, end)
            position = end if comma < 0 else comma + 1
            continue
        start = position
        while position < end and text[position] != ",":
            position = _matching(text, position) if text[position] in _CLOSING else position + 1
        yield start, min(position, end)
        position += 1


def _whole_masks(text: str, spans: list[Span]) -> Iterator[Span]:
    """The spans, each extended over the masks that it touches; spans that cover only a mask are left out."""
    for span in spans:
        start, end = span.start, span.end
        if MASKED in text:
            while start and text[start] == MASKED and text[start - 1] == MASKED:
                start -= 1
            while end < len(text) and text[end] == MASKED and text[end - 1] == MASKED:
                end += 1
            if not text[start:end].strip(MASKED + " "):
                continue
        yield span if (start, end) == (span.start, span.end) else span._replace(start=start, end=end)


def _merge(spans: Iterator[Span]) -> list[Span]:
    """The spans in order. Overlapping spans are united; the one with priority gives the kind."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, span.priority)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            first = min(last, span, key=lambda span: span.priority)
            merged[-1] = Span(last.start, max(last.end, span.end), first.priority, first.kind, first.wrap)
        else:
            merged.append(span)
    return merged
