"""A real nginx with TLS, HTTP/2 and `limit_conn 1` between the client and the servers."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kentik_async import KentikClient, Quota
from kentik_async.emulator import Emulator
from kentik_async.events import Event
from tests.support.frozen_time import PATIENCE
from tests.wire.gateways.nginx import NGINX, Nginx, running_nginx

pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx (Debian, Ubuntu: apt install nginx)")

SPEED = 60
CALLER = Path(__file__).with_name("impatient_caller.py")


@pytest.fixture
async def emu() -> AsyncIterator[Emulator]:
    async with Emulator(speed=SPEED) as emulator:
        yield emulator


@pytest.fixture
async def nginx(emu: Emulator) -> AsyncIterator[Nginx]:
    with running_nginx(emu) as nginx:
        yield nginx


def credentials(emu: Emulator) -> tuple[str, str]:
    return emu.connection["email"], str(emu.connection["token"])


def client(emu: Emulator, nginx: Nginx, **options: Any) -> KentikClient:
    # Not "auto": a client that has waited long for gRPC sends HEAD requests, too.
    options |= {"limiter": "process:", "quota": Quota.NON_QUERY.scaled(SPEED), "transport": "grpc"}
    options |= nginx.arguments
    return KentikClient(*credentials(emu), **options)


async def test_every_kind_of_call_passes(emu: Emulator, nginx: Nginx) -> None:
    async with client(emu, nginx) as kentik:
        group = await kentik.as_groups.create("transit", [3356, 1299])
        assert [member.asn for member in (await kentik.as_groups.get(group.id)).asn] == [3356, 1299]
        await kentik.as_groups.delete(group.id)
        assert await kentik.kmi.list_markets()
        assert await kentik.kmi.get_rankings("planet$earth", limit=3)
        assert await kentik.plans.list()
        site = await kentik.sites.create("fra1", 50.11, 8.68)
        assert (await kentik.sites.get(site.id)).site_name == "fra1"
    assert set(nginx.statuses()) <= {"200", "201", "204"}


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
async def test_a_503_is_retried_after_the_requested_pause(emu: Emulator, nginx: Nginx, protocol: str) -> None:
    pauses: list[float] = []

    def record(event: Event) -> None:
        if event.kind == "retried":
            pauses.append(event.duration)
            nginx.maintenance.unlink()

    async with client(emu, nginx, on_event=record) as kentik:
        call = kentik.kmi.list_markets if protocol == "grpc" else kentik.sites.list
        await call()
        nginx.maintenance.touch()
        began = time.monotonic()
        await call()
        assert time.monotonic() - began >= 2.0
    assert pauses == [2.0]
    async with asyncio.timeout(PATIENCE):
        while len(nginx.statuses()) < 3:  # nginx writes its log a little later
            await asyncio.sleep(0.01)
    assert len(nginx.statuses()) == 3


async def test_four_impatient_processes_are_never_refused(
    emu: Emulator, nginx: Nginx, tmp_path: Path
) -> None:
    email, token = credentials(emu)
    environment = {
        **os.environ,
        "KENTIK_EMAIL": email,
        "KENTIK_API_TOKEN": token,
        "KENTIK_GRPC_ENDPOINT": nginx.arguments["grpc_endpoint"],
        "KENTIK_REST_ENDPOINT": nginx.arguments["rest_endpoint"],
        "KENTIK_CA_FILE": nginx.arguments["ca_file"],
        "KENTIK_LIMITER": f"file:{tmp_path}/quota",
        "KENTIK_SPEED": str(SPEED),
        "KENTIK_TRANSPORT": "grpc",
    }
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(CALLER), "125", str(seed), env=environment, stdout=subprocess.PIPE
        )
        for seed in range(4)
    ]
    outputs = [await process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    counts = [json.loads(out) for out, _ in outputs]
    assert sum(count["answered"] + count["cancelled"] for count in counts) == 500
    assert all(count["cancelled"] for count in counts)
    assert set(nginx.statuses()) == {"200"}
    assert emu.report().refused == 0
