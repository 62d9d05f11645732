"""The command line as a user runs it, against an emulator in another process.

A command runs in the tests' own process, which is fast, or in another process if the test needs one.
"""

import codecs
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest

from kentik_async.cli.__main__ import main
from tests.support.secret_scanner import token_in

KENTIK_ASYNC = (sys.executable, "-m", "kentik_async.cli")
PATIENCE = 60.0
NEVER = "(?!)"
TERMINAL = {"TERM": "xterm-256color", "PAGER": "cat", "COLUMNS": "80", "LINES": "40"}


@dataclass(frozen=True)
class Done:
    """The result of a command."""

    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        assert token_in(self.out + self.err) is None, "the command line shows the token"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines of ndjson; there must be some, unless the command succeeded."""
        assert self.out or not self.code, self.err
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Shell:
    """Runs commands with an emulator's credentials and endpoints in the environment."""

    ready: Mapping[str, Any]

    @property
    def env(self) -> dict[str, str]:
        """The environment of a command."""
        return {**os.environ, **self.ready["env"], "COLUMNS": "100"}

    def __call__(self, *arguments: str, stdin: str = "", at: Path | None = None, **env: str) -> Done:
        """Run a command within this process, without a terminal."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            if at is not None:
                patch.chdir(at)
            code = self._main(arguments, io.StringIO(stdin), out, err, env)
        return Done(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))

    def on_terminal(self, *arguments: str, **env: str) -> Done:
        """Run a command within this process, on a terminal: all output is in `out`."""
        master, slave = pty.openpty()
        with ThreadPoolExecutor(1) as thread:  # a terminal accepts only some kilobytes that are not read
            screen = thread.submit(_read_to_end, master)
            with os.fdopen(slave) as stdin, os.fdopen(os.dup(slave), "w", encoding="utf-8") as out:
                code = self._main(arguments, stdin, out, out, {**TERMINAL, **env})
        os.close(master)
        return Done(code, screen.result().decode(), "")

    def _main(
        self, arguments: Sequence[str], stdin: TextIO, out: TextIO, err: TextIO, env: Mapping[str, str]
    ) -> int:
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in {**self.env, **env}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", stdin)
            return main(arguments)

    def process(self, *arguments: str, stdin: str = "", **env: str) -> Done:
        """Run a command in another process, with pipes."""
        done = subprocess.run(
            [*KENTIK_ASYNC, *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env={**self.env, **env},
            check=False,
            timeout=PATIENCE,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def control(self, verb: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Control the emulator: reset, advance, fail, report, calls."""
        body = None if verb in ("report", "calls") else json.dumps(arguments or {}).encode()
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.ready['control']}/{verb}", body)
        ) as answer:
            return json.load(answer)

    def operations(self) -> list[str]:
        """Return the operations requested since the last reset, in order."""
        return [call["operation"] for call in self.control("calls")]


def _read_to_end(master: int) -> bytes:
    """Read the output of a terminal until it is closed at the other end, which is an error on Linux."""
    screen = bytearray()
    with suppress(OSError):
        while part := os.read(master, 65536):
            screen += part
    return bytes(screen)


@contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a command, and ensure that it ends."""
    process = subprocess.Popen(
        [*KENTIK_ASYNC, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)


def readiness(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Return the JSON that an emulator prints when it is ready."""
    assert process.stdout is not None
    ready: dict[str, Any] = json.loads(process.stdout.readline())
    return ready


class Terminal:
    """A command on a pseudo-terminal of 80 columns."""

    def __init__(self, shell: Shell, *arguments: str, **env: str) -> None:
        self._master, slave = pty.openpty()
        surroundings = {**shell.env, **TERMINAL, **env}
        self.process = subprocess.Popen(
            [*KENTIK_ASYNC, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=surroundings,
            start_new_session=True,  # questions never go to the terminal of the tests
        )
        os.close(slave)
        self.screen = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end within a character

    def read_until(self, pattern: str) -> None:
        """Wait until the screen contains a text, or the command has ended."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.screen):
            ready, _, _ = select.select([self._master], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"nothing like {pattern!r} on the screen: {self.screen!r}"
            try:
                self.screen += self._decoder.decode(os.read(self._master, 65536))
            except OSError:  # Linux reports a terminal that is closed at the other end in this way
                assert pattern == NEVER, f"ended without {pattern!r}: {self.screen!r}"
                return

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        self.read_until(NEVER)
        code = self.process.wait(timeout=PATIENCE)
        os.close(self._master)
        return code
