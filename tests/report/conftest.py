"""The target of all tests of reports, saved once."""

from pathlib import Path

import pytest

from tests.report.support import Saved, save


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "data"
    save(folder)
    return folder


@pytest.fixture(scope="session")
def saved(target: Path) -> Saved:
    return Saved(target)
