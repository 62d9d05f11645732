"""The change of a date's tables that saves the pages of a run; answers are read one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from kentik_async._codec import kmi
from kentik_async._codec.kmi_columns import (
    DetailsColumns,
    decode_asn_details_columns,
    decode_rankings_columns,
)
from kentik_async.bulk.coverage import PageRecord, SavedPages
from kentik_async.bulk.journal.journal import microseconds
from kentik_async.bulk.page_key import RELATIONS, PageKey, relations_of
from kentik_async.bulk.sinks.base import DateChange, Rows
from kentik_async.bulk.sinks.schema import OWNER, TABLES, Columns, Owner

__all__ = ["ChangeBuilder", "data_owners", "page_owner", "page_row"]

_PAGES_AT_ONCE = 10
"""Number of pages whose rows are made together: small, so that the rest of the process need not wait."""

ReadAnswer = Callable[[PageKey], bytes | None]
ReadTable = Callable[[str], Columns]


class ChangeBuilder:
    """Merges the pages of a run into those of the tables, and makes the change of the tables."""

    def __init__(self, run_date: str, saved: SavedPages, pending: Iterable[PageRecord]) -> None:
        """Merge.

        Args:
            run_date: The date.
            saved: The pages of the tables; those of `pending` are added.
            pending: The pages of the run that are not in the tables yet.
        """
        self._run_date = run_date
        self._saved = saved
        self._removed: dict[str, set[Owner]] = {table: set() for table in TABLES}
        self._records: list[PageRecord] = []
        self._answered: list[PageRecord] = []
        for record in pending:
            self._merge(record)

    def build(self, runs: Sequence[Mapping[str, Any]], *, answer: ReadAnswer, read: ReadTable) -> DateChange:
        """Return the change.

        Args:
            runs: Rows of the table `runs` that are new or changed.
            answer: Returns the answer to a request of the run, or None.
            read: Reads a table of the date.
        """
        self._removed["runs"] = {(run["run_id"],) for run in runs}
        shared = any(_has_other_details(self._saved, record.key) for record in self._answered)
        rows = _Rows(self._saved, _networks(read("asns")) if shared else {})
        return DateChange(
            self._run_date,
            {table: frozenset(owners) for table, owners in self._removed.items() if owners},
            _chunks(rows, self._answered, self._records, runs, answer),
        )

    def _merge(self, record: PageRecord) -> None:
        key = record.key
        before = self._saved.get(key.identity)
        # Another run, perhaps on another machine, may have saved a newer answer or a later check.
        counts = before is not None and (before.has_rows or key.kind == "check")
        if before is not None and counts and before.fetched_at > record.fetched_at:
            return
        entered, obsolete = self._saved.add(record)
        self._records.append(entered)
        self._removed["pages"].add(page_owner(key))
        self._removed["pages"].update(page_owner(other.key) for other in obsolete)
        if record.has_rows:
            self._answered.append(record)
            for table, owners in data_owners(key):
                self._removed[table].update(owners)


def page_row(record: PageRecord) -> dict[str, Any]:
    """Return a record as a row of the table `pages`."""
    key = record.key
    return {
        "run_id": record.run_id,
        "kind": key.kind,
        "market_id": key.market_id or None,
        "rank_type": key.rank_type or None,
        "ip": key.ip or None,
        "asn": key.asn,
        "limit": key.limit,
        "type": key.type or None,
        "key": key.text,
        "status": record.status,
        "rows": record.rows,
        "invalid_count": record.invalid_count,
        "fetched_at": record.fetched_at,
        "attempts": record.attempts,
        "error_class": record.error_class,
        "error_text": record.error_text,
        "digest": record.digest or None,
    }


def page_owner(key: PageKey) -> Owner:
    """Return the owner of a page's row in the table `pages`."""
    return key.kind, key.market_id or None, key.rank_type or None, key.ip or None, key.asn, key.type or None


class _Rows:
    """Makes rows of answers, by table and column."""

    def __init__(self, saved: SavedPages, old_networks: Mapping[Owner, Mapping[str, Any]]) -> None:
        self._saved = saved
        self._old_networks = old_networks
        self._tables: dict[str, Columns] = {}

    def take(self) -> Rows:
        """Return the rows made since the last call."""
        taken, self._tables = self._tables, {}
        return taken

    def add(self, table: str, rows: int, values: Mapping[str, Any]) -> None:
        """Add rows: a list has one value for each row; any other value is the same in all rows."""
        if not rows:
            return
        columns = self._tables.setdefault(table, {name: [] for name in TABLES[table]})
        for name, column in columns.items():
            value = values.get(name)
            column.extend(value if isinstance(value, list) else [value] * rows)

    def add_answer(self, record: PageRecord, raw: bytes) -> None:
        """Add the rows of one answer."""
        key = record.key
        stamp = {"fetched_at": record.fetched_at, "run_id": record.run_id}
        if key.kind == "markets":
            markets = kmi.decode_markets(raw)
            columns = {"market_id": [m.market_id for m in markets], "name": [m.name for m in markets]}
            self.add("markets", len(markets), {**columns, **stamp})
        elif key.kind == "rankings":
            ranking = decode_rankings_columns(raw).rankings
            asked = {"market_id": key.market_id, "rank_type": key.rank_type, "ip": key.ip}
            self.add("rankings", len(ranking["asn"]), {**ranking, **asked, **stamp})
        elif key.kind == "insights":
            self._add_insights(key, raw, stamp)
        else:
            self._add_details(key, decode_asn_details_columns(raw), stamp)

    def _add_insights(self, key: PageKey, raw: bytes, stamp: Mapping[str, Any]) -> None:
        insights = (kmi.decode_global_insights if key.asn is None else kmi.decode_asn_insights)(raw)
        names = ("asn", "name", "type", "message")
        fields: Columns = {name: [getattr(row, name) for row in insights] for name in names}
        created = [None if row.created_at is None else microseconds(row.created_at) for row in insights]
        asked = {"requested_asn": key.asn, "market_id": key.market_id or None, "ip": key.ip or None}
        position = list(range(1, len(insights) + 1))
        self.add(
            "insights",
            len(insights),
            {**fields, "created_at": created, "position": position, **asked, **stamp},
        )

    def _add_details(self, key: PageKey, details: DetailsColumns, stamp: Mapping[str, Any]) -> None:
        asked = {"market_id": key.market_id, "ip": key.ip, "asn": key.asn}
        counts: dict[str, int | None] = {}
        for relation in RELATIONS:
            if relation in relations_of(key.type):
                related: Columns = getattr(details, f"{relation}s")
                counts[f"{relation}s"] = len(related["asn"])
                names = {"related_asn": related["asn"], "related_name": related["name"], "relation": relation}
                self.add("relations", len(related["asn"]), {**related, **names, **asked, **stamp})
            else:
                counts[f"{relation}s"] = self._old_count(key, relation)
        known = [name for name, count in counts.items() if count is not None]
        own = {
            "name": details.name,
            "country_name": details.country_name,
            "type": "all" if len(known) == len(RELATIONS) else ",".join(known),
        }
        self.add("asns", 1, {**own, **counts, **asked, **stamp})

    def _old_count(self, key: PageKey, relation: str) -> int | None:
        """Return the number of a network's neighbours in an earlier page; None if there is no such page."""
        if self._saved.source(key.market_id, key.ip, key.asn, relation) is None:
            return None
        old = self._old_networks.get((key.market_id, key.ip, key.asn))
        return None if old is None else old[f"{relation}s"]


def _chunks(
    rows: _Rows,
    answered: list[PageRecord],
    records: list[PageRecord],
    runs: Sequence[Mapping[str, Any]],
    answer: ReadAnswer,
) -> Iterator[Rows]:
    """Yield rows, some pages at a time: a whole run may need too much memory."""
    ordered = sorted(answered, key=_place)
    for start in range(0, len(ordered), _PAGES_AT_ONCE):
        for record in ordered[start : start + _PAGES_AT_ONCE]:
            raw = answer(record.key)
            if raw is not None:
                rows.add_answer(record, raw)
        yield rows.take()
    for table, found in (("pages", [page_row(record) for record in records]), ("runs", runs)):
        if found:
            names = list(TABLES[table])
            columns = zip(*map(itemgetter(*names), found), strict=True)
            rows.add(table, len(found), dict(zip(names, map(list, columns), strict=True)))
    yield rows.take()


def _place(record: PageRecord) -> tuple[str, str, str, str, int]:
    """Return the sort key of a page, which is the order of the rows in the tables."""
    key = record.key
    return key.kind, key.market_id, key.rank_type, key.ip, key.asn or 0


def data_owners(key: PageKey) -> Iterator[tuple[str, list[Owner]]]:
    """Yield the tables, each with the owners of the rows that the answer to a request replaces."""
    if key.kind == "markets":
        yield "markets", [()]
    elif key.kind == "rankings":
        yield "rankings", [(key.market_id, key.rank_type, key.ip)]
    elif key.kind == "insights":
        yield "insights", [(key.asn, key.market_id or None, key.ip or None)]
    elif key.kind == "asn_details":
        network = (key.market_id, key.ip, key.asn)
        yield "asns", [network]
        yield "relations", [(*network, relation) for relation in relations_of(key.type)]


def _has_other_details(saved: SavedPages, key: PageKey) -> bool:
    """Return whether another page holds neighbours of the same network that the given page lacks."""
    if key.kind != "asn_details":
        return False
    others = frozenset(RELATIONS) - relations_of(key.type)
    return any(saved.source(key.market_id, key.ip, key.asn, relation) for relation in others)


def _networks(asns: Columns) -> dict[Owner, dict[str, Any]]:
    rows = (dict(zip(asns, values, strict=True)) for values in zip(*asns.values(), strict=True))
    return {tuple(row[name] for name in OWNER["asns"]): row for row in rows}
