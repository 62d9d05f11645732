"""`kentik-async auth`: whose credentials are in use, and whether Kentik accepts them."""

from cyclopts import App

from kentik_async.cli.context import Ctx
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.parameters import ASK

__all__ = ["app"]

app = App(name="auth", group=ASK, help="Credentials: whose they are, and whether Kentik accepts them.")

_FIELDS = ("email", "customer", "region", "grpc_endpoint", "rest_endpoint", "accepted")
_COLUMNS = tuple(Column(field) for field in _FIELDS)


@app.command
async def status(*, context: Ctx) -> None:
    """Say who you are to Kentik, where, and whether it accepts you.

    One cheap call is made, ListMarkets, which takes the scope admin.kmi:read.

    Args:
        context: Handed over.
    """
    from kentik_async._config import REGIONS

    settings = context.settings
    region = settings.get("region", "us")
    known = REGIONS.get(region)
    email = str(settings["email"]) if "email" in settings else None  # shown here, where it is asked for
    who = {
        "email": email,
        "customer": settings.get("customer", email),
        "region": region,
        "grpc_endpoint": settings.get("grpc_endpoint") or (known and known.grpc_endpoint),
        "rest_endpoint": settings.get("rest_endpoint") or (known and known.rest_endpoint),
    }
    async with context.client() as kentik:
        context.notes.note(f"asking {who['grpc_endpoint']} as {who['email']}")
        await kentik.kmi.list_markets()
    context.printer.record(who | {"accepted": True}, _FIELDS, _COLUMNS)
