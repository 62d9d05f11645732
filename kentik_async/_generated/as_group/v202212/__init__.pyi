"""kentik.as_group.v202212: its messages, enums, stubs and servicers.

Written by `kentik-async codegen`; changes made here are lost.
"""

from ..._runtime import Channel as _Channel
from ..._runtime import MethodSpec as _MethodSpec
from ..._runtime import UnaryUnary as _UnaryUnary
from collections.abc import Awaitable as _Awaitable
from collections.abc import Iterable as _Iterable
from collections.abc import Mapping as _Mapping
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer as _RepeatedCompositeFieldContainer
from google.protobuf.internal.containers import RepeatedScalarFieldContainer as _RepeatedScalarFieldContainer
from google.protobuf.message import Message as _Message
from grpc.aio import Server as _Server
from grpc.aio import ServicerContext as _ServicerContext
from typing import Any as _Any
from typing import ClassVar as _ClassVar
from typing import Literal as _Literal
from typing import Self as _Self

class AutonomousSystem(_Message):
    """A member of a group in a response."""
    ASN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    asn: int
    name: str
    """The name of the number; empty if it has none."""
    def __init__(
        self,
        *,
        asn: int | None = None,
        name: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["asn", "name"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ASGroupConcise(_Message):
    """A group in a request."""
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ASN_FIELD_NUMBER: _ClassVar[int]
    CREATED_DATE_FIELD_NUMBER: _ClassVar[int]
    UPDATED_DATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    """Set by the server; empty in a create request."""
    name: str
    @property
    def asn(self) -> _RepeatedScalarFieldContainer[str]:
        """Decimal AS numbers, as text."""
    @property
    def created_date(self) -> _timestamp_pb2.Timestamp: ...
    @property
    def updated_date(self) -> _timestamp_pb2.Timestamp: ...
    def __init__(
        self,
        *,
        id: str | None = None,
        name: str | None = None,
        asn: _Iterable[str] | None = None,
        created_date: _timestamp_pb2.Timestamp | None = None,
        updated_date: _timestamp_pb2.Timestamp | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["created_date", "updated_date"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn", "created_date", "id", "name", "updated_date"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ASGroupDetailed(_Message):
    """A group in a response: the members have names."""
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ASN_FIELD_NUMBER: _ClassVar[int]
    CREATED_DATE_FIELD_NUMBER: _ClassVar[int]
    UPDATED_DATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    @property
    def asn(self) -> _RepeatedCompositeFieldContainer[AutonomousSystem]: ...
    @property
    def created_date(self) -> _timestamp_pb2.Timestamp: ...
    @property
    def updated_date(self) -> _timestamp_pb2.Timestamp: ...
    def __init__(
        self,
        *,
        id: str | None = None,
        name: str | None = None,
        asn: _Iterable[AutonomousSystem] | None = None,
        created_date: _timestamp_pb2.Timestamp | None = None,
        updated_date: _timestamp_pb2.Timestamp | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["created_date", "updated_date"]) -> bool: ...
    def ClearField(self, field_name: _Literal["asn", "created_date", "id", "name", "updated_date"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ListASGroupsRequest(_Message):
    def __init__(self) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ListASGroupsResponse(_Message):
    AS_GROUPS_FIELD_NUMBER: _ClassVar[int]
    INVALID_COUNT_FIELD_NUMBER: _ClassVar[int]
    @property
    def as_groups(self) -> _RepeatedCompositeFieldContainer[ASGroupDetailed]: ...
    invalid_count: int
    """The number of groups that the server could not render and omitted."""
    def __init__(
        self,
        *,
        as_groups: _Iterable[ASGroupDetailed] | None = None,
        invalid_count: int | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["as_groups", "invalid_count"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetASGroupRequest(_Message):
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(
        self,
        *,
        id: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["id"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class GetASGroupResponse(_Message):
    AS_GROUP_FIELD_NUMBER: _ClassVar[int]
    @property
    def as_group(self) -> ASGroupDetailed: ...
    def __init__(
        self,
        *,
        as_group: ASGroupDetailed | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["as_group"]) -> bool: ...
    def ClearField(self, field_name: _Literal["as_group"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class CreateASGroupRequest(_Message):
    AS_GROUP_FIELD_NUMBER: _ClassVar[int]
    @property
    def as_group(self) -> ASGroupConcise: ...
    def __init__(
        self,
        *,
        as_group: ASGroupConcise | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["as_group"]) -> bool: ...
    def ClearField(self, field_name: _Literal["as_group"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class CreateASGroupResponse(_Message):
    AS_GROUP_FIELD_NUMBER: _ClassVar[int]
    @property
    def as_group(self) -> ASGroupDetailed: ...
    def __init__(
        self,
        *,
        as_group: ASGroupDetailed | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["as_group"]) -> bool: ...
    def ClearField(self, field_name: _Literal["as_group"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class UpdateASGroupRequest(_Message):
    AS_GROUP_FIELD_NUMBER: _ClassVar[int]
    @property
    def as_group(self) -> ASGroupConcise:
        """The whole group: omitted fields become empty. `id` selects the group."""
    def __init__(
        self,
        *,
        as_group: ASGroupConcise | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["as_group"]) -> bool: ...
    def ClearField(self, field_name: _Literal["as_group"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class UpdateASGroupResponse(_Message):
    AS_GROUP_FIELD_NUMBER: _ClassVar[int]
    @property
    def as_group(self) -> ASGroupDetailed: ...
    def __init__(
        self,
        *,
        as_group: ASGroupDetailed | None = None,
    ) -> None: ...
    def HasField(self, field_name: _Literal["as_group"]) -> bool: ...
    def ClearField(self, field_name: _Literal["as_group"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class DeleteASGroupRequest(_Message):
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(
        self,
        *,
        id: str | None = None,
    ) -> None: ...
    def ClearField(self, field_name: _Literal["id"]) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class DeleteASGroupResponse(_Message):
    def __init__(self) -> None: ...
    def to_dict(self, *, json_names: bool = ...) -> dict[str, _Any]: ...
    @classmethod
    def from_dict(cls, data: _Mapping[str, _Any], *, ignore_unknown_fields: bool = ...) -> _Self: ...

class ASGroupServiceStub:
    """Reads and changes the AS groups of one customer."""
    METHODS: _ClassVar[dict[str, _MethodSpec]]
    def __init__(self, channel: _Channel) -> None: ...
    list_as_groups: _UnaryUnary[ListASGroupsRequest, ListASGroupsResponse]
    """All groups."""
    ListASGroups: _UnaryUnary[ListASGroupsRequest, ListASGroupsResponse]
    """All groups."""
    get_as_group: _UnaryUnary[GetASGroupRequest, GetASGroupResponse]
    """One group."""
    GetASGroup: _UnaryUnary[GetASGroupRequest, GetASGroupResponse]
    """One group."""
    create_as_group: _UnaryUnary[CreateASGroupRequest, CreateASGroupResponse]
    """Creates a group; the response has its id."""
    CreateASGroup: _UnaryUnary[CreateASGroupRequest, CreateASGroupResponse]
    """Creates a group; the response has its id."""
    update_as_group: _UnaryUnary[UpdateASGroupRequest, UpdateASGroupResponse]
    """Replaces a group."""
    UpdateASGroup: _UnaryUnary[UpdateASGroupRequest, UpdateASGroupResponse]
    """Replaces a group."""
    delete_as_group: _UnaryUnary[DeleteASGroupRequest, DeleteASGroupResponse]
    """Deletes a group."""
    DeleteASGroup: _UnaryUnary[DeleteASGroupRequest, DeleteASGroupResponse]
    """Deletes a group."""

class ASGroupServiceServicer:
    """Reads and changes the AS groups of one customer."""
    def ListASGroups(
        self, request: ListASGroupsRequest, context: _ServicerContext[ListASGroupsRequest, ListASGroupsResponse]
    ) -> _Awaitable[ListASGroupsResponse]: ...
    def GetASGroup(
        self, request: GetASGroupRequest, context: _ServicerContext[GetASGroupRequest, GetASGroupResponse]
    ) -> _Awaitable[GetASGroupResponse]: ...
    def CreateASGroup(
        self, request: CreateASGroupRequest, context: _ServicerContext[CreateASGroupRequest, CreateASGroupResponse]
    ) -> _Awaitable[CreateASGroupResponse]: ...
    def UpdateASGroup(
        self, request: UpdateASGroupRequest, context: _ServicerContext[UpdateASGroupRequest, UpdateASGroupResponse]
    ) -> _Awaitable[UpdateASGroupResponse]: ...
    def DeleteASGroup(
        self, request: DeleteASGroupRequest, context: _ServicerContext[DeleteASGroupRequest, DeleteASGroupResponse]
    ) -> _Awaitable[DeleteASGroupResponse]: ...

def add_ASGroupServiceServicer_to_server(
    servicer: ASGroupServiceServicer, server: _Server
) -> None: ...
