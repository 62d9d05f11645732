"""Processes that save pulls into S3, to be killed and interrupted."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kentik_async.emulator import Emulator
from tests.bulk.s3.server import S3Server

__all__ = ["SPEED", "Saver", "job", "saver"]

SPEED = 600


class Saver:
    """A process that saves pulls in children, one job at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def start(self, given: dict[str, Any]) -> int:
        """Start a job; return its process's number."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(given).encode() + b"\n")
        return int(await self._told())

    async def end(self) -> tuple[list[dict[str, Any]], int]:
        """Wait until the job has ended; return its reports, none if it was killed, and its exit code."""
        reports: list[dict[str, Any]] = []
        while not isinstance(word := await self._told(), dict):
            reports = word
        return reports, word["ended"]

    async def run(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Run a job to its end; return its reports."""
        await self.start(given)
        reports, code = await self.end()
        assert code == 0, code
        return reports

    async def _told(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await self._process.stdout.readline())


@asynccontextmanager
async def saver() -> AsyncIterator[Saver]:
    """Run a process that saves pulls while the block runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("save_process.py"))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=1 << 24,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    try:
        yield Saver(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def job(emulator: Emulator, s3: S3Server, home: Path, saves: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a job: several saves at once, in one process."""
    names = ("email", "token", "grpc_endpoint", "rest_endpoint")
    return {
        **{name: emulator.connection[name] for name in names},
        "speed": SPEED,
        "environment": {**s3.environment, "HOME": str(home)},
        "saves": saves,
    }
