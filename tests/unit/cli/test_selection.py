"""`--fields` and `--jq`: the written part of a result, and the mistakes that are errors."""

import json
import sys
from typing import Any

import pytest

from kentik_async import Market, Records
from kentik_async.cli.context import Context
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.output.jq_filter import JqFilter
from kentik_async.cli.output.messages import Notes
from kentik_async.cli.output.printer import Printer
from kentik_async.cli.parameters import Format, Options
from kentik_async.errors import ConfigError, KentikError, ValidationError

MARKETS = Records([Market("cc$US", "United States"), Market("cc$DE", "Germany")])
FIELDS = ("market_id", "name")
COLUMNS = (Column("market_id", "market"), Column("name", optional=True))


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", "name,market_id\nUnited States,cc$US\nGermany,cc$DE\n"),
        (
            "ndjson",
            '{"name":"United States","market_id":"cc$US"}\n{"name":"Germany","market_id":"cc$DE"}\n',
        ),
        ("table", "name           market\nUnited States  cc$US\nGermany        cc$DE\n"),
    ],
)
def test_fields_in_the_given_order(capfd: pytest.CaptureFixture[str], form: Format, text: str) -> None:
    Printer(form, Notes(), fields=("name", "market_id")).rows(MARKETS, FIELDS, COLUMNS)
    assert capfd.readouterr().out == text


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table"])
def test_field_that_a_record_has_not(capfd: pytest.CaptureFixture[str], form: Format) -> None:
    Printer(form, Notes(), fields=("name", "nmae")).record(MARKETS[0], FIELDS, COLUMNS)
    shown = capfd.readouterr()
    assert "United States" in shown.out
    assert "cc$US" not in shown.out
    assert shown.err == "warning: --fields must be some of market_id, name; got 'nmae'\n"


def test_field_that_a_list_has_not() -> None:
    printer = Printer("csv", Notes(), fields=("nmae",))
    with pytest.raises(ValidationError, match="must be some of market_id, name; got 'nmae'"):
        printer.rows(MARKETS, FIELDS)
    printer.rows(Records([], Market), FIELDS)  # the fields of an empty list are not known
    printer.rows(MARKETS, FIELDS, strict=False)


def jq(capfd: pytest.CaptureFixture[str], program: str, value: Any = MARKETS) -> str:
    Printer("json", Notes(), jq=JqFilter(program)).rows(value, FIELDS)
    return capfd.readouterr().out


def test_jq_results(capfd: pytest.CaptureFixture[str]) -> None:
    assert jq(capfd, ".[].name") == "United States\nGermany\n"
    assert json.loads(jq(capfd, ".[0]")) == {"market_id": "cc$US", "name": "United States"}
    assert jq(capfd, 'map(select(.market_id == "cc$DE")) | length') == "1\n"
    assert jq(capfd, "empty") == ""


def test_jq_program_fails_for_the_result() -> None:
    with pytest.raises(ValidationError, match=r"^--jq failed: Cannot index array with .*name"):
        Printer("json", Notes(), jq=JqFilter(".name")).rows(MARKETS, FIELDS)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        (Options(jq=".["), ValidationError, "--jq is not a valid jq program: syntax error"),
        (Options(jq=".", output="csv"), ConfigError, "it cannot be combined with -o csv"),
        (Options(fields=" ,"), ValidationError, "--fields must be names separated by commas; got ' ,'"),
    ],
)
def test_invalid_options(options: Options, error: type[KentikError], text: str) -> None:
    with pytest.raises(error) as caught:
        _ = Context(options).printer
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_jq_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jq", None)
    with pytest.raises(ConfigError, match=r"--jq needs the package jq: pip install 'kentik-async\[jq\]'"):
        JqFilter(".")


def test_options_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTIK_LIMITER", "process:")
    given = Options(endpoint="https://gw.example:8443/", customer="acme", pacing="courteous", limiter="file:")
    known = Context(given).settings
    assert {name: known.get(name) for name in ("customer", "pacing", "limiter")} == {
        "customer": "acme",
        "pacing": "courteous",
        "limiter": "file:",
    }
    assert known["grpc_endpoint"] == known["v6_rest_endpoint"] == "https://gw.example:8443"
    assert known["rest_endpoint"] == "https://gw.example:8443/api/v5"
    assert Context(Options()).settings["limiter"] == "process:"
