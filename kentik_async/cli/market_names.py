"""Spellings of market identifiers that are easy to type.

Market identifiers contain `$`, which shells expand. So `planet:earth` means `planet$earth`, `US` means
`cc$US`, and a name such as `"western europe"` is looked up.
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
# The rest of 'planet$earth' and 'cc$US' after a shell has expanded $earth and $US to nothing.
_EXPANDED_BY_SHELL = re.compile(r"(?:planet|continent|region|cc)?[$:]?")


def market_spelled(text: str) -> str | None:
    """Return the market identifier that a text spells, or None if the text can only be a name.

    Args:
        text: "planet$earth", "planet:earth", "cc:us", "US", or a name.

    Raises:
        ValidationError: The text is what a shell leaves of an identifier with `$`.
    """
    text = text.strip()
    if _EXPANDED_BY_SHELL.fullmatch(text):
        raise ValidationError(
            f"invalid market {text!r}: the shell expanded '$' and the text after it; "
            "write planet:earth or cc:US, or use single quotes: 'planet$earth'"
        )
    if _COUNTRY.fullmatch(text):
        return f"cc${text.upper()}"
    parts = _IDENTIFIER.fullmatch(text)
    if parts is None:
        return None
    kind, place = parts[1].lower(), parts[2]
    return f"{kind}${_CASES.get(kind, str)(place)}"


def market_named(name: str, markets: "Iterable[Market]") -> str:
    """Return the identifier of the market with a name; upper and lower case are equal.

    Args:
        name: The name, or an identifier in an unknown form.
        markets: All markets.

    Raises:
        ValidationError: No market, or more than one, has this name.
    """
    wanted = name.strip().casefold()
    known = list(markets)
    found = [m.market_id for m in known if wanted in (m.name.casefold(), m.market_id.casefold())]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValidationError(
            f"market name {name!r} is ambiguous; use one of {', '.join(map(_typed, found))}"
        )
    if "," in name:
        separate = " ".join(_quoted(part.strip()) for part in name.split(",") if part.strip())
        raise ValidationError(f"unknown market {name!r}; separate several markets with spaces: {separate}")
    near = difflib.get_close_matches(wanted, [m.name.casefold() for m in known], n=3)
    names = [m.name for m in known if m.name.casefold() in near]
    hint = (
        f"did you mean {' or '.join(map(repr, names))}?"
        if names
        else "'kentik-async kmi markets' lists all markets"
    )
    raise ValidationError(f"unknown market {name!r}; {hint}")


async def resolve_market(kentik: "KentikClient", text: str) -> str:
    """Return the identifier of a market. Requests the list of markets only if the text is a name.

    Raises:
        ValidationError: There is no such market.
    """
    spelled = market_spelled(text)
    if spelled is not None:
        return spelled
    return market_named(text, await kentik.kmi.list_markets())


def _typed(market_id: str) -> str:
    return market_id.replace("$", ":")


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
