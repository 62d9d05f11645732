"""The checks of an apply before its first change, and its backup."""

import asyncio
import json
from pathlib import Path

import pytest

from kentik_async import KentikClient
from kentik_async.emulator import Emulator
from kentik_async.errors import TargetError, TargetLockedError, ValidationError
from kentik_async.state import Document

CHANGE = "{version: 1, as_groups: {Documentation: {asn: [1]}, new: {asn: [2]}}}"


def writes(emu: Emulator) -> list[str]:
    return [call.operation for call in emu.calls if call.operation.endswith(("create", "update", "delete"))]


async def test_two_applies_at_once(emu: Emulator, kentik: KentikClient) -> None:
    plan = await kentik.state.plan(Document.parse(CHANGE))
    started = asyncio.Event()
    first = asyncio.create_task(kentik.state.apply(plan, on_backup=lambda _: started.set()))
    await started.wait()
    with pytest.raises(TargetLockedError, match=r"another apply is changing this account: process \d+ on"):
        await kentik.state.apply(plan)
    assert (await first).complete
    assert (await kentik.state.apply(await kentik.state.plan(Document.parse(CHANGE)))).complete
    assert writes(emu) == ["as_groups.create", "as_groups.update"]


async def test_another_plan_than_the_reviewed_one(emu: Emulator, kentik: KentikClient) -> None:
    reviewed = await kentik.state.plan(Document.parse(CHANGE))
    emu.state.customer_data(emu.connection["customer"]).create_group("new", (3,))
    plan = await kentik.state.plan(Document.parse(CHANGE))
    with pytest.raises(ValidationError, match=f"not the reviewed {reviewed.checksum}"):
        await kentik.state.apply(plan, plan_checksum=reviewed.checksum)
    assert writes(emu) == []
    assert (await kentik.state.apply(plan, plan_checksum=plan.checksum)).complete


@pytest.mark.parametrize("named", [True, False])
async def test_an_interrupted_apply_keeps_its_checksum(
    emu: Emulator, kentik: KentikClient, tmp_path: Path, *, named: bool
) -> None:
    backup = tmp_path / "backup.json" if named else None
    reviewed = await kentik.state.plan(Document.parse(CHANGE))
    stop = asyncio.Event()
    first = await kentik.state.apply(
        reviewed,
        backup=backup,
        plan_checksum=reviewed.checksum,
        stop=stop,
        on_progress=lambda _: stop.set(),
    )
    assert (len(first.done), len(first.not_tried)) == (1, 1)
    rest = await kentik.state.plan(Document.parse(CHANGE))
    assert rest.checksum != reviewed.checksum
    second = await kentik.state.apply(rest, backup=backup, plan_checksum=reviewed.checksum)
    assert second.complete
    if named:
        assert second.backup == first.backup
        assert json.loads((tmp_path / "backup.json").read_text())["checksum"] == reviewed.checksum
    assert writes(emu) == ["as_groups.create", "as_groups.update"]


async def test_a_backup_of_another_plan_is_kept(kentik: KentikClient, tmp_path: Path) -> None:
    backup = tmp_path / "backup.json"
    backup.write_text("something else")
    report = await kentik.state.apply(await kentik.state.plan(Document.parse(CHANGE)), backup=backup)
    assert report.backup == backup
    assert (tmp_path / "backup-2.json").read_text() == "something else"
    assert json.loads(backup.read_text())["document"]["as_groups"]["Documentation"]["id"] == "1001"


async def test_nothing_is_changed_without_a_backup(
    emu: Emulator, kentik: KentikClient, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    plan = await kentik.state.plan(Document.parse(CHANGE))
    with pytest.raises(TargetError, match="cannot write"):
        await kentik.state.apply(plan, backup=tmp_path / "file" / "backup.json")
    assert writes(emu) == []


async def test_a_cancelled_apply_ends_its_request(emu: Emulator, kentik: KentikClient) -> None:
    plan = await kentik.state.plan(Document.parse(CHANGE))
    work = asyncio.create_task(kentik.state.apply(plan, on_progress=lambda _: work.cancel()))
    with pytest.raises(asyncio.CancelledError):
        await work
    assert writes(emu) == ["as_groups.create"]
    assert emu.report().in_flight == 0


async def test_sites_of_api_v5(emu: Emulator, kentik: KentikClient) -> None:
    document = await kentik.state.export(api="v5")
    assert (await kentik.state.plan(Document.parse(document.dump()), prune=True)).empty
    text = "{version: 1, api: v5, sites: {Frankfurt 1: {lat: 1}, LAX 3: {id: 2}, New: {lat: 2, lon: 3}}}"
    plan = await kentik.state.plan(Document.parse(text), prune=True)
    report = await kentik.state.apply(plan)
    assert report.complete, report.to_dict()
    assert report.backup is not None
    assert (await kentik.state.plan(Document.parse(text), prune=True)).empty
    data = emu.state.customer_data(emu.connection["customer"])
    assert [(one["site_name"], one["lat"], one["lon"]) for one in data.sites.values()] == [
        ("Frankfurt 1", 1.0, 8.6821),
        ("LAX 3", 33.7700504, -118.1937395),
        ("New", 2.0, 3.0),
    ]
    assert data.details.sites[1].postal_address.city == "Frankfurt"
    restored = await kentik.state.apply(await kentik.state.plan_restore(report.backup))
    assert [one.error for one in restored.failed] == ["site 'Warehouse' cannot be created without lat"]
    assert [one.change.name for one in restored.done] == ["Frankfurt 1", "LAX_02"]
