"""Fetches the pages again that a repair had to drop."""

import datetime as dt
import os
from typing import cast

import msgspec

from kentik_async.bulk.fetching import Fetcher
from kentik_async.bulk.pull import Pull, StoreName
from kentik_async.bulk.reading.saved_target import open_saved
from kentik_async.bulk.results import PullReport
from kentik_async.bulk.saving.runs import run_rows
from kentik_async.bulk.spec import PullSpec
from kentik_async.errors import DecodeError

__all__ = ["fetch_again"]


async def fetch_again(fetcher: Fetcher, target: str | os.PathLike[str], date: dt.date) -> list[PullReport]:
    """Complete the runs of a date that are not complete: each requests exactly the pages that are missing.

    Args:
        fetcher: Sends the requests.
        target: The folder, or its URL.
        date: The date; the API only returns today's data.

    Returns:
        The result of each run.

    Raises:
        TargetError: The target cannot be used.
        KentikError: No further page would succeed; what has been fetched is kept.
    """
    saved = open_saved(target)
    store = cast("StoreName", saved.store)
    reports = []
    for row in run_rows(saved.sink.read("runs", date.isoformat())):
        if row["status"] != "partial":
            continue
        try:
            spec = PullSpec.parse(row["spec"])
        except DecodeError:
            continue  # its requests are not known: see `rebuild_runs`
        pull: Pull[object] = Pull(fetcher, msgspec.structs.replace(spec, refresh=False))
        reports.append(await pull.save(target, store, date=date))
    return reports
