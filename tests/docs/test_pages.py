"""The code blocks of the pages without their own test run, in order, in one folder.

A command of the command line runs in this process, which is fast; those of the README run in other processes.
"""

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kentik_async._transport.status_mapping import GRPC_ERRORS, HTTP_ERRORS
from kentik_async.cli.exit_codes import Exit
from kentik_async.emulator import BackgroundEmulator, Emulator
from tests.cli.shell import Shell
from tests.support.paths import ROOT
from tests.support.requirements import project

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE = 300.0
PAGES = ("index", "quickstart", "transports", "errors", "recipes", "migration", "reports", "mcp")
ASKS = "kentik-async auth login"
"""It asks for a token, so it is not run here; the tests of the command line run it."""

COMPILED_ONLY = {"airflow_dag.py", "dagster_assets.py", "prefect_flow.py"}
"""They need frameworks that are not installed; the function that they call is run."""

COMMAND = re.compile(r"kentik-async [^$&|;<>]*")
"""A line that needs no shell."""

TOOLS = Path(__file__).with_name("page_tools.py")
PROGRAMS = f"""
set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null || true; wait; env -0 >variables' EXIT
kentik-async() {{ "{sys.executable}" -m kentik_async.cli "$@"; }}
python() {{ "{sys.executable}" -W error "$@"; }}
uvicorn() {{ "{sys.executable}" -m uvicorn --log-level error --uds service.sock "$@" & }}
curl() {{ python "{TOOLS}" get service.sock "$@"; }}
"""


def text_of(page: str) -> str:
    return (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """The variables that connect a client to an emulator."""
    with BackgroundEmulator(Emulator(speed=600)) as emulator:
        yield emulator.env


@pytest.mark.parametrize("page", PAGES)
def test_every_block_runs(
    page: str, environment: dict[str, str], without_pandas: Path, tmp_path: Path
) -> None:
    script: list[str] = []
    for number, (language, code) in enumerate(BLOCK.findall(text_of(page))):
        if language == "python":
            named = re.match(r"# (\w+\.py)\n", code)
            program = tmp_path / (named[1] if named else f"block_{number}.py")
            program.write_text(code)
            if program.name in COMPILED_ONLY:
                compile(code, program, "exec")
            elif not named:
                in_a_notebook = re.search(r"^\S.*\bawait ", code, re.MULTILINE)
                path = "PYTHONPATH= " if "pandas" in code else ""
                script.append(f"{path}python {f'{TOOLS} cell ' if in_a_notebook else ''}{program}")
        elif language == "console":
            script += [command for line in code.splitlines() if (command := command_of(line))]
        else:
            assert language == "json"
            assert json.loads(code)
    for name in ("east", "west"):
        profile = tmp_path / ".kentik" / name
        profile.parent.mkdir(exist_ok=True)
        profile.touch(mode=0o600)
        account = {"email": environment["KENTIK_EMAIL"], "api-key": environment["KENTIK_API_TOKEN"]}
        profile.write_text(json.dumps({**account, "customer": name}))
    own = environment if "emulator --background" not in text_of(page) else {}
    variables = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(without_pandas),
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
        **own,
    }
    printed = ""
    try:
        for is_command, lines in itertools.groupby(script, lambda line: bool(COMMAND.fullmatch(line))):
            run = run_commands if is_command else run_programs
            printed += run([*lines], variables, tmp_path)
    finally:
        if "KENTIK_EMULATOR_PID" in variables:
            with suppress(ProcessLookupError):  # the page has ended it
                os.kill(int(variables["KENTIK_EMULATOR_PID"]), signal.SIGTERM)
    assert printed or not script


def run_commands(lines: list[str], variables: dict[str, str], folder: Path) -> str:
    """Run commands of the command line, and return what they print."""
    shell, printed = Shell({"env": variables}), ""
    for line in lines:
        done = shell(*shlex.split(line)[1:], at=folder)
        assert done.code == 0, (line, done.out, done.err)
        assert "warning" not in done.err.lower(), (line, done.err)
        printed += done.out
    return printed


def run_programs(lines: list[str], variables: dict[str, str], folder: Path) -> str:
    """Run other lines in one shell, set the variables that they export, and return what they print."""
    done = subprocess.run(
        ["bash", "-c", "\n".join([PROGRAMS, *lines])],
        cwd=folder,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    exported = (folder / "variables").read_text()
    (folder / "variables").unlink()  # a token is in it
    for entry in filter(None, exported.split("\0")):
        name, _, value = entry.partition("=")
        variables[name] = value
    assert done.returncode == 0, (lines, done.stdout, done.stderr)
    assert "warning" not in done.stderr.lower(), done.stderr
    return done.stdout


def command_of(line: str) -> str:
    """Return the command of a line, or nothing for an installation, whose extras must exist."""
    assert line.startswith("$ "), line
    command = line.removeprefix("$ ")
    words = shlex.split(command)
    if words[:2] != ["pip", "install"]:
        return command if command != ASKS else ""
    for requirement in words[2:]:
        name, _, extras = requirement.rstrip("]").partition("[")
        if name == "kentik-async":
            assert set(filter(None, extras.split(","))) <= set(project()["optional-dependencies"])
    return ""


def test_every_page_with_code_has_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*/test_*guide.py"))
    for page in (ROOT / "docs").rglob("*.md"):
        if BLOCK.search(
            re.sub("^```(mermaid|text)$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        ):
            assert page.stem in PAGES or f'"{page.name}"' in tests or page.stem == "architecture", page


def test_no_block_of_a_guide_is_left_out() -> None:
    for page in PAGES:
        text = re.sub(r"^```\{toctree\}.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
        assert text.count("```") == 2 * len(BLOCK.findall(text)), page


def test_the_statuses_of_errors_are_those_of_the_code() -> None:
    rows = re.findall(
        r"^\| `(\w+Error)` \| (.*?) \|(.*?) \|$", text_of("errors").split("## Statuses")[1], re.MULTILINE
    )
    http = {int(status): name for name, statuses, _ in rows for status in re.findall(r"\d{3}", statuses)}
    grpc = {status: name for name, _, statuses in rows for status in re.findall(r"[A-Z_]{4,}", statuses)}
    assert http == {400: "BadRequestError", 500: "ServerError"} | {
        status: error.__name__ for status, error in HTTP_ERRORS.items()
    }
    assert grpc == {status: error.__name__ for status, error in GRPC_ERRORS.items()}


def test_the_exit_codes_are_those_of_the_code() -> None:
    listed = re.findall(r"^\| `(\d+)` \|", text_of("errors").split("## Exit codes")[1], re.MULTILINE)
    assert [int(code) for code in listed] == [code.value for code in Exit]
