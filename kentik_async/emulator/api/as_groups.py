"""Handlers of the five AS group calls: from the request message to the serialized answer."""

import datetime as dt

from google.protobuf.timestamp_pb2 import Timestamp

from kentik_async._generated.as_group import v202212 as pb
from kentik_async.emulator.api.numbers import decimal
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.customer import StoredGroup
from kentik_async.emulator.world.state import EmulatorState

__all__ = ["create_group", "delete_group", "get_group", "list_groups", "update_group"]


def list_groups(state: EmulatorState, customer: str, request: pb.ListASGroupsRequest) -> bytes:
    """Answer ListASGroups."""
    del request
    groups = [_detailed(state, group) for group in state.customer_data(customer).groups.values()]
    return pb.ListASGroupsResponse(as_groups=groups).SerializeToString()


def get_group(state: EmulatorState, customer: str, request: pb.GetASGroupRequest) -> bytes:
    """Answer GetASGroup.

    Raises:
        AnswerError: There is no such group.
    """
    group = state.customer_data(customer).group(request.id)
    return pb.GetASGroupResponse(as_group=_detailed(state, group)).SerializeToString()


def create_group(state: EmulatorState, customer: str, request: pb.CreateASGroupRequest) -> bytes:
    """Answer CreateASGroup.

    Raises:
        AnswerError: The name is blank or in use, or a member is not an AS number.
    """
    name, asns = _wanted(request.as_group)
    group = state.customer_data(customer).create_group(name, asns)
    return pb.CreateASGroupResponse(as_group=_detailed(state, group)).SerializeToString()


def update_group(state: EmulatorState, customer: str, request: pb.UpdateASGroupRequest) -> bytes:
    """Answer UpdateASGroup, which replaces both the name and the members.

    Raises:
        AnswerError: There is no such group, the name is blank or in use, or a member is not an AS number.
    """
    name, asns = _wanted(request.as_group)
    group = state.customer_data(customer).update_group(request.as_group.id, name, asns)
    return pb.UpdateASGroupResponse(as_group=_detailed(state, group)).SerializeToString()


def delete_group(state: EmulatorState, customer: str, request: pb.DeleteASGroupRequest) -> bytes:
    """Answer DeleteASGroup.

    Raises:
        AnswerError: There is no such group.
    """
    state.customer_data(customer).delete_group(request.id)
    return pb.DeleteASGroupResponse().SerializeToString()


def _wanted(group: pb.ASGroupConcise) -> tuple[str, tuple[int, ...]]:
    if not group.name.strip():
        raise AnswerError("INVALID_ARGUMENT", "as_group.name is required")
    asns: dict[int, None] = {}
    for text in group.asn:
        asn = decimal(text)
        if asn is None or asn > 0xFFFFFFFF:
            raise AnswerError(
                "INVALID_ARGUMENT", f"as_group.asn must contain decimal AS numbers; got {text[:60]!r}"
            )
        asns[asn] = None
    return group.name, tuple(asns)


def _detailed(state: EmulatorState, group: StoredGroup) -> pb.ASGroupDetailed:
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
