"""`python -m tests.fuzz`: random input for every decoder, repeated for a number of minutes.

FUZZ_MINUTES, or --minutes, is the duration; 10 by default. Each round has its own seed. A failure prints the
seed and the smallest input that hypothesis found.
"""

import argparse
import os
import random
import subprocess
import sys
import time

__all__ = ["TARGETS", "main"]

TARGETS = (
    "tests/fuzz",
    "tests/property/test_codec_fuzz.py",
    "tests/property/test_environment.py",
    "tests/property/test_status_mapping.py",
    "tests/property/test_validation.py",
)


def main() -> int:
    """Fuzz, and return 0 if no failure was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("FUZZ_MINUTES", "10")))
    parser.add_argument("targets", nargs="*", default=TARGETS, help="test files; all decoders by default")
    given = parser.parse_args()
    began, rounds = time.monotonic(), 0
    while rounds == 0 or time.monotonic() - began < given.minutes * 60:
        for target in given.targets:
            left = given.minutes * 60 - (time.monotonic() - began)
            if rounds and left <= 0:
                break
            if not _fuzz(target, random.randrange(2**32)):
                return 1
        rounds += 1
    minutes = (time.monotonic() - began) / 60
    print(f"PASSED: {rounds} rounds over {len(given.targets)} targets in {minutes:.1f} min, nothing found")
    return 0


def _fuzz(target: str, seed: int) -> bool:
    """Run one target's tests with many examples; return whether they passed."""
    print(f"fuzz: {target} --hypothesis-seed={seed}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", target]
    options = ["--hypothesis-profile=fuzz", f"--hypothesis-seed={seed}", "--timeout=1200"]
    return subprocess.run([*command, *options], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
