"""The tools as used by an assistant: the client of the package mcp, connected to the stdin of a server."""

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kentik_async.models import enums
from tests.cli.shell import KENTIK_ASYNC, PATIENCE, Shell

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mcp") is None, reason="the server takes the extra mcp"
)

NO_CREDENTIALS = {"KENTIK_EMAIL": "", "KENTIK_API_TOKEN": ""}


class Assistant:
    """A session with a server."""

    def __init__(self, session: Any) -> None:
        self.session = session

    async def tools(self) -> dict[str, Any]:
        listed = await self.session.list_tools()
        return {tool.name: tool for tool in listed.tools}

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await self.session.call_tool(tool, arguments)
        (content,) = result.content
        assert not result.is_error, content.text
        assert json.loads(content.text) == result.structured_content
        found: dict[str, Any] = result.structured_content
        return found

    async def error(self, tool: str, **arguments: Any) -> str:
        result = await self.session.call_tool(tool, arguments)
        assert result.is_error
        (content,) = result.content
        assert "\n" not in content.text
        text: str = content.text
        return text


@contextlib.asynccontextmanager
async def assistant(shell: Shell, *options: str, **env: str) -> AsyncIterator[Assistant]:
    import mcp

    command, *arguments = KENTIK_ASYNC
    server = mcp.StdioServerParameters(
        command=command, args=[*arguments, "mcp", *options], env={**shell.env, **env}
    )
    with open(os.devnull, "w") as nowhere:  # noqa: ASYNC230, PTH123 (a device)
        async with mcp.stdio_client(server, nowhere) as streams, mcp.ClientSession(*streams) as session:
            await session.initialize()
            yield Assistant(session)


async def test_tools_of_the_api(shell: Shell) -> None:
    async with assistant(shell) as user:
        tools = await user.tools()
        assert all(tool.annotations.read_only_hint for tool in tools.values())
        assert not any(word in name for name in tools for word in ("create", "delete", "update", "saved"))
        ranking = tools["get_rankings"].input_schema
        assert ranking["additionalProperties"] is False
        assert ranking["required"] == ["market"]
        assert set(ranking["properties"]["ip"]["enum"]) == set(enums.IPFamily)
        assert set(enums.RankType) <= set(ranking["properties"]["rank_type"]["enum"])

        markets = await user.call("list_markets", search="germany")
        assert [row["market_id"] for row in markets["rows"]] == ["cc$DE"]
        found = await user.call("get_rankings", market="US", limit=3)
        assert [row["rank"] for row in found["rows"]] == [1, 2, 3]
        assert (found["market_id"], found["truncated"]) == ("cc$US", True)
        asn = found["rows"][0]["asn"]
        network = await user.call("get_network", market="US", asn=asn, type="customers", max_rows=2)
        assert {row["relation"] for row in network["rows"]} == {"customer"}
        assert (network["asn"], network["next_offset"]) == (asn, 2)
        assert network["total"] == network["counts"]["customers"]
        assert await user.call("get_insights", asn=asn, market="US", lookback=30, types=["customer_gain"])
        assert (await user.call("get_insights", limit=1))["truncated"]
        groups = await user.call("list_as_groups")
        assert (await user.call("get_as_group", group=groups["rows"][0]["name"]))["members"]
        assert (await user.call("list_sites", max_rows=1))["rows"][0]["title"]
        quota = await user.call("get_quota", calls=100)
        assert quota["non_query"]["in_flight"] == 0
        assert quota["seconds"] > 0

        assert all(await asyncio.gather(*(user.call("list_sites") for _ in range(5))))

        assert "unexpected" in await user.error("get_rankings", market="US", country="US")
        assert "'v5' is not one of ['v4', 'v6']" in await user.error("get_rankings", market="US", ip="v5")
        assert "'market' is a required property" in await user.error("get_rankings")
        assert "there is no tool 'delete_site'" in await user.error("delete_site", id=1)
        assert "as_groups.get: gRPC NOT_FOUND: " in await user.error("get_as_group", group="99")
    assert shell.control("report")["violations"] == 0


@pytest.fixture
def target(shell: Shell, tmp_path: Path) -> str:
    target = str(tmp_path / "data")
    done = shell("kmi", "pull", "rankings", target, "--markets", "US", "--rank-types", "peering_base")
    assert done.code == 0
    return target


async def test_tools_of_saved_targets(shell: Shell, target: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    async with assistant(shell, "--target", target, **NO_CREDENTIALS) as user:
        assert set(await user.tools()) == {"list_saved_tables", "query_saved_target"}
        tables = await user.call("list_saved_tables", target="data")
        rows = tables["tables"]["rankings"]["rows"]
        assert (tables["number_of_dates"], rows > 100) == (1, True)
        found = await user.call("query_saved_target", target="data", sql="select count(*) n from rankings")
        assert found == {"rows": [{"n": rows}], "truncated": False}
        cut = await user.call("query_saved_target", target="data", sql="from rankings", max_rows=2)
        assert (len(cut["rows"]), cut["truncated"]) == (2, True)
        large = "select repeat('x', 10000) text from rankings"
        cut = await user.call("query_saved_target", target="data", sql=large)
        assert (len(cut["rows"]), cut["truncated"]) == (4, True)
        for sql, said in (
            (f"from '{secret}'", "Permission Error"),
            ("select 1; select 2", "exactly one SELECT statement"),
            ("drop table rankings", "exactly one SELECT statement"),
            ("select nothing from rankings", "Binder Error"),
        ):
            assert said in await user.error("query_saved_target", target="data", sql=sql)
        assert "is not one of ['data']" in await user.error("list_saved_tables", target=str(tmp_path))


HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
SITES = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_sites", "arguments": {}}}


@pytest.mark.parametrize(("how", "code"), [("eof", 0), ("signal", 130)])
def test_server_ends_while_a_call_waits(shell: Shell, how: str, code: int) -> None:
    shell.control("fail", {"n": 1, "status": 429, "retry_after": 3600})
    with subprocess.Popen(
        [*KENTIK_ASYNC, "mcp", "--max-wait", "100000"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=shell.env,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(json.dumps(message) + "\n" for message in (HELLO, READY, SITES)))
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert answer["result"]["serverInfo"]["name"] == "kentik-async"
        while not shell.operations():
            assert process.poll() is None
            time.sleep(0.05)
        if how == "signal":
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE) == code
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in out.splitlines())
    assert "Traceback" not in err


@pytest.mark.parametrize("messages", [(), (HELLO, READY)])
def test_server_ends_at_the_end_of_a_file(
    shell: Shell, tmp_path: Path, messages: tuple[dict[str, Any], ...]
) -> None:
    file = tmp_path / "messages"
    file.write_text("".join(json.dumps(message) + "\n" for message in messages))
    with (file if messages else Path(os.devnull)).open() as stdin:
        done = subprocess.run(
            [*KENTIK_ASYNC, "mcp"],
            stdin=stdin,
            capture_output=True,
            text=True,
            env=shell.env,
            check=False,
            timeout=PATIENCE,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(messages) // 2


def test_without_the_extra_the_error_is_one_line() -> None:
    code = """
import sys
sys.modules["mcp_types"] = None
from kentik_async.cli.__main__ import main
sys.exit(main(["mcp"]))
"""
    env = {**os.environ, "KENTIK_EMAIL": "a@b", "KENTIK_API_TOKEN": "t"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False, timeout=PATIENCE
    )
    said = "error: the package mcp is not installed in version 2 or newer: pip install 'kentik-async[mcp]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
