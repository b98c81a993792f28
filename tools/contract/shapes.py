"""Makes a value rule of each group of contract/redaction/vendors.yaml: a pattern for all its vendors, and examples."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final, NamedTuple

KIND: Final = "api_key"

_PART: Final = re.compile(r"<(uuid|[A-Za-z])(?:(\d+)(?:-(\d+))?)?>")
_UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_WORD: Final = re.compile(r"[0-9A-Za-z_]")


class Part(NamedTuple):
    """A piece of a shape: `text`, or from `least` to `most` characters of an alphabet; "uuid" is a UUID."""

    text: str = ""
    alphabet: str = ""
    least: int = 0
    most: int = 0


def parts(shape: str) -> list[Part]:
    """The pieces of a shape in their order."""
    found: list[Part] = []
    end = 0
    for part in _PART.finditer(shape):
        if part.start() > end:
            found.append(Part(shape[end : part.start()]))
        least = int(part[2] or 0)
        found.append(Part("", part[1], least, int(part[3] or least)))
        end = part.end()
    if end < len(shape):
        found.append(Part(shape[end:]))
    return found


def pattern(shape: str, alphabets: Mapping[str, str]) -> str:
    """The regular expression of a shape. Its last part has no upper limit."""
    pieces = parts(shape)
    text = r"\b" if not pieces[0].text or _WORD.match(pieces[0].text) else ""
    for index, piece in enumerate(pieces):
        if piece.text:
            text += _quoted(piece.text)
        elif piece.alphabet == "uuid":
            text += _UUID
        else:
            text += f"[{alphabets[piece.alphabet]}]{_count(piece, is_last=index == len(pieces) - 1)}"
    return text


def _quoted(text: str) -> str:
    return re.sub(r"[.^$*+?{}\[\]\\|()]", r"\\\g<0>", text)


def _count(piece: Part, *, is_last: bool) -> str:
    if is_last:
        return f"{{{piece.least},}}"
    return f"{{{piece.least}}}" if piece.least == piece.most else f"{{{piece.least},{piece.most}}}"


def example(shape: str, alphabets: Mapping[str, str], random: Random) -> str:
    """A made-up text of a shape."""
    return "".join(_made_up(piece, alphabets, random) for piece in parts(shape))


def _made_up(piece: Part, alphabets: Mapping[str, str], random: Random) -> str:
    if piece.text:
        return piece.text
    if piece.alphabet == "uuid":
        return str(uuid.UUID(int=random.getrandbits(128), version=4))
    return "".join(random.choices(list(_characters(alphabets[piece.alphabet])), k=piece.most))


def _characters(alphabet: str) -> Iterator[str]:
    for code in range(128):
        if re.fullmatch(f"[{alphabet}]", chr(code)) and chr(code).isalnum():
            yield chr(code)


def rules(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A value rule for each group, with an example of each vendor that is masked, and its fixed part, which stays."""
    alphabets = table["alphabets"]
    found = []
    for vendors in table["groups"].values():
        masks, leaves = [], []
        for vendor, shape in vendors.items():
            masks.append(f"used ⟦{example(shape, alphabets, Random(vendor))}⟧ once")
            starts = next(piece.text for piece in parts(shape) if piece.text)
            leaves.append(f"{starts} is the start of a key")
        longest_first = sorted(vendors.values(), key=lambda shape: -len(parts(shape)))
        patterns = "|".join(pattern(shape, alphabets) for shape in longest_first)
        found.append({"kind": KIND, "pattern": patterns, "masks": masks, "leaves": leaves})
    return found
