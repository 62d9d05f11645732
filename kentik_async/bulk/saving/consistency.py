"""Checks that all rows of a date are from one state of the vendor's data. Pure.

The vendor computes the KMI once a day, at an hour that it does not publish. So a run ends with a check: it
fetches an early page of the date again. If its content differs, the date holds rows of two states: it
is mixed until everything has been refreshed. Source: Kentik KB, KMI APIs ("computed daily").
"""

from collections.abc import Iterable

import msgspec

from kentik_async.bulk.coverage import PageRecord, SavedPages
from kentik_async.bulk.page_key import PageIdentity

__all__ = ["CHECK", "check_of", "is_mixed", "needs_check", "reference_page"]

CHECK = PageIdentity("check")


def needs_check(saved: SavedPages) -> bool:
    """Return whether pages were saved since the date was checked."""
    data = list(_data(saved))
    check = saved.get(CHECK)
    if not data or (check is not None and check.status == "mixed" and _is_older(data, check.fetched_at)):
        return False
    return check is None or check.status == "failed" or not _is_older(data, check.fetched_at, every=True)


def reference_page(saved: SavedPages, first: PageRecord | None) -> PageRecord | None:
    """Return the page to fetch again: the earliest one whose content is known; None if there is none.

    Args:
        saved: The date, including the pages of the current run.
        first: The first page that the current run fetched, with its digest; None if it fetched none.
    """
    data = list(_data(saved))
    if first is not None and all(record.fetched_at >= first.fetched_at for record in data):
        return first  # the run has replaced all earlier pages
    check = saved.get(CHECK)
    if check is not None and check.digest:
        return check
    known = [record for record in data if record.digest]
    return min(known, key=lambda record: record.fetched_at, default=first)


def check_of(
    reference: PageRecord, run_id: str, fetched_at: int, digest: str | None, error: Exception | None = None
) -> PageRecord:
    """Return the record of a check.

    Args:
        reference: The page that was fetched again.
        run_id: The run that fetched it.
        fetched_at: When, in microseconds since the Unix epoch.
        digest: The digest of its content now; None with an error.
        error: Why it could not be fetched.
    """
    mixed = digest != reference.digest or reference.status == "mixed"
    return PageRecord(
        key=msgspec.structs.replace(reference.key, kind="check"),
        run_id=run_id,
        status="failed" if digest is None else "mixed" if mixed else "consistent",
        rows=0,
        invalid_count=None,
        fetched_at=fetched_at,
        attempts=1,
        error_class=None if error is None else type(error).__name__,
        error_text=None if error is None else str(error),
        digest=reference.digest,
    )


def is_mixed(saved: SavedPages) -> bool | None:
    """Return whether a date is mixed; None if that is not known."""
    check = saved.get(CHECK)
    if check is None or check.status == "failed":
        return None
    return check.status == "mixed"


def _data(saved: SavedPages) -> Iterable[PageRecord]:
    return (record for record in saved if record.has_rows and record.key.kind in ("rankings", "asn_details"))


def _is_older(data: list[PageRecord], instant: int, *, every: bool = False) -> bool:
    return (all if every else any)(record.fetched_at <= instant for record in data)
