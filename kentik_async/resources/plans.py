"""Plans: the licences of a company. Source: Kentik KB, Site and Plan APIs."""

from kentik_async._operations import sites as operations
from kentik_async._pipeline.caller import Caller
from kentik_async.models import Plan, Records

__all__ = ["Plans"]


class Plans:
    """The operation on plans."""

    def __init__(self, caller: Caller) -> None:
        self._run = caller.run

    async def list(self) -> Records[Plan]:
        """Return all plans, in the server's order; fields that the server omits are None."""
        return await self._run(operations.list_plans())
