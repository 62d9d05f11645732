"""Members of AS groups, added and removed: by one task, and by many tasks at the same time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kentik_async import KentikClient, NotFoundError, ValidationError
from kentik_async.emulator import Emulator


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=6000) as emulator:
        yield emulator


@pytest.fixture
async def kentik(emu: Emulator) -> AsyncIterator[KentikClient]:
    async with emu.client() as client:
        yield client


async def members(kentik: KentikClient) -> list[int]:
    return [member.asn for member in (await kentik.as_groups.get(1001)).asn]


async def test_members_are_added_and_removed(emu: Emulator, kentik: KentikClient) -> None:
    before = await members(kentik)
    group = await kentik.as_groups.add_asns(1001, ["AS3356", "1.10", before[0]])
    assert [member.asn for member in group.asn] == [*before, 3356, 65546]
    assert group.name == "Documentation"
    group = await kentik.as_groups.remove_asns("1001", [before[0], 65546, 4_200_000_001])
    assert [member.asn for member in group.asn] == [*before[1:], 3356]
    assert await members(kentik) == [*before[1:], 3356]
    operations = [call.operation for call in emu.calls]
    assert operations == ["as_groups.get", *["as_groups.get", "as_groups.update"] * 2, "as_groups.get"]


async def test_a_group_that_is_as_wanted_is_not_written(emu: Emulator, kentik: KentikClient) -> None:
    await kentik.as_groups.add_asns(1001, [64496])
    await kentik.as_groups.remove_asns(1001, [3356])
    assert [call.operation for call in emu.calls] == ["as_groups.get"] * 2


async def test_many_tasks_lose_no_member(kentik: KentikClient) -> None:
    before = set(await members(kentik))
    view = kentik.with_options(timeout=30)
    await asyncio.gather(
        *((kentik, view)[asn % 2].as_groups.add_asns(1001, [asn]) for asn in range(1, 21)),
        kentik.as_groups.remove_asns(1001, [64496]),
    )
    assert set(await members(kentik)) == before - {64496} | set(range(1, 21))


async def test_a_cancelled_change_lets_the_next_one_run(kentik: KentikClient) -> None:
    first = asyncio.create_task(kentik.as_groups.add_asns(1001, [1]))
    second = asyncio.create_task(kentik.as_groups.add_asns(1001, [2]))
    await asyncio.sleep(0)
    first.cancel()
    assert 2 in [member.asn for member in (await second).asn]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_invalid_members_send_nothing(emu: Emulator, kentik: KentikClient) -> None:
    for change in (kentik.as_groups.add_asns, kentik.as_groups.remove_asns):
        with pytest.raises(ValidationError, match=r"asns\[0\] must be an AS number") as caught:
            await change(1001, ["x"])
        assert caught.value.operation == "as_groups.update"
    assert not emu.calls


async def test_a_group_is_found_by_its_name(kentik: KentikClient) -> None:
    assert (await kentik.as_groups.get_by_name("Private use")).id == "1002"
    with pytest.raises(NotFoundError, match="no AS group has the name 'private use'") as caught:
        await kentik.as_groups.get_by_name("private use")
    assert caught.value.operation == "as_groups.get_by_name"
