"""Processes are stopped repeatedly for a minute of the quota: no limit is exceeded, no call is stuck."""

from pathlib import Path

import pytest

from tests.endurance.suspended import stopped_under_way


@pytest.mark.parametrize(("kind", "processes"), [("process:", 1), ("file:", 2)])
def test_processes_that_are_suspended(tmp_path: Path, kind: str, processes: int) -> None:
    limiter = f"file:{tmp_path}/quota" if kind == "file:" else kind
    outcome = stopped_under_way(
        limiter, speed=200, processes=processes, calls=90, stops=3, seconds=0.3, seed=1
    )
    assert outcome.violations == 0
    assert outcome.ended == {"done": 90 * processes}
