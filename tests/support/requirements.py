"""The packages of an installation: the project's dependencies and extras, including indirect ones."""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from packaging.requirements import Requirement

from tests.support.paths import ROOT

__all__ = ["OLD_GRPC", "closure", "modules_outside", "name_of", "project"]


def project() -> dict[str, Any]:
    """Return the table `project` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def name_of(requirement: Requirement) -> str:
    """Return the normalized name of a requirement's package."""
    return _normalized(requirement.name)


def closure(requirements: Iterable[str], known: set[str]) -> Iterator[str]:
    """Yield the names of the packages that requirements install.

    Args:
        requirements: The requirements.
        known: Packages that have been yielded already; it grows.
    """
    for requirement in map(Requirement, requirements):
        name = name_of(requirement)
        extras = {"", *requirement.extras}
        if name not in known:
            known.add(name)
            yield name
            yield from closure(_needed(name, extras), known)


def modules_outside(extra: str) -> list[str]:
    """Return the installed top-level modules that an installation with one extra does not have."""
    described = project()
    requirements = [*described["dependencies"], *described["optional-dependencies"][extra]]
    inside = {*closure(requirements, set()), _normalized(described["name"])}
    modules = importlib.metadata.packages_distributions()
    return sorted(name for name, owners in modules.items() if inside.isdisjoint(map(_normalized, owners)))


def _needed(name: str, extras: set[str]) -> Iterator[str]:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return  # for another platform, or for an extra that is not installed
    for text in distribution.requires or ():
        marker = Requirement(text).marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield text


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


OLD_GRPC = tuple(map(int, grpc.__version__.split(".")[:2])) < (1, 60)
"""Return whether gRPC is one of the oldest supported versions, which behave differently in some cases."""
