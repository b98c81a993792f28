"""What Python loads: `aegis_otel/redaction/_contract.py` and `aegis_otel/_fields.py`, plain data without any YAML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tools.contract.source import Contract

_HEAD: Final = '''"""{about}

Generated from contract/ by `python -m tools.contract`: don't edit it.
"""

from typing import Final
'''
_WIDTH: Final = 118


def rules(contract: Contract) -> str:
    """The rules, words, limits and tables of redaction."""
    words, checks, folding = contract.words, contract.checks, contract.folding
    lines = [_HEAD.format(about="The contract of redaction: rules, words, limits and tables.")]
    lines += _rows(
        "KEYS",
        "kind, names, text, exact, glued, quoted, not_number, min_digits, opaque, value",
        "tuple[str, tuple[str, ...], str, bool, bool, bool, bool, int, bool, str]",
        (
            (
                rule["kind"],
                tuple(rule["names"]),
                rule.get("text", "token"),
                rule.get("exact", False),
                rule.get("glued", True),
                rule.get("quoted", False),
                rule.get("not_number", False),
                rule.get("min_digits", 0),
                rule.get("opaque", False),
                rule.get("value", ""),
            )
            for rule in contract.keys
        ),
    )
    lines += _rows(
        "VALUES",
        "kind, pattern, group, key, check, literals, digits",
        "tuple[str, str, int, int, str, tuple[tuple[str, ...], ...], int]",
        (
            (
                rule["kind"],
                rule["pattern"],
                rule.get("group", 0),
                rule.get("key", 0),
                rule.get("check", ""),
                *contract.required(rule),
            )
            for rule in contract.values
        ),
    )
    for name in (
        *("allow_keys", "neutral", "prose_values", "audit_keys", "audit_who", "audit_who_kinds", "disable", "common"),
        *("strong", "harmless_rest"),
        *("schemes", "line_schemes", "months", "name_fields", "value_fields"),
    ):
        lines += _words(name.upper(), words[name])
    lines.append(f"NOT_SECRET: Final = {contract.not_secret!r}")
    lines.append(f"FHIR_CODES: Final[dict[str, str]] = {words['fhir_codes']!r}")
    name = words["human_name"]
    lines.append(
        f"HUMAN_NAME: Final = ({name['text']!r}, {tuple(name['members'])!r}, {name['kind']!r})  # text, members, kind"
    )
    lines += ["", *(f"{name.upper()}: Final = {value!r}" for name, value in contract.limits.items())]
    lines += ["", *(f"SCREEN_{name.upper()}: Final = {value!r}" for name, value in contract.screen.items())]
    lines += ["", f"CHECK_DIGITS: Final[dict[str, int]] = {checks['digits']!r}"]
    lines += _words("NUMBER_CHECKS", checks["numbers"])
    lines += _rows(
        "ISSUERS",
        "digits of the beginning, least, most; lengths of the number",
        "tuple[int, int, int, frozenset[int]]",
        issuers(contract),
    )
    lines.append(f"NO_AREA: Final = {areas(contract)!r}")
    lines.append(f"ID_LENGTHS: Final = {tuple(checks['id_lengths'])!r}")
    lines += _words("NOT_MAIL_LOCALS", checks["not_mail_locals"])
    lines += _words("NOT_MAIL_DOMAINS", checks["not_mail_domains"])
    lines.append(f"WEIGHTS: Final = {weights(contract)!r}")
    lines.append(
        f"LUHN_HEADS: Final = { {name: (one['head'], one['length']) for name, one in checks['luhn_heads'].items()}!r}"
    )
    lines.append(f"VIN_LETTERS: Final[dict[str, int]] = {vin_letters(contract)!r}")
    lines.append(f"VIN_CHECK, VIN_LEAST_LETTERS = {checks['vin']['check'], checks['vin']['least_letters']!r}")
    lines.append(f"AREA_STARTS: Final = {checks['area_starts']!r}")
    opaque = checks["opaque"]
    lines.append(f"OPAQUE_CHARACTERS: Final = {opaque['characters']!r}")
    lines.append(f"OPAQUE_LEAST: Final = {opaque['least']!r}")
    lines.append(f"OPAQUE_LONG: Final = {opaque['long']!r}")
    lines += ["", f"ENTITIES: Final[dict[str, str]] = {folding['entities']!r}"]
    lines += _rows("DELETED", "first and last code point", "tuple[int, int]", deleted(contract))
    lines += _rows(
        "REPLACED", "first and last code point, what each counts as", "tuple[int, int, str]", replaced(contract)
    )
    lines += _rows(
        "ROWS", "first and last code point, what the first counts as", "tuple[int, int, str]", rows(contract)
    )
    lines.append(f"ALPHABETS: Final = {code_points(folding['alphabets'])!r}")
    lines.append(f"LETTER: Final = {folding['letter']!r}")
    return "\n".join(lines) + "\n"


def fields(contract: Contract) -> str:
    """The names of a record's fields, its levels and what makes it an audit record."""
    record = contract.record
    lines = [_HEAD.format(about="What a record is called: names of fields, levels, the test for audit records.")]
    lines.append(f"RESERVED: Final = {tuple(record['reserved'])!r}")
    lines.append(f"RESERVED_WITH_ERROR: Final = {tuple(record['reserved_with_error'])!r}")
    lines.append(f"CORRELATION_ID: Final = {record['correlation_id']!r}")
    lines.append(f"CODE_FILE, CODE_LINE, CODE_FUNCTION = {tuple(record['code'])!r}")
    lines.append(f"EXTRA_PREFIX: Final = {record['extra_prefix']!r}")
    audit = record["audit"]
    lines.append(f"AUDIT_FIELDS: Final = {(audit['action'], audit['level'])!r}")
    lines.append(f"AUDIT_KEPT: Final = {tuple(audit['kept'])!r}")
    lines.append(f"AUDIT_PREFIX: Final = {audit['message_prefix']!r}")
    lines.append(f"REDACTION_FAILED: Final = {record['redaction_failed']!r}")
    lines += _rows(
        "LEVELS",
        "name, least severity number; the highest first",
        "tuple[str, int]",
        ((level["name"], level["from"]) for level in record["levels"]),
    )
    lines.append(f"DEFAULT_LEVEL: Final = {record['default_level']!r}")
    lines.append(f"SEVERITIES: Final[dict[str, int]] = {record['severities']!r}")
    return "\n".join(lines) + "\n"


def issuers(contract: Contract) -> list[tuple[int, int, int, frozenset[int]]]:
    """Each range of first digits: how many, the least, the most; and the lengths of such a number."""
    found = []
    for issuer in contract.checks["issuers"]:
        for first in issuer["first"]:
            least, _, most = first.partition("-")
            found.append((len(least), int(least), int(most or least), frozenset(issuer["lengths"])))
    return found


def areas(contract: Contract) -> tuple[tuple[str, str], ...]:
    """Ranges of first three digits that no telephone number of North America has."""
    return tuple((text[:3], text[-3:]) for text in contract.checks["no_area"])


def weights(contract: Contract) -> dict[str, tuple[tuple[int, ...], int]]:
    """Of each check digit the weights and the modulus."""
    return {name: (tuple(one["weights"]), one["modulus"]) for name, one in contract.checks["weights"].items()}


def vin_letters(contract: Contract) -> dict[str, int]:
    """The value of each letter of a VIN."""
    rows = contract.checks["vin"]["letters"].items()
    return {letter: int(value) for letters, values in rows for letter, value in zip(letters, values, strict=True)}


def code_points(text: str) -> tuple[int, int]:
    """`2010-2015` or `2212` as the first and the last code point."""
    first, _, last = str(text).partition("-")
    return int(first, 16), int(last or first, 16)


def deleted(contract: Contract) -> list[tuple[int, int]]:
    """Ranges of characters that count as nothing."""
    return [code_points(text) for text in contract.folding["deleted"]]


def replaced(contract: Contract) -> list[tuple[int, int, str]]:
    """Ranges of characters that count as one other."""
    return [(*code_points(text), to) for to, texts in contract.folding["replaced"].items() for text in texts]


def rows(contract: Contract) -> list[tuple[int, int, str]]:
    """Rows of characters that count as others in order; the character is what the first counts as."""
    return [(*code_points(row["from"]), row["to"]) for row in contract.folding["rows"]]


def _rows(name: str, columns: str, kind: str, values: Iterable[Any]) -> list[str]:
    return ["", f"# {columns}", f"{name}: Final[tuple[{kind}, ...]] = (", *(f"    {value!r}," for value in values), ")"]


def _words(name: str, words: Iterable[str]) -> list[str]:
    lines = [f"{name}: Final[tuple[str, ...]] = ("]
    line = "   "
    for word in words:
        if len(line) + len(repr(word)) + 2 > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {word!r},"
    return [*lines, line, ")"]
