"""Encodes requests and decodes responses about AS groups, API v6 (Kentik KB, AS Group APIs)."""

from collections.abc import Callable, Iterable
from typing import SupportsIndex

from msgspec.structs import replace

from kentik_async._codec._values import from_timestamp, parse
from kentik_async._generated.as_group import v202212 as messages
from kentik_async._validation import valid_asns, valid_name, valid_object_id
from kentik_async.errors import DecodeError
from kentik_async.models import ASGroup, ASGroupList, AutonomousSystem

__all__ = [
    "change_members",
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
    "writable",
]

_OWNER = "an AS group"

ASNs = Iterable[int | str | SupportsIndex | AutonomousSystem]
"""The types of a group's members as arguments; see `valid_asn`."""


def encode_list() -> bytes:
    """Encode the request for all groups."""
    return messages.ListASGroupsRequest().SerializeToString()


def decode_list(raw: bytes) -> ASGroupList:
    """Decode all groups, in the server's order.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    response = parse(messages.ListASGroupsResponse, raw, "the list of AS groups")
    return ASGroupList([_group(group) for group in response.as_groups], invalid_count=response.invalid_count)


def encode_get(id: str | SupportsIndex) -> bytes:
    """Encode the request for one group.

    Raises:
        ValidationError: The id is invalid.
    """
    return messages.GetASGroupRequest(id=valid_object_id(id, _OWNER)).SerializeToString()


def decode_get(raw: bytes) -> ASGroup:
    """Decode the requested group.

    Raises:
        DecodeError: The bytes are not such a response, or it has no group.
    """
    return _group_in(parse(messages.GetASGroupResponse, raw, "the AS group"))


def encode_create(name: str, asns: ASNs) -> bytes:
    """Encode the request that creates a group.

    Raises:
        ValidationError: The name is blank, or a member is not an AS number.
    """
    group = messages.ASGroupConcise(name=valid_name(name), asn=[str(asn) for asn in valid_asns(asns)])
    return messages.CreateASGroupRequest(as_group=group).SerializeToString()


def decode_create(raw: bytes) -> ASGroup:
    """Decode the created group.

    Raises:
        DecodeError: The bytes are not such a response, or it has no group.
    """
    return _group_in(parse(messages.CreateASGroupResponse, raw, "the created AS group"))


def encode_update(id: str | SupportsIndex, name: str, asns: ASNs) -> bytes:
    """Encode the request that replaces a group's name and members.

    Raises:
        ValidationError: The id is invalid, the name is blank, or a member is not an AS number.
    """
    group = messages.ASGroupConcise(
        id=valid_object_id(id, _OWNER), name=valid_name(name), asn=[str(asn) for asn in valid_asns(asns)]
    )
    return messages.UpdateASGroupRequest(as_group=group).SerializeToString()


def decode_update(raw: bytes) -> ASGroup:
    """Decode the group after the update.

    Raises:
        DecodeError: The bytes are not such a response, or it has no group.
    """
    return _group_in(parse(messages.UpdateASGroupResponse, raw, "the updated AS group"))


def change_members(added: ASNs, removed: ASNs) -> Callable[[ASGroup], ASGroup]:
    """Return a function that appends some members to a group and removes others.

    Raises:
        ValidationError: A member is not an AS number.
    """
    new, old = valid_asns(added), frozenset(valid_asns(removed))

    def change(group: ASGroup) -> ASGroup:
        members = {member.asn: member for member in (*map(AutonomousSystem, new), *group.asn)}
        order = dict.fromkeys([*(member.asn for member in group.asn), *new])
        return replace(group, asn=tuple([members[asn] for asn in order if asn not in old]))

    return change


def writable(group: ASGroup) -> ASGroup:
    """Return a group without the values that only the server sets: names of networks, and times."""
    members = tuple([AutonomousSystem(member.asn) for member in group.asn])
    return replace(group, asn=members, created_date=None, updated_date=None)


def encode_delete(id: str | SupportsIndex) -> bytes:
    """Encode the request that deletes a group.

    Raises:
        ValidationError: The id is invalid.
    """
    return messages.DeleteASGroupRequest(id=valid_object_id(id, _OWNER)).SerializeToString()


def decode_delete(raw: bytes) -> None:
    """Check the response to a deletion, which has no content.

    Raises:
        DecodeError: The bytes are not such a response.
    """
    parse(messages.DeleteASGroupResponse, raw, "the response to the deletion")


def _group_in(
    response: messages.GetASGroupResponse | messages.CreateASGroupResponse | messages.UpdateASGroupResponse,
) -> ASGroup:
    if not response.HasField("as_group"):
        # A group of default values would have a blank id, which no later call accepts.
        raise DecodeError(
            f"the response has no AS group: the field as_group of {type(response).__name__} is missing"
        )
    return _group(response.as_group)


def _group(group: messages.ASGroupDetailed) -> ASGroup:
    return ASGroup(
        id=group.id,
        name=group.name,
        asn=tuple([AutonomousSystem(member.asn, member.name) for member in group.asn]),
        created_date=from_timestamp(group.created_date) if group.HasField("created_date") else None,
        updated_date=from_timestamp(group.updated_date) if group.HasField("updated_date") else None,
    )
