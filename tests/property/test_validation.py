"""Arguments: normalising twice changes nothing, and every refusal is a ValidationError of one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async import _validation as v
from kentik_async.errors import ValidationError
from kentik_async.models import Filter, InsightType, IPFamily, RankType, Relation

asns = st.integers(0, 2**32 - 1)

anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.binary()
    | st.decimals()
    | st.lists(st.integers() | st.text(), max_size=3)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
)

CHECKS = [
    v.valid_asn,
    v.valid_asns,
    v.valid_market_id,
    v.valid_name,
    lambda value: v.valid_object_id(value, "an AS group"),
    v.valid_insight_types,
    v.valid_limit,
    v.valid_magnitude,
    v.valid_lookback,
    v.valid_site_id,
    v.valid_site_name,
    v.valid_latitude,
    v.valid_longitude,
    *[lambda value, kind=kind: v.valid_choice(kind, value, "x") for kind in (RankType, IPFamily, Relation)],
]


@given(asns)
def test_all_ways_to_write_an_asn_are_one_number(asn: int) -> None:
    asdot = f"{asn >> 16}.{asn & 65535}"
    for text in (str(asn), f"AS{asn}", f"as{asn}", f" {asn} ", asdot, f"AS{asdot}"):
        assert v.valid_asn(text) == v.valid_asn(asn) == asn


@given(st.lists(asns | asns.map(str)))
def test_normalising_asns_again_changes_nothing(values) -> None:
    once = v.valid_asns(values)
    assert v.valid_asns(once) == once
    assert len(once) == len(values)


@pytest.mark.parametrize("check", CHECKS)
@given(value=anything)
def test_a_value_is_accepted_or_refused_in_one_line(check, value) -> None:
    try:
        found = check(value)
    except ValidationError as error:
        message = str(error)
        assert "\n" not in message
        assert len(message) < 600
        message.encode()
    else:
        assert check(found) == found


@pytest.mark.parametrize("kind", [RankType, IPFamily, Relation, Filter, InsightType])
@given(text=st.text(max_size=30))
def test_no_other_text_is_a_choice(kind, text: str) -> None:
    aliases = {"customer", "provider", "peer", "customer_base_wholesale"}
    if text in {*kind, *aliases}:
        return
    with pytest.raises(ValidationError):
        v.valid_choice(kind, text, "x")


@given(st.floats(-180, 180))
def test_degrees_read_back_from_their_text(value: float) -> None:
    assert v.valid_longitude(repr(value)) == v.valid_longitude(value) == value
