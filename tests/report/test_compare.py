"""`compare`: my networks against competitors, compared with a computation in plain Python."""

from pathlib import Path

import pytest

from kentik_async.report import compare
from tests.report.support import CH, FIRST, LI, THIRD, Saved


def test_ranks_and_shares(target: Path, saved: Saved) -> None:
    mine, other = saved.networks(THIRD, CH)[:2]
    report = compare(target, mine=mine, asns=[other, 64500])
    found = {(row["market_id"], row["asn"]): row for row in report.tables["ranks"]}
    assert len(found) == 6
    for (market, asn), row in found.items():
        ranking = saved.ranking(THIRD, market)
        if asn not in ranking:
            assert (row["rank"], row["score"], row["share_of_top"]) == (None, None, None)
            assert row["status"] == "not in the first 40"
            continue
        top = max(other["score"] for other in ranking.values())
        assert (row["rank"], row["score"]) == (ranking[asn]["rank"], ranking[asn]["score"])
        assert row["share_of_top"] == pytest.approx(ranking[asn]["score"] / top)
        assert row["side"] == ("mine" if asn == mine else "competitor")


def test_customers_won_and_lost(target: Path, saved: Saved) -> None:
    mine, other = saved.networks(THIRD, CH)[:2]
    report = compare(target, mine=[mine], asns=[other], markets=["CH"])
    moves = {(row["asn"], row["change"], row["customer"]) for row in report.tables["moves"]}
    expected = set()
    for asn in (mine, other):
        before, after = saved.neighbours(FIRST, CH, asn), saved.neighbours(THIRD, CH, asn)
        expected |= {(asn, "won", customer) for customer in after - before}
        expected |= {(asn, "lost", customer) for customer in before - after}
        (row,) = [row for row in report.tables["customers"] if row["asn"] == asn]
        assert (row["customers"], row["won"], row["lost"], row["since"]) == (
            len(after),
            len(after - before),
            len(before - after),
            FIRST,
        )
    assert moves == expected
    for row in report.tables["moves"]:
        rival = other if row["asn"] == mine else mine
        has = row["customer"] in saved.neighbours(THIRD, CH, rival)
        assert row["held_by"] == (f"AS{rival}" if has else "no")
    assert {change for _, change, _ in moves} == {"won", "lost"}


def test_overlap_of_customers(target: Path, saved: Saved) -> None:
    mine, *others = saved.networks(THIRD, LI)
    report = compare(target, mine=mine, asns=others, markets="Liechtenstein")
    held = {asn: saved.neighbours(THIRD, LI, asn) for asn in (mine, *others)}
    assert len(report.tables["overlap"]) == len(others)
    for row in report.tables["overlap"]:
        both = len(held[mine] & held[row["competitor"]])
        assert (row["customers_mine"], row["customers_competitor"], row["customers_both"]) == (
            len(held[mine]),
            len(held[row["competitor"]]),
            both,
        )
        if held[mine]:
            assert row["share_of_mine"] == pytest.approx(both / len(held[mine]))


def test_missing_values_are_not_zero(target: Path, saved: Saved) -> None:
    mine = saved.networks(THIRD, CH)[0]
    assert mine not in saved.networks(THIRD, LI)
    other = saved.networks(THIRD, LI)[0]
    report = compare(target, mine=mine, asns=other, markets="LI")
    (own, competitor) = report.tables["customers"]
    assert (own["customers"], own["won"], own["lost"]) == (None, None, None)
    assert competitor["customers"] == len(saved.neighbours(THIRD, LI, other))
    assert (competitor["won"], competitor["lost"], competitor["since"]) == (None, None, None)
    (overlap,) = report.tables["overlap"]
    assert (overlap["customers_mine"], overlap["customers_both"], overlap["share_of_competitor"]) == (
        None,
        None,
        None,
    )
    assert f"Not saved on 2026-11-20: the customers of AS{mine} of Liechtenstein." in report.notes
