"""Names: no class name is used twice in the package, and test names are short."""

import ast
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.architecture.source import dotted, syntax_tree, written_modules
from tests.support.paths import ROOT

# Class names that are used twice. Remove a name when it is unique; add none.
KNOWN_TWICE = frozenset(
    {
        "Call",
        "Report",
        "Reply",
        "Tables",
        "_List",
    }
)

LONGEST_TEST_NAME = 60
MEDIAN_TEST_NAME = 40


def test_class_names_are_unique() -> None:
    classes: dict[str, list[str]] = defaultdict(list)
    for path in written_modules():
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(dotted(path))
    twice = {name: found for name, found in classes.items() if len(found) > 1}
    new = {name: found for name, found in twice.items() if name not in KNOWN_TWICE}
    assert not new, f"class names that are used twice: {new}"
    gone = sorted(KNOWN_TWICE - twice.keys())
    assert not gone, f"these names are unique: {gone}; remove them from KNOWN_TWICE"


# The names in these folders are too long, this many of them. Lower the number when you rename some.
KNOWN_LONG = {
    "tests/multiprocess": 26,
    "tests/unit/quota": 14,
}


def test_test_names_are_short() -> None:
    lengths: dict[str, list[int]] = defaultdict(list)
    too_long: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        place = path.relative_to(ROOT).as_posix()
        folder = next((name for name in KNOWN_LONG if place.startswith(f"{name}/")), "")
        for name in _test_names(path):
            lengths[folder].append(len(name))
            if len(name) > LONGEST_TEST_NAME:
                too_long[folder].append(f"{place}: {name}")
    assert not too_long[""], "\n".join(too_long[""])
    assert median(lengths[""]) <= MEDIAN_TEST_NAME
    grown = {
        folder: len(too_long[folder]) for folder, known in KNOWN_LONG.items() if len(too_long[folder]) > known
    }
    assert not grown, f"more test names of more than {LONGEST_TEST_NAME} characters than before: {grown}"


def _test_names(path: Path) -> list[str]:
    return [
        node.name
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
