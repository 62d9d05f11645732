"""Every code block of the README works against the emulator."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from kentik_async.emulator import Emulator
from tests.support.paths import ROOT
from tests.support.requirements import modules_outside

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPEED = 60


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [code for name, code in BLOCK.findall(text) if name == language]


def commands() -> Iterator[list[str]]:
    for block in blocks("console"):
        for line in block.splitlines():
            assert line.startswith("$ "), f"no command: {line!r}"
            yield shlex.split(line[2:])


async def run(emulator: Emulator, home: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    connection = emulator.connection
    environment = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "KENTIK_EMAIL": connection["email"],
        "KENTIK_API_TOKEN": connection["token"],
        "KENTIK_GRPC_ENDPOINT": connection["grpc_endpoint"],
        "KENTIK_REST_ENDPOINT": connection["rest_endpoint"],
        "KENTIK_SPEED": str(SPEED),
    }
    return await anyio.run_process([sys.executable, *arguments], env=environment, cwd=home, check=False)


def test_no_block_is_left_out() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tested = sum(len(blocks(language)) for language in ("python", "console"))
    assert text.count("```") == 2 * tested > 0


@pytest.mark.parametrize(
    "code", blocks("python"), ids=lambda code: code.split("async def main")[0][-30:].strip()
)
async def test_python(code: str, tmp_path: Path) -> None:
    async with Emulator(speed=SPEED) as emulator:
        ended = await run(emulator, tmp_path, "-c", code)
    assert ended.returncode == 0, ended.stderr.decode()
    assert ended.stdout.strip()
    assert not ended.stderr


async def test_commands_need_the_extra_cli_only(tmp_path: Path) -> None:
    hidden = modules_outside("cli")
    assert {"pandas", "duckdb", "fsspec"} <= set(hidden)
    as_with_cli = [str(ROOT / "tests" / "docs" / "hidden_modules.py"), json.dumps(hidden)]
    async with Emulator(speed=SPEED) as emulator:
        for command in commands():
            if command[0] == "kentik-async":
                ended = await run(emulator, tmp_path, *as_with_cli, *command[1:])
                assert ended.returncode == 0, (command, ended.stderr.decode())
                assert ended.stdout.strip(), command


def test_make_targets_and_extras_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for command in commands():
        if command[0] == "make":
            assert re.search(rf"^{command[1]}:", makefile, re.MULTILINE), command
        elif command[0] == "pip":
            name, extra = re.fullmatch(r"([\w-]+)\[(\w+)\]", command[2]).groups()
            assert (name, extra in extras) == ("kentik-async", True)
        else:
            assert command[0] == "kentik-async", command
