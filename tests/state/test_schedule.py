"""Applying 300 changes takes no longer than 300 calls do, in virtual time, and reads the account once."""

import json
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import pytest

from kentik_async import KentikClient, Quota, Retry
from kentik_async._operations.request import Request
from kentik_async._pipeline import CallOptions
from kentik_async._pipeline.caller import Caller
from kentik_async.emulator import Emulator
from kentik_async.emulator.api.v6 import RPCS
from kentik_async.emulator.world.state import EmulatorState
from kentik_async.state import Document, StatePlan
from kentik_async.state.account import AccountState, observe
from kentik_async.state.applying import apply_plan
from kentik_async.state.planning import make_plan
from tests.support.quota.oracle import overruns
from tests.support.quota.server import limits_of
from tests.support.simulation import World

T = TypeVar("T")

GROUPS = 300
LATENCY = 0.05


class SimulatedCalls:
    """Sends requests to an emulator's handlers through a limiter and a network in virtual time."""

    def __init__(self, world: World) -> None:
        self.retry = Retry()
        self.edits: WeakValueDictionary[object, Any] = WeakValueDictionary()
        self.state = EmulatorState(clock=world.time.clock)
        self.calls: list[str] = []
        self._world = world
        self._rpcs = {rpc.spec.path: rpc for rpc in RPCS}

    async def run(self, request: Request[T], options: CallOptions) -> T:
        del options
        rpc = self._rpcs[request.path]
        await self._world.call()
        self.calls.append(rpc.name)
        message = rpc.spec.request.FromString(request.body)
        return request.decode(rpc.answer(self.state, "customer", message))


def document(count: int) -> Document:
    groups = {f"g{number}": {"asn": [number, 7]} for number in range(1000, 1000 + count)}
    return Document.parse(json.dumps({"version": 1, "as_groups": groups}))


def existing(state: EmulatorState) -> AccountState:
    from kentik_async._codec import as_groups

    rpc = next(rpc for rpc in RPCS if rpc.name == "as_groups.list")
    raw = rpc.answer(state, "customer", rpc.spec.request())
    return AccountState({"as_groups": tuple(observe("as_groups", one) for one in as_groups.decode_list(raw))})


@pytest.mark.parametrize("updates", [0, GROUPS])
def test_an_apply_keeps_the_schedule_of_the_quota(updates: int) -> None:
    """Creates take one call each, updates two; both run as fast as the same number of concurrent calls."""
    world = World("non_query", Quota.NON_QUERY, LATENCY)
    calls = SimulatedCalls(world)
    for number in range(1000, 1000 + updates):
        calls.state.customer_data("customer").create_group(f"g{number}", (number,))
    plan: StatePlan = make_plan(document(GROUPS), existing(calls.state))
    assert plan.calls == (2 * updates if updates else GROUPS)
    caller = Caller(calls, CallOptions(), world.limiter, Quota.NON_QUERY)  # type: ignore[arg-type]  # simulated calls

    async def apply() -> float:
        import asyncio

        began = world.time.now
        report = await apply_plan(plan, caller, asyncio.Event(), None, None)
        assert report.complete
        return world.time.now - began

    took = world.time.run(apply)
    assert len(calls.calls) == plan.calls
    assert not overruns(world.server.visits, limits_of(Quota.NON_QUERY)), "nothing would be refused"
    other = World("non_query", Quota.NON_QUERY, LATENCY)
    fastest = other.time.run(lambda: other.took(plan.calls))
    print(f"FIGURES {plan.calls} calls: {took:.1f} s, {fastest / took:.1%} of the schedule")
    assert fastest / took >= 0.95


async def test_a_plan_lists_each_kind_once(emu: Emulator, kentik: KentikClient) -> None:
    data = emu.state.customer_data(emu.connection["customer"])
    for number in range(GROUPS):
        data.create_group(f"g{number}", (number,))
    text = {"version": 1, "as_groups": {f"g{n}": {"asn": [n]} for n in range(GROUPS)}, "sites": {}}
    plan = await kentik.state.plan(Document.parse(json.dumps({**text, "site_markets": {}})))
    assert plan.empty
    assert sorted(call.operation for call in emu.calls) == [
        "as_groups.list",
        "site_markets.list",
        "sites_v6.list",
    ]
