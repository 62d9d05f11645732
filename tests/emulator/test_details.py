"""With `details`, the emulator reports the remaining quota, and the client uses it."""

import asyncio
import base64
import json
from typing import Any

import aiohttp
import grpc
import pytest

from kentik_async.emulator import Emulator


def read(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return document


async def test_http_headers_hold_the_remaining_quota() -> None:
    # A whole minute, so that the first request still counts when the last one arrives on a slow machine.
    async with Emulator(details=True) as emulator, aiohttp.ClientSession() as session:
        connection = emulator.connection
        headers = {"X-CH-Auth-Email": connection["email"], "X-CH-Auth-API-Token": connection["token"]}
        left = []
        for path in ("/sites", "/plans", "/site/0"):
            async with session.get(connection["rest_endpoint"] + path, headers=headers) as answer:
                assert "=" not in answer.headers["x-ratelimit-details"]
                left.append(read(answer.headers["x-ratelimit-details"]))
        assert [document["limit_remaining"] for document in left] == [59, 58, 57]
        assert {document["duration_until_reset"] for document in left} == {"0.000000s"}


async def test_grpc_trailers_hold_the_remaining_quota() -> None:
    async with Emulator(speed=6, details=True) as emulator:
        connection = emulator.connection
        credentials = (("x-ch-auth-email", connection["email"]), ("x-ch-auth-api-token", connection["token"]))
        async with grpc.aio.insecure_channel(connection["grpc_endpoint"].removeprefix("http://")) as channel:
            method = channel.unary_unary("/kentik.kmi.v202212.KmiService/ListMarkets")
            call = method(b"", metadata=credentials)
            await call
            header = dict([*await call.trailing_metadata()])["x-ratelimit-details"]
            assert read(str(header))["limit_remaining"] == 59
            await asyncio.gather(*[method(b"", metadata=credentials) for _ in range(59)])
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await method(b"", metadata=credentials)
            header = dict([*(caught.value.trailing_metadata() or ())])["x-ratelimit-details"]
            assert read(str(header))["limit_remaining"] == 0
            assert 0 < float(read(str(header))["duration_until_reset"].removesuffix("s")) <= 10


async def test_details_are_off_by_default() -> None:
    async with (
        Emulator(speed=60) as emulator,
        aiohttp.ClientSession() as session,
        session.get(emulator.connection["rest_endpoint"] + "/sites") as answer,
    ):
        assert "x-ratelimit-details" not in answer.headers


async def test_client_detects_the_usage_of_another_program() -> None:
    async with Emulator(speed=6, details=True) as emulator:
        async with aiohttp.ClientSession() as session:
            connection = emulator.connection
            headers = {"X-CH-Auth-Email": connection["email"], "X-CH-Auth-API-Token": connection["token"]}
            for _ in range(10):
                async with session.get(connection["rest_endpoint"] + "/sites", headers=headers):
                    pass
        async with emulator.client() as ours:
            await ours.kmi.list_markets()
            snapshot = await ours.quota.snapshot()
            assert snapshot.others == 10
            assert snapshot.left_hard_minute == 49
        assert emulator.report().violations == 0
