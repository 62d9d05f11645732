"""All dependencies of the package are documented, and have permissive licences."""

import importlib.metadata
import itertools
import re
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.support.paths import ROOT
from tests.support.requirements import closure, name_of, project

PERMISSIVE = re.compile(r"\b(Apache|MIT|BSD|ISC|PSF|Python Software Foundation|0BSD|Unlicense)\b")
FILE_LEVEL = {"certifi", "orjson", "tqdm", "pathspec"}
"""Packages with the Mozilla Public License, which applies to changes of their files, not to their use."""


@pytest.fixture(scope="module", name="project")
def described() -> dict[str, Any]:
    return project()


@pytest.fixture(scope="module")
def listed() -> set[str]:
    return set(re.findall(r"`([\w-]+)`", (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")))


def licence(name: str) -> str:
    facts = importlib.metadata.metadata(name)
    classifiers = [word for word in facts.get_all("Classifier", []) if word.startswith("License ::")]
    return facts.get("License-Expression") or " ".join(classifiers) or facts.get("License", "")


def test_whatever_is_always_installed_is_listed(project: dict[str, Any], listed: set[str]) -> None:
    # Some are only needed by some versions of Python or of the dependencies.
    found = set(closure(project["dependencies"], set())) - {"async-timeout", "sniffio", "pycares"}
    assert len(found) > len(project["dependencies"])
    assert found <= listed


def test_every_extra_and_what_it_asks_for_is_listed(project: dict[str, Any], listed: set[str]) -> None:
    for extra, requirements in project["optional-dependencies"].items():
        names = {name_of(Requirement(text)) for text in requirements} - {project["name"]}
        assert {extra, *names} <= listed


def test_licences(project: dict[str, Any]) -> None:
    everything = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    installed = {d.metadata["Name"].lower().replace("_", "-") for d in importlib.metadata.distributions()}
    found = [name for name in closure(everything, set()) if name in installed]
    assert len(found) >= len(project["dependencies"])
    strange = {name: licence(name) for name in found if not PERMISSIVE.search(licence(name))}
    assert set(strange) <= FILE_LEVEL, strange
