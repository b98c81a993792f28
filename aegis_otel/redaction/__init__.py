"""Redaction: secrets and health identifiers never leave a record readable.

One rule set (`rules.py`, data) and two engines: this one, in the process, and the Collector's `aegis_redact`
processor, which gets the rule set compiled into its configuration. Both follow the text below and both run
tests/redaction/vectors.json.

**Masks.** `[REDACTED:kind]`, or with a hash key `[REDACTED:kind:0123456789abcdef]`: the first 16 hex digits of
HMAC-SHA256(key, kind + ":" + value), the value in lower case with everything but a-z and 0-9 removed. Maps and
lists get no hash. A mask is never masked again.

**Keys.** A key is split into lower-case words at camelCase borders and at everything that is no letter or digit;
digits at a word's end and all-digit words at the key's end are dropped. A rule's name matches if its words are
the key's last words, if key and name are equal when glued together, or if the glued name has six letters or more
and the glued key ends with it (not with `glued: false`). If nothing matches, one of the `neutral` words at the end
(`hash`, `value`, …) is dropped and it is tried again, twice at most. `exact` names must be the whole key.
`allow_keys` are never secret. Under a secret key everything is masked, maps and lists as a whole, but for null, true,
false, empty values, `prose_values` and placeholders. With `not_number` or `min_digits` only such values are, and
maps and lists are gone through with that rule for everything in them that has no rule of its own. A key in a map that
stands under another key counts as both, the outer one in the singular: {"patients": [{"name": …}]} is `patient.name`.

**Keys beside values.** {"name": "Authorization", "value": "…"}, ("authorization", "…") as a list of two,
["--password", "…"], and FHIR's identifiers with a system, code or type that names a key.

**Text.** A text that is a JSON object or array is redacted as such and written again compactly, if anything changed.
Any other: spans are looked for on the text itself, then on its folded form (`fold.py`: fullwidth, zero-width,
percent, JSON and HTML escapes, colours). Spans come from `key=value` and `key: value` forms (priority 0) and from
the value rules in their order; overlapping ones are united, and the one with the lowest number names the kind. A
text that changed is looked at again, until nothing changes.

**key=value.** From each `=`, `==`, `=>`, `:=`, `:` and ` -> ` leftwards: white space, one parenthesis, one `]`, a
quoted key (up to 64 characters) or a run of [A-Za-z0-9_.-]; if that run is no secret key, up to three words before it
are added. Rightwards: a quoted value up to its closing quote; a bracket up to the matching one; else a token, which
ends at white space, or at punctuation after which something else begins (`,` and a key, a quote and the end, …), and
goes on after a scheme word such as Bearer; with `text: words`, `date` or `line` it goes further. A rule with `opaque`
leaves prose such as `session: active` alone. The mask of an unquoted value gets the quotes of its key, so that JSON
in the middle of a text stays JSON. `INSERT INTO t (a, password) VALUES (…)` is read column by column.

**Failure.** What can't be redacted becomes `[REDACTION FAILED]`, what is nested deeper than 32 `[REDACTED:depth]`, a
text over 4 Mi characters `[REDACTED:length]`.
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
