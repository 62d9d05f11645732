"""One process of a test: takes turns from its limiter and sends requests, until the server says stop.

Each line of its input is a task, and each line of its output a report.
"""

import asyncio
import json
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

from kentik_async.quota import Limiter, Quota
from kentik_async.quota.redis.limiter import open_redis_limiter

PAUSES = runpy.run_path(str(Path(__file__).parents[1] / "pauses.py"))


async def main(task: dict[str, Any]) -> dict[str, Any]:
    limiter = open_redis_limiter(
        task["url"],
        endpoints=("https://grpc.api.kentik.com:443",),
        customer=task["customer"],
        quota=Quota(**task["quota"]),
        pacing=task.get("pacing", "throughput"),
    )
    report: dict[str, Any] = {"answered": 0, "refused": 0, "invalid": 0, "pauses": []}
    watch = asyncio.create_task(PAUSES["note_pauses"](report["pauses"]))
    try:
        pulls = [pull(limiter, task, report, first=number == 0) for number in range(task.get("calls", 4))]
        await asyncio.gather(*pulls)
    finally:
        watch.cancel()
        await limiter.aclose()
    return report


async def pull(limiter: Limiter, task: dict[str, Any], report: dict[str, Any], *, first: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", task["port"])
    stop_after = task.get("stop_after") if first else None
    writer.write(f"{'first' if first else 'also'} {task['name']}\n".encode())
    assert await reader.readline() == b"go\n"
    turns = 0
    try:
        while True:
            grant = await limiter.acquire("non_query")
            turns += 1
            if turns == stop_after:
                os.kill(os.getpid(), signal.SIGSTOP)
            if not grant.valid():
                report["invalid"] += 1
                grant.close("not_sent")
                continue
            writer.write(b"please\n")
            answer = await reader.readline()
            if answer == b"stop\n":
                grant.close("not_sent")
                return
            grant.close("answered" if answer == b"ok\n" else "refused")
            report["answered" if answer == b"ok\n" else "refused"] += 1
    finally:
        writer.close()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(asyncio.run(main(json.loads(line)))), flush=True)
