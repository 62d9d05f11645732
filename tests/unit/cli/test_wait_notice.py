"""The message while a command waits: it never hides Ctrl-C."""

import asyncio

import pytest

from kentik_async import KentikClient
from kentik_async.cli.output.messages import Notes
from kentik_async.cli.output.wait_notice import wait_notice


@pytest.mark.parametrize("steps", range(1, 6))
async def test_a_cancellation_at_the_end_is_not_lost(steps: int) -> None:
    async with KentikClient("user@example.com", "token", limiter="process:") as kentik:

        async def command() -> None:
            async with wait_notice(kentik, Notes()):
                await asyncio.sleep(0)

        task = asyncio.create_task(command())
        for _ in range(steps):
            await asyncio.sleep(0)
        if task.done():
            return
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
