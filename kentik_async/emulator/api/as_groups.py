"""The five AS group calls: from the request's message to the answer's bytes."""

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp

from kentik_async._generated.as_group import v202212 as pb
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.customer import Group
from kentik_async.emulator.world.state import State

__all__ = ["create_group", "delete_group", "get_group", "list_groups", "update_group"]


def list_groups(state: State, customer: str, request: pb.ListASGroupsRequest) -> bytes:
    """Answer ListASGroups."""
    del request
    groups = [_detailed(state, group) for group in state.company(customer).groups.values()]
    return pb.ListASGroupsResponse(as_groups=groups).SerializeToString()


def get_group(state: State, customer: str, request: pb.GetASGroupRequest) -> bytes:
    """Answer GetASGroup.

    Raises:
        AnswerError: There is no such group.
    """
    group = state.company(customer).group(request.id)
    return pb.GetASGroupResponse(as_group=_detailed(state, group)).SerializeToString()


def create_group(state: State, customer: str, request: pb.CreateASGroupRequest) -> bytes:
    """Answer CreateASGroup.

    Raises:
        AnswerError: The name is blank or taken, or a number is none.
    """
    name, asns = _wanted(request.as_group)
    group = state.company(customer).create_group(name, asns)
    return pb.CreateASGroupResponse(as_group=_detailed(state, group)).SerializeToString()


def update_group(state: State, customer: str, request: pb.UpdateASGroupRequest) -> bytes:
    """Answer UpdateASGroup, which replaces name and numbers both.

    Raises:
        AnswerError: There is no such group, the name is blank or taken, or a number is none.
    """
    name, asns = _wanted(request.as_group)
    group = state.company(customer).update_group(request.as_group.id, name, asns)
    return pb.UpdateASGroupResponse(as_group=_detailed(state, group)).SerializeToString()


def delete_group(state: State, customer: str, request: pb.DeleteASGroupRequest) -> bytes:
    """Answer DeleteASGroup.

    Raises:
        AnswerError: There is no such group.
    """
    state.company(customer).delete_group(request.id)
    return pb.DeleteASGroupResponse().SerializeToString()


def _wanted(group: pb.ASGroupConcise) -> tuple[str, tuple[int, ...]]:
    if not group.name.strip():
        raise AnswerError("INVALID_ARGUMENT", "as_group.name is required")
    for text in group.asn:
        if not (text.isascii() and text.isdigit() and int(text) <= 0xFFFFFFFF):
            raise AnswerError("INVALID_ARGUMENT", f"as_group.asn holds {text!r}: give decimal AS numbers")
    return group.name, tuple(dict.fromkeys(int(text) for text in group.asn))


def _detailed(state: State, group: Group) -> pb.ASGroupDetailed:
    return pb.ASGroupDetailed(
        id=group.id,
        name=group.name,
        asn=[pb.AutonomousSystem(asn=asn, name=state.data.name(asn)) for asn in group.asns],
        created_date=_timestamp(group.created),
        updated_date=_timestamp(group.updated),
    )


def _timestamp(moment: dt.datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
