"""`kentik-async kmi report`: pages and figures, and one clear line for bad input."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.kmi import Kmi

SMALL = ("--markets", "LI", "CH", "--rank-types", "customer_base", "--ips", "v4", "--limit", "30")


@pytest.fixture
def saved(kmi: Kmi) -> list[str]:
    """Two networks of a saved target, as they are typed."""
    assert kmi("pull", "all", "data", *SMALL, "--top", "2", "--date", "2026-11-20").code == 0
    return [str(row.asn) for row in kmi.state.rankings("cc$CH")[:2]]


def test_a_page_is_written_and_figures_are_printed(kmi: Kmi, saved: list[str], tmp_path: Path) -> None:
    mine, other = saved
    page = tmp_path / "compare.html"
    done = kmi("report", "compare", "data", "--mine", mine, "--asn", other, "--out", "compare.html")
    assert (done.code, done.out) == (0, "")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert f"compare.html: {page.stat().st_size / 1e6:.2f} MB" in done.err
    assert "note: Not saved" in done.err

    both = kmi("report", "prospects", "data", "--mine", mine, "-o", "json", "--out", "p.html")
    found = json.loads(both.out)
    assert (both.code, found["report"], found["facts"]["My networks"]) == (0, "prospects", f"AS{mine}")
    assert (tmp_path / "p.html").exists()
    assert {row["market_id"] for row in found["tables"]["sources"]} == {"cc$LI", "cc$CH"}

    text = kmi("report", "trend", "data", "--market", "CH", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(text.out)))
    ranked = {int(row["asn"]): int(row["rank"]) for row in rows if row["table"] == "series"}
    assert ranked == {row.asn: row.rank for row in kmi.state.rankings("cc$CH")[:3]}

    shown = kmi("report", "network", "data", "--asn", mine, "-o", "table")
    assert shown.out.startswith("Ranks: 2\n")
    assert "not saved" in shown.out
    neighbours = sum(1 for row in kmi("report", "network", "data", "--asn", mine).rows if row["relation"])
    assert f"Customers, providers and peers: 20 of {neighbours:,} rows; -o csv has all" in shown.out


INVALID = {
    "compare data --mine 1": "compare needs --mine ASN and --asn ASN: my network and a competitor",
    "network data": "network needs one --asn ASN; got none",
    "network data --asn 1 2": "network needs one --asn ASN; got 1, 2",
    "trend data --market FR": "market 'FR' has no saved customer_base rankings for v4; saved: cc:CH, cc:LI",
    "trend data --from 2026-13-01": "--from must be a date, YYYY-MM-DD; got '2026-13-01'",
    "trend data --to 2026-11-19": "2026-11-19 is not a saved date; saved: 2026-11-20",
    "trend data --out no/such/folder.html": "cannot write no/such/folder.html: No such file or directory",
    "trend nothing": "no pull was saved in nothing",
}


def test_bad_input_is_one_line(kmi: Kmi) -> None:
    kmi("pull", "rankings", "data", *SMALL, "--date", "2026-11-20")
    for command, text in INVALID.items():
        done = kmi("report", *command.split())
        assert done.code in (1, 2)
        assert done.err.splitlines()[-1].startswith(f"error: {text}")
        assert done.out == ""


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ("duckdb", "reports need DuckDB: pip install 'kentik-async[report]'"),
        ("altair", "HTML reports need altair: pip install 'kentik-async[report]'; -o csv works without it"),
    ],
)
def test_a_missing_extra_is_named(kmi: Kmi, monkeypatch: pytest.MonkeyPatch, missing: str, text: str) -> None:
    kmi("pull", "rankings", "data", *SMALL, "--date", "2026-11-20")
    monkeypatch.setitem(sys.modules, missing, None)
    done = kmi("report", "trend", "data", "--out", "trend.html")
    assert done.code == 2
    assert done.err.splitlines()[-1] == f"error: {text}"
