"""Requests that can be stopped: a request in flight ends, a request that waits for quota is not sent."""

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec.structs import replace

from kentik_async._operations.request import Request
from kentik_async._pipeline.caller import Caller

__all__ = ["StoppableCaller", "StoppedError"]

T = TypeVar("T")


class StoppedError(Exception):
    """The request was not sent, because everything is being stopped."""


@dataclass(frozen=True, slots=True)
class StoppableCaller(Caller):
    """A caller that sends nothing after `stop` is set.

    Attributes:
        stop: Set to stop.
    """

    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        object.__setattr__(self, "run", self._run)

    @classmethod
    def of(cls, caller: Caller, stop: asyncio.Event) -> "StoppableCaller":
        """Return a caller like another one that can be stopped."""
        return cls(caller.pipeline, caller.options, caller.limiter, caller.quota, stop=stop)

    async def sleep(self, seconds: float) -> None:
        """Wait; raises StoppedError as soon as `stop` is set."""
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            return
        raise StoppedError

    async def _run(self, request: Request[T], /) -> T:
        """Send a request; raises StoppedError if `stop` is set before it is sent."""
        if self.stop.is_set():
            raise StoppedError
        sent = False

        def mark_sent() -> None:
            nonlocal sent
            sent = True

        call = asyncio.ensure_future(
            self.pipeline.run(replace(request, on_send=mark_sent), options=self.options)
        )
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({call, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not sent and not call.done():
                call.cancel()
                await asyncio.wait({call})
                if call.cancelled():
                    raise StoppedError
            return await call
        finally:
            stopping.cancel()
            call.cancel()
