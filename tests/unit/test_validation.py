"""Arguments: accepted values, their results, and the one-line error for other values."""

import decimal
from functools import partial

import numpy as np
import pytest

from kentik_async import _validation as v
from kentik_async.errors import ValidationError
from kentik_async.models import AutonomousSystem, Filter, InsightType, IPFamily, RankType, Relation


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (64512, 64512),
        (4294967295, 4294967295),
        ("64512", 64512),
        ("AS64512", 64512),
        ("as64512", 64512),
        ("As0", 0),
        (" 64512\n", 64512),
        ("0064512", 64512),
        ("1.10", 65546),
        ("AS1.10", 65546),
        ("0.64512", 64512),
        ("65535.65535", 4294967295),
        (np.int64(64512), 64512),
        (np.uint32(4294967295), 4294967295),
        (AutonomousSystem(64512, "Example"), 64512),
    ],
)
def test_asn_is_understood(value, expected) -> None:
    found = v.valid_asn(value)
    assert found == expected
    assert type(found) is int


@pytest.mark.parametrize(
    "value",
    [
        *(-1, 4294967296, True, False, None, 64512.0, float("nan"), 1.5, [], b"64512"),
        *("", " ", "AS", "ASN64512", "AS 64512", "-1", "+1", "1_0", "4294967296", "99999999999", "0x1"),
        *("1.65536", "65536.1", "1.", ".1", "1.2.3", "\u0666\u0664", "64512\0", "64512;", "1" * 10_000),
        *(np.bool_(True), np.float64(1.0), np.array([1]), AutonomousSystem(-1, "x"), object()),
    ],
)
def test_an_invalid_asn_is_refused(value) -> None:
    with pytest.raises(ValidationError, match=r"^asn must be an AS number: 0 to 4294967295") as caught:
        v.valid_asn(value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_number_too_long_to_print_is_refused_too() -> None:
    with pytest.raises(ValidationError, match="got an unprintable int"):
        v.valid_asn(10**5000)


def test_asns_are_any_iterable_but_a_bare_string() -> None:
    assert v.valid_asns(["AS1", 2, "0.3"]) == [1, 2, 3]
    assert v.valid_asns(str(number) for number in range(3)) == [0, 1, 2]
    assert v.valid_asns(()) == []
    assert v.valid_asns((AutonomousSystem(5, "x"),)) == [5]
    assert v.valid_asns(np.array([64512, 64513], dtype="uint32")) == [64512, 64513]
    for bare in ("64512", b"64512", bytearray(b"6"), 64512, None):
        with pytest.raises(ValidationError, match=r"asns must be a list of AS numbers.*; got "):
            v.valid_asns(bare)
    with pytest.raises(ValidationError, match=r"^asns\[1\] must be an AS number.*got 'x'$"):
        v.valid_asns([1, "x"])


@pytest.mark.parametrize(
    "check", [v.valid_market_id, v.valid_name, partial(v.valid_object_id, owner="a site")]
)
class TestTexts:
    @pytest.mark.parametrize("value", ["planet$earth", " a ", "München", "12", "🛰", "a\nb"])
    def test_any_that_is_not_blank_is_kept_as_it_is(self, check, value: str) -> None:
        assert check(value) == value

    @pytest.mark.parametrize("value", ["", "  \t\n", "\u3000", None, 0, -5, 2**63, True, 1.0, b"x", ["x"]])
    def test_blank_and_no_text_are_refused(self, check, value) -> None:
        with pytest.raises(ValidationError, match="must be"):
            check(value)

    @pytest.mark.parametrize(
        ("value", "why"), [("a\0b", "NUL"), ("a\ud800b", "surrogates"), ("\udc80", "surrogates")]
    )
    def test_text_that_cannot_be_encoded_is_refused(self, check, value: str, why: str) -> None:
        with pytest.raises(ValidationError, match=why) as caught:
            check(value)
        str(caught.value).encode()


@pytest.mark.parametrize("kind", [RankType, IPFamily, Relation, Filter, InsightType])
def test_every_choice_is_accepted_as_member_and_as_text(kind) -> None:
    for member in kind:
        assert v.valid_choice(kind, member, "x") is member
        assert v.valid_choice(kind, str(member), "x") is member


def test_documented_aliases_become_what_is_sent() -> None:
    assert v.valid_choice(RankType, "customer_base_wholesale", "x") == "customer_base_wholesome"
    assert [v.valid_choice(Relation, text, "x") for text in ("customer", "provider", "peer")] == [
        "customers",
        "providers",
        "peers",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "hint"),
    [
        (RankType, "customer_bse", "customer_base"),
        (RankType, "Peering_Base", "peering_base"),
        (IPFamily, "ipv6", "v6"),
        (Relation, "custmers", "customers"),
        (Filter, "exclud", "exclude"),
        (InsightType, "market-exit", "market_exit"),
    ],
)
def test_a_near_miss_gets_the_nearest(kind, value: str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        v.valid_choice(kind, value, "field")
    allowed = ", ".join(kind)
    assert str(caught.value) == f"field must be one of {allowed}; got {value!r}; did you mean {hint!r}?"


@pytest.mark.parametrize("value", ["", None, 4, True, ["v4"], {"v4": 1}, b"v4", "v4\0", "x" * 10**6])
def test_an_invalid_choice_is_refused(value) -> None:
    with pytest.raises(ValidationError, match=r"^ip must be one of v4, v6; got ") as caught:
        v.valid_choice(IPFamily, value, "ip")
    assert len(str(caught.value)) < 200


def test_insight_types() -> None:
    assert v.valid_insight_types(()) == []
    assert v.valid_insight_types("market_exit") == ["market_exit"]
    assert v.valid_insight_types({InsightType.MARKET_EXIT}) == ["market_exit"]
    assert v.valid_insight_types(name for name in ("ranking_gain", "ranking_loss")) == [
        "ranking_gain",
        "ranking_loss",
    ]
    with pytest.raises(ValidationError, match=r"^types\[1\] must be one of .*did you mean 'market_exit'"):
        v.valid_insight_types(["market_exit", "market_exi"])
    for value in (5, None):
        with pytest.raises(ValidationError, match="types must be a list of insight types"):
            v.valid_insight_types(value)
    with pytest.raises(ValidationError, match=r"types\[0\] must be one of"):
        v.valid_insight_types(b"x")


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (v.valid_limit, [1, 600, 2**32 - 1, np.int32(5)], [0, -1, 2**32, 1.0, "5", True, 10**5000]),
        (v.valid_magnitude, [1, 2, 3, 4, 5], [0, 6, -1, 1.0, "1", True]),
        (v.valid_lookback, [1, 7, 30], [0, 2, 31, 7.0, "7", True]),
    ],
)
def test_bounded_numbers(check, good, bad) -> None:
    assert check(None) is None
    for value in good:
        assert check(value) == value
        assert type(check(value)) is int
    for value in bad:
        with pytest.raises(ValidationError, match=r" must be .*; got "):
            check(value)


def test_site_ids() -> None:
    assert [v.valid_site_id(value) for value in (1, "42", "007", 2**63 - 1)] == [1, 42, 7, 2**63 - 1]
    for value in (
        0,
        -1,
        2**63,
        "",
        "0",
        "-1",
        "1.0",
        1.0,
        "\u0661",
        "1/../2",
        True,
        None,
        "9" * 5000,
        10**5000,
    ):
        with pytest.raises(ValidationError, match=r"^id must be a site's id, a whole number from 1; got "):
            v.valid_site_id(value)


def test_site_names() -> None:
    for value in ("LAX", "a" * 40, "New York_2", " ab", "apitest-site-1"):
        assert v.valid_site_name(value) == value
    for value in ("ab", "a" * 41, "   ", "LAX.1", "Zürich", "abc\n", "a\0b", "a\tb", "", None, 123):
        with pytest.raises(ValidationError, match=r"^site_name must be 3 to 40 of A-Z"):
            v.valid_site_name(value)


@pytest.mark.parametrize(("check", "bound"), [(v.valid_latitude, 90), (v.valid_longitude, 180)])
def test_degrees(check, bound: int) -> None:
    for value, expected in (
        (0, 0.0),
        (bound, float(bound)),
        (-bound, float(-bound)),
        (33.5, 33.5),
        ("33.7700504", 33.7700504),
        (" -1.5e1 ", -15.0),
        ("+.5", 0.5),
        (decimal.Decimal("1.25"), 1.25),
        (np.float32(0.5), 0.5),
    ):
        found = check(value)
        assert found == expected
        assert type(found) is float
    for value in (
        *(
            bound + 0.001,
            -bound - 1,
            10**400,
            float("nan"),
            float("inf"),
            -float("inf"),
            True,
            None,
            [1],
            b"1",
        ),
        *("", "x", "nan", "inf", "1_0", "1e999", "\u0663", "1,5", "0x1", decimal.Decimal("sNaN")),
        np.array([1.0, 2.0]),
    ):
        with pytest.raises(
            ValidationError, match=rf" must be a number of degrees from -{bound} to {bound}; got "
        ):
            check(value)


def test_a_value_that_cannot_be_printed_is_still_refused() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(ValidationError, match="got an unprintable Hostile"):
        v.valid_asn(Hostile())


def test_long_values_are_shortened() -> None:
    with pytest.raises(ValidationError) as caught:
        v.valid_site_name("x" * 10**6)
    assert len(str(caught.value)) < 200
    assert str(caught.value).endswith("…")
