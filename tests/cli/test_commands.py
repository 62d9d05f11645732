"""Each command against an emulator: its requests, output and exit code."""

import csv
import io
import json
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.shell import KENTIK_ASYNC, Shell

PLANET = ("kmi", "rankings", "planet:earth", "--limit", "3")


def test_a_wrong_token_is_3(shell: Shell) -> None:
    done = shell("auth", "status", KENTIK_API_TOKEN="wrong-token")
    assert (done.code, done.out) == (3, "")
    note, error = done.err.splitlines()
    assert note == f"note: checking the credentials of demo@example.com at {shell.ready['grpc_endpoint']}"
    assert error.startswith("error: kmi.list_markets: gRPC UNAUTHENTICATED")
    assert error.endswith("; check the email, the token and the region")
    assert "wrong-token" not in done.err


@pytest.mark.parametrize(
    ("command", "scope"),
    [
        (("auth", "status"), "admin.kmi:read"),
        (("as-groups", "list"), "admin.as_group:read"),
        (("as-groups", "delete", "1001", "--yes"), "admin.as_group:write"),
    ],
)
def test_a_missing_right_is_3_and_names_the_scope(shell: Shell, command: tuple[str, ...], scope: str) -> None:
    shell.control("fail", {"n": 1, "status": 403})
    done = shell(*command)
    assert done.code == 3
    assert f"the user lacks the scope {scope}; ask an administrator for it" in done.err


def test_options_of_every_command_stand_anywhere(shell: Shell) -> None:
    outs = {
        shell(*line).out
        for line in (
            ("-o", "csv", "kmi", "markets"),
            ("kmi", "-o", "csv", "markets"),
            ("kmi", "markets", "--output=csv", "--quiet"),
        )
    }
    assert len(outs) == 1
    assert next(iter(outs)).startswith("market_id,name\nplanet$earth,Planet Earth\n")


def test_rankings_in_every_form_are_the_same_rows(shell: Shell) -> None:
    rows = shell(*PLANET).rows
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert json.loads(shell(*PLANET, "-o", "json").out) == rows
    read = list(csv.DictReader(io.StringIO(shell(*PLANET, "-o", "csv").out)))
    assert [row["asn"] for row in read] == [str(row["asn"]) for row in rows]
    table = shell(*PLANET, "-o", "table").out.splitlines()
    assert table[0].split() == ["rank", "rank", "+/-", "asn", "name", "score", "score", "+/-"]
    assert f"{rows[0]['score']:,}" in table[1]


@pytest.mark.parametrize("market", ["cc:DE", "de", "cc$DE"])
def test_an_identifier_costs_no_call(shell: Shell, market: str) -> None:
    assert shell("kmi", "rankings", market, "--limit", "1").code == 0
    assert shell.operations() == ["kmi.get_rankings"]
    assert shell.control("calls")[0]["arguments"]["market_id"] == "cc$DE"


def test_a_name_is_looked_up(shell: Shell) -> None:
    assert shell("kmi", "rankings", "western EUROPE", "--limit", "1").code == 0
    assert shell.operations() == ["kmi.list_markets", "kmi.get_rankings"]


@pytest.mark.parametrize("command", ["rankings US,DE", "asn US,DE 3356", "insights --market US,DE"])
def test_several_markets_for_a_command_that_takes_one(shell: Shell, command: str) -> None:
    done = shell("kmi", *command.split())
    assert done.code == 2
    assert done.err == "error: unknown market 'US,DE'; this command takes one market\n"


def test_an_unknown_network_gets_the_command_that_lists_networks(shell: Shell) -> None:
    done = shell("kmi", "asn", "US", "0")
    assert done.code == 1
    assert done.err.endswith("; 'kentik-async kmi rankings MARKET' lists the networks of a market\n")


def test_shell_expanded_identifier_exits_with_2(shell: Shell) -> None:
    done = shell("kmi", "rankings", "planet")
    assert done.code == 2
    assert done.err.startswith("error: invalid market 'planet': the shell expanded '$'")
    assert shell.operations() == []


def test_rows_at_the_servers_default_limit_are_noted(shell: Shell) -> None:
    done = shell("kmi", "rankings", "planet:earth")
    assert len(done.rows) == 600
    assert "note: output is limited to the server default of 600 rows; use --limit for more" in done.err
    assert shell("kmi", "rankings", "planet:earth", "--quiet").err == ""


def a_network(shell: Shell) -> str:
    asn: int = shell(*PLANET).rows[0]["asn"]
    return str(asn)


def test_a_networks_neighbours_are_rows_with_their_relation(shell: Shell) -> None:
    asn = a_network(shell)
    rows = shell("kmi", "asn", "planet:earth", f"AS{asn}").rows
    relations = {row["relation"] for row in rows}
    assert relations == {"customer", "provider", "peer"}
    assert all(row["pfx_count"] is None for row in rows if row["relation"] != "peer")
    whole = json.loads(shell("kmi", "asn", "planet:earth", asn, "-o", "json").out)
    assert len(rows) == sum(len(whole[name]) for name in ("customers", "providers", "peers"))
    header = shell("kmi", "asn", "planet:earth", asn, "--type", "peers", "-o", "csv").out.splitlines()[0]
    assert header.split(",") == list(rows[0])


def test_a_networks_neighbours_are_tables_with_titles(shell: Shell) -> None:
    asn = a_network(shell)
    lines = shell("kmi", "asn", "planet:earth", asn, "-o", "table").out.splitlines()
    titles = [
        line.partition(":")[0] for line in lines if line.startswith(("customers:", "providers:", "peers:"))
    ]
    assert lines[0].startswith(f"AS{asn} ")
    assert titles == ["customers", "providers", "peers"]


def test_insights_of_one_market_one_network_and_some_kinds(shell: Shell) -> None:
    done = shell("kmi", "insights", "--type", "customer_gain", "--type", "customer_loss", "--lookback", "30")
    assert done.rows[0].keys() == {"asn", "name", "type", "message", "created_at"}
    asn = str(done.rows[0]["asn"])
    of_one = shell("kmi", "insights", "--asn", asn, "--market", "planet:earth", "--lookback", "30").rows
    assert {row["asn"] for row in of_one} == {int(asn)}
    assert shell.operations() == ["kmi.get_global_insights", "kmi.get_asn_insights"]


def test_as_groups_from_creation_to_deletion(shell: Shell) -> None:
    (made,) = shell("as-groups", "create", "Our upstreams", "AS3356", "1.10").rows
    assert [member["asn"] for member in made["asn"]] == [3356, 65546]
    (named,) = shell("as-groups", "update", made["id"], "--name", "Upstreams").rows
    assert (named["name"], named["asn"]) == ("Upstreams", made["asn"])
    (changed,) = shell("as-groups", "update", made["id"], "64512").rows
    assert (changed["name"], [member["asn"] for member in changed["asn"]]) == ("Upstreams", [64512])
    assert "64512" in shell("as-groups", "get", made["id"], "-o", "table").out
    assert made["id"] in [group["id"] for group in shell("as-groups", "list").rows]
    assert shell("as-groups", "delete", made["id"], "--yes").rows == [{"id": made["id"], "deleted": True}]
    gone = shell("as-groups", "get", made["id"])
    assert gone.code == 1
    assert "'kentik-async as-groups list' lists the AS groups" in gone.err


def test_as_group_update_fetches_only_if_needed(shell: Shell) -> None:
    shell("as-groups", "update", "1001", "64512", "--name", "All new")
    assert shell.operations() == ["as_groups.update"]


def test_as_group_update_without_a_change_sends_nothing(shell: Shell) -> None:
    done = shell("as-groups", "update", "1001")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: at least one change is required: ASN or --name\n"
    assert shell.operations() == []


def test_sites_from_creation_to_deletion(shell: Shell) -> None:
    (made,) = shell("sites", "create", "Sydney", "-33.8688", "151.2093").rows
    assert (made["lat"], made["lon"]) == (-33.8688, 151.2093)
    id = str(made["id"])
    (moved,) = shell("sites", "update", id, "--lon", "-100").rows
    assert (moved["lat"], moved["lon"]) == (-33.8688, -100.0)
    assert shell("sites", "get", id).rows == [moved]
    assert shell("sites", "delete", id, "-y", "-o", "csv").out == f"id,deleted\n{id},true\n"
    table = shell("sites", "list", "-o", "table").out
    assert "Warehouse" in table
    assert "—" in table, "an unknown latitude"


def test_nothing_is_deleted_without_confirmation(shell: Shell) -> None:
    done = shell("sites", "delete", "1")
    assert (done.code, done.out) == (2, "")
    assert shell.operations() == []


def test_what_the_vendor_would_refuse_is_2_and_no_call(shell: Shell) -> None:
    done = shell("sites", "create", "x", "91", "0")
    assert done.code == 2
    assert "site_name must be 3 to 40" in done.err
    assert shell.operations() == []


def test_a_locale_without_our_signs_ends_no_table(shell: Shell) -> None:
    done = shell.process("sites", "list", "-o", "table", PYTHONIOENCODING="ascii")
    assert done.code == 0
    assert done.out.splitlines()[-1].split()[:4] == ["3", "Warehouse", "?", "?"]


def test_plans(shell: Shell) -> None:
    first, second = shell("plans", "list").rows
    assert (first["max_devices"], second["active"]) == (75, False)
    header = shell("plans", "list", "-o", "csv").out.splitlines()[0].split(",")
    assert header == list(first)
    assert "—" in shell("plans", "list", "-o", "table").out


def test_raw_requests(shell: Shell, tmp_path: Path) -> None:
    whole = json.loads(shell("raw", "GET", "/sites", "-o", "json").out)
    assert shell("raw", "get", "/sites").rows == whole["sites"]
    assert shell("raw", "GET", "/sites", "-o", "csv").out.startswith("id,site_name,lat,lon,company_id\n")
    document = '{"site": {"lat": 1.5}}'
    (tmp_path / "site.json").write_text(document, encoding="utf-8")
    for data, stdin in ((document, ""), ("-", document), (f"@{tmp_path / 'site.json'}", "")):
        (answer,) = shell("raw", "PUT", "/site/1", "--data", data, stdin=stdin).rows
        assert answer["site"]["lat"] == 1.5
    empty = shell("raw", "DELETE", "/site/1")
    assert (empty.code, empty.out, empty.err) == (0, "", "note: the response is empty\n")
    assert shell("raw", "GET", "/nothing/here").code == 1


def test_raw_paths_carry_the_token_nowhere_else(shell: Shell) -> None:
    for path in ("https://example.com/x", "//example.com/x", "sites"):
        done = shell("raw", "GET", path)
        assert done.code == 2
        assert "path must be a path on the REST endpoint" in done.err


def test_quota_prints_rules_state_and_time_without_a_call(shell: Shell) -> None:
    non_query, query = shell.process("quota", "--calls", "60").rows
    assert (non_query["hard_per_minute"], non_query["left_hard_minute"]) == (60, 60)
    assert query["max_concurrent"] == 4
    assert 0 < non_query["seconds"] < 0.1, "at speed 6000"
    table = shell("quota", "--calls", "60", "-o", "table").out
    assert "time for 60 calls" in table
    assert "used by others (inferred)" in table
    assert (non_query["others"], query["others"]) == (0, 0)
    assert shell.operations() == []


def test_attempts_that_fail_are_noted(shell: Shell) -> None:
    shell.control("fail", {"n": 1, "status": 503})
    done = shell("sites", "list")
    assert done.code == 0
    assert "note: sites.list: HTTP 503" in done.err
    assert "retrying in" in done.err


def test_no_connection_is_1_and_one_line(shell: Shell) -> None:
    done = shell("sites", "list", KENTIK_REST_ENDPOINT="http://127.0.0.1:9/api/v5")
    assert done.code == 1
    (error,) = done.err.splitlines()
    assert error.startswith("error: sites.list: no connection to 127.0.0.1:9")


@pytest.mark.parametrize("command", ["sites list", "auth status"])
def test_profiles_and_their_warnings(shell: Shell, tmp_path: Path, command: str) -> None:
    folder = tmp_path / ".kentik"
    folder.mkdir()
    profile = folder / "lab"
    profile.write_text('{"email": "demo@example.com", "api-key": "emulator-token"}', encoding="utf-8")
    profile.chmod(0o644)
    done = shell("--profile", "lab", *command.split(), HOME=str(tmp_path), KENTIK_API_TOKEN="")
    assert done.code == 0
    warnings = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert warnings == [
        f"warning: {profile} contains a token and other users may read it; run chmod 600 on it"
    ]


@pytest.mark.parametrize("command", ["kmi rankings planet:earth --limit 20000", "--help"])
def test_a_closed_pipe_is_not_an_error(shell: Shell, command: str) -> None:
    line = f"{shlex.join(KENTIK_ASYNC)} {command} | head -n 1; echo ${{PIPESTATUS[@]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, encoding="utf-8", env=shell.env, check=True
    )
    first, codes = done.stdout.splitlines()
    assert first
    assert codes == "0 0"
    assert "rror" not in done.stderr
