"""Help on a narrow terminal: lines are broken between words, and once."""

import re

import pytest

from kentik_async.cli.__main__ import main

ASN = ["kmi", "asn", "--help"]


def lines_of(capfd: pytest.CaptureFixture[str], command: list[str]) -> list[str]:
    assert main(command) == 0
    return capfd.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize(
    ("command", "options"),
    [
        (ASN, ["--mutual-provider", "--mutual-customer", "--singlehomed-customer"]),
        (["kmi", "pull", "details", "--help"], ["--allow-multi-day"]),
        (["kmi", "report", "prospects", "--help"], ["--include-mutual", "--max-providers"]),
    ],
)
def test_names_of_options_are_whole(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    command: list[str],
    options: list[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = lines_of(capfd, command)
    assert max(map(len, lines)) <= width
    words = set(" ".join(lines).split())
    assert words.issuperset(options)
    monkeypatch.setenv("COLUMNS", "120")
    whole = set(" ".join(lines_of(capfd, command)).split())
    assert {word for word in whole - words if re.search(r"\w", word)} <= LONG


LONG = {"~/.kentik/PROFILE;"}
"""Words that are wider than the column of descriptions at 40 columns."""


def test_paragraphs_fill_the_width(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "\n".join(lines_of(capfd, ASN))
    assert (
        '\n\nIn ndjson and csv, each neighbour is one\nrow, and the field "relation" is\n'
        "customer, provider or peer.\n\n"
    ) in text
    assert "\n  kentik-async kmi asn planet:earth\n    AS3356 --type providers\n" in text


def test_paragraphs_that_fit_are_unchanged(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    narrow = lines_of(capfd, ASN)
    monkeypatch.setenv("COLUMNS", "120")
    wide = lines_of(capfd, ASN)
    end = next(i for i, line in enumerate(narrow) if re.match("╭", line))
    assert narrow[:end] == wide[:end]
