"""The SDK's client against the emulator: two independent implementations of the vendor's pages."""

import asyncio

import pytest

from kentik_async import KentikClient, NotFoundError, PermissionDeniedError, UnavailableError
from kentik_async.emulator import Emulator, User


async def test_connection_points_any_client_at_it(emu: Emulator) -> None:
    async with KentikClient(**emu.connection) as kentik:
        assert tuple(await kentik.kmi.list_markets()) == emu.state.markets
        assert len(await kentik.sites.list()) == 3


async def test_every_operation_decodes_the_response(emu: Emulator) -> None:
    state = emu.state
    async with emu.client() as kentik:
        rankings = await kentik.kmi.get_rankings("cc$US", "peering_base", "v6", 700)
        assert tuple(rankings) == state.rankings("cc$US", "peering_base", "v6", 700)
        assert rankings.invalid_count == state.invalid_count("cc$US", "peering_base", "v6")
        asn = rankings[0].asn
        assert asn is not None
        details = await kentik.kmi.get_asn_details("cc$US", asn, mutual_provider="exclude")
        truth = state.asn_details("cc$US", asn, mutual_provider="exclude")
        assert (details.customers, details.providers, details.peers) == (
            truth.customers,
            truth.providers,
            truth.peers,
        )
        insights = await kentik.kmi.get_global_insights(market_id="cc$DE", types=["ranking_loss"], lookback=7)
        assert tuple(insights) == state.insights("cc$DE", types=["ranking_loss"], lookback=7)
        some = insights[0].asn
        assert some is not None
        assert tuple(await kentik.kmi.get_asn_insights(some)) == state.insights(asn=some)

        group = await kentik.as_groups.create("From the client", [asn, 64512])
        assert [(each.asn, each.name) for each in group.asn] == [(asn, rankings[0].name), (64512, "")]
        assert await kentik.as_groups.get(group.id) == group
        changed = await kentik.as_groups.update(group.id, "Changed", [1])
        assert changed in await kentik.as_groups.list()
        await kentik.as_groups.delete(group.id)
        with pytest.raises(NotFoundError):
            await kentik.as_groups.get(group.id)

        site = await kentik.sites.create("New site", 1.5, -2)
        assert await kentik.sites.get(site.id) == site
        assert (await kentik.sites.update(site.id, site_name="Newer site")).lat == 1.5
        await kentik.sites.delete(site.id)
        assert [(s.id, s.lat) for s in await kentik.sites.list()] == [
            (1, 50.1109),
            (2, 33.7700504),
            (3, None),
        ]
        plans = await kentik.plans.list()
        assert [plan.id for plan in plans] == [550, 551]
        assert [plan.device_types[0].device_subtype for plan in plans] == ["router", "router"]
    report = emu.report()
    assert (report.violations, report.errors) == (0, 1)


async def test_a_crowd_of_calls_is_never_refused() -> None:
    async with Emulator(speed=60) as emu, emu.client() as kentik:
        await asyncio.gather(
            *(kentik.kmi.get_rankings("cc$DE", limit=20) for _ in range(70)),
            *(kentik.sites.list() for _ in range(10)),
        )
        report = emu.report()
        assert (report.requests, report.refused, report.violations) == (80, 0, 0)
        assert report.delayed == sum(call.in_minute > 20 for call in emu.calls)
        # On a slow machine, twenty may never arrive within a minute, which is a second here.
        latency = (await kentik.quota.snapshot()).latency
        assert report.delayed > 0 or (latency is not None and latency > 0.01)


async def test_a_client_of_another_user() -> None:
    users = [User("a@example.com", "a"), User("b@example.com", "b", customer="acme", role="member")]
    async with Emulator(speed=600, users=users) as emu:
        async with emu.client(email="b@example.com") as kentik:
            await kentik.sites.list()
            with pytest.raises(PermissionDeniedError, match="GET"):
                await kentik.sites.delete(1)
            with pytest.raises(PermissionDeniedError, match=r"admin\.as_group:write"):
                await kentik.as_groups.delete("1001")
        assert set(emu.report().customers) == {"acme"}


async def test_a_create_whose_answer_is_lost_is_not_made_twice() -> None:
    async with Emulator(speed=600) as emu, emu.client() as kentik:
        emu.fail_next(status=503, when="after", operation="as_groups.create")
        with pytest.raises(UnavailableError):
            await kentik.as_groups.create("Once", [1])
        assert [group.name for group in await kentik.as_groups.list()].count("Once") == 1
        assert [call.operation for call in emu.calls].count("as_groups.create") == 1
