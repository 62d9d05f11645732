"""A process that saves several pulls concurrently: reads jobs as JSON lines, and writes their progress.

Each job runs in a forked child, so that the imports are not repeated for every kill. The child prints its
process id and finally the reports; the parent prints how the child ended.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict
from typing import Any

# Modules that a pull imports late are imported once here. No thread may run yet: a child would not have it.
import aiobotocore.session
import deltalake
import grpc.aio
import pandas as pd
import pyarrow.parquet
import s3fs

from kentik_async import KentikClient, Quota, resources
from kentik_async._transport import fallback
from kentik_async.bulk import pull
from kentik_async.bulk.saving import save as saving

__all__ = [
    "aiobotocore",
    "deltalake",
    "fallback",
    "grpc",
    "pd",
    "pull",
    "pyarrow",
    "resources",
    "s3fs",
    "saving",
]


def send(word: Any) -> None:
    os.write(1, json.dumps(word).encode() + b"\n")


async def save(given: dict[str, Any]) -> list[dict[str, Any]]:
    async with KentikClient(
        given["email"],
        given["token"],
        grpc_endpoint=given["grpc_endpoint"],
        rest_endpoint=given["rest_endpoint"],
        quota=Quota.NON_QUERY.scaled(given["speed"]),
        pacing="throughput",
    ) as kentik:
        pulls = [(kentik.kmi.pull_asn_details(**one["pull"]), one) for one in given["saves"]]
        saves = [
            mine.save(one["target"], one["store"], refresh=one.get("refresh", False)) for mine, one in pulls
        ]
        ends = await asyncio.gather(*saves, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, Exception):
            raise end
    return [{"error": str(end)} if isinstance(end, BaseException) else asdict(end) for end in ends]


def child(given: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(given["environment"])
    send(os.getpid())
    send(asyncio.run(save(given)))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                child(json.loads(line))
            except KeyboardInterrupt:
                sys.exit(130)
            sys.exit(0)  # not os._exit, which would hide a hang at exit
        _, status = os.waitpid(pid, 0)
        send({"ended": os.waitstatus_to_exitcode(status)})


main()
