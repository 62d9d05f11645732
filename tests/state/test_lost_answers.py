"""Lost answers: a new object is looked up before it is sent again, and is never duplicated."""

from collections.abc import Mapping
from typing import Any

import pytest

from kentik_async import KentikClient, Retry
from kentik_async.emulator import Emulator
from kentik_async.state import Document

TEXT = """
version: 1
site_markets: {m1: {}, m2: {description: x}}
sites: {s1: {type: cloud, site_market: m1}, s2: {type: branch}}
as_groups: {a1: {asn: [1]}, a2: {asn: [2]}}
"""
# Until gRPC notices a lost connection, attempts fail immediately; this takes long on a loaded machine.
WITH_PAUSES = pytest.mark.parametrize("retry", [Retry(attempts=10, base=0.05, cap=5.0)], ids=["with pauses"])
CREATES = ("site_markets.create", "sites_v6.create", "as_groups.create")

FAULTS: list[Mapping[str, Any]] = [
    {"drop": True, "when": "after"},
    {"drop": True, "when": "before"},
    {"status": "UNAVAILABLE", "when": "after"},
    {"status": "INTERNAL", "when": "after"},
    {"status": "DEADLINE_EXCEEDED", "when": "before"},
    {"body": b"\xff", "when": "after"},
]


@WITH_PAUSES
@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_create_is_never_doubled(
    emu: Emulator, kentik: KentikClient, fault: Mapping[str, Any]
) -> None:
    document = Document.parse(TEXT)
    plan = await kentik.state.plan(document)
    for operation in CREATES:
        emu.fail_next(1, operation=operation, **fault)
    report = await kentik.state.apply(plan)
    assert report.complete, report.to_dict()
    data = emu.state.customer_data(emu.connection["customer"])
    assert sorted(one.name for one in data.details.markets.values()) == ["Europe", "m1", "m2"]
    titles = [one["site_name"] for one in data.sites.values()]
    assert sorted(titles) == ["Frankfurt 1", "LAX_02", "Warehouse", "s1", "s2"]
    assert (await kentik.state.plan(document)).empty


async def test_a_create_that_always_fails_ends(emu: Emulator, kentik: KentikClient) -> None:
    plan = await kentik.state.plan(
        Document.parse("{version: 1, as_groups: {a1: {asn: [1]}, a2: {asn: [2]}}}")
    )
    emu.fail_next(8, operation="as_groups.create", status="UNAVAILABLE")
    report = await kentik.state.apply(plan)
    assert [one.change.name for one in report.failed] == ["a1", "a2"]
    assert [call.operation for call in emu.calls].count("as_groups.create") == 8
    again = await kentik.state.apply(await kentik.state.plan(Document.parse(TEXT)))
    assert again.complete


async def test_changes_that_need_a_failed_one_wait(emu: Emulator, kentik: KentikClient) -> None:
    emu.fail_next(1, operation="site_markets.create", status="PERMISSION_DENIED")
    report = await kentik.state.apply(await kentik.state.plan(Document.parse(TEXT)))
    assert [one.change.name for one in report.failed] == ["m1"]
    assert [(one.change.name, one.error) for one in report.not_tried] == [
        ("s1", "needs site_markets.m1 first, which was not changed")
    ]
    assert len(report.done) == 4


async def test_wrong_credentials_stop_everything(emu: Emulator, kentik: KentikClient) -> None:
    plan = await kentik.state.plan(Document.parse(TEXT))
    emu.fail_next(1, operation="sites_v6.create", status="UNAUTHENTICATED")
    report = await kentik.state.apply(plan)
    assert [one.change.name for one in report.failed] == ["s1"]
    assert [one.change.name for one in report.not_tried] == ["s2", "a1", "a2"]


@WITH_PAUSES
@pytest.mark.parametrize("when", ["before", "after"])
async def test_lost_answers_to_writes_and_deletions(emu: Emulator, kentik: KentikClient, when: Any) -> None:
    document = Document.parse(
        "{version: 1, as_groups: {Documentation: {asn: [1]}}, sites: {}, site_markets: {}}"
    )
    plan = await kentik.state.plan(document, prune=True)
    for operation in ("as_groups.update", "as_groups.delete", "sites_v6.delete", "site_markets.delete"):
        emu.fail_next(1, operation=operation, when=when, drop=True)
    report = await kentik.state.apply(plan)
    assert report.complete, report.to_dict()
    assert (await kentik.state.plan(document, prune=True)).empty
