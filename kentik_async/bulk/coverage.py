"""What a date already holds, and whether that answers a request. Pure.

A page answers a request if it has at least as many rows and all the relations that are requested.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from kentik_async.bulk.page_key import PageIdentity, PageKey, relations_of
from kentik_async.errors import TargetError

__all__ = [
    "DEFINITE_ERRORS",
    "PageRecord",
    "PageState",
    "PageStatus",
    "SavedPages",
    "has_equal_coverage",
]

PageStatus: TypeAlias = Literal["done", "failed", "stale", "consistent", "mixed"]
PageState: TypeAlias = Literal["saved", "failed", "missing"]

DEFINITE_ERRORS = frozenset({"BadRequestError", "NotFoundError"})
"""Errors that are definite for a request: another attempt would fail in the same way."""

_DEFAULT_LIMITS = {"rankings": 600, "insights": 100}
"""Number of rows of an answer if the request sets no limit. Source: Kentik KB, KMI APIs."""

_FILTERS = ("mutual_provider", "mutual_customer", "singlehomed_customer")
_INSIGHT_FILTERS = ("types", "lookback", "magnitude")


class PageRecord(msgspec.Struct, frozen=True):
    """One row of the table `pages`.

    Attributes:
        key: The request.
        run_id: The last run that requested it.
        status: "done"; "failed"; "stale" (its rows are of an earlier run, because the refresh failed); for a
            check "consistent" or "mixed".
        rows: Number of rows of the answer.
        invalid_count: Entries that the server skipped; None where it does not say.
        fetched_at: When the answer or the error was received: microseconds since the Unix epoch.
        attempts: Number of requests sent for it.
        error_class: Class name of the error; None without one.
        error_text: Its message; None without an error.
        digest: Digest of the content, where it will be compared with a later answer; else empty.
    """

    key: PageKey
    run_id: str
    status: PageStatus
    rows: int
    invalid_count: int | None
    fetched_at: int
    attempts: int
    error_class: str | None = None
    error_text: str | None = None
    digest: str = ""

    @property
    def has_rows(self) -> bool:
        """Whether the tables hold an answer for the page."""
        return self.status in ("done", "stale")

    @property
    def is_definite(self) -> bool:
        """Whether the page failed with an answer that another attempt would not change."""
        return self.status == "failed" and self.error_class in DEFINITE_ERRORS


class SavedPages:
    """The pages of one date: at most one for each identity."""

    def __init__(self, records: Iterable[PageRecord] = ()) -> None:
        self._records: dict[PageIdentity, PageRecord] = {record.key.identity: record for record in records}
        self._details: dict[tuple[str, str, int | None], list[str]] = {}
        for identity in self._records:
            self._index(identity)

    def __iter__(self) -> Iterator[PageRecord]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def get(self, identity: PageIdentity) -> PageRecord | None:
        """Return the page with an identity, or None."""
        return self._records.get(identity)

    def state(self, key: PageKey, since: int = 0) -> PageState:
        """Return whether a request is answered already.

        Args:
            key: The request.
            since: Only answers fetched at or after this instant count, and only complete ones: what a refresh
                asks for. In microseconds since the Unix epoch. The list of markets always counts.

        Returns:
            "saved"; "failed" if the page failed with a definite answer; else "missing".
        """
        found = self._records.get(key.identity)
        if self._is_saved(key, found, 0 if key.kind == "markets" else since):
            return "saved"
        if found is not None and found.is_definite and found.key == key and found.fetched_at >= since:
            return "failed"
        return "missing"

    def add(self, record: PageRecord) -> tuple[PageRecord, list[PageRecord]]:
        """Add a page; return it as stored, and the pages that it replaces.

        A failure never replaces rows: the page that has them becomes "stale".
        """
        identity = record.key.identity
        before = self._records.get(identity)
        if record.status == "failed" and before is not None and before.has_rows:
            record = msgspec.structs.replace(
                before,
                run_id=record.run_id,
                status="stale",
                error_class=record.error_class,
                error_text=record.error_text,
            )
        obsolete = []
        if before is None:
            self._index(identity)
        else:
            obsolete.append(self._records.pop(identity))
        if record.key.kind == "asn_details" and record.has_rows:
            obsolete += map(self._records.pop, self._narrower(identity))
        self._records[identity] = record
        return record, obsolete

    def source(self, market_id: str, ip: str, asn: int | None, relation: str) -> PageRecord | None:
        """Return the newest page that holds a network's neighbours of one relation, None if there is none."""
        found = (
            record
            for record in self.details_of(market_id, ip, asn)
            if relation in relations_of(record.key.type)
        )
        return max(found, key=lambda record: record.fetched_at, default=None)

    def details_of(self, market_id: str, ip: str, asn: int | None) -> list[PageRecord]:
        """Return the pages that hold neighbours of a network."""
        types = self._details.get((market_id, ip, asn), ())
        found = (self._records[PageIdentity("asn_details", market_id, "", ip, asn, type)] for type in types)
        return [record for record in found if record.has_rows]

    def require_same_filters(self, key: PageKey, target: str, run_date: str) -> None:
        """Check that all details of a date have the same filters, and that all insights do.

        Raises:
            TargetError: The date holds pages with other filters; mixing them would make rows incomparable.
        """
        names = {"asn_details": _FILTERS, "insights": _INSIGHT_FILTERS}.get(key.kind, ())
        other = next((record.key for record in self if record.key.kind == key.kind), None) if names else None
        for name in names:
            if other is not None and getattr(other, name) != getattr(key, name):
                raise TargetError(
                    f"{name} is {_shown(getattr(key, name))}, but {run_date} in {target} was pulled with "
                    f"{_shown(getattr(other, name))}; a date holds one filter: use another target or date"
                )

    def _is_saved(self, key: PageKey, found: PageRecord | None, since: int) -> bool:
        if key.kind == "asn_details":
            sources = [self.source(key.market_id, key.ip, key.asn, name) for name in relations_of(key.type)]
            return all(source is not None and _counts(source, since) for source in sources)
        return found is not None and found.has_rows and _counts(found, since) and _is_deep_enough(found, key)

    def _narrower(self, identity: PageIdentity) -> list[PageIdentity]:
        """Return the pages of the same network whose relations are all among those of a page."""
        types = self._details.get((identity.market_id, identity.ip, identity.asn), ())
        covered = relations_of(identity.type)
        narrower = [type for type in types if type != identity.type and relations_of(type) <= covered]
        for type in narrower:
            self._details[identity.market_id, identity.ip, identity.asn].remove(type)
        return [identity._replace(type=type) for type in narrower]

    def _index(self, identity: PageIdentity) -> None:
        if identity.kind == "asn_details":
            place = (identity.market_id, identity.ip, identity.asn)
            self._details.setdefault(place, []).append(identity.type)


def has_equal_coverage(one: PageRecord, other: PageRecord) -> bool:
    """Return whether the rows of two pages of the same identity, on two dates, can be compared.

    They can if both requests had the same limit, or both answers are whole, and the filters were the same.
    """
    if any(getattr(one.key, name) != getattr(other.key, name) for name in (*_FILTERS, *_INSIGHT_FILTERS)):
        return False
    return _limit(one.key) == _limit(other.key) or (_is_whole(one) and _is_whole(other))


def _counts(found: PageRecord, since: int) -> bool:
    return since == 0 or (found.status == "done" and found.fetched_at >= since)


def _is_deep_enough(found: PageRecord, key: PageKey) -> bool:
    """Return whether a page has all the rows that a request with the given key would return."""
    limit, wanted = _limit(found.key), _limit(key)
    return limit is None or wanted is None or limit >= wanted or _is_whole(found)


def _is_whole(found: PageRecord) -> bool:
    """Return whether no limit has cut rows off."""
    limit = _limit(found.key)
    return limit is None or found.rows + (found.invalid_count or 0) < limit


def _limit(key: PageKey) -> int | None:
    """Return the maximum number of rows of an answer; None where there is none."""
    return key.limit or _DEFAULT_LIMITS.get(key.kind)


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "the default"
    return repr(list(value) if isinstance(value, tuple) else value)
