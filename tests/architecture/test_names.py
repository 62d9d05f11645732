"""Names: no class name is used twice in the package, and test names are short."""

import re
from collections import defaultdict
from statistics import median

from tests.architecture.source import dotted, written_modules
from tests.support.paths import ROOT

LONGEST_TEST_NAME = 60
MEDIAN_TEST_NAME = 40

# The texts are searched, not parsed: the tests alone have 40,000 lines.
CLASS = re.compile(r"^ *class (\w+)[(:]", re.MULTILINE)
TEST = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)


def test_class_names_are_unique() -> None:
    classes: dict[str, list[str]] = defaultdict(list)
    for path in written_modules():
        for name in CLASS.findall(path.read_text(encoding="utf-8")):
            classes[name].append(dotted(path))
    assert len(classes) > 100
    twice = {name: found for name, found in classes.items() if len(found) > 1}
    assert not twice, f"class names that are used twice: {twice}"


def test_test_names_are_short() -> None:
    names = [
        (f"{path.relative_to(ROOT)}: {name}", len(name))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in TEST.findall(path.read_text(encoding="utf-8"))
    ]
    too_long = [name for name, length in names if length > LONGEST_TEST_NAME]
    assert not too_long, "\n".join(too_long)
    assert median(length for _, length in names) <= MEDIAN_TEST_NAME
