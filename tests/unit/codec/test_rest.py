"""Sites and plans on the wire: strict encoding, lenient decoding, errors on one line."""

import datetime as dt
import json

import pytest

from kentik_async._codec import plans, sites
from kentik_async.errors import DecodeError, ValidationError
from kentik_async.models import Plan, PlanDevice, PlanDeviceType, Records, Site

LAX = Site(2, "LAX", 33.7700504, -118.1937395, 1289)
LAX_BODY = {"id": 2, "site_name": "LAX", "lat": 33.7700504, "lon": -118.1937395, "company_id": 1289}

PLAN_BODY = {
    "id": 550,
    "company_id": 1289,
    "name": "Default",
    "description": "words",
    "active": True,
    "max_devices": 75,
    "max_fps": 4000,
    "bgp_enabled": True,
    "fast_retention": 120,
    "full_retention": 120,
    "cdate": "2016-10-27T00:35:42.652Z",
    "edate": None,
    "max_bigdata_fps": 30,
    "deviceTypes": [{"device_subtype": "router"}, {"device_subtype": "host-nprobe-basic"}],
    "devices": [{"device_name": "superx4", "device_subtype": "router", "id": "1206"}],
}

PLAN = Plan(
    id=550,
    company_id=1289,
    name="Default",
    description="words",
    active=True,
    max_devices=75,
    max_fps=4000,
    bgp_enabled=True,
    fast_retention=120,
    full_retention=120,
    cdate=dt.datetime(2016, 10, 27, 0, 35, 42, 652000, tzinfo=dt.UTC),
    max_bigdata_fps=30,
    device_types=(PlanDeviceType("router"), PlanDeviceType("host-nprobe-basic")),
    devices=(PlanDevice(1206, "superx4", "router"),),
)


def site(**changes) -> Site:
    return sites.decode_site(json.dumps({"site": LAX_BODY | changes}).encode())


def plan(**changes) -> Plan:
    (found,) = plans.decode_list(json.dumps({"plans": [PLAN_BODY | changes]}).encode())
    return found


class TestSiteRequests:
    def test_create_is_compact_and_writes_numbers(self) -> None:
        raw = sites.encode_create("LAX", "33.7700504", -118)
        assert raw == b'{"site":{"site_name":"LAX","lat":33.7700504,"lon":-118.0}}'

    def test_update_sends_only_what_is_given(self) -> None:
        assert sites.encode_update(site_name="SFO") == b'{"site":{"site_name":"SFO"}}'
        assert json.loads(sites.encode_update(lat=0, lon="0")) == {"site": {"lat": 0, "lon": 0}}

    def test_an_update_must_change_something(self) -> None:
        with pytest.raises(ValidationError, match="at least one of site_name, lat, lon"):
            sites.encode_update()

    def test_the_path_is_a_number_alone(self) -> None:
        assert sites.site_path(123) == sites.site_path("123") == "/site/123"
        for bad in ("1/2", "..", "", 0, "1?x=1", "1#"):
            with pytest.raises(ValidationError, match=r"^id must be"):
                sites.site_path(bad)

    @pytest.mark.parametrize(
        ("encode", "field"),
        [
            (lambda: sites.encode_create("ab", 0, 0), "site_name"),
            (lambda: sites.encode_create("abc", 91, 0), "lat"),
            (lambda: sites.encode_create("abc", 0, None), "lon"),
            (lambda: sites.encode_update(site_name="x!"), "site_name"),
            (lambda: sites.encode_update(lat="north"), "lat"),
            (lambda: sites.encode_update(lon=float("nan")), "lon"),
        ],
    )
    def test_what_the_vendor_forbids_is_refused_by_name(self, encode, field: str) -> None:
        with pytest.raises(ValidationError, match=f"^{field} must be "):
            encode()


class TestSiteAnswers:
    def test_wrapped_and_bare(self) -> None:
        assert sites.decode_site(json.dumps({"site": LAX_BODY}).encode()) == LAX
        assert sites.decode_site(json.dumps(LAX_BODY).encode()) == LAX

    def test_a_list(self) -> None:
        found = sites.decode_list(json.dumps({"sites": [LAX_BODY, {"id": "3"}]}).encode())
        assert found == (LAX, Site(3))
        assert isinstance(found, Records)
        assert sites.decode_list(b'{"sites":[]}').to_arrow().num_columns == 5

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"id": "2", "company_id": "1289"}, {}),
            ({"id": 2.0}, {}),
            ({"lat": "33.7700504", "lon": "-118.1937395"}, {}),
            ({"lat": None, "lon": None}, {"lat": None, "lon": None}),
            ({"lat": 0}, {"lat": 0.0}),
            ({"lat": 1234.5}, {"lat": 1234.5}),
            ({"site_name": None}, {"site_name": None}),
            ({"site_name": "no-such: näme"}, {"site_name": "no-such: näme"}),
            ({"added_later": [{"x": 1}]}, {}),
        ],
        ids=repr,
    )
    def test_are_read_leniently(self, changes, expected) -> None:
        values = {name: getattr(LAX, name) for name in LAX.__struct_fields__} | expected
        assert site(**changes) == Site(**values)

    @pytest.mark.parametrize(
        ("changes", "where", "expected", "found"),
        [
            ({"id": True}, "$.site.id", "int", "bool"),
            ({"id": None}, "$.site.id", "int", "null"),
            ({"id": "x"}, "$.site.id", "int", "str"),
            ({"id": 1.5}, "$.site.id", "int", "float"),
            ({"id": 2**70}, "$.site.id", "9223372036854775807", ""),
            ({"lat": True}, "$.site.lat", "float", "bool"),
            ({"lat": [1]}, "$.site.lat", "float", "array"),
            ({"lat": "north"}, "$.site.lat", "float", "str"),
            ({"lon": "NaN"}, "$.site.lon", "float", ""),
            ({"lon": "-Infinity"}, "$.site.lon", "float", ""),
            ({"site_name": 5}, "$.site.site_name", "str", "int"),
            ({"site_name": {}}, "$.site.site_name", "str", "object"),
        ],
        ids=repr,
    )
    def test_a_wrong_value_is_refused_with_its_place(self, changes, where, expected, found) -> None:
        with pytest.raises(DecodeError) as caught:
            site(**changes)
        message = str(caught.value)
        assert message.startswith("cannot read the site: ")
        assert "\n" not in message
        for part in (where, expected, found):
            assert part in message


class TestPlans:
    def test_todays_form(self) -> None:
        found = plans.decode_list(json.dumps({"plans": [PLAN_BODY, {"id": 1}]}).encode())
        assert found == (PLAN, Plan(1))
        assert isinstance(found, Records)
        assert type(found[0].max_fps) is int

    def test_older_names_mean_the_same(self) -> None:
        older = {name: value for name, value in PLAN_BODY.items() if name != "deviceTypes"}
        older["device_types"] = [{"device_type": "router"}, {"device_type": "host-nprobe-basic"}]
        older["devices"] = [{"device_name": "superx4", "device_type": "router", "id": 1206}]
        assert plans.decode_list(json.dumps({"plans": [older]}).encode()) == (PLAN,)

    def test_the_newer_name_counts_where_both_are_there(self) -> None:
        both = plan(deviceTypes=[{"device_type": "old", "device_subtype": "new"}])
        assert both.device_types == (PlanDeviceType("new"),)
        empty = plan(deviceTypes=[{"device_type": "old", "device_subtype": None}])
        assert empty.device_types == (PlanDeviceType("old"),)

    @pytest.mark.parametrize("value", [30, 30.5, {"rate": 30}, None, [1], "30"])
    def test_free_form_fields_are_kept_as_sent(self, value) -> None:
        found = plan(max_bigdata_fps=value, metadata=value)
        assert (found.max_bigdata_fps, found.metadata) == (value, value)
        assert type(found.metadata) is type(value)
        assert hash(found) == hash(plan(max_bigdata_fps=value, metadata=value))

    @pytest.mark.parametrize("name", ["deviceTypes", "devices"])
    def test_a_null_list_is_an_empty_one(self, name: str) -> None:
        found = plan(**{name: None})
        assert (found.device_types if name == "deviceTypes" else found.devices) == ()

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2020-01-02T03:04:05+02:00", dt.datetime(2020, 1, 2, 1, 4, 5, tzinfo=dt.UTC)),
            ("2020-01-02 03:04:05", dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
            ("soon", None),
            ("", None),
            (None, None),
            (1577934245, None),
            ({}, None),
        ],
        ids=repr,
    )
    def test_times_are_utc_or_none(self, text, expected) -> None:
        assert plan(edate=text).edate == expected

    @pytest.mark.parametrize(
        ("changes", "where"),
        [
            ({"id": True}, "plans[0].id"),
            ({"id": None}, "plans[0].id"),
            ({"active": "maybe"}, "plans[0].active"),
            ({"max_fps": True}, "plans[0].max_fps"),
            ({"max_fps": "Infinity"}, "plans[0].max_fps"),
            ({"devices": {}}, "plans[0].devices"),
            ({"devices": [[]]}, "plans[0].devices[0]"),
            ({"devices": [{"id": False}]}, "plans[0].devices[0].id"),
            ({"deviceTypes": [5]}, "plans[0].device_types[0]"),
        ],
        ids=repr,
    )
    def test_a_wrong_value_is_refused_with_its_place(self, changes, where: str) -> None:
        with pytest.raises(DecodeError) as caught:
            plan(**changes)
        assert str(caught.value).startswith("cannot read the list of plans: ")
        assert where in str(caught.value)


@pytest.mark.parametrize(
    "decode", [sites.decode_list, sites.decode_site, plans.decode_list], ids=["sites", "site", "plans"]
)
@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "got 0 bytes"),
        (b"<html><body>Bad gateway</body></html>", "expected JSON.*'<html>"),
        (b"[]", "object.*array"),
        (b"null", "object.*null"),
        (b"true", "object.*bool"),
        (b"{}", "required field"),
        (b'{"sites":[[]],"site":[],"plans":[[]]}', "object.*array"),
        (b'{"sites":{},"site":5,"plans":{}}', "Expected"),
        (b'{"sites":[{}],"site":{},"plans":[{}]}', "required field `id`"),
        (b'{"sites":[{"id":NaN}],"site":{"id":NaN},"plans":[{"id":NaN}]}', "malformed"),
        (
            b'{"sites":[{"id":1,"lat":Infinity}],"site":{"id":1,"lat":Infinity},"plans":[Infinity]}',
            "malformed",
        ),
        (b'{"sites":[{"id":1e999}],"site":{"id":1e999},"plans":[{"id":1e999}]}', "out of range"),
        (
            b'{"x":"\\ud800 abcdefghijk","sites":[],"plans":[],"site":{"id":1,"site_name":"\\ud800"}}',
            "JSON|surrogate",
        ),
        (
            b'{"site":{"id":1,"site_name":"\xff"},"sites":[{"id":1,"site_name":"\xff"}],"plans":["\xff"]}',
            "UTF-8",
        ),
        (b'{"x":' + b"[" * 100_000, "too deeply"),
        (b'{"sites":[]}{"plans":[]}', "malformed|required field"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bodies_of_another_form_are_refused_in_one_line(decode, raw: bytes, says: str) -> None:
    with pytest.raises(DecodeError, match=says) as caught:
        decode(raw)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    str(caught.value).encode()
