"""`kentik-async emulator`: runs a local Kentik emulator, for tests in any language."""

import datetime as dt
import errno
import json
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from kentik_async.cli.context import Context, Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.parameters import Flag
from kentik_async.errors import ConfigError, ValidationError

if TYPE_CHECKING:
    import asyncio

    from kentik_async.cli.output.messages import Notes
    from kentik_async.emulator import Call, Emulator, User

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
    host: str = "127.0.0.1",
    user: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    log: str | None = None,
    background: Flag = False,
    until_stdin_ends: Annotated[bool, Parameter(show=False)] = False,
    context: Ctx,
) -> Exit:
    """Run a local Kentik emulator.

    It enforces the vendor's rate limits. When it is ready, it prints one line
    of JSON with its endpoints and credentials and, under "env", the variables
    that connect a client to it. It runs until SIGINT or SIGTERM. The admin API
    at /_emulator on the REST port accepts GET report and calls, and POST reset,
    fail and advance.

    With --background, it prints shell commands that set those variables, and
    keeps running until it is killed:

      eval "$(kentik-async emulator --background)"
      kentik-async kmi markets
      kill $KENTIK_EMULATOR_PID

    Args:
        speed: Clock speed-up factor of the rate limits: at 60, a minute lasts a second.
        seed: Seed of the generated data; the same seed and day give the same data.
        strict: Refuse requests over the concurrency limit; by default they are only counted.
        details: Send the remaining quota with each answer, in x-ratelimit-details.
        grpc_port: Port for gRPC; 0 selects a free port.
        rest_port: Port for HTTP; 0 selects a free port.
        latency: Latency of each answer in seconds of real time: 0.05, or a range such as 0.01-0.05.
        day: Simulated date, such as 2026-01-15.
        host: IP address to listen on.
        user: Account as EMAIL:TOKEN; may be repeated, the first one is printed.
        log: File to which each request is appended, as a line of JSON.
        background: Run in the background and print shell commands that set the variables.
        until_stdin_ends: End when stdin is closed, together with the program that started it.
        context: The command context.
    """
    from kentik_async.emulator import DEFAULT_USER, Emulator

    settings: dict[str, Any] = {"seed": seed, "strict": strict, "details": details}
    settings["latency"] = _latency(latency)
    settings |= {"grpc_port": _port("grpc", grpc_port), "rest_port": _port("rest", rest_port)}
    if day is not None:
        settings["day"] = _day(day)
    if not speed > 0:
        raise ValidationError(f"--speed must be a number greater than 0; got {speed:g}")
    users = tuple(map(_user, user)) or (DEFAULT_USER,)
    if background:
        arguments = ["--speed", repr(speed), "--seed", str(seed), "--latency", latency, "--host", host]
        arguments += ["--grpc-port", str(grpc_port), "--rest-port", str(rest_port)]
        arguments += [*(["--day", day] if day else []), *(["--strict"] if strict else [])]
        arguments += [*(["--details"] if details else []), *(["--log", log] if log else [])]
        arguments += [part for account in user for part in ("--user", account)]
        return _start_in_background(context, arguments)
    try:
        emulated = Emulator(speed, users=users, host=host, on_call=_call_log(log, context.notes), **settings)
    except ValueError as error:
        raise ValidationError(str(error)) from None
    async with _running(emulated), _stop_signals(until_stdin_ends=until_stdin_ends) as stopped:
        described = _described(emulated, speed=speed, seed=seed)
        context.printer.text(json.dumps(described))
        _print_variables(context, described["env"])
        return await stopped


def _start_in_background(context: Context, arguments: Sequence[str]) -> Exit:
    """Run an emulator in another process, and print the variables when it is ready."""
    import subprocess
    import tempfile

    # Not this process's stderr: a reader that waits for its end would wait for the emulator's.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603 (this program)
            [sys.executable, "-m", "kentik_async.cli", "emulator", "--quiet", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101 (it is a pipe)
        line = process.stdout.readline()
        if not line:
            code = Exit(process.wait())
            errors.seek(0)
            sys.stderr.write(errors.read())
            return code
    ready = json.loads(line)
    for name, value in {**ready["env"], "KENTIK_EMULATOR_PID": str(ready["pid"])}.items():
        context.printer.text(f"export {name}={shlex.quote(value)}")
    context.notes.note(f"the emulator runs in the background; kill {ready['pid']} stops it")
    return Exit.OK


@asynccontextmanager
async def _running(emulated: "Emulator") -> AsyncIterator[None]:
    try:
        await emulated.start()
    except OSError as error:
        hint = "; use other ports" if error.errno == errno.EADDRINUSE else ""
        raise ConfigError(f"the emulator cannot listen: {error.strerror or error}{hint}") from None
    try:
        yield
    finally:
        await emulated.stop()


@asynccontextmanager
async def _stop_signals(*, until_stdin_ends: bool) -> AsyncIterator["asyncio.Future[Exit]"]:
    """Yield a future that is set to the exit code when the process has to end."""
    import asyncio

    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[Exit] = loop.create_future()

    def stop(code: Exit) -> None:
        if not stopped.done():
            stopped.set_result(code)

    stdin = sys.stdin.fileno() if until_stdin_ends else -1

    def read_stdin() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            stop(Exit.OK)

    signals = {signal.SIGTERM: Exit.OK, signal.SIGINT: Exit.INTERRUPTED}
    for number, code in signals.items():
        loop.add_signal_handler(number, stop, code)  # until the loop is closed
    if until_stdin_ends:
        loop.add_reader(stdin, read_stdin)
    try:
        yield stopped
    finally:
        if until_stdin_ends:
            loop.remove_reader(stdin)


def _described(emulated: "Emulator", *, speed: float, seed: int) -> dict[str, Any]:
    connection = emulated.connection
    return {
        "grpc_endpoint": emulated.grpc_endpoint,
        "v6_rest_endpoint": emulated.v6_rest_endpoint,
        "rest_endpoint": emulated.rest_endpoint,
        "control": f"{emulated.v6_rest_endpoint}/_emulator",
        "email": connection["email"],
        "token": connection["token"],
        "speed": speed,
        "seed": seed,
        "day": emulated.state.day.isoformat(),
        "pid": os.getpid(),
        "env": emulated.env,
    }


def _print_variables(context: Context, env: Mapping[str, str]) -> None:
    if context.notes.live:
        lines = "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in env.items())
        context.notes.plain(f"ready; press Ctrl-C to stop. To connect a client in another shell:\n{lines}")


def _user(text: str) -> "User":
    """Return the user that EMAIL:TOKEN describes."""
    from kentik_async.emulator import User

    email, separator, token = text.partition(":")
    if not (email and separator and token):
        raise ValidationError("--user must be EMAIL:TOKEN")
    if not (text.isascii() and text.isprintable()):
        raise ValidationError("--user must contain only printable ASCII characters")
    return User(email, token)


def _call_log(path: str | None, notes: "Notes") -> "Callable[[Call], None] | None":
    """Return a function that appends a call to a file; the first failure is printed, and calls go on."""
    if path is None:
        return None
    try:
        # Unbuffered, so that a line that cannot be written does not precede the next ones.
        file = Path(path).open("ab", buffering=0)  # noqa: SIM115 (closed at exit)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
    failed = False

    def append(call: "Call") -> None:
        nonlocal failed
        try:
            file.write(json.dumps(call.to_dict()).encode() + b"\n")
        except OSError as error:
            if not failed:
                notes.warn(f"cannot write {path}: {error.strerror}")
            failed = True

    return append


def _latency(text: str) -> float | tuple[float, float]:
    """Return one number of seconds, or the two ends of a range."""
    try:
        ends = [float(part) for part in text.split("-")]
    except ValueError:
        ends = []
    if len(ends) not in (1, 2) or not 0.0 <= ends[0] <= ends[-1]:
        raise ValidationError(
            f"--latency must be seconds, such as 0.05, or a range, such as 0.01-0.05; got {text!r}"
        )
    return ends[0] if len(ends) == 1 else (ends[0], ends[1])


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValidationError(f"--day must be a date such as 2026-01-15; got {text!r}") from None


def _port(name: str, port: int) -> int:
    if not 0 <= port <= 65535:
        raise ValidationError(f"--{name}-port must be a number from 0 to 65535; got {port}")
    return port
