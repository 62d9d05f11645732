"""What the import of the client costs, as a multiple of the import of grpc.aio and msgspec together.

    python benchmarks/imports.py [PAIRS]

Both imports run in turn in fresh processes, each without user site-packages and with its bytecode compiled
before; the figures are medians over the pairs. The time is the process's CPU time in the import statement, so
that a busy machine changes it less.
"""

import compileall
import os
import statistics
import subprocess
import sys
from pathlib import Path

import kentik_async

LIBRARIES = "import grpc.aio, msgspec"
CLIENT = "from kentik_async import KentikClient"
MEASURE = "import time; start = time.process_time(); {}; print(time.process_time() - start)"


def milliseconds(statement: str) -> float:
    """Run an import in a fresh process and return its CPU time."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = subprocess.run(
        [sys.executable, "-s", "-c", MEASURE.format(statement)],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    return float(run.stdout) * 1e3


def main() -> None:
    """Measure, and print one line."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    compileall.compile_dir(Path(kentik_async.__file__).parent, quiet=2)
    milliseconds(LIBRARIES), milliseconds(CLIENT)  # these warm up the file system's cache
    found = [(milliseconds(LIBRARIES), milliseconds(CLIENT)) for _ in range(pairs)]
    libraries, client = (statistics.median(column) for column in zip(*found, strict=True))
    ratio = statistics.median(ours / theirs for theirs, ours in found)
    print(f"CPU of an import, median of {pairs} pairs of fresh processes:")
    print(f"grpc.aio and msgspec {libraries:5.1f} ms   KentikClient {client:5.1f} ms   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
