"""An apply that is killed at any time resumes with the same command: no object is duplicated or lost.

KENTIK_ASYNC_STATE_KILLS sets the number of kills.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest

from kentik_async.emulator import BackgroundEmulator, Emulator
from kentik_async.emulator.engine.call_log import Call
from tests.support.frozen_time import PATIENCE

KILLS = int(os.environ.get("KENTIK_ASYNC_STATE_KILLS", "2"))
EACH = 20
CALLS = 2 + 2 * EACH + 2 * EACH
"""An apply of 20 new sites, 20 new AS groups and 20 changed AS groups."""


@contextmanager
def applying(running: BackgroundEmulator, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run the command in another process."""
    environment = {**os.environ, **running.env, "XDG_STATE_HOME": str(folder / "state")}
    command = [
        "apply",
        str(folder / "kentik.json"),
        "--yes",
        "-o",
        "json",
        "--backup",
        str(folder / "b.json"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "kentik_async.cli", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(reached: threading.Event, process: "subprocess.Popen[str]") -> None:
    """Wait for an event while a process is running."""
    while not reached.wait(0.05):
        assert process.poll() is None or reached.is_set(), process.communicate()


def prepare(emulator: Emulator, folder: Path) -> None:
    """Start with 20 AS groups, and a file that changes them and adds as many AS groups and sites."""
    data = emulator.state.customer_data(emulator.connection["customer"])
    data.groups.clear()
    for number in range(EACH):
        data.create_group(f"old {number}", (1,))
    groups = {f"old {number}": {"asn": [200, number]} for number in range(EACH)}
    groups |= {f"new {number}": {"asn": [3]} for number in range(EACH)}
    sites = {f"site {number}": {"type": "cloud"} for number in range(EACH)}
    text = {"version": 1, "as_groups": groups, "sites": sites}
    (folder / "kentik.json").write_text(json.dumps(text))


def check(emulator: Emulator, folder: Path) -> None:
    data = emulator.state.customer_data(emulator.connection["customer"])
    names = Counter(group.name for group in data.groups.values())
    assert names == Counter([f"{age} {number}" for age in ("old", "new") for number in range(EACH)])
    assert all(set(one.asns) == {200, int(one.name[4:])} for one in data.groups.values() if "old" in one.name)
    titles = Counter(site["site_name"] for site in data.sites.values())
    assert {titles[f"site {number}"] for number in range(EACH)} == {1}
    saved = json.loads((folder / "b.json").read_text())["document"]["as_groups"]
    assert {name: one["asn"] for name, one in saved.items()} == {f"old {n}": [1] for n in range(EACH)}


def test_a_killed_apply_resumes(tmp_path: Path) -> None:
    emulator = Emulator(speed=60_000, latency=(0.0, 0.004))
    with BackgroundEmulator(emulator) as running:
        for seed in range(KILLS):
            chance = random.Random(seed)
            emulator.reset()
            folder = tmp_path / str(seed)
            folder.mkdir()
            prepare(emulator, folder)
            reached = threading.Event()
            last = chance.randrange(3, CALLS)

            def count(call: Call, last: int = last, reached: threading.Event = reached) -> None:
                if call.number >= last:
                    reached.set()

            emulator._dispatcher.on_call = count
            with applying(running, folder) as process:
                wait_until(reached, process)
                threading.Event().wait(chance.uniform(0.0, 0.006))  # any instant of a request
                process.kill()
                process.communicate()
            emulator._dispatcher.on_call = None
            with applying(running, folder) as process:
                out, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, err
            report = json.loads(out)
            assert not report["failed"] + report["conflicted"] + report["not_tried"]
            check(emulator, folder)


@pytest.mark.parametrize("answered", [2, 30])
def test_ctrl_c_finishes_the_request_in_flight(tmp_path: Path, answered: int) -> None:
    emulator = Emulator(speed=60_000, latency=0.02)
    with BackgroundEmulator(emulator) as running:
        prepare(emulator, tmp_path)
        applied: Future[subprocess.Popen[str]] = Future()

        def press(call: Call) -> None:
            # Killed by the emulator's thread, which answers nothing meanwhile: the process cannot end first.
            if call.number == answered:
                applied.result(PATIENCE).send_signal(signal.SIGINT)

        emulator._dispatcher.on_call = press
        with applying(running, tmp_path) as process:
            applied.set_result(process)
            out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130, err
        if not out:  # the kill came before the first change
            assert err.endswith("interrupted\n")
            return
        report = json.loads(out)
        assert not report["failed"] + report["conflicted"]
        assert len(report["done"]) + len(report["not_tried"]) == 3 * EACH
        writes = [call for call in emulator.calls if call.operation.endswith(("create", "update"))]
        assert len(writes) == len(report["done"]), "what was sent is in the report"
        assert report["not_tried"]
