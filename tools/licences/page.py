"""docs/licences.md: writes it, reads it, and says how it differs from what was found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from .inventory import Section
from .rules import ALLOWED, DENIED, EXCEPTIONS, licence_of

Rows = dict[str, dict[str, str]]
"""Licences by package, by the title of their section."""

_HEAD = """\
# Licences

aegis-otel is Apache-2.0 ([LICENSE](../LICENSE)). This page lists the packages that are in it, and those that its
builds, tests and benchmarks install. `make test` runs `python -m tools.licences`: it reads their licences, and fails
if one is not allowed or cannot be read. `python -m tools.licences write` writes this page; do not edit it by hand.

## What is allowed

{allowed}.

Of "A OR B" one must be allowed, of "A AND B" both; "A WITH B" is allowed where A is. Accepted by name are:

{exceptions}

Refused by name, whatever their licence says, among all packages and in every manifest, Dockerfile and build script:
{denied}.

## How the licences are read

- **Python**: from the metadata of the distributions in `.venv`: `License-Expression`, else the classifiers and the
  `License` field, else the licence files. The product is what `pyproject.toml` names outside of its `dev` extra, and
  all that this needs. pip and setuptools come with Python. pip fetches what builds and benchmarks install elsewhere.
- **Go**: from the texts at the root of each module. The built Collector says which modules it was linked from; for
  other programs and for tests Go lists them. `std` is Go's own library.
- **Rust**: from `cargo metadata`, for all platforms. Rust's own library is linked too (MIT OR Apache-2.0).
- **npm**: from `package.json` of what is installed in this tree and in `~/.cache/aegis-otel`.

Where cargo or npm is missing, nothing of its kind is built, and the page keeps the rows that it has.

Still: the check believes what a package declares. It looks neither at single source files, nor at other code inside a
package. It knows a licence text by its phrases, so a sentence that somebody adds to a known text is not seen. Python
packages, crates and indirect npm packages are not pinned: if a newer release brings a package that this page lacks,
the check warns where its licence is allowed, and fails where it is not.

## What users bring

These are not part of aegis-otel. Nothing here builds, installs or runs them, but for `docker-compose.otel.yml`, which
pulls their images when a user starts it, under the terms of their makers:

- [Loki](https://github.com/grafana/loki) and [Grafana](https://github.com/grafana/grafana): AGPL-3.0.
- [Seq](https://datalust.co/seq): proprietary; the compose file accepts its terms (`ACCEPT_EULA`).
- The Python images that the Dockerfiles begin with: Debian and Python, of many licences.

Builds and tests use Python, make and Docker as the system has them, and Go, cargo and Node.js where they are there.
Those are not part of aegis-otel either.
"""


class Differences(NamedTuple):
    """What differs: must be repaired, or is only to be known."""

    problems: list[str]
    warnings: list[str]


def render(rows: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page with these rows."""
    exceptions = [
        f"- `{name}` ({exempt.licence}, from {exempt.read_from}): {exempt.reason}."
        for (_, name), exempt in sorted(EXCEPTIONS.items())
    ]
    head = _HEAD.format(
        allowed=", ".join(sorted(ALLOWED, key=str.lower)),
        denied=", ".join(f"`{name}`" for name in DENIED),
        exceptions="\n".join(exceptions) or "- none.",
    )
    tables = [
        "\n".join(
            [
                f"\n## {title}\n",
                "| package | licence |",
                "|---|---|",
                *(f"| {k} | {v} |" for k, v in sorted(found.items())),
            ]
        )
        for title, found in rows.items()
    ]
    return head + "\n".join(tables) + "\n"


def parse(text: str) -> Rows:
    """Return the rows of a page."""
    rows: Rows = {}
    title = ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"## (.+)", line):
            title = heading[1]
        elif row := re.fullmatch(r"\| (\S+) \| (.+) \|", line):
            if row[1] == "package":
                rows[title] = {}
            elif title in rows:
                rows[title][row[1]] = row[2]
    return rows


def wanted(sections: list[Section], present: Rows) -> Rows:
    """Return the rows that the page should have: those that were read, and the present ones that could not be."""
    rows: Rows = {}
    for section in sections:
        here = present.get(section.title, {})
        kept = {name: licence for name, licence in here.items() if section.unread or name in section.elsewhere}
        rows[section.title] = kept | _found(section)
    return {title: found for title, found in rows.items() if found}


def differences(sections: list[Section], text: str) -> Differences:
    """Compare a page with what was found.

    A package that nothing here pins may come, go or change its wording with a release of somebody else; that warns.
    """
    present = parse(text)
    problems: list[str] = []
    warnings: list[str] = []
    titles = {section.title for section in sections}
    for section in sections:
        found, here = _found(section), present.get(section.title, {})
        fixed = {package.name for package in section.packages if package.fixed} | section.named
        pinned = all(package.fixed for package in section.packages)
        for name in sorted({*found, *here, *section.named}):
            if name not in found and name not in here:
                problems.append(f"{section.title}: {name} is not in the page, and not installed here to be read")
            elif name not in here:
                (problems if name in fixed else warnings).append(f"{section.title}: {name} ({found[name]}) is new")
            elif name not in found and not section.unread and name not in section.elsewhere:
                (problems if pinned else warnings).append(
                    f"{section.title}: {name} is in the page and not here any more"
                )
            elif name in found and found[name] != here[name]:
                (problems if pinned else warnings).append(f"{section.title}: {name} is {found[name]}, not {here[name]}")
    problems += [f"{title}: nothing of this kind is here any more" for title in present if title not in titles]
    if not problems and render(present) != text:
        problems.append("its text is not what tools/licences/page.py has")
    return Differences(problems, warnings)


def _found(section: Section) -> dict[str, str]:
    """One licence a name: of several versions with several licences all are told."""
    rows: dict[str, set[str]] = {}
    for package in section.packages:
        rows.setdefault(package.name, set()).add(licence_of(package))
    return {name: "; ".join(sorted(licences)) for name, licences in rows.items()}
