"""Which pages a pull asks for once more, against a server that refuses them in several ways."""

import pytest

from kentik_async.emulator import Emulator


@pytest.mark.parametrize(
    ("status", "attempts"), [(404, 1), (400, 1), (500, 2), (503, 2)], ids=["no such", "bad", "broken", "gone"]
)
async def test_a_page_is_asked_for_again_only_where_that_may_help(status: int, attempts: int) -> None:
    async with Emulator(speed=600) as emulator, emulator.client() as kentik:
        emulator.fail_next(100, status=status)
        pull = kentik.kmi.pull_rankings(["cc$US", "cc$DE"], "customer_base", "v4")
        pages = [page async for page in pull]
    assert [(page.attempts, page.error is None) for page in pages] == [(attempts, False)] * 2
