"""Clients of one customer in one process share one limiter."""

import gc
import uuid
import weakref
from typing import Any

import pytest

from kentik_async.errors import QuotaWaitError
from kentik_async.quota import LocalLimiter, Pacing, Quota
from kentik_async.quota.factory import Customer, shared_limiter

SHORT = Quota(1, None, 0.0, 5, None, minute=0.001, hour=0.001)


class Owner:
    """A substitute for a client."""


@pytest.fixture
def customer() -> str:
    return f"{uuid.uuid4()}@example.com"


def shared(
    owner: object, customer: str, quota: Quota = Quota.NON_QUERY, pacing: Pacing = "auto", **other: Any
) -> LocalLimiter:
    endpoints = other.get("endpoints", ("https://grpc", "https://rest"))
    return shared_limiter(owner, Customer(endpoints, customer, quota, quota, pacing, local=True))


def test_two_clients_of_one_customer_share_one_limiter(customer: str) -> None:
    one, other = Owner(), Owner()
    assert shared(one, customer) is shared(other, customer)


def test_separate_customers_and_endpoints_have_own_limiters(customer: str) -> None:
    owner = Owner()
    limiters = {
        id(limiter)
        for limiter in (
            shared(owner, customer),
            shared(owner, customer + "x"),
            shared(owner, customer, endpoints=("https://elsewhere",)),
        )
    }
    assert len(limiters) == 3


async def test_the_stricter_of_two_clients_quotas_applies(customer: str) -> None:
    careful, careless = Owner(), Owner()
    limiters = [
        shared(careful, customer, Quota(1, None, 0.0, 10, None)),
        shared(careless, customer, Quota(1, None, 0.0, 14, 5)),
    ]
    assert limiters[0] is limiters[1]
    for place in range(5):
        (await limiters[place % 2].acquire("query")).close("answered")
    with pytest.raises(QuotaWaitError):
        await limiters[0].acquire("query", max_wait=0.5)
    snapshot = await limiters[0].snapshot("query")
    assert (snapshot.left_hard_minute, snapshot.left_hour) == (5, 0)


async def test_usage_remains_after_the_last_client_is_collected(customer: str) -> None:
    owner = Owner()
    limiter = shared(owner, customer)
    (await limiter.acquire("non_query")).close("answered")
    del owner, limiter
    gc.collect()
    assert (await shared(Owner(), customer).snapshot()).left_hard_minute == 59


async def test_an_unused_limiter_is_removed_when_all_tokens_returned(customer: str) -> None:
    owner = Owner()
    used = shared(owner, customer, SHORT)
    (await used.acquire("non_query")).close("answered")
    while not used.idle():  # the window lasts a millisecond
        pass
    assert shared(Owner(), customer, SHORT) is used
    del owner
    gc.collect()
    shared(Owner(), customer + "x", SHORT)
    assert shared(Owner(), customer, SHORT) is not used


def test_an_owner_keeps_an_idle_limiter(customer: str) -> None:
    owner = Owner()
    limiter = shared(owner, customer, SHORT)
    shared(Owner(), customer + "x", SHORT)
    assert limiter.idle()
    assert shared(Owner(), customer, SHORT) is limiter


def test_the_most_careful_pacing_of_all_owners_applies(customer: str) -> None:
    quick, careful = Owner(), Owner()
    assert shared(quick, customer, pacing="throughput").pacing == "throughput"
    assert shared(careful, customer, pacing="courteous").pacing == "courteous"
    assert shared(quick, customer, pacing="auto").pacing == "courteous"
    del careful
    gc.collect()
    assert shared(quick, customer, pacing="auto").pacing == "auto"


def test_the_registry_holds_no_owner(customer: str) -> None:
    owner = Owner()
    reference = weakref.ref(owner)
    shared(owner, customer)
    del owner
    gc.collect()
    assert reference() is None
