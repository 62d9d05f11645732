"""Market identifiers as people can type them: they hold a `$`, which a shell takes for itself.

`planet:earth` is `planet$earth`, `US` is `cc$US`, and a name such as `"western europe"` is looked up.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient
    from kentik_async.models import Market

__all__ = ["market_named", "market_spelled", "resolve_market"]

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_IDENTIFIER = re.compile(r"([A-Za-z_]+)[$:](.+)")
_CASES: Mapping[str, Callable[[str], str]] = {"cc": str.upper, "planet": str.lower}
# What is left of 'planet$earth' and 'cc$US' when a shell has expanded $earth and $US to nothing.
_BITTEN = re.compile(r"(?:planet|continent|region|cc)?[$:]?")


def market_spelled(text: str) -> str | None:
    """Return the identifier that a text spells, or None if it can only be a market's name.

    Args:
        text: "planet$earth", "planet:earth", "cc:us", "US", or a name.

    Raises:
        ValidationError: The text is what a shell leaves of an identifier.
    """
    text = text.strip()
    if _BITTEN.fullmatch(text):
        raise ValidationError(
            f"market is {text!r}: the shell took the '$' and what follows it; "
            "write planet:earth or cc:US, or put it in single quotes: 'planet$earth'"
        )
    if _COUNTRY.fullmatch(text):
        return f"cc${text.upper()}"
    parts = _IDENTIFIER.fullmatch(text)
    if parts is None:
        return None
    kind, place = parts[1].lower(), parts[2]
    return f"{kind}${_CASES.get(kind, str)(place)}"


def market_named(name: str, markets: "Iterable[Market]") -> str:
    """Return the identifier of the market with a name, in any case.

    Args:
        name: The name, or an identifier of a form that no other rule knows.
        markets: All markets.

    Raises:
        ValidationError: No market, or more than one, has that name.
    """
    wanted = name.strip().casefold()
    known = list(markets)
    found = [m.market_id for m in known if wanted in (m.name.casefold(), m.market_id.casefold())]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValidationError(f"market {name!r} is ambiguous: write one of {', '.join(map(_typed, found))}")
    near = difflib.get_close_matches(wanted, [m.name.casefold() for m in known], n=3)
    names = [m.name for m in known if m.name.casefold() in near]
    hint = (
        f"did you mean {' or '.join(map(repr, names))}?" if names else "'kentik-async kmi markets' lists them"
    )
    raise ValidationError(f"there is no market named {name!r}: {hint}")


async def resolve_market(kentik: "KentikClient", text: str) -> str:
    """Return a market's identifier; asks for the list of markets only if the text is a name.

    Raises:
        ValidationError: The text names no market.
    """
    spelled = market_spelled(text)
    if spelled is not None:
        return spelled
    return market_named(text, await kentik.kmi.list_markets())


def _typed(market_id: str) -> str:
    return market_id.replace("$", ":")
