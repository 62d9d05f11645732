"""Model to JSON to model: nothing is lost, numbers as text and older names included."""

import datetime as dt
import json

from hypothesis import given
from hypothesis import strategies as st

from kentik_async._codec import plans, sites
from kentik_async.models import Plan, PlanDevice, PlanDeviceType, Site

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
int64s = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
instants = st.datetimes(timezones=st.just(dt.UTC))


def maybe(strategy):
    return st.none() | strategy


site_rows = st.builds(Site, int64s, maybe(texts), maybe(floats), maybe(floats), maybe(int64s))


def site_on_the_wire(site: Site, as_text: bool) -> dict[str, object]:
    body = {name: getattr(site, name) for name in site.__struct_fields__}
    if as_text:
        body |= {
            name: str(body[name]) for name in ("id", "company_id", "lat", "lon") if body[name] is not None
        }
    return body


@given(st.lists(site_rows, max_size=5), st.booleans())
def test_sites(rows, as_text) -> None:
    bodies = [site_on_the_wire(site, as_text) for site in rows]
    assert list(sites.decode_list(json.dumps({"sites": bodies}).encode())) == rows
    for site, body in zip(rows, bodies, strict=True):
        assert sites.decode_site(json.dumps({"site": body}).encode()) == site
        assert sites.decode_site(json.dumps(body, ensure_ascii=False).encode()) == site


site_names = st.text("abzAZ09 _", min_size=3, max_size=40).filter(str.strip)


@given(site_names, st.floats(-90, 90), st.floats(-180, 180), st.booleans())
def test_site_requests(name, lat, lon, as_text) -> None:
    degrees = (str(lat), str(lon)) if as_text else (lat, lon)
    expected = {"site_name": name, "lat": lat, "lon": lon}
    assert json.loads(sites.encode_create(name, *degrees)) == {"site": expected}
    for field, value in expected.items():
        assert json.loads(sites.encode_update(**{field: value})) == {"site": {field: value}}


free_forms = st.recursive(
    st.none() | st.booleans() | int64s | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)

plan_rows = st.builds(
    Plan,
    id=int64s,
    company_id=maybe(int64s),
    name=maybe(texts),
    description=maybe(texts),
    active=maybe(st.booleans()),
    max_devices=maybe(int64s),
    max_fps=maybe(int64s | floats),
    bgp_enabled=maybe(st.booleans()),
    fast_retention=maybe(int64s),
    full_retention=maybe(int64s),
    cdate=maybe(instants),
    edate=maybe(instants),
    max_bigdata_fps=free_forms,
    device_types=st.lists(st.builds(PlanDeviceType, maybe(texts)), max_size=3).map(tuple),
    devices=st.lists(st.builds(PlanDevice, maybe(int64s), maybe(texts), maybe(texts)), max_size=3).map(tuple),
    metadata=free_forms,
)


@given(st.lists(plan_rows, max_size=3), st.sampled_from(["deviceTypes", "device_types"]))
def test_plans(rows, device_types) -> None:
    bodies = []
    for plan in rows:
        body = {name: getattr(plan, name) for name in plan.__struct_fields__}
        for name in ("cdate", "edate"):
            body[name] = body[name] and body[name].isoformat()
        body["devices"] = [{name: getattr(d, name) for name in d.__struct_fields__} for d in plan.devices]
        body[device_types] = [{"device_subtype": kind.device_subtype} for kind in body.pop("device_types")]
        bodies.append(body)
    found = plans.decode_list(json.dumps({"plans": bodies}).encode())
    assert list(found) == rows
    assert [hash(plan) for plan in found] == [hash(plan) for plan in rows]
