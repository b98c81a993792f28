"""Redaction: secrets and health identifiers never leave a record readable.

One rule set (`rules.py`, data) serves two engines: this one, in the process, and the Collector's `aegis_redact`
processor, whose configuration contains the compiled rule set. Both engines follow the text below and pass
tests/redaction/vectors.json.

**Masks.** `[REDACTED:kind]`, or with a hash key `[REDACTED:kind:0123456789abcdef]`: the first 16 hex digits of
HMAC-SHA256(key, kind + ":" + value). The value is in lower case, and everything but a-z and 0-9 is removed. Maps and
lists get no hash. A mask is never masked again.

**Keys.** A key is split into lower-case words at camelCase borders and at every character that is not a letter or
digit. Digits at a word's end and all-digit words at the key's end are dropped. A rule's name matches in three cases:
its words are the key's last words; key and name are equal when glued together; or the glued name has six letters or
more and the glued key ends with it (not with `glued: false`). If nothing matches, one of the `neutral` words at the
end (`hash`, `value`, …) is dropped and the match is tried again, twice at most. `exact` names must be the whole key.
`allow_keys` are never secret. Under a secret key everything is masked, maps and lists as a whole. Not masked are null,
true, false, empty values, `prose_values` and placeholders. With `not_number` or `min_digits`, only values that pass
these tests are masked; in maps and lists the rule then applies to every value that has no other rule. A key
inside another key counts as both, the outer one in the singular: {"patients": [{"name": …}]} is `patient.name`.

**Keys beside values.** {"name": "Authorization", "value": "…"}, ("authorization", "…") as a list of two,
["--password", "…"], and FHIR's identifiers with a system, code or type that names a key.

**Text.** A text that is a JSON object or array is redacted as such and, if anything changed, written again compactly.
In any other text, spans are searched in the text itself, then in its folded form (`fold.py`: fullwidth, zero-width,
percent, JSON and HTML escapes, colours). Spans come from `key=value` and `key: value` forms (priority 0) and from
the value rules in their order. Overlapping spans are united; the one with the lowest number names the kind. A
changed text is searched again, until nothing changes.

**key=value.** From each `=`, `==`, `=>`, `:=`, `:` and ` -> ` leftwards: white space, one parenthesis, one `]`, a
quoted key (up to 64 characters) or a run of [A-Za-z0-9_.-]. If that run is not a secret key, up to three words before
it are added. Rightwards: a quoted value up to its closing quote; a bracket up to the matching one; otherwise a token.
A token ends at white space, or at punctuation before something new (`,` and a key, a quote and the end, …). It
continues after a scheme word such as Bearer. With `text: words`, `date` or `line` it goes further. A rule with `opaque`
does not match prose such as `session: active`. The mask of an unquoted value gets the quotes of its key, so JSON
inside a text stays JSON. `INSERT INTO t (a, password) VALUES (…)` is read column by column.

**Failure.** If a value can't be redacted, it becomes `[REDACTION FAILED]`. Values nested deeper than 32 levels become
`[REDACTED:depth]`, a text over 4 Mi characters `[REDACTED:length]`.
"""

from aegis_otel.redaction.collector import render_collector_yaml, to_collector_config
from aegis_otel.redaction.engine import FAILED, Redactor
from aegis_otel.redaction.load import RuleError, add_rules, load_rules
from aegis_otel.redaction.rules import DEFAULT, KeyRule, RuleSet, ValueRule

__all__ = [
    "DEFAULT",
    "FAILED",
    "KeyRule",
    "Redactor",
    "RuleError",
    "RuleSet",
    "ValueRule",
    "add_rules",
    "load_rules",
    "render_collector_yaml",
    "to_collector_config",
]
