"""The options of a pull: which rankings, and where and how they land."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from kentik_async.cli.parameters import Family, Flag, RankKind
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient

__all__ = ["Asked", "How", "Several", "date_given"]

Several = Parameter(consume_multiple=True)
"""For an option that takes several values: `--markets US DE`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rankings are pulled, or lead to details."""

    markets: Annotated[
        list[str] | None,
        Several,
        Parameter(help="planet:earth, cc:US, US or names; all markets by default."),
    ] = None
    rank_types: Annotated[
        list[RankKind] | None, Several, Parameter(help="Kinds of rankings; all by default.")
    ] = None
    ips: Annotated[list[Family] | None, Several, Parameter(help="Routing tables; both by default.")] = None
    limit: Annotated[int | None, Parameter(help="Rows of each ranking at most; 600 by default.")] = None

    async def arguments(self, kentik: "KentikClient") -> dict[str, Any]:
        """Return the arguments of a pull; the list of markets is asked for only where a name is given."""
        from kentik_async.cli.market_names import market_named, market_spelled

        markets: Any = "all"
        if self.markets and self.markets != ["all"]:
            markets = [(text, market_spelled(text)) for text in self.markets]
            known = () if all(spelled for _, spelled in markets) else await kentik.kmi.list_markets()
            markets = [spelled or market_named(text, known) for text, spelled in markets]
        return {
            "markets": markets,
            "rank_types": self.rank_types or "all",
            "ips": self.ips or ("v4", "v6"),
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class How:
    """Where a pull lands and how."""

    store: Annotated[Literal["parquet", "sqlite", "ndjson", "csv"], Parameter(help="The kind of tables.")] = (
        "parquet"
    )
    date: Annotated[
        str | None, Parameter(help="Date that the rows bear, YYYY-MM-DD; today's, by UTC, by default.")
    ] = None
    refresh: Annotated[
        Flag, Parameter(help="Pull a finished date again; the new rows replace the old when complete.")
    ] = False
    dry_run: Annotated[Flag, Parameter(help="Say what it takes and end.")] = False
    leave: Annotated[
        int | None, Parameter(help="Requests a minute to leave to others; 5 when courteous, else 0.")
    ] = None
    allow_multi_day: Annotated[Flag, Parameter(help="Begin even if it takes more than 24 hours.")] = False

    @property
    def day(self) -> dt.date | None:
        """The date given.

        Raises:
            ValidationError: It is none.
        """
        return None if self.date is None else date_given(self.date, "--date")


def date_given(text: str, option: str) -> dt.date:
    """Return the date that an option was given.

    Raises:
        ValidationError: It is none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValidationError(f"{option} is {text!r}: give YYYY-MM-DD, such as 2026-11-20") from None
