"""`kentik-async kmi pull`, `kmi status` and `kmi diff`: what they ask, print and return."""

import datetime as dt
import fcntl
import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kentik_async.emulator.world.state import EmulatorState
from tests.cli.shell import Done, Shell, readiness, started

FEW = ("--markets", "US", "planet:earth", "--rank-types", "customer_base", "--ips", "v4")


@pytest.fixture(scope="module")
def running() -> Iterator[Shell]:
    with started("emulator", "--speed", "6000") as process:
        yield Shell(readiness(process))


class Kmi:
    """Commands of the group `kmi`, in a folder of one's own."""

    def __init__(self, shell: Shell, home: Path) -> None:
        self._shell = shell
        self._home = home
        self.control = shell.control
        self.operations = shell.operations
        self.state = EmulatorState(seed=shell.ready["seed"], day=dt.date.fromisoformat(shell.ready["day"]))

    def __call__(self, *arguments: str, **env: str) -> Done:
        return self._shell("kmi", *arguments, at=self._home, **env)


@pytest.fixture
def kmi(running: Shell, tmp_path: Path) -> Kmi:
    running.control("reset")
    return Kmi(running, tmp_path)


def test_dry_run_sends_one_request(kmi: Kmi, tmp_path: Path) -> None:
    done = kmi("pull", "rankings", "data", "--dry-run")
    calls = len(kmi.state.markets) * 6 * 2 + 3
    assert (done.code, done.out) == (0, "")
    assert f"data: {calls - 1:,} calls, " in done.err
    assert f"up to {len(kmi.state.markets) * 12 * 600:,} rows" in done.err
    assert kmi.operations() == ["kmi.list_markets"]
    assert not (tmp_path / "data").exists()


def test_a_pull_lands_and_once_more_it_costs_nothing(kmi: Kmi) -> None:
    first = kmi("pull", "all", "data", *FEW, "--top", "2")
    (report,) = first.rows
    assert first.code == 0, first.err
    assert report["calls"] == kmi.control("report")["requests"]
    assert report["failed"] == 0
    again = kmi("pull", "all", "data", *FEW, "--top", "2")
    assert again.code == 0
    assert "has finished: nothing was asked for" in again.err
    assert again.rows == [report | {"calls": 0, "already_complete": True}]
    assert report["calls"] == kmi.control("report")["requests"]


def test_failed_pages_end_with_five_and_are_told(kmi: Kmi) -> None:
    done = kmi("pull", "rankings", "data", "--markets", "US", "ZZ", "--rank-types", "customer_base")
    assert done.code == 5
    assert "2 pages failed" in done.err
    assert done.rows[0]["failed"] == 2


def test_more_than_a_day_is_asked_about(kmi: Kmi) -> None:
    done = kmi("pull", "all", "data", KENTIK_SPEED="1")
    assert done.code == 2
    assert done.err.count("not meant for full data extraction") == 1
    assert "--allow-multi-day" in done.err.splitlines()[-1]
    assert kmi.operations() == ["kmi.list_markets"]


def test_a_locked_target_ends_with_six_and_names_the_holder(kmi: Kmi, tmp_path: Path) -> None:
    state = tmp_path / "data" / ".kentik-async"
    state.mkdir(parents=True)
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        lock.flush()
        done = kmi("pull", "rankings", "data", *FEW)
    assert done.code == 6
    assert f"process {os.getpid()} on {socket.gethostname()}" in done.err
    assert kmi.operations() == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("pull rankings data --date yesterday", "--date is 'yesterday': give YYYY-MM-DD"),
        ("pull details data", "give either --asns"),
        ("pull details data --asns 3356", "--asns needs --markets"),
        ("pull details data --asns x --markets US", "'x'"),
        ("pull all data --top 0", "top is 0"),
        ("pull rankings data --leave -1", "leave is -1"),
        ("pull rankings data --store excel", "excel"),
        ("pull rankings data --profile a --profile b --profile a", "--profile names 'a' twice"),
        ("markets --profile a --profile b", "--profile names a, b: only 'kmi pull' takes several"),
        ("diff data --from 2026-11-20", "--to"),
    ],
)
def test_a_wrong_command_line_ends_with_two_and_sends_nothing(kmi: Kmi, line: str, said: str) -> None:
    done = kmi(*line.split())
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert kmi.operations() == []


def test_a_folder_without_a_pull_is_one_line(kmi: Kmi) -> None:
    done = kmi("status", "nothing")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: no pull was saved in nothing")


def test_a_target_of_today_needs_no_migration(kmi: Kmi) -> None:
    kmi("pull", "rankings", "data", *FEW)
    done = kmi("migrate", "data")
    (row,) = done.rows
    assert (done.code, row["changed"], row["found"]) == (0, False, row["version"])
    assert "nothing was changed" in done.err
    assert kmi("migrate", "nothing").code == 1


def test_target_of_a_later_release_is_refused(kmi: Kmi, tmp_path: Path) -> None:
    kmi("pull", "rankings", "data", *FEW)
    with closing(sqlite3.connect(tmp_path / "data/.kentik-async/journal.sqlite")) as db:
        db.execute("PRAGMA user_version = 999")
    for command in ("migrate", "pull rankings"):
        done = kmi(*command.split(), "data")
        assert (done.code, done.out) == (1, "")
        assert "has schema version 999" in done.err.splitlines()[-1]


def test_a_url_is_a_target_like_a_folder(kmi: Kmi, tmp_path: Path) -> None:
    url = (tmp_path / "data").as_uri()
    assert kmi("pull", "rankings", url, *FEW, XDG_STATE_HOME=str(tmp_path)).code == 0
    (run,) = kmi("status", url, XDG_STATE_HOME=str(tmp_path)).rows
    assert (run["state"], run["done"]) == ("complete", 3)
    assert list((tmp_path / "data" / "rankings").glob("run_date=*/part-*.parquet"))


def test_the_runs_of_several_targets_are_one_list(kmi: Kmi) -> None:
    for target in ("both/one", "both/two"):
        kmi("pull", "rankings", target, *FEW)
    assert [row["target"] for row in kmi("status", "both/one", "both/two").rows] == ["both/one", "both/two"]
    head, *runs = kmi("status", "both/one", "both/two", "-o", "table").out.splitlines()
    assert head.split()[:2] == ["target", "run"]
    assert len(runs) == 2


def test_diff_is_what_the_server_says_changed(kmi: Kmi) -> None:
    then = kmi.state.day
    kmi("pull", "all", "data", *FEW, "--top", "2", "--date", "2026-11-19")
    now = dt.date.fromisoformat(kmi.control("advance", {"days": 3})["day"])
    kmi("pull", "all", "data", *FEW, "--top", "2", "--date", "2026-11-20")
    done = kmi("diff", "data", "--from", "2026-11-19", "--to", "2026-11-20", "--market", "us")
    old, new = ({row.asn: row.rank for row in kmi.state.rankings("cc$US", day=day)} for day in (then, now))
    truth = {
        asn: "entered" if asn not in old
        else "left" if asn not in new
        else "rose" if (new[asn] or 0) < (old[asn] or 0)
        else "fell"
        for asn in {*old, *new}
        if old.get(asn) != new.get(asn)
    }  # fmt: skip
    found = {row["asn"]: row["change"] for row in done.rows if row["rank_type"]}
    assert found == truth
    assert {"rose", "fell"} <= set(truth.values())
    neighbours = {
        (row["asn"], row["relation"], row["related_asn"], row["change"])
        for row in done.rows
        if row["relation"]
    }
    firsts = [{row.asn for row in kmi.state.rankings("cc$US", day=day)[:2]} for day in (then, now)]
    assert neighbours == {
        change
        for asn in firsts[0] & firsts[1]
        for change in changed_neighbours(kmi.state, "cc$US", asn or 0, then, now)
    }


def test_a_day_differs_not_from_itself(kmi: Kmi) -> None:
    kmi("pull", "rankings", "data", *FEW, "--date", "2026-11-19")
    day = ("--from", "2026-11-19", "--to", "2026-11-19")
    assert kmi("diff", "data", *day, "-o", "table").out == "rankings: none\n\nneighbours: none\n"
    missing = kmi("diff", "data", "--from", "2026-11-18", "--to", "2026-11-19")
    assert missing.code == 2
    assert "holds nothing of 2026-11-18: it holds 2026-11-19" in missing.err


def changed_neighbours(state: EmulatorState, market: str, asn: int, *days: dt.date) -> set[tuple[Any, ...]]:
    old, new = (
        {
            (asn, relation, row.asn)
            for relation, rows in (("customer", found.customers), ("provider", found.providers))
            for row in rows
        }
        for found in (state.asn_details(market, asn, day=day) for day in days)
    )
    return {(*row, "new") for row in new - old} | {(*row, "lost") for row in old - new}
