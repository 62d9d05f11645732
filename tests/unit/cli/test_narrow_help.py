"""Help on a narrow terminal: lines are broken between words, and once."""

import io
import re

import pytest
from rich.console import Console

from kentik_async.cli.app import app

ASN = "kmi asn"
NARROWEST = 12
"""The smallest width of the descriptions."""


def lines_of(command: str, width: int) -> list[str]:
    """Return the lines of the help of a command."""
    out = io.StringIO()
    app.help_print(command.split(), console=Console(file=out, width=width))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize(
    ("command", "options"),
    [
        (ASN, ["--mutual-provider", "--mutual-customer", "--singlehomed-customer"]),
        ("kmi pull details", ["--allow-multi-day"]),
        ("kmi report prospects", ["--include-mutual", "--max-providers"]),
    ],
)
def test_names_of_options_are_whole(command: str, options: list[str], width: int) -> None:
    lines = lines_of(command, width)
    assert max(map(len, lines)) <= width
    words = set(" ".join(lines).split())
    assert words.issuperset(options)
    whole = set(" ".join(lines_of(command, 200)).split())
    assert not [word for word in whole - words if re.search(r"\w", word) and len(word) <= NARROWEST]


def test_paragraphs_fill_the_width() -> None:
    text = "\n".join(lines_of(ASN, 40))
    assert (
        "\n\nIn ndjson and csv, each neighbour is one\n"
        'row, and the field "relation" is\ncustomer, provider or peer.\n\n'
    ) in text
    assert "\n  kentik-async kmi asn planet:earth\n    AS3356 --type providers\n" in text


def test_descriptions_of_arguments_are_wrapped_once() -> None:
    (path,) = (line for line in lines_of("raw", 120) if "Path below" in line)
    assert "or path of API v6, with a version" in path


def test_paragraphs_that_fit_are_unchanged() -> None:
    narrow, wide = lines_of(ASN, 80), lines_of(ASN, 120)
    end = next(i for i, line in enumerate(narrow) if line.startswith("╭"))
    assert narrow[:end] == wide[:end]
