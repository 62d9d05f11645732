"""`kentik-async emulator`: a Kentik on this machine, for tests and trials in any language."""

import datetime as dt
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from kentik_async.cli.context import Context, Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.parameters import Flag
from kentik_async.errors import ConfigError, ValidationError

if TYPE_CHECKING:
    import asyncio

    from kentik_async.emulator import Emulator

__all__ = ["emulator"]


async def emulator(
    *,
    speed: float = 60.0,
    seed: int = 0,
    strict: Flag = False,
    details: Flag = False,
    grpc_port: int = 0,
    rest_port: int = 0,
    latency: str = "0",
    day: str | None = None,
    until_stdin_ends: Annotated[bool, Parameter(show=False)] = False,
    context: Ctx,
) -> Exit:
    r"""Run a Kentik on this machine, with the vendor's limits, in compressed time.

    When it is ready it prints one line of JSON: its endpoints, credentials,
    speed and pid, and under "env" the variables that point a client at it. It
    runs until SIGINT or SIGTERM. At /_emulator beside the REST endpoint it
    takes GET report and calls, POST reset, fail and advance.

    For example:

      $ kentik-async emulator --speed 60 > emulator.json &
      $ export $(jq -r '.env | to_entries[] | "\(.key)=\(.value)"' emulator.json)
      $ kentik-async kmi markets

    Args:
        speed: How many times faster than at the vendor time passes: at 60 a minute lasts a second.
        seed: What the data are made from; the same seed and day give the same data.
        strict: Refuse requests over the permitted concurrency; otherwise they are only counted.
        details: Tell with each answer what is left of the quota, by x-ratelimit-details.
        grpc_port: The port of gRPC; 0 takes a free one.
        rest_port: The port of HTTP; 0 takes a free one.
        latency: How long each answer takes, in seconds of real time: 0.05, or a range such as 0.01-0.05.
        day: The day that it is there, such as 2026-01-15.
        until_stdin_ends: End also when stdin does: with the program that started it.
        context: Handed over.
    """
    from kentik_async.emulator import DEFAULT_USER, Emulator

    settings: dict[str, Any] = {"seed": seed, "strict": strict, "details": details}
    settings["latency"] = _latency(latency)
    settings |= {"grpc_port": _port("grpc", grpc_port), "rest_port": _port("rest", rest_port)}
    if day is not None:
        settings["day"] = _day(day)
    try:
        emulated = Emulator(speed, users=(DEFAULT_USER,), **settings)
    except ValueError as error:
        raise ValidationError(str(error)) from None
    async with _running(emulated), _ending(until_stdin_ends=until_stdin_ends) as ended:
        described = _described(emulated, speed=speed, seed=seed)
        context.printer.text(json.dumps(described))
        _tell_people(context, described["env"])
        return await ended


@asynccontextmanager
async def _running(emulated: "Emulator") -> AsyncIterator[None]:
    try:
        await emulated.start()
    except OSError as error:
        raise ConfigError(f"the emulator cannot listen: {error.strerror}; give other ports") from None
    try:
        yield
    finally:
        await emulated.stop()


@asynccontextmanager
async def _ending(*, until_stdin_ends: bool) -> AsyncIterator["asyncio.Future[Exit]"]:
    """Offer a future that is set when the process is told to end."""
    import asyncio

    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Exit] = loop.create_future()

    def end(code: Exit) -> None:
        if not ended.done():
            ended.set_result(code)

    stdin = sys.stdin.fileno() if until_stdin_ends else -1

    def look_at_stdin() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            end(Exit.OK)

    signals = {signal.SIGTERM: Exit.OK, signal.SIGINT: Exit.INTERRUPTED}
    for number, code in signals.items():
        loop.add_signal_handler(number, end, code)
    if until_stdin_ends:
        loop.add_reader(stdin, look_at_stdin)
    try:
        yield ended
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        if until_stdin_ends:
            loop.remove_reader(stdin)


def _described(emulated: "Emulator", *, speed: float, seed: int) -> dict[str, Any]:
    connection = emulated.connection
    return {
        "grpc_endpoint": emulated.grpc_endpoint,
        "rest_endpoint": emulated.rest_endpoint,
        "control": emulated.rest_endpoint.removesuffix("/api/v5") + "/_emulator",
        "email": connection["email"],
        "token": connection["token"],
        "speed": speed,
        "seed": seed,
        "day": emulated.state.day.isoformat(),
        "pid": os.getpid(),
        "env": {
            "KENTIK_EMAIL": connection["email"],
            "KENTIK_API_TOKEN": str(connection["token"]),
            "KENTIK_GRPC_ENDPOINT": emulated.grpc_endpoint,
            "KENTIK_REST_ENDPOINT": emulated.rest_endpoint,
            "KENTIK_SPEED": f"{speed:g}",
        },
    }


def _tell_people(context: Context, env: dict[str, str]) -> None:
    if context.notes.live:
        lines = "\n".join(f"  export {name}={value}" for name, value in env.items())
        context.notes.plain(f"ready; Ctrl-C ends it. To point a client at it:\n{lines}")


def _latency(text: str) -> float | tuple[float, float]:
    try:
        spans = [float(part) for part in text.split("-")]
    except ValueError:
        spans = []
    if len(spans) == 1:
        return spans[0]
    if len(spans) == 2:
        return spans[0], spans[1]
    raise ValidationError(f"--latency is {text!r}: give seconds such as 0.05, or a range such as 0.01-0.05")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValidationError(f"--day is {text!r}: give a date such as 2026-01-15") from None


def _port(name: str, port: int) -> int:
    if not 0 <= port <= 65535:
        raise ValidationError(f"--{name}-port is {port}: give 0 to 65535")
    return port
