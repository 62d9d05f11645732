"""The client without a connection: its arguments, its views, and calls that it rejects."""

import asyncio
import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

from kentik_async import ConfigError, KentikClient, LocalLimiter, Quota, Retry, ValidationError
from kentik_async._generated.kmi import v202212 as kmi

EMAIL, TOKEN = "ada@example.com", "canary-5f1c0ffee5eed"


def make(**options: Any) -> KentikClient:
    return KentikClient(EMAIL, TOKEN, **{"limiter": "process:", **options})


class TestArguments:
    def test_the_vendors_hosts(self) -> None:
        assert repr(make()) == (
            "<KentikClient grpc=https://grpc.api.kentik.com:443 rest=https://api.kentik.com:443/api/v5>"
        )
        assert repr(make(region="eu")) == (
            "<KentikClient grpc=https://grpc.api.kentik.eu:443 rest=https://api.kentik.eu:443/api/v5>"
        )

    def test_the_token_is_not_shown(self) -> None:
        client = make()
        assert TOKEN not in repr(client) + str(client) + repr(vars(client))

    @pytest.mark.parametrize(
        ("argument", "value"),
        [
            ("region", "mars"),
            ("region", None),
            ("region", []),
            ("pacing", "fast"),
            ("pacing", {}),
            ("quota", 20),
            ("query_quota", "vendor"),
            ("limiter", "carrier-pigeon://loft"),
            ("limiter", 7),
            ("timeout", 0),
            ("timeout", -1),
            ("timeout", True),
            ("timeout", float("inf")),
            ("timeout", "60"),
            ("max_wait", -0.1),
            ("max_wait", float("nan")),
            ("connect_timeout", 0),
            ("connect_timeout", None),
            ("outage_wait", -1),
            ("retry", 3),
            ("retry", None),
            ("on_event", "print"),
            ("ca_file", "/absent.pem"),
            ("proxy", "socks5://proxy.example"),
            ("grpc_endpoint", "grpc.api.kentik.com:443"),
            ("grpc_endpoint", "https://host/path"),
            ("grpc_endpoint", "http://kentik.example"),
            ("rest_endpoint", "http://kentik.example"),
        ],
    )
    def test_an_invalid_argument_is_one_line(self, argument: str, value: object) -> None:
        with pytest.raises(ConfigError) as caught:
            make(**{argument: value})
        message = str(caught.value)
        assert argument in message
        assert "\n" not in message
        assert TOKEN not in message

    @pytest.mark.parametrize(("email", "token"), [("", TOKEN), (EMAIL, ""), (EMAIL, "a\r\nb"), (None, TOKEN)])
    def test_credentials_are_checked_at_once(self, email: str, token: str) -> None:
        with pytest.raises(ConfigError):
            KentikClient(email, token)

    def test_plaintext_to_other_machines_is_a_choice(self) -> None:
        client = make(grpc_endpoint="http://kentik.example", allow_plaintext=True)
        assert "grpc=http://kentik.example:80" in repr(client)

    def test_no_event_loop_is_needed_to_make_one(self) -> None:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        make()


class TestSharedQuota:
    """Which clients share a limiter, tested by the remaining quota."""

    @staticmethod
    async def in_flight(spender: KentikClient, other: KentikClient) -> int:
        grant = await spender._limiter.acquire("non_query")
        try:
            return (await other.quota.snapshot()).in_flight
        finally:
            grant.close("not_sent")

    async def test_one_customer_has_one(self) -> None:
        assert await self.in_flight(make(), make()) == 1

    async def test_clients_with_different_quotas_share_a_limiter(self) -> None:
        # The stricter of the two applies: see docs/quota.md.
        assert await self.in_flight(make(), make(quota=Quota.NON_QUERY.scaled(2))) == 1

    async def test_colleagues_name_their_customer(self) -> None:
        mine, yours = (
            make(customer="acme"),
            KentikClient("bob@example.com", "other", customer="acme", limiter="process:"),
        )
        assert await self.in_flight(mine, yours) == 1

    @pytest.mark.parametrize(
        "options",
        [
            {"customer": "other"},
            {"region": "eu"},
            {"rest_endpoint": "https://other.example/api/v5"},
            {"limiter": LocalLimiter()},
        ],
    )
    async def test_others_have_their_own(self, options: dict[str, Any]) -> None:
        assert await self.in_flight(make(), make(**options)) == 0

    async def test_a_view_shares_it(self) -> None:
        client = make(limiter=LocalLimiter())
        assert await self.in_flight(client, client.with_options(timeout=1)) == 1


class TestViews:
    def test_a_view_is_of_the_same_class(self) -> None:
        class Mine(KentikClient):
            pass

        assert type(Mine(EMAIL, TOKEN).with_options(timeout=1)) is Mine

    @pytest.mark.parametrize(
        "options", [{"timeout": 0}, {"timeout": None}, {"max_wait": -1}, {"max_wait": "1"}]
    )
    def test_a_views_options_are_checked(self, options: dict[str, Any]) -> None:
        with pytest.raises(ConfigError, match="finite number of seconds"):
            make().with_options(**options)

    async def test_closing_a_view_closes_the_client(self) -> None:
        client = make()
        await client.with_options(timeout=1).aclose()
        await client.aclose()

    def test_nothing_keeps_a_client_alive(self) -> None:
        client = make()
        watched = weakref.ref(client)
        del client
        gc.collect()
        assert watched() is None


class TestStubs:
    @pytest.mark.parametrize("thing", [object, int, "KmiServiceStub", None, type("S", (), {"METHODS": 1})])
    def test_a_class_that_is_not_a_generated_stub(self, thing: Any) -> None:
        with pytest.raises(ConfigError, match=r"was not generated by `kentik-async codegen`"):
            make().stub(thing)

    async def test_the_wrong_message(self) -> None:
        call: Any = make().stub(kmi.KmiServiceStub).GetRankings
        with pytest.raises(ValidationError, match=r"must be a GetRankingsRequest; got a ListMarketsRequest"):
            await call(kmi.ListMarketsRequest())

    async def test_metadata_is_refused(self) -> None:
        stub = make().stub(kmi.KmiServiceStub)
        with pytest.raises(ValidationError, match="metadata must be None") as caught:
            await stub.ListMarkets(kmi.ListMarketsRequest(), metadata=(("x-ch-auth-email", "x"),))
        assert caught.value.operation == "KmiService.ListMarkets"

    async def test_a_calls_timeout_is_checked(self) -> None:
        stub = make().stub(kmi.KmiServiceStub)
        with pytest.raises(ConfigError, match=r"^timeout must be a finite number of seconds above 0; got 0$"):
            await stub.ListMarkets(kmi.ListMarketsRequest(), timeout=0)


class TestRest:
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "devices",
            "https://evil.example/x",
            "//evil.example/x",
            "/\\evil.example",
            "\\\\evil.example",
            "/../users",
            "/devices/..",
            "/%2e%2e/users",
            "/%2E%2e%2fusers",
            "/.%2e/users",
            "/a/%2e%2e%5cx",
            "/devices#x",
            "/devices x",
            "/devices\r\nx: 1",
            "/ünicode",
            None,
            7,
            b"/devices",
        ],
    )
    async def test_paths_to_another_server(self, path: str) -> None:
        with pytest.raises(ValidationError, match=r"^path must be a path on the REST endpoint"):
            await make().rest.request("GET", path)

    @pytest.mark.parametrize("method", ["", "FETCH", "GET ", "CONNECT", None, 7, []])
    async def test_invalid_methods(self, method: str) -> None:
        with pytest.raises(
            ValidationError, match=r"^method must be one of GET, HEAD, PUT, DELETE, POST, PATCH; got "
        ) as caught:
            await make().rest.request(method, "/devices")
        assert caught.value.operation == "rest.request"

    @pytest.mark.parametrize("quota_class", ["", "QUERY", "admin", None, []])
    async def test_invalid_quota_classes(self, quota_class: Any) -> None:
        with pytest.raises(ValidationError, match=r"^quota_class must be one of "):
            await make().rest.request("GET", "/devices", quota_class=quota_class)

    @pytest.mark.parametrize("document", [float("nan"), object(), {1, 2}, b"bytes", {"x": float("inf")}])
    async def test_documents_that_are_not_json(self, document: object) -> None:
        with pytest.raises(ValidationError, match="json must be a JSON document"):
            await make().rest.request("POST", "/devices", json=document)

    @pytest.mark.parametrize("params", [{"a": None}, {"a": [1]}, {1: "a"}, "a=1", ["a"]])
    async def test_invalid_parameters(self, params: Any) -> None:
        with pytest.raises(ValidationError, match=r"^params "):
            await make().rest.request("GET", "/devices", params=params)


def test_a_retry_policy_is_taken() -> None:
    make(retry=Retry(attempts=1, base=0, cap=0))


@pytest.mark.parametrize("argument", [{"ca_file": "/absent.pem"}, {"proxy": "socks5://h"}, {"retry": 3}])
def test_invalid_client_opens_no_limiter(argument: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        make(limiter=f"file://{tmp_path}/quota", **argument)
    assert list(tmp_path.iterdir()) == []
