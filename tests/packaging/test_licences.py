"""What comes along with the package: documented, and under licences that any user can live with."""

import importlib.metadata
import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.support.paths import ROOT

PERMISSIVE = re.compile(r"\b(Apache|MIT|BSD|ISC|PSF|Python Software Foundation|0BSD|Unlicense)\b")
FILE_LEVEL = {"certifi", "orjson", "tqdm", "pathspec"}
"""Under the Mozilla Public License: it binds who changes their files, not who uses them."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def listed() -> set[str]:
    return set(re.findall(r"`([\w-]+)`", (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")))


def name_of(requirement: Requirement) -> str:
    return re.sub(r"[-_.]+", "-", requirement.name).lower()


def brought(requirements: Iterable[str], known: set[str]) -> Iterator[str]:
    """Name what is installed for some requirements, theirs included."""
    for requirement in map(Requirement, requirements):
        name = name_of(requirement)
        extras = {"", *requirement.extras}
        if name not in known:
            known.add(name)
            yield name
            yield from brought(needed(name, extras), known)


def needed(name: str, extras: set[str]) -> Iterator[str]:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return  # of another platform, or of an extra that is not installed
    for text in distribution.requires or ():
        marker = Requirement(text).marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield text


def licence(name: str) -> str:
    facts = importlib.metadata.metadata(name)
    classifiers = [word for word in facts.get_all("Classifier", []) if word.startswith("License ::")]
    return facts.get("License-Expression") or " ".join(classifiers) or facts.get("License", "")


def test_whatever_is_always_installed_is_listed(project: dict[str, Any], listed: set[str]) -> None:
    # Some of it is needed by some versions of Python, or of the dependencies, only.
    found = set(brought(project["dependencies"], set())) - {"async-timeout", "sniffio", "pycares"}
    assert len(found) > len(project["dependencies"])
    assert found <= listed


def test_every_extra_and_what_it_asks_for_is_listed(project: dict[str, Any], listed: set[str]) -> None:
    for extra, requirements in project["optional-dependencies"].items():
        assert {extra, *(name_of(Requirement(text)) for text in requirements)} <= listed


def test_licences(project: dict[str, Any]) -> None:
    everything = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    installed = {d.metadata["Name"].lower().replace("_", "-") for d in importlib.metadata.distributions()}
    found = [name for name in brought(everything, set()) if name in installed]
    assert len(found) >= len(project["dependencies"])
    strange = {name: licence(name) for name in found if not PERMISSIVE.search(licence(name))}
    assert set(strange) <= FILE_LEVEL, strange
