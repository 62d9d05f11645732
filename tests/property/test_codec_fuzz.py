"""Any bytes that a server sends become a model or a DecodeError, never another error."""

import datetime as dt
import json
import urllib.parse
from contextlib import suppress

import pytest
from google.protobuf.message import DecodeError as WireError
from hypothesis import given, settings
from hypothesis import strategies as st

from kentik_async._codec import as_groups, kmi, plans, site_markets, sites, sites_v6
from kentik_async._codec.kmi_columns import (
    count_relations,
    decode_asn_details_columns,
    decode_rankings_columns,
    summarize_rankings,
)
from kentik_async._generated.kmi import v202212 as wire
from kentik_async._transport.status_mapping import error_for_http
from kentik_async.errors import DecodeError, ValidationError
from kentik_async.resources import rest

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def decode_rankings(raw: bytes):
    return kmi.decode_rankings(
        raw, market_id="x", rank_type="customer_base", ip="v4", limit=None, fetched_at=NOON
    )


def decode_details(raw: bytes):
    return kmi.decode_asn_details(raw, market_id="x", ip="v4", type="all", fetched_at=NOON)


PROTOBUF = [
    kmi.decode_markets,
    decode_rankings,
    decode_rankings_columns,
    decode_details,
    decode_asn_details_columns,
    kmi.decode_global_insights,
    kmi.decode_asn_insights,
    as_groups.decode_list,
    as_groups.decode_get,
    as_groups.decode_create,
    as_groups.decode_update,
    as_groups.decode_delete,
    sites_v6.decode_list,
    sites_v6.decode_get,
    sites_v6.decode_create,
    sites_v6.decode_update,
    sites_v6.decode_delete,
    site_markets.decode_list,
    site_markets.decode_get,
    site_markets.decode_create,
    site_markets.decode_update,
    site_markets.decode_delete,
]
JSON = [sites.decode_list, sites.decode_site, plans.decode_list]


def varint(value: int) -> bytes:
    pieces = []
    while value > 127:
        pieces.append(value & 127 | 128)
        value >>= 7
    return bytes([*pieces, value])


def tagged(inner):
    """Fields of any number and wire type, well framed, so that more than the first byte is looked at."""
    numbers = st.integers(1, 7)
    scalars = st.builds(
        lambda number, value: varint(number << 3) + varint(value), numbers, st.integers(0, 2**64 - 1)
    )
    framed = st.builds(
        lambda number, body: varint(number << 3 | 2) + varint(len(body)) + body, numbers, inner
    )
    return st.lists(scalars | framed, max_size=6).map(b"".join)


messages = st.recursive(st.binary(max_size=12) | st.text(max_size=6).map(str.encode), tagged, max_leaves=12)


# Every decoder gets each example, because making one costs far more than reading it; so there are more.
@settings(max_examples=10 * settings.default.max_examples)
@given(raw=st.binary(max_size=64) | tagged(messages))
def test_any_bytes_for_a_message(raw: bytes) -> None:
    for decode in PROTOBUF:
        with suppress(DecodeError):
            decode(raw)


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


# 2**63 alone fits neither 32 bits nor the sign extension of any: it stands for "not sent" inside the decoder.
varints = st.sampled_from([0, 1, 2, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**64 - 1]) | st.integers(
    0, 2**64 - 1
).filter(lambda value: value != 2**63)
texts = st.text(st.characters(), max_size=4).map(lambda text: text.encode("utf-8", "surrogatepass"))

# A row of any encoder, even of one that takes our numbers for signed: each field once at most, in any order.
rows = (
    st.fixed_dictionaries(
        {}, optional={number: texts if number == 2 else varints for number in (*range(1, 7), 99)}
    )
    .flatmap(lambda fields: st.permutations(list(fields.items())))
    .map(lambda fields: b"".join(field(number, value) for number, value in fields))
)


@given(tables=st.lists(st.tuples(st.sampled_from([4, 5, 6]), rows), max_size=8))
def test_what_the_generated_class_reads_is_read_the_same(tables) -> None:
    # Fields that every row has are read by column, the others by row: both must see what protobuf sees.
    raw = field(1, b"".join(field(number, row) for number, row in tables))
    try:
        plain = wire.GetASNDetailsResponse.FromString(raw)
    except WireError:
        with pytest.raises(DecodeError):
            decode_details(raw)
        return
    found = decode_details(raw)
    for table in ("customers", "providers", "peers"):
        for row, model in zip(getattr(plain.asn_details, table), getattr(found, table), strict=True):
            for name in model.__struct_fields__:
                sent = name == "name" or row.HasField(name)
                value = getattr(model, name)
                assert value == (getattr(row, name) if sent else None)
                assert type(value) in {type(getattr(row, name)), type(None)}


@given(raw=tagged(messages), tables=st.lists(st.tuples(st.sampled_from([1, 4, 5, 6]), rows), max_size=8))
def test_a_summary_agrees_with_the_decoded_columns(raw: bytes, tables) -> None:
    # A pull must be able to save whatever its first check accepts.
    body = b"".join(field(number, row) for number, row in tables)
    for answer in (raw, body, field(1, body)):
        assert outcome(summarize_rankings, answer) == outcome(ranks_of_columns, answer)
        assert outcome(count_relations, answer) == outcome(relations_in_columns, answer)


def outcome(decode, raw: bytes):
    try:
        return decode(raw)
    except DecodeError as error:
        return str(error)


def ranks_of_columns(raw: bytes):
    columns = decode_rankings_columns(raw)
    return columns.rankings["asn"], columns.invalid_count


def relations_in_columns(raw: bytes) -> int:
    details = decode_asn_details_columns(raw)
    return sum(len(table["asn"]) for table in (details.customers, details.providers, details.peers))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("sites", "site", "plans", "id", "site_name", "lat", "lon", "company_id", "deviceTypes"),
                    *("device_types", "devices", "device_type", "device_subtype", "cdate", "max_bigdata_fps"),
                    "other",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)

wrapped = st.sampled_from(["sites", "plans", "site"]).flatmap(
    lambda name: st.fixed_dictionaries({name: json_values | st.lists(json_values, max_size=3)})
)

# json.dumps writes NaN and lone surrogates, as careless servers do.
documents = (json_values | wrapped).map(lambda value: json.dumps(value).encode())


@settings(max_examples=3 * settings.default.max_examples)
@given(raw=documents | st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_any_bytes_for_a_body(raw: bytes) -> None:
    for decode in JSON:
        message = ""
        try:
            decode(raw)
        except DecodeError as error:
            message = str(error)
        message.encode()
        assert "\n" not in message, decode


@settings(max_examples=3 * settings.default.max_examples)
@given(raw=documents, cut=st.integers(0, 40))
def test_a_body_cut_short_is_never_read(raw: bytes, cut: int) -> None:
    for decode in JSON:
        with pytest.raises(DecodeError):
            decode(b'{"sites":[{"id":1}],"plans":[{"id":1}],"site":{"id":1},"x":' + raw[:cut])


DEEP = 1_000_000
HOSTILE = {
    "arrays": b"[" * DEEP + b"]" * DEEP,
    "arrays that never end": b"[" * DEEP,
    "objects that never end": b'{"sites":' * DEEP,
    "deep in a site": b'{"sites":[{"id":1,"lat":' + b"[" * DEEP + b"]" * DEEP + b"}]}",
    "deep in a plan": b'{"plans":[{"id":1,"metadata":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}]}",
    "deep where nobody looks": b'{"other":' + b"[" * DEEP + b"]" * DEEP + b',"sites":[],"plans":[]}',
    "NaN": b'{"sites":[{"id":1,"lat":NaN}],"site":{"id":1,"lat":NaN},"plans":[{"id":1,"max_fps":NaN}]}',
    "NaN as text": b'{"sites":[{"id":1,"lat":"NaN"}],"site":{"id":1,"lon":"-inf"},"plans":[{"id":"NaN"}]}',
    "too large": b'{"sites":[{"id":1,"lat":1e999}],"site":{"id":1,"lat":1e999},"plans":[{"id":1e999}]}',
    "an endless number": b'{"sites":[{"id":' + b"9" * DEEP + b'}],"plans":[{"id":' + b"9" * DEEP + b"}]}",
    "half a pair": rb'{"sites":[{"id":1,"site_name":"\ud800"}],"plans":[{"id":1,"name":"\udfff"}]}',
    "surrogates": b'{"sites":[{"id":1,"site_name":"\xed\xa0\x80"}],"plans":[{"name":"\xed\xa0\x80"}]}',
    "an endless text": b'{"sites":[{"id":1,"site_name":"' + b"a" * DEEP,
    "NUL": b"\0" * DEEP,
    "UTF-16": '{"sites":[],"plans":[],"site":{"id":1}}'.encode("utf-16"),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize("decode", JSON)
def test_hostile_documents_are_refused_in_one_short_line(decode, raw: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(raw)
    message = str(caught.value)
    assert len(message.encode()) < 400
    assert "\n" not in message


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_documents_where_any_json_may_come(raw: bytes) -> None:
    """Raw access keeps what Python reads, NaN included; what it cannot read is refused."""
    message = ""
    try:
        rest._decode(raw)
    except DecodeError as error:
        message = str(error)
    assert len(message) < 400


@given(raw=documents | st.binary(max_size=64))
def test_any_bytes_where_any_json_may_come(raw: bytes) -> None:
    with suppress(DecodeError):
        rest._decode(raw)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(inner.filter(lambda key: key.__hash__), inner),
    max_leaves=8,
)


@given(document=anything)
def test_any_document_to_send(document) -> None:
    with suppress(ValidationError):
        json.loads(rest._encode(document) or b"null")


@given(params=st.dictionaries(st.text(st.characters()), anything) | anything)
def test_any_parameters_to_send(params) -> None:
    with suppress(ValidationError):
        urllib.parse.urlencode(rest._texts(params))


PAGES = ["<title>", "<title", "<", "< ", "<a", "<title>x</title", "]", '{"error":', "\ud800", "\x1b[31m"]


@pytest.mark.parametrize("piece", PAGES)
def test_an_error_page_of_one_repeated_text(piece: str) -> None:
    body = (piece * 65536).encode("utf-8", "surrogatepass")
    message = str(error_for_http(500, body))
    assert message.isprintable()
    assert len(message) < 340
