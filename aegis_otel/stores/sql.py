"""SQL on the embedded store: its files as the view `stream`, read by DuckDB (the `sql` extra).

Columns are given, never guessed: AegisX's fields have their types, every other field that a query names is text.
A query can only read, and nothing but the store's files.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aegis_otel.stores._columns import DOTTED, FIELDS, LOWER, WHOLE, as_values, further, literal, plain, typed
from aegis_otel.stores._segments import Segment, require, same_files, segments
from aegis_otel.stores._seqsql import Rewritten, SqlError, name_of, quoted, rewrite, tokens
from aegis_otel.stores.errors import StoreError

if TYPE_CHECKING:
    import duckdb

__all__ = ["FIELDS", "Answer", "SqlError", "run"]

_MEMORY: Final = "240MiB"
_THREADS: Final = 2
_MOST_ROWS: Final = 2**62
_LONGEST_LINE: Final = 16 << 20
_MOST_FIELDS: Final = 500
"""How many further fields a query may name, and `select *` shows."""
_SURVEYED: Final = 512 << 20
"""The newest so many bytes are looked through for further fields and for lines that are no records."""
_MAIN: Final = ("timestamp", "level", "message", "service")
"""A line with none of these is no record."""
_NAMES: Final = ("word", "quoted")
_BEFORE, _AFTER = "FROM (\n", "\n)"


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    Attributes:
        columns: the names.
        rows: a value for each column: None, bool, int, float, str, or what JSON has (where a column is JSON).
        more: whether there are more rows than were asked for.
        records: whether the query asked for whole records (``select *``).
        skipped: how many lines (of the newest 512 MiB) are no records.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool = False
    records: bool = False
    skipped: int = 0


def run(folder: Path, text: str, limit: int = 500) -> Answer:
    """Run a query over the store in `folder`; at most `limit` rows come back.

    Raises:
        SqlError: the query is refused or wrong; the text shows the place.
        StoreError: there is no store, it cannot be read, or DuckDB is not installed.
    """
    try:
        import duckdb
    except ModuleNotFoundError:
        raise StoreError("SQL needs DuckDB, which is not installed; pip install 'aegis-otel[sql]'") from None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SqlError("the query is no UTF-8 text", text, error.start) from None
    limit = min(limit, _MOST_ROWS)
    require(folder)
    while True:
        files = segments(folder)
        try:
            answer = _Session(duckdb, files, text).answer(limit)
        except duckdb.Error as error:
            if isinstance(error, duckdb.IOException) and not same_files(files, segments(folder)):
                continue
            raise StoreError(f"the store in {folder} cannot be read: {_parts(error)[0]}") from error
        if same_files(files, segments(folder)):
            return answer


@dataclass
class _Session:
    """One run of one query, on a database of its own in memory."""

    duckdb: Any
    files: list[Segment]
    text: str
    extra: dict[str, str] = field(default_factory=dict)
    """Further columns that the query names: the name in lower case, and as it is written."""
    unnamed: set[str] = field(default_factory=set)
    """Those of them that only ``*`` stands for: they keep their JSON type."""
    objects: set[str] = field(default_factory=lambda: {"error", "metadata"})
    database: duckdb.DuckDBPyConnection = field(init=False)

    def __post_init__(self) -> None:
        self.database = self.duckdb.connect(
            ":memory:",
            config={
                "memory_limit": _MEMORY,
                "threads": _THREADS,
                "temp_directory": "",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "python_enable_replacements": False,
                "errors_as_json": True,
            },
        )

    def answer(self, limit: int) -> Answer:
        """Run it. Ctrl-C ends it: DuckDB does not hear signals, so it works in another thread."""
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(self._run, limit)
            try:
                return answer.result()
            except KeyboardInterrupt:
                while not answer.done():
                    with contextlib.suppress(self.duckdb.Error):  # it may be closed by now
                        self.database.interrupt()
                    wait([answer], 0.05)
                raise

    def _run(self, limit: int) -> Answer:
        try:
            self.database.execute("SET TimeZone = 'UTC'")
            # Where `__main__` is no file, DuckDB takes stdout for a person's and draws on it after two seconds.
            self.database.execute("SET enable_progress_bar = false")
            self.database.execute("CREATE MACRO to_iso_string(t) AS strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ')")
            self.database.execute(f"SET allowed_paths = {_list(str(file.path) for file in self.files)}")
            self.database.execute("SET enable_external_access = false")
            self.database.execute("SET lock_configuration = true")
            return self._answer(limit)
        finally:
            self.database.close()

    def _answer(self, limit: int) -> Answer:
        self._only_reads()
        whole = _asks_for_records(self.text)
        columns = self._bound()
        if whole:
            for key in self._keys():
                if key.lower() not in self.extra and key.lower() not in LOWER:
                    self.extra[key.lower()] = key
                    self.unnamed.add(key)
            columns = self._bound()
        shown, is_json = as_values(columns)
        names = ", ".join(f"c{index}" for index in range(len(columns)))
        query = self._query() + f" AS result({names})\n"
        rows = self._execute(f"SELECT {shown} {query} LIMIT {limit + 1}")
        answer = [tuple(plain(value, is_json[i]) for i, value in enumerate(row)) for row in rows[:limit]]
        return Answer(
            tuple(name for name, _ in columns), answer, len(rows) > limit, records=whole, skipped=self._skipped()
        )

    def _only_reads(self) -> None:
        try:
            statements = self.database.extract_statements(self._rewritten().text)
        except self.duckdb.Error as error:
            raise self._told(error, 0) from error
        select = self.duckdb.StatementType.SELECT
        if len(statements) != 1:
            raise SqlError("a query is one statement" if statements else "the query is empty: begin with select")
        if statements[0].type != select:
            word = next((token for token in tokens(self.text) if token.kind != "space"), None)
            raise SqlError(
                f"{word.text.upper() if word else 'this'} is refused: a query can only read (select …)",
                self.text,
                word.start if word else None,
            )

    def _bound(self) -> list[tuple[str, str]]:
        """The names and types of the result. A field that the view lacks is added, for the query names it."""
        while True:
            self._make_view()
            try:
                described = self.database.execute(f"DESCRIBE {self._query()}").fetchall()
            except self.duckdb.BinderException as error:
                if not self._add(error):
                    raise self._told(error, len("DESCRIBE " + _BEFORE)) from error
            except self.duckdb.IOException:
                raise
            except self.duckdb.Error as error:
                raise self._told(error, len("DESCRIBE " + _BEFORE)) from error
            else:
                return [(row[0], row[1]) for row in described]

    def _add(self, error: Exception) -> bool:
        """Whether the query names a field that was not in the view until now."""
        message, _ = _parts(error)
        if len(self.extra) >= _MOST_FIELDS:
            return False
        column = re.search(r'Referenced column "(.+?)" not found|does not have a column named "(.+?)"', message)
        table = re.search(r'Referenced table "([^".]+)', message)
        named = {name_of(token).lower(): name_of(token) for token in tokens(self.text) if token.kind in _NAMES}
        if column is not None:
            name = (column[1] or column[2]).replace('""', '"')
            if name.lower() in self.extra:
                return False
            self.extra[name.lower()] = name
            return True
        if table is not None and table[1].lower() in named and table[1].lower() not in self.objects:
            self.objects.add(table[1].lower())
            return True
        return False

    def _make_view(self) -> None:
        names = list(FIELDS)
        columns = [typed(name, kind) for name, kind in FIELDS.items()]
        source = f"SELECT {', '.join(columns)}"
        for name in self.extra.values():
            expression, used = further(name)
            names += [each for each in used if each not in names]
            source += f", {expression} AS {quoted(name)}"
        lines = self._lines(names, [str(file.path) for file in self.files], whole=WHOLE in self.extra)
        main = ", ".join(f"r.{quoted(name)}" for name in _MAIN)
        self.database.execute(
            f"CREATE OR REPLACE VIEW stream AS {source} FROM {lines} WHERE coalesce({main}) IS NOT NULL"
        )

    def _lines(self, names: Sequence[str], paths: Sequence[str], *, whole: bool = False) -> str:
        """The lines of the files as rows `r` of texts; with the whole line in `line` too, where that is needed."""
        if not paths:
            nothing = ", ".join(f"NULL::VARCHAR AS {quoted(name)}" for name in names)
            return f"(SELECT {nothing}, NULL::VARCHAR AS line WHERE false) AS r"
        kinds = {name: "JSON" if name in self.unnamed else "VARCHAR" for name in names}
        options = f"{_list(paths)}, ignore_errors = true, maximum_object_size = {_LONGEST_LINE}"
        # Before 2.0 `read_json` loses the record after a line that is no JSON.
        if whole or int(self.duckdb.__version__.partition(".")[0]) < 2:
            shape = literal(json.dumps(kinds))
            return (
                f"(SELECT json AS line, unnest(json_transform(json, {shape})) FROM read_ndjson_objects({options})) AS r"
            )
        columns = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in kinds.items())
        return f"read_json({options}, format = 'newline_delimited', columns = {{{columns}}}) AS r"

    def _rewritten(self) -> Rewritten:
        texts = {name.lower() for name, kind in FIELDS.items() if kind == "VARCHAR"}
        return rewrite(self.text, texts | set(self.extra) | DOTTED, self.objects)

    def _query(self) -> str:
        # One statement of SELECT, as `_only_reads` has seen: it cannot leave the parentheses.
        text = self._rewritten().text
        for token in reversed(tokens(text)):
            if token.text == ";":
                text = text[: token.start] + " " + text[token.start + 1 :]
            elif token.kind != "space":
                break
        return _BEFORE + text + _AFTER

    def _keys(self) -> list[str]:
        files = _list(self._newest())
        if files == "[]":
            return []
        found = self._execute(
            f"SELECT DISTINCT unnest(json_keys(json)) FROM read_ndjson_objects({files}, ignore_errors = true,"
            f" maximum_object_size = {_LONGEST_LINE}) WHERE json_type(json) = 'OBJECT' LIMIT {_MOST_FIELDS}"
        )
        return sorted(row[0] for row in found if row[0])

    def _skipped(self) -> int:
        if not any(name_of(token).lower() == "stream" for token in tokens(self.text)):
            return 0
        lines = self._lines(_MAIN, self._newest())
        rows = self._execute(f"SELECT count(*) FROM {lines} WHERE coalesce({', '.join(_MAIN)}) IS NULL")
        return int(rows[0][0])

    def _newest(self) -> list[str]:
        result: list[str] = []
        size = 0
        for file in reversed(self.files):
            size += file.size
            if result and size > _SURVEYED:
                break
            result.append(str(file.path))
        return result

    def _execute(self, query: str) -> list[tuple[Any, ...]]:
        try:
            rows: list[tuple[Any, ...]] = self.database.execute(query).fetchall()
        except self.duckdb.IOException:
            raise
        except self.duckdb.Error as error:
            raise self._told(error) from error
        return rows

    def _told(self, error: Exception, before: int | None = None) -> SqlError:
        message, byte = _parts(error)
        if type(error).__name__ == "OutOfMemoryException":
            return SqlError(f"the query needs more than its {_MEMORY} of memory: narrow it with where, or add a limit")
        if '"maximum_object_size"' in message:
            return SqlError("a line of the store is longer than 16 MiB, which SQL cannot read; `aegis-otel logs` can")
        if byte is None or before is None:
            return SqlError(message)
        return SqlError(message, self.text, self._rewritten().original(byte - before))


def _asks_for_records(text: str) -> bool:
    """Whether ``*`` stands for all columns somewhere in the query."""
    code = [token for token in tokens(text) if token.kind != "space"]
    if code and code[0].text.lower() in ("from", "table"):
        return not any(token.text.lower() == "select" for token in code)
    before = ("select", "distinct", "all", ",", ".")
    return any(
        token.text == "*" and code[index - 1].text.lower() in before for index, token in enumerate(code) if index
    )


def _parts(error: Exception) -> tuple[str, int | None]:
    """DuckDB's message, and the byte of the query that it is about."""
    text = str(error)
    start = text.find("{")
    try:
        told = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        told = {}
    message = str(told.get("exception_message", text)).split("\n\n")[0]
    position = told.get("position")
    return message, int(position) if isinstance(position, str) and position.isdigit() else None


def _list(paths: Iterable[str]) -> str:
    return "[" + ", ".join(map(literal, paths)) + "]"
