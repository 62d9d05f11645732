"""Ctrl-C in the command line, once or several times: one word, one exit code, no traceback."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kentik_async.emulator import BackgroundEmulator, Emulator

COMMANDS = ["kmi markets", "sites list", "raw GET /sites"]


def interrupted(
    emulator: BackgroundEmulator, home: Path, command: str, times: int, chance: random.Random
) -> str:
    """Run a command, press Ctrl-C while its request is in flight, and return stderr."""
    emulator.reset()
    process = subprocess.Popen(
        [sys.executable, "-m", "kentik_async.cli", *command.split()],
        env={**os.environ, "HOME": str(home), **emulator.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not emulator.report().in_flight:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.005)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(chance.choice([0.0, 0.001, 0.02]))
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == ""
    return err


@pytest.mark.parametrize("times", [1, 2, 5])
def test_ctrl_c_while_a_request_is_in_flight(tmp_path: Path, times: int) -> None:
    chance = random.Random(times)
    with BackgroundEmulator(Emulator(speed=60, latency=3600.0)) as emulator:
        assert interrupted(emulator, tmp_path, chance.choice(COMMANDS), times, chance) == "interrupted\n"


PROGRAM = """
import signal, sys, threading, weakref
from kentik_async.cli import __main__

class Thing: pass

def interrupt(_):
    signal.raise_signal(signal.SIGINT)

def command(arguments):
    thing = Thing()
    reference = weakref.ref(thing, interrupt)
    del thing
    return 0

__main__._run = command
sys.exit(__main__.main([]))
"""


def test_ctrl_c_in_a_finalizer_prints_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


UNAWAITED = """
import signal, sys
from kentik_async.cli import __main__

async def step(): pass

def command(arguments):
    coroutine = step()
    signal.raise_signal(signal.SIGINT)

__main__._run = command
sys.exit(__main__.main())
"""


def test_ctrl_c_before_a_coroutine_starts() -> None:
    done = subprocess.run([sys.executable, "-c", UNAWAITED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


CLEANUP = """
import asyncio, signal, sys
from kentik_async.cli import runner
from kentik_async.cli.output.messages import Notes

runner._PATIENCE = float(sys.argv[1])

async def command():
    signal.raise_signal(signal.SIGINT)
    try:
        await asyncio.sleep(3600)
    finally:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0.01)
        print("cleaned up")

try:
    runner.call(command, Notes())
except KeyboardInterrupt:
    sys.exit(1)
"""


@pytest.mark.parametrize(
    ("patience", "expected"), [(3600.0, (1, "cleaned up\n", "")), (0.0, (130, "", "interrupted\n"))]
)
def test_a_second_ctrl_c_during_the_cleanup(patience: float, expected: tuple[int, str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLEANUP, str(patience)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == expected
