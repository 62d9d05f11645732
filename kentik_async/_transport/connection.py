"""Waits for the connection to one endpoint: a single connecting task serves all waiting calls.

While there is no connection, no call spends quota or connects on its own: a thousand calls that start during
an outage make one connection, not a thousand.
"""

import asyncio
import random

from kentik_async._transport.base import Transport
from kentik_async.errors import ConnectError, KentikError

__all__ = ["Connector"]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Connector:
    """Connects one transport when calls need it, and reports outages to the waiting calls.

    Attributes:
        transport: The transport; `transport.ready()` says whether there is a connection.
    """

    def __init__(
        self, transport: Transport, *, endpoint: str, connect_timeout: float, outage_wait: float
    ) -> None:
        """Start unconnected.

        Args:
            transport: The transport to connect.
            endpoint: The endpoint's name in messages.
            connect_timeout: Maximum duration of the first connection attempt, in seconds.
            outage_wait: How long calls wait for a lost connection to return, in seconds.
        """
        self.transport = transport
        self._endpoint = endpoint
        self._connect_timeout = connect_timeout
        self._outage_wait = outage_wait
        self._ever_connected = False
        self._lost_because: tuple[object, ...] = ()
        self._outage_error: ConnectError | None = None
        self._waiters: dict[asyncio.Future[None], None] = {}  # in order of arrival: they wake in that order
        self._connecting: asyncio.Task[None] | None = None

    def lost(self, error: KentikError) -> None:
        """Record why a connection was lost, for the error of calls that lose connections repeatedly."""
        self._lost_because = error.args

    async def wait(self, max_wait: float | None = None) -> None:
        """Wait until there is a connection.

        Args:
            max_wait: The longest wait of a call that already lost connections, in seconds; None if only
                the client's options limit the wait.

        Raises:
            ConnectError: No connection could be made in time, or an outage has already lasted too long.
        """
        if self._outage_error is not None:
            raise ConnectError(*self._outage_error.args)
        loop = asyncio.get_running_loop()
        if self._connecting is None:
            self._connecting = loop.create_task(self._connect())
        future = loop.create_future()
        self._waiters[future] = None
        timer = None if max_wait is None else loop.call_later(max_wait, self._give_up_waiter, future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                future.exception()  # cancelled at the same moment: retrieved, so that asyncio does not log it
            raise
        finally:
            if timer is not None:
                timer.cancel()
            self._waiters.pop(future, None)
            # Its exception keeps this frame: the reference cycle would keep the connection open after the
            # client was closed, until the garbage collector runs.
            del future

    async def aclose(self) -> None:
        """Stop connecting."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])

    async def _connect(self) -> None:
        error = ConnectError(f"no connection to {self._endpoint}: the attempt was cancelled")
        try:
            failure = await self._connect_within(
                self._outage_wait if self._ever_connected else self._connect_timeout
            )
            if failure is None:
                self._wake_all(None)
                return
            error = failure
            if self._ever_connected:
                # The outage lasted longer than `outage_wait`: calls fail immediately until this succeeds.
                self._outage_error = error
                self._wake_all(error)
                await self._connect_without_bound()
        finally:
            self._outage_error = None
            self._connecting = None
            self._wake_all(error)

    async def _connect_without_bound(self) -> None:
        failure = await self._connect_within(_LONGEST_PAUSE)
        while failure is not None:
            await asyncio.sleep(_LONGEST_PAUSE)
            failure = await self._connect_within(_LONGEST_PAUSE)

    async def _connect_within(self, timeout: float) -> ConnectError | None:
        """Try until there is a connection and return None, or return the reason why there is none."""
        try:
            if await self._connected_within(timeout):
                self._ever_connected = True
                return None
            reason = await self.transport.diagnose()
        except ConnectError as error:
            reason = str(error)
        return ConnectError(f"no connection to {self._endpoint}: {reason}")

    async def _connected_within(self, timeout: float) -> bool:
        pause = _FIRST_PAUSE
        try:
            async with asyncio.timeout(timeout):
                while not await self.transport.connect():
                    await asyncio.sleep(pause * (0.5 + random.random() / 2))
                    pause = min(pause * 2, _LONGEST_PAUSE)
        except TimeoutError:
            return False
        return True

    def _give_up_waiter(self, future: "asyncio.Future[None]") -> None:
        if not future.done():
            future.set_exception(ConnectError(*self._lost_because))

    def _wake_all(self, error: ConnectError | None) -> None:
        for future in self._waiters:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(ConnectError(*error.args))
        self._waiters.clear()
