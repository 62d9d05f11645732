"""Rows of the tables `pages`, `runs` and `asns` rebuilt from the rows of the other tables. Pure.

Information that is in no other table is not invented: attempts count as one, failures are lost, and a
ranking counts as cut off at its limit unless a run shows that it was requested with a higher one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from kentik_async._version import __version__
from kentik_async.bulk.coverage import PageRecord, SavedPages
from kentik_async.bulk.frontier import Frontier, SavedDate
from kentik_async.bulk.page_key import MARKETS, RELATIONS, PageIdentity, PageKey, relations_of
from kentik_async.bulk.sinks.schema import Columns, Owner, owners_of
from kentik_async.bulk.spec import DetailsOptions, PullSpec
from kentik_async.errors import DecodeError

__all__ = ["networks_without", "rebuild_network", "rebuild_pages", "rebuild_runs"]

_UNLIMITED = 2**63


class _Requested:
    """The requests of the runs of a date: the keys by identity, each with its run."""

    def __init__(self, runs: Iterable[Mapping[str, Any]], date: SavedDate) -> None:
        self.first_run = ""
        self.details = DetailsOptions().key("", 0, "")
        self._keys: dict[PageIdentity, list[tuple[PageKey, str]]] = defaultdict(list)
        for row in runs:
            self.first_run = self.first_run or row["run_id"]
            try:
                spec = PullSpec.parse(row["spec"])
            except DecodeError:
                continue
            for key in Frontier(spec, _AllSaved(date)).states:
                self._keys[key.identity].append((key, row["run_id"]))
                if key.kind == "asn_details":
                    self.details = key

    def find(self, key: PageKey, rows: int) -> tuple[PageKey, str]:
        """Return the request whose answer had the given rows, and its run."""
        found = self._keys.get(key.identity, [])
        fitting = [pair for pair in found if (pair[0].limit or _UNLIMITED) >= rows]
        if not fitting:
            return msgspec.structs.replace(key, limit=rows or None), self.first_run
        return min(fitting, key=lambda pair: pair[0].limit or _UNLIMITED)


class _AllSaved:
    """A date that holds every page."""

    def __init__(self, date: SavedDate) -> None:
        self._date = date

    def state(self, key: PageKey) -> Any:
        """Return "saved"."""
        return "saved"

    def leads(self, key: PageKey) -> Sequence[Any]:
        """Return what further pages follow from a page."""
        return self._date.leads(key)


def rebuild_pages(
    tables: Mapping[str, Columns], runs: Iterable[Mapping[str, Any]], date: SavedDate
) -> list[PageRecord]:
    """Return the pages that the rows of a date belong to.

    Args:
        tables: The tables with rows of answers.
        runs: Rows of the table `runs`; none if it is lost too.
        date: Knows which pages follow from rankings.
    """
    requested = _Requested(runs, date)
    records = []
    for table, key_of in (("rankings", _ranking_key), ("insights", _insights_key), ("markets", _markets_key)):
        for owner, (rows, fetched_at, run_id) in _answers(table, tables[table]).items():
            key, run = requested.find(key_of(owner), rows)
            key = MARKETS if table == "markets" else key
            records.append(PageRecord(key, run_id or run, "done", rows, None, fetched_at, 1))
    records += _details(tables["asns"], requested)
    return records


def rebuild_runs(
    run_ids: Iterable[str], pages: Iterable[PageRecord], started_at: int
) -> Iterator[dict[str, Any]]:
    """Yield rows of the table `runs` for runs that only have pages left.

    Their requests are not known, so their status is "partial".
    """
    found: dict[str, list[PageRecord]] = {run_id: [] for run_id in run_ids}
    for record in pages:
        if record.run_id in found and record.key.kind not in ("markets", "check"):
            found[record.run_id].append(record)
    for run_id, records in found.items():
        times = [record.fetched_at for record in records] or [started_at]
        done = sum(record.has_rows for record in records)
        yield {
            "run_id": run_id,
            "command": "unknown",
            "started_at": min(times),
            "finished_at": max(times),
            "status": "partial",
            "pages_requested": len(records),
            "pages_done": done,
            "pages_failed": len(records) - done,
            "package_version": __version__,
            "spec": "null",  # no spec: its state is not recomputed
        }


def rebuild_network(pages: SavedPages, market_id: str, ip: str, asn: int | None) -> dict[str, Any]:
    """Return the row of a network that only has relations left: name and country are not known."""
    counts: dict[str, int | None] = {}
    records = []
    for relation in RELATIONS:
        source = pages.source(market_id, ip, asn, relation)
        counts[f"{relation}s"] = None if source is None else 0
        records += [] if source is None else [source]
    newest = max(records, key=lambda record: record.fetched_at)
    row: dict[str, Any] = {"market_id": market_id, "ip": ip, "asn": asn, "name": None, "country_name": None}
    return {**row, **counts, "run_id": newest.run_id, "fetched_at": newest.fetched_at}


def networks_without(asns: Columns, pages: SavedPages, networks: Iterable[Owner]) -> Iterator[dict[str, Any]]:
    """Yield the rows of networks that have lost some of their pages, and still have others.

    Args:
        asns: The table `asns`.
        pages: The remaining pages.
        networks: The networks, as (market_id, ip, asn).
    """
    wanted = set(networks)
    for values in zip(*asns.values(), strict=True):
        row = dict(zip(asns, values, strict=True))
        network = (row["market_id"], row["ip"], row["asn"])
        if network not in wanted or not pages.details_of(*network):
            continue
        for relation in RELATIONS:
            if pages.source(*network, relation) is None:
                row[f"{relation}s"] = None
        known = [f"{relation}s" for relation in RELATIONS if row[f"{relation}s"] is not None]
        yield {**row, "type": "all" if len(known) == len(RELATIONS) else ",".join(known)}


def _answers(table: str, columns: Columns) -> dict[Owner, tuple[int, int, str]]:
    """Return for each owner its number of rows, when it was fetched, and by which run ("" if unknown)."""
    found: dict[Owner, tuple[int, int, str]] = {}
    runs = columns.get("run_id") or [""] * len(columns["fetched_at"])
    for owner, fetched_at, run_id in zip(owners_of(table, columns), columns["fetched_at"], runs, strict=True):
        rows, before, _ = found.get(owner, (0, 0, ""))
        found[owner] = (rows + 1, max(before, fetched_at), run_id or "")
    return found


def _ranking_key(owner: Owner) -> PageKey:
    market_id, rank_type, ip = owner
    return PageKey("rankings", market_id, rank_type, ip)


def _insights_key(owner: Owner) -> PageKey:
    asn, market_id, ip = owner
    return PageKey("insights", market_id or "", ip=ip or "", asn=asn)


def _markets_key(owner: Owner) -> PageKey:
    return MARKETS


def _details(asns: Columns, requested: _Requested) -> Iterator[PageRecord]:
    for values in zip(*asns.values(), strict=True):
        row = dict(zip(asns, values, strict=True))
        counts = {f"{relation}s": row[f"{relation}s"] for relation in RELATIONS}
        known = [name for name, count in counts.items() if count is not None]
        for type in ["all"] if len(known) == len(RELATIONS) else known:
            key = msgspec.structs.replace(
                requested.details, market_id=row["market_id"], ip=row["ip"], asn=row["asn"], type=type
            )
            rows = sum(counts[f"{relation}s"] for relation in relations_of(type))
            yield PageRecord(key, row["run_id"], "done", rows, None, row["fetched_at"], 1)
