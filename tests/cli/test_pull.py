"""`kentik-async kmi pull`: its requests, output and exit code."""

import fcntl
import json
import os
import re
import socket
from pathlib import Path

import pytest

import kentik_async
from tests.cli.kmi import FEW, Kmi


def test_a_dry_run_sends_only_the_list_of_markets(kmi: Kmi, tmp_path: Path) -> None:
    done = kmi("pull", "rankings", "data", "--dry-run", "-o", "json")
    rankings = len(kmi.state.markets) * 6 * 2
    plan = json.loads(done.out)
    assert done.code == 0
    assert plan.pop("seconds") > 0
    assert plan == {
        "target": "data",
        "run_id": None,
        "calls": rankings + 2,  # and the list of markets, and the check for changed data
        "exact": True,
        "saved": 0,
        "failed": 0,
        "rankings": rankings,
    }
    assert f"data: {rankings + 2:,} calls, " in done.err
    assert f"up to {rankings * 600:,} rows" in done.err
    assert kmi.operations() == ["kmi.list_markets"]
    assert not (tmp_path / "data").exists()


def test_the_same_command_again_costs_nothing(kmi: Kmi) -> None:
    (plan,) = kmi("pull", "all", "data", *FEW, "--top", "2", "--dry-run").rows
    first = kmi("pull", "all", "data", *FEW, "--top", "2")
    (report,) = first.rows
    assert first.code == 0, first.err
    assert report["calls"] == kmi.control("report")["requests"] == plan["calls"]
    assert report["failed"] == 0
    again = kmi("pull", "all", "data", *FEW, "--top", "2")
    assert again.code == 0
    assert "is complete: nothing to download; --refresh fetches its pages again" in again.err
    assert again.rows == [report | {"calls": 0, "already_complete": True}]
    dry = kmi("pull", "all", "data", *FEW, "--top", "2", "--dry-run")
    assert "data: nothing to download" in dry.err
    assert (dry.rows[0]["calls"], dry.rows[0]["saved"]) == (0, report["pages"])
    assert report["calls"] == kmi.control("report")["requests"]


def test_the_plan_and_the_outcome_count_the_same_rows(kmi: Kmi, tmp_path: Path) -> None:
    done = kmi("pull", "all", "data", *FEW, "--top", "2")
    pages = [json.loads(page) for page in kmi("status", "data", "-o", "ndjson").out.splitlines()]
    (report,) = done.rows
    assert pages[0]["rows"] == report["rows"]
    plan, outcome = (line for line in done.err.splitlines() if line.startswith("data: "))
    planned = re.search(
        r"; up to (\S+) rows of rankings; details of networks: number of rows not known", plan
    )
    assert planned is not None
    counted = re.fullmatch(
        r"data: (\S+) rows are saved: (\S+) of rankings and (\S+) of details of networks", outcome
    )
    assert counted is not None
    total, rankings, details = (int(number.replace(",", "")) for number in counted.groups())
    saved = kentik_async.open(tmp_path / "data")
    assert rankings == saved.rankings.count_rows() <= int(planned[1].replace(",", ""))
    assert details == saved.relations.count_rows()
    assert total == rankings + details == report["rows"]
    few = kmi("pull", "rankings", "data", *FEW)
    assert "rows are saved" not in few.err, "the figure `rows` says it"


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
        ("pull rankings data --date yesterday", "--date must be a date, YYYY-MM-DD; got 'yesterday'"),
        ("pull rankings data --date 2999-01-01", "date must not be in the future; got 2999-01-01"),
        ("pull details data", "error: --asns or --top is required\n"),
        ("pull details data --asns 1 --top 1", "error: --asns and --top cannot be combined\n"),
        ("pull details data --asns 3356", "--asns needs --markets"),
        ("pull details data --asns 3356 --markets US --limit 5", "--rank-types and --limit need --top"),
        ("pull details data --asns x --markets US", "'x'"),
        ("pull insights data --lookback 2", "lookback"),
        ("pull all data --top 0", "top must be a whole number from 1; got 0"),
        ("pull rankings data --leave -1", "leave must be"),
        ("pull rankings data --leave 999", "leave must be below the quota of 40 requests a minute; got 999"),
        ("pull rankings data --store excel", "excel"),
        ("pull rankings data --profile a --profile b --profile a", "--profile a is given twice"),
        ("markets --profile a --profile b", "--profile can be given once, except for 'kmi pull'; got a, b"),
        ("diff data --from 2026-11-20", "error: --to is required\n"),
        ("pull rankings data --markets", "error: --markets requires at least one value\n"),
        ("pull rankings data --rank-types --markets US", "error: --rank-types requires at least one value\n"),
        ("pull all data --ips", "error: --ips requires at least one value\n"),
        ("pull details data --asns --markets US", "error: --asns requires at least one value\n"),
        ("pull details data --asns 3356 --markets", "error: --markets requires at least one value\n"),
        ("pull insights data --asns", "error: --asns requires at least one value\n"),
        ("pull insights data --types", "error: --types requires at least one value\n"),
        ("diff data --from 2026-11-19 --to 2026-11-20 --markets", "--markets requires at least one value\n"),
        ("report compare data --mine --asn 1", "error: --mine requires at least one value\n"),
        ("report trend data --market", "error: --market requires at least one value\n"),
    ],
)
def test_a_wrong_command_line_ends_with_two_and_sends_nothing(kmi: Kmi, line: str, said: str) -> None:
    done = kmi(*line.split())
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert kmi.operations() == []


def test_a_url_is_a_target_like_a_folder(kmi: Kmi, tmp_path: Path) -> None:
    url = (tmp_path / "data").as_uri()
    assert kmi("pull", "rankings", url, *FEW, XDG_STATE_HOME=str(tmp_path)).code == 0
    (run,) = kmi("status", url, XDG_STATE_HOME=str(tmp_path)).rows
    assert (run["state"], run["done"]) == ("complete", 2)
    assert list((tmp_path / "data" / "rankings").glob("run_date=*/part-*.parquet"))


def test_the_runs_of_several_targets_are_one_list(kmi: Kmi) -> None:
    for target in ("both/one", "both/two"):
        kmi("pull", "rankings", target, *FEW)
    assert [row["target"] for row in kmi("status", "both/one", "both/two").rows] == ["both/one", "both/two"]
    head, *runs = kmi("status", "both/one", "both/two", "-o", "table").out.splitlines()
    assert head.split()[:2] == ["target", "run"]
    assert len(runs) == 2
