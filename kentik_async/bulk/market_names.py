"""Market ids as people write them: an id contains `$`, which a shell expands. Pure.

`planet:earth` is `planet$earth`, `US` is `cc$US`, and a name such as "western europe" is looked up.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from kentik_async.errors import ValidationError
from kentik_async.models import Market

__all__ = ["find_market", "spell_market"]

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_IDENTIFIER = re.compile(r"([A-Za-z_]+)[$:](.+)")
_CASES: Mapping[str, Callable[[str], str]] = {"cc": str.upper, "planet": str.lower}
# The rest of 'planet$earth' and 'cc$US' after a shell has expanded $earth and $US to nothing.
_TRUNCATED = re.compile(r"(?:planet|continent|region|cc)?[$:]?")

_HINT = "'kentik-async kmi markets' lists all markets"


def spell_market(text: str) -> str | None:
    """Return the market id that a text stands for, or None if it can only be a market's name.

    Args:
        text: "planet$earth", "planet:earth", "cc:us", "US", or a name.

    Raises:
        ValidationError: The text is an id in which the shell expanded '$'.
    """
    text = text.strip()
    if _TRUNCATED.fullmatch(text):
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


def find_market(name: str, markets: Iterable[Market], *, several: bool = True) -> str:
    """Return the id of the market with a name, in any case.

    Args:
        name: The name, or an id of any other form.
        markets: All markets.
        several: Whether several markets can be given where this name comes from, for the error message.

    Raises:
        ValidationError: No market, or more than one, has that name.
    """
    wanted = name.strip().casefold()
    known = list(markets)
    found = [m.market_id for m in known if wanted in (m.name.casefold(), m.market_id.casefold())]
    if len(found) == 1:
        return found[0]
    if found:
        typed = ", ".join(market_id.replace("$", ":") for market_id in found)
        raise ValidationError(f"market name {name!r} is ambiguous; use one of {typed}")
    if "," in name and not several:
        raise ValidationError(f"unknown market {name!r}; this command takes one market")
    if "," in name:
        separate = " ".join(_quoted(part.strip()) for part in name.split(",") if part.strip())
        raise ValidationError(f"unknown market {name!r}; separate several markets with spaces: {separate}")
    import difflib  # here, because only this message needs it

    near = difflib.get_close_matches(wanted, [m.name.casefold() for m in known], n=3)
    names = [m.name for m in known if m.name.casefold() in near]
    hint = f"did you mean {' or '.join(map(repr, names))}?" if names else _HINT
    raise ValidationError(f"unknown market {name!r}; {hint}")


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
