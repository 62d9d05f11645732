"""Stubs of APIs with limits of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kentik_async import ConfigError, KentikClient, Quota, QuotaWaitError
from kentik_async._generated.kmi.v202212 import Market
from tests.wire.servers.independent import UNLIMITED, ForeignGrpc
from tests.wire.servers.market_service import MarketServiceStub, raw

Client = Callable[..., KentikClient]
TWO_A_MINUTE = Quota(None, None, 0.0, 2, None)


@pytest.fixture(autouse=True)
def _answers(grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = raw("planet$earth")


async def used(stub: MarketServiceStub) -> int:
    """Make calls until the quota is used up."""
    for number in range(10):
        try:
            await stub.Get(Market())
        except QuotaWaitError:
            return number
    return 10


async def test_limits_of_its_own(client: Client) -> None:
    kentik = client(max_wait=0.0)
    advisor = kentik.stub(MarketServiceStub, quota_class="ai_advisor", quota=TWO_A_MINUTE)
    assert await used(advisor) == 2
    assert await used(kentik.stub(MarketServiceStub)) == 10  # the customer's quota is not affected
    other = kentik.stub(MarketServiceStub, quota_class="ai_polls", quota=TWO_A_MINUTE)
    assert await used(other) == 2


async def test_stubs_of_one_class_share_its_limits(client: Client) -> None:
    kentik = client(max_wait=0.0)
    first = kentik.stub(MarketServiceStub, quota_class="ai_advisor", quota=TWO_A_MINUTE)
    await first.Get(Market())
    second = kentik.with_options(timeout=5).stub(MarketServiceStub, quota_class="ai_advisor")
    assert await used(second) == 1
    with pytest.raises(QuotaWaitError):
        async for _ in first.Watch(Market()):
            pass


@pytest.mark.parametrize("where", ["process:", "file:{}/quota", "file:{}/"])
async def test_clients_that_share_a_quota_share_its_classes(
    client: Client, tmp_path: Path, where: str
) -> None:
    limiter = where.format(tmp_path)
    # A file may be locked by the other's thread for a moment; no test waits for a used-up minute.
    clients = [client(max_wait=30.0, limiter=limiter) for _ in range(2)]
    options = {"quota_class": "ai_advisor", "quota": TWO_A_MINUTE}
    stubs = [kentik.stub(MarketServiceStub, **options) for kentik in clients]
    await stubs[0].Get(Market())
    assert await used(stubs[1]) == 1
    assert await used(clients[0].stub(MarketServiceStub)) == 10


async def test_a_stub_may_count_as_queries(client: Client, grpc_server: ForeignGrpc) -> None:
    kentik = client(limiter="process:", quota=Quota(None, None, 0.0, 100, None))
    await kentik.stub(MarketServiceStub, quota_class="query").Get(Market())
    await kentik.stub(MarketServiceStub, quota_class="non_query").Get(Market())
    assert len(grpc_server.received) == 2
    assert (await kentik.quota.snapshot("query")).left_hard_minute == 99
    assert (await kentik.quota.snapshot()).left_hard_minute == 99


@pytest.mark.parametrize(
    ("quota_class", "quota", "said"),
    [
        ("ai_advisor", None, "quota_class must be one of non_query, query, or have its limits in quota="),
        (None, TWO_A_MINUTE, "quota= needs the name of a class of its own"),
        ("query", TWO_A_MINUTE, "quota= needs the name of a class of its own"),
        ("AI advisor", TWO_A_MINUTE, "lower-case letters, digits and underscores; got 'AI advisor'"),
        ("ai_advisor", 4, "quota must be a kentik_async.Quota"),
        ("known", TWO_A_MINUTE, "quota_class 'known' already has the limits"),
    ],
)
async def test_what_is_refused(
    client: Client, quota_class: str | None, quota: Quota | None, said: str
) -> None:
    kentik = client()
    kentik.stub(MarketServiceStub, quota_class="known", quota=UNLIMITED)
    with pytest.raises(ConfigError, match=said):
        kentik.stub(MarketServiceStub, quota_class=quota_class, quota=quota)
