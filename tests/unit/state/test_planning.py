"""Plans: matching of objects, changes, their order, and rejected documents."""

from typing import Any

import pytest

from kentik_async.errors import DocumentError, ValidationError
from kentik_async.models import (
    ASGroup,
    AutonomousSystem,
    PeeringDBSiteMapping,
    PostalAddress,
    Site,
    SiteIpAddressClassification,
    SiteMarket,
    SiteV6,
)
from kentik_async.state import Document, StatePlan
from kentik_async.state.account import AccountState, observe
from kentik_async.state.guards import check_checksum, check_deletions
from kentik_async.state.planning import make_plan

EUROPE = SiteMarket(id="1", name="Europe", number_of_sites=1)
ASIA = SiteMarket(id="2", name="Asia")
FRANKFURT = SiteV6(
    id="1",
    title="fra1",
    type="data_center",
    lat=50.11,
    lon=8.68,
    postal_address=PostalAddress(address="Kleyerstr. 90", city="Frankfurt", country="Germany"),
    address_classification=SiteIpAddressClassification(other_networks=("192.0.2.0/24",)),
    site_market=EUROPE,
    peeringdb_site_mapping=(PeeringDBSiteMapping(id="7", peeringdb_fac_id="58"),),
)
LAX = SiteV6(id="2", title="lax1", type="cloud")


def group(id: int, name: str, *asns: int) -> ASGroup:
    return ASGroup(str(id), name, tuple(map(AutonomousSystem, asns)))


GROUPS = (group(1, "transit", 3, 1), group(2, "peers", 5))


def account(
    groups: Any = GROUPS, sites: Any = (FRANKFURT, LAX), markets: Any = (EUROPE, ASIA), **options: Any
) -> AccountState:
    lists = {"as_groups": groups, "sites": sites, "site_markets": markets}
    return AccountState({k: tuple(observe(k, one) for one in found) for k, found in lists.items()}, **options)


def plan(text: str, found: AccountState | None = None, **options: bool) -> StatePlan:
    document = Document.parse(f"version: 1\n{text}", name="f.yaml")
    return make_plan(document, found or account(), **options)


def lines(made: StatePlan) -> list[str]:
    return [
        f"{one.action} {one.kind}.{one.name} "
        + str({name: tuple(field.to_dict().values()) for name, field in one.fields.items()})
        for one in made.changes
    ]


def refusal(text: str, found: AccountState | None = None, **options: bool) -> str:
    with pytest.raises(DocumentError) as caught:
        plan(text, found, **options)
    return str(caught.value)


def test_members_are_compared_without_their_order() -> None:
    assert plan("as_groups: {transit: {asn: [1, 3]}}").empty
    assert lines(plan("as_groups: {transit: {asn: [1, 7, 9]}}")) == [
        "update as_groups.transit {'asn': ([7, 9], [3])}"
    ]


def test_what_is_left_out_is_not_managed() -> None:
    assert plan("sites: {fra1: {}}\nas_groups: {transit: {}}").empty
    assert lines(plan("sites: {fra1: {lat: 1, postal_address: {city: Bonn}}}")) == [
        "update sites.fra1 {'lat': (50.11, 1.0), 'postal_address.city': ('Frankfurt', 'Bonn')}"
    ]


def test_null_and_empty_lists_remove() -> None:
    text = (
        "sites: {fra1: {postal_address: null, address_classification: {other_networks: []},"
        " site_market: null, peeringdb_site_mapping: [60]}}"
    )
    (line,) = lines(plan(text))
    assert line == (
        "update sites.fra1 {'postal_address': ({'address': 'Kleyerstr. 90', 'city': 'Frankfurt',"
        " 'country': 'Germany'}, None), 'address_classification.other_networks': ([], ['192.0.2.0/24']),"
        " 'site_market': ('Europe', None), 'peeringdb_site_mapping': (['60'], ['58'])}"
    )
    assert plan("sites: {lax1: {postal_address: null, site_market: null, architecture: []}}").empty


def test_an_id_recognises_a_rename() -> None:
    assert lines(plan("as_groups: {uplinks: {id: 1}}")) == [
        "update as_groups.uplinks {'name': ('transit', 'uplinks')}"
    ]
    assert lines(plan("sites: {x: {id: 1, title: FRA 1}}")) == [
        "update sites.FRA 1 {'title': ('fra1', 'FRA 1')}"
    ]


def test_new_objects_come_before_what_needs_them() -> None:
    text = """
as_groups: {new: {asn: [1]}}
sites: {s: {type: cloud, site_market: m}, fra1: {site_market: m}}
site_markets: {m: {}}
"""
    made = plan(text, prune=True)
    assert [line.split(" {")[0] for line in lines(made)] == [
        "create site_markets.m",
        "create sites.s",
        "create as_groups.new",
        "update sites.fra1",
        "delete as_groups.peers",
        "delete as_groups.transit",
        "delete sites.lax1",
        "delete site_markets.Asia",
        "delete site_markets.Europe",
    ]
    assert [sorted(needs) for needs in made.needs] == [[], [0], [], [0], [], [], [], [], [3]]
    assert made.calls == 3 + 2 * 6


def test_names_are_freed_before_they_are_taken() -> None:
    made = plan("as_groups: {peers: {id: 1}, old: {id: 2}, transit: {asn: [1]}}")
    assert [line.split(" {")[0] for line in lines(made)] == [
        "create as_groups.transit",
        "update as_groups.old",
        "update as_groups.peers",
    ]
    assert [sorted(needs) for needs in made.needs] == [[2], [], [1]]


def test_groups_cannot_exchange_their_names() -> None:
    text = "as_groups: {peers: {id: 1}, transit: {id: 2}}"
    assert refusal(text).count("rename one of them to a third name first") == 2
    sites = "sites: {lax1: {id: 1}, fra1: {id: 2}}"
    assert len(plan(sites).changes) == 2, "two sites of API v6 may have one title"


def test_a_name_that_stays_in_use_is_refused() -> None:
    assert refusal("as_groups: {peers: {id: 1}}") == (
        "f.yaml:2:13: as_groups.peers: the AS group 2 already has the name 'peers'"
    )
    assert len(plan("as_groups: {peers: {id: 1}}", prune=True).changes) == 2


def test_deletions_keep_what_is_protected_or_in_use() -> None:
    text = "site_markets: {}\nas_groups: {}\nprotect: {as_groups: ['tr*'], site_markets: [Asia]}"
    made = plan(text, prune=True)
    assert lines(made) == ["delete as_groups.peers {'asn': ([], [5])}"]
    assert [(one.name, one.reason) for one in made.unmanaged] == [
        ("transit", "protected"),
        ("Asia", "protected"),
        ("Europe", "still has sites"),
    ]
    assert {one.reason for one in plan(text).unmanaged} == {None}
    unnamed = account(sites=[Site(id=3)], groups=[], markets=[], api="v5")
    assert plan("api: v5\nsites: {}", unnamed, prune=True).unmanaged[0].reason == "has no valid name"


def test_what_a_new_object_needs() -> None:
    text = "as_groups: {new: {}}\nsites: {s: {lat: 1, postal_address: {city: Bonn}}, lax1: &a {}}"
    assert refusal(text).splitlines() == [
        "f.yaml:2:13: as_groups.new does not exist yet, and needs asn",
        "f.yaml:3:9: sites.s does not exist yet, and needs type",
        "f.yaml:3:44: sites.s: a new postal_address needs address, country",
    ]
    assert "a new postal_address needs city" in refusal(
        "sites: {lax1: {postal_address: {address: x, country: y}}}"
    )


def test_an_object_that_is_not_clear_is_refused() -> None:
    two = account(sites=[FRANKFURT, SiteV6(id="9", title="fra1", type="cloud")])
    assert refusal("sites: {fra1: {lat: 1}}", two) == (
        "f.yaml:2:9: sites.fra1: the account has 2 sites of this name: 1, 9; add id: to choose one"
    )
    assert lines(plan("sites: {fra1: {id: 9, lat: 1}}", two)) == ["update sites.fra1 {'lat': (0.0, 1.0)}"]
    assert "no site has the id '8'; remove the id" in refusal("sites: {fra1: {id: 8}}")
    assert plan("sites: {fra1: {id: 8}}", restore=True).empty


def test_names_of_api_v5_are_checked_when_they_are_new() -> None:
    found = account(sites=[Site(id=1, site_name="a/b", lat=1.0)], groups=[], markets=[], api="v5")
    assert lines(plan("api: v5\nsites: {a/b: {lat: 0}}", found)) == ["update sites.a/b {'lat': (1.0, 0.0)}"]
    assert lines(plan("api: v5\nsites: {a/b: {lon: 0}}", found)) == ["update sites.a/b {'lon': (None, 0.0)}"]
    assert "title must be 3 to 40" in refusal("api: v5\nsites: {c/d: {lat: 0, lon: 0}}", found)
    assert "needs lat, lon" in refusal("api: v5\nsites: {abc: {}}", found)


def many(deleted: int, count: int) -> StatePlan:
    groups = [group(number, f"g{number}", number) for number in range(1, count + 1)]
    kept = ", ".join(f"g{number}: {{}}" for number in range(1, count - deleted + 1))
    return plan(f"as_groups: {{{kept}}}", account(groups=groups), prune=True)


@pytest.mark.parametrize(("deleted", "count", "allowed"), [(9, 9, True), (3, 10, True), (4, 10, False)])
def test_many_deletions_need_force(deleted: int, count: int, *, allowed: bool) -> None:
    made = many(deleted, count)
    check_deletions(made, force=True)
    if allowed:
        check_deletions(made, force=False)
        return
    with pytest.raises(ValidationError, match="deletes 4 of 10 AS groups, more than 30 %"):
        check_deletions(made, force=False)


def test_a_checksum_names_one_plan() -> None:
    one, other = many(1, 3), many(2, 3)
    assert one.checksum == many(1, 3).checksum != other.checksum
    check_checksum(one, None, ())
    check_checksum(one, one.checksum, ())
    with pytest.raises(ValidationError, match=f"checksum {other.checksum}, not the reviewed {one.checksum}"):
        check_checksum(other, one.checksum, ())
    begun = {change.digest for change in other.changes}
    check_checksum(one, other.checksum, begun)  # the remaining part
    with pytest.raises(ValidationError):
        check_checksum(many(3, 3), other.checksum, begun)


def test_a_plan_is_printed_in_full() -> None:
    made = plan("as_groups: {transit: {asn: [1, 7]}}")
    assert made.to_dict() == {
        "changes": [
            {
                "kind": "as_groups",
                "name": "transit",
                "id": "1",
                "action": "update",
                "fields": {"asn": {"added": [7], "removed": [3]}},
            }
        ],
        "unmanaged": [{"kind": "as_groups", "name": "peers", "id": "2", "reason": None}],
        "calls": 2,
        "seconds": 0.0,
        "checksum": made.checksum,
    }
