"""Runs all or some of the cases, one after the other."""

from collections.abc import AsyncIterator, Mapping, Sequence

import grpc.aio

from tests.chaos.cases import CASES, Case
from tests.chaos.run import Outcome, run

__all__ = ["run_all", "shared_out"]

_FEWEST = 4
_WARM_UP = "anything, over TLS"


def shared_out(cases: Sequence[Case], calls: int) -> dict[str, int]:
    """Return the number of calls of each case; the sum is the requested number."""
    weights = sum(case.weight for case in cases)
    shares = {case.name: max(int(calls * case.weight / weights), _FEWEST) for case in cases}
    heaviest = max(cases, key=lambda case: case.weight).name
    shares[heaviest] = max(shares[heaviest] + calls - sum(shares.values()), _FEWEST)
    return shares


async def run_all(chosen: Sequence[Case], shares: Mapping[str, int], seed: int) -> AsyncIterator[Outcome]:
    """Run cases, and yield the result of each.

    Args:
        chosen: The cases.
        shares: The number of calls of each, by its name.
        seed: The seed of their random numbers.
    """
    # The resources that libraries keep while they are in use are created before the first count, and stay:
    # gRPC releases its pollers when the last channel is collected, and creates new ones for the next channel.
    async with grpc.aio.insecure_channel("127.0.0.1:1") as in_use:
        in_use.get_state(try_to_connect=True)
        await run(next(case for case in CASES if case.name == _WARM_UP), _FEWEST * 4, seed)
        for case in chosen:
            yield await run(case, shares[case.name], seed)
