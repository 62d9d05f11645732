"""Whether an endpoint can be reached: one connector for all calls that wait for a connection.

While there is no connection nobody spends quota, and nobody connects on its own: a thousand calls started
during an outage make one connection, not a thousand.
"""

import asyncio
import random

from kentik_async._transport.base import Dialer
from kentik_async.errors import ConnectError, KentikError

__all__ = ["Link"]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Link:
    """The state of the way to one endpoint, in one event loop."""

    def __init__(
        self,
        dialer: Dialer,
        *,
        endpoint: str,
        connect_timeout: float,
        outage_wait: float,
    ) -> None:
        """Start unconnected.

        Args:
            dialer: Makes the connections.
            endpoint: The endpoint's name for the messages.
            connect_timeout: How long the first connection may take, in seconds.
            outage_wait: How long later outages are waited out, in seconds.
        """
        self._dialer = dialer
        self._endpoint = endpoint
        self._connect_timeout = connect_timeout
        self._outage_wait = outage_wait
        self._up = False
        self._ever_up = False
        self._lost_by: tuple[object, ...] = ()
        self._given_up: ConnectError | None = None
        self._waiting: dict[asyncio.Future[None], None] = {}  # in the order of arrival, as they are woken
        self._connector: asyncio.Task[None] | None = None

    def ready(self) -> bool:
        """Tell whether a request sent this instant would find a connection, as far as is known."""
        return self._up and self._dialer.ready()

    def lost(self, error: KentikError) -> None:
        """Enter that the connection is gone; the next to need it connects anew.

        Args:
            error: How that showed: the reason for whoever is let down by connections again and again.
        """
        self._up = False
        self._lost_by = error.args

    async def wait(self, patience: float | None = None) -> None:
        """Return when there is a connection.

        Args:
            patience: How long to wait at most, in seconds, of a caller who was let down by connections
                before: each outage alone is waited out no longer than the client's options say.

        Raises:
            ConnectError: None could be made in time, or an outage has already lasted too long.
        """
        if self.ready():
            return
        if self._given_up is not None:
            raise ConnectError(*self._given_up.args)
        self._up = False
        loop = asyncio.get_running_loop()
        if self._connector is None:
            self._connector = loop.create_task(self._connect())
        future = loop.create_future()
        self._waiting[future] = None
        timer = None if patience is None else loop.call_later(patience, self._disappoint, future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                future.exception()  # cancelled at the very moment: seen, so that asyncio does not log it
            raise
        finally:
            if timer is not None:
                timer.cancel()
            self._waiting.pop(future, None)
            # Its exception holds this frame: in a circle with it, all that hangs on the connection would
            # outlive the client until the garbage collector comes by.
            del future

    async def aclose(self) -> None:
        """Stop connecting."""
        if self._connector is not None:
            self._connector.cancel()
            await asyncio.wait([self._connector])

    async def _connect(self) -> None:
        error = ConnectError(f"no connection to {self._endpoint}: the attempt was broken off")
        try:
            found = await self._dial_in_time(self._outage_wait if self._ever_up else self._connect_timeout)
            if found is None:
                self._release(None)
                return
            error = found
            if self._ever_up:
                # The outage outlasted everybody's patience: calls fail at once until this succeeds.
                self._given_up = error
                self._release(error)
                await self._dial_for_good()
        finally:
            self._given_up = None
            self._connector = None
            self._release(error)

    async def _dial_for_good(self) -> None:
        error = await self._dial_in_time(_LONGEST_PAUSE)
        while error is not None:
            await asyncio.sleep(_LONGEST_PAUSE)
            error = await self._dial_in_time(_LONGEST_PAUSE)

    async def _dial_in_time(self, patience: float) -> ConnectError | None:
        """Try until there is a connection; return None then, or why there is none."""
        pause = _FIRST_PAUSE
        try:
            async with asyncio.timeout(patience):
                while not await self._dialer.dial():
                    await asyncio.sleep(pause * (0.5 + random.random() / 2))
                    pause = min(pause * 2, _LONGEST_PAUSE)
        except TimeoutError:
            reason = await self._dialer.diagnose()
        except ConnectError as error:
            reason = str(error)
        else:
            self._up = self._ever_up = True
            return None
        return ConnectError(f"no connection to {self._endpoint}: {reason}")

    def _disappoint(self, future: "asyncio.Future[None]") -> None:
        if not future.done():
            future.set_exception(ConnectError(*self._lost_by))

    def _release(self, error: ConnectError | None) -> None:
        for future in self._waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(ConnectError(*error.args))
        self._waiting.clear()
