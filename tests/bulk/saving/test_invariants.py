"""After any pulls, refreshes, failures and interruptions, each page holds one answer of the server."""

import asyncio
import datetime as dt
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kentik_async.bulk.arguments import details_spec, rankings_spec
from kentik_async.bulk.sinks import SINKS
from kentik_async.bulk.sinks.schema import OWNER, TABLES
from kentik_async.bulk.spec import PullSpec
from kentik_async.bulk.target.layout import Layout
from kentik_async.emulator.world.state import EmulatorState
from tests.bulk.answers import Answers, server_error

DATE = dt.date(2026, 11, 20)
MARKETS = ["cc$US", "cc$DE"]
RANK_TYPES = ["customer_base", "peering_base"]
TYPES = ["all", "customers", "providers", "peers"]

NATURAL_KEYS = {
    "rankings": ("market_id", "rank_type", "ip", "asn"),
    "relations": ("market_id", "ip", "asn", "relation", "related_asn"),
    "asns": ("market_id", "ip", "asn"),
    "markets": ("market_id",),
    "pages": ("key",),
    "runs": ("run_id",),
}


@cache
def networks() -> list[int]:
    """Return the AS numbers whose details are pulled; not at import, because it takes a second."""
    rows = EmulatorState().rankings("cc$US", "customer_base", "v4")
    return [row.asn for row in rows[:3] if row.asn is not None]


@dataclass(frozen=True)
class Step:
    """One step on a target: a pull, perhaps with a fault, on some day of the server."""

    spec: PullSpec
    refresh: bool
    cancel_after: int | None
    fails: frozenset[int]
    next_day: bool


rankings = st.builds(
    lambda markets, rank_types, limit: rankings_spec(markets, rank_types, "v4", limit),
    st.lists(st.sampled_from(MARKETS), min_size=1, unique=True),
    st.lists(st.sampled_from(RANK_TYPES), min_size=1, unique=True),
    st.sampled_from([None, 3, 50, 700]),
)


def details(asns: list[int], type: str, top: int | None) -> PullSpec:
    where: dict[str, Any] = {"ips": "v4", "markets": ["cc$US"], "rank_types": "customer_base", "limit": None}
    targets = None if top else [("cc$US", asn) for asn in asns]
    filters = dict.fromkeys(("mutual_provider", "mutual_customer", "singlehomed_customer"), "all")
    return details_spec(targets, top=top, **where, details={"type": type, **filters})


steps = st.builds(
    Step,
    st.one_of(
        rankings,
        st.builds(
            details,
            st.deferred(lambda: st.lists(st.sampled_from(networks()), min_size=1, unique=True)),
            st.sampled_from(TYPES),
            st.sampled_from([None, 2]),
        ),
    ),
    refresh=st.booleans(),
    cancel_after=st.one_of(st.none(), st.integers(1, 6)),
    fails=st.frozensets(st.integers(0, 8), max_size=3),
    next_day=st.booleans(),
)


class Recorder(Answers):
    """Records all rows that the server sent for each page, because any answer may be the saved one."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[tuple[Any, ...], list[Any]] = defaultdict(list)

    def see(self, spec: PullSpec) -> None:
        """Record the server's current answers to all possible requests of a pull."""
        rankings, related = known(self.state.day)
        for place, rows in rankings.items():
            self.rows["rankings", *place].append(rows[: spec.limit or 600])
        for network, rows in related.items():
            self.rows[network].append(rows)


Known = dict[tuple[Any, ...], list[tuple[Any, ...]]]


@lru_cache(maxsize=8)  # an example has at most seven days, and starts on the first
def known(day: dt.date) -> tuple[Known, Known]:
    """Return the rankings and the neighbours of every server on a day, each sorted."""
    state = EmulatorState(day=day)
    rankings: Known = {}
    related: Known = {}
    for market in MARKETS:
        for rank_type in RANK_TYPES:
            rows = state.rankings(market, rank_type, "v4", 700)
            rankings[market, rank_type] = [(r.rank, r.asn, r.name, r.score) for r in rows]
    for asn in networks():
        found = state.asn_details("cc$US", asn, ip="v4")
        for relation in ("customers", "providers", "peers"):
            related[relation[:-1], asn] = sorted((r.asn, r.name) for r in getattr(found, relation))
    return rankings, related


async def take(server: Recorder, step: Step, target: Path, store: Any) -> None:
    if step.next_day:
        server.state.advance_day()
    server.see(step.spec)
    sent = server.sent
    server.fails = lambda text: server_error(text) if server.sent - sent - 1 in step.fails else None
    pull = server.pull(step.spec)
    task = asyncio.ensure_future(pull.save(target, store, date=DATE, refresh=step.refresh))

    def answered() -> None:
        if step.cancel_after is not None and server.sent - sent >= step.cancel_after:
            task.cancel()

    server.on_answer = answered
    with suppress(asyncio.CancelledError):
        await task


def read(target: Path, store: str) -> dict[str, list[dict[str, Any]]]:
    sink = SINKS[store](Layout(target))
    found = {}
    for table in TABLES:
        columns = sink.read(table, DATE.isoformat())
        found[table] = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return found


def check(server: Recorder, target: Path, store: str) -> None:
    tables = read(target, store)
    for table, key in NATURAL_KEYS.items():
        keys = [tuple(row[name] for name in key) for row in tables[table]]
        assert len(keys) == len(set(keys)), f"{table} holds rows with one natural key"
    pages = {row["key"]: row for row in tables["pages"]}
    assert len({(*(row[name] for name in OWNER["pages"]),) for row in tables["pages"]}) == len(pages)
    rankings = defaultdict(list)
    for row in tables["rankings"]:
        rankings[row["market_id"], row["rank_type"]].append(
            (row["rank"], row["asn"], row["name"], row["score"])
        )
    for place, rows in rankings.items():
        assert sorted(rows) in server.rows["rankings", *place], (
            f"no answer of the server had the rows of {place}"
        )
    related = defaultdict(list)
    for row in tables["relations"]:
        related[row["relation"], row["asn"]].append((row["related_asn"], row["related_name"]))
    for network in tables["asns"]:
        for relation in ("customer", "provider", "peer"):
            neighbours = sorted(related.pop((relation, network["asn"]), []))
            count = network[f"{relation}s"]
            assert count in (None, len(neighbours)), f"the number of {relation}s of {network['asn']}"
            if count is None:
                assert not neighbours
            else:
                assert neighbours in server.rows[relation, network["asn"]]
    assert not related, "neighbours of networks that are not in asns"


@pytest.mark.parametrize("store", ["parquet", "sqlite", "ndjson"])
@given(sequence=st.lists(steps, min_size=1, max_size=6), last=steps)
@settings(max_examples=12)
def test_each_page_holds_the_rows_of_one_answer(store: Any, sequence: list[Step], last: Step) -> None:
    async def run() -> None:
        with TemporaryDirectory() as folder:
            target, server = Path(folder, "data"), Recorder()
            for step in sequence:
                await take(server, step, target, store)
                check(server, target, store)
            # Without faults a pull ends complete, and the same pull then costs nothing.
            server.fails, server.on_answer = lambda _: None, lambda: None
            server.see(last.spec)
            report = await server.pull(last.spec).save(target, store, date=DATE)
            check(server, target, store)
            assert (report.failed, report.failures) == (0, ())
            again = await server.pull(last.spec).save(target, store, date=DATE)
            assert (again.calls, again.already_complete) == (0, True)
            assert (again.pages, again.rows) == (report.pages, report.rows)

    asyncio.run(run())
