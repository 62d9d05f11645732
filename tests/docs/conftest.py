"""The environment of the programs on the pages."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def without_pandas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that hides pandas: most readers do not have it, and no extra brings it.

    pyarrow imports pandas if it is installed, which takes as long as everything else in a short program.
    """
    folder = tmp_path_factory.mktemp("without_pandas")
    (folder / "pandas.py").write_text("raise ImportError('hidden by a test')\n")
    return folder
