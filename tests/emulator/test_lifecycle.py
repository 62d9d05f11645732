"""Starting, stopping, resetting, and control from outside."""

import asyncio
import datetime as dt
import json
import socket
import subprocess
import sys
from typing import Any

import pytest

from kentik_async._generated.kmi import v202212 as kmi
from kentik_async.emulator import Emulator, User
from kentik_async.emulator.api.admin import is_local
from kentik_async.emulator.world.state import FIRST_DAY
from tests.emulator.bare_wire import Wire, received, wired
from tests.support.frozen_time import PATIENCE, frozen_time
from tests.support.ports import reserved_port


async def test_stopping_ends_all_tasks_and_ports() -> None:
    before = asyncio.all_tasks()
    for _ in range(2):
        async with Emulator(speed=60, latency=0.5) as emu, wired(emu) as wire:
            with frozen_time():
                busy = asyncio.create_task(wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest()))
                await received(emu, 1)
                busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
    async with asyncio.timeout(PATIENCE):
        while asyncio.all_tasks() != before:  # tasks of the libraries end a moment later
            await asyncio.sleep(0)
    for endpoint in (emu.grpc_endpoint, emu.rest_endpoint):
        port = int(endpoint.split(":")[2].split("/")[0])
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_one_emulator_may_be_started_again() -> None:
    emu = Emulator(speed=60)
    for _ in range(2):
        async with emu, wired(emu) as wire:
            assert (await wire.rest("GET", "/api/v5/sites"))[0] == 200
    assert emu.report().requests == 2


async def test_several_at_once_share_no_state() -> None:
    async with Emulator(speed=60) as one, Emulator(speed=60, seed=2) as other:
        async with wired(one) as wire, wired(other) as second:
            await wire.rest("DELETE", "/api/v5/site/1")
            assert (await second.rest("GET", "/api/v5/site/1"))[0] == 200
        assert (one.report().requests, other.report().requests) == (1, 1)
        assert one.state.rankings("cc$DE") != other.state.rankings("cc$DE")


def test_two_emulators_in_two_event_loops() -> None:
    async def once() -> int:
        async with Emulator(speed=60) as emu, wired(emu) as wire:
            status, _ = await wire.rest("GET", "/kmi/v202212/markets")
            await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
            return status

    assert [asyncio.run(once()) for _ in range(2)] == [200, 200]


async def test_port_in_use_is_an_error() -> None:
    before = asyncio.all_tasks()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments in ({"grpc_port": port}, {"rest_port": port}):
            with pytest.raises(OSError, match="in use"):
                await Emulator(**arguments).start()
    assert asyncio.all_tasks() == before


async def test_a_chosen_port_is_the_one() -> None:
    with reserved_port() as port:
        async with Emulator(grpc_port=port) as emu:
            assert emu.grpc_endpoint == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"speed": 0}, "speed must be .* got 0"),
        ({"latency": -0.1}, "latency must be .* got -0.1"),
        ({"latency": (0.2, 0.1)}, "latency must be .* got \\(0.2, 0.1\\)"),
        ({"users": []}, "users must contain"),
        ({"users": [User("a@x", "1"), User("a@x", "2")]}, "different email addresses; got 'a@x' twice"),
        ({"host": "localhost"}, "host must be .* got 'localhost'"),
        ({"refusal_shape": "round"}, "refusal_shape must be .* got 'round'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Emulator(**arguments)


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match=r"role must be .* got 'boss'"):
        User("a@example.com", "t", role="boss")


def test_no_repr_shows_a_token() -> None:
    assert "secret" not in repr(User("a@example.com", "secret"))


async def test_a_reset_restores_the_initial_state(emu: Emulator, wire: Wire) -> None:
    await wire.rest("DELETE", "/api/v5/site/1")
    emu.advance_day(3)
    emu.fail_next(status=500)
    emu.reset()
    assert emu.calls == ()
    assert emu.state.day == FIRST_DAY
    assert (await wire.rest("GET", "/api/v5/site/1"))[0] == 200
    assert emu.calls[0].in_minute == 1
    assert emu.calls[0].number == 1


async def test_reset_forgets_calls_in_flight() -> None:
    async with Emulator(speed=60, latency=0.1) as emu, wired(emu) as wire:
        with frozen_time() as time:
            call = asyncio.create_task(wire.rest("GET", "/api/v5/sites"))
            await received(emu, 1)
            emu.reset()
            assert emu.report().in_flight == 0
            await time.advance(0.2)
            assert (await call)[0] == 200
        assert emu.report().requests == 0


async def test_steering_by_http(emu: Emulator, wire: Wire) -> None:
    fault = {"n": 1, "status": 503, "operation": "sites.list", "retry_after": 1.5}
    assert await wire.rest("POST", "/_emulator/fail", json=fault) == (200, {})
    assert (await wire.rest("GET", "/api/v5/sites"))[0] == 503
    tomorrow = str(FIRST_DAY + dt.timedelta(days=1))
    assert await wire.rest("POST", "/_emulator/advance") == (200, {"day": tomorrow})
    assert (await wire.rest("POST", "/_emulator/advance", json={"days": 2}))[0] == 200
    assert emu.state.day == FIRST_DAY + dt.timedelta(days=3)

    status, report = await wire.rest("GET", "/_emulator/report")
    assert (status, report["requests"], report["faults"]) == (200, 1, 1)
    assert report == json.loads(json.dumps(emu.report().to_dict()))
    status, calls = await wire.rest("GET", "/_emulator/calls")
    assert [(call["operation"], call["status"], call["fault"]) for call in calls] == [
        ("sites.list", 503, True)
    ]
    assert await wire.rest("POST", "/_emulator/reset") == (200, {})
    assert emu.report().requests == 0


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("fail", {"status": 500, "colour": "red"}, "colour"),
        ("fail", {}, "no effect"),
        ("fail", {"status": 99}, "99"),
        ("fail", {"n": "two", "status": 500}, "got 'two'"),
        ("fail", {"status": [500]}, "got [500]"),
        ("fail", {"delay": "long"}, "got 'long'"),
        ("fail", {"delay": 10**400}, "delay must be"),
        ("fail", {"status": 429, "retry_after": 1e308}, "retry_after must be"),
        ("fail", {"status": 500, "n": 10**20}, "n must be"),
        ("fail", {"status": 500, "operation": 7}, "operation must be"),
        ("fail", {"body": {}}, "body must be"),
        ("advance", {"days": "two"}, "days"),
        ("advance", {"days": 3_000_000}, "out of range"),
        ("advance", [1], "JSON object"),
    ],
)
async def test_an_invalid_admin_request_is_one_line(wire: Wire, path: str, body: Any, words: str) -> None:
    status, answer = await wire.rest("POST", f"/_emulator/{path}", json=body)
    assert status == 400
    assert words in answer["error"]
    assert "\n" not in answer["error"]


@pytest.mark.parametrize(
    ("remote", "local"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("2001:db8::1", False),
        ("", False),
        (None, False),
    ],
)
def test_only_this_machine_steers(remote: str | None, local: bool) -> None:
    assert is_local(remote) is local


async def test_listening_everywhere_it_is_reached_on_loopback() -> None:
    async with Emulator(host="0.0.0.0") as emu, wired(emu) as wire:
        assert emu.grpc_endpoint.startswith("http://127.0.0.1:")
        await wire.call(wire.kmi.ListMarkets, kmi.ListMarketsRequest())
        assert (await wire.rest("GET", "/_emulator/report"))[0] == 200


async def test_a_large_answer_comes_through_whole(emu: Emulator, wire: Wire) -> None:
    request = kmi.GetRankingsRequest(market_id="planet$earth", limit=50_000)
    answer = await wire.call(wire.kmi.GetRankings, request)
    assert len(answer.rankings) == len(emu.state.rankings("planet$earth", limit=50_000)) > 20_000


async def test_admin_api_needs_no_credentials(emu: Emulator, wire: Wire) -> None:
    wire.http.headers.clear()
    assert (await wire.rest("GET", "/_emulator/report"))[0] == 200
    assert emu.report().requests == 0


async def test_a_user_added_later_may_call(emu: Emulator) -> None:
    late = emu.add_user(User("late@example.com", "t"))
    async with wired(emu, late) as wire:
        assert (await wire.rest("GET", "/api/v5/sites"))[0] == 200
    assert set(emu.report().customers) == {"late@example.com"}


def test_import_does_not_load_the_emulator() -> None:
    program = (
        "import kentik_async, sys; "
        "print([n for n in sys.modules if n.startswith(('aiohttp', 'grpc', 'kentik_async.emulator'))])"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "emulator" not in said.stdout
    assert "aiohttp" not in said.stdout
