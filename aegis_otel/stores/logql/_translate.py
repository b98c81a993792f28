"""RE2's syntax written for Python's `re`, and the refusal of what `re` alone would take."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_MOST_REPEATS: Final = 1000
_DEEPEST: Final = 100
_CLASSES: Final = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": "\\t\\n\\f\\r ",
}
_POSIX: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": "\\x00-\\x7F", "blank": "\\t ", "cntrl": "\\x00-\\x1F\\x7F",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ", "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_GROUP: Final = re.compile(r"\?(?:P?<(?P<name>[A-Za-z_]\w*)>|(?P<on>[imsU]*)(?:-(?P<off>[imsU]+))?(?P<end>[:)]))")
_REPEAT: Final = re.compile(r"\{(\d+)(,(\d*))?\}")
_HEX: Final = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})")


@dataclass
class _Group:
    """A group that is open: how many it has opened for flags, and whether an unlimited repetition is within."""

    flags: str
    opened: int = 0
    unlimited: bool = False
    last: str = ""
    last_unlimited: bool = False
    out: list[str] = field(default_factory=list)


def translate(pattern: str) -> str:
    """`pattern` for Python's `re`, with the same meaning.

    Raises:
        re.error: RE2 would refuse it, or Python's `re` cannot be trusted with it.
    """
    groups = [_Group("")]
    position = 0
    while position < len(pattern):
        group = groups[-1]
        character = pattern[position]
        if character == "(":
            position = _open(pattern, position, groups)
        elif character == ")":
            if len(groups) == 1:
                raise re.error("unexpected )")
            closed = groups.pop()
            text = "".join(closed.out) + ")" * (closed.opened + 1)
            _append(groups[-1], text, closed.unlimited)
            position += 1
        elif character in "*+?" or (character == "{" and _REPEAT.match(pattern, position)):
            position = _repeat(pattern, position, group)
        elif character == "[":
            text, position = _set(pattern, position)
            _append(group, text)
        elif character == "\\":
            text, position = _escape(pattern, position, in_set=False)
            _append(group, text)
        else:
            _append(group, {"$": "$" if "m" in group.flags else r"\Z", "{": r"\{"}.get(character, character))
            if character in "^|":
                group.last = character
            position += 1
    if len(groups) > 1:
        raise re.error("missing )")
    return "".join(groups[0].out) + ")" * groups[0].opened


def _append(group: _Group, text: str, unlimited: bool = False) -> None:
    group.out.append(text)
    group.last, group.last_unlimited = "atom", unlimited
    group.unlimited = group.unlimited or unlimited


def _open(pattern: str, position: int, groups: list[_Group]) -> int:
    if len(groups) > _DEEPEST:
        raise re.error(f"more than {_DEEPEST} groups in each other")
    flags = groups[-1].flags
    if pattern[position + 1 : position + 2] != "?":
        groups.append(_Group(flags, out=["("]))
        return position + 1
    found = _GROUP.match(pattern, position + 1)
    if found is None:
        raise re.error(f"invalid or unsupported Perl syntax: {pattern[position : position + 4]!r}")
    if found["name"]:
        groups.append(_Group(flags, out=[f"(?P<{found['name']}>"]))
        return found.end()
    on, off = found["on"], found["off"] or ""
    if "U" in on + off:
        raise re.error("the flag U needs google-re2: pip install 'aegis-otel[re2]'")
    now = "".join(sorted(set(flags) - set(off) | set(on)))
    switch = f"(?{on}{'-' + off if off else ''}:" if on or off else "(?:"
    if found["end"] == ":":
        groups.append(_Group(now, out=[switch]))
    elif not on and not off:
        raise re.error("missing argument to flags")
    else:
        # Holds to the end of the group, also behind a |: so what is before must be in a group of its own.
        group = groups[-1]
        if any(part == "|" for part in group.out):
            raise re.error("flags behind | need google-re2: pip install 'aegis-otel[re2]'")
        group.out.append(switch)
        group.opened += 1
        group.flags = now
        group.last = ""
    return found.end()


def _repeat(pattern: str, position: int, group: _Group) -> int:
    if group.last not in ("atom",):
        kind = "invalid nested repetition operator" if group.last == "repeat" else "missing argument to"
        raise re.error(f"{kind} {pattern[position]!r}")
    found = _REPEAT.match(pattern, position) if pattern[position] == "{" else None
    if found is not None:
        low, high = int(found[1]), found[3] if found[2] else found[1]
        if low > _MOST_REPEATS or (high and (int(high) > _MOST_REPEATS or int(high) < low)):
            raise re.error(f"invalid repeat count {found.group()!r}")
        text, end, unlimited = found.group(), found.end(), not high
    else:
        text, end, unlimited = pattern[position], position + 1, pattern[position] != "?"
    if unlimited and group.last_unlimited:
        raise re.error(
            "a repetition inside an unlimited repetition can take Python's re without end; simplify it, or"
            " pip install 'aegis-otel[re2]'"
        )
    if pattern[end : end + 1] == "?":
        text, end = text + "?", end + 1
    group.out.append(text)
    group.unlimited = group.unlimited or unlimited
    group.last = "repeat"
    return end


def _set(pattern: str, position: int) -> tuple[str, int]:
    out, index = ["["], position + 1
    if pattern[index : index + 1] == "^":
        out.append("^")
        index += 1
    first = True
    while index < len(pattern) and (pattern[index] != "]" or first):
        first = False
        posix = re.compile(r"\[:(\^?)(\w+):\]").match(pattern, index)
        if posix:
            if posix[2] not in _POSIX or posix[1]:
                raise re.error(f"invalid character class range: {posix.group()!r}")
            out.append(_POSIX[posix[2]])
            index = posix.end()
        elif pattern[index] == "\\":
            text, index = _escape(pattern, index, in_set=True)
            out.append(text)
        else:
            # Python warns of, or reads, some of these as operators between sets.
            out.append("\\" + pattern[index] if pattern[index] in "[]&~|" else pattern[index])
            index += 1
    if index >= len(pattern):
        raise re.error("missing closing ]")
    return "".join(out) + "]", index + 1


def _escape(pattern: str, position: int, *, in_set: bool) -> tuple[str, int]:
    character = pattern[position + 1 : position + 2]
    after = position + 2
    if not character:
        raise re.error("trailing backslash at end of expression")
    if character in _CLASSES:
        return (_CLASSES[character] if in_set else f"[{_CLASSES[character]}]"), after
    if character in "DWS":
        if in_set:
            raise re.error(f"\\{character} in a set needs google-re2: pip install 'aegis-otel[re2]'")
        return f"[^{_CLASSES[character.lower()]}]", after
    if character in "bBAz" and not in_set:
        return {"b": r"(?a:\b)", "B": r"(?a:\B)", "A": r"\A", "z": r"\Z"}[character], after
    if character in "afnrtv":
        return "\\" + character, after
    if character == "Q" and not in_set:
        end = pattern.find("\\E", after)
        text = pattern[after:] if end < 0 else pattern[after:end]
        return f"(?:{re.escape(text)})", len(pattern) if end < 0 else end + 2
    if character == "x":
        found = _HEX.match(pattern, position + 1)
        code = int(found[1] or found[2], 16) if found else 0x110000
        if found is None or code > 0x10FFFF:
            raise re.error(f"invalid escape sequence: {pattern[position : position + 4]!r}")
        return f"\\U{code:08x}", found.end()
    if character == "0" or (character in "1234567" and pattern[after : after + 1].isdigit()):
        octal = re.compile(r"[0-7]{1,3}").match(pattern, position + 1)
        if octal:
            return f"\\U{int(octal.group(), 8):08x}", octal.end()
    if character in "pP":
        raise re.error("classes of Unicode (\\p) need google-re2: pip install 'aegis-otel[re2]'")
    if character.isalnum() or ord(character) > 127:
        raise re.error(f"invalid escape sequence: {pattern[position:after]!r}")
    return re.escape(character), after
