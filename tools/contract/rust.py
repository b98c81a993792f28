"""The constants of the extension, in Rust. The words of the rules come at run time, from the rule set in force."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tools.contract.source import Contract


def constants(contract: Contract) -> str:
    """`native/src/contract.rs`."""
    record, screen = contract.record, contract.screen
    severities = ", ".join(f"({number}, {_text(text)})" for text, number in record["severities"].items())
    lengths = sorted(contract.checks["id_lengths"])
    return "\n".join(
        [
            "//! Names of a record's fields, and what the screen goes by.",
            "//! Generated from contract/ by `python -m tools.contract`: don't edit it.",
            '#![cfg_attr(not(feature = "python"), allow(dead_code))]',
            "",
            f"pub const CODE_KEYS: [&str; 3] = {_texts(record['code'])};",
            f"pub const ERROR_KEYS: [&str; 3] = {_texts(record['reserved_with_error'])};",
            f"pub const CORRELATION: &str = {_text(record['correlation_id'])};",
            "/// Severity numbers that the process writes, with their texts.",
            f"pub const SEVERITIES: [(u8, &str); {len(record['severities'])}] = [{severities}];",
            "",
            "/// A text without any of these has no `key=value` and no disguise.",
            f"pub const ACTIVE: &[u8] = b{_text(screen['active'])};",
            f"pub const BETWEEN_DIGITS: &[u8] = b{_text(screen['between_digits'])};",
            f"pub const NEAR: usize = {screen['near']};",
            f"pub const DIGITS: usize = {screen['digits']};",
            f"pub const HINTED: usize = {screen['hinted']};",
            f"pub const SHORT: usize = {screen['short']};",
            "/// Lengths of hashes and trace ids in hex digits.",
            f"pub const ID_LENGTHS: [usize; {len(lengths)}] = [{', '.join(map(str, lengths))}];",
            "",
        ]
    )


def _text(text: str) -> str:
    return json.dumps(text).replace("\\u001b", "\\x1b")


def _texts(texts: Iterable[str]) -> str:
    return "[" + ", ".join(map(_text, texts)) + "]"
