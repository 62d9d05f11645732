"""A process that saves pulls, for tests that kill it: reads jobs as JSON lines, and writes their progress.

Each job runs in a forked child, so that the second of imports is not repeated for every kill. The child
prints its process id and finally the report; the parent prints how the child ended.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from typing import Any

# Modules that a pull imports late are imported once here.
import fsspec.implementations.local
import grpc.aio
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet

from kentik_async import KentikClient, Quota, resources
from kentik_async._transport import fallback
from kentik_async.bulk import pull
from kentik_async.bulk.saving import save as saving

__all__ = ["fallback", "fsspec", "grpc", "pd", "pull", "pyarrow", "resources", "saving"]


def send(word: Any) -> None:
    os.write(1, json.dumps(word).encode() + b"\n")


async def save(given: dict[str, Any]) -> None:
    async with KentikClient(
        given["email"],
        given["token"],
        grpc_endpoint=given["grpc_endpoint"],
        rest_endpoint=given["rest_endpoint"],
        quota=Quota.NON_QUERY.scaled(given["speed"]),
        pacing="throughput",
    ) as kentik:
        mine = kentik.kmi.pull_asn_details(**given["pull"])
        send(asdict(await mine.save(given["target"], given["store"], refresh=given.get("refresh", False))))


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            send(os.getpid())
            asyncio.run(save(json.loads(line)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        send({"ended": os.waitstatus_to_exitcode(status)})


main()
