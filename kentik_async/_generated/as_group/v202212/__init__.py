"""kentik.as_group.v202212: its messages, enums, stubs and servicers.

Written by `python -m codegen`; changes made here are lost.
"""

from ... import _runtime

_types = _runtime.load(__name__)
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
from google.protobuf import timestamp_pb2 as _timestamp_pb2


class ASGroupServiceStub:
    """Calls kentik.as_group.v202212.ASGroupService, on a grpc.aio channel or one that calls the same way."""

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
        ),
    }

    def __init__(self, channel):
        _runtime.bind(self, channel)


class ASGroupServiceServicer:
    """Serves kentik.as_group.v202212.ASGroupService: override the methods; the others answer UNIMPLEMENTED."""

    ListASGroups = _runtime.unimplemented
    GetASGroup = _runtime.unimplemented
    CreateASGroup = _runtime.unimplemented
    UpdateASGroup = _runtime.unimplemented
    DeleteASGroup = _runtime.unimplemented


def add_ASGroupServiceServicer_to_server(servicer, server):
    """Adds a servicer of kentik.as_group.v202212.ASGroupService to a grpc.aio server that has not started."""
    _runtime.serve("kentik.as_group.v202212.ASGroupService", ASGroupServiceStub.METHODS, servicer, server)
