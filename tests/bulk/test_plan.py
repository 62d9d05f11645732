"""A pull of more than 12 hours logs a warning; a pull of more than 24 hours must be allowed."""

import logging
from pathlib import Path

import pytest

from kentik_async import Quota, ValidationError
from kentik_async.bulk.results import PullPlan, require_one_day
from kentik_async.emulator import Emulator

HOUR = 3600.0


@pytest.mark.parametrize(
    ("hours", "long", "multi_day"),
    [(0.0, False, False), (12.0, False, False), (12.1, True, False), (24.0, True, False), (24.1, True, True)],
)
def test_when_a_plan_is_long(hours: float, long: bool, multi_day: bool) -> None:
    plan = PullPlan(1000, True, hours * HOUR)
    assert (plan.long, plan.multi_day) == (long, multi_day)
    if multi_day:
        with pytest.raises(ValidationError, match=r"takes 1000 calls and 24 hours, .*--allow-multi-day"):
            require_one_day(plan)
    else:
        require_one_day(plan)


def test_an_upper_bound_is_called_one() -> None:
    with pytest.raises(ValidationError, match="takes up to 9 calls and up to 30 hours"):
        require_one_day(PullPlan(9, False, 30 * HOUR))


async def test_a_pull_of_days_has_to_be_allowed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # One call in ten hours, which the emulator does not enforce: the third call would wait for twenty hours.
    quota = Quota(1, None, 0.0, 1, None, minute=10 * HOUR, hour=10 * HOUR)
    async with Emulator(speed=600) as emulator, emulator.client(quota=quota) as kentik:
        pull = kentik.kmi.pull_rankings(["cc$US", "cc$DE"], "customer_base")
        plan = await pull.plan()
        assert plan.multi_day
        with pytest.raises(ValidationError, match="allow_multi_day=True"):
            await pull.save(tmp_path)
        assert emulator.report().requests == 0
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "not meant for full data extraction" in caplog.text


async def test_a_pull_of_half_a_day_logs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    quota = Quota(1, None, 0.0, 2, None, minute=13 * HOUR, hour=13 * HOUR)
    async with Emulator(speed=600) as emulator, emulator.client(quota=quota, max_wait=0.0) as kentik:
        pull = kentik.kmi.pull_rankings(["cc$US", "cc$DE"], "customer_base", "v4")
        with caplog.at_level(logging.WARNING, logger="kentik_async"):
            await pull.save(tmp_path)
        assert emulator.report().requests > 0
        assert any("13 hours" in record.getMessage() for record in caplog.records)
