"""`kentik-async kmi pull`: messages about failures, retries and changed data, and the saved tables."""

import json
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from tests.cli.kmi import FEW, Kmi

UNKNOWN = ("pull", "rankings", "data", "--markets", "US", "ZZ", "--rank-types", "customer_base")


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    return ds.dataset(folder / table, partitioning="hive").to_table().to_pylist()


def test_definite_failures_are_repeated_on_demand_only(kmi: Kmi) -> None:
    first = kmi(*UNKNOWN)
    assert (first.code, first.rows[0]["failed"]) == (5, 2)
    assert "warning: 2 pages failed: gRPC NOT_FOUND: market 'cc$ZZ' not found\n" in first.err
    assert "add --retry-failed to retry 2 pages that failed permanently\n" in first.err
    sent = kmi.control("report")["requests"]

    again = kmi(*UNKNOWN)
    assert (again.code, again.rows[0]["calls"], again.rows[0]["already_complete"]) == (5, 0, False)
    assert "warning: 2 pages failed: gRPC NOT_FOUND" in again.err
    assert kmi.control("report")["requests"] == sent

    dry = kmi(*UNKNOWN, "--dry-run")
    assert "2 pages failed permanently in an earlier run; skipped (add --retry-failed to retry)" in dry.err
    assert (dry.rows[0]["calls"], dry.rows[0]["failed"]) == (0, 2)
    (planned,) = kmi(*UNKNOWN, "--retry-failed", "--dry-run").rows
    retried = kmi(*UNKNOWN, "--retry-failed")
    assert (retried.code, retried.rows[0]["failed"]) == (5, 2)
    assert retried.rows[0]["calls"] == kmi.control("report")["requests"] - sent == 2
    assert planned["calls"] >= 2


def test_the_same_command_repeats_transient_failures(kmi: Kmi) -> None:
    kmi.control("fail", {"n": 8, "status": 500, "operation": "kmi.get_rankings"})
    failed = kmi("pull", "rankings", "data", *FEW[:2], *FEW[3:])
    assert (failed.code, failed.rows[0]["failed"]) == (5, 1)
    assert "warning: 1 page failed: gRPC INTERNAL" in failed.err
    assert "note: run the same command again to retry 1 page\n" in failed.err
    assert failed.rows[0]["calls"] == kmi.control("report")["requests"]
    retried = kmi("pull", "rankings", "data", *FEW[:2], *FEW[3:])
    assert (retried.code, retried.rows[0]["failed"], retried.rows[0]["pages"]) == (0, 0, 1)
    assert "failed" not in retried.err


def test_data_that_changed_is_reported_until_refreshed(kmi: Kmi) -> None:
    kmi("pull", "rankings", "data", *FEW)
    kmi.control("advance")
    mixed = kmi("pull", "all", "data", *FEW, "--top", "1")
    assert (mixed.code, mixed.rows[0]["mixed"]) == (0, True)
    assert "warning: the vendor's data changed while " in mixed.err
    again = kmi("pull", "all", "data", *FEW, "--top", "1")
    assert (again.rows[0]["calls"], again.rows[0]["mixed"]) == (0, True)
    assert "warning: the vendor's data changed while " in again.err
    fresh = kmi("pull", "all", "data", *FEW, "--top", "1", "--refresh")
    assert (fresh.code, fresh.rows[0]["mixed"]) == (0, False)
    assert "warning" not in fresh.err


def test_other_filters_on_one_date_are_refused(kmi: Kmi, tmp_path: Path) -> None:
    details = ("pull", "details", "data", "--top", "1", *FEW)
    only = kmi(*details, "--type", "customers", "--singlehomed-customer", "only")
    assert only.code == 0, only.err
    assert all(row["singlehomed_customer"] for row in rows(tmp_path / "data", "relations"))
    sent = kmi.control("report")["requests"]
    for command in (details, (*details, "--dry-run")):
        refused = kmi(*command)
        assert (refused.code, refused.out) == (1, "")
        assert "singlehomed_customer is 'all', but" in refused.err
    assert kmi.control("report")["requests"] == sent


def test_a_larger_limit_replaces_the_rows(kmi: Kmi, tmp_path: Path) -> None:
    for limit in ("10", "20"):
        assert kmi("pull", "rankings", "data", *FEW, "--limit", limit).code == 0
    smaller = kmi("pull", "rankings", "data", *FEW, "--limit", "5")
    assert (smaller.code, smaller.rows[0]["calls"]) == (0, 0)
    found = [(row["market_id"], row["rank"]) for row in rows(tmp_path / "data", "rankings")]
    assert len(found) == len(set(found)) == 40


def test_market_names_are_resolved_with_one_call(kmi: Kmi) -> None:
    named = ("--markets", "united states", "Planet Earth", *FEW[3:])
    done = kmi("pull", "rankings", "data", *named)
    assert done.code == 0, done.err
    assert kmi.operations().count("kmi.list_markets") == 1
    assert kmi("pull", "rankings", "data", *FEW).rows[0]["calls"] == 0, "the same pages by their ids"
    unknown = kmi("pull", "rankings", "data", "--markets", "Untied States")
    assert (unknown.code, unknown.out) == (2, "")
    assert "unknown market 'Untied States'; did you mean " in unknown.err


@pytest.mark.parametrize("networks", [(), ("--asns", "ranked")])
def test_insights_are_saved(kmi: Kmi, tmp_path: Path, networks: tuple[str, ...]) -> None:
    asn = str(kmi.state.rankings("planet$earth")[0].asn)
    options = [asn if word == "ranked" else word for word in networks]
    options += ["--lookback", "7", "--limit", "20", "--markets", "planet:earth"]
    done = kmi("pull", "insights", "data", *options)
    assert done.code == 0, done.err
    assert (done.rows[0]["pages"], done.rows[0]["calls"]) == (1, kmi.control("report")["requests"])
    saved = rows(tmp_path / "data", "insights")
    assert done.rows[0]["rows"] == len(saved)
    shown = kmi(
        "insights", *(word.replace("--asns", "--asn").replace("--markets", "--market") for word in options)
    )
    assert [row["message"] for row in sorted(saved, key=lambda row: row["position"])] == [
        row["message"] for row in shown.rows
    ]
    assert kmi("pull", "insights", "data", *options).rows[0]["calls"] == 0


@pytest.mark.parametrize("store", ["ndjson", "csv", "sqlite"])
def test_each_format_is_saved(kmi: Kmi, tmp_path: Path, store: str) -> None:
    done = kmi("pull", "rankings", "data", *FEW, "--store", store)
    assert done.code == 0, done.err
    files = {path.suffix for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert f".{store}" in files
    refused = kmi("pull", "rankings", "data", *FEW)
    assert (refused.code, refused.out) == (1, "")
    assert f"data holds {store} tables, not parquet" in refused.err


def test_a_tilde_is_the_home_folder(kmi: Kmi, tmp_path: Path) -> None:
    done = kmi("pull", "rankings", "~/my data", *FEW, HOME=str(tmp_path / "home"))
    assert done.code == 0, done.err
    assert (tmp_path / "home" / "my data" / "rankings").is_dir()


def test_a_plan_in_a_list_of_profiles(kmi: Kmi, tmp_path: Path) -> None:
    folder = tmp_path / ".kentik"
    folder.mkdir()
    for name in ("east", "west"):
        profile = {"email": kmi.email, "api-key": kmi.token, "customer": name}
        (folder / name).write_text(json.dumps(profile), encoding="utf-8")
        (folder / name).chmod(0o600)
    command = ("pull", "rankings", "both", *FEW, "--profile", "east", "--profile", "west", "--dry-run")
    done = kmi(*command, "-o", "json", HOME=str(tmp_path))
    assert done.code == 0, done.err
    assert [(plan["target"], plan["calls"]) for plan in json.loads(done.out)] == [
        ("both/east", 4),
        ("both/west", 4),
    ]
