"""Folders hold few files, and files few lines.

The exceptions are the sizes of today. They may shrink, never grow.
"""

from collections import Counter
from collections.abc import Mapping

import pytest

from tests.support.paths import ROOT

FOLDERS = ("benchmarks", "codegen", "examples", "kentik_async", "tests")

MOST_FILES = 16

MOST_LINES = 300
LONG_FILES = {
    "tests/unit/quota/test_limiter.py": 396,
    "tests/unit/quota/test_processes.py": 352,
}

FILES = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "_generated" not in path.parts
]


def complaints(sizes: Mapping[str, int], most: int, exceptions: Mapping[str, int]) -> list[str]:
    """Return what is too large, and which exceptions are no longer needed."""
    large = [
        f"{name}: {size}, at most {allowed} allowed"
        for name, size in sizes.items()
        if size > (allowed := exceptions.get(name, most))
    ]
    needless = [f"{name}: remove this exception" for name in exceptions if sizes.get(name, 0) <= most]
    return large + needless


def test_folders_hold_few_files() -> None:
    sizes = Counter(path.parent.relative_to(ROOT).as_posix() for path in FILES)
    found = complaints(sizes, MOST_FILES, {})
    assert not found, "\n".join(found)


def test_files_are_short() -> None:
    sizes = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in FILES
    }
    found = complaints(sizes, MOST_LINES, LONG_FILES)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("sizes", "exceptions", "expected"),
    [
        ({"a": 3}, {}, []),
        ({"a": 4}, {}, ["a: 4, at most 3 allowed"]),
        ({"a": 4}, {"a": 4}, []),
        ({"a": 5}, {"a": 4}, ["a: 5, at most 4 allowed"]),
        ({"a": 3}, {"a": 4}, ["a: remove this exception"]),
        ({}, {"a": 4}, ["a: remove this exception"]),
    ],
)
def test_exceptions_only_shrink(
    sizes: dict[str, int], exceptions: dict[str, int], expected: list[str]
) -> None:
    assert complaints(sizes, 3, exceptions) == expected
