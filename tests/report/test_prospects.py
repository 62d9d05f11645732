"""`prospects`: networks with few providers, compared with a computation in plain Python."""

from pathlib import Path

import pytest

from kentik_async.report import prospects
from tests.report.support import CH, LI, THIRD, Saved


@pytest.mark.parametrize(("mine_at", "mutual"), [(None, True), (0, False)])
def test_prospects_are_those_of_plain_python(
    target: Path, saved: Saved, mine_at: int | None, mutual: bool
) -> None:
    mine = set() if mine_at is None else {saved.networks(THIRD, CH)[mine_at]}
    report = prospects(target, mine=mine, max_providers=2, exclude_mutual=not mutual)
    found = {(row["market_id"], row["asn"]): row for row in report.tables["prospects"]}
    expected = {}
    for market in (CH, LI):
        providers = saved.providers(THIRD, market)
        customers = [
            row
            for row in saved.rows("relations", run_date=THIRD, market_id=market, ip="v4")
            if row["relation"] == "customer"
        ]
        single = {row["related_asn"] for row in customers if row["singlehomed_customer"]}
        left_out = {row["related_asn"] for row in customers if row["mutual_customer"] and not mutual}
        for asn, of in providers.items():
            if (asn in single or len(of) <= 2) and asn not in mine | left_out and not of & mine:
                complete = asn in single or (market == CH and asn in saved.networks(THIRD, CH))
                homing = "single-homed" if asn in single else "few-homed"
                expected[market, asn] = (homing, sorted(of), len(of), complete)
    assert {
        place: (row["homing"], row["providers"], row["provider_count"], row["providers_complete"])
        for place, row in found.items()
    } == expected
    assert {row[0] for row in expected.values()} == {"single-homed", "few-homed"}
    scores = {
        (row["market_id"], row["related_asn"]): row["score"]
        for row in sorted(
            saved.rows("relations", run_date=THIRD, ip="v4", relation="customer"),
            key=lambda row: row["score"],
        )
    }
    assert all(found[place]["score"] == scores[place] for place in found if place in scores)


def test_customers_of_one_network(target: Path, saved: Saved) -> None:
    asn = saved.networks(THIRD, LI)[1]
    rows = prospects(target, markets=LI, asns=asn, max_providers=9, exclude_mutual=False).tables["prospects"]
    assert {row["asn"] for row in rows} == saved.neighbours(THIRD, LI, asn)


def test_unknown_customers_of_mine_are_noted(target: Path, saved: Saved) -> None:
    report = prospects(target, mine=f"AS{saved.networks(THIRD, CH)[0]}")
    assert any(
        note.startswith("Not saved on 2026-11-20: the customers of AS") and "Liechtenstein" in note
        for note in report.notes
    )
    (ch, li) = report.tables["sources"]
    assert (ch["networks"], li["networks"]) == (4, 4)
    assert li["mine_saved"] == "none"


def test_names_of_providers_are_shown(target: Path, saved: Saved) -> None:
    row = prospects(target, markets="CH").tables["prospects"].rows[0]
    names = {row["asn"]: row["name"] for row in saved.rows("asns", run_date=THIRD)}
    named = [f"AS{asn} {names[asn]}" for asn in row["providers"]]
    assert row["provider_names"] == ", ".join(named)
