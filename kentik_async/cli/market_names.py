"""Market names of the commands that make a single call; pulls resolve names themselves."""

from typing import TYPE_CHECKING

from kentik_async.bulk.market_names import find_market, spell_market

if TYPE_CHECKING:
    from kentik_async import KentikClient

__all__ = ["resolve_market"]


async def resolve_market(kentik: "KentikClient", text: str) -> str:
    """Return a market's id; the list of markets is fetched only if the text is a name.

    Raises:
        ValidationError: No market, or more than one, has this name.
    """
    return spell_market(text) or find_market(text, await kentik.kmi.list_markets(), several=False)
