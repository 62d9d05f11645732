"""Reports read every format and several targets as one, and report missing data in one line."""

import asyncio
import datetime as dt
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kentik_async import KentikError, TargetError, ValidationError
from kentik_async.bulk.arguments import rankings_spec
from kentik_async.report import compare, network, prospects, trend
from tests.bulk.answers import Answers
from tests.report.support import CH, FIRST, LI, SECOND, THIRD, Saved, copy, details


@pytest.fixture(scope="session", name="expected")
def expected_figures(target: Path, saved: Saved) -> list[dict[str, Any]]:
    return figures(target, saved)


def figures(target: Any, saved: Saved) -> list[dict[str, Any]]:
    """Return the figures of all reports."""
    mine, other = saved.networks(THIRD, CH)[:2]
    reports = (
        prospects(target, mine=mine),
        trend(target),
        compare(target, mine=mine, asns=other),
        network(target, mine),
    )
    return [report.to_dict()["tables"] for report in reports]


@pytest.mark.parametrize("store", ["sqlite", "delta", "csv"])
def test_every_format_gives_the_same_figures(
    target: Path, saved: Saved, expected: list[dict[str, Any]], tmp_path: Path, store: str
) -> None:
    copy(target, tmp_path / "data", store)
    assert figures(tmp_path / "data", saved) == expected


def test_several_targets_are_one(
    target: Path, saved: Saved, expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    parts = [tmp_path / "old", tmp_path / "new"]
    copy(target, parts[0], "parquet", [FIRST, SECOND, THIRD])
    copy(target, parts[1], "sqlite", [THIRD])
    assert figures(parts, saved) == expected


@pytest.mark.parametrize("name", ["a*[b]", "asn=1", "it's"])
def test_the_name_of_a_folder_does_not_matter(target: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(target, tmp_path / name)
    found = trend(tmp_path / name, markets="LI").to_dict()
    assert found["tables"] == trend(target, markets="LI").to_dict()["tables"]


def test_an_object_store_is_a_target(target: Path, saved: Saved, expected: list[dict[str, Any]]) -> None:
    place = f"memory://{uuid.uuid4().hex}/kmi"
    copy(target, place, "parquet")
    assert figures(place, saved) == expected


def test_unequal_limits_are_not_compared(tmp_path: Path) -> None:
    answers = Answers()
    for date, limit in ((FIRST, 10), (SECOND, 20), (THIRD, 20)):
        spec = rankings_spec("LI", "customer_base", "v4", limit)
        asyncio.run(answers.pull(spec).save(tmp_path, date=date))
        answers.state.advance_day(40)
    report = trend(tmp_path)
    assert {row["since"] for row in report.tables["movers"]} == {SECOND}
    report = trend(tmp_path, until=SECOND)
    assert not report.tables["movers"].rows
    assert any("equal coverage of Liechtenstein" in note for note in report.notes)


def test_other_filters_are_not_compared(tmp_path: Path) -> None:
    answers = Answers()
    for date, choice in ((FIRST, "all"), (THIRD, "only")):
        spec = details([LI], "customers", singlehomed_customer=choice)
        asyncio.run(answers.pull(spec).save(tmp_path, date=date))
    saved = Saved(tmp_path)
    mine, other = saved.networks(THIRD, LI)[:2]
    report = compare(tmp_path, mine=mine, asns=other)
    assert all(row["won"] is None and row["customers"] is not None for row in report.tables["customers"])
    assert any("singlehomed_customer = only" in note for note in report.notes)


INVALID: list[tuple[Callable[[Path], object], str]] = [
    (
        lambda t: trend(t, markets="US"),
        "market 'US' has no saved customer_base rankings for v4; saved: cc:CH, cc:LI",
    ),
    (lambda t: prospects(t, ip="v6"), "no details of networks for v6 are saved in the target"),
    (
        lambda t: prospects(t, date=dt.date(2026, 1, 1)),
        "2026-01-01 is not a saved date; saved: 2026-11-18, 2026-11-19, 2026-11-20",
    ),
    (lambda t: prospects(t, max_providers=0), "max_providers must be a whole number from 1; got 0"),
    (
        lambda t: trend(t, rank_type="peering_base"),
        "no ranking peering_base of v4 is saved; saved: customer_base",
    ),
    (lambda t: trend(t, rank_type="nope"), "rank_type must be"),
    (
        lambda t: trend(t, since=THIRD, until=FIRST),
        "the first date must not be after the last one; got 2026-11-20 and 2026-11-18",
    ),
    (lambda t: trend(t, markets=[]), "markets is empty"),
    (lambda t: trend(t, asns=["x"]), "asns must be an AS number"),
    (lambda t: compare(t, mine=[], asns=1), "compare needs at least one network of mine (mine)"),
    (lambda t: compare(t, mine=[1, 2], asns=2), "a network cannot be both mine and a competitor; got AS2"),
    (lambda t: network(t, 64500), "nothing is saved of AS64500 for v4 from 2026-11-18 to 2026-11-20"),
]


@pytest.mark.parametrize(("call", "text"), INVALID)
def test_invalid_arguments_are_one_line(target: Path, call: Callable[[Path], object], text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        call(target)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_an_error(target: Path, tmp_path: Path) -> None:
    copy(target, tmp_path, "parquet", [THIRD])
    (part,) = tmp_path.glob("rankings/*/*")
    part.write_bytes(b"PAR1 no more")
    with pytest.raises(TargetError, match=f"^cannot read {tmp_path}: .*'kentik-async kmi verify' checks"):
        trend(tmp_path)


def test_a_folder_without_a_pull_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no pull was saved in"):
        trend(tmp_path)
    with pytest.raises(KentikError, match="empty list"):
        trend([])
