"""The options of the pull commands: the rankings, and how pages are saved."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from kentik_async.cli.parameters import Family, Flag, RankKind, Store
from kentik_async.errors import ValidationError

__all__ = ["PullOptions", "RankingOptions", "Several", "parse_date"]

Several = Parameter(consume_multiple=1)
"""For an option that takes one or more values: `--markets US DE`.

Without a value it is an error: an empty shell variable must not select everything.
"""


@dataclass(frozen=True, slots=True)
class RankingOptions:
    """The rankings that are pulled, or that lead to details."""

    markets: Annotated[
        list[str] | None,
        Several,
        Parameter(help="Markets: planet:earth, cc:US, US or names; all by default."),
    ] = None
    rank_types: Annotated[
        list[RankKind] | None, Several, Parameter(help="Ranking metrics; all by default.")
    ] = None
    ips: Annotated[list[Family] | None, Several, Parameter(help="IP versions; both by default.")] = None
    limit: Annotated[
        int | None, Parameter(help="Maximum number of rows of each ranking; 600 by default.")
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `pull_rankings`."""
        return {
            "markets": "all" if self.markets in (None, ["all"]) else self.markets,
            "rank_types": "all" if self.rank_types is None else self.rank_types,
            "ips": "all" if self.ips is None else self.ips,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class PullOptions:
    """How pages are saved: format, date and refresh."""

    store: Annotated[Store, Parameter(help="Format of the tables.")] = "parquet"
    date: Annotated[
        str | None, Parameter(help="Date for the column run_date, YYYY-MM-DD; today (UTC) by default.")
    ] = None
    refresh: Annotated[Flag, Parameter(help="Fetch saved pages of this date again.")] = False
    retry_failed: Annotated[Flag, Parameter(help="Fetch pages again that failed permanently (400, 404).")] = (
        False
    )
    dry_run: Annotated[Flag, Parameter(help="Show the plan and exit.")] = False
    leave: Annotated[
        int | None,
        Parameter(help="Requests a minute to leave to others; 5 if the pacing is courteous, else 0."),
    ] = None
    allow_multi_day: Annotated[Flag, Parameter(help="Allow a pull of more than 24 hours.")] = False

    def target_arguments(self) -> dict[str, Any]:
        """Return the arguments that `Pull.plan` and `Pull.save` share.

        Raises:
            ValidationError: The date is not a date.
        """
        return {
            "store": self.store,
            "date": None if self.date is None else parse_date(self.date, "--date"),
            "refresh": self.refresh,
            "retry_failed": self.retry_failed,
        }


def parse_date(text: str, option: str) -> dt.date:
    """Return the date in an option's value.

    Raises:
        ValidationError: The value is not a date.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValidationError(f"{option} must be a date, YYYY-MM-DD; got {text!r}") from None
