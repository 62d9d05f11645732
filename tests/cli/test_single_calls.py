"""Single calls: their rows contain the arguments of the request, and the options select the connection."""

from pathlib import Path

from tests.cli.kmi import Kmi
from tests.cli.shell import Shell


def test_raw_requests_of_v6(shell: Shell) -> None:
    assert len(shell("raw", "GET", "/kmi/v202212/markets").rows) > 100
    assert shell.operations() == ["kmi.list_markets"]
    done = shell("raw", "GET", "/as_group/v202212/as_group/987")
    assert done.code == 1
    assert "HTTP 404 NOT_FOUND" in done.err


def test_transport_option(shell: Shell) -> None:
    nowhere = "http://127.0.0.1:9"
    done = shell("--transport", "rest", "kmi", "rankings", "US", "--limit", "5", KENTIK_GRPC_ENDPOINT=nowhere)
    assert (done.code, done.err) == (0, "")
    assert done.rows == shell("kmi", "rankings", "US", "--limit", "5", "--transport", "grpc").rows
    done = shell("auth", "status", KENTIK_TRANSPORT="http")
    assert done.code == 2
    assert "transport must be one of grpc, rest, auto; got 'http'" in done.err


def test_ca_file_and_proxy_options(shell: Shell, tmp_path: Path) -> None:
    done = shell("auth", "status", "--ca-file", str(tmp_path / "missing.pem"))
    assert done.code == 2
    assert "No such file" in done.err
    real = {f"KENTIK_{name}": "" for name in ("GRPC_ENDPOINT", "REST_ENDPOINT", "V6_REST_ENDPOINT", "SPEED")}
    done = shell("auth", "status", "--proxy", "socks5://host:1", **real)
    assert done.code == 2
    assert "proxy must be a URL such as http://host:port" in done.err


def test_rankings_name_their_market_and_metric(kmi: Kmi) -> None:
    options = ("--rank-type", "peering_base", "--limit", "2", "-o", "ndjson")
    rows = kmi("rankings", "US", *options).rows
    found = [(row["market_id"], row["rank_type"], row["ip"]) for row in rows]
    assert found == [("cc$US", "peering_base", "v4")] * 2


def test_relations_name_their_market(kmi: Kmi) -> None:
    (first,) = kmi("rankings", "US", "--limit", "1", "-o", "ndjson").rows
    rows = kmi("asn", "US", str(first["asn"]), "--type", "providers", "-o", "ndjson").rows
    assert {(row["market_id"], row["ip"], row["relation"]) for row in rows} == {("cc$US", "v4", "provider")}
