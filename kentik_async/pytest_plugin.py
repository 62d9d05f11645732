"""The pytest plugin: the fixtures `kentik_emulator` and `kentik_client`. docs/testing.md is its guide.

pytest loads it in every run of an environment that has this package, so it imports nothing until a test
requests a fixture.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from kentik_async.client import KentikClient
    from kentik_async.emulator import BackgroundEmulator
    from kentik_async.events import Event

__all__ = ["kentik_client", "kentik_emulator", "pytest_configure"]

_MARKER = "kentik_emulator"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(speed=60, ...): arguments of kentik_async.emulator.Emulator for the fixture {_MARKER}",
    )


@pytest.fixture
def kentik_emulator(request: pytest.FixtureRequest) -> "Iterator[BackgroundEmulator]":
    """A running Kentik emulator for this test, on free ports; the marker of this name sets its arguments."""
    from kentik_async.emulator import BackgroundEmulator, Emulator

    options: dict[str, Any] = {}
    for marker in reversed([*request.node.iter_markers(_MARKER)]):  # the closest marker is last
        if marker.args:
            pytest.fail(
                f"the marker {_MARKER} takes keywords, such as speed=60; got {marker.args!r}", pytrace=False
            )
        options |= marker.kwargs
    try:
        emulator = Emulator(**options)
    except (TypeError, ValueError) as error:
        pytest.fail(f"invalid arguments of the marker {_MARKER}: {error}", pytrace=False)
    with BackgroundEmulator(emulator) as running:
        yield running


@pytest.fixture
def kentik_client(kentik_emulator: "BackgroundEmulator") -> "Iterator[KentikClient]":
    """A client that is connected to `kentik_emulator`, for one event loop after another."""
    closer = _Closer()
    client = kentik_emulator.client(on_event=closer.on_event)
    closer.client = client
    yield client
    closer.close_in_idle_loops()
    kentik_emulator.run(client.aclose())


class _Closer:
    """Closes the connections of a client in their event loop before it ends, whichever plugin runs the loop.

    A fixture without `async` works with every plugin, but does not know the event loop. So the first call
    leaves an asynchronous generator in its loop: a loop that ends finishes its generators first.
    """

    client: "KentikClient"

    def __init__(self) -> None:
        self._generators: dict[AbstractEventLoop, AsyncGenerator[None]] = {}

    def on_event(self, _: "Event") -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        if loop not in self._generators:
            self._generators[loop] = generator = self._close_at_end()
            with suppress(StopIteration):
                generator.__anext__().send(None)  # run it to its `yield`

    async def _close_at_end(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await self.client._pipeline.release()

    def close_in_idle_loops(self) -> None:
        """Close the connections in loops that the test does not end, such as that of a session."""
        for loop, generator in self._generators.items():
            if not loop.is_closed() and not loop.is_running():
                loop.run_until_complete(generator.aclose())
