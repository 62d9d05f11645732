"""The command line before any call: help, usage errors, loaded modules, and a missing extra."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kentik_async import __version__
from kentik_async.cli.__main__ import main

HEAVY = (
    "aiohttp",
    "asyncio",
    "grpc",
    "keyring",
    "mcp",
    "kentik_async.emulator",
    "msgspec",
    "pandas",
    "polars",
    "pyarrow",
    "redis",
)
VERBS = ("list", "get", "create", "update", "delete")
COMMANDS = [
    "",
    "demo",
    "emulator",
    "auth",
    *(f"auth {verb}" for verb in ("login", "logout", "list", "status")),
    "kmi",
    "kmi markets",
    "kmi rankings",
    "kmi asn",
    "kmi insights",
    *(f"kmi pull {what}" for what in ("rankings", "details", "all", "insights")),
    *(f"kmi report {what}" for what in ("prospects", "trend", "compare", "network")),
    "kmi status",
    "kmi diff",
    "kmi verify",
    "kmi repair",
    "kmi prune",
    *(f"{group} {verb}" for group in ("as-groups", "sites", "sites-v6", "site-markets") for verb in VERBS),
    "as-groups add",
    "as-groups remove",
    "plans list",
    "export",
    "plan",
    "apply",
    "schema",
    "quota",
    "quota watch",
    "raw",
    "codegen",
    "completion",
    "mcp",
]


def run(
    *arguments: str, env: Mapping[str, str] | None = None, code: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command line, or some code, in another process."""
    command = ["-c", code] if code else ["-m", "kentik_async.cli"]
    return subprocess.run(
        [sys.executable, *command, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "80", **(env or {})},
        check=False,
    )


@dataclass(frozen=True)
class Said:
    """Return the output and the exit code of the command line, called within this process."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    monkeypatch.setenv("COLUMNS", "80")

    def called(*arguments: str) -> Said:
        code = main(arguments)
        return Said(code, *capfd.readouterr())

    return called


LOADED = """
import json, sys
from kentik_async.cli.__main__ import main
codes, texts = {}, {}
for command in json.loads(sys.argv[1]):
    codes[command] = main([*command.split(), "--help"])
print(json.dumps({"codes": codes, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def helped() -> tuple[str, dict[str, int], set[str]]:
    """Every help text, its exit codes, and the modules imported for all of them."""
    done = run(json.dumps(COMMANDS), code=LOADED)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stderr)
    return done.stdout, said["codes"], set(said["modules"])


def test_help_texts_name_their_arguments_and_fit_80_columns(
    helped: tuple[str, dict[str, int], set[str]],
) -> None:
    text, _, _ = helped
    assert "[ARGS" not in text
    assert "default: ()" not in text
    # A line that is too long is broken after a space.
    assert [line for line in text.splitlines() if line.endswith(" ") and "Usage: " not in line] == []


def test_every_command_has_a_help(helped: tuple[str, dict[str, int], set[str]]) -> None:
    text, codes, _ = helped
    assert set(codes.values()) == {0}
    for command in COMMANDS:
        name = f"kentik-async {command}".strip()
        assert re.search(rf"^Usage: {name}( |$)", text, re.MULTILINE)


def test_help_loads_nothing_that_only_calls_need(helped: tuple[str, dict[str, int], set[str]]) -> None:
    _, _, modules = helped
    loaded = [name for name in HEAVY if name in modules]
    assert not loaded


def test_help_fits_a_terminal_and_hides_internal_options(
    helped: tuple[str, dict[str, int], set[str]],
) -> None:
    text, _, _ = helped
    assert max(map(len, text.splitlines())) <= 80
    for hidden in ("command context", "until-stdin-ends", "context:", "PARSE"):
        assert hidden not in text


def test_every_help_text_lists_the_global_options(call: Callable[..., Said]) -> None:
    text = call("sites", "list", "--help").stdout
    for option in ("--output", "--profile", "--region", "--quiet", "--no-color", "--max-wait", "--timeout"):
        assert option in text


def test_exit_codes_are_listed(call: Callable[..., Said]) -> None:
    text = " ".join(call("--help").stdout.split())
    assert "130 interrupted" in text
    assert "5 finished with failures" in text


@pytest.mark.parametrize("flag", [["--version"], ["kmi", "--version"]])
def test_version(call: Callable[..., Said], flag: list[str]) -> None:
    done = call(*flag)
    assert (done.returncode, done.stdout.strip()) == (0, __version__)


@pytest.mark.parametrize(
    ("line", "said", "command"),
    [
        (["bogus"], 'unknown command "bogus"', ""),
        (["kmi", "rankngs"], 'Did you mean "rankings"?', "kmi "),
        (["kmi", "rankings"], "error: MARKET is required", "kmi rankings "),
        (["kmi", "rankings", "US", "DE"], "unexpected argument: 'DE'", "kmi rankings "),
        (["kmi", "markets", "--bogus"], "--bogus", "kmi markets "),
        (["kmi", "rankings", "US", "--limit", "few"], "must be a whole number; got 'few'", "kmi rankings "),
        (["kmi", "rankings", "US", "--ip", "v5"], '"v5"', "kmi rankings "),
        (["-o", "yaml", "kmi", "markets"], '"yaml"', ""),
        (["kmi", "markets", "--region"], "--region requires a value", ""),
    ],
)
def test_a_wrong_command_line_is_one_line_a_hint_and_2(
    call: Callable[..., Said], line: list[str], said: str, command: str
) -> None:
    done = call(*line)
    assert done.returncode == 2
    assert done.stdout == ""
    error, advice = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert said in error
    assert advice == f"hint: run 'kentik-async {command}--help'"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["kmi", "markets"], "error: no credentials found: run 'kentik-async auth login'"),
        (["kmi", "markets", "--profile", "nobody"], "error: profile 'nobody': the file "),
        (["raw", "GET", "/x", "--query", "a"], "error: --query must be NAME=VALUE; got 'a'"),
        (["raw", "PUT", "/x", "--data", "{"], "error: --data is not valid JSON"),
        (["raw", "PUT", "/x", "--data", "@nowhere"], "error: cannot read nowhere: No such file"),
        (["quota", "--calls", "-1"], "error: --calls must be a whole number of at least 0; got -1"),
        (["demo", "--calls", "0"], "error: --calls must be a whole number of at least 1; got 0"),
        (["demo", "--speed", "0"], "error: --speed must be a number greater than 0; got 0"),
        (["emulator", "--day", "soon"], "error: --day must be a date such as 2026-01-15; got 'soon'"),
        (["emulator", "--latency", "1-2-3"], "error: --latency must be seconds"),
        (["emulator", "--latency", "2-1"], "error: --latency must be seconds"),
        (["emulator", "--rest-port", "70000"], "error: --rest-port must be a number from 0 to 65535"),
        (["emulator", "--speed", "0"], "error: --speed must be a number greater than 0; got 0"),
        (
            ["sites", "delete", "3"],
            "error: cannot ask for confirmation to delete site 3 without a terminal; add --yes",
        ),
        (["as-groups", "delete", "3"], "error: cannot ask for confirmation to delete AS group 3"),
    ],
)
def test_a_wrong_value_or_setting_is_one_line_and_2(
    call: Callable[..., Said], line: list[str], said: str
) -> None:
    done = call(*line)
    assert done.returncode == 2
    assert done.stdout == ""
    (error,) = done.stderr.splitlines()
    assert error.startswith(said)


def test_group_without_command_shows_help(call: Callable[..., Said]) -> None:
    done = call("kmi")
    assert done.returncode == 2
    assert "Usage: kentik-async kmi COMMAND" in done.stdout


def test_no_arguments_print_the_usage(call: Callable[..., Said]) -> None:
    done = call()
    assert done.returncode == 0
    assert "Usage: kentik-async COMMAND" in done.stdout


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
def test_without_the_extra_the_error_has_the_pip_command(missing: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
from kentik_async.cli.__main__ import main
sys.exit(main(["--help"]))
"""
    done = run(code=code)
    assert done.returncode == 2
    assert done.stderr == "error: the command line is not installed: pip install 'kentik-async[cli]'\n"
    assert done.stdout == ""


def test_an_internal_error_is_one_line() -> None:
    code = """
import sys
from kentik_async.cli import app, __main__
def broken(*_, **__):
    raise RuntimeError("of two\\nlines")
app.app.meta.default_command = None
app.app.meta.default(broken)
sys.exit(__main__.main(["quota"]))
"""
    done = run(code=code)
    assert done.returncode == 1
    assert done.stderr.startswith("error: RuntimeError: of two lines; this is a bug")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" in run(code=code, env={"KENTIK_TRACEBACK": "1"}).stderr


# Each script takes seconds of CPU time, so each is made once: printed, printed for SHELL, or installed.
@pytest.mark.parametrize(("name", "first"), [("", "# Bash completion"), ("zsh", "#compdef kentik-async")])
def test_a_completion_script_knows_the_commands(
    call: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, name: str, first: str
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/bash")
    done = call("completion", *name.split())
    assert done.returncode == 0
    assert done.stdout.startswith(first)
    assert all(word in done.stdout for word in ("as-groups", "rankings", "output"))


def test_an_unknown_shell_is_refused(call: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/csh")
    done = call("completion")
    assert done.returncode == 2
    assert done.stderr.startswith("error: the variable SHELL must name one of bash, zsh, fish; got 'csh'")


def test_a_completion_script_can_be_installed(tmp_path: Path) -> None:
    done = run("completion", "fish", "--install", env={"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""})
    assert done.returncode == 0
    written = re.search(r"installed ~/(\S+);", done.stderr)
    assert written is not None
    script = (tmp_path / written[1]).read_text(encoding="utf-8")
    assert script.startswith("# Fish completion for kentik-async")
    assert all(word in script for word in ("as-groups", "rankings", "output"))
