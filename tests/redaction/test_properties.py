"""What holds for any input: never an exception, nothing done twice, the same shape, no secret left."""

from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_otel.redaction import Redactor
from tests.redaction.corpus import KEYS
from tests.redaction.keys import kind_of_key
from tests.redaction.oracle import oracle
from tests.support.examples import examples

REDACTOR = Redactor()
ORACLE = oracle()
HASHING = Redactor(hash_key="a key")

WORDS = st.one_of(
    st.sampled_from(["password", "token: ", "ssn ", "MRN ", "dob ", "cookie", "Bearer ", "Basic ", "PID|", "\\u003d"]),
    st.sampled_from(["=", ": ", '"', "'", "\\", "{", "}", "[", "]", "(", ")", ",", ";", "&", "<", ">", "</", "|", " "]),
    st.sampled_from(["123-45-6789", "4111111111111111", "jane@example.com", "[REDACTED:ssn]", "\x01", "x", "7", "\n"]),
    st.sampled_from(["%3D", "%25", "&quot;", "\u200b", "：", "://u:", "@h", "é", "١", "\ud800", "\x00"]),
    st.sampled_from(["-----BEGIN PRIVATE KEY-----", "INSERT INTO t (a, password) VALUES ("]),
)
TEXTS = st.one_of(st.lists(WORDS, max_size=14).map("".join), st.text(max_size=60))
KEY_NAMES = st.one_of(st.sampled_from(sorted(key for keys in KEYS.values() for key in keys)), TEXTS)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.binary(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEY_NAMES, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=examples(600), deadline=None, derandomize=True)
@given(TEXTS)
def test_redacting_a_text_twice_changes_nothing_more(text: str) -> None:
    for redactor in (REDACTOR, HASHING):
        once = redactor.redact_text(text)
        assert redactor.redact_text(once) == once


@settings(max_examples=examples(400), deadline=None, derandomize=True)
@given(st.dictionaries(KEY_NAMES, VALUES, max_size=5))
def test_redacting_a_record_twice_changes_nothing_more(record: dict[str, Any]) -> None:
    once = REDACTOR.redact_mapping(record)
    assert repr(REDACTOR.redact_mapping(once)) == repr(once)


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@given(st.dictionaries(KEY_NAMES, VALUES, max_size=5))
def test_maps_and_lists_keep_their_shape(record: dict[str, Any]) -> None:
    def same_shape(old: Any, new: Any) -> bool:
        if isinstance(new, str):
            return True
        if isinstance(old, dict):
            return isinstance(new, dict) and len(old) == len(new) and all(map(same_shape, old.values(), new.values()))
        if isinstance(old, list):
            return isinstance(new, list) and len(old) == len(new) and all(map(same_shape, old, new))
        return new is old

    assert same_shape(record, REDACTOR.redact_mapping(record))


HEX = st.text("0123456789" * 3 + "af")
IDS = st.one_of(
    st.tuples(*(HEX.map(lambda text, n=n: (text * n + "4" * n)[:n]) for n in (8, 4, 4, 4, 12))).map("-".join),
    st.tuples(st.sampled_from([31, 32, 33, 40, 64]), HEX).map(lambda drawn: (drawn[1] * 64 + "1" * 64)[: drawn[0]]),
    st.sampled_from(
        ["4111111111111111" + "a" * 16, "a" * 16 + "4111111111111111", "aaaaaaaa-4111-1111-1111-1111aaaaaaaa"]
    ),
)
BESIDE_IDS = st.lists(
    st.one_of(
        IDS,
        IDS.map(str.upper),
        st.text("0123456789 ().-/_xaF", max_size=8),
        st.sampled_from(["call ", "fax ", "+", " 4111 1111 1111 1111", "id=", "/"]),
        # Half of a card number is an end of the id.
        st.sampled_from(
            ["aaaaaaaa-bbbb-cccc-dddd-eeee41111111 11111111", "41111111 11111111-bbbb-cccc-dddd-eeeeeeeeeeee"]
        ),
    ),
    max_size=5,
).map("".join)


@settings(max_examples=examples(1_500), deadline=None, derandomize=True)
@given(BESIDE_IDS)
def test_what_a_quick_look_finds_clean_beside_ids_is_left_alone_by_all_rules(text: str) -> None:
    assert not REDACTOR._text.is_clean(text) or ORACLE.redact_text(text) == text


SECRETS = st.text("GJQVXZ" + string.digits, min_size=12, max_size=24).map(lambda text: f"Zq7{text}9xK")
FORMS = st.sampled_from(
    [
        "{key}={secret}",
        "a {key}: {secret} b",
        "{{'{key}': '{secret}'}}",
        '{{"a": 1, "{key}": "{secret}", "b": 2}}',
        "f({key}='{secret}', x=1)",
        "?a=1&{key}={secret}&b=2",
        "<{key}>{secret}</{key}>",
        "[('{key}', '{secret}')]",
        '{{\\"{key}\\": \\"{secret}\\"}}',
        "{key} = {secret}; done",
        "export {key}='{secret}'",
    ]
)


@settings(max_examples=examples(500), deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted({key for kind in ("password", "secret", "token", "api_key") for key in KEYS[kind]})),
    SECRETS,
    FORMS,
)
def test_a_secret_under_its_key_leaves_nothing_behind(key: str, secret: str, form: str) -> None:
    output = REDACTOR.redact_text(form.format(key=key, secret=secret)).replace(key, "")
    assert not any(secret[start : start + 5] in output for start in range(len(secret) - 4))


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@given(st.sampled_from(["pass word", "api key", "date of birth", "client secret", "medical record number"]), st.data())
def test_a_key_is_known_in_every_notation(name: str, data: st.DataObject) -> None:
    words = name.split()
    style = data.draw(st.sampled_from(["snake", "kebab", "camel", "Pascal", "UPPER", "dotted", "spaced"]))
    key = {
        "snake": "_".join(words),
        "kebab": "-".join(words),
        "camel": words[0] + "".join(word.title() for word in words[1:]),
        "Pascal": "".join(word.title() for word in words),
        "UPPER": "_".join(words).upper(),
        "dotted": ".".join(words),
        "spaced": name,
    }[style]
    if name == "pass word":
        key = key.replace("_", "").replace("-", "").replace(".", "").replace(" ", "").replace("W", "w")
    prefix = data.draw(st.sampled_from(["", "user_", "db.", "X-"]))
    assert kind_of_key(REDACTOR, prefix + key)


@settings(max_examples=examples(200), deadline=None, derandomize=True)
@given(VALUES)
def test_a_json_message_stays_json(value: Any) -> None:
    text = json.dumps({"event": "x", "value": value}, default=repr, allow_nan=False) if _finite(value) else "{}"
    json.loads(REDACTOR.redact_text(text))


def _finite(value: Any) -> bool:
    try:
        json.dumps(value, default=repr, allow_nan=False)
    except ValueError:
        return False
    return True
