"""The reference page lists exactly the variables, profile keys and events of the code."""

import re
from typing import get_args

import kentik_async
from kentik_async._environment import _VARIABLES
from kentik_async._profiles.files import KEYS
from kentik_async.events import EventKind
from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
OWN_VARIABLE = re.compile(r"\b(?:KENTIK|KTAPI)_[A-Z0-9_]*[A-Z]\b")


def section(title: str) -> str:
    """The text of a section."""
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_column(text: str) -> set[str]:
    """The first cells of the rows of all tables."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def test_every_variable_of_the_code_is_listed() -> None:
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "kentik_async").rglob("*.py"))
    used = {name for source in sources for name in OWN_VARIABLE.findall(source)}
    listed = {name for name in first_column(section("Environment variables")) if OWN_VARIABLE.fullmatch(name)}
    assert {name for names in _VARIABLES.values() for name in names} <= used
    assert listed == used


def test_every_profile_key_is_listed_with_its_argument() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| `(\w+)`", section("Profiles"), re.MULTILINE)
    assert dict(rows) == {**KEYS, "keyring": "token"}  # what the keyring holds


def test_every_event_is_listed() -> None:
    assert first_column(section("Events")) == set(get_args(EventKind))
    fields = set(re.findall(r"`event\.(\w+)`", section("Events")))
    assert fields == set(kentik_async.Event.__dataclass_fields__)
