"""Pull many pages into a folder of Parquet tables. After an interruption, the same command resumes.

    python bulk_pull.py data

It prints the plan first, and reads the saved tables at the end.
"""

import asyncio
import sys

import pyarrow.dataset as ds

import kentik_async
from kentik_async import KentikClient, KentikError


async def main(target: str) -> None:
    async with KentikClient.from_env() as kentik:
        pull = kentik.kmi.pull_asn_details(top=5, markets=["US", "DE"], rank_types="customer_base")
        plan = await pull.plan(target)
        print(f"at most {plan.calls} calls, {plan.seconds:.0f} s; {plan.saved} pages already saved")
        pull.on_progress = lambda progress: print(f"{progress.done} of {progress.calls}", file=sys.stderr)
        report = await pull.save(target)
        print(f"run {report.run_id}: {report.calls} calls, {report.rows} rows, {report.failed} pages failed")
        for cause, pages in report.causes():
            print(f"{pages} pages failed: {cause}")


def show(target: str) -> None:
    tables = kentik_async.open(target)
    print(tables.dates(complete=True), tables.relations.count_rows(), "neighbours")
    columns = ["market_id", "ip", "rank", "asn", "name"]
    print(tables.rankings.to_table(columns, filter=ds.field("rank") <= 3).to_pandas())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        asyncio.run(main(sys.argv[1]))
        show(sys.argv[1])
    except KentikError as error:
        sys.exit(f"error: {error}")
