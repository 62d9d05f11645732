"""The table of API v6 calls: schema facts, required scope, and handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kentik_async._generated._runtime import MethodSpec
from kentik_async._generated.as_group.v202212 import ASGroupServiceStub
from kentik_async._generated.kmi.v202212 import KmiServiceStub
from kentik_async.emulator.api import as_groups, kmi
from kentik_async.emulator.world.state import EmulatorState

__all__ = ["RPCS", "Rpc"]

# The request type differs between calls; only the table below connects calls and types.
Answer = Callable[[EmulatorState, str, Any], bytes]


@dataclass(frozen=True, slots=True)
class Rpc:
    """One call of API v6.

    Attributes:
        name: The name of the operation, such as "kmi.get_rankings".
        spec: The facts of the schema.
        scope: The required scope.
        answer: The handler: takes the state, the name of the customer, and the request; returns the
            serialized answer; raises AnswerError.
    """

    name: str
    spec: MethodSpec
    scope: str
    answer: Answer

    @property
    def service(self) -> str:
        """The full name of the service, such as "kentik.kmi.v202212.KmiService"."""
        return self.spec.path.split("/")[1]

    @property
    def writes(self) -> bool:
        """Whether it changes data."""
        return self.scope.endswith(":write")


_KMI = KmiServiceStub.METHODS
_GROUPS = ASGroupServiceStub.METHODS

RPCS = (
    Rpc("kmi.list_markets", _KMI["ListMarkets"], "admin.kmi:read", kmi.list_markets),
    Rpc("kmi.get_rankings", _KMI["GetRankings"], "admin.kmi:read", kmi.get_rankings),
    Rpc("kmi.get_asn_details", _KMI["GetASNDetails"], "admin.kmi:read", kmi.get_asn_details),
    Rpc("kmi.get_global_insights", _KMI["GetGlobalInsights"], "admin.kmi:read", kmi.get_global_insights),
    Rpc("kmi.get_asn_insights", _KMI["GetASNInsights"], "admin.kmi:read", kmi.get_asn_insights),
    Rpc("as_groups.list", _GROUPS["ListASGroups"], "admin.as_group:read", as_groups.list_groups),
    Rpc("as_groups.get", _GROUPS["GetASGroup"], "admin.as_group:read", as_groups.get_group),
    Rpc("as_groups.create", _GROUPS["CreateASGroup"], "admin.as_group:write", as_groups.create_group),
    Rpc("as_groups.update", _GROUPS["UpdateASGroup"], "admin.as_group:write", as_groups.update_group),
    Rpc("as_groups.delete", _GROUPS["DeleteASGroup"], "admin.as_group:write", as_groups.delete_group),
)
