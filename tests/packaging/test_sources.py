"""Every tracked file follows the rules of the project."""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

LINES_AT_MOST = 400

# A file that names the author's machine or mirror works only on that machine.
MACHINE_PATH = re.compile(r"(?<![\w.$~/-])/(?:root|work)/[\w.]|(?<![\w.])/opt/(?:pypi|wheels)")
REGISTRY = re.compile(r"\b(?:pypi\.org|pythonhosted\.org|proxy\.golang\.org|registry\.npmjs\.org)\b")

DOCSTRING = re.compile(r'"""\s*[^\s"]')
OFFERS = re.compile(r"^__all__\b.* = ", re.MULTILINE)


def _tracked() -> list[Path]:
    """Return the files tracked by git; in a source distribution, all files."""
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listing.returncode == 0 and (ROOT / ".git").exists():
        names = os.fsdecode(listing.stdout).split("\0")
        return sorted(path for name in names if name and (path := ROOT / name).is_file())
    return sorted(path for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _written_by_hand(folder: str) -> list[Path]:
    return [
        path
        for path in _tracked()
        if path.suffix == ".py"
        and path.is_relative_to(ROOT / folder)
        and not path.is_relative_to(ROOT / "kentik_async" / "_generated")
    ]


def _exports(text: str) -> bool:
    """Return whether a module has `__all__`, or contains only a docstring."""
    return OFFERS.search(text) is not None or not ast.parse(text).body[1:]


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["machine path", "registry host"])
def test_no_file_names_the_machine_it_was_written_on(pattern: re.Pattern[str]) -> None:
    found = []
    for path in _tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # images, descriptor sets
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]
    assert not found


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (MACHINE_PATH, "see /" + "root/x", True),
        (MACHINE_PATH, "file:/" + "work/main", True),
        (MACHINE_PATH, "https://example.com/" + "root/x", False),
        (MACHINE_PATH, "~/" + "work/x", False),
        (REGISTRY, "https://" + "pypi" + ".org/simple", True),
        (REGISTRY, "https://kentik.com", False),
    ],
)
def test_the_patterns_themselves(pattern: re.Pattern[str], text: str, matches: bool) -> None:
    assert bool(pattern.search(text)) is matches


def test_every_module_of_the_package_has_a_docstring() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _written_by_hand("kentik_async")
        if not DOCSTRING.match(path.read_text(encoding="utf-8"))
    ]
    assert not silent


def test_every_public_module_has_dunder_all() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _written_by_hand("kentik_async")
        if (path.name == "__init__.py" or not path.name.startswith("_"))
        and not _exports(path.read_text(encoding="utf-8"))
    ]
    assert not silent, f"without __all__: {silent}"


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _written_by_hand(".")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LINES_AT_MOST
    }
    assert not long
