"""An emulator in a thread of its own, for tests that end their event loops or have none."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from kentik_async.emulator import Emulator

__all__ = ["emulator_in_a_thread"]


@contextmanager
def emulator_in_a_thread(**options: Any) -> Iterator[Emulator]:
    """Run an emulator that outlives the event loops of the test."""
    emulator = Emulator(**options)
    with ThreadPoolExecutor(1) as thread, asyncio.Runner() as runner:
        thread.submit(runner.run, emulator.start()).result()
        serving = thread.submit(runner.get_loop().run_forever)
        try:
            yield emulator
        finally:
            runner.get_loop().call_soon_threadsafe(runner.get_loop().stop)
            serving.result()
            thread.submit(runner.run, emulator.stop()).result()
