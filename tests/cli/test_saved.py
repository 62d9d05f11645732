"""`kentik-async kmi status`, `diff`, `verify`, `repair` and `prune`: output and exit codes."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from kentik_async.emulator.world.state import EmulatorState
from tests.cli.kmi import FEW, Kmi

TODAY = dt.datetime.now(dt.UTC).date()
TWO = ("--from", "2026-11-19", "--to", "2026-11-20")
NO_CREDENTIALS = {"KENTIK_EMAIL": "", "KENTIK_API_TOKEN": ""}


def part(target: Path, table: str) -> Path:
    (found,) = target.glob(f"{table}/run_date=*/part-*")
    return found


def test_status_names_the_causes_of_failures(kmi: Kmi) -> None:
    kmi.control("fail", {"n": 1, "status": 404, "operation": "kmi.get_rankings"})
    assert kmi("pull", "rankings", "data", *FEW).code == 5
    done = kmi("status", "data")
    (run,) = done.rows
    assert (done.code, run["state"], run["requested"], run["done"], run["failed"], run["left"]) == (
        0,
        "partial",
        2,
        1,
        1,
        0,
    )
    (cause,) = run["causes"]
    assert cause["pages"] == 1
    assert f"1 page failed: {cause['cause']}" in done.err


def test_diff_equals_the_changes_of_the_server(kmi: Kmi) -> None:
    then = kmi.state.day
    kmi("pull", "all", "data", *FEW, "--top", "2", "--date", "2026-11-19")
    now = dt.date.fromisoformat(kmi.control("advance", {"days": 3})["day"])
    kmi("pull", "all", "data", *FEW, "--top", "2", "--date", "2026-11-20")
    done = kmi("diff", "data", *TWO, "--market", "us")
    assert done.code == 0
    old, new = ({row.asn: row.rank for row in kmi.state.rankings("cc$US", day=day)} for day in (then, now))
    truth = {
        asn: "entered" if asn not in old
        else "left" if asn not in new
        else "rose" if (new[asn] or 0) < (old[asn] or 0)
        else "fell"
        for asn in {*old, *new}
        if old.get(asn) != new.get(asn)
    }  # fmt: skip
    assert {row["asn"]: row["change"] for row in done.rows if row["rank_type"]} == truth
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
    assert "rankings: 1 page compared, 0 not compared (unequal coverage)" in done.err


def test_diff_without_equal_coverage_compares_nothing(kmi: Kmi) -> None:
    kmi("pull", "rankings", "data", *FEW, "--limit", "100", "--date", "2026-11-19")
    kmi("pull", "rankings", "data", *FEW, "--limit", "200", "--date", "2026-11-20")
    done = kmi("diff", "data", *TWO, "-o", "json")
    assert (done.code, json.loads(done.out)) == (5, [])
    assert "nothing to compare" in done.err
    assert "rankings: 0 pages compared, 2 not compared (unequal coverage)" in done.err


def test_a_date_has_no_changes_to_itself(kmi: Kmi) -> None:
    kmi("pull", "rankings", "data", *FEW, "--date", "2026-11-19")
    day = ("--from", "2026-11-19", "--to", "2026-11-19")
    assert kmi("diff", "data", *day, "-o", "table").out == "rankings: none\n\nneighbours: none\n"
    missing = kmi("diff", "data", "--from", "2026-11-18", "--to", "2026-11-19")
    assert missing.code == 2
    assert "has no data of 2026-11-18; it holds 2026-11-19" in missing.err


def test_verify_reports_each_problem(kmi: Kmi, tmp_path: Path) -> None:
    kmi("pull", "rankings", "data", *FEW)
    sound = kmi("verify", "data", "-o", "json")
    found = json.loads(sound.out)
    assert (sound.code, found["sound"], found["problems"], found["dates"]) == (0, True, [], 1)
    part(tmp_path / "data", "rankings").write_bytes(b"PAR1 no more")
    done = kmi("verify", "data", "-o", "json")
    (problem,) = json.loads(done.out)["problems"]
    assert (done.code, problem["kind"], problem["table"], problem["pages"]) == (5, "damaged", "rankings", 2)
    assert problem["path"].endswith("part-0001.parquet")
    assert "1 problem; 'kentik-async kmi repair data'" in done.err


def test_a_pull_into_a_damaged_part_is_one_line(kmi: Kmi, tmp_path: Path) -> None:
    """Before a fix, it ended with "this is a bug"."""
    kmi("pull", "rankings", "data", *FEW)
    part(tmp_path / "data", "pages").write_bytes(b"PAR1 no more")
    for line in (["pull", "rankings", "data", *FEW], ["status", "data"]):
        done = kmi(*line)
        assert done.code == 1
        assert "is damaged" in done.err
        assert "kmi repair data" in done.err
        assert "bug" not in done.err


def test_repair_fetches_the_lost_pages_of_today(kmi: Kmi, tmp_path: Path) -> None:
    kmi("pull", "rankings", "data", *FEW)
    whole = part(tmp_path / "data", "rankings").read_bytes()
    part(tmp_path / "data", "rankings").write_bytes(whole[:100])
    preview = kmi("repair", "data", "--dry-run", "-o", "json")
    assert (preview.code, json.loads(preview.out)["missing"]) == (0, 2)
    assert part(tmp_path / "data", "rankings").read_bytes() == whole[:100]
    kmi.control("reset")
    done = kmi("repair", "data", "-o", "json")
    found = json.loads(done.out)
    assert (done.code, found["missing"], found["fetched"], found["lost"], found["left"]) == (0, 2, 2, [], [])
    assert kmi.operations().count("kmi.get_rankings") == 3, "both pages, and the check for changed data"
    assert kmi("verify", "data").code == 0
    assert kmi("status", "data").rows[0]["state"] == "complete"


def test_repair_without_credentials_leaves_them_to_the_next_pull(kmi: Kmi, tmp_path: Path) -> None:
    kmi("pull", "rankings", "data", *FEW)
    part(tmp_path / "data", "rankings").unlink()
    done = kmi("repair", "data", "-o", "json", **NO_CREDENTIALS)
    assert (done.code, json.loads(done.out)["fetched"]) == (5, 0)
    assert "are not fetched again: no credentials found" in done.err
    assert kmi("pull", "rankings", "data", *FEW).code == 0
    assert kmi("verify", "data").code == 0


def test_repair_reports_what_is_lost(kmi: Kmi, tmp_path: Path) -> None:
    kmi("pull", "rankings", "data", *FEW, "--date", "2026-01-15")
    part(tmp_path / "data", "rankings").unlink()
    kmi.control("reset")
    done = kmi("repair", "data", "-o", "json")
    lost = json.loads(done.out)["lost"]
    assert (done.code, [page["run_date"] for page in lost]) == (5, ["2026-01-15"] * 2)
    assert kmi.operations() == []
    assert kmi("status", "data").rows[0]["state"] == "partial"


def test_prune_shows_the_dates_and_deletes_them_with_yes(kmi: Kmi, tmp_path: Path) -> None:
    for date in ("2026-01-14", "2026-01-15", str(TODAY)):
        kmi("pull", "rankings", "data", *FEW, "--date", date)
    asked = kmi("prune", "data", "--keep-days", "7")
    assert (asked.code, asked.out) == (2, "")
    assert "2 dates of data, 2026-01-14 to 2026-01-15; 1 date kept" in asked.err
    assert "add --yes" in asked.err
    preview = kmi("prune", "data", "--keep-days", "7", "--dry-run")
    assert (preview.code, preview.rows[0]["deleted"]) == (0, False)
    assert len(list((tmp_path / "data/rankings").iterdir())) == 3
    table = kmi("prune", "data", "--keep-days", "7", "--dry-run", "-o", "table").out
    shown = [line.split() for line in table.splitlines()]
    assert shown[1:3] == [["dates", "2026-01-14", "2026-01-15"], ["kept", str(TODAY)]]
    done = kmi("prune", "data", "--keep-days", "7", "--yes")
    (row,) = done.rows
    assert (done.code, row["deleted"], row["dates"]) == (0, True, ["2026-01-14", "2026-01-15"])
    assert [path.name for path in (tmp_path / "data/rankings").iterdir()] == [f"run_date={TODAY}"]
    again = kmi("prune", "data", "--keep-days", "7", "--yes")
    assert (again.code, again.rows[0]["deleted"]) == (0, False)
    assert "no date is that old" in again.err
    table = kmi("prune", "data", "--keep-days", "7", "--dry-run", "-o", "table").out
    assert table.splitlines()[1].split() == ["dates"]


def test_a_copied_target_is_used_as_it_is(kmi: Kmi, tmp_path: Path) -> None:
    """Before a fix, a copy made by `cp -r data/* copy` was overwritten."""
    kmi("pull", "rankings", "data", *FEW)
    shutil.copytree(tmp_path / "data", tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    kmi.control("reset")
    assert kmi("pull", "rankings", "copy", *FEW).code == 0
    assert kmi.operations() == []
    assert kmi("status", "copy").rows[0]["state"] == "complete"
    assert kmi("verify", "copy").code == 0


@pytest.mark.parametrize("command", ["verify", "repair", "prune --keep-days 3", "status"])
def test_a_folder_without_a_pull_is_one_line(kmi: Kmi, command: str) -> None:
    name, *options = command.split()
    done = kmi(name, "nothing", *options)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: no pull was saved in nothing")


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
