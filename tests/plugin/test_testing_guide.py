"""The guide to testing: its example project passes in its own folder, together with other plugins."""

import re
from pathlib import Path

from kentik_async.emulator import BackgroundEmulator
from tests.plugin.project import pytest_in
from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```\w+\n# ([\w.]+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))


def test_example_project_passes(tmp_path: Path) -> None:
    assert FILES.keys() == {"largest.py", "test_largest.py", "pyproject.toml"}
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    ended = pytest_in(tmp_path, "-n", "2")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "7 passed" in ended.stdout


def test_listed_methods_exist() -> None:
    table = TEXT.split("## The emulator in a test")[1].split("**Time.**")[0]
    listed = re.findall(r"`(\w+)[^`]*`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
    assert len(listed) > 10
    assert [name for name in listed if not hasattr(BackgroundEmulator, name) and name != "state"] == []
