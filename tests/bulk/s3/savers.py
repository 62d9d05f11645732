"""Processes that save pulls into S3, to be killed and interrupted."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kentik_async.emulator import Emulator
from tests.bulk.s3.server import S3Server

__all__ = ["SPEED", "Saver", "Savers", "job", "savers"]

SPEED = 600


class Saver:
    """A process that saves pulls in children, one job at a time.

    Attributes:
        idle: Whether no job is running.
    """

    def __init__(self) -> None:
        self.idle = True
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("save_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONWARNINGS": "error"},
            text=True,
        )

    async def start(self, given: dict[str, Any]) -> int:
        """Start a job; return its process id."""
        assert self._process.stdin is not None
        self.idle = False
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        return int(await self._receive())

    async def end(self) -> tuple[list[dict[str, Any]], int]:
        """Wait until the job has ended; return its reports, none if it was killed, and its exit code."""
        reports: list[dict[str, Any]] = []
        while not isinstance(word := await self._receive(), dict):
            reports = word
        self.idle = True
        return reports, word["ended"]

    async def run(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Run a job to its end; return its reports."""
        await self.start(given)
        reports, code = await self.end()
        assert code == 0, code
        return reports

    def stop(self) -> None:
        """End the process."""
        with self._process:
            self._process.kill()

    async def _receive(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await asyncio.to_thread(self._process.stdout.readline))


class Savers:
    """Keeps idle savers for reuse: each needs seconds for its imports."""

    def __init__(self) -> None:
        self._idle: list[Saver] = []

    @contextmanager
    def saver(self) -> Iterator[Saver]:
        """Lend a saver while the block runs; end it if it is still working afterwards."""
        found = self._idle.pop() if self._idle else Saver()
        try:
            yield found
        finally:
            if found.idle:
                self._idle.append(found)
            else:
                found.stop()

    def stop(self) -> None:
        """End all processes."""
        for saver in self._idle:
            saver.stop()


@contextmanager
def savers() -> Iterator[Savers]:
    """Start savers on demand while the block runs."""
    found = Savers()
    try:
        yield found
    finally:
        found.stop()


def job(emulator: Emulator, s3: S3Server, home: Path, saves: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a job: several concurrent saves in one process."""
    names = ("email", "token", "grpc_endpoint", "rest_endpoint")
    return {
        **{name: emulator.connection[name] for name in names},
        "speed": SPEED,
        "environment": {**s3.environment, "HOME": str(home)},
        "saves": saves,
    }
