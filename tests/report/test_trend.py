"""`trend`: ranks, winners, losers, entries and exits, compared with a computation in plain Python."""

from pathlib import Path

import pytest

from kentik_async.report import trend
from tests.report.support import CH, FIRST, LI, LIMIT, SECOND, THIRD, Saved


def test_series_are_the_saved_ranks(target: Path, saved: Saved) -> None:
    asns = [*saved.networks(THIRD, CH)[:2], 64500]
    report = trend(target, asns=asns)
    series = {
        (row["run_date"], row["market_id"], row["asn"]): (row["rank"], row["score"], row["status"])
        for row in report.tables["series"]
    }
    expected = {}
    for date, market in ((FIRST, CH), (SECOND, CH), (THIRD, CH), (FIRST, LI), (THIRD, LI)):
        ranking = saved.ranking(date, market)
        for asn in asns:
            row = ranking.get(asn)
            known = (
                (row["rank"], row["score"], "ranked") if row else (None, None, f"not in the first {LIMIT}")
            )
            expected[date, market, asn] = known
    assert series == expected


def test_summary_is_of_the_series(target: Path) -> None:
    report = trend(target, markets="CH")
    for row in report.tables["networks"]:
        days = [day for day in report.tables["series"] if day["asn"] == row["asn"]]
        ranks = [day["rank"] for day in days if day["rank"]]
        assert (row["best_rank"], row["worst_rank"]) == (min(ranks), max(ranks))
        assert (row["rank_before"], row["rank_after"]) == (days[0]["rank"], days[-1]["rank"])
        assert (row["dates"], row["dates_ranked"]) == (3, len(ranks))


def test_movers_are_the_largest_changes_of_score(target: Path, saved: Saved) -> None:
    report = trend(target)
    for market in (CH, LI):
        before, after = saved.ranking(FIRST, market), saved.ranking(THIRD, market)
        changes = sorted((after[asn]["score"] - before[asn]["score"], asn) for asn in before.keys() & after)
        losers = {asn: change for change, asn in changes[:10] if change < 0}
        winners = {asn: change for change, asn in changes[-10:] if change > 0}
        rows = [row for row in report.tables["movers"] if row["market_id"] == market]
        assert {row["asn"]: row["score_change"] for row in rows if row["side"] == "loser"} == losers
        assert {row["asn"]: row["score_change"] for row in rows if row["side"] == "winner"} == winners
        for row in rows:
            assert row["rank_change"] == before[row["asn"]]["rank"] - after[row["asn"]]["rank"]


def test_entries_and_exits_are_those_of_two_dates(target: Path, saved: Saved) -> None:
    rows = trend(target).tables["entries"].rows
    found = {(row["market_id"], row["change"], row["asn"]) for row in rows}
    expected = set()
    for market in (CH, LI):
        before, after = saved.ranking(FIRST, market).keys(), saved.ranking(THIRD, market).keys()
        expected |= {(market, "entered", asn) for asn in after - before}
        expected |= {(market, "left", asn) for asn in before - after}
    assert found == expected
    assert found
    for row in rows:
        days = [
            date for date in (FIRST, SECOND, THIRD) if row["asn"] in saved.ranking(date, row["market_id"])
        ]
        assert row["seen"] == (min(days) if row["change"] == "entered" else max(days))


def test_the_first_networks_are_shown_by_default(target: Path, saved: Saved) -> None:
    shown = {row["asn"] for row in trend(target, markets=[LI]).tables["networks"]}
    assert shown == {asn for asn, row in saved.ranking(THIRD, LI).items() if row["rank"] <= 3}


def test_one_date_has_no_changes_and_a_note(target: Path) -> None:
    report = trend(target, markets="CH", ip="v6")
    assert not report.tables["movers"].rows
    assert not report.tables["entries"].rows
    assert any("an earlier ranking of equal coverage of Switzerland" in note for note in report.notes)


def test_families_are_never_mixed(target: Path, saved: Saved) -> None:
    for ip in ("v4", "v6"):
        report = trend(target, markets="CH", ip=ip, since=THIRD)
        ranking = saved.ranking(THIRD, CH, ip)
        assert report.facts["Address family"] == ip
        rows = report.tables["series"].rows
        assert rows
        assert all(row["score"] == ranking[row["asn"]]["score"] for row in rows)


@pytest.mark.parametrize(("since", "until"), [(SECOND, None), (None, SECOND)])
def test_a_market_without_a_second_date_is_noted(target: Path, since: object, until: object) -> None:
    report = trend(target, since=since, until=until)  # type: ignore[arg-type]  # dates or None
    assert any("Liechtenstein" in note and note.startswith("Not saved") for note in report.notes)
    assert {row["market_id"] for row in report.tables["movers"]} == {CH}
