"""All cases, or some of them, one after the other."""

import sys
from collections.abc import Sequence

from chaos.cases import CASES, Case
from chaos.run import Outcome, run
from chaos.table import passed, troubles

__all__ = ["run_all", "shared_out"]

_FEWEST = 4
_WARM_UP = "anything, over TLS"


def shared_out(calls: int) -> dict[str, int]:
    """Return how many of the calls each case gets; all together as many as were asked for."""
    weights = sum(case.weight for case in CASES)
    shares = {case.name: max(int(calls * case.weight / weights), _FEWEST) for case in CASES}
    heaviest = max(CASES, key=lambda case: case.weight).name
    shares[heaviest] = max(shares[heaviest] + calls - sum(shares.values()), _FEWEST)
    return shares


async def run_all(chosen: Sequence[Case], calls: int, seed: int) -> list[Outcome]:
    """Run cases, and say at once what is wrong with one.

    Args:
        chosen: The cases.
        calls: How many calls all the cases there are would make.
        seed: Where their chance comes from.
    """
    # What the libraries keep for as long as the process lives is there before anything is counted.
    await run(next(case for case in CASES if case.name == _WARM_UP), _FEWEST * 4, seed)
    shares, outcomes = shared_out(calls), list[Outcome]()
    for case in chosen:
        outcome = await run(case, shares[case.name], seed)
        outcomes.append(outcome)
        if not passed(outcome):
            repeat = f'--calls {calls} --seed {seed} --case "{case.name}"'
            print("\n".join(troubles(outcome, repeat)), flush=True)
        if sys.stderr.isatty():
            print(
                f"{len(outcomes)} of {len(chosen)} cases, {outcome.seconds:.1f} s for this one",
                end="\r",
                file=sys.stderr,
            )
    return outcomes
