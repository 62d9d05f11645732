"""kentik.as_group.v202212: its messages, enums, stubs and servicers.

Written by `kentik-async codegen`; changes made here are lost.
"""

from ... import _runtime

_types = _runtime.load(
    __name__,
    {
        "AutonomousSystem": "A member of a group in a response.",
        "AutonomousSystem.name": "The name of the number; empty if it has none.",
        "ASGroupConcise": "A group in a request.",
        "ASGroupConcise.id": "Set by the server; empty in a create request.",
        "ASGroupConcise.asn": "Decimal AS numbers, as text.",
        "ASGroupDetailed": "A group in a response: the members have names.",
        "ListASGroupsResponse.invalid_count": "The number of groups that the server could not render and omitted.",
        "UpdateASGroupRequest.as_group": "The whole group: omitted fields become empty. `id` selects the group.",
    },
)
AutonomousSystem = _types["AutonomousSystem"]
ASGroupConcise = _types["ASGroupConcise"]
ASGroupDetailed = _types["ASGroupDetailed"]
ListASGroupsRequest = _types["ListASGroupsRequest"]
ListASGroupsResponse = _types["ListASGroupsResponse"]
GetASGroupRequest = _types["GetASGroupRequest"]
GetASGroupResponse = _types["GetASGroupResponse"]
CreateASGroupRequest = _types["CreateASGroupRequest"]
CreateASGroupResponse = _types["CreateASGroupResponse"]
UpdateASGroupRequest = _types["UpdateASGroupRequest"]
UpdateASGroupResponse = _types["UpdateASGroupResponse"]
DeleteASGroupRequest = _types["DeleteASGroupRequest"]
DeleteASGroupResponse = _types["DeleteASGroupResponse"]

# Down here, since two packages may import each other.
_runtime.link(__name__)


class ASGroupServiceStub(_runtime.Stub):
    """Calls kentik.as_group.v202212.ASGroupService, on a grpc.aio channel or one that calls the same way.

    Reads and changes the AS groups of one customer.
    """

    METHODS = {
        "ListASGroups": _runtime.MethodSpec(
            name="ListASGroups",
            path="/kentik.as_group.v202212.ASGroupService/ListASGroups",
            verb="GET",
            http_path="/as_group/v202212/as_group",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=ListASGroupsRequest,
            response=ListASGroupsResponse,
            python_name="list_as_groups",
            doc="All groups.",
        ),
        "GetASGroup": _runtime.MethodSpec(
            name="GetASGroup",
            path="/kentik.as_group.v202212.ASGroupService/GetASGroup",
            verb="GET",
            http_path="/as_group/v202212/as_group/{id}",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=GetASGroupRequest,
            response=GetASGroupResponse,
            python_name="get_as_group",
            doc="One group.",
        ),
        "CreateASGroup": _runtime.MethodSpec(
            name="CreateASGroup",
            path="/kentik.as_group.v202212.ASGroupService/CreateASGroup",
            verb="POST",
            http_path="/as_group/v202212/as_group",
            body="*",
            client_streaming=False,
            server_streaming=False,
            request=CreateASGroupRequest,
            response=CreateASGroupResponse,
            python_name="create_as_group",
            doc="Creates a group; the response has its id.",
        ),
        "UpdateASGroup": _runtime.MethodSpec(
            name="UpdateASGroup",
            path="/kentik.as_group.v202212.ASGroupService/UpdateASGroup",
            verb="PUT",
            http_path="/as_group/v202212/as_group/{as_group.id}",
            body="*",
            client_streaming=False,
            server_streaming=False,
            request=UpdateASGroupRequest,
            response=UpdateASGroupResponse,
            python_name="update_as_group",
            doc="Replaces a group.",
        ),
        "DeleteASGroup": _runtime.MethodSpec(
            name="DeleteASGroup",
            path="/kentik.as_group.v202212.ASGroupService/DeleteASGroup",
            verb="DELETE",
            http_path="/as_group/v202212/as_group/{id}",
            body="",
            client_streaming=False,
            server_streaming=False,
            request=DeleteASGroupRequest,
            response=DeleteASGroupResponse,
            python_name="delete_as_group",
            doc="Deletes a group.",
        ),
    }


class ASGroupServiceServicer:
    """Serves kentik.as_group.v202212.ASGroupService: override the methods; the others answer UNIMPLEMENTED.

    Reads and changes the AS groups of one customer.
    """

    ListASGroups = _runtime.unimplemented
    GetASGroup = _runtime.unimplemented
    CreateASGroup = _runtime.unimplemented
    UpdateASGroup = _runtime.unimplemented
    DeleteASGroup = _runtime.unimplemented


def add_ASGroupServiceServicer_to_server(servicer: ASGroupServiceServicer, server: _runtime.Server) -> None:
    """Adds a servicer of kentik.as_group.v202212.ASGroupService to a grpc.aio server that has not started."""
    _runtime.serve("kentik.as_group.v202212.ASGroupService", ASGroupServiceStub.METHODS, servicer, server)
