"""A pipeline as functions: each stage changes a row, or takes the entry out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final

from aegis_otel.stores.logql import _addresses, _ast, _extract, _regex, _template
from aegis_otel.stores.logql._conditions import DETAILS, ERROR, Row, Step, condition
from aegis_otel.stores.logql._template_functions import TemplateError
from aegis_otel.stores.logql._types import Entry, IndexedSource, Source
from aegis_otel.stores.logql._units import parse_bytes, parse_duration, parse_number

_SUFFIX: Final = "_extracted"
_COLOURS: Final = re.compile(
    "[\x1b\x9b][\\[\\]()#;?]*(?:(?:(?:[a-zA-Z\\d]*(?:;[a-zA-Z\\d]*)*)?\x07)"
    "|(?:(?:\\d{1,4}(?:;\\d{0,4})*)?[\\dA-PRZcf-ntqry=><~]))"
)
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9._:-]+")
"""Values that stand in JSON as they are."""
_LOOKING: Final = (
    _ast.LineFilter,
    _ast.Json,
    _ast.StringCondition,
    _ast.NumberCondition,
    _ast.IpCondition,
    _ast.Junction,
)
"""Stages whose labels stand in the line as it is stored."""
_CONVERSIONS: Final[dict[str, Callable[[str], float]]] = {
    "": parse_number,
    "bytes": parse_bytes,
    "duration": lambda text: parse_duration(text, days=False) / 1e9,
}


class Pipeline:
    """The stages of a log query, ready to run.

    Args:
        stages: the stages.
        read: the labels that are looked at behind the last stage; None for all.
    """

    def __init__(self, stages: Sequence[_ast.Stage], read: Collection[str] | None = None) -> None:
        names = None if read is None else _names(stages, read)
        self._steps = [_step(stage, names) for stage in stages]

    def run(self, entry: Entry) -> Row | None:
        """The entry behind the last stage; None where a stage took it out."""
        row = Row(entry, entry.line, {**entry.metadata, **entry.labels})
        for step in self._steps:
            if not step(row):
                return None
        return row


class Unwrapped:
    """The value that ``| unwrap`` takes from a row, and the filters behind it."""

    def __init__(self, unwrap: _ast.Unwrap) -> None:
        self.label = unwrap.label
        self._convert = _CONVERSIONS[unwrap.conversion]
        self._conditions = [condition(part) for part in unwrap.conditions]

    def value(self, row: Row) -> float | None:
        """The value; None where the entry has none, or was filtered out. 0 with an error where it is no number."""
        text = row.labels.get(self.label, "")
        if not text:
            return None
        try:
            value = self._convert(text)
        except ValueError as error:
            row.fail("SampleExtractionErr", str(error))
            value = 0.0
        return value if all(step(row) for step in self._conditions) else None


def needles(source: Source, stages: Sequence[_ast.Stage]) -> list[bytes]:
    """What the stored line of each entry that stays surely contains.

    That are the texts of ``|=`` before a stage that changes the line; and, where labels stand in the line, the plain
    values that labels must have before a stage that makes new ones.
    """
    found = []
    in_line = isinstance(source, IndexedSource)
    for stage in stages:
        if isinstance(stage, _ast.StringCondition) and in_line:
            matcher = stage.matcher
            if matcher.op == "=" and _PLAIN_VALUE.fullmatch(matcher.value) and matcher.name not in (ERROR, DETAILS):
                found.append(matcher.value.encode())
        elif not isinstance(stage, _LOOKING):
            break
        elif isinstance(stage, _ast.LineFilter) and stage.op == "|=" and len(stage.alternatives) == 1:
            is_ip, text = stage.alternatives[0]
            if not is_ip and text:
                found.append(text.encode("utf-8", "surrogatepass"))
    return found


def _names(stages: Sequence[_ast.Stage], read: Collection[str]) -> frozenset[str] | None:
    """The names that a parser need set, as no other one is looked at; None for all."""
    names = set(read)
    waiting = list(stages)
    while waiting:
        stage = waiting.pop()
        if isinstance(stage, _ast.Junction):
            waiting += (stage.left, stage.right)
        elif isinstance(stage, _ast.StringCondition):
            names.add(stage.matcher.name)
        elif isinstance(stage, (_ast.NumberCondition, _ast.IpCondition)):
            names.add(stage.name)
        elif not isinstance(stage, (_ast.LineFilter, _ast.Json)):
            return None
    return frozenset(names | {name.removesuffix(_SUFFIX) for name in names})


def _step(stage: _ast.Stage, names: frozenset[str] | None) -> Step:
    if isinstance(stage, _ast.LineFilter):
        return _line_filter(stage)
    if isinstance(stage, _ast.Json):
        extract = _extract.json_fields(stage.fields) if stage.fields else _extract.json_members(names)
        return _parser(extract, "JSONParserErr")
    if isinstance(stage, _ast.Logfmt):
        return _parser(_logfmt(stage), "LogfmtParserErr")
    if isinstance(stage, _ast.Pattern):
        return _parser(_extract.pattern(stage.pattern), "PatternParserErr")
    if isinstance(stage, _ast.Regexp):
        return _parser(_extract.regexp(stage.pattern), "RegexpParserErr")
    if isinstance(stage, _ast.Unpack):
        return _unpack
    if isinstance(stage, _ast.Decolorize):
        return _decolorize
    if isinstance(stage, _ast.LineFormat):
        return _line_format(stage)
    if isinstance(stage, _ast.LabelFormat):
        return _label_format(stage)
    if isinstance(stage, _ast.SelectLabels):
        return _keep(stage.items) if stage.keep else _drop(stage.items)
    return condition(stage)


def _line_filter(stage: _ast.LineFilter) -> Step:
    wanted = stage.op[0] == "|"
    tests = [_line_test(stage.op, is_ip, text) for is_ip, text in stage.alternatives]
    if len(tests) == 1:
        [test] = tests
        return lambda row: test(row.line) == wanted
    return lambda row: any(test(row.line) for test in tests) == wanted


def _line_test(op: str, is_ip: bool, text: str) -> Callable[[str], bool]:
    if is_ip:
        contains = _addresses.parse(text)
        return lambda line: _addresses.in_line(contains, line)
    if op in ("|~", "!~"):
        search = _regex.within(text)
        return lambda line: bool(search(line))
    if op in ("|>", "!>"):
        return _extract.line_pattern(text)
    return lambda line: text in line


def _parser(extract: _extract.Extractor, error: str) -> Step:
    def step(row: Row) -> bool:
        try:
            pairs = extract(row.line)
        except _extract.ParseError as failure:
            row.fail(error, str(failure))
            return True
        if pairs:
            _set_extracted(row, pairs)
        return True

    return step


def _set_extracted(row: Row, pairs: _extract.Pairs) -> None:
    labels, streams, metadata = row.labels, row.entry.labels, row.entry.metadata
    extracted = row.extracted = row.extracted or set()
    for name, value in pairs:
        if name in streams or name in metadata:
            name += _SUFFIX
        # Of a name that comes twice, Loki keeps the first value.
        if name not in extracted:
            extracted.add(name)
            labels[name] = value


def _logfmt(stage: _ast.Logfmt) -> _extract.Extractor:
    if not stage.fields:

        def every(line: str) -> _extract.Pairs:
            pairs = _extract.logfmt_pairs(line, strict=stage.strict)
            return [(_extract.sanitized(key), value) for key, value in pairs if value or stage.keep_empty]

        return every

    def some(line: str) -> _extract.Pairs:
        values: dict[str, str] = {}
        for key, value in _extract.logfmt_pairs(line, strict=stage.strict):
            values.setdefault(key, value)
        return [(label, values.get(key, "")) for label, key in stage.fields]

    return some


def _unpack(row: Row) -> bool:
    try:
        pairs = _extract.packed(row.line)
    except _extract.ParseError as failure:
        row.fail("JSONParserErr", str(failure))
        return True
    row.line = next((value for name, value in reversed(pairs) if name == "_entry"), row.line)
    _set_extracted(row, [pair for pair in pairs if pair[0] != "_entry"])
    return True


def _decolorize(row: Row) -> bool:
    row.line = _COLOURS.sub("", row.line)
    return True


def _line_format(stage: _ast.LineFormat) -> Step:
    template = _template.parse(stage.template)

    def step(row: Row) -> bool:
        try:
            row.line = template.render(row.labels, row.line, row.entry.time_ns)
        except TemplateError as error:
            row.fail("TemplateFormatErr", str(error))
        return True

    return step


def _label_format(stage: _ast.LabelFormat) -> Step:
    items = [(name, _template.parse(text) if is_template else text) for name, is_template, text in stage.items]

    def step(row: Row) -> bool:
        labels = row.labels
        for name, source in items:
            if isinstance(source, str):
                if source in labels:
                    labels[name] = labels.pop(source)
                continue
            try:
                labels[name] = source.render(labels, row.line, row.entry.time_ns)
            except TemplateError as error:
                row.fail("TemplateFormatErr", str(error))
        return True

    return step


def _drop(items: Sequence[str | _ast.Matcher]) -> Step:
    def step(row: Row) -> bool:
        labels = row.labels
        for item in items:
            if isinstance(item, str):
                labels.pop(item, None)
            elif item.matches(labels.get(item.name, "")):
                labels.pop(item.name, None)
        return True

    return step


def _keep(items: Sequence[str | _ast.Matcher]) -> Step:
    def step(row: Row) -> bool:
        kept: dict[str, str] = {name: row.labels[name] for name in (ERROR, DETAILS) if name in row.labels}
        for item in items:
            name = item if isinstance(item, str) else item.name
            value = row.labels.get(name)
            if value is not None and (isinstance(item, str) or item.matches(value)):
                kept[name] = value
        row.labels = kept
        return True

    return step
