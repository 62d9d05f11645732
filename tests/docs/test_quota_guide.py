"""The guide to the quota: its programs and commands run, and its table matches the rules."""

import re
import shlex
import sys
from pathlib import Path

import anyio
import pytest

from kentik_async.emulator import BackgroundEmulator, Emulator
from kentik_async.quota import Quota
from tests.cli.shell import Shell
from tests.support.paths import ROOT

GUIDE = ROOT / "docs" / "quota.md"
TEXT = GUIDE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SPEED = 60

SAYS = (
    (SPEED, r"\d+ sites, and \d+ calls still wait"),
    (
        SPEED,
        r"500 calls take \d+ s\nno non-query quota within max_wait=0\.1 s; it frees in about \d+\.\d s: .*",
    ),
    (1, r"19 59 3749"),  # the only call counts for a minute, which must not pass before the quota is read
)
"""The output of its programs, in order, and the speed."""


def test_no_block_is_left_out() -> None:
    assert [language for language, _ in BLOCKS].count("python") == len(SAYS)
    assert {language for language, _ in BLOCKS} == {"python", "console"}
    assert TEXT.count("```") == 2 * len(BLOCKS)


async def run(emulator: Emulator, home: Path, *arguments: str, speed: int = SPEED) -> str:
    connection = emulator.connection
    environment = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "KENTIK_EMAIL": connection["email"],
        "KENTIK_API_TOKEN": connection["token"],
        "KENTIK_GRPC_ENDPOINT": connection["grpc_endpoint"],
        "KENTIK_REST_ENDPOINT": connection["rest_endpoint"],
        "KENTIK_SPEED": str(speed),
    }
    command = [sys.executable, *arguments]
    ended = await anyio.run_process(command, env=environment, cwd=home, check=False)
    assert ended.returncode == 0, (arguments, ended.stderr.decode())
    return (ended.stdout + ended.stderr).decode()


@pytest.mark.parametrize("number", range(len(SAYS)))
async def test_its_programs_run(number: int, tmp_path: Path) -> None:
    programs = [code for language, code in BLOCKS if language == "python"]
    speed, expected = SAYS[number]
    async with Emulator(speed=speed) as emulator:
        said = await run(emulator, tmp_path, "-c", programs[number], speed=speed)
    assert re.fullmatch(expected, said.strip()), said


def test_its_commands_run(tmp_path: Path) -> None:
    commands = [line for language, code in BLOCKS if language == "console" for line in code.splitlines()]
    with BackgroundEmulator(Emulator(speed=SPEED)) as emulator:
        shell = Shell({"env": {"HOME": str(tmp_path), **emulator.env}})
        for command in commands:
            assert command.startswith("$ kentik-async ")
            done = shell(*shlex.split(command)[2:], at=tmp_path)
            assert done.code == 0, (command, done.err)
            assert done.out, command


def test_its_table_is_the_rules() -> None:
    rows = re.findall(r"^\| .*? \| ([\d.,]+)(?: s)? \| ([\d.,]+)(?: s)? \|$", TEXT, re.MULTILINE)
    table = [tuple(float(number.replace(",", "")) for number in row) for row in rows[:5]]
    names = ("max_concurrent", "soft_per_minute", "soft_delay", "hard_per_minute", "per_hour")
    assert table == [(getattr(Quota.NON_QUERY, name), getattr(Quota.QUERY, name)) for name in names]


def test_its_figures_are_those_that_were_measured() -> None:
    """The tables that it quotes are in the benchmark's own report, word for word."""
    report = (ROOT / "benchmarks" / "results" / "limiter.md").read_text(encoding="utf-8")
    quoted = [line for line in TEXT.splitlines() if line.startswith("| kentik-async ")]
    assert quoted
    assert set(quoted) <= set(report.splitlines())
