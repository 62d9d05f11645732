"""The fields of each kind of object: check, comparison and description of values. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from kentik_async._codec.site_types import type_number, type_text
from kentik_async._validation import (
    valid_asn,
    valid_latitude,
    valid_longitude,
    valid_name,
)
from kentik_async.errors import ValidationError
from kentik_async.models import SiteType

__all__ = ["API", "APIS", "KINDS", "NAME_KEYS", "SINGULAR", "Field", "Kind", "fields_of", "same"]

Kind: TypeAlias = Literal["site_markets", "sites", "as_groups"]
API: TypeAlias = Literal["v6", "v5"]

KINDS: tuple[Kind, ...] = ("site_markets", "sites", "as_groups")
"""The kinds of objects, in the order in which they are created."""

APIS: tuple[API, ...] = ("v6", "v5")
"""The APIs that sites are managed with."""

NAME_KEYS: Mapping[Kind, str] = {"site_markets": "name", "sites": "title", "as_groups": "name"}
"""The field that holds an object's name, which is its key in the file unless the field is given."""

SINGULAR: Mapping[Kind, str] = {"site_markets": "site market", "sites": "site", "as_groups": "AS group"}

_TEXT: Mapping[str, Any] = {"type": "string"}
_TYPES = tuple(type.value for type in SiteType if type is not SiteType.UNSPECIFIED)
_ID: Mapping[str, Any] = {"type": ["string", "integer"]}


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        check: Takes a value, or an item of a list, and its name in errors; returns the canonical value.
        schema: The JSON Schema of a value, or of an item.
        many: Whether it is a list without order and duplicates.
        removable: Whether null removes it.
        required: Whether a new object needs it.
        help: Its description.
    """

    check: Callable[[Any, str], Any]
    schema: Mapping[str, Any]
    help: str
    many: bool = False
    removable: bool = False
    required: bool = False


def _text(value: Any, field: str) -> str:
    """Check a text that may be empty."""
    return "" if isinstance(value, str) and not value else valid_name(value, field)


def _id(value: Any, field: str) -> str:
    """Check an identifier, which may be written as a number."""
    return valid_name(str(value) if type(value) is int else value, field)


def _asn(value: Any, field: str) -> int:
    if isinstance(value, float):
        raise ValidationError(
            f"{field} must be an AS number; got {value!r}; write asdot in quotes, such as '1.10'"
        )
    return valid_asn(value, field)


def _degrees(check: Callable[[Any, str], float]) -> Callable[[Any, str], float]:
    # -0.0 and 0.0 are one value, but two texts.
    return lambda value, field: check(value, field) + 0.0


def _type(value: Any, field: str) -> str:
    # One text for each type: a number that this version knows counts as its name.
    return str(type_text(type_number(value, field)))


def _architecture(value: Any, field: str) -> list[dict[str, Any]]:
    return [
        {
            "layers": [
                _layer(layer, f"{field}[{number}].layers[{index}]")
                for index, layer in enumerate(_list(_part(level, ("layers",), f"{field}[{number}]"), field))
            ]
        }
        for number, level in enumerate(_list(value, field))
    ]


def _layer(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not value.keys() <= {"name", "device_ids"}:
        raise ValidationError(f"{field} must be a mapping of name and device_ids; got {value!r}")
    ids = _list(value.get("device_ids", []), f"{field}.device_ids")
    return {
        "name": _text(value.get("name", ""), f"{field}.name"),
        "device_ids": [_id(one, f"{field}.device_ids[{index}]") for index, one in enumerate(ids)],
    }


def _part(value: Any, keys: tuple[str, ...], field: str) -> Any:
    if not isinstance(value, dict) or tuple(value) != keys:
        raise ValidationError(f"{field} must be a mapping of {', '.join(keys)}; got {value!r}")
    return value[keys[0]]


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValidationError(f"{field} must be a list; got {value!r}")
    return value


_LAYERS: Mapping[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["layers"],
        "properties": {
            "layers": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"name": _TEXT, "device_ids": {"type": "array", "items": _ID}},
                },
            }
        },
    },
}
_ASN_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 4294967295},
        {"type": "string", "pattern": r"^\s*([Aa][Ss])?[0-9]{1,10}(\.[0-9]{1,5})?\s*$"},
    ]
}


def _coordinate(bound: int) -> Mapping[str, Any]:
    return {"type": ["number", "string"], "minimum": -bound, "maximum": bound}


_LAT = Field(_degrees(valid_latitude), _coordinate(90), "Latitude in degrees, -90 to 90.")
_LON = Field(_degrees(valid_longitude), _coordinate(180), "Longitude in degrees, -180 to 180.")
_NEEDED = {"type": "string", "pattern": r"\S"}

_AS_GROUP = {
    "asn": Field(_asn, _ASN_SCHEMA, "AS numbers, such as 3356, AS1299 or '1.10'.", True, required=True)
}
_MARKET = {"description": Field(_text, _TEXT, "Description.")}
_SITE_V5 = {
    "lat": Field(_LAT.check, _LAT.schema, _LAT.help, required=True),
    "lon": Field(_LON.check, _LON.schema, _LON.help, required=True),
}
_SITE_V6 = {
    "type": Field(
        _type,
        {"anyOf": [{"enum": list(_TYPES)}, {"type": "string", "pattern": "^[0-9]+$"}]},
        "What the site is used for.",
        required=True,
    ),
    "lat": _LAT,
    "lon": _LON,
    "site_market": Field(valid_name, _NEEDED, "Key in site_markets; null for none.", removable=True),
    "postal_address.address": Field(valid_name, _NEEDED, "Street and number."),
    "postal_address.city": Field(valid_name, _NEEDED, "City."),
    "postal_address.region": Field(_text, _TEXT, "State, province or canton."),
    "postal_address.postal_code": Field(_text, _TEXT, "Postal code."),
    "postal_address.country": Field(valid_name, _NEEDED, "Country."),
    "address_classification.infrastructure_networks": Field(
        valid_name, _NEEDED, "Networks of the infrastructure.", True
    ),
    "address_classification.user_access_networks": Field(valid_name, _NEEDED, "Networks of users.", True),
    "address_classification.other_networks": Field(valid_name, _NEEDED, "Other networks.", True),
    "architecture": Field(_architecture, _LAYERS, "Levels of layers of devices."),
    "peeringdb_site_mapping": Field(_id, _ID, "Identifiers of facilities at PeeringDB.", True),
}


def fields_of(kind: Kind, api: API) -> Mapping[str, Field]:
    """Return the fields of a kind; `a.b` is the field b of the mapping a, which null removes."""
    if kind == "sites":
        return _SITE_V5 if api == "v5" else _SITE_V6
    return _AS_GROUP if kind == "as_groups" else _MARKET


def same(one: Any, other: Any) -> bool:
    """Return whether two canonical values are the same; None, an empty text and an empty list are."""
    return bool((None if one in _EMPTY else one) == (None if other in _EMPTY else other))


_EMPTY: tuple[Any, ...] = (None, "", [])
