"""`kentik-async plans`: what a company has licensed."""

from cyclopts import App

from kentik_async.cli.context import Ctx
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.parameters import ASK

__all__ = ["app"]

app = App(name="plans", group=ASK, help="Plans: what you have licensed, and which devices use it.")

_COLUMNS = (
    Column("id", kind="id"),
    Column("name"),
    Column("active"),
    Column("devices", kind="count", read=lambda plan: len(plan.devices)),
    Column("max_devices", "of", kind="count"),
    Column("max_fps", "flows/s each", kind="count"),
    Column("fast_retention", "days fast", kind="count"),
    Column("full_retention", "full", kind="count"),
)


@app.command(name="list")
async def list_(*, context: Ctx) -> None:
    """List all plans; the other forms than table show all that the server says of each.

    Args:
        context: Handed over.
    """
    from kentik_async.models import Plan

    async with context.client() as kentik:
        plans = await kentik.plans.list()
    context.printer.rows(plans, Plan.__struct_fields__, _COLUMNS, what="plans")
