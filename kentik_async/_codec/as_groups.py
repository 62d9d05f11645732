"""AS groups on the wire of API v6 (Kentik KB, AS Group APIs)."""

from collections.abc import Iterable
from typing import SupportsIndex

from kentik_async._codec._protobuf import reading
from kentik_async._codec._times import from_timestamp
from kentik_async._generated.as_group import v202212 as wire
from kentik_async._validation import valid_as_group_id, valid_asns, valid_name
from kentik_async.errors import DecodeError
from kentik_async.models import ASGroup, ASGroupList, AutonomousSystem

__all__ = [
    "decode_create",
    "decode_delete",
    "decode_get",
    "decode_list",
    "decode_update",
    "encode_create",
    "encode_delete",
    "encode_get",
    "encode_list",
    "encode_update",
]

ASNs = Iterable[int | str | SupportsIndex | AutonomousSystem]
"""What the members of a group may be given as; `valid_asn` has the details."""


def encode_list() -> bytes:
    """The request for all groups."""
    return wire.ListASGroupsRequest().SerializeToString()


def decode_list(raw: bytes) -> ASGroupList:
    """All groups, in the server's order.

    Raises:
        DecodeError: The bytes are no such answer.
    """
    with reading("the list of AS groups"):
        answer = wire.ListASGroupsResponse.FromString(raw)
    return ASGroupList([_group(group) for group in answer.as_groups], invalid_count=answer.invalid_count)


def encode_get(id: str) -> bytes:
    """The request for one group.

    Raises:
        ValidationError: The id is blank.
    """
    return wire.GetASGroupRequest(id=valid_as_group_id(id)).SerializeToString()


def decode_get(raw: bytes) -> ASGroup:
    """The group that was asked for.

    Raises:
        DecodeError: The bytes are no such answer, or it holds no group.
    """
    with reading("the AS group"):
        return _answered(wire.GetASGroupResponse.FromString(raw))


def encode_create(name: str, asns: ASNs) -> bytes:
    """The request that makes a group.

    Raises:
        ValidationError: The name is blank, or a member is no AS number.
    """
    group = wire.ASGroupConcise(name=valid_name(name), asn=[str(asn) for asn in valid_asns(asns)])
    return wire.CreateASGroupRequest(as_group=group).SerializeToString()


def decode_create(raw: bytes) -> ASGroup:
    """The group that was made.

    Raises:
        DecodeError: The bytes are no such answer, or it holds no group.
    """
    with reading("the created AS group"):
        return _answered(wire.CreateASGroupResponse.FromString(raw))


def encode_update(id: str, name: str, asns: ASNs) -> bytes:
    """The request that replaces a group's name and members.

    Raises:
        ValidationError: The id or the name is blank, or a member is no AS number.
    """
    group = wire.ASGroupConcise(
        id=valid_as_group_id(id), name=valid_name(name), asn=[str(asn) for asn in valid_asns(asns)]
    )
    return wire.UpdateASGroupRequest(as_group=group).SerializeToString()


def decode_update(raw: bytes) -> ASGroup:
    """The group as it is after the update.

    Raises:
        DecodeError: The bytes are no such answer, or it holds no group.
    """
    with reading("the updated AS group"):
        return _answered(wire.UpdateASGroupResponse.FromString(raw))


def encode_delete(id: str) -> bytes:
    """The request that deletes a group.

    Raises:
        ValidationError: The id is blank.
    """
    return wire.DeleteASGroupRequest(id=valid_as_group_id(id)).SerializeToString()


def decode_delete(raw: bytes) -> None:
    """The answer to a deletion holds nothing; it must only be one.

    Raises:
        DecodeError: The bytes are no such answer.
    """
    with reading("the answer to the deletion"):
        wire.DeleteASGroupResponse.FromString(raw)


def _answered(
    answer: wire.GetASGroupResponse | wire.CreateASGroupResponse | wire.UpdateASGroupResponse,
) -> ASGroup:
    if not answer.HasField("as_group"):
        # Made up from defaults, it would be a group with a blank id, of no use to any later call.
        raise DecodeError(
            f"the answer holds no AS group: its field as_group is missing ({type(answer).__name__})"
        )
    return _group(answer.as_group)


def _group(group: wire.ASGroupDetailed) -> ASGroup:
    return ASGroup(
        id=group.id,
        name=group.name,
        asn=tuple([AutonomousSystem(member.asn, member.name) for member in group.asn]),
        created_date=from_timestamp(group.created_date) if group.HasField("created_date") else None,
        updated_date=from_timestamp(group.updated_date) if group.HasField("updated_date") else None,
    )
