"""Measure the cost of importing and creating a client, as a multiple of grpc.aio and msgspec together.

    python benchmarks/imports.py [PAIRS]

The first line compares the imports. The first client that is created imports some of its modules, grpc and
protobuf. So the second line compares an import and a client with an import and a channel of grpc.aio.

Both sides run in turn in new processes, without user site-packages and with bytecode compiled before; the
figures are medians over the pairs. The time is the process's CPU time, which is less affected by other load.
"""

import compileall
import os
import statistics
import subprocess
import sys
from pathlib import Path

import kentik_async

IMPORTS = ("import grpc.aio, msgspec", "from kentik_async import KentikClient")
CHANNEL = 'grpc.aio.insecure_channel("127.0.0.1:1")'
CLIENT = 'KentikClient("a@example.com", "t", grpc_endpoint="http://127.0.0.1:1", limiter="process:")'
MEASURE = """
import time
start = time.process_time()
{imports}
{in_an_event_loop}
print(time.process_time() - start)
"""
MAKE = """
import asyncio
async def main():
    {}
asyncio.run(main())
"""


def milliseconds(imports: str, made: str | None) -> float:
    """Run an import in a new process, create an object in an event loop, and return the CPU time."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    in_an_event_loop = "" if made is None else MAKE.format(made)
    run = subprocess.run(
        [sys.executable, "-s", "-c", MEASURE.format(imports=imports, in_an_event_loop=in_an_event_loop)],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    return float(run.stdout) * 1e3


def compare(pairs: int, *made: str | None) -> str:
    """Measure both sides in turn and return one line."""
    sides = list(zip(IMPORTS, made, strict=True))
    found = [[milliseconds(*side) for side in sides] for _ in range(pairs + 1)]
    del found[0]  # it warmed up the file system's cache
    libraries, client = (statistics.median(column) for column in zip(*found, strict=True))
    ratio = statistics.median(ours / theirs for theirs, ours in found)
    return f"{libraries:17.1f} ms {client:9.1f} ms {ratio:7.2f}"


def main() -> None:
    """Measure, and print a table of two lines."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    compileall.compile_dir(Path(kentik_async.__file__).parent, quiet=2)
    print(f"CPU, median of {pairs} pairs{'grpc.aio, msgspec':>20} {'KentikClient':>12} {'ratio':>7}")
    print(f"{'import':25}{compare(pairs, None, None)}")
    print(f"{'import, channel or client':25}{compare(pairs, CHANNEL, CLIENT)}")


if __name__ == "__main__":
    main()
