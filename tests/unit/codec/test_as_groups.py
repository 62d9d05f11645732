"""AS groups on the wire: encoding requests and decoding answers."""

import datetime as dt

import pytest

from kentik_async._codec import as_groups
from kentik_async._generated.as_group import v202212 as wire
from kentik_async.errors import DecodeError, ValidationError
from kentik_async.models import ASGroup, ASGroupList, AutonomousSystem

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

GROUP = ASGroup(
    "0012", "group", (AutonomousSystem(64512, "Example"), AutonomousSystem(LAST := 2**32 - 1)), NOON, None
)

ANSWERS = [
    (as_groups.decode_get, wire.GetASGroupResponse),
    (as_groups.decode_create, wire.CreateASGroupResponse),
    (as_groups.decode_update, wire.UpdateASGroupResponse),
]


def on_the_wire() -> wire.ASGroupDetailed:
    group = wire.ASGroupDetailed(id="0012", name="group")
    group.asn.add(asn=64512, name="Example")
    group.asn.add(asn=LAST)
    group.created_date.FromDatetime(NOON)
    return group


class TestRequests:
    def test_list_is_empty(self) -> None:
        assert as_groups.encode_list() == b""

    def test_get_and_delete_carry_the_id(self) -> None:
        assert wire.GetASGroupRequest.FromString(as_groups.encode_get("0012")).id == "0012"
        assert wire.DeleteASGroupRequest.FromString(as_groups.encode_delete("0012")).id == "0012"

    def test_create_sends_members_as_decimal_texts(self) -> None:
        raw = as_groups.encode_create("group", (number for number in ["AS64512", 1, "1.10"]))
        expected = wire.CreateASGroupRequest()
        expected.as_group.name = "group"
        expected.as_group.asn.extend(["64512", "1", "65546"])
        assert wire.CreateASGroupRequest.FromString(raw) == expected

    def test_update_accepts_a_group_that_was_read(self) -> None:
        raw = as_groups.encode_update(GROUP.id, GROUP.name, GROUP.asn)
        expected = wire.UpdateASGroupRequest()
        expected.as_group.id = "0012"
        expected.as_group.name = "group"
        expected.as_group.asn.extend(["64512", "4294967295"])
        assert wire.UpdateASGroupRequest.FromString(raw) == expected

    @pytest.mark.parametrize(
        ("encode", "field"),
        [
            (lambda: as_groups.encode_get(""), "id"),
            (lambda: as_groups.encode_get(0), "id"),
            (lambda: as_groups.encode_delete(" "), "id"),
            (lambda: as_groups.encode_create("", [1]), "name"),
            (lambda: as_groups.encode_create("x", "64512"), "asns"),
            (lambda: as_groups.encode_create("x", [1, -1]), r"asns\[1\]"),
            (lambda: as_groups.encode_update("", "x", [1]), "id"),
            (lambda: as_groups.encode_update("1", "\t", [1]), "name"),
            (lambda: as_groups.encode_update("1", "x", None), "asns"),
        ],
    )
    def test_what_the_schema_forbids_is_refused_by_name(self, encode, field: str) -> None:
        with pytest.raises(ValidationError, match=f"^{field} must be "):
            encode()

    def test_an_id_may_be_an_integer(self) -> None:
        assert as_groups.encode_get(1003) == as_groups.encode_get("1003")
        assert as_groups.encode_delete(1003) == as_groups.encode_delete("1003")
        assert as_groups.encode_update(1003, "x", [1]) == as_groups.encode_update("1003", "x", [1])


class TestAnswers:
    @pytest.mark.parametrize(("decode", "message"), ANSWERS)
    def test_one_group(self, decode, message) -> None:
        assert decode(message(as_group=on_the_wire()).SerializeToString()) == GROUP

    @pytest.mark.parametrize(("decode", "message"), ANSWERS)
    def test_an_answer_without_a_group_is_refused(self, decode, message) -> None:
        with pytest.raises(DecodeError, match=f"has no AS group.*as_group.*{message.__name__}"):
            decode(b"")
        assert decode(message(as_group=wire.ASGroupDetailed()).SerializeToString()) == ASGroup("", "")

    def test_a_list(self) -> None:
        answer = wire.ListASGroupsResponse(as_groups=[on_the_wire()], invalid_count=7)
        found = as_groups.decode_list(answer.SerializeToString())
        assert isinstance(found, ASGroupList)
        assert found == (GROUP,)
        assert found.invalid_count == 7
        assert as_groups.decode_list(b"").invalid_count == 0

    def test_a_deletion_returns_none(self) -> None:
        assert as_groups.decode_delete(b"") is None

    @pytest.mark.parametrize(
        ("seconds", "nanos", "expected"),
        [
            (0, 0, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
            (-1, 999_999_999, dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)),
            (-62135596800, 0, dt.datetime(1, 1, 1, tzinfo=dt.UTC)),
            (-62135596801, 0, None),
            (253402300800, 0, None),
            (2**63 - 1, 0, None),
            (-(2**63), -(2**31), None),
        ],
    )
    def test_times_outside_the_calendar_are_none(self, seconds: int, nanos: int, expected) -> None:
        group = wire.ASGroupDetailed()
        group.updated_date.seconds, group.updated_date.nanos = seconds, nanos
        found = as_groups.decode_get(wire.GetASGroupResponse(as_group=group).SerializeToString())
        assert found.updated_date == expected
        assert found.created_date is None

    @pytest.mark.parametrize(
        "decode", [as_groups.decode_list, as_groups.decode_delete, *(decode for decode, _ in ANSWERS)]
    )
    def test_broken_bytes_are_refused(self, decode) -> None:
        with pytest.raises(DecodeError, match=r"^cannot read the .*AS group|^cannot read the response"):
            decode(b"\x0a")
