"""A saved target whose journal has any content: it is used, or rejected with one line."""

import io
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from kentik_async.cli.__main__ import main
from kentik_async.cli.exit_codes import Exit
from kentik_async.emulator import BackgroundEmulator, Emulator

costly = settings(
    max_examples=max(settings.default.max_examples // 20, 5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
"""An example runs several pulls, so there are few examples, and failures are not shrunk."""

PULL = ["kmi", "pull", "rankings"]
ASKED = ["--markets", "US", "DE", "--rank-types", "customer_base", "--limit", "5", "--date", "2026-01-15"]


def run(*arguments: str) -> tuple[int, str]:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return code, err.buffer.getvalue().decode()


def use(target: Path) -> None:
    """Read a target, pull into it again, and compare its dates."""
    for arguments in (
        ["kmi", "status", str(target)],
        [*PULL, str(target), *ASKED],
        ["kmi", "diff", str(target)],
    ):
        code, text = run(*arguments)
        assert code in list(Exit), arguments
        assert "Traceback" not in text
        assert "this is a bug" not in text, (arguments, text)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A target with a finished pull, and an emulator to pull from."""
    with BackgroundEmulator(Emulator(speed=1e6)) as emulator, pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env.items():
            patch.setenv(name, value)
        target = tmp_path_factory.mktemp("saved") / "target"
        code, text = run(*PULL, str(target), *ASKED)
        assert code == Exit.OK, text
        yield target


def journal_of(target: Path) -> Path:
    return target / ".kentik-async" / "journal.sqlite"


def tried(saved: Path, damage: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "target")
        shutil.copytree(saved, target)
        damage(journal_of(target))
        use(target)


scribbles = st.lists(st.tuples(st.integers(0, 40_000), st.binary(min_size=1, max_size=60)), max_size=5)


@costly
@given(scribbles, st.none() | st.integers(0, 40_000))
@example([], 0)
@example([], 100)
@example([(0, b"SQLite format 4\0")], None)
@example([(100, b"\xff" * 60)], None)
@example([(3509, b"\xb9\xf3\xb0\x96\xd2\x92\xce"), (14416, b"z")], None)
def test_any_bytes_in_the_journal(saved: Path, places: list[tuple[int, bytes]], length: int | None) -> None:
    def damage(path: Path) -> None:
        raw = path.read_bytes()
        for at, piece in places:
            raw = raw[:at].ljust(at, b"\0") + piece + raw[at + len(piece) :]
        path.write_bytes(raw if length is None else raw[:length])

    tried(saved, damage)


VALUES: dict[str, st.SearchStrategy[object]] = {
    "INTEGER": st.integers(-(2**63), 2**63 - 1),
    "REAL": st.floats(),
    "TEXT": st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    "BLOB": st.binary(max_size=12),
}


def columns_of(saved: Path) -> list[tuple[str, str, str]]:
    """The journal's columns: table, name and declared type."""
    with closing(sqlite3.connect(journal_of(saved))) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [
            (table, row[1], row[2]) for table in tables for row in db.execute(f'PRAGMA table_info("{table}")')
        ]


@costly
@given(st.data())
def test_any_values_in_the_journal(saved: Path, data: st.DataObject) -> None:
    """Return each column's type, as stored by SQLite."""
    columns = data.draw(st.lists(st.sampled_from(columns_of(saved)), min_size=1, max_size=3))
    changes = [
        (table, name, data.draw(st.none() | VALUES[kind.upper() or "BLOB"])) for table, name, kind in columns
    ]
    version = data.draw(st.none() | st.integers(-(2**31), 2**31 - 1))

    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            for table, name, value in changes:
                with suppress(sqlite3.Error):  # values that the schema itself rejects
                    db.execute(f'UPDATE "{table}" SET "{name}" = ?', (value,))
            if version is not None:
                db.execute(f"PRAGMA user_version = {version}")
            db.commit()

    tried(saved, damage)
