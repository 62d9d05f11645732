"""The pytest plugin in other projects: no cost if unused, and support for every kind of event loop."""

import subprocess
import sys
from pathlib import Path

from tests.plugin.project import pytest_in

OPTIONS = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")

UNUSED = """
import sys

def test_nothing_is_imported():
    heavy = {"aiohttp", "grpc", "msgspec", "google.protobuf", "kentik_async.client", "kentik_async.emulator"}
    assert heavy & set(sys.modules) == set()
"""

LOOPS = """
import asyncio
import pytest

async def use(client):  # both protocols: aiohttp warns of connections that are left open
    await client.kmi.list_markets()
    await client.sites.list()

def test_one_loop_after_another(kentik_client, kentik_emulator):
    asyncio.run(use(kentik_client))
    asyncio.run(use(kentik_client))
    assert kentik_emulator.report().requests == 4

def test_a_loop_that_is_left_open(kentik_client):
    with asyncio.Runner() as runner:
        runner.run(use(kentik_client))

async def test_loop_of_the_test(kentik_client):
    await use(kentik_client)

@pytest.mark.asyncio(loop_scope="session")
async def test_loop_of_the_session(kentik_client):
    await use(kentik_client)

@pytest.mark.asyncio(loop_scope="session")
async def test_the_session_continues(kentik_client):
    await use(kentik_client)

@pytest.mark.asyncio
async def test_call_in_flight(kentik_client, kentik_emulator):
    kentik_emulator.latency = 5.0
    task = asyncio.create_task(kentik_client.kmi.list_markets())
    while not kentik_emulator.report().in_flight:
        await asyncio.sleep(0.01)
    task.cancel()

def test_unused_client(kentik_client):
    pass

@pytest.mark.kentik_emulator(speed=600, seed=1)
class TestMarkers:
    @pytest.mark.kentik_emulator(seed=2)
    def test_closest_one_wins(self, kentik_emulator):
        assert kentik_emulator.env["KENTIK_SPEED"] == "600"
        assert kentik_emulator.state.seed == 2

@pytest.mark.kentik_emulator(600)
def test_argument_without_a_name(kentik_emulator):
    pass

@pytest.mark.kentik_emulator(spede=600)
def test_unknown_argument(kentik_emulator):
    pass
"""


def test_plugin_loads_nothing_else() -> None:
    loaded = "before = {*sys.modules}; import kentik_async.pytest_plugin; print(*{*sys.modules} - before)"
    run = subprocess.run(
        [sys.executable, "-c", f"import pytest, sys; {loaded}"], capture_output=True, text=True, check=True
    )
    assert {*run.stdout.split()} == {"kentik_async", "kentik_async._version", "kentik_async.pytest_plugin"}


def test_every_kind_of_event_loop(tmp_path: Path) -> None:
    (tmp_path / "test_1.py").write_text(UNUSED, encoding="utf-8")
    (tmp_path / "test_2.py").write_text(LOOPS, encoding="utf-8")
    ended = pytest_in(tmp_path, "-W", "error", "--strict-markers", *OPTIONS)
    assert "9 passed, 2 errors" in ended.stdout, ended.stdout
    assert "the marker kentik_emulator takes keywords, such as speed=60; got (600,)" in ended.stdout
    assert "invalid arguments of the marker kentik_emulator: " in ended.stdout
    assert "unexpected keyword argument 'spede'" in ended.stdout
