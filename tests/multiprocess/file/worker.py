"""One process of a test: takes turns from its limiter and sends requests, until the server says stop."""

import asyncio
import json
import logging
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

from kentik_async.quota import Limiter, Quota
from kentik_async.quota.file.opening import open_file_limiter

PAUSES = runpy.run_path(str(Path(__file__).parents[1] / "pauses.py"))


async def main(task: dict[str, Any]) -> dict[str, Any]:
    quota = Quota(**task["quota"])
    limiter = open_file_limiter(
        task["path"],
        endpoints=("https://grpc.api.kentik.com:443",),
        customer="somebody@example.com",
        quota=quota,
        query_quota=quota,
        pacing=task.get("pacing", "throughput"),
    )
    report: dict[str, Any] = {"answered": 0, "refused": 0, "invalid": 0, "pauses": []}
    watch = asyncio.create_task(PAUSES["note_pauses"](report["pauses"]))
    await asyncio.gather(*(pull(limiter, task, report, number) for number in range(task.get("calls", 4))))
    # Wait for the last report: at exit a process waits only a second, and others may hold the lock longer.
    await limiter.snapshot()
    await limiter.aclose()
    watch.cancel()
    return report


async def pull(limiter: Limiter, task: dict[str, Any], report: dict[str, Any], number: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", task["port"], limit=1024)
    writer.write(f"{task['name']}\n".encode())
    assert await reader.readline() == b"go\n"
    stop_at = task.get("stop_at") if number == 0 else None
    while True:
        grant = await limiter.acquire("non_query")
        if stop_at is not None and report["answered"] >= stop_at:
            stop_at = None
            os.kill(os.getpid(), signal.SIGSTOP)
        if not grant.valid():
            report["invalid"] += 1
            grant.close("not_sent")
            continue
        writer.write(b"please\n")
        answer = (await reader.readline()).decode().strip()
        if answer == "stop":
            grant.close("not_sent")
            break
        if answer == "ok":
            report["answered"] += 1
            grant.close("answered")
        else:
            report["refused"] += 1
            grant.close("refused", retry_after=task.get("retry_after"))
    writer.close()
    await writer.wait_closed()


if __name__ == "__main__":
    logging.basicConfig()
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
