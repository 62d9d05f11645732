"""A test schema with the layout of the public one, and the code generated from it."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import main
from tests.codegen.support import GOOGLEAPIS
from tests.support.paths import ROOT


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout; tests do not change it."""
    root = tmp_path_factory.mktemp("schema") / "api-schema-public"
    shutil.copytree(Path(__file__).with_name("checkout"), root)
    shutil.copytree(ROOT / "proto" / "google" / "api", root / GOOGLEAPIS / "api")
    return root


@pytest.fixture(scope="session")
def tree(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All APIs of the checkout, generated: the package `zootree`."""
    out = tmp_path_factory.mktemp("out") / "zootree"
    assert main(["--schema", str(checkout), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def load(tree: Path) -> Iterator[Callable[[str], Any]]:
    """Imports a package of the tree: `load("zoo.v202601")`."""
    sys.path.insert(0, str(tree.parent))
    yield lambda name: importlib.import_module(f"zootree.{name}")
    sys.path.remove(str(tree.parent))
