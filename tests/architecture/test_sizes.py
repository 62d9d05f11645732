"""Folders hold few files, and files few lines."""

from collections import Counter

from tests.support.paths import ROOT

FOLDERS = ("benchmarks", "codegen", "examples", "kentik_async", "tests")

MOST_FILES = 16

MOST_LINES = 300

FILES = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "_generated" not in path.parts
]


def test_folders_hold_few_files() -> None:
    sizes = Counter(path.parent.relative_to(ROOT).as_posix() for path in FILES)
    assert {folder: size for folder, size in sizes.items() if size > MOST_FILES} == {}


def test_files_are_short() -> None:
    sizes = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in FILES
    }
    assert len(sizes) > 300
    assert {name: size for name, size in sizes.items() if size > MOST_LINES} == {}
