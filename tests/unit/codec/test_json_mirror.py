"""Messages and their JSON, as in json_format, and URLs by the rules of google.api.http."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    UninterpretedOption,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass, GetMessageClassesForFiles
from google.protobuf.struct_pb2 import Struct
from hypothesis import given, settings
from hypothesis import strategies as st

from kentik_async import ConfigError, DecodeError, ValidationError
from kentik_async._codec.json_mirror import from_json, to_json
from kentik_async._generated._runtime import MethodSpec
from kentik_async._generated.as_group.v202212 import (
    ASGroupConcise,
    ASGroupServiceStub,
    ListASGroupsResponse,
    UpdateASGroupRequest,
)
from kentik_async._generated.kmi.v202212 import (
    GetASNInsightsRequest,
    GetRankingsRequest,
    GetRankingsResponse,
    KmiServiceStub,
)

GET_RANKINGS = KmiServiceStub.METHODS["GetRankings"]
GET_INSIGHTS = KmiServiceStub.METHODS["GetASNInsights"]
LIST_GROUPS = ASGroupServiceStub.METHODS["ListASGroups"]
UPDATE_GROUP = ASGroupServiceStub.METHODS["UpdateASGroup"]
DELETE_GROUP = ASGroupServiceStub.METHODS["DeleteASGroup"]


def rpc_of(message: type[Any], **options: Any) -> MethodSpec:
    """An RPC with this message as its request and response."""
    return replace(GET_RANKINGS, request=message, response=message, **options)


def decoded(rpc: MethodSpec, document: Any) -> Any:
    return rpc.response.FromString(from_json(rpc, msgspec.json.encode(document)))


# Values that some field accepts, and values that no field accepts.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "5", "-5", "1.0", "NaN", "x", "TYPE_INT32", "2026-01-02T03:04:05.5Z", "AAAA", "٣"]
    ),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


def objects(message: type[Any], depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """JSON objects with the message's own names, and sometimes a value of another type."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in message.DESCRIPTOR.fields:
        value = VALUES
        if field.message_type is not None and depth:
            inner = objects(GetMessageClass(field.message_type), depth - 1)
            value = st.one_of(VALUES, inner, st.lists(inner, max_size=2))
        fields[field.json_name] = value
    return st.fixed_dictionaries({}, optional={**fields, "unknown": VALUES})


def _union() -> dict[str, type[Any]]:
    """Return the classes of a message with a value that may be null, and a oneof, by name.

    All of them must be kept: protobuf 4.22 has only a weak reference to the class of a nested message.
    """
    file = FileDescriptorProto(name="union.proto", syntax="proto3", package="tests.union")
    file.dependency.append("google/protobuf/struct.proto")
    message = file.message_type.add(name="Union")
    message.oneof_decl.add(name="kind")
    value, null = ".google.protobuf.Value", ".google.protobuf.NullValue"
    message.field.add(name="any_value", number=1, label=1, type=11, type_name=value)
    message.field.add(name="values", number=2, label=3, type=11, type_name=value)
    message.field.add(name="nothing", number=3, label=1, type=14, type_name=null, oneof_index=0)
    message.field.add(name="other_text", number=4, label=1, type=9, oneof_index=0)
    pool = DescriptorPool()
    pool.AddSerializedFile(Struct.DESCRIPTOR.file.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClassesForFiles(["google/protobuf/struct.proto", file.name], pool)


CLASSES = _union()
UNION = CLASSES["tests.union.Union"]


@pytest.mark.parametrize(
    "document",
    [
        {"anyValue": None, "values": [None, 1]},
        {"nothing": None},
        {"nothing": "NULL_VALUE"},
        {"otherText": None},
        {"otherText": "a", "other_text": None},
    ],
)
def test_nulls_keep_their_meaning(document: dict[str, Any]) -> None:
    expected = json_format.ParseDict(document, UNION())
    assert decoded(rpc_of(UNION), document) == expected


@pytest.mark.parametrize(
    "document", [{"nothing": 0, "otherText": "a"}, {"otherText": "a", "other_text": "b"}]
)
def test_two_members_of_a_oneof_are_an_error(document: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match="oneof"):
        decoded(rpc_of(UNION), document)


@pytest.mark.parametrize(
    "message",
    [GetRankingsResponse, ListASGroupsResponse, DescriptorProto, UninterpretedOption, Struct, UNION],
)
def test_json_means_what_json_format_makes_of_it(message: type[Any]) -> None:
    @settings(max_examples=50)
    @given(objects(message))
    def same(document: dict[str, Any]) -> None:
        try:
            expected = json_format.ParseDict(document, message(), ignore_unknown_fields=True)
        except Exception:  # noqa: BLE001 (json_format raises Python's own errors, too)
            with pytest.raises(DecodeError):
                from_json(rpc_of(message), msgspec.json.encode(document))
        else:
            assert decoded(rpc_of(message), document) == expected

    same()


def test_presence_and_spellings_are_kept() -> None:
    document = {
        "rankings": [
            {"asn": "64512", "rank": 0, "rankChange": 4294967295, "tomorrow": {"x": []}},
            {"rank_change": 1, "name": None},
        ],
        "invalidCount": 3,
    }
    found = decoded(GET_RANKINGS, document)
    first, second = found.rankings
    assert (first.asn, first.rank, first.HasField("rank"), first.HasField("score")) == (64512, 0, True, False)
    assert first.rank_change == 4294967295
    assert (second.HasField("asn"), second.rank_change, second.name) == (False, 1, "")
    assert found.invalid_count == 3


def test_timestamps() -> None:
    group = {"id": "1", "createdDate": "2023-11-14T22:13:20.500Z", "updatedDate": "2023-11-14T23:13:20+01:00"}
    (found,) = decoded(LIST_GROUPS, {"asGroups": [group]}).as_groups
    assert (found.created_date.seconds, found.created_date.nanos) == (1_700_000_000, 500_000_000)
    assert found.updated_date.seconds == 1_700_000_000


def test_enums_and_long_numbers() -> None:
    field = rpc_of(FieldDescriptorProto)
    assert decoded(field, {"type": "TYPE_INT64"}).type == FieldDescriptorProto.TYPE_INT64
    assert decoded(field, {"type": 3}).type == FieldDescriptorProto.TYPE_INT64
    option = rpc_of(UninterpretedOption)
    assert decoded(option, {"positiveIntValue": "18446744073709551615"}).positive_int_value == 2**64 - 1
    assert decoded(option, {"negativeIntValue": "-5", "doubleValue": 1}).negative_int_value == -5


def test_messages_that_contain_themselves() -> None:
    nested = {"messageType": [{"name": "A", "nestedType": [{"name": "B", "nestedType": [{"name": "C"}]}]}]}
    found = decoded(rpc_of(FileDescriptorProto), nested)
    assert found.message_type[0].nested_type[0].nested_type[0].name == "C"


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b" ", b"{", b"null", b"[]", b"7", b"\xff", b"<html>Log in</html>", b'{"rankings": 7}'),
        *(b'{"rankings": [null]}', b'{"rankings": [{"asn": -1}]}', b'{"rankings": [{"name": 5}]}'),
        *(b'{"rankings": [{"name": "\\ud800"}]}', b'{"rankings":' + b"[" * 100_000),
    ],
)
def test_what_is_no_response_is_a_decode_error(raw: bytes) -> None:
    with pytest.raises(DecodeError, match="cannot read the response"):
        from_json(GET_RANKINGS, raw)


def test_a_message_without_fields_may_be_empty() -> None:
    assert from_json(DELETE_GROUP, b"") == from_json(DELETE_GROUP, b"{}") == b""


def test_a_body_has_the_fields_that_are_not_in_the_path() -> None:
    request = UpdateASGroupRequest(as_group=ASGroupConcise(id="5/6", name="x", asn=["1"]))
    sent = to_json(UPDATE_GROUP, request.SerializeToString())
    assert (sent.path, sent.params) == ("/as_group/v202212/as_group/5%2F6", ())
    assert msgspec.json.decode(sent.body) == {"asGroup": {"name": "x", "asn": ["1"]}}


def test_a_body_may_be_one_field() -> None:
    request = UpdateASGroupRequest(as_group=ASGroupConcise(id="5", name="x", asn=["1"]))
    sent = to_json(replace(UPDATE_GROUP, body="as_group"), request.SerializeToString())
    assert (sent.params, sent.body) == ((), b'{"name":"x","asn":["1"]}')


def test_without_a_body_fields_are_parameters() -> None:
    request = GetASNInsightsRequest(asn="1", limit=0, types=["a", "b"])
    sent = to_json(GET_INSIGHTS, request.SerializeToString())
    assert sent.path == "/kmi/v202212/insights/1"
    assert sent.params == (("limit", "0"), ("types", "a"), ("types", "b"))
    assert sent.body == b""


def test_inner_fields_and_booleans_as_parameters() -> None:
    rpc = rpc_of(FileDescriptorProto, http_path="/x", body="")
    message = FileDescriptorProto(options={"java_package": "p", "deprecated": True}, name="n")
    sent = to_json(rpc, message.SerializeToString())
    assert sent.params == (("name", "n"), ("options.java_package", "p"), ("options.deprecated", "true"))
    with pytest.raises(ValidationError, match="list of messages"):
        to_json(rpc, FileDescriptorProto(message_type=[{"name": "x"}]).SerializeToString())


@pytest.mark.parametrize("market", ["", ".", ".."])
def test_a_value_that_changes_the_path_is_refused(market: str) -> None:
    request = GetRankingsRequest(market_id=market, rank_type="customer_base", ip="v4")
    with pytest.raises(ValidationError, match="market_id must not be"):
        to_json(GET_RANKINGS, request.SerializeToString())


def test_an_rpc_without_a_path_needs_grpc() -> None:
    with pytest.raises(ConfigError, match="transport='grpc'"):
        to_json(replace(GET_RANKINGS, http_path=""), b"")
