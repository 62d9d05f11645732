"""Any command line gives an exit code of the table, at most a few lines on stderr, and no traceback."""

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kentik_async.cli.__main__ import main
from kentik_async.cli.exit_codes import Exit
from kentik_async.emulator import BackgroundEmulator, Emulator

costly = settings(
    max_examples=settings.default.max_examples // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""Many examples send requests to an emulator."""

# Without commands that run until they are stopped (emulator, demo) or write to random places (pull).
COMMANDS = [
    *(["kmi", name] for name in ("markets", "rankings", "asn", "insights", "status", "diff")),
    *(["as-groups", name] for name in ("list", "get", "create", "update", "delete")),
    *(["sites", name] for name in ("list", "get", "create", "update", "delete")),
    *(["plans", "list"], ["raw"], ["quota"], ["auth", "status"], ["completion"], ["kmi"], []),
]

texts = st.text(st.characters(exclude_characters="\0"), max_size=12)
values = st.one_of(
    texts,
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        [
            *(
                "US",
                "planet:earth",
                "planet$earth",
                "cc$",
                "AS64512",
                "64512",
                "1.10",
                "-1",
                "",
                " ",
                "--",
                "-",
            ),
            *(
                "GET",
                "/sites",
                "//evil.example",
                "/../x",
                "@/etc/passwd",
                "@",
                "{}",
                '{"a": NaN}',
                "[" * 5000,
            ),
            *("a=b", "=", "\udcff", "\ud800", "\u202e", "\x1b[31m", "nan", "1e999", "٣", "a" * 3000),
        ]
    ),
)
OPTIONS = [
    *(
        "--limit",
        "--ip",
        "--rank-type",
        "--type",
        "--lookback",
        "--magnitude",
        "--market",
        "--name",
        "--asns",
    ),
    *("--lat", "--lon", "--data", "--query", "--yes", "--output", "-o", "--profile", "--region", "--timeout"),
    *("--max-wait", "--quiet", "--no-color", "--help", "--version", "--nonsense", "--date", "--idempotent"),
]
lines = st.builds(
    lambda command, rest: [*command, *rest],
    st.sampled_from(COMMANDS),
    st.lists(values | st.sampled_from(OPTIONS), max_size=5),
)


@pytest.fixture(scope="module")
def _pointed_at_an_emulator() -> Iterator[None]:
    with BackgroundEmulator(Emulator(speed=1e6)) as emulator, pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env.items():
            patch.setenv(name, value)
        yield


@pytest.mark.usefixtures("_pointed_at_an_emulator")
@costly
@given(lines)
@example(["raw", "GET", "/sites", "--query", "a=\ud800"])
@example(["raw", "POST", "/sites", "--data", "[" * 100_000])
@example(["raw", "POST", "/sites", "--data", "9" * 5000])
@example(["raw", "POST", "/sites", "--data", '{"lat": NaN}'])
@example(["as-groups", "create", "\udcff", "64512"])
@example(["kmi", "rankings", "\udcff"])
@example(["kmi", "rankings", "US", "--limit", "9" * 5000])
@example(["sites", "create", "a site", "nan", "inf"])
@example(["kmi", "markets", "--profile", "\ud800"])
@example(["kmi", "markets", "--timeout", "nan"])
@example(["kmi", "markets", "--max-wait", "1e400"])
@example(["kmi", "status", "\udcff"])
@example(["kmi", "status", "a" * 5000])
@example(["kmi", "diff", "/nowhere", "2026-99-99"])
def test_any_command_line(arguments: list[str]) -> None:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(""))
        code = main(arguments)
    text = err.buffer.getvalue().decode()
    assert code in list(Exit)
    assert "Traceback" not in text
    assert "this is a bug" not in text
