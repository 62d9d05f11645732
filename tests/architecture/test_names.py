"""Names: no class name is used twice in the package, and test names are short."""

import ast
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.architecture.source import dotted, syntax_tree, written_modules
from tests.support.paths import ROOT

LONGEST_TEST_NAME = 60
MEDIAN_TEST_NAME = 40


def test_class_names_are_unique() -> None:
    classes: dict[str, list[str]] = defaultdict(list)
    for path in written_modules():
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(dotted(path))
    twice = {name: found for name, found in classes.items() if len(found) > 1}
    assert not twice, f"class names that are used twice: {twice}"


def test_test_names_are_short() -> None:
    names = [
        (f"{path.relative_to(ROOT)}: {name}", len(name))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in _test_names(path)
    ]
    too_long = [name for name, length in names if length > LONGEST_TEST_NAME]
    assert not too_long, "\n".join(too_long)
    assert median(length for _, length in names) <= MEDIAN_TEST_NAME


def _test_names(path: Path) -> list[str]:
    return [
        node.name
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
