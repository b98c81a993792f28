"""The console: JSON lines for machines, text for people, and nothing that steers a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
import threading

import pytest

from aegis_otel import schema
from aegis_otel.deliver.outputs import ConsoleSink, console_sink, readable_line

IDENTITY = schema.Identity("svc", "development")


def record(message="hello", **fields):
    return schema.Record(1_750_897_341_578_000_000, schema.WARN, message, "shop", **fields)


def test_json_lines_go_to_the_stream():
    stream = io.StringIO()
    ConsoleSink(stream, IDENTITY, readable=False, colour=False).write([record("a"), record("b")])
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["a", "b"]


def test_the_readable_form_shows_what_a_person_wants():
    line = readable_line(
        record(correlation_id="c-1", attributes={"userId": 7, "deep": {"a": [1, "b"]}}), IDENTITY, colour=False
    )
    assert line == "00:22:21.578 WARN  shop: hello correlationId=c-1 userId=7 deep={a=[1 b]}"


def test_the_stack_follows_its_line():
    line = readable_line(record(error=schema.ErrorInfo("E", "no", "Traceback\n  x\nE: no\n")), IDENTITY, colour=False)
    assert line.splitlines()[1:] == ["    Traceback", "      x", "    E: no"]


@pytest.mark.parametrize("colour", [True, False])
def test_control_characters_never_reach_the_terminal(colour):
    evil = "a\x1b[2Jb\x9bc\rd\u202ee\x07"
    line = readable_line(
        record(evil, attributes={evil: evil, "deep": {evil: [evil]}}, error=schema.ErrorInfo(evil, evil, evil)),
        IDENTITY,
        colour=colour,
    )
    for sequence in ("\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"):
        line = line.replace(sequence, "")
    assert all(letter.isprintable() or letter == "\n" for letter in line)


@pytest.mark.parametrize(
    ("structured", "development", "readable"),
    [(None, True, True), (None, False, False), (True, True, False), (False, False, True)],
)
def test_the_form_follows_the_settings_on_a_terminal(structured, development, readable, monkeypatch):
    parent, child = pty.openpty()
    with os.fdopen(child, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        console_sink(IDENTITY, stream="stderr", structured=structured, development=development).write([record()])
        shown = os.read(parent, 10_000).decode()
    os.close(parent)
    assert shown.startswith("{") is not readable
    assert ("\x1b[" in shown) is readable


def test_a_terminal_gets_no_colours_where_they_are_switched_off(monkeypatch):
    parent, child = pty.openpty()
    with os.fdopen(child, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        console_sink(IDENTITY, stream="stderr", structured=False, development=True, colour=False).write([record()])
        shown = os.read(parent, 10_000).decode()
    os.close(parent)
    assert shown
    assert "\x1b" not in shown


def test_there_is_no_ansi_when_it_is_no_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    console_sink(IDENTITY, stream="stdout", structured=False, development=True).write([record()])
    assert "\x1b" not in stream.getvalue()


def test_a_pipe_that_nobody_reads_costs_records_and_not_the_thread():
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream:
        target = ConsoleSink(stream, IDENTITY, readable=False, colour=False)
        worker = threading.Thread(target=target.write, args=([record("x" * 1000)] * 500,))
        worker.start()
        worker.join(60)
        assert not worker.is_alive()
        assert target.dropped == 500
        os.close(read)


def test_a_closed_stream_is_survived():
    stream = io.StringIO()
    stream.close()
    target = ConsoleSink(stream, IDENTITY, readable=False, colour=False)
    target.write([record()])
    assert target.dropped == 1
