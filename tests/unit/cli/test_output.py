"""Results in their four forms."""

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kentik_async import Market, Ranking, Records, Site
from kentik_async.cli.output.formatting import ABSENT, Column, text_for_csv, text_for_people, text_for_span
from kentik_async.cli.output.messages import Notes, on_one_line
from kentik_async.cli.output.printer import Printer
from kentik_async.cli.parameters import Format

NOON = dt.datetime(2026, 1, 15, 12, 0, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
RANKING = ("asn", "name", "rank", "rank_change", "score", "score_change")
ROWS = Records([Ranking(64500, "Müller, [bold]& Söhne", 1, -2, 1234567, 0), Ranking(64501, "")])


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "count", ABSENT),
        ("", "text", ""),
        (True, "text", "yes"),
        (False, "count", "no"),
        (1234567, "count", "1,234,567"),
        (1234567, "id", "1234567"),
        (5, "change", "+5"),
        (-1234, "change", "-1,234"),
        (0, "change", "0"),
        (50.11091234, "degrees", "50.1109"),
        (0.0254, "milliseconds", "25 ms"),
        (0.9312, "share", "93.1%"),
        (NOON, "time", "2026-01-15 11:00:30"),
        ("two\nlines\x1b[31m", "text", "two�lines�[31m"),
        ({"a": [1]}, "text", '{"a": [1]}'),
        (Market("cc$US", "United States"), "text", '{"market_id": "cc$US", "name": "United States"}'),
    ],
)
def test_values_as_text_for_people(value: object, kind: Any, text: str) -> None:
    assert text_for_people(value, kind) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("x", "x"),
        (True, "true"),
        (1234567, "1234567"),
        (1.5, "1.5"),
        (NOON, "2026-01-15T12:00:30+01:00"),
        (NOON.astimezone(dt.UTC), "2026-01-15T11:00:30Z"),
        ((Market("cc$US", "x"),), '[{"market_id":"cc$US","name":"x"}]'),
        ({}, "{}"),
    ],
)
def test_csv_holds(value: object, text: str) -> None:
    assert text_for_csv(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (0.004, "0.1 s"),
        (12.34, "12.3 s"),
        (75.0, "1 min 15 s"),
        (25 * 3600 + 60.0, "25 h 01 min"),
    ],
)
def test_a_duration_has_two_units(seconds: float, text: str) -> None:
    assert text_for_span(seconds) == text


def printed(capfd: pytest.CaptureFixture[str], form: Format, rows: Any, fields: Any, **how: Any) -> str:
    capfd.readouterr()
    Printer(form, Notes()).rows(rows, fields, **how)
    return capfd.readouterr().out


def test_ndjson_is_a_line_a_row_with_every_field(capfd: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in printed(capfd, "ndjson", ROWS, RANKING).splitlines()]
    assert lines == ROWS.to_dicts()


def test_json_is_one_indented_array(capfd: pytest.CaptureFixture[str]) -> None:
    text = printed(capfd, "json", ROWS, RANKING)
    assert json.loads(text) == ROWS.to_dicts()
    assert text.startswith("[\n  {\n")


def test_csv_has_a_header_and_nothing_for_absent_values(capfd: pytest.CaptureFixture[str]) -> None:
    text = printed(capfd, "csv", ROWS, RANKING)
    header, first, second = csv.reader(io.StringIO(text))
    assert tuple(header) == RANKING
    assert first == ["64500", "Müller, [bold]& Söhne", "1", "-2", "1234567", "0"]
    assert second == ["64501", "", "", "", "", ""]


def test_a_table_shows_names_as_they_are_and_aligns_numbers(capfd: pytest.CaptureFixture[str]) -> None:
    columns = (Column("score", kind="count"), Column("name"), Column("rank_change", "+/-", kind="change"))
    lines = printed(capfd, "table", ROWS, RANKING, columns=columns).splitlines()
    assert lines == [
        "    score  name                   +/-",
        "1,234,567  Müller, [bold]& Söhne   -2",
        "        —                           —",
    ]


def test_a_piped_table_is_never_cut(capfd: pytest.CaptureFixture[str]) -> None:
    name = "A very long name of a network " * 20
    text = printed(capfd, "table", [Market("cc$US", name)], ("market_id", "name"))
    assert name.strip() in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("form", "text"), [("table", ""), ("json", "[]\n"), ("ndjson", ""), ("csv", "id,lat\n")]
)
def test_no_rows_are_a_valid_answer_and_a_note(
    capfd: pytest.CaptureFixture[str], form: Format, text: str
) -> None:
    Printer(form, Notes()).rows(Records([], Site), ("id", "lat"), what="sites")
    assert capfd.readouterr() == (text, "note: no sites\n")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("table", "id   3\nlat  —\n"),
        ("json", '{\n  "id": 3,\n  "lat": null\n}\n'),
        ("ndjson", '{"id":3,"lat":null}\n'),
        ("csv", "id,lat\n3,\n"),
    ],
)
def test_one_record(capfd: pytest.CaptureFixture[str], form: Format, text: str) -> None:
    Printer(form, Notes()).record({"id": 3, "lat": None}, ("id", "lat"))
    assert capfd.readouterr().out == text


def test_quiet_notes_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    notes = Notes(quiet=True)
    notes.note("x")
    notes.plain("y")
    assert capfd.readouterr().err == ""


@given(st.text())
def test_a_line_is_one_line_and_commands_no_terminal(text: str) -> None:
    assert on_one_line(text).isprintable()
    assert len(on_one_line(text).splitlines()) <= 1


@given(rows=st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.booleans() | st.text())))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_can_be_read_back(capfdbinary: pytest.CaptureFixture[bytes], rows: list[dict[str, Any]]) -> None:
    Printer("csv", Notes(quiet=True)).rows(rows, "abc")
    text = capfdbinary.readouterr().out.decode()
    header, *back = csv.reader(io.StringIO(text, newline=""))
    assert header == ["a", "b", "c"]
    assert back == [[text_for_csv(row.get(name)) for name in "abc"] for row in rows]
