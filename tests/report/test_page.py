"""The page of a report: one file without external resources, escaped texts, long tables cut."""

import datetime as dt
import os
import re
import resource
from html.parser import HTMLParser
from pathlib import Path

import pytest
import vl_convert

from kentik_async.report import KmiReport, ReportColumn, ReportTable, compare, trend
from kentik_async.report.cells import MOST_ROWS
from kentik_async.report.charts.style import largest, thinned
from kentik_async.report.vega import vega_script
from tests.report.support import CH, THIRD, Saved


class References(HTMLParser):
    """Collects the resources that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {value}" for name, value in attributes if name in ("src", "href", "data")]


def test_the_page_loads_nothing_and_is_small(target: Path, saved: Saved) -> None:
    mine, other = saved.networks(THIRD, CH)[:2]
    page = compare(target, mine=mine, asns=other).to_html()
    parser = References()
    parser.feed(page)
    assert parser.found == ["link data:,"]
    assert "default-src 'none'" in page
    assert 500_000 < len(page.encode()) < 1_500_000
    assert "not saved" in page


def test_a_page_is_saved_whole_or_not_at_all(target: Path, tmp_path: Path) -> None:
    report, page = trend(target, markets="LI"), tmp_path / "page.html"
    umask = os.umask(0o027)
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        assert report.save(page) == page
        whole = page.read_text(encoding="utf-8")
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, most))
        with pytest.raises(OSError, match="File too large"):
            report.save(page)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
        os.umask(umask)
    assert whole == report.to_html()
    assert page.read_text(encoding="utf-8") == whole
    assert page.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [page]


def test_names_cannot_be_markup() -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    columns = (ReportColumn("asn", "AS", "asn"), ReportColumn("name", evil))
    row = {"asn": 1, "name": evil, "market": evil, "market_id": "m", "rank": 1, "score": 1, "run_date": THIRD}
    tables = [
        ReportTable("networks", evil, evil, columns, [row]),
        ReportTable("movers", "Movers", "", columns, [{**row, "side": "winner", "score_change": 1}]),
        ReportTable("series", "Series", "", columns, [row], charted=True),
    ]
    report = KmiReport(
        name="trend", title=evil, summary=evil, facts={evil: evil}, notes=[evil], tables=tables
    )
    page = report.to_html()
    assert "<img" not in page
    assert "<img" not in report._repr_html_()
    assert len(re.findall("</script", page)) == len(re.findall("<script", page.replace(vega_script(), "")))


def test_cut_tables_have_a_note() -> None:
    rows = [{"market_id": f"m{n % 3}", "market": f"M{n % 3}", "rank": n} for n in range(3000)]
    columns = (ReportColumn("market", "Market"), ReportColumn("rank", "Rank", "count"))
    table = ReportTable("networks", "Networks", "All.", columns, rows)
    empty = [ReportTable(name, name, "", (), []) for name in ("series", "movers")]
    report = KmiReport(name="trend", title="T", summary="", facts={}, notes=[], tables=[table, *empty])
    page = report.to_html()
    assert page.count("<td") == 2 * (MOST_ROWS // 3 * 3)
    assert "399 of 3,000 rows are shown, at most 133 of each market; -o csv has all." in page
    assert "20 of 3,000" not in report._repr_html_()
    assert "18 of 3,000 rows are shown" in report._repr_html_()
    assert len(report.to_rows()) == 3000


def test_notebooks_show_the_tables(target: Path) -> None:
    html = trend(target, markets="LI")._repr_html_()
    assert "<script" not in html
    assert "<style" not in html
    assert html.count("<table>") == 3
    assert "<caption>Networks. 3 rows.</caption>" in html
    assert "Rank and score from 2026-11-18 to 2026-11-20" in html


def test_a_damaged_cache_of_vega_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[str] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def bundle(source: str) -> str:
        made.append(source)
        return "a </script> b"

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    try:
        for damaged in (False, False, True):
            if damaged:
                (file,) = (tmp_path / "kentik-async").iterdir()
                file.write_text(file.read_text(encoding="utf-8")[:-1], encoding="utf-8")
            vega_script.cache_clear()
            assert vega_script() == "a <\\/script> b"
    finally:
        vega_script.cache_clear()
    assert len(made) == 2, "once at first, and once for the damaged file"


def test_charts_leave_out_small_markets_and_dates() -> None:
    rows = [{"market": f"M{n}", "size": n} for n in range(40) for _ in range(2)]
    shown, note = largest(rows, lambda row: row["size"])
    assert {row["market"] for row in shown} == {f"M{n}" for n in range(10, 40)}
    assert "the 30 largest of 40 markets" in note
    dates = [dt.date(2025, 11, 21) + dt.timedelta(days=n) for n in range(365)]
    points = [{"run_date": date} for date in dates for _ in range(60)]
    shown, note = thinned(points)
    assert 4000 < len(shown) <= 8000
    assert shown[-1] == points[-1]
    assert "one of 3 saved dates" in note
    assert largest(rows[:9], lambda _: 1) == (rows[:9], "")
    assert thinned(points[:9]) == (points[:9], "")
