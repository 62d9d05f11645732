"""Measure the cost of `--help`, compared with a Python process that does nothing.

    python benchmarks/cli_help.py [--rounds 15]

Processes are started in turn, after a warm-up, and the medians are compared: of the elapsed time, and of the
CPU time, which is less affected by other load. `import kentik_async` is measured too: this part of the time
of a help text does not belong to the command line.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import kentik_async": ["-c", "import kentik_async"],
    "kentik-async --help": ["-m", "kentik_async.cli", "--help"],
    "kentik-async kmi rankings --help": ["-m", "kentik_async.cli", "kmi", "rankings", "--help"],
}


def measure(arguments: list[str]) -> tuple[float, float]:
    """Return the elapsed seconds and the CPU seconds of a process."""
    before = os.times()
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    passed = time.perf_counter() - began
    after = os.times()
    return passed, sum(after[2:4]) - sum(before[2:4])


def main() -> None:
    """Measure all in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for arguments in COMMANDS.values():
        measure(arguments)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            taken[name].append(measure(arguments))
    medians = {
        name: [statistics.median(times) for times in zip(*pairs, strict=True)]
        for name, pairs in taken.items()
    }
    nothing = medians["python -c pass"]
    print(f"{'median of ' + str(rounds):34} {'passed':>8} {'more':>8} {'CPU':>8} {'more':>8}")
    for name, (passed, cpu) in medians.items():
        more = (passed - nothing[0], cpu - nothing[1])
        print(f"{name:34} {passed:6.3f} s {more[0]:6.3f} s {cpu:6.3f} s {more[1]:6.3f} s")


if __name__ == "__main__":
    main()
