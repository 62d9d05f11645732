"""`kentik-async auth`: shows the active account and checks its credentials."""

from cyclopts import App

from kentik_async.cli.context import Ctx
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.parameters import ASK

__all__ = ["app"]

app = App(name="auth", group=ASK, help="Show the active account and check its credentials.")

_FIELDS = ("email", "customer", "region", "grpc_endpoint", "rest_endpoint", "accepted")
_COLUMNS = tuple(Column(field) for field in _FIELDS)


@app.command
async def status(*, context: Ctx) -> None:
    """Show the active account and endpoint, and check the credentials.

    The check is one ListMarkets request, which requires the scope
    admin.kmi:read.

    Args:
        context: The command context.
    """
    from kentik_async._config import REGIONS

    settings = context.settings
    region = settings.get("region", "us")
    known = REGIONS.get(region)
    email = str(settings["email"]) if "email" in settings else None  # str() because its repr is masked
    account = {
        "email": email,
        "customer": settings.get("customer", email),
        "region": region,
        "grpc_endpoint": settings.get("grpc_endpoint") or (known and known.grpc_endpoint),
        "rest_endpoint": settings.get("rest_endpoint") or (known and known.rest_endpoint),
    }
    async with context.client() as kentik:
        context.notes.note(f"checking the credentials of {account['email']} at {account['grpc_endpoint']}")
        await kentik.kmi.list_markets()
    context.printer.record(account | {"accepted": True}, _FIELDS, _COLUMNS)
