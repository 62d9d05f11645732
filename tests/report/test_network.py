"""`network`: all data of one network, compared with a computation in plain Python."""

from pathlib import Path

from kentik_async.report import network
from tests.report.support import CH, FIRST, LI, SECOND, THIRD, Saved


def test_ranks_and_their_changes(target: Path, saved: Saved) -> None:
    asn = saved.networks(THIRD, LI)[0]
    for row in network(target, asn).tables["ranks"]:
        market = row["market_id"]
        before, after = saved.ranking(FIRST, market), saved.ranking(THIRD, market)
        now, then = after.get(asn), before.get(asn)
        assert row["rank"] == (now["rank"] if now else None)
        assert row["score"] == (now["score"] if now else None)
        if now and then:
            assert row["rank_change"] == then["rank"] - now["rank"]
            assert row["score_change"] == now["score"] - then["score"]
            assert row["since"] == FIRST


def test_history_has_each_saved_date(target: Path, saved: Saved) -> None:
    asn = saved.networks(THIRD, CH)[0]
    found = {
        (row["run_date"], row["market_id"]): (row["rank"], row["score"])
        for row in network(target, asn).tables["history"]
    }
    assert found == {
        (date, market): (row["rank"], row["score"])
        for date in (FIRST, SECOND, THIRD)
        for market in (CH, LI)
        for number, row in saved.ranking(date, market).items()
        if number == asn
    }


def test_neighbours_and_their_changes(target: Path, saved: Saved) -> None:
    asn = saved.networks(THIRD, CH)[0]
    report = network(target, asn)
    relations = ("customer", "provider", "peer")
    now = {name: saved.neighbours(THIRD, CH, asn, name) for name in relations}
    then = {name: saved.neighbours(FIRST, CH, asn, name) for name in relations}
    found = {(row["relation"], row["related_asn"]) for row in report.tables["neighbours"]}
    assert found == {(name, other) for name in relations for other in now[name]}
    changes = {(row["relation"], row["change"], row["related_asn"]) for row in report.tables["changes"]}
    assert changes == {
        (name, change, other)
        for name in relations
        for change, others in (("won", now[name] - then[name]), ("lost", then[name] - now[name]))
        for other in others
    }
    (ch, li) = report.tables["counts"]
    assert [ch[f"{name}s"] for name in relations] == [len(now[name]) for name in relations]
    assert [li[f"{name}s"] for name in relations] == [None, None, None]


def test_insights_are_those_of_the_network(target: Path, saved: Saved) -> None:
    asn = saved.networks(THIRD, CH)[0]
    rows = network(target, asn).tables["insights"].rows
    expected = {(row["type"], row["message"]) for row in saved.rows("insights", asn=asn)}
    assert {(row["type"], row["message"]) for row in rows} == expected
    assert expected
    assert rows == sorted(rows, key=lambda row: row["created_at"], reverse=True)


def test_relations_that_were_not_requested_are_not_saved(target: Path, saved: Saved) -> None:
    asn = next(asn for asn in saved.networks(THIRD, LI) if asn not in saved.networks(THIRD, CH))
    report = network(target, asn, markets="LI")
    (row,) = report.tables["counts"]
    assert (row["customers"], row["providers"], row["peers"]) == (
        len(saved.neighbours(THIRD, LI, asn)),
        None,
        None,
    )
    assert "Not saved on 2026-11-20: the providers and peers of Liechtenstein." in report.notes
    assert "Not saved: insights of this network in these markets and dates." in report.notes
