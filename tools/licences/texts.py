"""Recognises licence texts by phrases that only they have. Knows nothing of what is allowed.

A text may hold several licences; all are found. What is not recognised gives "", never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

NAME = re.compile(r"(?:(?:un)?licen[cs]e|copying)(?!.*\.(?:go|py|rs|js|ts|json|csv|ya?ml)$)", re.IGNORECASE)
"""How the names of licence files begin. A program or a table is none."""

_LONGEST = 500_000
"""Bytes of a file that are read: Apache-2.0, the longest of the allowed, has 11,000."""


class _Sign(NamedTuple):
    """A licence, the phrases that its text has (all of them), and those that it lacks."""

    licence: str
    phrases: tuple[str, ...]
    lacks: tuple[str, ...] = ()


_BSD = (
    "redistribution and use in source and binary forms with or without modification are permitted provided that",
    "redistributions in binary form must reproduce the above copyright notice",
)
_ENDORSE = "endorse or promote products derived from this software"
_NOTICE = "the above copyright notice and this permission notice"
_ISC = re.compile(
    r"permission to use copy modify and (?:or )?distribute this software for any purpose with or without fee"
)

_SIGNS = (
    _Sign("Apache-2.0", ("apache license version 2 0 january 2004", "grant of copyright license")),
    _Sign(
        "Apache-2.0", ("licensed under the apache license version 2 0 the license you may not use this file except",)
    ),
    _Sign(
        "MIT",
        (
            "permission is hereby granted free of charge to any person obtaining a copy of this software",
            f"{_NOTICE} shall be included in all copies or substantial portions of the software",
        ),
    ),
    _Sign("BSD-4-Clause", (*_BSD, "all advertising materials mentioning features")),
    _Sign("BSD-3-Clause", (*_BSD, _ENDORSE)),
    _Sign("BSD-2-Clause", _BSD, lacks=(_ENDORSE,)),
    _Sign("ISC", ("ISC", f"provided that {_NOTICE} appear in all copies")),
    _Sign("0BSD", ("ISC", "the author disclaims all warranties"), lacks=(f"provided that {_NOTICE}",)),
    _Sign(
        "MPL-2.0", ("mozilla public license version 2 0", "covered software is provided under this license on an as is")
    ),
    _Sign("Unlicense", ("this is free and unencumbered software released into the public domain",)),
    _Sign("CC0-1.0", ("cc0 1 0 universal", "affirmer")),
    _Sign(
        "Zlib",
        ("altered source versions must be plainly marked as such", "in no event will the authors be held liable"),
    ),
    _Sign("PSF-2.0", ("psf license agreement for python", "python software foundation")),
    _Sign("Unicode-3.0", ("unicode license v3", "unicode data files")),
    _Sign("AGPL", ("gnu affero general public license",)),
    _Sign("GPL", ("gnu general public license",)),
    _Sign("LGPL", ("gnu lesser general public license",)),
    _Sign("LGPL", ("gnu library general public license",)),
    _Sign("SSPL", ("server side public license",)),
    _Sign("BUSL", ("business source license",)),
    _Sign("Commons Clause", ("commons clause",)),
    _Sign("Elastic License", ("elastic license",)),
    _Sign("PolyForm", ("polyform",)),
    _Sign("Functional Source License", ("functional source license",)),
    _Sign("Confluent Community License", ("confluent community license",)),
    _Sign("Redis Source Available License", ("redis source available license",)),
    _Sign("EPL", ("eclipse public license",)),
    _Sign("CDDL", ("common development and distribution license",)),
    _Sign("Creative Commons", ("creative commons attribution",)),
    _Sign("JSON", ("shall be used for good not evil",)),
    _Sign("non-commercial use", ("non commercial",)),
    _Sign("non-commercial use", ("noncommercial",)),
)

# The one place where a licence that is allowed names others: MPL-2.0, section 1.12.
_SECONDARY = re.compile(
    r"secondary license means either the gnu general public license.{0,200}?later versions of those licenses"
)


def recognise(text: str) -> str:
    """Return the licences in a text, joined by AND, or "" if none is found.

    What is not open, or copyleft beyond MPL-2.0, is named in words of no SPDX identifier.
    """
    words = " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())
    words = _SECONDARY.sub(" ", words)
    if _ISC.search(words):
        words += " ISC"
    found = dict.fromkeys(
        sign.licence
        for sign in _SIGNS
        if all(phrase in words for phrase in sign.phrases) and not any(phrase in words for phrase in sign.lacks)
    )
    return joined(found)


def joined(licences: Iterable[str]) -> str:
    """Return licences that all apply as one expression, each once, in order."""
    # A part with OR in it stays as it is; others are lists of licences already.
    parts = [part for one in licences for part in ([one] if " OR " in one else one.split(" AND "))]
    found = sorted(set(parts) - {""})
    return " AND ".join(f"({one})" if " OR " in one and len(found) > 1 else one for one in found)


def in_folder(folder: Path) -> str:
    """Return the licences of the files at the root of a folder, joined by AND.

    Returns "" if there is none, or if one of them is not recognised: it may be the one that restricts.
    """
    found = []
    for path in sorted(folder.iterdir()):
        if NAME.match(path.name) and path.is_file():
            with path.open("rb") as file:
                licence = recognise(file.read(_LONGEST).decode(errors="replace"))
            if not licence:
                return ""
            found.append(licence)
    return joined(found)
