"""The guide to the emulator: its program runs, its command exists, and its tables are complete."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from kentik_async.emulator import Emulator
from kentik_async.emulator.engine.faults import Fault
from tests.cli.shell import Shell
from tests.support.paths import ROOT

GUIDE = ROOT / "docs" / "emulator.md"
TEXT = GUIDE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_its_program_runs(tmp_path: Path) -> None:
    (code,) = (code for language, code in BLOCKS if language == "python")
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert ended.returncode == 0, ended.stderr
    ranks, markets, error, report = ended.stdout.splitlines()
    assert ranks.startswith("[(1, ")
    assert int(markets.split()[0]) > 200
    assert error == "sites.list 404"
    assert report == "4 requests, 0 refused, 0 violations"


def test_its_command_exists() -> None:
    (command,) = (code for language, code in BLOCKS if language == "console")
    program, *arguments = shlex.split(command.removeprefix("$ "))
    assert program == "kentik-async"
    shown = Shell({"env": {}})(arguments[0], "--help")
    assert shown.code == 0
    assert all(word in shown.out for word in arguments if word.startswith("--"))


def test_its_faults_are_those_that_there_are() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| `") and "_emulator" not in line]
    named = {name for line in rows for name in re.findall(r"[`,] ?(\w+)=", line)}
    assert named <= set(Fault.__dataclass_fields__) | {"n"}
    assert set(Fault.__dataclass_fields__) <= named


async def test_its_requests_are_answered() -> None:
    import aiohttp

    wanted = re.findall(r"^\| `(GET|POST) (/_emulator/\w+)`(?: with `(.*?)`)?", TEXT, re.MULTILINE)
    assert len(wanted) == 5
    async with Emulator() as emulator, aiohttp.ClientSession() as session:
        for method, path, body in wanted:
            url = emulator.rest_endpoint.removesuffix("/api/v5") + path
            async with session.request(method, url, data=body or None) as response:
                assert response.status == 200, (path, await response.text())
