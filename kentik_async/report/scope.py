"""The scope of a report: markets, networks and dates, checked against the saved data. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from kentik_async._validation import valid_asn, valid_choice
from kentik_async.bulk.market_names import spell_market
from kentik_async.errors import ValidationError
from kentik_async.models import IPFamily, RankType

__all__ = [
    "Networks",
    "chosen_dates",
    "chosen_markets",
    "chosen_networks",
    "ip_family",
    "rank_type_of",
    "saved_date",
    "typed_market",
]

Networks = int | str | Iterable[int | str]
"""AS numbers: 3356, "AS3356", or several of them."""

_MOST_NAMED = 12


def ip_family(ip: str) -> str:
    """Return an address family.

    Raises:
        ValidationError: It is not "v4" or "v6".
    """
    return str(valid_choice(IPFamily, ip, "ip"))


def rank_type_of(rank_type: str, saved: Sequence[str], ip: str) -> str:
    """Return a ranking metric that is saved.

    Raises:
        ValidationError: It is unknown, or no ranking of it is saved.
    """
    found = str(valid_choice(RankType, rank_type, "rank_type"))
    if found not in saved:
        raise ValidationError(
            f"no ranking {found} of {ip} is saved; saved: {', '.join(saved) if saved else 'none'}"
        )
    return found


def chosen_networks(asns: Networks, field: str) -> list[int]:
    """Return AS numbers, each once.

    Raises:
        ValidationError: A value is not an AS number.
    """
    listed = [asns] if isinstance(asns, int | str) else asns
    return list(dict.fromkeys(valid_asn(asn, field) for asn in listed))


def chosen_markets(
    markets: str | Iterable[str] | None, saved: Sequence[str], names: Mapping[str, str], what: str
) -> list[str]:
    """Return the ids of markets; all are saved.

    Args:
        markets: Ids, countries or names; None for all saved markets.
        saved: The ids of the markets that are saved.
        names: The names of markets by id.
        what: The kind of saved data, such as "rankings"; for errors.

    Raises:
        ValidationError: A market is not saved, or nothing is.
    """
    if not saved:
        raise ValidationError(f"no {what} are saved in the target; 'kentik-async kmi pull' saves them")
    if markets is None:
        return list(saved)
    asked = [markets] if isinstance(markets, str) else list(markets)
    if not asked:
        raise ValidationError("markets is empty: give ids or names of markets, or None for all saved ones")
    return list(dict.fromkeys(_market(text, saved, names, what) for text in asked))


def _market(text: str, saved: Sequence[str], names: Mapping[str, str], what: str) -> str:
    wanted = text.strip().casefold()
    named = [market for market in saved if names.get(market, "").casefold() == wanted]
    found = spell_market(text) if len(named) != 1 else named[0]
    if found in saved:
        return str(found)
    listed = ", ".join(map(typed_market, saved[:_MOST_NAMED]))
    more = f" and {len(saved) - _MOST_NAMED} more" if len(saved) > _MOST_NAMED else ""
    raise ValidationError(f"market {text!r} has no saved {what}; saved: {listed}{more}")


def typed_market(market_id: str) -> str:
    """Return a market id in the form for a shell: planet:earth."""
    return market_id.replace("$", ":")


def saved_date(date: dt.date | None, saved: Sequence[dt.date]) -> dt.date | None:
    """Return a date that is saved; None for None.

    Raises:
        ValidationError: It is not saved.
    """
    if date is not None and date not in saved:
        raise ValidationError(f"{date} is not a saved date; saved: {_listed(saved)}")
    return date


def chosen_dates(
    since: dt.date | None, until: dt.date | None, saved: Sequence[dt.date], newest: dt.date | None = None
) -> tuple[dt.date, dt.date]:
    """Return the first and the last date of a span; both are saved.

    Args:
        since: The first date; the first saved date by default.
        until: The last date.
        saved: The saved dates, oldest first.
        newest: The default of the last date; the last saved date by default.

    Raises:
        ValidationError: One of them is not saved, or they are in the wrong order.
    """
    first = saved_date(since, saved) or saved[0]
    last = saved_date(until, saved) or newest or saved[-1]
    if first > last:
        raise ValidationError(f"the first date must not be after the last one; got {first} and {last}")
    return first, last


def _listed(dates: Sequence[dt.date]) -> str:
    if len(dates) <= _MOST_NAMED:
        return ", ".join(map(str, dates))
    return f"{len(dates)} dates, {dates[0]} to {dates[-1]}"
