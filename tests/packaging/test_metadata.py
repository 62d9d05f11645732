"""Facts that are in two files agree: pyproject.toml, Makefile, .ci/floors.txt, CHANGELOG.md."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import kentik_async
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _lower_bounds(requirements: list[str]) -> dict[str, Version]:
    """Return the oldest version that each requirement allows."""
    return {
        requirement.name: Version(specifier.version)
        for requirement in map(Requirement, requirements)
        for specifier in requirement.specifier
        if specifier.operator == ">="
    }


def test_the_tested_floors_are_the_promised_ones(project: dict[str, Any]) -> None:
    file = ROOT / ".ci" / "floors.txt"
    if not file.is_file():
        pytest.skip("a source distribution has no .ci")
    tested = {
        requirement.name: Version(next(iter(requirement.specifier)).version)
        for line in file.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
        for requirement in [Requirement(line)]
    }
    runtime = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["cli"]
    promised = _lower_bounds(runtime)
    assert len(promised) == len(runtime), "every dependency has a lower bound"
    assert {name: tested.get(name) for name in promised} == promised
    tables = _lower_bounds(
        [r for r in project["dependency-groups"]["dev"] if re.match(r"pandas>|polars|pyarrow", str(r))]
    )
    assert {name: tested.get(name) for name in tables} == tables


def test_make_installs_every_extra(project: dict[str, Any]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    match = re.search(r"^EXTRAS := (.*)$", makefile, re.MULTILINE)
    assert match is not None
    assert sorted(match[1].split(",")) == sorted(project["project"]["optional-dependencies"])


def test_the_changelog_knows_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(kentik_async.__version__)}\]", changelog, re.MULTILINE)
