"""An emulator in another process, so that it does not share the GIL with the client."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from kentik_async.errors import ConfigError, KentikError

__all__ = ["EmulatorProcess", "emulator_process"]

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 3.0


class EmulatorProcess:
    """A running emulator.

    Attributes:
        speed: The clock speed-up factor.
        ready: The JSON that it printed when it was ready: endpoints, credentials, pid.
    """

    def __init__(self, ready: Mapping[str, Any], http: aiohttp.ClientSession) -> None:
        """Store the JSON of the process."""
        self.ready = ready
        self.speed = float(ready["speed"])
        self._http = http

    @property
    def grpc_target(self) -> str:
        """Host and port for a plain gRPC channel."""
        return str(self.ready["grpc_endpoint"]).partition("://")[2]

    @property
    def credentials(self) -> tuple[tuple[str, str], ...]:
        """The metadata for a plain gRPC call."""
        return (
            ("x-ch-auth-email", self.ready["email"]),
            ("x-ch-auth-api-token", self.ready["token"]),
        )

    async def reset(self) -> None:
        """Reset the emulator."""
        async with self._http.post(f"{self.ready['control']}/reset") as answer:
            answer.raise_for_status()

    async def report(self) -> dict[str, Any]:
        """Return the emulator's report of the calls since the last reset."""
        async with self._http.get(f"{self.ready['control']}/report") as answer:
            answer.raise_for_status()
            report: dict[str, Any] = await answer.json()
            return report


@asynccontextmanager
async def emulator_process(*, speed: float, seed: int) -> AsyncIterator[EmulatorProcess]:
    """Run an emulator while the block runs. It ends with this process, even if this process is killed.

    Args:
        speed: The clock speed-up factor.
        seed: The seed of the generated data.

    Raises:
        ConfigError: The emulator cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kentik_async.cli", "emulator", "--quiet", "--until-stdin-ends"),
        *("--speed", repr(speed), "--seed", str(seed)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches only this process, which stops the emulator after its calls
    )
    try:
        ready = await _readiness(process)
        async with aiohttp.ClientSession() as http:
            yield EmulatorProcess(ready, http)
    finally:
        await _stop(process)


async def _readiness(process: asyncio.subprocess.Process) -> dict[str, Any]:
    if process.stdout is None:
        raise KentikError("the emulator's output was not opened")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_TIMEOUT)
    except TimeoutError:
        raise ConfigError(f"the emulator did not start within {_START_TIMEOUT:.0f} s") from None
    if not line:
        raise ConfigError("the emulator did not start; see its message above")
    ready: dict[str, Any] = json.loads(line)
    return ready


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_TIMEOUT)
    except TimeoutError:
        process.kill()
        await process.wait()
