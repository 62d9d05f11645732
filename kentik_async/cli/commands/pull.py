"""`kentik-async kmi pull`: many pages of the KMI into a folder of tables."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.parameters import RelationKind
from kentik_async.cli.pulls.options import Asked, How, Several
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient
    from kentik_async.bulk.pull import Pull

__all__ = ["app"]

_HELP = """Pull many rankings and details into a folder of tables.

The same command goes on where it was cut off and asks for nothing twice. The
vendor's APIs are not meant for full data extraction: --dry-run tells first
what a pull takes, --leave keeps some of each minute for others.

Several customers side by side: --profile a --profile b pulls into TARGET/a and
TARGET/b, each under its own quota, and ends with the worst of their exit codes."""

app = App(name="pull", help=_HELP)

_ASKED = Asked()
_HOW = How()


@app.command
async def rankings(
    target: str,
    /,
    *,
    asked: Annotated[Asked, Parameter(name="*")] = _ASKED,
    how: Annotated[How, Parameter(name="*")] = _HOW,
    context: Ctx,
) -> Exit:
    """Pull rankings: of all markets and kinds, or of those named.

    For example:

      $ kentik-async kmi pull rankings data --dry-run
      $ kentik-async kmi pull rankings data --markets US DE "western europe"

    Args:
        target: The folder, made if it is not there, or a URL such as s3://bucket/kmi.
        asked: Which rankings.
        how: Where they land.
        context: Handed over.
    """
    from kentik_async.cli.pulls.runner import run_pull

    async def make(kentik: "KentikClient") -> "Pull":
        return kentik.kmi.pull_rankings(**await asked.arguments(kentik), leave=how.leave)

    return await run_pull(context, target, how, make)


@app.command
async def details(
    target: str,
    /,
    *,
    asns: Annotated[list[str] | None, Several] = None,
    top: int | None = None,
    type: RelationKind = "all",
    asked: Annotated[Asked, Parameter(name="*")] = _ASKED,
    how: Annotated[How, Parameter(name="*")] = _HOW,
    context: Ctx,
) -> Exit:
    """Pull networks' customers, providers and peers.

    The networks are named, or the first ones of each ranking; the rankings
    that name them land too.

    For example:

      $ kentik-async kmi pull details data --asns 3356 AS174 --markets US
      $ kentik-async kmi pull details data --top 10 --markets US --ips v4

    Args:
        target: The folder, made if it is not there, or a URL such as s3://bucket/kmi.
        asns: These networks, in each of the markets, which must be named then.
        top: The first so many networks of each ranking.
        type: Which neighbours.
        asked: Which rankings, or with --asns which markets and routing tables.
        how: Where they land.
        context: Handed over.
    """
    from kentik_async.cli.pulls.runner import run_pull

    async def make(kentik: "KentikClient") -> "Pull":
        given: dict[str, Any] = await asked.arguments(kentik)
        if asns is None:
            return kentik.kmi.pull_asn_details(top=top, type=type, **given, leave=how.leave)
        if given["markets"] == "all":
            raise ValidationError("--asns needs --markets: name the markets, such as planet:earth")
        targets = [(market, asn) for market in given["markets"] for asn in asns]
        return kentik.kmi.pull_asn_details(targets, ips=given["ips"], type=type, leave=how.leave)

    if (asns is None) == (top is None):
        raise ValidationError("give either --asns, the networks, or --top, the first so many of each ranking")
    return await run_pull(context, target, how, make)


@app.command(name="all")
async def everything(
    target: str,
    /,
    *,
    top: int = 50,
    asked: Annotated[Asked, Parameter(name="*")] = _ASKED,
    how: Annotated[How, Parameter(name="*")] = _HOW,
    context: Ctx,
) -> Exit:
    """Pull rankings, and the neighbours of each ranking's first networks.

    For example:

      $ kentik-async kmi pull all data --dry-run
      $ kentik-async kmi pull all data --top 20 --rank-types customer_base --leave 10

    Args:
        target: The folder, made if it is not there, or a URL such as s3://bucket/kmi.
        top: The neighbours of how many first networks of each ranking.
        asked: Which rankings.
        how: Where they land.
        context: Handed over.
    """
    from kentik_async.cli.pulls.runner import run_pull

    async def make(kentik: "KentikClient") -> "Pull":
        return kentik.kmi.pull_asn_details(top=top, **await asked.arguments(kentik), leave=how.leave)

    return await run_pull(context, target, how, make)
