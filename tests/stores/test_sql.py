"""SQL on the embedded store. The numbers are worked out by hand from `known()`."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores import StoreError
from aegis_otel.stores._seqsql import rewrite, tokens
from aegis_otel.stores.sql import SqlError, run
from tests.support.stored import lines, record

CORRELATION = "30da77f5-faef-490b-9218-1db2628d4764"


def at(**ago: float) -> str:
    moment = datetime.now(timezone.utc) - timedelta(**ago)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def request(milliseconds: float, method: str = "GET", url: str = "/users", **fields: object) -> dict[str, object]:
    request_fields = {"method": method, "url": url, "statusCode": 200, "responseTime": milliseconds}
    return record(**{"service": "aegisx-api", "timestamp": at(minutes=2), **request_fields, **fields})


def failure(name: str, message: str = "boom", **ago: float) -> dict[str, object]:
    fields = {"level": "error", "errorName": name, "message": message, "timestamp": at(**ago)}
    return record(service="aegisx-api", error={"name": name, "message": message, "stack": f"{name}: at x"}, **fields)


def audit(action: str) -> dict[str, object]:
    fields = {"auditAction": action, "complianceLevel": "HIPAA", "metadata": {"adapter": "redis"}}
    return record(service="aegisx-api", message=f"AUDIT: {action}", timestamp=at(minutes=1), **fields)


def known() -> list[dict[str, object]]:
    """The records of which the answers are known, as old as they must be now."""
    return [
        request(100),
        request(300, timestamp=at(minutes=50)),
        request(1500.5, "POST", "/orders", correlationId=CORRELATION),
        request(2000, timestamp=at(hours=3)),
        failure("UnauthorizedError", "no auth for this user", minutes=10),
        *(failure("TypeError", minutes=1) for _ in range(11)),
        failure("TypeError", hours=5),
        failure("RangeError", days=3),
        audit("CREATE"),
        audit("READ"),
        record(service="other", message="author", timestamp=at(minutes=1), orderId=7),
    ]


@pytest.fixture
def stream(store: Path) -> Path:
    """The records in three files: packed, rotated, live."""
    with gzip.open(store / "logs-1.jsonl.gz", "wb") as packed:
        packed.write(lines(*(records := known())[:5]))
    (store / "logs-2.jsonl").write_bytes(lines(*records[5:15]))
    (store / "logs.jsonl").write_bytes(lines(*records[15:]))
    return store


def put(store: Path, *records: dict[str, object]) -> Path:
    (store / "logs.jsonl").write_bytes(lines(*records))
    return store


PAGE = [
    ("-- View all logs from AegisX API\nselect * from stream \nwhere service = 'aegisx-api'\norder by @t desc", 20),
    (
        "-- Find authentication errors\nselect * from stream \nwhere service = 'aegisx-api' \nand level = 'error'\n"
        "and message like '%auth%'",
        1,
    ),
    (
        "-- Track specific user journey by correlation ID\nselect * from stream \n"
        f"where correlationId = '{CORRELATION}'\norder by @t asc",
        1,
    ),
    ("-- Find slow API requests\nselect * from stream \nwhere has(responseTime) \nand responseTime > 1000", 2),
    (
        "-- HIPAA audit events only\nselect * from stream \nwhere complianceLevel = 'HIPAA'\nand auditAction is not null",
        2,
    ),
    (
        "-- Find all errors in last hour\nselect * from stream \nwhere level = 'error' \n"
        "and timestamp > now() - interval '1 hour'",
        12,
    ),
    (f"-- Find requests by correlation ID\nselect * from stream \nwhere correlationId = '{CORRELATION}'", 1),
]


@pytest.mark.parametrize(("query", "count"), PAGE)
def test_a_query_of_the_page_finds_its_records(stream: Path, query: str, count: int):
    answer = run(stream, query)
    assert len(answer.rows) == count
    assert answer.records


PAGE_NUMBERS = [
    (
        "-- Error patterns analysis\nselect errorName, count(*) as error_count\nfrom stream \nwhere level = 'error'\n"
        "and @t > now() - 1d\ngroup by errorName\norder by error_count desc",
        [("TypeError", 12), ("UnauthorizedError", 1)],
    ),
    (
        "-- Performance monitoring\nselect \n  method, \n  url, \n  avg(responseTime) as avg_response_time,\n"
        "  count(*) as request_count\nfrom stream \nwhere has(responseTime)\nand @t > now() - 1h\n"
        "group by method, url\norder by avg_response_time desc",
        [("POST", "/orders", 1500.5, 1), ("GET", "/users", 200.0, 2)],
    ),
    ("select count(*) from stream where level = 'error' and @t > now() - 1h", [(12,)]),
    ("select count(*) from stream where has(method) and @t > now() - 1h", [(3,)]),
    ("select avg(responseTime) from stream where has(responseTime) and @t > now() - 1h", [(1900.5 / 3,)]),
    (
        "-- Alert on high error rate\nselect count(*) as error_count\nfrom stream \nwhere level = 'error' \n"
        "and @t > now() - 5m\nhaving count(*) > 10",
        [(11,)],
    ),
]


@pytest.mark.parametrize(("query", "rows"), PAGE_NUMBERS)
def test_a_query_of_the_page_counts_right(stream: Path, query: str, rows: list[tuple[object, ...]]):
    assert run(stream, query).rows == rows


def test_an_alert_that_does_not_fire_gives_no_row(stream: Path):
    query = "select count(*) from stream where level = 'error' and @t > now() - 5m having count(*) > 11"
    assert run(stream, query).rows == []


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("select @m from stream where StartsWith(@m, 'no ')", [("no auth for this user",)]),
        ("select count(*) from stream where EndsWith(@m, 'user') or Contains(@m, 'thor')", [(2,)]),
        ("select count(*) from stream where @l = 'Error'", [(14,)]),
        ("select count(*) from stream where @Level in ('ERROR', 'warn')", [(14,)]),
        ("select distinct @x from stream where errorName = 'RangeError'", [("RangeError: at x",)]),
        (
            "select distinct error.name, error.stack from stream where @x like 'Range%'",
            [("RangeError", "RangeError: at x")],
        ),
        ("select count(*) from stream where Has(metadata.adapter) and metadata.adapter = 'redis'", [(2,)]),
        ("select percentile(responseTime, 50) from stream", [(900.25,)]),
        ("select count(*) from stream where @t > now() - 180s", [(16,)]),
        ("select ToIsoString(timestamptz '2026-01-31 12:00:00.5Z')", [("2026-01-31T12:00:00.500Z",)]),
        ("select count(*) from stream group by time(1d) having count(*) > 1000", []),
        (
            "select '@t 1h has(x) -- no' as a, \"level\" from stream /* 1h /* @mt */ */ limit 1",
            [("@t 1h has(x) -- no", "info")],
        ),
    ],
)
def test_the_words_of_seq_are_known(stream: Path, query: str, rows: list[tuple[object, ...]]):
    assert run(stream, query).rows == rows


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select @mt from stream", "use @m"),
        ("select @q from stream", "@t, @m, @l"),
        ("select 1 from stream where @l = 'Information'", "error, warn, info or debug"),
        ("select IsMatch(message, 'x') from stream", "regexp_matches"),
        ("select has(level from stream", "not closed"),
    ],
)
def test_a_word_of_seq_without_a_right_answer_is_refused(stream: Path, query: str, said: str):
    with pytest.raises(SqlError, match=said):
        run(stream, query)


@pytest.mark.parametrize("having", [0, 1, 3])
def test_a_field_can_be_named_whether_no_some_or_all_records_have_it(store: Path, having: int):
    put(store, *(record(n, **({"orderId": n} if n < having else {})) for n in range(3)))
    rows = [(n if n < having else None,) for n in range(3)]
    assert run(store, "select try_cast(orderId as int) from stream order by @t").rows == rows
    assert run(store, "select count(orderId) from stream where has(orderId)").rows == [(having,)]
    assert run(store, "select s.orderId as n from stream s where s.orderId = 'no'").rows == []


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("amount = 7", ["7", "7.0"]),
        ("amount > 5.5 and amount < 1e3", ["7", "7.0", "10"]),
        ("9 < amount", ["10", "9007199254740993"]),
        ("amount between 6 and 10", ["7", "7.0", "10"]),
        ("amount in (10, 11)", ["10"]),
        ("amount = '7'", ["7"]),
        ("amount = 9007199254740993", ["9007199254740993"]),
        ("amount = 9007199254740992", []),
        ("amount - 3 = 4", ["7", "7.0"]),
        ("amount = -1", ["-1"]),
    ],
)
def test_a_field_of_text_that_meets_a_number_is_read_as_one(store: Path, where: str, found: list[str]):
    values = [7, "7.0", 10, "many", "NaN?", None, {"a": 1}, 9007199254740993, -1]
    put(store, *(record(number, amount=value) for number, value in enumerate(values)))
    assert run(store, f"select amount from stream where {where} order by @t").rows == [(each,) for each in found]


def test_numbers_are_added_up_over_a_field_of_text(store: Path):
    put(store, record(1, total=2), record(2, total="2.5"), record(3, total="x"), record(4))
    assert run(store, "select sum(total), avg(total), count(total) from stream").rows == [(4.5, 2.25, 3)]


def test_a_name_with_dots_is_a_field_of_its_own_or_one_of_an_object(store: Path):
    put(store, record(1, **{"http.route": "/a", "code.line.number": 7}), record(2, http={"route": "/b"}), record(3))
    query = "select http.route, code.line.number from stream order by @t"
    assert run(store, query).rows == [("/a", 7), ("/b", None), (None, None)]


def test_an_alias_wins_over_a_field_of_its_name(store: Path):
    put(store, record(1, hour="no"), record(2))
    query = "select date_trunc('hour', @t) as hour, count(*) as n from stream group by hour"
    assert run(store, query).rows == [("2026-01-31T12:00:00.000Z", 2)]


def test_an_id_that_looks_like_a_uuid_stays_text(store: Path):
    put(store, record(1, correlationId=CORRELATION), record(2, correlationId="not-a-uuid"), record(3, correlationId=7))
    query = "select correlationId from stream where correlationId <> 'x' order by @t"
    assert run(store, query).rows == [(CORRELATION,), ("not-a-uuid",), ("7",)]


def test_values_of_the_wrong_type_are_missing_not_an_error(store: Path):
    put(store, record(1, statusCode="abc", responseTime="NaN", timestamp="long ago"), record(2, statusCode="404"))
    query = "select statusCode, responseTime, @t is null from stream order by 1"
    assert run(store, query).rows == [(404, None, False), (None, None, True)]


def test_records_come_with_every_field_that_they_have(store: Path):
    stored = record(1, orderId=7, tags=["a", {"b": None}], error={"name": "E"}, metadata="text")
    put(store, stored, record(2))
    answer = run(store, "select * from stream where level = 'info' order by @t limit 1")
    found = dict(zip(answer.columns, answer.rows[0], strict=True))
    assert {name: value for name, value in found.items() if value is not None and name != "@t"} == stored


def test_the_whole_record_can_be_asked_for(store: Path):
    put(store, record(1, a=[1, 2]))
    assert run(store, "select extra, extra ->> '$.a[1]' as second from stream").rows == [(record(1, a=[1, 2]), "2")]


HOSTILE = ['a"b', "a'b", "a\\b", "a.b", "a/b~c", "select", "x; drop view stream", "ü", "\U0001f600", "a\nb", "{}", "$a"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_of_a_field_is_a_name(store: Path, name: str):
    put(store, record(1, **{name: "value"}), record(2))
    answer = run(store, "select * from stream order by @t")
    assert dict(zip(answer.columns, answer.rows[0], strict=True)).get(name) == "value"


def test_names_that_cannot_be_columns_do_not_disturb(store: Path):
    put(store, record(1, Level="other", orderid=1, orderId=2, **{"": 3}))
    assert run(store, "select level, extra ->> 'Level' from stream").rows == [("info", "other")]
    assert len(run(store, "select * from stream").rows) == 1


def test_lines_that_are_no_records_are_left_out_and_counted(store: Path):
    torn = lines(record(3))[:-20]
    (store / "logs.jsonl").write_bytes(
        lines(record(1)) + b"\xff\xfe\n[1]\n\nnull\n" + b"[" * 100_000 + b"\n" + lines(record(2)) + torn
    )
    for query in ("select message from stream", "select *, extra from stream"):
        answer = run(store, query)
        assert (len(answer.rows), answer.skipped) == (2, 5)


def test_a_record_after_a_torn_line_is_read(store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1)) + b'{"level":\n' + lines(record(2)))
    assert run(store, "select message from stream order by @t").rows == [("message 1",), ("message 2",)]


def test_a_line_of_ten_megabytes_is_read(store: Path):
    put(store, record(1, blob="x" * 10_000_000), record(2))
    assert run(store, "select count(*), max(length(blob)) from stream").rows == [(2, 10_000_000)]
    assert len(run(store, "select * from stream").rows) == 2


def test_a_line_beyond_the_limit_ends_the_query_with_an_error(store: Path):
    put(store, record(1, blob="x" * 40_000_000))
    with pytest.raises(SqlError, match="longer than 16 MiB"):
        run(store, "select * from stream")


def test_a_store_without_files_gives_no_rows(store: Path):
    assert run(store, "select * from stream where orderId = 1").rows == []
    assert run(store, "select count(*) from stream").rows == [(0,)]


def test_a_folder_with_the_characters_of_a_pattern_is_a_folder(tmp_path: Path):
    folder = tmp_path / "st[o]re*'"
    folder.mkdir()
    assert len(run(put(folder, record(1)), "select * from stream").rows) == 1


def test_a_missing_store_says_what_to_do(tmp_path: Path):
    with pytest.raises(StoreError, match="aegis-otel up"):
        run(tmp_path / "none", "select 1")


@pytest.mark.parametrize("end", [";", " ; -- done", ";; /* ; */ ", "-- ;", ""])
def test_a_query_may_end_as_sql_does(store: Path, end: str):
    put(store, record(1))
    assert run(store, f"select message from stream{end}").rows == [("message 1",)]


@pytest.mark.skipif(duckdb.__version__ < "2", reason="DuckDB 1 runs out of its memory here, and says so")
def test_a_query_stays_below_300_megabytes(store: Path):
    put(store, *(record(number, note="x" * 300) for number in range(60_000)), record(1, blob="x" * 10_000_000))
    script = (
        "import sys; from pathlib import Path; from aegis_otel.stores.sql import run\n"
        "print(len(run(Path(sys.argv[1]), 'select * from stream order by @t desc').rows))\n"
        # Of this program alone; `ru_maxrss` begins with what the parent has.
        "print(int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", script, store], check=True, capture_output=True, text=True)
    rows, megabytes = done.stdout.split()
    assert rows == "500"
    assert int(megabytes) < 300


def test_duckdb_draws_nothing_on_stdout_however_long_a_query_takes(store: Path):
    put(store, record(1))
    # DuckDB does so in a program that is no file, as a notebook or this one.
    script = (
        "import sys; from pathlib import Path; from aegis_otel.stores.sql import run\n"
        "print(run(Path(sys.argv[1]), \"select current_setting('enable_progress_bar') from stream\").rows)"
    )
    done = subprocess.run([sys.executable, "-c", script, store], check=True, capture_output=True, text=True)
    assert done.stdout == "[(False,)]\n"


def test_more_rows_than_asked_for_are_told(store: Path):
    put(store, *map(record, range(5)))
    answer = run(store, "select message from stream order by @t;", limit=3)
    assert (answer.rows, answer.more) == ([("message 0",), ("message 1",), ("message 2",)], True)


@pytest.mark.parametrize(
    "query",
    [
        "copy stream to '{folder}/out'",
        "copy (select 1) to '{folder}/out'",
        "attach '{folder}/out'",
        "install httpfs",
        "load httpfs",
        "pragma database_list",
        "set memory_limit = '10GB'",
        "create table t as select 1",
        "drop view stream",
        "export database '{folder}/out'",
        "call pragma_version()",
        "select 1; copy stream to '{folder}/out'",
        "select 1) limit 1; copy stream to '{folder}/out'; from (select 1",
        "select * from read_text('{folder}/secret')",
        "select * from read_csv('{folder}/secret')",
        "from '{folder}/secret'",
        "select * from '{folder}/secret'",
        "select * from glob('{folder}/*')",
        "select * from read_json('https://example.com/x')",
        "select * from query('copy stream to ''{folder}/out''')",
        "select * from records",
        "",
        "-- nothing",
    ],
)
def test_a_query_can_only_read_the_store(store: Path, tmp_path: Path, query: str):
    put(store, record(1))
    secret = tmp_path / "secret"
    secret.write_text("secret,1\n")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SqlError) as caught:
        run(store, query.format(folder=tmp_path))
    assert "secret,1" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select count( from stream", "  select count( from stream\n                ^"),
        ("select @t, 'é 1h',\n  wrong(level) from stream", "    wrong(level) from stream\n    ^"),
        ("select level from stream -- 1h\nwhere nope(1h) > @t", "  where nope(1h) > @t\n        ^"),
    ],
)
def test_an_error_shows_the_place_in_the_query(stream: Path, query: str, shown: str):
    with pytest.raises(SqlError) as caught:
        run(stream, query)
    assert shown in str(caught.value)


def test_a_file_that_may_not_be_read_is_an_error(store: Path):
    put(store, record(1))
    (store / "logs-1.jsonl.gz").write_bytes(b"\x1f\x8b no gzip")
    os.utime(store / "logs-1.jsonl.gz", (1, 1))
    with pytest.raises(StoreError, match="cannot be read"):
        run(store, "select * from stream")


PIECES = st.sampled_from(
    [
        "select",
        "@t",
        "1h",
        "now()",
        "'it''s @t'",
        "'",
        '"a""b"',
        '"',
        "--x\n",
        "--",
        "/* a /* b */ */",
        "/*",
        "has(x)",
        "$$ @t $$",
        "$a$",
        "E'\\' @t'",
        "1.5e3",
        " ",
        "\n",
        "é",
        "a.b",
        "->>",
        "@",
        "@@",
        ";",
        "(",
        ")",
        "0x1f",
        "$1",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_the_pieces_of_a_query_make_it_up_again(text: str):
    pieces = tokens(text)
    assert "".join(piece.text for piece in pieces) == text
    assert all(text.startswith(piece.text, piece.start) and piece.text for piece in pieces)


LITERALS = st.one_of(
    st.text(alphabet="a'@1h \n-/*()\"").map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.text(alphabet="a\"@1h \n-'()").map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.text(alphabet="a@1h '\"()").map(lambda text: f"--{text}\n"),
    st.text(alphabet="a@1h '\"()\n").map(lambda text: f"/*{text}*/"),
    st.text(alphabet="a@1h '\"()\n-").map(lambda text: f"$q${text}$q$"),
)


@given(st.lists(LITERALS, min_size=1))
def test_strings_names_and_comments_are_never_changed(literals: list[str]):
    text = " , ".join(literals)
    assert rewrite(text, ["a"]).text == text


@given(st.lists(PIECES))
def test_a_part_of_the_new_query_leads_back_to_the_old_one(pieces: list[str]):
    text = "".join(pieces)
    try:
        new = rewrite(text, ["a"])
    except SqlError:
        return
    for byte, character in new.parts:
        assert new.original(byte) == character
    assert json.dumps(new.text)


def test_text_that_is_no_utf_8_is_refused(store: Path):
    with pytest.raises(SqlError, match="no UTF-8"):
        run(store, "select '\udcff' as x")


def test_any_limit_will_do(store: Path):
    assert run(store, "select 1 as one", limit=10**30).rows == [(1,)]
