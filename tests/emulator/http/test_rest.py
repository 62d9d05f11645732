"""API v5, and API v6 as JSON, called with a bare HTTP client."""

from typing import Any

import pytest

from kentik_async._generated.kmi import v202212 as kmi
from kentik_async.emulator import Emulator, User
from tests.emulator.bare_wire import Wire, wired

V5 = "/api/v5"


async def test_numbers_have_the_types_that_the_vendors_sdk_expects(wire: Wire) -> None:
    status, answer = await wire.rest("GET", f"{V5}/sites")
    assert status == 200
    assert {type(site["lat"]) for site in answer["sites"]} == {float, type(None)}
    assert {type(site["company_id"]) for site in answer["sites"]} == {int}
    _, made = await wire.rest("POST", f"{V5}/site", json={"site_name": "Bare-1", "lat": 1, "lon": "2"})
    assert [type(made["site"][name]) for name in ("id", "lat", "lon", "company_id")] == [
        int,
        float,
        float,
        str,
    ]
    _, changed = await wire.rest("PUT", f"{V5}/site/{made['site']['id']}", json={"site": {"lat": 3}})
    assert [type(changed["site"][name]) for name in ("id", "lat", "company_id")] == [str, float, str]
    assert await wire.rest("GET", f"{V5}/site/1") == (200, {"site": answer["sites"][0]})


async def test_a_site_from_creation_to_deletion(wire: Wire) -> None:
    wanted = {"site_name": "New site_1", "lat": "-33.5", "lon": 18}
    status, made = await wire.rest("POST", f"{V5}/site", json={"site": wanted})
    assert status == 201
    path = f"{V5}/site/{made['site']['id']}"
    assert (made["site"]["lat"], made["site"]["lon"]) == (-33.5, 18.0)

    status, changed = await wire.rest("PUT", path, json={"site": {"site_name": "Renamed"}})
    assert (status, changed["site"]["site_name"]) == (200, "Renamed")
    _, found = await wire.rest("GET", path)
    assert {name: str(value) for name, value in found["site"].items()} == {
        name: str(value) for name, value in changed["site"].items()
    }

    assert await wire.rest("DELETE", path) == (204, None)
    status, answer = await wire.rest("GET", path)
    assert status == 404
    assert "not found" in answer["error"]


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "words"),
    [
        ("POST", "/site", {"site": {"site_name": "ok name", "lat": 1}}, 400, "lon is required"),
        ("POST", "/site", {"site": {"site_name": "ab", "lat": 1, "lon": 1}}, 400, "3 to 40"),
        ("POST", "/site", {"site": {"site_name": "näh", "lat": 1, "lon": 1}}, 400, "letters, digits"),
        ("PUT", "/site/1", {"site": {"lat": 90.5}}, 400, "-90 to 90"),
        ("PUT", "/site/1", {"site": {"lon": "east"}}, 400, "-180 to 180"),
        ("PUT", "/site/1", {"site": {"lon": True}}, 400, "-180 to 180"),
        ("PUT", "/site/1", {"site": {"lon": "1_0"}}, 400, "-180 to 180"),
        ("PUT", "/site/1", {"site": {"lon": " 1 "}}, 400, "-180 to 180"),
        ("PUT", "/site/1", {"site": {"lon": 10**400}}, 400, "-180 to 180"),
        ("PUT", "/site/1", {"site": {"id": 7}}, 400, "unknown field 'id'"),
        ("PUT", "/site/1", ["bare"], 400, "the body must be"),
        ("PUT", "/site/77", {"site": {}}, 404, "not found"),
        ("GET", "/site/abc", None, 400, "a number"),
        ("GET", f"/site/{'9' * 5000}", None, 400, "up to 20 digits"),
        ("GET", "/nothing", None, 404, "/api/v5/nothing"),
        ("POST", "/query/topXdata", [1], 400, "JSON object"),
    ],
)
async def test_bad_requests(wire: Wire, verb: str, path: str, body: Any, status: int, words: str) -> None:
    found, answer = await wire.rest(verb, V5 + path, json=body)
    assert found == status
    assert words in answer["error"]


async def test_a_body_that_is_no_json(wire: Wire) -> None:
    status, answer = await wire.rest("POST", f"{V5}/site", data=b"{site")
    assert (status, answer) == (400, {"error": "the body is not valid JSON"})


async def test_plans_come_in_todays_and_in_the_older_form(wire: Wire) -> None:
    _, answer = await wire.rest("GET", f"{V5}/plans")
    default, former = answer["plans"]
    assert (default["name"], default["edate"]) == ("Default", None)
    assert "device_subtype" in default["deviceTypes"][0]
    assert "device_type" in former["deviceTypes"][0]
    assert isinstance(default["devices"][0]["id"], str)


async def test_queries_count_apart(emu: Emulator, wire: Wire) -> None:
    status, answer = await wire.rest("POST", f"{V5}/query/topXdata", json={"queries": []})
    assert status == 200
    assert answer["results"]
    await wire.rest("GET", f"{V5}/plans")
    assert [(c.operation, c.quota_class, c.in_minute) for c in emu.calls] == [
        ("query.topXdata", "query", 1),
        ("plans.list", "non_query", 1),
    ]


async def test_members_may_only_get() -> None:
    member = User("member@example.com", "t", role="member")
    async with Emulator(speed=600, users=[member]) as emu, wired(emu, member) as wire:
        assert (await wire.rest("GET", f"{V5}/sites"))[0] == 200
        for verb, path in (("POST", "/site"), ("PUT", "/site/1"), ("DELETE", "/site/1")):
            status, answer = await wire.rest(verb, V5 + path, json={"site": {}})
            assert status == 403
            assert "GET" in answer["error"]
        assert (await wire.rest("GET", f"{V5}/site/1"))[0] == 200
        status, answer = await wire.rest("DELETE", "/as_group/v202212/as_group/1001")
        assert (status, answer["code"]) == (403, 7)
        assert "admin.as_group:write" in answer["message"]


async def test_wrong_credentials(emu: Emulator) -> None:
    async with wired(emu, User("demo@example.com", "wrong")) as wire:
        status, answer = await wire.rest("GET", f"{V5}/sites")
        assert status == 401
        assert list(answer) == ["error"]
        status, answer = await wire.rest("GET", "/kmi/v202212/markets")
        assert (status, answer["code"], answer["details"]) == (401, 16, [])


async def test_colleagues_share_and_companies_do_not() -> None:
    users = [
        User("a@example.com", "a", customer="acme"),
        User("b@example.com", "b", customer="acme"),
        User("c@example.com", "c"),
    ]
    async with Emulator(speed=1, users=users) as emu:
        async with wired(emu, users[0]) as wire:
            await wire.rest("DELETE", f"{V5}/site/1")
        found = []
        for user in users[1:]:
            async with wired(emu, user) as wire:
                found.append((await wire.rest("GET", f"{V5}/site/1"))[0])
        assert found == [404, 200]
        assert [call.in_minute for call in emu.calls] == [1, 2, 1]
        report = emu.report()
        assert {name: part.requests for name, part in report.customers.items()} == {
            "acme": 2,
            "c@example.com": 1,
        }


async def test_the_mirror_answers_what_grpc_answers(emu: Emulator, wire: Wire) -> None:
    status, answer = await wire.rest("GET", "/kmi/v202212/markets")
    assert status == 200
    assert answer["markets"][0] == {"marketId": "planet$earth", "name": "Planet Earth"}

    request = kmi.GetRankingsRequest(market_id="cc$DE", rank_type="peering_base", ip="v6", limit=30)
    over_grpc = (await wire.call(wire.kmi.GetRankings, request)).rankings
    path = "/kmi/v202212/market/cc$DE/rankings/peering_base"
    for form in (f"{path}/ip/v6", f"{path.replace('$', '%24')}/ip/v6"):
        status, answer = await wire.rest("POST", form, json={"limit": 30, "unknown": 1})
        assert status == 200
        assert [(r["asn"], r["rankChange"]) for r in answer["rankings"]] == [
            (r.asn, r.rank_change) for r in over_grpc
        ]
    # As on the vendor's page: the family in the body, with either spelling of the name.
    status, short = await wire.rest("POST", path, json={"ip": "v6", "limit": 30})
    assert short == answer
    assert answer["invalidCount"] == emu.state.invalid_count("cc$DE", "peering_base", "v6")


@pytest.mark.parametrize(
    ("word", "listed"), [("customers", "customers"), ("peer", "peers"), ("all", "peers")]
)
async def test_the_mirror_takes_the_pages_words_too(
    emu: Emulator, wire: Wire, word: str, listed: str
) -> None:
    asn = emu.state.rankings("cc$DE", limit=1)[0].asn
    status, answer = await wire.rest("POST", f"/kmi/v202212/market/cc$DE/network/{asn}/{word}", json={})
    assert status == 200
    assert answer["asnDetails"]["asn"] == asn
    assert answer["asnDetails"][listed]


async def test_the_mirror_reads_repeated_query_parameters(emu: Emulator, wire: Wire) -> None:
    query = "types=ranking_gain&types=ranking_loss&lookback=7&marketId=cc$DE&limit=9&nonsense=1&a.b=2"
    status, answer = await wire.rest("GET", f"/kmi/v202212/insights?{query}")
    truth = emu.state.insights("cc$DE", types=["ranking_gain", "ranking_loss"], lookback=7, limit=9)
    assert status == 200
    assert [i["message"] for i in answer["insights"]] == [i.message for i in truth]
    asn = truth[0].asn
    status, answer = await wire.rest("GET", f"/kmi/v202212/insights/{asn}?market_id=cc$DE&lookback=7")
    assert {i["asn"] for i in answer["insights"]} == {asn}


async def test_as_groups_by_the_mirror(wire: Wire) -> None:
    base = "/as_group/v202212/as_group"
    status, made = await wire.rest("POST", base, json={"asGroup": {"name": "Mirror", "asn": ["1", "2"]}})
    assert status == 200
    group = made["asGroup"]
    assert [a["asn"] for a in group["asn"]] == [1, 2]
    assert group["createdDate"].endswith("Z")
    # The id in the path counts, not the id in the body.
    body = {"asGroup": {"id": "1001", "name": "Mirror 2"}}
    status, changed = await wire.rest("PUT", f"{base}/{group['id']}", json=body)
    assert (changed["asGroup"]["id"], changed["asGroup"]["asn"]) == (group["id"], [])
    assert await wire.rest("GET", f"{base}/{group['id']}") == (200, changed)
    status, listed = await wire.rest("GET", base)
    assert changed["asGroup"] in listed["asGroups"]
    assert listed["invalidCount"] == 0
    assert await wire.rest("DELETE", f"{base}/{group['id']}") == (200, {})
    status, answer = await wire.rest("GET", f"{base}/{group['id']}")
    assert (status, answer["code"]) == (404, 5)


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "code"),
    [
        ("POST", "/kmi/v202212/market/cc$XX/rankings/customer_base/ip/v4", b"{}", 404, 5),
        ("POST", "/kmi/v202212/market/cc$DE/rankings/nonsense/ip/v4", b"{}", 400, 3),
        ("POST", "/kmi/v202212/market/cc$DE/rankings/customer_base/ip/v4", b'{"limit": "many"}', 400, 3),
        ("POST", "/kmi/v202212/market/cc$DE/rankings/customer_base/ip/v4", b"{", 400, 3),
        ("POST", "/kmi/v202212/market/cc$DE/rankings/customer_base/ip/v4", b"\xff", 400, 3),
        ("GET", "/kmi/v202212/insights?lookback=soon", b"", 400, 3),
        ("GET", f"/kmi/v202212/insights/{'9' * 5000}", b"", 400, 3),
        ("GET", f"/site/v202509/sites/{'9' * 5000}", b"", 404, 5),
        ("POST", "/as_group/v202212/as_group", b'{"asGroup": {"name": "Documentation"}}', 409, 6),
    ],
)
async def test_the_mirrors_errors(
    wire: Wire, verb: str, path: str, body: bytes, status: int, code: int
) -> None:
    found, answer = await wire.rest(verb, path, data=body)
    assert (found, answer["code"]) == (status, code)
    assert answer["message"]
    assert answer["details"] == []


@pytest.mark.parametrize("path", ["/kmi/v202212/nothing", "/device/v202308beta1/devices", "/kmi/v202212"])
async def test_an_unknown_path_of_v6_is_answered_in_its_form(wire: Wire, path: str) -> None:
    status, answer = await wire.rest("GET", path)
    assert (status, answer) == (404, {"code": 5, "message": f"GET {path} not found", "details": []})
