"""The tables of the Collector's components, in Go: of redaction, and of records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from tools.contract import python
from tools.contract.source import Contract

_HEAD: Final = """\
// Code generated from contract/ by `python -m tools.contract`. DO NOT EDIT.

// Package {package} {about}
package {package}
"""


def redaction(contract: Contract) -> str:
    """The limits, words and tables of redaction that redact.yaml does not carry."""
    words, checks, folding = contract.words, contract.checks, contract.folding
    limits = {name: value for name, value in contract.limits.items() if name != "largest_number"}
    name = words["human_name"]
    areas = ", ".join(f"{{{_quoted(first)}, {_quoted(last)}}}" for first, last in python.areas(contract))
    first, last = python.code_points(folding["alphabets"])
    lines = [
        _HEAD.format(
            package="contract", about="holds the limits, words and tables that all engines of redaction share."
        ),
        "// Limits, as contract/redaction/limits.yaml explains them.",
        *(f"const {_camel(limit)} = {value}" for limit, value in limits.items()),
        f"const LargestNumber float64 = {float(contract.limits['largest_number']):.0e}".replace("+", ""),
        "",
        "// Words.",
        *(
            f"var {_camel(one)} = {_strings(words[one])}"
            for one in (
                "schemes",
                "line_schemes",
                "months",
                "name_fields",
                "value_fields",
                "common",
                "audit_who_kinds",
                "strong",
                "harmless_rest",
            )
        ),
        f"var FHIRCodes = {_map(words['fhir_codes'])}",
        f"var HumanNameMembers = {_strings(name['members'])}",
        "",
        "// FHIR's HumanName: the member that is a name next to one of HumanNameMembers, and its kind.",
        f"const HumanNameText = {_quoted(name['text'])}",
        f"const HumanNameKind = {_quoted(name['kind'])}",
        "",
        "// Issuer is a range of first digits of cards, all of one length, and how many digits such a card has.",
        "type Issuer struct {",
        "\tDigits, Least, Most int",
        "\tLengths             []int",
        "}",
        "",
        "// What the checks know.",
        "var Issuers = []Issuer{",
        *(
            f"\t{{{digits}, {least}, {most}, []int{{{', '.join(map(str, sorted(lengths)))}}}}},"
            for digits, least, most, lengths in python.issuers(contract)
        ),
        "}",
        "",
        "// NoArea are ranges of three digits that no area has.",
        f"var NoArea = [][2]string{{{areas}}}",
        f"var IDLengths = []int{{{', '.join(map(str, checks['id_lengths']))}}}",
        f"var NumberChecks = {_strings(checks['numbers'])}",
        f"var NotMailLocals = {_strings(checks['not_mail_locals'])}",
        f"var NotMailDomains = {_strings(checks['not_mail_domains'])}",
        "",
        "// CheckWeights: the weighted sum of a number's digits is a multiple of the modulus.",
        "var CheckWeights = map[string]struct {",
        "\tWeights []int",
        "\tModulus int",
        "}{",
        *(
            f"\t{_quoted(name)}: {{[]int{{{', '.join(map(str, one))}}}, {modulus}}},"
            for name, (one, modulus) in python.weights(contract).items()
        ),
        "}",
        "",
        "// LuhnHeads: the digits with a head before them pass Luhn's test; how many there are.",
        "var LuhnHeads = map[string]struct {",
        "\tHead   string",
        "\tLength int",
        "}{",
        *(
            f"\t{_quoted(name)}: {{{_quoted(one['head'])}, {one['length']}}},"
            for name, one in checks["luhn_heads"].items()
        ),
        "}",
        "",
        "// Letters of a VIN with their values, the place of its check digit, and the letters that it has at least.",
        "var VINLetters = map[byte]int{"
        + ", ".join(f"'{letter}': {value}" for letter, value in python.vin_letters(contract).items())
        + "}",
        f"const VINCheck, VINLeastLetters = {checks['vin']['check']}, {checks['vin']['least_letters']}",
        "",
        "// AreaStarts begin the area of a North American telephone number.",
        f"const AreaStarts = {_quoted(checks['area_starts'])}",
        "",
        "// BetweenDigits may stand between the digits of a number.",
        f"const BetweenDigits = {_quoted(contract.screen['between_digits'])}",
        "",
        "// ScreenShort: a name of so many letters counts only at the end of a word.",
        f"const ScreenShort = {contract.screen['short']}",
        "",
        "// What makes a text opaque.",
        f"const OpaqueCharacters = {_quoted(checks['opaque']['characters'])}",
        f"const OpaqueLeast = {checks['opaque']['least']}",
        f"const OpaqueLong = {checks['opaque']['long']}",
        f"const LongestID = {max(checks['id_lengths'])}",
        "",
        "// Characters are a range of code points and what they count as; see contract/redaction/folding.yaml.",
        "type Characters struct {",
        "\tFirst, Last rune",
        "\tTo          string",
        "}",
        "",
        "// Folding.",
        f"var Entities = {_map(folding['entities'])}",
        "",
        "var Deleted = []Characters{",
        *(f"\t{{0x{start:X}, 0x{end:X}, {_quoted('')}}}," for start, end in python.deleted(contract)),
        "}",
        "",
        "var Replaced = []Characters{",
        *(f"\t{{0x{start:X}, 0x{end:X}, {_quoted(to)}}}," for start, end, to in python.replaced(contract)),
        "}",
        "",
        "var Rows = []Characters{",
        *(f"\t{{0x{start:X}, 0x{end:X}, {_quoted(to)}}}," for start, end, to in python.rows(contract)),
        "}",
        "",
        "// The mathematical letters, and what every other letter counts as.",
        f"const FirstAlphabet, LastAlphabet = rune(0x{first:X}), rune(0x{last:X})",
        f"const Letter = {_quoted(folding['letter'])}",
    ]
    return "\n".join(lines) + "\n"


def record(contract: Contract) -> str:
    """The names of a record's fields, its levels and what makes it an audit record."""
    record, audit = contract.record, contract.record["audit"]
    lines = [
        _HEAD.format(package="names", about="holds the names of a record's fields, and its levels."),
        "// Names of fields, and values that they have.",
        f"const AuditAction = {_quoted(audit['action'])}",
        f"const AuditHash = {_quoted(audit['hash'])}",
        f"const ComplianceLevel = {_quoted(audit['level'])}",
        f"const DefaultComplianceLevel = {_quoted(audit['default_level'])}",
        f"const AuditPrefix = {_quoted(audit['message_prefix'])}",
        f"const CorrelationID = {_quoted(record['correlation_id'])}",
        f"const RedactionFailure = {_quoted(record['redaction_failure'])}",
        f"const RedactionFailed = {_quoted(record['redaction_failed'])}",
        f"const ServiceName = {_quoted(record['resource']['service_name'])}",
        f"const UnknownService = {_quoted(record['unknown_service'])}",
        f"const ExtraPrefix = {_quoted(record['extra_prefix'])}",
        *(
            f"const {name} = {_quoted(value)}"
            for name, value in zip(("ErrorName", "ErrorMessage", "Error"), record["reserved_with_error"], strict=True)
        ),
        *(
            f"const Exception{name} = {_quoted(value)}"
            for name, value in zip(("Type", "Message", "Stack"), record["exception"], strict=True)
        ),
        *(f"const Level{level['name'].title()} = {_quoted(level['name'])}" for level in record["levels"]),
        f"const DefaultLevel = {_quoted(record['default_level'])}",
        "",
        "// Lists of names.",
        f"var Reserved = {_strings(name for name in record['reserved'] if name != record['correlation_id'])}",
        f"var Messages = {_strings(record['message_fields'])}",
        f"var Environments = {_strings(record['resource']['environment'])}",
        "",
        "// Level is one of a record's levels: its least severity number, and severity texts that mean it.",
        "type Level struct {",
        "\tName  string",
        "\tFrom  int32",
        "\tTexts []string",
        "}",
        "",
        "// Levels are all levels, the highest first.",
        "var Levels = []Level{",
        *(
            f"\t{{{_quoted(level['name'])}, {level['from']}, {_strings(level['texts'])}}},"
            for level in record["levels"]
        ),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_")).replace("Url", "URL")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _strings(texts: Iterable[Any]) -> str:
    return "[]string{" + ", ".join(_quoted(text) for text in texts) + "}"


def _map(texts: dict[str, str]) -> str:
    return "map[string]string{" + ", ".join(f"{_quoted(key)}: {_quoted(value)}" for key, value in texts.items()) + "}"
