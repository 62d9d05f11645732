"""The fault suite from the command line: `python -m tests.chaos`, at the repository's root."""

import argparse
import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.run import Outcome


def main() -> int:
    """Run the cases; return 1 if any did not end as expected."""
    # Before gRPC is loaded: it would log each of the hundreds of GOAWAYs.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ["NO_PROXY"] = "*"
    from tests.chaos.cases import CASES
    from tests.chaos.table import lines, passed

    asked = _arguments()
    if asked.list:
        print("\n".join(case.name for case in CASES))
        return 0
    if asked.case is not None and asked.case not in {case.name for case in CASES}:
        print(f"there is no case {asked.case!r}: --list names them all", file=sys.stderr)
        return 2
    started = time.monotonic()
    outcomes = asyncio.run(_run(asked))
    print("\n".join(lines(outcomes)))
    failed = sum(not passed(outcome) for outcome in outcomes)
    verdict = f"{failed} cases failed" if failed else "every case ended as it had to"
    print(f"seed {asked.seed}, {time.monotonic() - started:.0f} s: {verdict}")
    return 1 if failed else 0


async def _run(asked: argparse.Namespace) -> "list[Outcome]":
    from tests.chaos.cases import CASES
    from tests.chaos.suite import run_all, shared_out
    from tests.chaos.table import passed, troubles

    chosen = [case for case in CASES if asked.case in (None, case.name)]
    outcomes: list[Outcome] = []
    async for outcome in run_all(chosen, shared_out(CASES, asked.calls), asked.seed):
        outcomes.append(outcome)
        if not passed(outcome):
            alone = f'--calls {asked.calls} --seed {asked.seed} --case "{outcome.case.name}"'
            again = f"python -m tests.chaos {alone}"
            print("\n".join(troubles(outcome, again)), flush=True)
        if sys.stderr.isatty():
            print(f"{len(outcomes)} of {len(chosen)} cases", end="\r", file=sys.stderr)
    return outcomes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="how many calls, over all cases together")
    parser.add_argument("--seed", type=int, default=1, help="what chance is drawn from")
    parser.add_argument("--case", help="run this case alone, with as many calls as it has among all")
    parser.add_argument("--list", action="store_true", help="name the cases")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
