"""A short run of the fault suite, and tests of its own judges."""

import pytest

from kentik_async import AuthenticationError, DeadlineExceededError, UnavailableError
from tests.chaos.cases import CASES, in_brief
from tests.chaos.faults import grpc as grpc_faults
from tests.chaos.faults import rest as rest_faults
from tests.chaos.judge import Limits, violations
from tests.chaos.plan import Call, Due, due_after
from tests.chaos.record import Record, Visit
from tests.chaos.suite import run_all, shared_out
from tests.chaos.table import passed, troubles
from tests.support.requirements import OLD_GRPC

CALLS = 400
SEED = 1


@pytest.mark.alone
@pytest.mark.skipif(OLD_GRPC, reason="grpcio 1.51 closes its sockets long after the channel")
async def test_every_call_ends_as_expected() -> None:
    """Each kind of misbehaviour over real sockets; `make chaos` makes 20 000 calls."""
    cases = in_brief()
    shares = shared_out(cases, CALLS)
    wrong = []
    async for outcome in run_all(cases, shares, SEED):
        outcome.slowest = 0.0  # a loaded machine is slow
        wrong += [] if passed(outcome) else troubles(outcome, "this test")
    assert not wrong, "\n".join(wrong)


LIMITS = Limits(at_once=2, a_minute=3, an_hour=5, minute=10.0, hour=100.0)


@pytest.mark.parametrize(
    ("visits", "beyond"),
    [
        ([], 0),
        ([(0, 1), (1, 2), (2, 3), (10, 11)], 0),
        ([(0, 1), (1, 2), (2, 3), (9.9, 11)], 1),
        ([(0, 5), (1, 6), (6, 7)], 0),
        ([(0, 5), (1, 6), (4.9, 7)], 1),
        ([(0, 9), (20, 21), (40, 41), (60, 61), (80, 81), (100, 101)], 0),
        ([(0, 9), (20, 21), (40, 41), (60, 61), (80, 81), (99, 101)], 1),
        ([(0, float("inf")), (20, float("inf")), (40, 41)], 1),
    ],
)
def test_the_judge_of_the_quota(visits: list[tuple[float, float]], beyond: int) -> None:
    assert violations([Visit(0, *visit) for visit in reversed(visits)], LIMITS) == beyond


def test_the_count_of_doubled_creates() -> None:
    record = Record()
    record.acted.update([1, 1, 2, 3, 3])
    assert record.doubled({1, 2}) == 1


def named(name: str) -> grpc_faults.GrpcFault:
    everything = [*grpc_faults.STATUSES, *grpc_faults.REFUSALS, *grpc_faults.BROKEN, *grpc_faults.SLOW]
    return next(fault for fault in everything if fault.name == name)


LOST, REFUSED, SILENT = named("RST_STREAM 2"), named("a bare HTTP 429"), named("silence")
UNKNOWN_USER, TRICKLE = named("gRPC status 16"), named("slow trickle")


@pytest.mark.parametrize(
    ("effect", "ordeal", "due"),
    [
        ("read", (), Due(None, 1)),
        ("read", (LOST,) * 3, Due(None, 4)),
        ("delete", (LOST,) * 4, Due(UnavailableError, 4)),
        ("create", (LOST,), Due(UnavailableError, 1)),
        ("create", (REFUSED,) * 6, Due(None, 7)),
        ("replace", (REFUSED, LOST, REFUSED, LOST, LOST, LOST), Due(UnavailableError, 6)),
        ("read", (LOST, UNKNOWN_USER), Due(AuthenticationError, 2)),
        ("read", (SILENT, LOST), Due(DeadlineExceededError, 1)),
        ("create", (TRICKLE, LOST), Due(None, 1)),
    ],
)
def test_what_a_call_is_due(effect: str, ordeal: tuple[grpc_faults.GrpcFault, ...], due: Due) -> None:
    assert due_after(Call(1, "grpc", effect, ordeal)) == due


def test_the_calls_are_all_shared_out() -> None:
    assert sum(shared_out(CASES, 20_000).values()) == 20_000
    assert {case.name for case in in_brief()} >= {"refusals", "restarts", "certificate expired"}


def test_the_brief_cases_leave_no_fault_out() -> None:
    brief = {fault for case in in_brief() for faults in case.faults.values() for fault in faults}
    for module in (grpc_faults, rest_faults):
        for name in module.__all__:
            assert brief.issuperset(getattr(module, name)), name
