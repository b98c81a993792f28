"""The command: see the package's docstring."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

try:
    from . import crates, gomodules, manifests, npm, page, wheels
    from .inventory import ROOT, Section, UnreadableError
    from .rules import refusal
except ModuleNotFoundError as error:
    sys.exit(f"error: {error}; run make lint once, then .venv/bin/python -m tools.licences")

_REFUSED = """
What to do: take the package out, or one with an allowed licence in its place. If a licence was only read wrongly, teach
tools/licences/texts.py its text, or write the package into EXCEPTIONS in tools/licences/rules.py with the reason."""
_WRITE = ".venv/bin/python -m tools.licences write"
_OLD = f"\ndocs/licences.md is out of date; refresh it: {_WRITE}"
_NEWS = f"\nReleases or platforms of others differ from docs/licences.md; to take that over: {_WRITE}"


def read(root: Path) -> tuple[list[Section], list[str]]:
    """Read everything; return the sections, and why some cannot be read."""
    sections: list[Section] = []
    problems: list[str] = []
    readers: tuple[Callable[[Path], list[Section]], ...] = (
        wheels.sections,
        gomodules.sections,
        lambda root: [crates.section(root)],
        lambda root: [npm.section(root)],
        lambda root: [wheels.fetched(root, gomodules.TOOLCHAIN)],
    )
    for reader in readers:
        try:
            sections += reader(root)
        except UnreadableError as error:
            problems.append(str(error))
    return sections, problems


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Run the command; return its exit status."""
    if arguments not in ([], ["check"], ["write"]):
        print("usage: python -m tools.licences [check | write]", file=sys.stderr)
        return 2
    sections, unreadable = read(root)
    refused = manifests.refusals(root)
    refused += [why for one in sections for package in one.packages if (why := refusal(package, one.key))]
    for section in sections:
        if section.unread:
            print(f"licences: {section.title}: {section.unread}; not read")
    for problem in (*unreadable, *refused):
        print(f"error: {problem}", file=sys.stderr)
    if refused:
        print(_REFUSED, file=sys.stderr)
    if unreadable or refused:
        return 1
    file = root / "docs" / "licences.md"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if arguments == ["write"]:
        file.write_text(page.render(page.wanted(sections, page.parse(text))), encoding="utf-8")
        print(f"licences: wrote {file.relative_to(root)}")
        return 0
    found = page.differences(sections, text)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for problem in found.problems:
        print(f"error: docs/licences.md: {problem}", file=sys.stderr)
    if found.problems or found.warnings:
        print(_OLD if found.problems else _NEWS, file=sys.stderr)
    count = sum(len(section.packages) for section in sections)
    print(f"licences: {count} packages read, {'not all is well' if found.problems else 'all allowed'}")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
