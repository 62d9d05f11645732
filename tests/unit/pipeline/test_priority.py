"""The priority applies to the calls in a block, and only to those."""

import asyncio
from typing import Any

import pytest

from kentik_async import ConfigError, priority
from kentik_async._pipeline.priority import Priority, current_priority


def test_blocks_nest_and_end() -> None:
    assert current_priority() == 0
    with priority("high"):
        assert current_priority() == 1
        with priority("low"):
            assert current_priority() == -1
        with priority("normal"):
            assert current_priority() == 0
        assert current_priority() == 1
    assert current_priority() == 0


def test_a_block_ends_with_an_error_too() -> None:
    with pytest.raises(KeyError), priority("high"):
        raise KeyError
    assert current_priority() == 0


async def test_tasks_inherit_and_do_not_change_the_parent() -> None:
    async def urgent(level: Priority) -> int:
        with priority(level):
            await asyncio.sleep(0)
            return current_priority()

    async def inherited() -> int:
        await asyncio.sleep(0)
        return current_priority()

    with priority("low"):
        child = asyncio.create_task(inherited())
    found = await asyncio.gather(urgent("high"), urgent("low"), urgent("normal"), child)
    assert tuple(found) == (1, -1, 0, -1)
    assert current_priority() == 0


@pytest.mark.parametrize("level", ["HIGH", "", "urgent", 1, None, []])
def test_an_invalid_priority_is_refused(level: Any) -> None:
    with pytest.raises(ConfigError, match=r"^priority must be one of high, normal, low; got "):
        priority(level).__enter__()
