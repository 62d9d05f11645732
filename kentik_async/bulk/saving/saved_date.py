"""One date of a target during a pull: the pages in the tables, and the pages received since."""

import copy
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, Protocol

from kentik_async.bulk.coverage import PageRecord, PageState, SavedPages
from kentik_async.bulk.page_key import PageKey
from kentik_async.bulk.sinks.schema import TABLES, Columns
from kentik_async.bulk.spec import PullSpec
from kentik_async.models import Market

__all__ = ["DateInTarget", "NoTables", "page_records"]


class TableReader(Protocol):
    """An object from which rows of a date can be read."""

    def read(self, table: str, run_date: str, columns: Sequence[str] | None = None) -> Columns:
        """Return a date's rows of a table."""
        ...


class NoTables:
    """The tables of a target that does not exist."""

    def read(self, table: str, run_date: str, columns: Sequence[str] | None = None) -> Columns:
        """Return no rows."""
        return {name: [] for name in columns or TABLES[table]}


class DateInTarget:
    """The pages of one date.

    Attributes:
        run_date: The date, YYYY-MM-DD.
        pages: The pages in the tables and the pages that were added.
    """

    def __init__(
        self, sink: TableReader, run_date: str, *, since: int = 0, retry_failed: bool = False
    ) -> None:
        """Read the pages that the tables hold.

        Args:
            sink: The tables.
            run_date: The date.
            since: Only pages fetched at or after this time count as saved, in microseconds since the Unix
                epoch; set by a refresh.
            retry_failed: Whether pages that failed with a definite answer count as missing.

        Raises:
            TargetError: The table `pages` cannot be read.
        """
        self.run_date = run_date
        self.since = since
        self.pages = SavedPages(page_records(sink.read("pages", run_date)))
        self._sink = sink
        self._retry_failed = retry_failed
        self._leads: dict[PageKey, Sequence[Any]] = {}

    def state(self, key: PageKey) -> PageState:
        """Return whether a request is answered already: "saved", "failed" (definitely) or "missing"."""
        state = self.pages.state(key, self.since)
        return "missing" if state == "failed" and self._retry_failed else state

    def leads(self, key: PageKey) -> Sequence[Any]:
        """Return the further pages that follow from a saved page."""
        if key in self._leads:
            return self._leads[key]
        if key.kind == "markets":
            return [market.market_id for market in self.markets]
        return self._ranked.get((key.market_id, key.rank_type, key.ip), ())

    def fresh(self) -> "DateInTarget":
        """Return the date as it is now in the tables, with the known pages that lead to others."""
        date = DateInTarget(self._sink, self.run_date, since=self.since, retry_failed=self._retry_failed)
        date._leads = self._leads
        return date

    def since_instant(self, since: int) -> "DateInTarget":
        """Return a view of the same pages in which only newer pages count as saved."""
        view = copy.copy(self)
        view.since = since
        return view

    def add(self, record: PageRecord, leads: Sequence[Any]) -> None:
        """Add a page that was answered or failed."""
        self.pages.add(record)
        if record.has_rows:
            self._leads[record.key] = leads

    def require_same_filters(self, spec: PullSpec, target: str) -> None:
        """Check that a pull has the same filters as the pages of the date.

        Raises:
            TargetError: It has other filters.
        """
        if spec.top is not None or spec.targets:
            self.pages.require_same_filters(spec.details.key("", 0, ""), target, self.run_date)
        if spec.insights is not None:
            insights = next(spec.insights.keys("", "", spec.limit))
            self.pages.require_same_filters(insights, target, self.run_date)

    @cached_property
    def markets(self) -> list[Market]:
        """The markets in the tables; none if their list is not saved."""
        rows = self._sink.read("markets", self.run_date, ["market_id", "name"])
        return [Market(*row) for row in zip(rows["market_id"], rows["name"], strict=True)]

    @cached_property
    def _ranked(self) -> dict[tuple[str, str, str], list[int]]:
        """The networks of all rankings in the tables, best first."""
        names = ["market_id", "rank_type", "ip", "rank", "asn"]
        rows = self._sink.read("rankings", self.run_date, names)
        found: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
        for market_id, rank_type, ip, rank, asn in zip(*(rows[name] for name in names), strict=True):
            if asn is not None:
                found[market_id, rank_type, ip].append((rank or 0, asn))
        return {place: [asn for _, asn in sorted(ranked, key=_rank)] for place, ranked in found.items()}


def page_records(rows: Columns) -> Iterable[PageRecord]:
    """Return the rows of the table `pages` as records.

    Raises:
        DecodeError: A row has values that no pull writes.
    """
    for key, *others, digest in zip(*itemgetter(*PageRecord.__struct_fields__)(rows), strict=True):
        fields: list[Any] = [PageKey.parse(key), *others, digest or ""]
        yield PageRecord(*fields)


def _rank(ranked: tuple[int, int]) -> int:
    return ranked[0]
