"""Merges the pages of one date in several targets: which target's rows count. Pure.

If two targets hold the same page, the newer answer counts. A network's neighbours are one page for each
relation, as they are within a target.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kentik_async.bulk.coverage import PageRecord, SavedPages
from kentik_async.bulk.page_key import RELATIONS, relations_of
from kentik_async.bulk.saving.changes import page_owner
from kentik_async.bulk.sinks.schema import Owner

__all__ = ["Superseded", "merge_networks", "newest_runs", "superseded"]

Superseded = Mapping[str, frozenset[Owner]]
"""For each table, the owners (see `OWNER`) whose rows do not count: another target has newer ones."""


def superseded(targets: Sequence[SavedPages]) -> list[Superseded]:
    """Return for each of several targets the rows of one date that do not count.

    The tables `runs` and `asns` are not covered: see `newest_runs` and `merge_networks`.

    Args:
        targets: The pages of each target. If two answers are equally new, the first target's counts.
    """
    merged = _merged(targets)
    lost: list[dict[str, set[Owner]]] = [
        {table: set() for table in ("rankings", "relations", "insights", "markets", "pages")} for _ in targets
    ]
    for number, pages in enumerate(targets):
        for record in pages:
            if merged.get(record.key.identity) is not record:
                lost[number]["pages"].add(page_owner(record.key))
            for table, owner, counts in _rows_of(record, pages, merged):
                if not counts:
                    lost[number][table].add(owner)
    return [{table: frozenset(owners) for table, owners in found.items() if owners} for found in lost]


def merge_networks(
    rows: Iterable[tuple[SavedPages, Mapping[str, Any]]],
) -> list[dict[str, Any]]:
    """Return one row of the table `asns` for each network: the newest, with the newest numbers of neighbours.

    Args:
        rows: Rows of several targets, each with the pages of its target.
    """
    networks: dict[tuple[Any, ...], list[tuple[SavedPages, Mapping[str, Any]]]] = {}
    for pages, row in rows:
        networks.setdefault((row["market_id"], row["ip"], row["asn"]), []).append((pages, row))
    return [_merge_network(found) for found in networks.values()]


def newest_runs(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return one row of the table `runs` for each run: a copied target holds the same runs."""
    runs: dict[str, Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["finished_at"]):
        runs[row["run_id"]] = row
    return list(runs.values())


def _merged(targets: Sequence[SavedPages]) -> SavedPages:
    """Return the pages of all targets as one target would hold them."""
    # The last target first, so that of equally new answers the first target's replaces the others.
    records = [record for pages in reversed(targets) for record in pages]
    merged = SavedPages()
    for record in sorted(records, key=_order):
        merged.add(record)
    return merged


def _order(record: PageRecord) -> tuple[bool, bool, int]:
    """Return the sort key: rows replace failures, and the check "mixed" replaces any other check."""
    return record.has_rows, record.status in ("consistent", "mixed"), _age(record)


def _age(record: PageRecord) -> int:
    return record.fetched_at + (2**62 if record.status == "mixed" else 0)


def _rows_of(record: PageRecord, pages: SavedPages, merged: SavedPages) -> Iterator[tuple[str, Owner, bool]]:
    """Yield the rows of a page in a target: table, owner, and whether they count."""
    key = record.key
    if not record.has_rows:
        return
    if key.kind == "asn_details":
        for relation in relations_of(key.type):
            place = (key.market_id, key.ip, key.asn, relation)
            if pages.source(*place) is record:
                yield "relations", place, merged.source(*place) is record
        return
    counts = merged.get(key.identity) is record
    if key.kind == "rankings":
        yield "rankings", (key.market_id, key.rank_type, key.ip), counts
    elif key.kind == "insights":
        yield "insights", (key.asn, key.market_id or None, key.ip or None), counts
    elif key.kind == "markets":
        yield "markets", (), counts


def _merge_network(found: list[tuple[SavedPages, Mapping[str, Any]]]) -> dict[str, Any]:
    _, newest = max(found, key=lambda pair: pair[1]["fetched_at"])
    if len(found) == 1:
        return dict(newest)
    place = (newest["market_id"], newest["ip"], newest["asn"])
    counts: dict[str, int | None] = {}
    for relation in RELATIONS:
        sources = ((pages.source(*place, relation), row) for pages, row in found)
        known = [(source.fetched_at, row[f"{relation}s"]) for source, row in sources if source is not None]
        counts[f"{relation}s"] = max(known, key=lambda pair: pair[0])[1] if known else None
    names = [name for name, count in counts.items() if count is not None]
    return {**newest, **counts, "type": "all" if len(names) == len(RELATIONS) else ",".join(names)}
