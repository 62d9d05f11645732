"""`kentik-async kmi pull`: many pages of the KMI, saved as tables."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from kentik_async.cli.context import Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.parameters import Choice, Family, InsightKind, RelationKind
from kentik_async.cli.pulls.options import PullOptions, RankingOptions, Several
from kentik_async.errors import ValidationError

if TYPE_CHECKING:
    from kentik_async import KentikClient, Pull

__all__ = ["app"]

_HELP = """Pull many rankings, details or insights into tables.

The same command resumes an interrupted pull, and requests no page twice. The
vendor's APIs are not meant for full data extraction: --dry-run shows first what
a pull takes, --leave keeps some requests of each minute for others.

Several customers side by side: --profile a --profile b pulls into TARGET/a and
TARGET/b, each under its own quota; the exit code is the most severe one."""

app = App(name="pull", help=_HELP)

_USAGE = "Usage: kentik-async kmi pull {} TARGET [OPTIONS]"
"""TARGET is before the options, because some of them take all the values after them."""

_RANKINGS = RankingOptions()
_OPTIONS = PullOptions()


@app.command(usage=_USAGE.format("rankings"))
async def rankings(
    target: str,
    /,
    *,
    selection: Annotated[RankingOptions, Parameter(name="*")] = _RANKINGS,
    options: Annotated[PullOptions, Parameter(name="*")] = _OPTIONS,
    context: Ctx,
) -> Exit:
    """Pull rankings: of all markets and metrics, or of some.

    For example:

      kentik-async kmi pull rankings data --dry-run
      kentik-async kmi pull rankings data --markets US DE "western europe"

    Args:
        target: Folder (created if missing), or a URL such as s3://bucket/kmi.
        selection: The rankings.
        options: How pages are saved.
        context: The command context.
    """
    from kentik_async.cli.pulls.runner import run_pull

    def make(kentik: "KentikClient") -> "Pull[Any]":
        return kentik.kmi.pull_rankings(**selection.arguments(), leave=options.leave)

    return await run_pull(context, target, options, make)


@app.command(usage=_USAGE.format("details"))
async def details(
    target: str,
    /,
    *,
    asns: Annotated[list[str] | None, Several] = None,
    top: int | None = None,
    type: RelationKind = "all",
    mutual_provider: Choice = "all",
    mutual_customer: Choice = "all",
    singlehomed_customer: Choice = "all",
    selection: Annotated[RankingOptions, Parameter(name="*")] = _RANKINGS,
    options: Annotated[PullOptions, Parameter(name="*")] = _OPTIONS,
    context: Ctx,
) -> Exit:
    """Pull customers, providers and peers of networks.

    --asns names the networks; --top takes the first networks of each ranking,
    and the rankings are part of the pull. A date of a target holds one setting
    of the three filters.

    For example:

      kentik-async kmi pull details data --asns 3356 AS174 --markets US
      kentik-async kmi pull details data --top 10 --markets US --ips v4

    Args:
        target: Folder (created if missing), or a URL such as s3://bucket/kmi.
        asns: AS numbers; --markets is required with it.
        top: Top N networks of each ranking.
        type: Relations to request.
        mutual_provider: Show only, or exclude, neighbours that are also a provider.
        mutual_customer: Show only, or exclude, neighbours that are also a customer.
        singlehomed_customer: Show only, or exclude, customers with a single provider.
        selection: The rankings; with --asns, the markets and IP versions.
        options: How pages are saved.
        context: The command context.
    """
    from kentik_async.cli.pulls.runner import run_pull

    how: dict[str, Any] = {
        "type": type,
        "mutual_provider": mutual_provider,
        "mutual_customer": mutual_customer,
        "singlehomed_customer": singlehomed_customer,
        "leave": options.leave,
    }

    def make(kentik: "KentikClient") -> "Pull[Any]":
        if asns is None:
            return kentik.kmi.pull_asn_details(top=top, **selection.arguments(), **how)
        targets = [(market, asn) for market in selection.markets or () for asn in asns]
        return kentik.kmi.pull_asn_details(targets, ips=selection.arguments()["ips"], **how)

    if (asns is None) == (top is None):
        raise ValidationError(
            "--asns or --top is required" if asns is None else "--asns and --top cannot be combined"
        )
    if asns is not None:
        _check_named_networks(selection)
    return await run_pull(context, target, options, make)


def _check_named_networks(selection: RankingOptions) -> None:
    """Raise an error for options that cannot be combined with --asns."""
    if selection.markets in (None, ["all"]):
        raise ValidationError("--asns needs --markets: name the markets, such as planet:earth")
    if selection.rank_types is not None or selection.limit is not None:
        raise ValidationError("--rank-types and --limit need --top: with --asns no ranking is requested")


@app.command(name="all", usage=_USAGE.format("all"))
async def everything(
    target: str,
    /,
    *,
    top: int = 50,
    selection: Annotated[RankingOptions, Parameter(name="*")] = _RANKINGS,
    options: Annotated[PullOptions, Parameter(name="*")] = _OPTIONS,
    context: Ctx,
) -> Exit:
    """Pull rankings, and the details of the first networks of each.

    For example:

      kentik-async kmi pull all data --dry-run
      kentik-async kmi pull all data --top 20 --rank-types customer_base --leave 10

    Args:
        target: Folder (created if missing), or a URL such as s3://bucket/kmi.
        top: Top N networks of each ranking.
        selection: The rankings.
        options: How pages are saved.
        context: The command context.
    """
    from kentik_async.cli.pulls.runner import run_pull

    def make(kentik: "KentikClient") -> "Pull[Any]":
        return kentik.kmi.pull_asn_details(top=top, **selection.arguments(), leave=options.leave)

    return await run_pull(context, target, options, make)


@app.command(usage=_USAGE.format("insights"))
async def insights(
    target: str,
    /,
    *,
    asns: Annotated[list[str] | None, Several] = None,
    markets: Annotated[list[str] | None, Several] = None,
    ips: Annotated[list[Family] | None, Several] = None,
    types: Annotated[list[InsightKind] | None, Several] = None,
    lookback: int | None = None,
    magnitude: int | None = None,
    limit: int | None = None,
    options: Annotated[PullOptions, Parameter(name="*")] = _OPTIONS,
    context: Ctx,
) -> Exit:
    """Pull insights: recent changes of all networks, or of some.

    Each network, market and IP version that you name is a separate page.

    For example:

      kentik-async kmi pull insights data --lookback 7 --limit 1000
      kentik-async kmi pull insights data --asns 3356 AS174 --types customer_loss

    Args:
        target: Folder (created if missing), or a URL such as s3://bucket/kmi.
        asns: AS numbers; the insights of all networks by default.
        markets: Markets: planet:earth, cc:US, US or names; all in one page by default.
        ips: IP versions; both in one page by default.
        types: Insight types; all by default.
        lookback: Days to look back: 1, 7 or 30; 1 by default.
        magnitude: Minimum magnitude, 1 to 5; 1 by default.
        limit: Maximum number of insights of each page; 100 by default.
        options: How pages are saved.
        context: The command context.
    """
    from kentik_async.cli.pulls.runner import run_pull

    def make(kentik: "KentikClient") -> "Pull[Any]":
        return kentik.kmi.pull_insights(
            asns,
            markets=None if markets in (None, ["all"]) else markets,
            ips=ips,
            types=() if types is None else types,
            lookback=lookback,
            magnitude=magnitude,
            limit=limit,
            leave=options.leave,
        )

    return await run_pull(context, target, options, make)
