"""`kentik-async plans`: lists licensed plans."""

from cyclopts import App

from kentik_async.cli.context import Ctx
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.parameters import ASK

__all__ = ["app"]

app = App(name="plans", group=ASK, help="List licensed plans and their devices.")

_COLUMNS = (
    Column("id", kind="id"),
    Column("name"),
    Column("active"),
    Column("devices", kind="count", read=lambda plan: len(plan.devices)),
    Column("max_devices", "max devices", kind="count"),
    Column("max_fps", "max flows/s", kind="count"),
    Column("fast_retention", "fast days", kind="count", optional=True),
    Column("full_retention", "full days", kind="count", optional=True),
)


@app.command(name="list")
async def list_(*, context: Ctx) -> None:
    """List plans. Formats other than table contain all fields.

    Args:
        context: The command context.
    """
    from kentik_async.models import Plan

    async with context.client() as kentik:
        plans = await kentik.plans.list()
    context.printer.rows(plans, Plan.__struct_fields__, _COLUMNS, what="plans")
