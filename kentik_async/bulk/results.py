"""The plan, the progress and the result of a pull. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kentik_async.bulk.page_key import PageKey
from kentik_async.errors import ValidationError

__all__ = [
    "LONG_SECONDS",
    "MULTI_DAY_SECONDS",
    "NOT_MEANT",
    "PageFailure",
    "Progress",
    "PullPlan",
    "PullReport",
    "count_causes",
    "require_one_day",
]

NOT_MEANT = "the vendor's APIs are not meant for full data extraction"

LONG_SECONDS = 12 * 3600.0
"""A pull that takes longer logs a warning. Source: Kentik KB, KMI APIs."""

MULTI_DAY_SECONDS = 24 * 3600.0
"""A pull that takes longer needs `allow_multi_day`: the data it reads is recomputed each day."""


@dataclass(frozen=True, slots=True)
class PullPlan:
    """The calls and the time that a pull will take from now on.

    Attributes:
        calls: Number of requests, the list of markets and the check for changed data included; retries
            after errors are not.
        exact: Whether `calls` is known; otherwise it is an upper bound.
        seconds: Estimated duration, from the current state of the quota and the measured latency.
        saved: Pages that are saved already and are not requested again.
        failed: Pages that failed with a definite answer and are not requested again.
        rankings: Rankings among the calls.
        run_id: The run that would be resumed; None if a new run would begin, or nothing remains to do.
    """

    calls: int
    exact: bool
    seconds: float
    saved: int = 0
    failed: int = 0
    rankings: int = 0
    run_id: str | None = None

    @property
    def hours(self) -> float:
        """The duration in hours."""
        return self.seconds / 3600

    @property
    def long(self) -> bool:
        """Whether it takes more than 12 hours."""
        return self.seconds > LONG_SECONDS

    @property
    def multi_day(self) -> bool:
        """Whether it takes more than 24 hours, and so needs `allow_multi_day`."""
        return self.seconds > MULTI_DAY_SECONDS

    @property
    def complete(self) -> bool:
        """Whether nothing remains to request."""
        return self.calls == 0


def require_one_day(plan: PullPlan) -> None:
    """Check that a pull does not take more than 24 hours.

    Raises:
        ValidationError: It takes longer; nothing was requested except the list of markets.
    """
    if plan.multi_day:
        most = "" if plan.exact else "up to "
        raise ValidationError(
            f"the pull takes {most}{plan.calls} calls and {most}{plan.hours:.0f} hours, more than 24: "
            "request less, or set allow_multi_day=True (--allow-multi-day)"
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a pull.

    Attributes:
        done: Pages that were answered.
        failed: Pages that failed.
        calls: Total number of pages, as far as they are known.
    """

    done: int
    failed: int
    calls: int

    @property
    def left(self) -> int:
        """Remaining pages, as far as they are known."""
        return self.calls - self.done - self.failed


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that could not be fetched.

    Attributes:
        key: The request.
        error_class: Class name of the error, such as "ServerError".
        error_text: Its message.
        definite: Whether the server rejected this request itself, for example with 404: the same command does
            not repeat the request without `retry_failed`.
    """

    key: PageKey
    error_class: str
    error_text: str
    definite: bool


@dataclass(frozen=True, slots=True)
class PullReport:
    """The result of a pull into a target: the current state of the requested pages.

    Attributes:
        run_id: The run.
        run_date: The date in the column `run_date`, YYYY-MM-DD.
        calls: Number of requests that were sent now, retries included.
        pages: Requested pages that are saved now, without the list of markets.
        rows: Rows of these pages.
        failed: Requested pages that are not saved, or whose refresh failed.
        mixed: Whether the date holds two states of the vendor's data; None if that is not known.
        already_complete: Whether everything was saved already, so that nothing was requested.
        failures: The failed pages with their errors.
        rows_by_kind: `rows` by kind of page: "rankings", "asn_details", "insights".
    """

    run_id: str
    run_date: str
    calls: int
    pages: int
    rows: int
    failed: int
    mixed: bool | None
    already_complete: bool
    failures: tuple[PageFailure, ...] = ()
    rows_by_kind: Mapping[str, int] = field(default_factory=dict, hash=False)

    def causes(self) -> list[tuple[str, int]]:
        """Return the messages of the failures, each with the number of pages, the most frequent first."""
        return count_causes(self.failures)


def count_causes(failures: Iterable[PageFailure]) -> list[tuple[str, int]]:
    """Return the messages of failures, each with the number of pages, the most frequent first."""
    return Counter(failure.error_text for failure in failures).most_common()
