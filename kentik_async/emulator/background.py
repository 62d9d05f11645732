"""An emulator with its own event loop and thread, for programs without an event loop or with several."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

from kentik_async.emulator.controls import EmulatorControls
from kentik_async.emulator.server import Emulator

__all__ = ["BackgroundEmulator"]

T = TypeVar("T")


class BackgroundEmulator(EmulatorControls):
    """Runs an emulator in a thread, so that tests with and without an event loop can use it.

        with BackgroundEmulator(Emulator(speed=60)) as emulator:
            asyncio.run(main(emulator.client()))
            emulator.assert_no_quota_violations()

    Every method may be called from any thread, and blocks it for a moment.
    """

    def __init__(self, emulator: Emulator) -> None:
        """Prepare the thread; `with` or `start()` opens the ports.

        Args:
            emulator: An emulator that is not started.
        """
        super().__init__(emulator._host, emulator.state, emulator._dispatcher, emulator._listeners)
        self._emulator = emulator
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="kentik-emulator", daemon=True)
        self._started: Future[None] = Future()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the thread and open the ports. An emulator starts once.

        Raises:
            OSError: A port is in use.
        """
        self._thread.start()
        self._started.result()

    def stop(self) -> None:
        """Close the ports, cancel all requests in flight, and end the thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._loop = None
            self._ended.result()

    def suspend(self) -> None:
        """Simulate an outage: cut every connection and accept none until `resume()`. No state is lost."""
        self.run(self._emulator.suspend())

    def resume(self) -> None:
        """End an outage: listen again on the same ports.

        Raises:
            OSError: A port is in use by another program.
        """
        self.run(self._emulator.resume())

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 (`start` or `stop` raises it)
            ended = self._ended if self._started.done() else self._started
            ended.set_exception(error)
        else:
            self._ended.set_result(None)

    async def _serve(self) -> None:
        await self._emulator.start()
        self._loop = asyncio.get_running_loop()
        self._started.set_result(None)
        await self._stopping.wait()
        await self._emulator.stop()

    def _call(self, action: Callable[[], T]) -> T:
        if self._loop is None or threading.current_thread() is self._thread:
            return action()

        async def act() -> T:
            return action()

        return self.run(act())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop of the emulator, and return its result.

        Raises:
            RuntimeError: The emulator is not running.
        """
        if self._loop is None:
            work.close()
            raise RuntimeError("the emulator is not running: call start() first")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
