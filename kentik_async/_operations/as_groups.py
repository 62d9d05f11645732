"""The operations on AS groups (ASGroupService v202212). Pure."""

from collections.abc import Iterable

from kentik_async._codec import as_groups
from kentik_async._operations.request import ObjectId, Request, builds, rpc_operation
from kentik_async.models import ASGroup, ASGroupList
from kentik_async.retry import Effect

__all__ = [
    "UPDATE_AS_GROUP",
    "create_as_group",
    "delete_as_group",
    "get_as_group",
    "list_as_groups",
    "update_as_group",
]

_SERVICE = "/kentik.as_group.v202212.ASGroupService/"

_LIST_AS_GROUPS = rpc_operation("as_groups.list", "GET", Effect.READ)
_GET_AS_GROUP = rpc_operation("as_groups.get", "GET", Effect.READ)
_CREATE_AS_GROUP = rpc_operation("as_groups.create", "POST", Effect.CREATE)
UPDATE_AS_GROUP = rpc_operation("as_groups.update", "PUT", Effect.REPLACE)
_DELETE_AS_GROUP = rpc_operation("as_groups.delete", "DELETE", Effect.REPLACE)


@builds(_LIST_AS_GROUPS)
def list_as_groups() -> Request[ASGroupList]:
    """ASGroupService.ListASGroups."""
    return Request(_LIST_AS_GROUPS, _SERVICE + "ListASGroups", as_groups.decode_list, as_groups.encode_list())


@builds(_GET_AS_GROUP)
def get_as_group(id: ObjectId) -> Request[ASGroup]:
    """ASGroupService.GetASGroup."""
    return Request(_GET_AS_GROUP, _SERVICE + "GetASGroup", as_groups.decode_get, as_groups.encode_get(id))


@builds(_CREATE_AS_GROUP)
def create_as_group(name: str, asns: Iterable[int | str]) -> Request[ASGroup]:
    """ASGroupService.CreateASGroup."""
    body = as_groups.encode_create(name, asns)
    return Request(_CREATE_AS_GROUP, _SERVICE + "CreateASGroup", as_groups.decode_create, body)


@builds(UPDATE_AS_GROUP)
def update_as_group(id: ObjectId, name: str, asns: Iterable[int | str]) -> Request[ASGroup]:
    """ASGroupService.UpdateASGroup."""
    body = as_groups.encode_update(id, name, asns)
    return Request(UPDATE_AS_GROUP, _SERVICE + "UpdateASGroup", as_groups.decode_update, body)


@builds(_DELETE_AS_GROUP)
def delete_as_group(id: ObjectId) -> Request[None]:
    """ASGroupService.DeleteASGroup."""
    body = as_groups.encode_delete(id)
    return Request(_DELETE_AS_GROUP, _SERVICE + "DeleteASGroup", as_groups.decode_delete, body)
