"""Read, compare, write: changes of objects that the API only replaces, against a scripted server."""

import asyncio
from typing import Any

import pytest

from kentik_async import ConflictError, KentikClient, NotFoundError, SiteMarket, SiteV6, UnavailableError
from tests.support.protowire import fields_of, message, texts
from tests.wire.servers.independent import Abort, ForeignGrpc

SITE = "/kentik.site.v202509.SiteService/"
UNKNOWN = (99, "a field of tomorrow")
LOST = Abort("UNAVAILABLE", "the connection was lost")

OLD = message((1, "17"), (2, "fra1"), (7, 1), (6, message((1, "Street 1"), (2, "Bern"), (5, "CH"))), UNKNOWN)
NEW = message((1, "17"), (2, "fra2"), (7, 1), (6, message((1, "Street 1"), (2, "Bern"), (5, "CH"))), UNKNOWN)
OTHER = message((1, "17"), (2, "fra1"), (7, 2), UNKNOWN)


def answers(server: ForeignGrpc, *sites: bytes | Abort) -> None:
    server.answers.extend(site if isinstance(site, Abort) else message((1, site)) for site in sites)


def asked(server: ForeignGrpc) -> list[str]:
    return [received.path.removeprefix(SITE) for received in server.received]


def written(server: ForeignGrpc) -> dict[int, Any]:
    """The fields of the site in the last request."""
    ((number, site),) = fields_of(server.received[-1].body)
    assert number == 1
    assert isinstance(site, bytes)
    return texts(site)


async def read(kentik: KentikClient, server: ForeignGrpc) -> SiteV6:
    """The site as read by a caller some time ago."""
    answers(server, OLD)
    site = await kentik.sites_v6.get("17")
    server.received.clear()
    return site


async def test_an_update_keeps_what_is_not_named(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    answers(grpc_server, OLD, NEW)
    site = await kentik.sites_v6.update(17, title="fra2")
    assert site.title == "fra2"
    assert asked(grpc_server) == ["GetSite", "UpdateSite"]
    assert texts(grpc_server.received[0].body) == {1: "17"}
    assert written(grpc_server) == texts(NEW), "unknown fields included"


async def test_an_object_with_the_change_is_not_written(
    kentik: KentikClient, grpc_server: ForeignGrpc
) -> None:
    answers(grpc_server, NEW)
    assert (await kentik.sites_v6.update("17", title="fra2")).title == "fra2"
    assert asked(grpc_server) == ["GetSite"]


async def test_an_unexpected_object_is_not_written(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    seen = await read(kentik, grpc_server)
    answers(grpc_server, OTHER)
    with pytest.raises(ConflictError, match=r"site 17 .*: postal_address, type changed") as caught:
        await kentik.sites_v6.update("17", title="fra2", expected=seen)
    assert caught.value.operation == "sites_v6.update"
    assert asked(grpc_server) == ["GetSite"]


async def test_an_expected_object_is_written(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    seen = await read(kentik, grpc_server)
    answers(grpc_server, OLD, NEW)
    await kentik.sites_v6.update("17", title="fra2", expected=seen)
    assert asked(grpc_server) == ["GetSite", "UpdateSite"]


async def test_a_write_whose_answer_is_lost_is_read_back(
    kentik: KentikClient, grpc_server: ForeignGrpc
) -> None:
    seen = await read(kentik, grpc_server)
    answers(grpc_server, OLD, LOST, NEW)
    assert (await kentik.sites_v6.update("17", title="fra2", expected=seen)).title == "fra2"
    assert asked(grpc_server) == ["GetSite", "UpdateSite", "GetSite"]


async def test_a_write_that_failed_is_sent_again(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    seen = await read(kentik, grpc_server)
    answers(grpc_server, OLD, LOST, OLD, NEW)
    await kentik.sites_v6.update("17", title="fra2", expected=seen)
    assert asked(grpc_server) == ["GetSite", "UpdateSite"] * 2


async def test_an_edit_after_a_failed_write_is_kept(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    seen = await read(kentik, grpc_server)
    answers(grpc_server, OLD, LOST, OTHER)
    with pytest.raises(ConflictError):
        await kentik.sites_v6.update("17", title="fra2", expected=seen)
    assert asked(grpc_server) == ["GetSite", "UpdateSite", "GetSite"]


async def test_a_write_that_always_fails_ends(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    answers(grpc_server, *[OLD, LOST] * 4)
    with pytest.raises(UnavailableError) as caught:
        await kentik.sites_v6.update("17", title="fra2")
    assert caught.value.operation == "sites_v6.update"
    assert asked(grpc_server) == ["GetSite", "UpdateSite"] * 4


async def test_a_write_overtakes_waiting_calls(one_at_a_time: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = message((1, OLD))
    await asyncio.gather(
        one_at_a_time.sites_v6.update("17", title="fra2"),
        *(one_at_a_time.sites_v6.get("18") for _ in range(6)),
    )
    # The next call was granted when the read was answered.
    assert asked(grpc_server).index("UpdateSite") <= 2


async def test_site_markets_are_edited_alike(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    old = message((1, "7"), (2, "Europe"), (3, "PoPs"), (4, 3), UNKNOWN)
    answers(grpc_server, old, old)
    await kentik.site_markets.update(7, description="")
    assert asked(grpc_server) == ["GetSiteMarket", "UpdateSiteMarket"]
    assert written(grpc_server) == {1: "7", 2: "Europe", 99: "a field of tomorrow"}
    answers(grpc_server, old)
    with pytest.raises(ConflictError, match=r"site market 7 .*: name changed"):
        await kentik.site_markets.update(
            7, description="", expected=SiteMarket(id="7", name="x", description="PoPs")
        )


async def test_a_site_is_found_by_its_title(kentik: KentikClient, grpc_server: ForeignGrpc) -> None:
    grpc_server.usual = message((1, OLD), (1, OTHER), (1, NEW))
    assert (await kentik.sites_v6.get_by_title("fra2")).id == "17"
    with pytest.raises(ConflictError, match="2 sites have the title 'fra1': 17, 17; use get"):
        await kentik.sites_v6.get_by_title("fra1")
    with pytest.raises(NotFoundError, match="no site has the title 'FRA2'") as caught:
        await kentik.sites_v6.get_by_title("FRA2")
    assert caught.value.operation == "sites_v6.get_by_title"
